"""Class probabilities compared with the exact ones: divergence, loss and calibration."""

from __future__ import annotations

import numpy as np

NUM_BINS = 10  # of confidence


def against_exact(exact: np.ndarray, p: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Compare probabilities p (samples, classes) with the exact ones and the labels: test_acc,
    test_loss and kl (nats), confidence (mean probability of the answer)."""
    logs = np.log(np.maximum(p, 1e-38))  # float32's smallest: a loss stays finite
    terms = np.where(exact > 0, exact * (np.log(np.maximum(exact, 1e-38)) - logs), 0)
    numbers = {
        "test_acc": (p.argmax(axis=1) == label).mean(),
        "test_loss": -logs[np.arange(len(label)), label].mean(),
        "kl": max(0.0, terms.sum(axis=1).mean()),
        "confidence": p.max(axis=1).mean(),
    }
    return {name: float(value) for name, value in numbers.items()}


def calibration_curve(p: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return mean confidence, accuracy and number of signals in equally wide bins of confidence,
    (3, bins); NaN where a bin is empty."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == label
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    count = np.bincount(bins, minlength=NUM_BINS).astype(float)
    with np.errstate(invalid="ignore"):
        mean, share = (np.bincount(bins, of, NUM_BINS) / count for of in (confidence, right))
    return np.stack([mean, share, count])
