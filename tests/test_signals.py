"""Draws and pipeline against the oracle: the order of the stream, every stage, every edge."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

import mnist1d
from mnist1d import DataConfig, Templates, UsageError
from mnist1d.digits import HEIGHTS, templates
from mnist1d.draws import BLOCK, Draws, _integers, draw_exact, draw_fast, legacy_stream
from mnist1d.signals import Pipeline, apply, plan_resampling, resample, stages
from tests import oracle
from tests.strategies import configs, examples, own_templates


def as_dicts(draws):
    return [
        dict(zip(Draws._fields, row, strict=True))
        for row in zip(*(column.tolist() for column in draws), strict=True)
    ]


@examples(40)
@given(configs(), st.integers(1, 4))
def test_exact_draws_follow_the_specified_order(config, num_classes):
    draws, order = draw_exact(config, num_classes)
    expected, samples, positions = oracle.draw_one_by_one(config, num_classes)
    assert as_dicts(draws) == expected
    np.testing.assert_array_equal(order.samples, samples)
    assert (order.positions is None) == (positions is None)
    if config.shuffle_seq:
        np.testing.assert_array_equal(order.positions, positions)


def test_exact_draws_go_on_over_the_border_of_a_block():
    config = DataConfig(num_samples=BLOCK + 10, template_len=2, padding=(0, 1))
    draws, order = draw_exact(config)
    expected, samples, _ = oracle.draw_one_by_one(config, 10)
    assert as_dicts(draws)[BLOCK - 2 :] == expected[BLOCK - 2 :]
    np.testing.assert_array_equal(order.samples, samples)


@examples(40)
@given(configs(), own_templates())
def test_signals_equal_the_oracles(config, shapes):
    draws, _ = draw_exact(config, len(shapes.y))
    expected = [oracle.signal(shapes.x[d["label"]], d, config)[-1] for d in as_dicts(draws)]
    np.testing.assert_allclose(apply(shapes, draws, config), expected, rtol=0, atol=1e-12)


@examples(40)
@given(configs(), own_templates(), st.integers(0, 5000))
def test_single_precision_signals_equal_the_oracles(config, shapes, start):
    draws = draw_fast(config, len(shapes.y), start, start + 6)
    got = apply(shapes, draws, config)
    assert got.dtype == np.float32 and all(
        c.dtype == np.float32
        for c in (draws.factor, draws.corr_noise, draws.iid_noise, draws.slope)
    )
    expected = [oracle.signal(shapes.x[d["label"]], d, config)[-1] for d in as_dicts(draws)]
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-5)


@examples(10)
@given(configs(), own_templates())
def test_stages_are_the_oracles_one_by_one(config, shapes):
    draws, _ = draw_exact(config, len(shapes.y))
    one = draws.rows(slice(-1, None))
    got = stages(shapes, one, config)
    names = [
        "template",
        "pad",
        "dilate",
        "scale",
        "translate",
        "correlated noise",
        "white noise",
        "shear",
        "resample",
    ]
    assert [stage.name for stage in got] == names
    for stage, expected in zip(
        got, oracle.signal(shapes.x[one.label[0]], as_dicts(one)[0], config), strict=True
    ):
        np.testing.assert_allclose(stage.x, expected, rtol=0, atol=1e-12, err_msg=stage.name)
        assert stage.t.shape == stage.x.shape and stage.text.endswith(".")
        np.testing.assert_allclose([stage.t[0], stage.t[-1]], [shapes.t[0], shapes.t[-1]])
    np.testing.assert_array_equal(got[-1].x, apply(shapes, one, config)[0])


FLAT = Templates(x=np.ones((2, 3)), t=np.arange(3.0), y=np.arange(2))
SILENT = DataConfig(
    num_samples=12,
    padding=(0, 0),
    scale_coeff=0,
    corr_noise_scale=0,
    iid_noise_scale=0,
    shear_scale=0,
)


@examples(15)
@given(configs(), own_templates())
@example(SILENT, FLAT)  # all values equal
@example(SILENT.replace(padding=(20, 20), max_translation=1, final_seq_length=1), FLAT)
@example(SILENT, Templates(x=np.array([[0.1 + 0.2, 0.3, 0.3]]), t=np.arange(3.0), y=np.arange(1)))
def test_whole_sets_equal_the_oracles(config, shapes):
    raw, y, t = oracle.dataset(shapes, config)
    mean, std = math.fsum(raw.flat) / raw.size, 0.0
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in raw.flat) / raw.size)
    if std < 1e-14 * np.abs(raw).max():
        with pytest.raises(UsageError, match="signals that are all equal"):
            mnist1d.make_dataset(config, templates=shapes)
        return
    data = mnist1d.make_dataset(config, templates=shapes)
    found = np.concatenate([data.x, data.x_test])
    np.testing.assert_allclose(found * data.std + data.mean, raw, rtol=0, atol=1e-12)
    np.testing.assert_allclose([data.mean, data.std], [mean, std], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(np.concatenate([data.y, data.y_test]), y)
    np.testing.assert_allclose(data.t * data.std, t, rtol=1e-12, atol=1e-12)


@examples(50)
@given(st.integers(1, 80), st.integers(2, 80), st.integers(0, 2**16))
def test_resampling_has_the_bits_of_numpy_interp(m, n, seed):
    x = np.random.default_rng(seed).normal(size=(3, m))
    expected = [np.interp(np.linspace(0, 1, n), np.linspace(0, 1, m), row) for row in x]
    np.testing.assert_array_equal(resample(x, plan_resampling(m, n)), expected)


def test_templates():
    shapes = templates()
    x = np.array(
        [
            [
                (h - np.mean(row)) / np.sqrt(np.mean((np.array(row) - np.mean(row)) ** 2))
                for h in row
            ]
            for row in HEIGHTS
        ]
    )
    np.testing.assert_allclose(shapes.x, (x - x[:, :1]) / 6, rtol=0, atol=1e-15)
    np.testing.assert_allclose(
        shapes.t, [(-5 + 10 * i / 11) / 6 for i in range(12)], rtol=0, atol=1e-15
    )
    assert shapes.y.tolist() == list(range(10)) and shapes.x.dtype == shapes.t.dtype == np.float64


def one_signal(config, **values):
    """Draws of one signal of class 3 without noise, shift and shear and with factor 1, except for
    the given values."""
    silence = np.zeros(config.working_length)
    plain = {
        "label": 3,
        "padding": 40,
        "factor": 1.0,
        "shift": 0,
        "corr_noise": silence,
        "iid_noise": silence,
        "slope": 0.0,
    }
    return Draws(**{name: np.array([value]) for name, value in {**plain, **values}.items()})


@pytest.mark.parametrize("shift", [0, 1, 47, 71, 72])
def test_shift_goes_to_the_right_and_around(shift):
    pipeline, draws = Pipeline(templates(), DataConfig()), one_signal(DataConfig(), shift=shift)
    x = pipeline.dilate(draws)
    np.testing.assert_array_equal(pipeline.translate(x, draws), np.roll(x, shift, axis=1))


@pytest.mark.parametrize("shift", [73, 100, 144, 1000])
def test_shift_past_the_length_leaves_the_signal(shift):
    pipeline, draws = Pipeline(templates(), DataConfig()), one_signal(DataConfig(), shift=shift)
    x = pipeline.dilate(draws)
    np.testing.assert_array_equal(pipeline.translate(x, draws), x)


def test_correlated_noise_stays_out_of_the_digit():
    config = DataConfig()
    noise = np.random.default_rng(0).normal(size=72)
    pipeline, draws = Pipeline(templates(), config), one_signal(config, corr_noise=noise)
    x = pipeline.dilate(draws)
    got = pipeline.add_corr_noise(x, draws)
    inside = x != 0
    assert 10 < inside.sum() < 30
    np.testing.assert_array_equal(got[inside], x[inside])
    np.testing.assert_array_equal(got[~inside], gaussian_filter1d(0.25 * noise, 2)[~inside[0]])


def test_shear_subtracts_the_ramp():
    config = DataConfig(final_seq_length=72)
    straight, sheared = (
        apply(templates(), one_signal(config, slope=slope), config) for slope in (0.0, 2.0)
    )
    np.testing.assert_allclose(straight - sheared, [np.linspace(-1, 1, 72)], atol=1e-15)


def test_apply_leaves_its_arguments_alone():
    config, shapes = DataConfig(num_samples=20), templates()
    draws, _ = draw_exact(config)
    before = [column.copy() for column in draws]
    apply(shapes, draws, config)
    for name, old, new in zip(Draws._fields, before, draws, strict=True):
        np.testing.assert_array_equal(old, new, err_msg=name)
    np.testing.assert_array_equal(shapes.x, templates().x)


def test_a_signal_does_not_depend_on_its_batch():
    config = DataConfig(num_samples=40)
    draws, _ = draw_exact(config)
    together = apply(templates(), draws, config)
    for i in range(40):
        np.testing.assert_array_equal(
            apply(templates(), draws.rows(slice(i, i + 1)), config)[0], together[i]
        )


def test_explain_shows_one_signal_of_the_digit():
    for digit in range(10):
        got = mnist1d.explain(digit=digit, seed=3)
        np.testing.assert_array_equal(got[0].x, templates().x[digit])
        assert [len(stage.x) for stage in got[2:]] == [72] * 6 + [40] and got[
            -1
        ].x.dtype == np.float64
    again, other = mnist1d.explain(digit=9, seed=3), mnist1d.explain(digit=9, seed=4)
    np.testing.assert_array_equal(got[-1].x, again[-1].x)
    assert not np.array_equal(got[-1].x, other[-1].x)


def test_explain_of_a_stranger():
    with pytest.raises(mnist1d.UsageError, match=r"digit must be one of \[0, 1, .*\], got 10"):
        mnist1d.explain(digit=10)


def test_every_draw_changes_the_signal():
    config = DataConfig(num_samples=20)
    draws, _ = draw_exact(config)
    plain = apply(templates(), draws, config)
    for name in Draws._fields:
        changed = draws._replace(**{name: np.roll(getattr(draws, name), 3, axis=0)})
        assert not np.array_equal(apply(templates(), changed, config), plain), name


@pytest.mark.parametrize("high", [1, 2, 3, 48, 64, 65, 2**16 + 1, 2**31, 2**32 - 1])
def test_integers_are_those_of_randint(high):
    bits, rng = legacy_stream(7), np.random.RandomState(7)
    integer = _integers(bits, high)
    assert [integer() for _ in range(200)] == [int(rng.randint(0, high)) for _ in range(200)]
    assert np.random.RandomState(bits).random_sample() == rng.random_sample()


def test_the_stage_of_the_shear_names_its_slope():
    config = DataConfig(num_samples=1)
    draws = draw_fast(config)
    (shear,) = (s for s in stages(templates(), draws, config) if s.name == "shear")
    assert shear.text == f"A ramp of slope {-draws.slope[0]:.3f} is added."


def test_the_mask_at_full_length_is_where_the_digit_lies():
    """No point lies between two others, so none takes part of its right neighbour."""
    config = DataConfig(num_samples=50, padding=(28, 28), final_seq_length=40, template_len=12)
    draws, pipeline = draw_fast(config), Pipeline(templates(), config)
    digit = pipeline.translate(pipeline.scale(pipeline.dilate(draws), draws), draws)
    assert digit.shape == (50, 40)
    np.testing.assert_array_equal(pipeline.digit_mask(draws), digit != 0)


def test_a_stream_of_many_classes():
    assert sorted(draw_fast(DataConfig(num_samples=100), 100).label) == list(range(100))
