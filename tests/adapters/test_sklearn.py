"""scikit-learn's conventions."""

import numpy as np
import pytest

import mnist1d
from mnist1d.errors import UsageError


def test_loads_the_frozen_set_as_a_bunch():
    frozen, bunch = mnist1d.load_dataset(), mnist1d.load_mnist1d()
    assert bunch.data.shape == (5000, 40) and bunch.target.dtype == np.int64
    np.testing.assert_array_equal(bunch["data"][4000:], frozen.x_test)
    assert bunch.target_names == [str(i) for i in range(10)] and len(bunch.feature_names) == 40
    X, y = mnist1d.load_mnist1d(split="train", return_X_y=True)
    np.testing.assert_array_equal(X, frozen.x)
    np.testing.assert_array_equal(y, frozen.y)
    with pytest.raises(AttributeError, match="this bunch holds data, target"):
        bunch.dta  # noqa: B018


def test_loads_as_a_frame():
    pandas = pytest.importorskip("pandas", reason="as_frame needs pandas, which is optional")
    bunch = mnist1d.load_mnist1d(as_frame=True)
    assert isinstance(bunch.frame, pandas.DataFrame) and bunch.frame.shape == (5000, 41)
    assert list(bunch.data.columns) == bunch.feature_names


@pytest.mark.parametrize(
    ("layout", "shape"), [("nl", (30, 40)), ("ncl", (30, 1, 40)), ("nlc", (30, 40, 1))]
)
def test_layouts(layout, shape):
    assert mnist1d.make_mnist1d(30, layout=layout, random_state=0)[0].shape == shape


def test_random_state_may_be_anything_scikit_learn_takes():
    first, again, other = (mnist1d.make_mnist1d(50, random_state=seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    for source in (np.random.RandomState(0), np.random.default_rng(0)):
        one, two = (
            mnist1d.make_mnist1d(50, random_state=source)[0],
            mnist1d.make_mnist1d(50, random_state=source)[0],
        )
        assert not np.array_equal(one, two)
    before = np.random.get_state()[1].copy()
    assert not np.array_equal(mnist1d.make_mnist1d(50)[0], mnist1d.make_mnist1d(50)[0])
    np.testing.assert_array_equal(
        np.random.get_state()[1], before
    )  # the global state is nobody's business


def test_any_number_of_samples_and_knobs():
    X, y = mnist1d.make_mnist1d(101, random_state=0, final_seq_length=25)
    assert X.shape == (101, 25) and np.bincount(y, minlength=10).min() >= 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mnist1d.make_mnist1d(0), "n_samples must be a whole number, at least 1, got 0"),
        (lambda: mnist1d.make_mnist1d(10, seed=3), "random_state in place of seed"),
        (lambda: mnist1d.make_mnist1d(10, random_state="x"), "random_state must be None"),
        (lambda: mnist1d.make_mnist1d(10, scale_coef=1.0), "did you mean 'scale_coeff'"),
        (lambda: mnist1d.load_mnist1d(split="val"), "unknown split 'val'"),
        (lambda: mnist1d.load_mnist1d(layout="lnc"), "unknown layout 'lnc': did you mean 'nlc'"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(UsageError, match=message):
        call()


def test_one_rule_of_types():
    """load_*: float32; make_*: float64 in exact mode, float32 in fast mode; dtype= overrides."""
    for load in (mnist1d.load_dataset, lambda **k: mnist1d.load_mnist1d(**k)["data"]):
        for dtype, options in (("float32", {}), ("float64", {"dtype": "float64"})):
            found = load(**options)
            assert getattr(found, "x", found).dtype == dtype
    makers = (
        lambda **k: mnist1d.make_dataset(num_samples=20, **k).x,
        lambda **k: mnist1d.make_mnist1d(20, random_state=0, **k)[0],
    )
    for make in makers:
        assert make().dtype == make(mode="exact").dtype == "float64"
        assert make(mode="fast").dtype == make(dtype="float32").dtype == "float32"
        assert make(mode="fast", dtype="float64").dtype == "float64"


def test_causes_come_with_the_bunch():
    data, bunch = mnist1d.load_dataset(latents=True), mnist1d.load_mnist1d(latents=True)
    assert bunch.latent_names == ["padding", "shift", "factor", "slope"]
    np.testing.assert_array_equal(bunch.latents[4000:, 0], data.latents_test.padding)
    np.testing.assert_array_equal(bunch.latents[:4000, 3], data.latents.slope)
    np.testing.assert_array_equal(bunch.digit_mask[4000:], data.digit_mask_test)
    assert "latents" not in mnist1d.load_mnist1d()


@pytest.mark.parametrize("seed", [-1, 2**32, 10**300, True, 1.5])
def test_random_states_that_are_none(seed):
    with pytest.raises(UsageError, match="random_state must be"):
        mnist1d.make_mnist1d(10, random_state=seed)
