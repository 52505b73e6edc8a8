"""Probes on points made by hand, and maps into the plane."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="probes need scikit-learn")

from mnist1d.learning.probes import METHODS, neighbour_acc, plane  # noqa: E402


def test_a_point_does_not_vote_for_itself():
    x = np.array([[0.0], [1], [10], [11]])
    assert neighbour_acc(x, np.array([0, 0, 1, 1]), 1) == 1
    assert neighbour_acc(x, np.array([0, 1, 0, 1]), 1) == 0


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_two_clusters(method):
    pytest.importorskip(METHODS[method], reason=f"{method} is not installed")
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    x = rng.normal(size=(80, 5)) + 20 * y[:, None]
    mapped = plane(x, 10.0, 0, method)
    assert mapped.shape == (80, 2) and neighbour_acc(mapped, y, 5) == 1
