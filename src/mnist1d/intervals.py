"""Confidence intervals: one implementation for claims, tables and figures.

An interval never goes beyond the range of its unit:

* unit "%": a fraction in [0, 1], shown in percent. Student's t on the logit scale; the delta method
  transforms the standard error, so the interval always contains the mean.
* units "units", "channels" and "×", widths and factors: positive. The same on the log scale.
* unit "points": a difference of fractions in [-1, 1]. Student's t, clipped to the range.
* unit "correlation": the same, shown without a unit.
* any other unit: Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

SHARE, POINTS, CORRELATION, TIMES = "%", "points", "correlation", "×"
CONFIDENCE = 0.95


def unit_of_difference(unit: str) -> str:
    """Return the unit in which two values of a unit differ: percentages differ by points."""
    return POINTS if unit == SHARE else unit


class Scale(NamedTuple):
    """The scale on which the interval of a unit is symmetric, for means inside the range."""

    lowest: float
    highest: float
    to: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]
    unit_of: Callable[[np.ndarray], np.ndarray]  # what a step of 1 on the scale is at a mean


_LOG = Scale(0.0, math.inf, np.log, np.exp, lambda mean: mean)
SCALES = {SHARE: Scale(0.0, 1.0, special.logit, special.expit, lambda mean: mean * (1 - mean))}
SCALES |= dict.fromkeys(("units", "channels", TIMES), _LOG)


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
    scale = SCALES.get(unit)
    if scale is None:
        return low, high
    inside = (scale.lowest < mean) & (mean < scale.highest)  # elsewhere every value is the same
    safe = np.where(inside, mean, 0.5)
    middle, half = scale.to(safe), half / scale.unit_of(safe)
    low = np.where(inside, scale.back(middle - half), low)
    return low, np.where(inside, scale.back(middle + half), high)


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
