"""Published figures, and whether ours agree: a comparison of two uncertain numbers.

A figure comes from the paper or from what the authors' notebooks print (their repository at
7878d96); where the two differ, both stand. Its uncertainty is its own standard deviation over n
runs where that is stated. Else it is one run, which scatters as ours do. A printed number is also
known only to half of its last digit, and a range ("65 to 69") only to half of its width.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mnist1d.errors import UsageError
from mnist1d.experiments.estimates import CONFIDENCE, MIN_UNITS, SHARE, Estimate

PAPER, NOTEBOOK = "paper", "notebook"
AGREES, DIFFERS, CANNOT_TELL = "agrees", "differs", "cannot tell"
ARTICLE = "arXiv 2011.14439"


@dataclass(frozen=True)
class Published:
    """A figure of the publication.

    unit: "%" for a share, shown times 100, else what is written after the number. source: where it
    stands. origin: "paper" or "notebook". std, n: standard deviation over n runs, where stated.
    rounding: half of the last digit, or of the range, that was printed. key: (variant, axis, x,
    metric) of a notebook's figure in the table of all that the notebooks print.
    """

    name: str
    value: float
    source: str
    unit: str = SHARE
    origin: str = PAPER
    std: float | None = None
    n: int | None = None
    rounding: float = 0.0
    key: tuple[str, str, str, str] | None = None

    def __post_init__(self) -> None:
        if self.origin not in (PAPER, NOTEBOOK):
            raise UsageError(f"origin must be '{PAPER}' or '{NOTEBOOK}', got {self.origin!r}")


def in_paper(name: str, percent: float, where: str, rounding: float = 0.5) -> Published:
    """Return a figure of the paper in percent, known to `rounding` percent; where: "table 1"."""
    return Published(name, percent / 100, f"{ARTICLE}, {where}", rounding=rounding / 100)


def in_notebook(
    name: str,
    percent: float | Sequence[float],
    notebook: str,
    key: tuple[str, str, str, str],
    digits: int = 1,
) -> Published:
    """Return a figure in percent that a notebook prints to so many digits: of one run, or the mean
    of several."""
    runs = np.atleast_1d(percent) / 100
    return Published(
        name,
        float(runs.mean()),
        f"{notebook}.ipynb",
        origin=NOTEBOOK,
        std=float(runs.std(ddof=1)) if len(runs) > 1 else None,
        n=len(runs),
        rounding=0.5 * 10 ** -(digits + 2),
        key=key,
    )


def find(published: Iterable[Published], name: str, origin: str | None = None) -> Published | None:
    """Return the figure of a name: the paper's where both have one, unless `origin` says which."""
    found = [p for p in published if p.name == name and origin in (None, p.origin)]
    return min(found, key=lambda p: p.origin == NOTEBOOK) if found else None


@dataclass(frozen=True)
class Agreement:
    """Whether a figure of ours agrees with a published one: "agrees", "differs" or "cannot tell";
    ours minus theirs with its interval, in the figure's unit; and why, where it cannot be told."""

    word: str
    difference: float
    low: float
    high: float
    reason: str = ""


def agreement(published: Published, ours: Estimate | None, same_settings: bool = True) -> Agreement:
    """Compare a published figure with our estimate.

    The difference's interval carries both uncertainties. Where it holds 0 the two agree as far as
    the runs can show; with fewer than 4 seeds, or at settings that are not the paper's, nothing is
    said.
    """
    if ours is None or not ours.n:
        return Agreement(CANNOT_TELL, math.nan, math.nan, math.nan, "not measured here")
    difference = ours.value - published.value
    error, freedom = _error(published, ours)
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom)) * error + published.rounding
    low, high = difference - half, difference + half
    if not same_settings:
        reason = "settings shorter than the paper's"
    elif ours.n < MIN_UNITS:
        reason = f"fewer than {MIN_UNITS} {ours.over}"
        low, high = (low, high) if ours.n > 1 else (-math.inf, math.inf)
    else:
        return Agreement(AGREES if low <= 0 <= high else DIFFERS, difference, low, high)
    return Agreement(CANNOT_TELL, difference, low, high, reason)


def _error(published: Published, ours: Estimate) -> tuple[float, float]:
    """Return the difference's standard error and degrees of freedom (Welch's, where both have
    some)."""
    theirs = published.n or 1
    if published.std is None or theirs < 2:
        scatter = ours.error * math.sqrt(ours.n)  # one run scatters as ours do
        return math.hypot(ours.error, scatter / math.sqrt(theirs)), ours.freedom
    a, b = ours.error**2, published.std**2 / theirs
    if a + b == 0:
        return 0.0, ours.freedom
    return math.sqrt(a + b), (a + b) ** 2 / (a * a / ours.freedom + b * b / (theirs - 1))
