"""Predictions by signal: what every trial keeps of its test set, so that paired tests, overlaps of
errors and ensembles need no second run.

Of each seed one array, (..., 3, signals) uint8: the predicted class, the confidence in it in units
of 1/255, the label. Leading axes, where a trial has some, are networks: widths, layers, initial
weights. `learning.training.predict` makes it from logits, `predictions_of` from probabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from mnist1d.experiments.rows import Row, Rows
from mnist1d.experiments.values import Values


def prediction_rows(
    seeds: Sequence[int], predictions: Iterable[ArrayLike], name: str = "predictions"
) -> list[Row]:
    """Rows of the predictions of each seed, (..., 3, signals) uint8."""
    return [
        Row(seed, name, None, np.asarray(array, np.uint8))
        for seed, array in zip(seeds, predictions, strict=True)
    ]


def predictions_of(p: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return what is kept, (3, signals) uint8, of class probabilities p (signals, classes) and
    labels (signals,)."""
    return np.stack([p.argmax(axis=1), np.rint(255 * p.max(axis=1)), labels]).astype(np.uint8)


def right_by_signal(trial: Rows, name: str = "predictions") -> tuple[Values, np.ndarray]:
    """Return how often the seeds of one trial are right about each signal: the share of seeds, by
    place in the test set, and (seeds, signals) itself, 0 or 1. Only where all seeds see the same
    test set does a place name the same signal for all of them."""
    arrays = [trial.array(name, seed) for seed in sorted(trial.where(metric=name).unique("seed"))]
    right = np.stack([array[0] == array[2] for array in arrays]).astype(float)
    return Values(range(right.shape[1]), right.mean(axis=0)), right
