"""A small file with the ideal observer's posteriors for many signals.

Nearly every posterior is one-hot on the label, so the file stores only the others: every class with
a probability of at least SMALLEST, as float32. A stored probability differs from the computed one
by at most SMALLEST, or by 6e-8 of its value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist1d.atomic import atomic_path
from mnist1d.errors import FileFormatError

FORMAT = "mnist1d-answers/1"
SMALLEST = 1e-8


class Kept(NamedTuple):
    """The posteriors of n signals, except those that are one-hot on the label."""

    n: int
    signal: np.ndarray  # (entries,) uint32, ascending
    row: np.ndarray  # (entries,) uint16, row of the templates
    probability: np.ndarray  # (entries,) float32

    def dense(self, label: np.ndarray, num_classes: int) -> np.ndarray:
        """Return the posteriors (n, classes) float64 of the first n signals; label (n,): their rows
        of the templates."""
        p = np.zeros((len(label), num_classes))
        p[np.arange(len(label)), label] = 1
        inside = self.signal < len(label)
        signal, row = self.signal[inside], self.row[inside]
        p[signal] = 0
        p[signal, row] = self.probability[inside]
        p[signal] /= p[signal].sum(axis=1, keepdims=True)
        return p


EMPTY = Kept(0, *(np.empty(0, kind) for kind in (np.uint32, np.uint16, np.float32)))


def without_one_hot(p: np.ndarray, label: np.ndarray, first: int = 0) -> Kept:
    """Return the posteriors of p (n, classes) that are not one-hot. first: the number of the first
    signal."""
    others = p >= SMALLEST
    others[np.arange(len(p)), label] = False
    doubtful = np.flatnonzero(others.any(axis=1))
    signal, row = np.nonzero(p[doubtful] >= SMALLEST)
    probability = p[doubtful][signal, row].astype(np.float32)
    return Kept(
        first + len(p),
        (first + doubtful[signal]).astype(np.uint32),
        row.astype(np.uint16),
        probability,
    )


def joined(a: Kept, b: Kept) -> Kept:
    """Return both, where b holds the signals that follow those of a."""
    parts = (np.concatenate(pair) for pair in zip(a[1:], b[1:], strict=True))
    return Kept(b.n, *parts)


def write(path: Path, kept: Kept, key: str) -> None:
    """Write answers; `key` identifies their signals. Errors: UsageError for a folder that cannot be
    written."""
    about = {"format": FORMAT, "key": key, "n": kept.n, "sha256": _digest(kept)}
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with atomic_path(path) as part, open(part, "wb") as file:
        np.savez_compressed(
            file, about=text, signal=kept.signal, row=kept.row, probability=kept.probability
        )


def read(path: Path, key: str) -> Kept:
    """Read answers, and check that they are complete and belong to the signals of `key`.

    Errors: FileFormatError for a file that is damaged or of other signals.
    """
    try:
        with open(path, "rb") as source, np.load(source, allow_pickle=False) as file:
            about: Mapping[str, object] = json.loads(bytes(file["about"]))
            kept = Kept(int(str(about["n"])), *(file[name] for name in Kept._fields[1:]))
    except Exception as error:  # a damaged file can raise anything
        raise FileFormatError(f"{path} is damaged: {error or type(error).__name__}") from None
    if about.get("format") != FORMAT or about.get("key") != key:
        raise FileFormatError(f"{path} holds the answers on other signals")
    if about.get("sha256") != _digest(kept):
        raise FileFormatError(f"{path} was changed since it was written")
    return kept


def _digest(kept: Kept) -> str:
    digest = hashlib.sha256(str(kept.n).encode())
    for array, dtype in zip(kept[1:], ("<u4", "<u2", "<f4"), strict=True):
        digest.update(np.ascontiguousarray(array, dtype).tobytes())
    return digest.hexdigest()
