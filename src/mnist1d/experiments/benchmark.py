"""The benchmark table as measured here: the rows among which everybody's model is placed.

They ship with the package, benchmark.json, and are measured anew by `python -m benchmarks.table` in
a checkout. A row holds name, num_params, acc and shuffled_acc (by seed, after the last step) and
seconds; the human's, the share of answers that are right, and their number.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mnist1d.experiments.estimates import SHARE, mean_interval, wilson
from mnist1d.experiments.present import HUMAN


@cache
def reference() -> dict[str, Any]:
    """Return the measured benchmark table that ships with the package, and the human as its last
    row: rows, the command that made them, versions."""
    file = resources.files("mnist1d.experiments").joinpath("benchmark.json")
    measured = json.loads(file.read_text(encoding="utf-8"))
    human = {"model": "human", "name": "human", "acc": HUMAN.acc, "answers": HUMAN.answers}
    return {**measured, "rows": [*measured["rows"], human]}


def interval_of(row: dict[str, Any], part: str = "acc") -> tuple[float, float, float] | None:
    """Return a row's mean and 95% interval, of accuracies by seed or, for the human, of the share
    of answers that are right."""
    values = row.get(part)
    if values is None or np.size(values) == 0:
        return None
    if "answers" in row:
        return values, *wilson(values * row["answers"], row["answers"])
    return mean_interval(values, SHARE)


def mean_of(row: dict[str, Any]) -> float:
    """Return a row's mean accuracy, by which the table is ordered."""
    return float(np.mean(row["acc"]))


def cells(found: tuple[float, float, float] | None) -> tuple[str, str]:
    """Return mean and interval in percent, as a table shows them."""
    if found is None:
        return "", ""
    mean, low, high = (100 * value for value in found)
    return f"{mean:.1f}", f"{low:.1f} .. {high:.1f}" if math.isfinite(low) else "one seed"
