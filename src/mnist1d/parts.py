"""The parts of a data set and their columns: one row per signal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from mnist1d.errors import UsageError
from mnist1d.signals import Latents

PARTS = {"train": "", "validation": "_val", "test": "_test"}  # and the ending of their fields
COLUMNS = (
    "x",
    "y",
    "y_soft",
    "latents",
    "digit_mask",
    "y_clean",
    "noise_mask",
)  # one row per signal
LABELS = ("y", "y_clean")
Columns = dict[str, Any]  # of a data set, by name: arrays, and causes as Latents
Column = TypeVar("Column", np.ndarray, Latents)


def rows_of(column: Column, index: np.ndarray) -> Column:
    """Return the rows of a column (an array or Latents) selected by `index`."""
    return column.rows(index) if isinstance(column, Latents) else column[index]


def check_arrays(arrays: Mapping[str, object]) -> None:
    """Raise UsageError for a field that is not an array."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise UsageError(f"{name} must be an array, got {type(array).__name__}")


def check_part(part: Mapping[str, Any], t: np.ndarray, end: str) -> None:
    """Raise UsageError unless the columns of a part (None: absent) fit together and match the time
    axis. end: the suffix of the part's names."""
    columns = {name: column for name, column in part.items() if column is not None}
    causes = columns.pop("latents", None)
    check_arrays({name + end: column for name, column in columns.items()})
    if ("x" in columns) != ("y" in columns) or (not columns and end != "_val"):
        raise UsageError(f"x{end} and y{end} are needed together; one of them is missing")
    if "x" not in columns:
        return
    x, y = columns["x"], columns["y"]
    if x.dtype.kind != "f" or y.dtype.kind not in "iu":
        raise UsageError(
            f"x{end} must hold floats and y{end} whole numbers, got {x.dtype} and {y.dtype}"
        )
    if y.ndim != 1 or t.ndim != 1 or x.shape != (*y.shape, *t.shape):
        raise UsageError(f"x{end} {x.shape}, y{end} {y.shape} and t {t.shape} do not fit together")
    if causes is not None:
        if not isinstance(causes, Latents):
            raise UsageError(f"latents{end} must be Latents, got {type(causes).__name__}")
        check_arrays(causes._asdict())
        columns |= causes._asdict()
    short = next((name for name, column in columns.items() if column.shape[:1] != y.shape), None)
    if short:
        raise UsageError(
            f"{short}{end} must have one row for each of {len(y)} signals; its shape is "
            f"{columns[short].shape}"
        )
