"""Comparison of probabilities with the exact ones."""

import numpy as np
import pytest

from mnist1d.observer.comparison import against_exact, calibration_curve


def test_divergence_loss_and_calibration():
    exact, label = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([1, 0])
    p = np.array([[0.25, 0.75], [0.8, 0.2]])
    found = against_exact(exact, p, label)
    assert found["kl"] == pytest.approx((0.5 * np.log(2) + 0.5 * np.log(2 / 3) - np.log(0.8)) / 2)
    assert found["test_loss"] == pytest.approx(-(np.log(0.75) + np.log(0.8)) / 2)
    assert found["test_acc"] == 1 and found["confidence"] == pytest.approx(0.775)
    confidence, right, count = calibration_curve(p, label)
    assert (
        count.tolist() == [0] * 7 + [1, 1, 0]
        and right[7] == right[8] == 1
        and confidence[7] == pytest.approx(0.75)
    )
    assert np.isnan(confidence[0])
    assert against_exact(exact, exact, label)["kl"] == 0
    certain = against_exact(exact, np.array([[0.0, 1.0], [1.0, 0.0]]), label)
    assert np.isfinite(certain["kl"]) and certain["kl"] > 20
