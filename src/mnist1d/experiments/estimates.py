"""Estimates: the one place that turns measurements into a mean with its standard error.

Accuracies are fractions, shown in percent; differences of accuracies are shown in percentage
points. `mnist1d.intervals` computes the interval of each kind. Where signals are the units (a
person's answers), the interval of a share is Wilson's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from mnist1d.experiments.values import Values
from mnist1d.intervals import CONFIDENCE, SCALES, interval
from mnist1d.intervals import POINTS as POINTS
from mnist1d.intervals import SHARE as SHARE
from mnist1d.intervals import wilson as wilson

MIN_UNITS = 4  # with fewer seeds (or signals) no claim is decided


@dataclass(frozen=True)
class Estimate:
    """A mean with its uncertainty.

    Attributes:
      value: the mean.
      error: its standard error, in the estimate's unit.
      freedom: degrees of freedom of Student's t.
      n: number of units that were averaged.
      unit: "%" for fractions, "points" for their differences, or "".
      over: what the units are, "seeds" or "signals".
      left_out: units without a partner or without a finite value.
      seeds: number of training seeds behind each signal, if there are some.
      lowest: smallest unit.
      highest: largest unit.
    """

    value: float
    error: float
    freedom: float
    n: int
    unit: str = ""
    over: str = "seeds"
    left_out: int = 0
    seeds: int | None = None  # training seeds that each signal was averaged over
    lowest: float = math.nan
    highest: float = math.nan

    @property
    def fewest(self) -> int:
        """The number of units, or the number of seeds behind each unit if that is smaller."""
        return self.n if self.seeds is None else min(self.n, self.seeds)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the two-sided confidence interval.

        Args:
          confidence: its level.

        Returns:
          (low, high); infinite if n is 1, NaN if n is 0.
        """
        if self.n < 2:
            return (-math.inf, math.inf) if self.n else (math.nan, math.nan)
        low, high = interval(self.value, self.error, self.freedom, self.unit, confidence)
        return float(low), float(high)

    def level(self, line: float) -> float:
        """Return the two-sided p-value of the mean being `line`.

        Args:
          line: the value.

        Returns:
          The largest alpha whose 1 - alpha interval contains the line.
        """
        if self.n < 2:
            return 1.0
        distance, error = abs(self.value - line), self.error
        scale = SCALES.get(self.unit)
        if scale and scale.lowest < self.value < scale.highest:
            if not scale.lowest < line < scale.highest:
                return 0.0
            value = np.asarray(self.value)
            distance = float(abs(scale.to(value) - scale.to(np.asarray(line))))
            error /= float(scale.unit_of(value))
        if error == 0:
            return float(distance == 0)
        return float(2 * special.stdtr(self.freedom, -distance / error))

    def detectable(self, confidence: float = CONFIDENCE, power: float = 0.8) -> float:
        """Return the distance from a line that this many units decide.

        Args:
          confidence: level of the interval.
          power: probability of a decision.

        Returns:
          The distance, in the estimate's unit.
        """
        if self.n < 2:
            return math.inf
        quantiles = special.stdtrit(self.freedom, [0.5 + confidence / 2, power])
        return float(quantiles.sum()) * self.error


def estimate(
    values: Values | Sequence[float] | np.ndarray,
    unit: str = "",
    *,
    noise: float = 0.0,
    over: str = "seeds",
    seeds: int | None = None,
) -> Estimate:
    """Return the mean of values with its uncertainty.

    Args:
      values: one value per seed or signal (n,); values that are not finite are left out and
        counted.
      unit: "%" for fractions, "points" for their differences.
      noise: standard error of what the values are compared with, if that was measured too.
      over: "seeds" or "signals".
      seeds: number of training seeds that each signal was averaged over.

    Returns:
      The estimate; its n is 0 if no value is finite.

    Raises:
      ValueError: for anything but a vector.

    Examples:
      >>> found = estimate([0.93, 0.94, 0.95])
      >>> found.n, round(found.value, 2)
      (3, 0.94)
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 1:
        rule = "an estimate needs a vector, one value per seed"
        raise ValueError(f"{rule}; got the shape {array.shape}")
    known = array[np.isfinite(array)]
    lacking = values.left_out if isinstance(values, Values) else 0
    n, spread = len(known), float(known.std(ddof=1)) if len(known) > 1 else 0.0
    if not n:
        return Estimate(math.nan, math.nan, 1, 0, unit, over, lacking + len(array), seeds)
    own = spread / math.sqrt(n)
    error = math.hypot(own, noise)
    # Welch and Satterthwaite's; the error of what was measured elsewhere counts as known
    freedom = max(n - 1, 1) * ((error / own) ** 4 if own else 1)
    mean, lowest, highest = float(known.mean()), float(known.min()), float(known.max())
    left_out = lacking + len(array) - n
    freedom = min(freedom, 1e9)
    return Estimate(mean, error, freedom, n, unit, over, left_out, seeds, lowest, highest)


def mean_interval(
    values: Values | Sequence[float] | np.ndarray, unit: str = "", confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """Return the mean of values and its confidence interval.

    Args:
      values: one value per seed (n,).
      unit: "%" or "points" for values that are shown times 100.
      confidence: level of the interval.

    Returns:
      (mean, low, high) in the unit.

    Examples:
      >>> [round(v, 3) for v in mean_interval([0.93, 0.94, 0.95])]
      [0.94, 0.915, 0.965]
    """
    found = estimate(values, unit)
    return found.value, *found.interval(confidence)


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Return Spearman's rank correlation of two vectors; NaN where one of them is constant."""
    values = np.stack([a, b]).astype(float)
    if not np.isfinite(values).all() or not (np.ptp(values, axis=1) > 0).all():
        return math.nan
    return float(np.corrcoef([_ranks(line) for line in values])[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, and for equal values the mean of theirs, as
    `scipy.stats.rankdata`, whose import takes a quarter of a second."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
