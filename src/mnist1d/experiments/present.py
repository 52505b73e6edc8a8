"""Labels, colours and table cells, the same for all studies."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from mnist1d.experiments.estimates import SHARE, mean_interval
from mnist1d.experiments.published import Published, find
from mnist1d.experiments.rows import Rows, values_of
from mnist1d.learning.registry import in_order, resolve

OBSERVER = "observer"  # the ideal observer, where a study has it beside the models
OBSERVER_COLOR = "#222222"
CI = "% [95% CI]"  # the unit in the header above a cell that `cell` made
MISSING = "–"


def label(name: str) -> str:
    """Return the label of a model, or of the ideal observer."""
    return "ideal observer" if name == OBSERVER else resolve(name).label


def color(name: str) -> str:
    """Return the colour of a model, or of the ideal observer, in every figure."""
    return OBSERVER_COLOR if name == OBSERVER else resolve(name).color


def models_in(rows: Rows, field: str = "model") -> list[str]:
    """Return the models that the rows have, without the observer, in the registry's order."""
    return in_order(name for name in rows.unique(field) if name != OBSERVER) if len(rows) else []


def cell(values: ArrayLike, form: str = ".1f", scale: float = 100) -> str:
    """Return a mean with its 95% interval over seeds: only the mean if all values are equal, and ""
    if there are none. With a scale of 100 the values are fractions, shown in percent.

    >>> cell([0.64, 0.65, 0.66])
    '65.0 [62.5, 67.4]'
    >>> cell([1.25], ".2f", scale=1), cell([410, 410], ".0f", scale=1), cell([])
    ('1.25', '410', '')
    """
    values = np.asarray(values, dtype=float)
    if not len(values):
        return ""
    if np.ptp(values) == 0:
        return f"{scale * values[0]:z{form}}"
    return spread(*mean_interval(values, SHARE if scale == 100 else ""), form, scale)


def spread(mean: float, low: float, high: float, form: str = ".1f", scale: float = 100) -> str:
    """Return a mean and an interval as a cell; an infinite interval is left out."""
    middle, *ends = (f"{scale * value:z{form}}" for value in (mean, low, high))
    return f"{middle} [{', '.join(ends)}]" if math.isfinite(low) else middle


def last_cell(rows: Rows, metric: str = "test_acc", form: str = ".1f", scale: float = 100) -> str:
    """Return `cell` of one trial's metric at its last step; "" if it was not measured."""
    return cell(values_of(rows, metric).array, form, scale)


def mean_cell(rows: Rows, metric: str = "test_acc", form: str = ".1f", scale: float = 100) -> str:
    """Return the mean over seeds of one trial's metric at its last step, without an interval."""
    values = values_of(rows, metric).array
    return f"{scale * values.mean():{form}}" if len(values) else ""


def count_cell(rows: Rows) -> str:
    """Return the number of seeds of a trial."""
    return str(num_seeds(rows) or "")


def printed_cell(
    figures: Iterable[Published], name: str, origin: str | None = None, form: str = ".3g"
) -> str:
    """Return a published fraction in percent; "" if none was published."""
    figure = find(figures, name, origin)
    return f"{100 * figure.value:{form}}" if figure else ""


def seed_range(rows: Rows) -> tuple[int, int]:
    """Return the largest and the smallest number of seeds of a trial, for a caption's words."""
    counts = [num_seeds(trial) for trial in rows.trials()]
    return max(counts, default=0), min(counts, default=0)


def num_seeds(rows: Rows) -> int:
    """Return how many different seeds the rows have."""
    return len(rows.unique("seed")) if len(rows) else 0
