"""Confidence intervals: one implementation for claims, tables and figures.

An interval never goes beyond the range of its unit:

* unit "%": a fraction in [0, 1], shown in percent. Student's t on the logit scale; the delta method
  transforms the standard error, so the interval always contains the mean.
* unit "points": a difference of fractions in [-1, 1]. Student's t, clipped to the range.
* unit "correlation": the same, shown without a unit.
* any other unit: Student's t.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

SHARE, POINTS, CORRELATION = "%", "points", "correlation"
CONFIDENCE = 0.95


def interval(
    mean: ArrayLike,
    error: ArrayLike,
    freedom: ArrayLike,
    unit: str = "",
    confidence: float = CONFIDENCE,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two ends of the two-sided interval of each mean.

    error: standard error in the unit of the mean. freedom: degrees of freedom of Student's t.
    """
    mean, error = np.asarray(mean, dtype=float), np.asarray(error, dtype=float)
    half = special.stdtrit(freedom, 0.5 + confidence / 2) * error
    low, high = mean - half, mean + half
    if unit in (POINTS, CORRELATION):
        return np.maximum(low, -1.0), np.minimum(high, 1.0)
    if unit != SHARE:
        return low, high
    inside = (0 < mean) & (mean < 1)  # elsewhere every value is the same 0 or 1
    safe = np.where(inside, mean, 0.5)
    middle, half = special.logit(safe), half / (safe * (1 - safe))
    low = np.where(inside, special.expit(middle - half), low)
    return low, np.where(inside, special.expit(middle + half), high)


def over_seeds(
    values: ArrayLike, unit: str = "", confidence: float = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, low and high of values (seeds, ...), each of the shape (...).

    NaN marks a missing value, which is left out. The ends are NaN if fewer than two values are
    left.
    """
    values = np.asarray(values, dtype=float)
    count = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(values, axis=0) / count
        std = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / (count - 1))
        ends = interval(mean, std / np.sqrt(count), np.maximum(count - 1, 1), unit, confidence)
    return mean, *ends


def wilson(hits: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's interval of an accuracy: `hits` of n signals were classified correctly."""
    z, share = float(special.ndtri(0.5 + confidence / 2)), hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
