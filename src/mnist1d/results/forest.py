"""The forest plot of claims: positions of estimate, interval and limits on a strip of unit
width."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mnist1d.experiments.claims import Claim

MARGIN = 0.94  # fraction of the half-width that the farthest mark may take


@dataclass(frozen=True)
class Strip:
    """Positions of one claim on [0, 100]. Each strip has its own scale, so that claims in different
    units can be listed below each other. `lines` are the limits that the interval must exclude: one
    in the middle, or two around it. None: nothing to draw."""

    estimate: float
    low: float | None
    high: float | None
    lines: tuple[float, ...]
    published: float | None


def strip(claim: Claim) -> Strip | None:
    """Return the positions of a claim; None if its estimate is not finite."""
    if not math.isfinite(claim.estimate):
        return None
    lines = _lines(claim)
    published = claim.published_value
    middle = sum(lines) / len(lines)
    known = [claim.estimate, claim.low, claim.high, *lines, published]
    reach = max((abs(v - middle) for v in known if v is not None and math.isfinite(v)), default=0)
    scale = 50 * MARGIN / (reach or 1.0)

    def place(value: float | None) -> float | None:
        if value is None or not math.isfinite(value):
            return None
        return round(50 + (value - middle) * scale, 2)

    at = place(claim.estimate)
    assert at is not None
    places = tuple(p for p in map(place, lines) if p is not None)
    return Strip(at, place(claim.low), place(claim.high), places, place(published))


def _lines(claim: Claim) -> tuple[float, ...]:
    return claim.line if isinstance(claim.line, tuple) else (float(claim.line),)
