"""The benchmark table as measured here: the rows among which anybody's model is placed.

The rows ship with the package as benchmark.json; in a checkout, `python -m benchmarks.table`
measures them again. Each row holds name, num_params, acc and shuffled_acc (by seed, after the last
step) and seconds; the human's row holds the share of correct answers and their number.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mnist1d.experiments import human
from mnist1d.experiments.estimates import SHARE, mean_interval, wilson


@cache
def reference() -> dict[str, Any]:
    """Return the measured benchmark table that ships with the package, and the human as its last
    row: rows, the command that made them, versions."""
    file = resources.files("mnist1d.experiments").joinpath("benchmark.json")
    measured = json.loads(file.read_text(encoding="utf-8"))
    person = {"model": "human", "name": "human", "acc": human.ACC, "answers": human.NUM_ANSWERS}
    return {**measured, "rows": [*measured["rows"], person]}


def interval_of(row: dict[str, Any], part: str = "acc") -> tuple[float, float, float] | None:
    """Return a row's mean and 95% interval: of accuracies by seed or, for the human, of the share
    of correct answers."""
    values = row.get(part)
    if values is None or np.size(values) == 0:
        return None
    if "answers" in row:
        return values, *wilson(values * row["answers"], row["answers"])
    return mean_interval(values, SHARE)


def mean_of(row: dict[str, Any]) -> float:
    """Return a row's mean accuracy, which orders the table."""
    return float(np.mean(row["acc"]))


def cells(found: tuple[float, float, float] | None) -> tuple[str, str]:
    """Return mean and interval in percent, as a table shows them."""
    if found is None:
        return "", ""
    mean, low, high = (100 * value for value in found)
    return f"{mean:.1f}", f"{low:.1f} .. {high:.1f}" if math.isfinite(low) else "one seed"
