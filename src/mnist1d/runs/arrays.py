"""Arrays in the store: compressed .npy content in the row itself, so that a row and its array are
committed together or not at all.

Schema 1 kept them in npz files beside the database and named them in the row,
"arrays/FILE.npz#NAME". Such a store can be read; opened for writing, it takes its files in.
"""

from __future__ import annotations

import contextlib
import io
import re
import sqlite3
import zlib
from pathlib import Path

import numpy as np

from mnist1d.errors import FileFormatError

FOLDER = "arrays"  # of schema 1
OLD_FILE = re.compile(
    r"\.?[0-9a-f]{16}-[0-9a-f]{8}.*\.npz"
)  # with a leading dot: a write that was cut off


def packed(array: np.ndarray) -> bytes:
    """Return an array as the store keeps it: the content of a .npy file, compressed by zlib."""
    content = io.BytesIO()
    np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
    return zlib.compress(content.getvalue())


def unpacked(content: bytes) -> np.ndarray:
    """Undo `packed`. Errors: ValueError or zlib.error for anything else."""
    return np.lib.format.read_array(io.BytesIO(zlib.decompress(content)), allow_pickle=False)


def read_array(folder: Path, cell: bytes | str, what: str) -> np.ndarray:
    """Return the array of a row, from the row itself or, in schema 1, from a file below `folder`.

    Errors: FileFormatError, which names `what`, where the array is missing or damaged.
    """
    try:
        return unpacked(cell) if isinstance(cell, bytes) else _from_file(folder, cell)
    except (TypeError, ValueError, EOFError, KeyError, OSError, zlib.error) as error:
        raise FileFormatError(f"{what}: the stored array is missing or damaged: {error}") from None


def take_in_files(db: sqlite3.Connection, folder: Path) -> list[tuple[str, int]]:
    """Move every array that lies in a file into its row, within the caller's transaction.

    Return the (trial, seed) pairs of which an array was missing or damaged. They are removed, so
    that the next sweep runs them again.
    """
    lost: set[tuple[int, int]] = set()
    query = "SELECT rowid, trial_id, seed, array FROM measurements WHERE typeof(array) = 'text'"
    for rowid, trial_id, seed, place in db.execute(query).fetchall():
        try:
            content = packed(_from_file(folder, place))
        except (ValueError, EOFError, KeyError, OSError, zlib.error):
            lost.add((trial_id, seed))
        else:
            db.execute("UPDATE measurements SET array = ? WHERE rowid = ?", (content, rowid))
    names = dict(db.execute("SELECT id, trial FROM trials"))
    for pair in lost:
        for table in ("measurements", "seeds"):
            db.execute(f"DELETE FROM {table} WHERE trial_id = ? AND seed = ?", pair)
    return sorted((names[trial_id], seed) for trial_id, seed in lost)


def remove_files(folder: Path) -> None:
    """Remove the array files of schema 1, which no row names any more, and their folder once it is
    empty."""
    place = folder / FOLDER
    if place.is_dir() and not place.is_symlink():
        with contextlib.suppress(OSError):  # a folder that cannot be changed: the files do no harm
            for file in place.iterdir():
                if OLD_FILE.fullmatch(file.name):
                    file.unlink()
            place.rmdir()


def _from_file(folder: Path, place: str) -> np.ndarray:
    file, _, name = place.partition("#")
    with np.load(folder / file, allow_pickle=False) as content:
        return content[name]
