"""Checksums of the store's content: 16 bytes of SHA-256 over JSON text, so that a changed bit is an
error and is not averaged into a result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

LENGTH = 16
Cell = tuple[str, int | None, float | None, bytes | None]  # metric, step, value, array


def of(*values: object) -> bytes:
    """Return the checksum of a table row: of the JSON list of its values, with bytes in
    hexadecimal."""
    text = json.dumps(values, default=bytes.hex)
    return sha256(text.encode("utf-8", "surrogatepass")).digest()[:LENGTH]


def of_seed(trial: str, seed: int, cells: Sequence[Cell]) -> bytes:
    """Return the checksum of one seed's measurements, in the order in which they were written; an
    array is represented by its SHA-256."""
    plain = [
        (metric, step, value, sha256(array).hexdigest() if isinstance(array, bytes) else array)
        for metric, step, value, array in cells
    ]
    return of(trial, seed, plain)
