"""Arrays in the store: compressed .npy content in the row itself, so that a row and its array are
committed together or not at all."""

from __future__ import annotations

import io
import zlib

import numpy as np


def packed(array: np.ndarray) -> bytes:
    """Return an array in the store's format: the content of a .npy file, compressed with zlib."""
    content = io.BytesIO()
    np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
    return zlib.compress(content.getvalue())


def unpacked(content: bytes) -> np.ndarray:
    """Undo `packed`. Errors: ValueError, EOFError or zlib.error for anything else."""
    return np.lib.format.read_array(io.BytesIO(zlib.decompress(content)), allow_pickle=False)
