"""Claims: a sentence of the publication as a test on rows; estimates, intervals and verdicts.

A study builds its claims with `above`, `below`, `within` and `all_of`, from values by seed (or by
signal), and returns those that `keep_measured` keeps. The 95% interval of a claim gives its
verdict, or "too few seeds" with fewer than 4. `judging.judge` turns the verdicts of a study into
those that are shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

import numpy as np

from mnist1d.experiments.estimates import CONFIDENCE, MIN_UNITS, Estimate, estimate
from mnist1d.experiments.sequential import ALPHA
from mnist1d.experiments.values import Values
from mnist1d.intervals import CORRELATION as CORRELATION
from mnist1d.intervals import POINTS as POINTS
from mnist1d.intervals import SHARE as SHARE

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
TOO_FEW = "too few seeds"
AS_PUBLISHED, VISIBLE, OPPOSITE, NOT_VISIBLE = "as published", "visible", "opposite", "not visible"
DECIDED = (HOLDS, FAILS)

Numbers = Values | Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Part:
    """One comparison: the mean of `quantity` lies between two limits; one may be infinite."""

    quantity: str
    estimate: Estimate
    least: float = -math.inf
    most: float = math.inf

    @property
    def lines(self) -> tuple[float, ...]:
        """The lines that the interval must clear."""
        return tuple(line for line in (self.least, self.most) if math.isfinite(line))

    def verdict(self, level: float, failing_level: float | None = None) -> str:
        """Return whether the part holds at a two-sided level: the 1 - level interval lies between
        the lines. The part fails where the interval at the failing level lies beyond a line."""
        low, high = self.estimate.interval(1 - level)
        if low > self.least and high < self.most:
            return HOLDS
        low, high = self.estimate.interval(1 - (level if failing_level is None else failing_level))
        return FAILS if high <= self.least or low >= self.most else UNDECIDED

    @property
    def inside(self) -> bool:
        """Whether the estimate itself is between the limits."""
        return self.least < self.estimate.value < self.most

    @property
    def level(self) -> float:
        """The smallest two-sided level at which this part is decided."""
        found = [self.estimate.level(line) for line in self.lines]
        if self.inside:
            return max(found)
        missed = self.least if self.estimate.value <= self.least else self.most
        return self.estimate.level(missed)

    @property
    def shape(self) -> str:
        """What a shortened run shows: the effect or its opposite, if the interval excludes the
        limits. If all seeds agree but the interval does not exclude the limits, there are too few
        seeds."""
        verdict = self.verdict(ALPHA)
        if verdict != UNDECIDED:
            return AS_PUBLISHED if verdict == HOLDS else OPPOSITE
        lowest, highest = self.estimate.lowest, self.estimate.highest
        inside = lowest > self.least and highest < self.most
        agree = inside or highest <= self.least or lowest >= self.most
        return TOO_FEW if agree and self.estimate.fewest < MIN_UNITS else NOT_VISIBLE


@dataclass(frozen=True)
class Claim:
    """One sentence of the publication, and its test.

    A claim with several parts shows its weakest part.

    Attributes:
      text: the sentence.
      quantity: in words, what `estimate` measures.
      estimate: the mean.
      low: lower end of its interval.
      high: upper end of the interval.
      n: number of seeds or signals, as `over` says.
      verdict: "holds", "does not hold" or "undecided".
      published: the figures of the sentence, in words.
      published_value: published value of the quantity, if there is one.
      unit: "%" for fractions and "points" for their differences, both shown times 100.
      line: what the interval must clear; two numbers for a range.
      over: "seeds" or "signals".
      left_out: number of seeds or signals without a partner.
      confidence: level of the interval.
      adjusted: verdict under Holm's correction.
      power: distance from the line that n units detect with 80% power.
      decides: command that decides the claim.
      parts: the comparisons that it consists of.
    """

    text: str
    quantity: str
    estimate: float
    low: float
    high: float
    n: int
    verdict: str
    published: str = ""
    published_value: float | None = None
    unit: str = ""
    line: float | tuple[float, ...] = 0.0
    over: str = "seeds"
    left_out: int = 0
    confidence: float = CONFIDENCE
    adjusted: str = ""
    power: float = math.nan
    decides: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether the verdict is final."""
        return self.verdict in DECIDED

    @property
    def survives(self) -> bool:
        """Whether the verdict stands under Holm's correction too."""
        return self.adjusted in ("", self.verdict)

    @property
    def level(self) -> float:
        """The smallest two-sided level at which the claim is decided."""
        failing = [part.level for part in self.parts if not part.inside]
        if failing:
            return min(1.0, len(self.parts) * min(failing))
        return max(part.level for part in self.parts)


class More(TypedDict, total=False):
    """The options of `within`, and so of `above` and `below`."""

    published: str
    published_value: float | None
    unit: str
    noise: float
    over: str
    seeds: int | None


def above(
    text: str, quantity: str, values: Numbers, line: float = 0.0, **more: Unpack[More]
) -> Claim:
    """Claim that the mean over seeds is above a line.

    The claim holds if the whole interval is above the line, and fails if all of it is below.

    Args:
      text: the sentence.
      quantity: in words, what the values measure.
      values: one value per seed.
      line: the line.
      **more: published, published_value, unit, noise, over or seeds, as for `within`.

    Returns:
      The claim with its verdict.

    Examples:
      >>> above("A is better.", "A - B", [0.04, 0.05, 0.06, 0.05]).verdict
      'holds'
    """
    return within(text, quantity, values, line, math.inf, **more)


def below(
    text: str, quantity: str, values: Numbers, line: float = 0.0, **more: Unpack[More]
) -> Claim:
    """Claim that the mean over seeds is below a line.

    Args:
      text: the sentence.
      quantity: in words, what the values measure.
      values: one value per seed.
      line: the line.
      **more: as for `above`.

    Returns:
      The claim with its verdict.

    Examples:
      >>> below("A is worse.", "A - B", [0.04, 0.05, 0.06, 0.05]).verdict
      'does not hold'
    """
    return within(text, quantity, values, -math.inf, line, **more)


def within(
    text: str,
    quantity: str,
    values: Numbers,
    low: float,
    high: float,
    *,
    published: str = "",
    published_value: float | None = None,
    unit: str = "",
    noise: float = 0.0,
    over: str = "seeds",
    seeds: int | None = None,
) -> Claim:
    """Claim that the mean over seeds is between two lines.

    The claim holds if the whole interval is between them, and fails if all of it is outside.

    Args:
      text: the sentence.
      quantity: in words, what the values measure.
      values: one value per seed.
      low: the lower line.
      high: the upper line.
      published: the figures of the sentence, in words.
      published_value: published value of the quantity, if there is one.
      unit: "%" for fractions, "points" for their differences.
      noise: standard error of what the values are compared with, if that was measured too.
      over: "seeds" or "signals".
      seeds: number of training seeds that each signal was averaged over.

    Returns:
      The claim with its verdict.

    Examples:
      >>> within("A is near 0.", "A", [-0.5, 0.5, 0.1, -0.1], -1, 1).verdict
      'holds'
    """
    found = estimate(values, unit, noise=noise, over=over, seeds=seeds)
    return _claim(text, [Part(quantity, found, low, high)], published, published_value)


def all_of(
    text: str, parts: Sequence[Claim], published: str = "", published_value: float | None = None
) -> Claim:
    """Claim that every part holds, each at the full level.

    The claim fails if one part fails at its share of the level, since each part is one more chance
    to fail. Without parts, nothing was measured: `keep_measured` drops the claim.

    Args:
      text: the sentence.
      parts: the claims of which it consists.
      published: the figures of the sentence, in words.
      published_value: published value of the quantity, if there is one.

    Returns:
      The claim with its verdict.

    Examples:
      >>> values = [0.04, 0.05, 0.06, 0.05]
      >>> all_of("Both.", [above("", "a", values), below("", "b", values, 0.1)]).verdict
      'holds'
    """
    found = [part for claim in parts for part in claim.parts] or [Part("", estimate(()))]
    return _claim(text, found, published, published_value)


def keep_measured(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims whose parts were all measured. In the middle of a sweep, or if data is
    missing, some parts are not."""
    return [claim for claim in claims if all(part.estimate.n for part in claim.parts)]


def _claim(
    text: str, parts: Sequence[Part], published: str, published_value: float | None
) -> Claim:
    quantity, found = parts[0].quantity, parts[0].estimate
    shown = quantity, found.value, math.nan, math.nan, found.n, UNDECIDED
    unjudged = Claim(text, *shown, published, published_value, parts=tuple(parts))
    return at_level(unjudged, ALPHA)


def at_level(claim: Claim, level: float) -> Claim:
    """Return the claim judged at a two-sided level, its weakest part shown."""
    parts = claim.parts
    verdicts = [part.verdict(level, level / len(parts)) for part in parts]
    weakest = min(zip(parts, verdicts, strict=True), key=lambda pair: _strength(*pair))[0]
    found = weakest.estimate
    low, high = found.interval(1 - level)
    verdict = HOLDS
    if found.fewest < MIN_UNITS:  # the weakest comparison: see _strength
        verdict = TOO_FEW
    elif FAILS in verdicts:
        verdict = FAILS
    elif UNDECIDED in verdicts:
        verdict = UNDECIDED
    lines = weakest.lines
    return replace(
        claim,
        quantity=weakest.quantity if len(parts) == 1 else f"weakest comparison: {weakest.quantity}",
        estimate=found.value,
        low=low,
        high=high,
        n=found.n,
        verdict=verdict,
        unit=found.unit,
        line=lines[0] if len(lines) == 1 else lines,
        over=found.over,
        left_out=max(part.estimate.left_out for part in parts),
        confidence=1 - level,
        power=found.detectable(1 - level),
    )


def _strength(part: Part, verdict: str) -> tuple[bool, int, float]:
    """Return the key that sorts parts, weakest first: too few units, the worse verdict, the nearer
    line in units of the standard error."""
    found = part.estimate
    away = min((abs(found.value - line) for line in part.lines), default=math.inf)
    away = away if part.inside else -away
    order = {FAILS: 0, UNDECIDED: 1, HOLDS: 2}[verdict]
    enough = found.fewest >= MIN_UNITS
    return enough, order, away / found.error if found.error else math.copysign(math.inf, away)
