"""The ideal observer against brute force, its calibration, and every kind of setting."""

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import gaussian_filter1d

import mnist1d
from mnist1d import DataConfig, SuspiciousValueWarning, UsageError
from mnist1d.digits import templates
from mnist1d.signals import Pipeline, plan_resampling, resample

observer = pytest.importorskip("mnist1d.observer", reason="needs JAX", exc_type=ImportError)
IdealObserver = observer.IdealObserver

SMALL = DataConfig(
    num_samples=200,
    padding=(3, 5),
    max_translation=4,
    final_seq_length=9,
    iid_noise_scale=0.15,
    corr_noise_scale=0.4,
)
HARD = {"iid_noise_scale": 0.15, "corr_noise_scale": 0.5}


def fresh(config, n, seed=9):
    data = mnist1d.make_dataset(
        config.replace(num_samples=n, train_split=1.0, seed=seed), mode="fast", dtype="float64"
    )
    return IdealObserver(
        config.replace(seed=seed), mean=data.mean, std=data.std, positions=data.positions
    ), data


def brute_force(config, raw, num_draws, seed=0):
    """Log of each class's mean density over random factors, slopes, paddings and shifts, and its
    relative Monte Carlo error, (classes,)."""
    rng, pipeline, length = (
        np.random.default_rng(seed),
        Pipeline(templates(), config),
        config.working_length,
    )
    smoothing = gaussian_filter1d(np.eye(length), 2, axis=0) * config.corr_noise_scale
    last = resample(np.eye(length), plan_resampling(length, config.final_seq_length)).T
    result = []
    for label in range(10):
        density = []
        for padding in range(config.padding[0], config.padding[1] + 1):
            for shift in range(config.max_translation):
                a = np.roll(pipeline.dilated(padding)[label], shift)
                root = last @ ((a == 0)[:, None] * smoothing)
                covariance = root @ root.T + config.iid_noise_scale**2 * last @ last.T
                factor = 1 + config.scale_coeff * (rng.random(num_draws) - 0.5)
                slope = config.shear_scale * (rng.random(num_draws) - 0.5)
                means = factor[:, None] * (last @ a) - slope[:, None] * (last @ pipeline.ramp)
                density.append(
                    stats.multivariate_normal(np.zeros(len(raw)), covariance).pdf(raw - means)
                )
        density = np.array(density)  # (components, draws)
        error = np.sqrt((density.var(axis=1) / num_draws).sum()) / len(density)
        result.append((np.log(density.mean()), error / density.mean()))
    return np.array(result).T


def test_log_likelihood_and_classes_equal_brute_force():
    config = SMALL
    ideal, data = fresh(config, 200)
    for x in data.x[:3]:
        seen = ideal.explain_signal(x)
        log_density, error = brute_force(config, x * data.std + data.mean, 4000)
        log_joint = log_density - np.log(10)
        total = np.logaddexp.reduce(log_joint)
        share = np.exp(log_joint - total)
        relative = np.sqrt((share**2 * error**2).sum())
        assert abs(seen.log_likelihood - (total + 9 * np.log(data.std))) < 5 * relative
        np.testing.assert_allclose(seen.classes, share, atol=5 * (relative + (share * error).max()))


def test_nothing_that_matters_is_left_out(monkeypatch):
    from mnist1d.observer import ideal as module

    ideal, data = fresh(DataConfig(**HARD), 100)
    usual = ideal.posterior(data.x[:10])
    monkeypatch.setattr(module, "CUT", 1e9)  # every component integrated
    whole = ideal.posterior(data.x[:10])
    for name in usual._fields:
        np.testing.assert_allclose(
            getattr(usual, name), getattr(whole, name), rtol=1e-6, atol=1e-7, err_msg=name
        )


@pytest.mark.parametrize(
    "knobs",
    [
        HARD,
        pytest.param({**HARD, "shuffle_seq": True}, marks=pytest.mark.slow),
        {**HARD, "scale_coeff": 0.0, "shear_scale": 0.0},
        pytest.param({**HARD, "final_seq_length": 90}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_calibration_and_accuracy_on_fresh_signals(knobs):
    ideal, data = fresh(DataConfig(**knobs), 100)
    check_calibration(ideal.predict_proba(data.x), data.y)


@pytest.mark.slow
@pytest.mark.parametrize("knobs", [{}, {"iid_noise_scale": 0.06}], ids=str)
def test_calibration_on_20_000_fresh_signals(knobs):
    ideal, data = fresh(DataConfig(**knobs), 20_000)
    check_calibration(ideal.predict_proba(data.x), data.y)


def check_calibration(p, y):
    """Confidence equals accuracy, and so in every bin and for every class, within 3 to 4 standard
    errors."""
    np.testing.assert_allclose(p.sum(axis=1), 1)
    p = np.minimum(p, 1)  # a sum of shares may round to more
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    error = np.sqrt((confidence * (1 - confidence)).sum())
    assert abs(right.sum() - confidence.sum()) < 3 * error + 1e-9
    bins = np.digitize(confidence, np.linspace(0, 1, 11))
    for b in np.unique(bins):
        c = confidence[bins == b]
        assert abs(right[bins == b].sum() - c.sum()) < 4 * np.sqrt((c * (1 - c)).sum()) + 0.5
    for label in range(10):
        q = p[:, label]
        assert abs((y == label).sum() - q.sum()) < 4 * np.sqrt((q * (1 - q)).sum()) + 0.5


def test_the_frozen_set_leaves_hardly_any_doubt():
    data = mnist1d.load_dataset()
    ideal = IdealObserver.of(data)
    assert (ideal.predict(data.x_test[:300]) == data.y_test[:300]).mean() > 0.99


def test_a_relabelled_subset_has_its_own_observer():
    data = mnist1d.load_dataset().subset([7, 2, 5], relabel=True)
    ideal = IdealObserver.of(data)
    assert ideal.predict_proba(data.x_test[:100]).shape == (100, 3)
    assert (ideal.predict(data.x_test[:100]) == data.y_test[:100]).mean() > 0.99


@pytest.mark.parametrize("wrong", [{"std": 0}, {"std": -1}, {"mean": float("nan")}])
def test_a_standardisation_that_is_none(wrong):
    with pytest.raises(UsageError, match="mean must be finite and std above 0"):
        IdealObserver(**wrong)


def test_posterior_finds_the_causes():
    config = DataConfig(iid_noise_scale=1e-3, max_translation=20, padding=(36, 44))
    from mnist1d.draws import draw_fast
    from mnist1d.signals import apply

    draws = draw_fast(config.replace(num_samples=40, seed=3))
    raw = apply(templates(), draws, config)
    mean, std = mnist1d.moments.expected_moments(config)
    seen = IdealObserver(config).posterior((raw - mean) / std)
    ideal = IdealObserver(config)
    assert (seen.classes.argmax(axis=1) == draws.label).mean() > 0.95
    assert (ideal.paddings[seen.padding.argmax(axis=1)] == draws.padding).mean() > 0.8
    assert (ideal.shifts[seen.shift.argmax(axis=1)] == draws.shift).mean() > 0.8
    assert np.median(np.abs(seen.factor - draws.factor)) < 0.01
    assert np.median(np.abs(seen.slope - draws.slope)) < 0.05
    noiseless = draws._replace(iid_noise=draws.iid_noise * 0, corr_noise=draws.corr_noise * 0)
    clean = (apply(templates(), noiseless, config) - mean) / std
    assert (
        np.sqrt(np.mean((seen.clean - clean) ** 2)) < 0.25
    )  # in units of the signals' standard deviation
    for name in ("classes", "padding", "shift"):
        np.testing.assert_allclose(getattr(seen, name).sum(axis=1), 1)


def test_custom_templates_with_zeros_inside():
    x = np.array([[0, 1, 0, -1e-8, 0, 1], [1, 0, -1, 0, 1, 0.0]])
    own = {"x": x, "t": np.arange(6.0), "y": np.array([3, 7])}
    config = DataConfig(
        num_samples=400, train_split=1.0, template_len=6, padding=(4, 6), max_translation=30, **HARD
    )  # past its length
    data = mnist1d.make_dataset(config, mode="fast", dtype="float64", templates=own)
    ideal = IdealObserver(config, own, mean=data.mean, std=data.std)
    p = ideal.predict_proba(data.x)
    assert p.shape == (400, 2) and set(ideal.predict(data.x)) <= {3, 7}
    confidence = p.max(axis=1)
    right = ideal.predict(data.x) == data.y
    assert abs(right.sum() - confidence.sum()) < 4 * np.sqrt((confidence * (1 - confidence)).sum())


def test_shuffled_sets_carry_their_positions():
    data = mnist1d.make_dataset(num_samples=200, shuffle_seq=True)
    plain = mnist1d.make_dataset(num_samples=200)
    expected = IdealObserver.of(plain).predict_proba(plain.x[:20])
    np.testing.assert_allclose(
        IdealObserver.of(data).predict_proba(data.x[:20]), expected, atol=1e-6
    )
    np.testing.assert_allclose(
        IdealObserver(data.config, mean=data.mean, std=data.std).predict_proba(data.x[:20]),
        expected,
        atol=1e-6,
    )
    reversed_ = plain.reversed()
    np.testing.assert_allclose(
        IdealObserver.of(reversed_).predict_proba(reversed_.x[:20]), expected, atol=1e-6
    )


@pytest.mark.parametrize(
    "knobs",
    [
        {"shear_scale": 0.0},
        {"scale_coeff": 4.0, "shear_scale": 100.0},
        {"iid_noise_scale": 1e-6},
        {"padding": (0, 0), "final_seq_length": 2},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::mnist1d.SuspiciousValueWarning")
def test_settings_at_the_edge(knobs):
    config = DataConfig(**{"padding": (36, 38), "max_translation": 6, **knobs})
    x, label = observer.measure.fresh_signals(config, 60, seed=1)
    seen = IdealObserver(config, mean=0, std=1).posterior(x)
    assert all(np.isfinite(part).all() for part in seen)
    check_calibration(seen.classes, label)


def test_bad_input_is_named():
    ideal = IdealObserver(SMALL)
    with pytest.raises(UsageError, match="time = 9"):
        ideal.predict_proba(np.zeros((2, 40)))
    with pytest.raises(UsageError, match="finite"):
        ideal.predict_proba(np.full((2, 9), np.nan))
    with pytest.raises(UsageError, match="iid_noise_scale must be above 0"):
        IdealObserver(DataConfig(iid_noise_scale=0))
    with pytest.raises(UsageError, match="permutation"):
        IdealObserver(SMALL, positions=np.zeros(9, int))
    with pytest.raises(UsageError, match="narrow padding"):
        IdealObserver(DataConfig(padding=(0, 2000), max_translation=2000))
    with pytest.warns(SuspiciousValueWarning, match="mean 4.97 and standard deviation 1.01"):
        ideal.predict_proba(np.random.default_rng(0).normal(5, 1, (40, 9)))
    assert ideal.predict_proba(np.zeros((0, 9))).shape == (0, 10)
    raw = IdealObserver(SMALL, mean=0, std=1)  # raw signals are expected: no warning
    x = np.random.default_rng(0).normal(size=(40, 9))
    np.testing.assert_allclose(
        raw.predict_proba(x * ideal.std + ideal.mean), ideal.predict_proba(x), atol=1e-9
    )


def test_shifts_past_the_length_count_as_none():
    config = SMALL.replace(max_translation=10**6)  # working length 17
    ideal = IdealObserver(config)
    assert len(ideal.shifts) == 17
    assert np.exp(ideal.components.log_prior[ideal.components.shift == 0]).sum() == pytest.approx(
        1 - 16e-6
    )


def test_noise_free_density_that_still_exists():
    ideal = IdealObserver(SMALL.replace(corr_noise_scale=0.0))
    assert np.isfinite(ideal.log_likelihood(np.zeros((1, 9)))).all()


def test_a_shuffled_stream_has_the_positions_of_the_fast_mode():
    config = DataConfig(shuffle_seq=True, num_samples=200)
    data = mnist1d.make_dataset(config, mode="fast")
    for mode, low, high in (("fast", 0.95, 1), ("exact", 0, 0.4)):
        observer = IdealObserver(config, mode=mode, mean=data.mean, std=data.std)
        assert low <= (observer.predict_proba(data.x).argmax(axis=1) == data.y).mean() <= high
    with pytest.raises(UsageError, match="unknown mode 'fastest': did you mean 'fast'"):
        IdealObserver(config, mode="fastest")
