"""Validators for names, whole numbers, flags, paths, and all numbers of a config."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mnist1d.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Json = dict[str, Any]  # a JSON object, whose content `json` does not type
T = TypeVar("T")
MAX_WHOLE = 2**63 - 1  # what NumPy, a file and a database can hold


def show(value: object) -> str:
    """Return the text of a value for an error message, never longer than one line."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a whole number of {value.bit_length() * 3 // 10} digits"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # the user's `__repr__` may raise anything
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def words_of(error: Exception) -> str:
    """Return the message of another package's exception in one line of at most 200 characters. Such
    a message may quote a whole damaged file."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:197]}..."


def check_name(name: object, known: Iterable[str], what: str) -> str:
    """Return `name` if it is known; otherwise raise UsageError and suggest the nearest known
    name."""
    known = list(known)
    if not isinstance(name, str) or name not in known:
        word = name[:100] if isinstance(name, str) else ""  # a caller may pass any type
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(known)}"
        raise UsageError(f"unknown {what} {show(name)}: {hint}")
    return name


def check_whole(value: object, low: int, name: str, high: int = MAX_WHOLE) -> int:
    """Return `value`, Python's or NumPy's, as an int; raise UsageError unless it is a whole number
    from `low` to `high`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or int(value) < low:
        raise UsageError(f"{name} must be a whole number, at least {low}, got {show(value)}")
    if int(value) > high:
        raise UsageError(f"{name} must be a whole number, at most {high}, got {show(value)}")
    return int(value)


def check_wholes(values: Iterable[object], low: int, name: str) -> list[int]:
    """Return `values` as a list of ints; raise UsageError unless each is a whole number of at least
    `low`."""
    if not np.iterable(values):
        raise UsageError(f"{name} must be a list of whole numbers, got {show(values)}")
    return [check_whole(value, low, name) for value in values]


def check_real(value: object, low: float, high: float, name: str) -> float:
    """Return `value`, Python's or NumPy's, as a float, -0.0 as 0.0; raise UsageError unless it is a
    finite number from `low` to `high`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise UsageError(f"{name} must be a number, got {show(value)}")
    try:
        number = float(value) + 0.0
    except OverflowError:  # a whole number larger than any float
        number = math.inf
    if not low <= number <= high:  # NaN fails too
        raise UsageError(f"{name} must be a number from {low:g} to {high:g}, got {show(value)}")
    return number


def check_flag(value: object, name: str) -> bool:
    """Return `value`, Python's or NumPy's True or False, as a bool; raise UsageError for anything
    else."""
    if not isinstance(value, bool | np.bool_):
        raise UsageError(f"{name} must be True or False, got {show(value)}")
    return bool(value)


def check_text(value: object, name: str) -> str:
    """Return `value`; raise UsageError unless it is text that UTF-8 can write."""
    if isinstance(value, str):
        try:
            value.encode()
            return value
        except UnicodeEncodeError:  # half of a pair, as of a file's name that is not UTF-8
            pass
    raise UsageError(f"{name} must be text, got {show(value)}")


def as_utf8(text: str) -> str:
    """Return text that UTF-8 can write: what it cannot, as in a file's name of another encoding,
    becomes an escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def check_items(values: Iterable[T], kind: type[T], name: str) -> list[T]:
    """Return `values` as a list; raise UsageError unless they are a list, or another iterable, of
    `kind` only."""
    rule = f"{name} must be a list of {kind.__name__}"
    if isinstance(values, str | bytes) or not np.iterable(values):
        raise UsageError(f"{rule}, got {show(values)}")
    found = []
    for value in values:
        if not isinstance(value, kind):
            raise UsageError(f"{rule}, got {show(value)} in it")
        found.append(value)
    return found


def check_path(path: str | os.PathLike[str], name: str = "path") -> Path:
    """Return `path` as a Path; raise UsageError unless it can name a file."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise UsageError(f"{name} must be a string or a Path, got {show(path)}")
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise UsageError(f"{name} must name a file, got {show(os.fspath(path))}")
    try:
        os.fsencode(path)
    except UnicodeError:
        raise UsageError(
            f"{name} has characters that are not allowed in file names: {show(path)}"
        ) from None
    return Path(path)


def check_numbers(config: DataclassInstance, **least: float) -> None:
    """Raise UsageError unless every whole number of a study's config is at least 1, and every other
    number finite and above 0.

    The type of a field is that of its default. least: other lower bounds, inclusive, by field.
    """
    for f in dataclasses.fields(config):
        value = getattr(config, f.name)
        if isinstance(f.default, bool) or not isinstance(f.default, int | float):
            continue
        if isinstance(f.default, int):
            check_whole(value, int(least.get(f.name, 1)), f.name)
        elif (
            isinstance(value, bool)
            or not isinstance(value, numbers.Real)
            or not value < math.inf
            or value < least.get(f.name, math.ulp(0.0))
        ):
            wanted = (
                f"a number, at least {least[f.name]:g}" if f.name in least else "a positive number"
            )
            raise UsageError(f"{f.name} must be {wanted}, got {show(value)}")
