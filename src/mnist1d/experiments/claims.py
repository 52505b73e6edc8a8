"""Claims: a sentence of the publication as a test on rows, with an estimate, a 95 % interval over
seeds and a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"


@dataclass(frozen=True)
class Published:
    """A figure of the publication: what it is, its value, how far ours may lie from it, where it
    stands.

    unit: "%" for a share, shown times 100; else what is written after the number.
    """

    name: str
    value: float
    tolerance: float
    source: str
    unit: str = "%"


@dataclass(frozen=True)
class Claim:
    """One verdict. `quantity` says in words what `estimate` and its interval [low, high]
    measure."""

    text: str
    quantity: str
    estimate: float
    low: float
    high: float
    n: int
    verdict: str
    published: str = ""


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of the values and its Student t interval: (mean, low, high); an interval of one value is
    infinite."""
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"an interval needs a non-empty vector of values, one a seed; got the shape {values.shape}"
        )
    mean = float(values.mean())
    if len(values) == 1:
        return mean, -np.inf, np.inf
    half = float(stats.t.ppf(0.5 + confidence / 2, len(values) - 1) * stats.sem(values))
    return mean, mean - half, mean + half


def above(
    text: str,
    quantity: str,
    values: Sequence[float],
    line: float = 0.0,
    published: str = "",
    noise: float = 0.0,
) -> Claim:
    """The mean over seeds lies above `line`: holds where the whole interval does, fails where it
    lies below.

    noise: standard error of what the values are compared with, where that was measured too (a
    person's accuracy).
    """
    mean, low, high = mean_interval(values)
    low, high = (
        mean - math.hypot(mean - low, 1.96 * noise),
        mean + math.hypot(high - mean, 1.96 * noise),
    )
    verdict = (
        UNDECIDED
        if len(values) < 2
        else HOLDS
        if low > line
        else FAILS
        if high <= line
        else UNDECIDED
    )
    return Claim(text, quantity, mean, low, high, len(values), verdict, published)


def below(
    text: str, quantity: str, values: Sequence[float], line: float = 0.0, published: str = ""
) -> Claim:
    """The mean over seeds lies below `line`."""
    mirrored = above(text, quantity, -np.asarray(values, dtype=float), -line, published)
    return replace(mirrored, estimate=-mirrored.estimate, low=-mirrored.high, high=-mirrored.low)


def within(
    text: str, quantity: str, values: Sequence[float], low: float, high: float, published: str = ""
) -> Claim:
    """The mean over seeds lies between two lines: holds where the whole interval does, fails where
    it lies outside."""
    mean, lo, hi = mean_interval(values)
    verdict = (
        UNDECIDED
        if len(values) < 2
        else HOLDS
        if low <= lo and hi <= high
        else FAILS
        if hi < low or lo > high
        else UNDECIDED
    )
    return Claim(text, quantity, mean, lo, hi, len(values), verdict, published)


def all_of(text: str, parts: Sequence[Claim], published: str = "") -> Claim:
    """Every part holds. The weakest part (worst verdict, then smallest estimate in units of its
    interval) is shown."""
    order = {FAILS: 0, UNDECIDED: 1, HOLDS: 2}

    def strength(claim: Claim) -> tuple[int, float]:
        width = claim.high - claim.low
        return order[claim.verdict], abs(claim.estimate) / width if np.isfinite(
            width
        ) and width > 0 else 0.0

    weakest = min(parts, key=strength)
    return replace(
        weakest, text=text, published=published, quantity=f"weakest part: {weakest.quantity}"
    )
