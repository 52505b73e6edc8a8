"""The benchmark table as measured here: the rows among which everybody's model is placed.

They ship with the package, benchmark.json, and are measured anew by `python -m benchmarks.table` in
a checkout. A row holds name, num_params, acc and shuffled_acc (by seed, after the last step) and
seconds; the human's, one share with its standard error.
"""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mnist1d.experiments.claims import mean_interval


@cache
def reference() -> dict[str, Any]:
    """Return the measured benchmark table that ships with the package: rows, the command that made
    them, versions."""
    return json.loads(
        resources.files("mnist1d.experiments")
        .joinpath("benchmark.json")
        .read_text(encoding="utf-8")
    )


def interval_of(row: dict[str, Any], part: str = "acc") -> tuple[float, float, float] | None:
    """Return a row's mean and 95 % interval, of accuracies by seed or, for the human, of one share
    with its standard error."""
    values = row.get(part)
    if values is None or np.size(values) == 0:
        return None
    if "standard_error" in row:
        return values, values - 1.96 * row["standard_error"], values + 1.96 * row["standard_error"]
    return mean_interval(values)


def mean_of(row: dict[str, Any]) -> float:
    """Return a row's mean accuracy, by which the table is ordered."""
    return float(np.mean(row["acc"]))


def cells(found: tuple[float, float, float] | None) -> tuple[str, str]:
    """Return mean and interval in percent, as a table shows them."""
    if found is None:
        return "", ""
    mean, low, high = (100 * value for value in found)
    return f"{mean:.1f}", f"{low:.1f} .. {high:.1f}" if math.isfinite(low) else "one seed"


def table_with(own: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and lines of the table with one more row, which is marked with *; best
    first."""
    header = [
        "",
        "model",
        "parameters",
        "test acc %",
        "95 % interval",
        "n",
        "shuffled %",
        "95 % interval",
        "s/seed",
    ]
    lines = []
    for row in ranked_with(own)[::-1]:
        params, seconds = row.get("num_params"), row.get("seconds")
        count = f"{row['answers']} answers" if "answers" in row else str(len(row["acc"]))
        plain, shuffled = cells(interval_of(row)), cells(interval_of(row, "shuffled_acc"))
        figures = [
            f"{params:,}" if params else "",
            *plain,
            count,
            *shuffled,
            f"{seconds:.2f}" if seconds else "",
        ]
        lines.append(["*" if row is own else "", row["name"], *figures])
    return header, lines


def ranked_with(own: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows and one more, by mean accuracy from the lowest up."""
    return sorted([*reference()["rows"], own], key=mean_of)


def aligned(header: list[str], lines: list[list[str]]) -> list[str]:
    """Return a table as lines of plain text, the first two columns to the left, the others to the
    right."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    return [
        "  ".join(
            c.ljust(w) if i < 2 else c.rjust(w)
            for i, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in [header, *lines]
    ]
