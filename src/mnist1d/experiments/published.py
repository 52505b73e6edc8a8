"""Published figures, and whether ours agree with them: a comparison of two uncertain numbers.

A figure comes from the paper or from the output of the authors' notebooks (their repository at
7878d96); if the two differ, we quote both. The uncertainty of a figure is its standard deviation
over n runs, if stated. Otherwise we treat the figure as one run that varies as much as ours do.
Rounding adds half of the last printed digit, or half of the width of a range such as "65 to 69".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from mnist1d.errors import UsageError
from mnist1d.experiments.estimates import CONFIDENCE, MIN_UNITS, SHARE, Estimate

PAPER, NOTEBOOK = "paper", "notebook"
AGREES, DIFFERS, CANNOT_TELL = "agrees", "differs", "cannot tell"
ARTICLE = "arXiv 2011.14439"
TITLE = (
    "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv 2011.14439)"
)


@dataclass(frozen=True)
class Published:
    """One published figure.

    Attributes:
      name: its name in the study's table.
      value: the figure, a fraction if the unit is "%".
      source: where it is printed.
      unit: "%" for a fraction, shown times 100; otherwise the text after the number.
      origin: "paper" or "notebook".
      std: standard deviation over n runs, if stated.
      n: number of runs, if stated.
      rounding: half of the last printed digit, or of the printed range.
      key: (variant, axis, x, metric) of a notebook's figure in the table of all notebook output.
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
    """Return a figure of the paper.

    Args:
      name: its name in the study's table.
      percent: the figure in percent.
      where: where it is printed, "table 1".
      rounding: half of the last printed digit, in percent.

    Returns:
      The figure.

    Examples:
      >>> in_paper("cnn", 94, "table 1").value
      0.94
    """
    return Published(name, percent / 100, f"{ARTICLE}, {where}", rounding=rounding / 100)


def in_notebook(
    name: str,
    percent: float | Sequence[float],
    notebook: str,
    key: tuple[str, str, str, str],
    digits: int = 1,
) -> Published:
    """Return a figure that one of the authors' notebooks prints.

    Args:
      name: its name in the study's table.
      percent: the value of one run in percent, or those of several, which are averaged.
      notebook: file name of the notebook.
      key: (variant, axis, x, metric) of the figure in the table of all notebook output.
      digits: number of printed decimals.

    Returns:
      The figure.

    Examples:
      >>> in_notebook("cnn", 92.3, "a", ("cnn", "step", "6000", "test")).source
      'a.ipynb'
    """
    runs = np.atleast_1d(percent) / 100
    std = float(runs.std(ddof=1)) if len(runs) > 1 else None
    mean, source, rounding = float(runs.mean()), f"{notebook}.ipynb", 0.5 * 10 ** -(digits + 2)
    return Published(name, mean, source, SHARE, NOTEBOOK, std, len(runs), rounding, key)


def find(published: Iterable[Published], name: str, origin: str | None = None) -> Published | None:
    """Return the figure with this name; the paper's comes first, unless `origin` says which."""
    found = [p for p in published if p.name == name and origin in (None, p.origin)]
    return min(found, key=lambda p: p.origin == NOTEBOOK) if found else None


@dataclass(frozen=True)
class Agreement:
    """Whether our figure agrees with a published one: "agrees", "differs" or "cannot tell"; the
    difference, ours minus theirs, with its interval in the figure's unit; and the reason if `word`
    is "cannot tell"."""

    word: str
    difference: float
    low: float
    high: float
    reason: str = ""


def agreement(published: Published, ours: Estimate | None, same_settings: bool = True) -> Agreement:
    """Compare a published figure with our estimate.

    The interval of the difference includes both uncertainties. If it contains 0, the two agree as
    far as the runs can show. With fewer than 4 seeds, or at settings other than the paper's, the
    answer is "cannot tell".
    """
    if ours is None or not ours.n:
        return Agreement(CANNOT_TELL, math.nan, math.nan, math.nan, "not measured here")
    difference = ours.value - published.value
    error, freedom = _error(published, ours)
    half = float(special.stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * error + published.rounding
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
    """Return standard error and degrees of freedom (Welch's) of the difference."""
    theirs = published.n or 1
    if published.std is None or theirs < 2:
        scatter = ours.error * math.sqrt(ours.n)  # one run varies as ours do
        return math.hypot(ours.error, scatter / math.sqrt(theirs)), ours.freedom
    a, b = ours.error**2, published.std**2 / theirs
    if a + b == 0:
        return 0.0, ours.freedom
    return math.sqrt(a + b), (a + b) ** 2 / (a * a / ours.freedom + b * b / (theirs - 1))
