"""Soft labels are the observer's answers for each signal, whatever the order of the set."""

import numpy as np
import pytest

pytest.importorskip("jax", reason="the ideal observer needs JAX")
import mnist1d  # noqa: E402
from mnist1d import UsageError  # noqa: E402
from mnist1d.observer import IdealObserver, soft_labels  # noqa: E402


@pytest.fixture(scope="module")
def data():
    return mnist1d.make_dataset(num_samples=60, corr_noise_scale=0.6, seed=2).split(10)


@pytest.fixture(scope="module")
def soft(data):
    return soft_labels(data)


def test_every_part_has_the_observers_answers(data, soft):
    for end in ("", "_test", "_val"):
        expected = IdealObserver.of(data).predict_proba(data[f"x{end}"])
        np.testing.assert_array_equal(soft[f"y_soft{end}"], expected)
        assert (soft[f"y_soft{end}"].argmax(axis=1) == data[f"y{end}"]).mean() > 0.5
    np.testing.assert_allclose(soft.y_soft.sum(axis=1), 1)
    assert data.y_soft is None and list(soft)[-3:] == ["y_soft", "y_soft_test", "y_soft_val"]


def test_they_follow_their_signals(data, soft):
    for bend in (
        lambda d: d.shuffled(seed=3),
        lambda d: d.with_label_noise(0.5, seed=1),
        lambda d: d.subset([1, 5, 2]),
    ):
        bent = bend(soft)
        again = soft_labels(bend(data))
        np.testing.assert_allclose(bent.y_soft, again.y_soft, atol=1e-9)
        np.testing.assert_allclose(bent.y_soft_test, again.y_soft_test, atol=1e-9)


def test_of_a_subset_they_are_those_of_its_classes(data, soft):
    """Given that the class is one of three, the answers are those of an observer of these three."""
    bent, again = (
        soft.subset([1, 5, 2], relabel=True),
        soft_labels(data.subset([1, 5, 2], relabel=True)),
    )
    assert bent.y_soft.shape == (len(bent.x), 3)
    np.testing.assert_allclose(bent.y_soft, again.y_soft, atol=1e-6)


def test_they_travel_in_files(soft, tmp_path):
    for ending in ("npz", "csv"):
        soft.save(tmp_path / f"set.{ending}")
        np.testing.assert_array_equal(
            mnist1d.read(tmp_path / f"set.{ending}").y_soft_val, soft.y_soft_val
        )


def test_sets_that_have_none(data):
    with pytest.raises(UsageError, match="does not say how it was made"):
        soft_labels(mnist1d.Dataset.from_dict(dict(data)))
    with pytest.raises(UsageError, match="no ideal observer exists"):
        soft_labels(mnist1d.make_dataset(num_samples=20, iid_noise_scale=0))
