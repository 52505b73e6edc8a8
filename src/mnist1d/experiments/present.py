"""How measurements read in tables, figures and claims, said once for all studies: labels, colours,
cells, and the human."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mnist1d.experiments import human
from mnist1d.experiments.estimates import SHARE, mean_interval
from mnist1d.experiments.rows import Rows
from mnist1d.learning.registry import in_order, resolve

OBSERVER = "observer"  # the ideal observer, where a study has it beside the models
OBSERVER_COLOR = "#222222"
CI = "% [95% CI]"  # what a header says of a cell that `cell` made
MISSING = "–"


@dataclass(frozen=True)
class Human:
    """The published accuracy of a human expert, on MNIST-1D and with its positions shuffled.

    acc is that of the distinct answers that are public (their fifth file repeats another); of
    shuffled, the paper says "around 30" and gives no count (table 1).
    """

    acc: float = human.ACC
    answers: int = human.NUM_ANSWERS
    shuffled: float = human.SHUFFLED_ACC
    standard_error: float = human.STANDARD_ERROR  # the sampling error of acc

    @property
    def cell(self) -> str:
        """acc with its interval, as `cell` writes it."""
        return spread(self.acc, *human.INTERVAL)


HUMAN = Human()


def label(name: str) -> str:
    """Return what people read for a model, or for the ideal observer."""
    return "ideal observer" if name == OBSERVER else resolve(name).label


def color(name: str) -> str:
    """Return the colour of a model, or of the ideal observer, in every figure."""
    return OBSERVER_COLOR if name == OBSERVER else resolve(name).color


def models_in(rows: Rows, field: str = "model") -> list[str]:
    """Return the models that the rows have, without the observer, in the registry's order."""
    return in_order(name for name in rows.unique(field) if name != OBSERVER) if len(rows) else []


def cell(values: ArrayLike, form: str = ".1f", scale: float = 100) -> str:
    """Return a mean with its 95% interval over seeds; the value alone where there is one, nothing
    where there is none. With a scale of 100 the values are shares, whose interval stays in range.

    >>> cell([0.64, 0.65, 0.66])
    '65.0 [62.5, 67.4]'
    >>> cell([1.25], ".2f", scale=1), cell([])
    ('1.25', '')
    """
    values = np.asarray(values, dtype=float)
    unit = SHARE if scale == 100 else ""
    return spread(*mean_interval(values, unit), form, scale) if len(values) else ""


def spread(mean: float, low: float, high: float, form: str = ".1f", scale: float = 100) -> str:
    """Return a mean and an interval as a cell; an infinite one is left out."""
    middle, *ends = (f"{scale * value:{form}}" for value in (mean, low, high))
    return f"{middle} [{', '.join(ends)}]" if math.isfinite(low) else middle


def last_cell(rows: Rows, metric: str = "test_acc", form: str = ".1f", scale: float = 100) -> str:
    """Return `cell` of a trial's metric at its last step; nothing where it was not measured."""
    measured = len(rows) and metric in rows.unique("metric")
    return cell(rows.final(metric), form, scale) if measured else ""


def mean_cell(rows: Rows, metric: str = "test_acc", form: str = ".1f", scale: float = 100) -> str:
    """Return the mean over seeds of a trial's metric at its last step, without an interval."""
    measured = len(rows) and metric in rows.unique("metric")
    return f"{scale * rows.final(metric).mean():{form}}" if measured else ""


def count_cell(rows: Rows) -> str:
    """Return the number of seeds of a trial."""
    return str(len(rows.unique("seed"))) if len(rows) else ""
