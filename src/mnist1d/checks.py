"""Validators that every room uses: names, whole numbers, and all numbers of a config."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mnist1d.errors import UsageError


def check_name(name: str, known: Iterable[str], what: str) -> None:
    """Raise UsageError, naming the nearest known name, unless `name` is known."""
    known = list(known)
    if name not in known:
        word = name if isinstance(name, str) else ""  # whatever a caller may have given
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(known)}"
        raise UsageError(f"unknown {what} {name!r:.80}: {hint}")


def check_whole(value: Any, low: int, name: str) -> int:
    """Return `value`, Python's or NumPy's, as an int; raise UsageError unless it is a whole number
    of at least `low`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < low:
        raise UsageError(f"{name} must be a whole number, at least {low}, got {value!r}")
    return int(value)


def check_path(path: str | os.PathLike[str], name: str = "path") -> Path:
    """Return `path` as a Path; raise UsageError unless it is text or a Path that can name a file."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise UsageError(f"{name} must be a string or a Path, got {path!r:.80}")
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise UsageError(f"{name} must name a file, got {os.fspath(path)!r:.80}")
    return Path(path)


def check_numbers(config: Any, **least: float) -> None:
    """Raise UsageError unless every whole number of a study's config is at least 1, and every other
    number finite and above 0.

    Kinds are those of the fields' defaults. least: the fields that may go down to another bound,
    which is allowed.
    """
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        if isinstance(f.default, bool) or not isinstance(f.default, int | float):
            continue
        if isinstance(f.default, int):
            check_whole(value, least.get(f.name, 1), f.name)
        elif (
            not isinstance(value, numbers.Real)
            or not math.isfinite(value)
            or value < least.get(f.name, math.ulp(0.0))
        ):
            wanted = (
                f"a number, at least {least[f.name]:g}" if f.name in least else "a positive number"
            )
            raise UsageError(f"{f.name} must be {wanted}, got {value!r}")
