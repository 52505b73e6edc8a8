"""Format numbers, intervals and ids, the same way for console, report and page."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mnist1d.intervals import CORRELATION

MISSING = "–"
MAX_MORE = 2  # further decimals for an end of an interval that would be rounded to 0


def number(value: float, unit: str = "", digits: int = 3) -> str:
    """Return a number with its unit: a fraction as 64.4%, a difference of fractions as 1.9 points,
    others with three significant digits."""
    if not math.isfinite(value):
        return MISSING
    if unit in ("%", "points"):
        return f"{_fixed(100 * value, 1)}{'%' if unit == '%' else ' points'}"
    unit = "" if unit == CORRELATION else unit
    text = f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
    return f"{text} {unit}".strip()


def _fixed(value: float, decimals: int) -> str:
    """Return a number with fixed decimals. Halves are rounded away from 0: 100 * 0.6585 is 65.85,
    but the nearest float is below it."""
    return f"{value + math.copysign(1e-9 * 10**-decimals, value):z,.{decimals}f}"


def interval(low: float, high: float, unit: str = "") -> str:
    """Return an interval as [63.6, 65.2], in the unit of the preceding number."""
    if math.isnan(low) or math.isnan(high):
        return MISSING
    if math.isinf(low) or math.isinf(high):
        return "one seed"
    ends = (number(v, unit).removesuffix(f" {unit}").removesuffix("%") for v in (low, high))
    return f"[{', '.join(ends)}]"


def printed(value: float, unit: str = "") -> str:
    """Return a published number, with up to four significant digits: 1.716 nats."""
    return number(value, unit, digits=4)


def with_interval(value: float, low: float, high: float, unit: str = "") -> str:
    """Return a number with its interval: 0.28 [0.23, 0.34]."""
    middle, ends = rounded(value, low, high, unit)
    return f"{middle} ({ends})" if math.isinf(high - low) else f"{middle} {ends}"


def rounded(value: float, low: float, high: float, unit: str = "") -> tuple[str, str]:
    """Return a number and its interval, both rounded to the digits that the interval's width
    justifies; fractions to a tenth of a point. Differences and percentages near 0 or 100 show more
    digits if the interval is narrower than two tenths, and so does an interval of which an end
    would be rounded to 0, since that hides on which side of 0 it lies."""
    width = high - low
    fraction, known = unit in ("%", "points"), math.isfinite(width) and math.isfinite(value)
    if not known or width <= 0:
        return number(value, unit), interval(low, high, unit)
    tenths = fraction and (width >= 0.002 or (unit == "%" and 0.005 < value < 0.995))
    scale = 100 if fraction else 1
    decimals = 1 if tenths else min(max(0, 1 - math.floor(math.log10(scale * width))), 9)
    for more in range(decimals, decimals + MAX_MORE + 1):
        if all(not v or abs(scale * v) >= 0.5 * 10**-more for v in (low, high)):
            decimals = more
            break
    middle, *ends = (_fixed(scale * v, decimals) for v in (value, low, high))
    unit = {CORRELATION: "", "%": "%"}.get(unit, f" {unit}".rstrip())
    return f"{middle}{unit}", f"[{', '.join(ends)}]"


def anchor(*parts: str) -> str:
    """Return the id of an element in a document, also for links to it; equal parts give equal ids.

    Parts with other characters than letters, digits and hyphens are shortened and end in a hash, so
    that two labels never share an id.
    """
    pieces = []
    for part in filter(None, parts):
        plain = re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:40]
        digest = hashlib.sha256(part.encode()).hexdigest()[:8]
        pieces.append(part if part == plain else f"{plain}-{digest}")
    return ".".join(pieces)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: 1 seed, 2 seeds."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def span(counts: Sequence[int], noun: str) -> str:
    """Return the smallest and the largest count with their noun: 8 seeds, 4 to 32 seeds."""
    low, high = min(counts), max(counts)
    return f"{low:,} to {plural(high, noun)}" if low < high else plural(high, noun)


def listing(items: Sequence[str], last: str = "and") -> str:
    """Return items as a list in a sentence: a, b and c."""
    *most, end = items
    return f"{', '.join(most)} {last} {end}" if most else end


def sentence(text: str) -> str:
    """Return text with a capital first letter and a full stop at the end."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


def field_value(value: object) -> str:
    """Return a config's value in the syntax of `--set`."""
    if isinstance(value, tuple):
        return ":".join(map(field_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def finite(value: object) -> Any:
    """Replace values that JSON cannot represent by None; a tuple becomes a list."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
