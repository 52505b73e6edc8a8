"""Predictions by signal: every trial stores its predictions on the test set, so paired tests,
overlaps of errors and ensembles need no second run.

Each seed has one array, (..., 3, signals) uint8: the predicted class, the confidence in it in units
of 1/255, the label. Leading axes, if any, are networks: widths, layers, initial weights.
`learning.evaluation.predict` makes the array from logits, `predictions_of` from probabilities.
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
    """Return predictions (3, signals) uint8 from p (signals, classes) and labels (signals,)."""
    return np.stack([p.argmax(axis=1), np.rint(255 * p.max(axis=1)), labels]).astype(np.uint8)


def right_by_signal(trial: Rows, name: str = "predictions") -> tuple[Values, np.ndarray]:
    """Return the fraction of seeds that classify each signal correctly, by index in the test set,
    and (seeds, signals), 1 where correct. All seeds of the trial must have the same test set."""
    arrays = trial.arrays(name)  # (seeds, 3, signals)
    right = (arrays[:, 0] == arrays[:, 2]).astype(float)
    return Values(range(right.shape[1]), right.mean(axis=0)), right
