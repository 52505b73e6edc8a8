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
