"""The JAX stream: the pipeline on equal draws, the distribution of its own draws, and JAX's
transformations."""

import numpy as np
import pytest
from scipy import stats

from mnist1d import DataConfig, UsageError
from mnist1d.draws import Draws, draw_fast, fast_order
from mnist1d.moments import expected_moments
from mnist1d.signals import Pipeline, apply

jax = pytest.importorskip("jax", reason="this adapter is for JAX")
from mnist1d.adapters import jax as stream  # noqa: E402
from mnist1d.digits import templates  # noqa: E402

CONFIGS = [
    {},
    {"padding": (0, 3), "max_translation": 200, "final_seq_length": 30},
    {"scale_coeff": 0.0, "final_seq_length": 80},
]


@pytest.mark.parametrize("knobs", CONFIGS, ids=str)
def test_equal_draws_give_equal_signals(knobs):
    config = DataConfig(**knobs)
    draws = draw_fast(config, 10, 0, 200)
    np.testing.assert_allclose(
        stream.apply(templates(), draws, config), apply(templates(), draws, config), atol=2e-6
    )


@pytest.mark.parametrize("knobs", CONFIGS, ids=str)
def test_draws_have_the_distribution_of_the_generator(knobs):
    """Every column against the fast stream's, by two-sample tests at 1 in 100,000."""
    config = DataConfig(**knobs)
    ours, theirs = stream.draw(jax.random.key(1), 20_000, config), draw_fast(config, 10, 0, 20_000)
    for name in ("factor", "slope"):
        assert stats.ks_2samp(getattr(ours, name), getattr(theirs, name)).pvalue > 1e-5, name
    for name in ("corr_noise", "iid_noise"):
        noise = np.asarray(getattr(ours, name))
        assert noise.shape == (20_000, config.working_length)
        assert (
            stats.kstest(noise[:, 3], "norm").pvalue > 1e-5
            and abs(np.corrcoef(noise[:, 3], noise[:, 4])[0, 1]) < 0.03
        )
    assert (
        abs(np.mean((ours.factor - 1) * ours.slope)) < 1e-3
        and abs(np.corrcoef(ours.label, ours.padding)[0, 1]) < 0.03
    )
    for name in ("label", "padding", "shift"):
        a, b = (np.minimum(getattr(d, name), config.working_length + 1) for d in (ours, theirs))
        counts = np.array([np.bincount(v, minlength=max(a.max(), b.max()) + 1) for v in (a, b)])
        table = counts[:, counts.sum(axis=0) > 0]
        assert table.shape[1] == 1 or stats.chi2_contingency(table).pvalue > 1e-5, name


def test_signals_are_standardised_by_expectation_and_typed():
    config = DataConfig(corr_noise_scale=0.5)
    x, y = stream.sample(jax.random.key(0), 20_000, config)
    assert (
        x.shape == (20_000, 40)
        and x.dtype == np.float32
        and y.shape == (20_000,)
        and y.dtype == np.int32
    )
    assert abs(float(x.mean())) < 0.02 and abs(float(x.std()) - 1) < 0.02
    assert stats.chisquare(np.bincount(y, minlength=10)).pvalue > 1e-5
    raw = np.asarray(x[:5000]) * expected_moments(config)[1] + expected_moments(config)[0]
    exact = apply(templates(), draw_fast(config, 10, 0, 5000), config)
    assert all(stats.ks_2samp(raw[:, j], exact[:, j]).pvalue > 1e-5 for j in range(0, 40, 3))


def test_pure_function_of_the_key_under_every_transformation():
    keys = jax.random.split(jax.random.key(3), 3)
    x, y = stream.sample(keys[0], 50)
    np.testing.assert_array_equal(stream.sample(keys[0], 50)[0], x)
    assert not np.array_equal(stream.sample(keys[1], 50)[0], x)
    many, labels = jax.vmap(lambda key: stream.sample(key, 50))(keys)
    np.testing.assert_allclose(many[0], x, atol=1e-5)
    np.testing.assert_array_equal(labels[0], y)
    _, scanned = jax.lax.scan(lambda carry, key: (carry, stream.sample(key, 50)[1]), 0, keys)
    np.testing.assert_array_equal(scanned, labels)


def test_more_than_a_chunk_repeats_nothing():
    x, y = stream.sample(jax.random.key(5), 2500)
    assert x.shape == (2500, 40) and len(y) == 2500
    assert len(np.unique(np.asarray(x), axis=0)) == 2500


def test_custom_positions_labels_and_templates():
    plain, shuffled = (
        stream.sample(jax.random.key(2), 20, DataConfig(shuffle_seq=s))[0] for s in (False, True)
    )
    positions = stream.fast_order(DataConfig(shuffle_seq=True)).positions
    np.testing.assert_array_equal(np.asarray(plain)[:, positions], shuffled)
    own = {"x": np.eye(2, 12), "t": np.arange(12.0), "y": np.array([4, 7])}
    assert set(np.asarray(stream.sample(jax.random.key(0), 100, None, own)[1])) == {4, 7}
    with pytest.raises(UsageError, match="at least 1"):
        stream.sample(jax.random.key(0), 0)
    with pytest.raises(UsageError, match="n must be a whole number, at least 1, got 2.5"):
        stream.sample(jax.random.key(0), 2.5)


@pytest.mark.parametrize(
    ("n", "knobs"), [(50, {}), (1500, {"shuffle_seq": True, "max_translation": 200})]
)
def test_causes_are_those_of_the_signals(n, knobs):
    """Without noise a signal can be rebuilt from its causes, by the other implementation."""
    config = DataConfig(corr_noise_scale=0, iid_noise_scale=0, **knobs)
    plain = stream.sample(jax.random.key(3), n, config)
    x, y, causes = stream.sample(jax.random.key(3), n, config, latents=True)
    np.testing.assert_array_equal(plain[0], x)
    np.testing.assert_array_equal(plain[1], y)
    causes = {name: np.asarray(column) for name, column in causes.items()}
    zeros = np.zeros((n, config.working_length), np.float32)
    draws = Draws(
        np.asarray(y),
        causes["padding"],
        causes["factor"],
        causes["shift"],
        zeros,
        zeros,
        causes["slope"],
    )
    pipeline, positions = Pipeline(templates(), config), fast_order(config).positions
    raw, mask = pipeline(draws), pipeline.digit_mask(draws)
    if positions is not None:
        raw, mask = raw[:, positions], mask[:, positions]
    mean, std = expected_moments(config)
    np.testing.assert_allclose(np.asarray(x) * std + mean, raw, atol=2e-5)
    np.testing.assert_array_equal(causes["digit_mask"], mask)
    assert causes["shift"].max() < config.working_length


def test_knobs_go_by_name():
    key = jax.random.key(0)
    np.testing.assert_array_equal(
        stream.sample(key, 5, corr_noise_scale=0.5)[0],
        stream.sample(key, 5, DataConfig(corr_noise_scale=0.5))[0],
    )
    both = stream.sample(key, 5, DataConfig(shear_scale=0.0), corr_noise_scale=0.5)[0]
    assert not np.array_equal(both, stream.sample(key, 5, corr_noise_scale=0.5)[0])
    for call, message in (
        (lambda: stream.sample(key, 5, corr_noise=0.5), "did you mean 'corr_noise_scale'"),
        (lambda: stream.sample(key, 5, {"seed": 1}), "config must be a DataConfig, got dict"),
        (lambda: stream.sample(key, 10**300), "n must be a whole number, at most"),
        (lambda: stream.sample(key, 5, latents=1), "latents must be True or False"),
    ):
        with pytest.raises(UsageError, match=message):
            call()


@pytest.mark.parametrize("knob", ["num_samples", "train_split"])
def test_settings_of_a_finite_set_are_refused(knob):
    with pytest.raises(UsageError, match=f"a stream has no {knob}"):
        stream.sample(jax.random.key(0), 5, **{knob: 1})
