"""The measured table with one more row: where a model stands, as text and as numbers to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mnist1d.experiments.benchmark import cells, interval_of, reference

Row = Mapping[str, Any]  # name, num_params, seconds, and accuracies by seed under KEYS
KEYS = {"frozen": ("acc", "shuffled_acc"), "fresh": ("fresh_acc", "fresh_shuffled_acc")}
HEADER = [
    "",
    "model",
    "parameters",
    "test acc %",
    "95 % CI",
    "n",
    "shuffled %",
    "95 % CI",
    "s/seed",
]
Interval = tuple[float, float, float] | None  # mean, low, high


def columns(test: str, plain: np.ndarray, shuffled: np.ndarray) -> dict[str, np.ndarray]:
    """Return accuracies (seeds,) under the names that a row has for a test."""
    return dict(zip(KEYS[test], (plain, shuffled), strict=True))


def ranked(own: Row, test: str) -> list[Row]:
    """Return the rows of the table that were measured on a test, and one more, the lowest mean
    accuracy first."""
    key = KEYS[test][0]
    rows = [row for row in [*reference()["rows"], own] if np.size(row.get(key, ()))]
    return sorted(rows, key=lambda row: float(np.mean(row[key])))


def place(own: Row, test: str) -> str:
    """Say between which rows the model stands."""
    key, rows = KEYS[test][0], ranked(own, test)
    at = next(i for i, row in enumerate(rows) if row is own)
    below, above = (
        f"{row['name']} ({100 * float(np.mean(row[key])):.1f}%)" if row else ""
        for row in (rows[at - 1] if at else None, rows[at + 1] if at + 1 < len(rows) else None)
    )
    if below and above:
        return f"between {below} and {above}"
    return f"above {below}" if below else f"below {above}" if above else "alone in the table"


def with_row(own: Row, test: str) -> tuple[list[str], list[list[str]]]:
    """Return header and lines of the table with one more row, which is marked with *; best
    first."""
    return HEADER, [_line(row, test, row is own) for row in ranked(own, test)[::-1]]


def intervals(own: Row, test: str) -> list[tuple[str, bool, Interval, Interval]]:
    """Return of each row, the lowest first: its name, whether it is the model's own, and mean and
    interval of its accuracies, plain and shuffled."""
    plain, shuffled = KEYS[test]
    return [
        (row["name"], row is own, interval_of(dict(row), plain), interval_of(dict(row), shuffled))
        for row in ranked(own, test)
    ]


def aligned(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines of plain text, the first two columns to the left, the others to the
    right."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [header, *lines]
    ]


def _line(row: Row, test: str, is_own: bool) -> list[str]:
    plain, shuffled = (cells(interval_of(dict(row), key)) for key in KEYS[test])
    params, seconds = row.get("num_params"), row.get("seconds")
    count = f"{row['answers']} answers" if "answers" in row else str(len(row[KEYS[test][0]]))
    return [
        "*" if is_own else "",
        row["name"],
        f"{params:,}" if params else "",
        *plain,
        count,
        *shuffled,
        f"{seconds:.2f}" if seconds else "",
    ]
