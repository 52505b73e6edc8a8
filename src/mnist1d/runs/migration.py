"""Migrate older schemas to the current one in one transaction: a kill leaves either the old store
or the new one.

Schema 1 stores arrays in npz files beside the database; schema 2, never released, stores them in
the rows. Neither has checksums.
"""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from pathlib import Path

import numpy as np

from mnist1d.runs import schema
from mnist1d.runs.arrays import packed
from mnist1d.runs.checksums import Cell
from mnist1d.runs.writing import (
    Connection,
    insert_call,
    insert_meta,
    insert_seed,
    insert_sweep,
    insert_trial,
    next_command,
)

FOLDER = "arrays"  # of schema 1; a row names "arrays/FILE.npz#NAME"
OLD_FILE = re.compile(
    r"\.?[0-9a-f]{16}-[0-9a-f]{8}.*\.npz"
)  # with a leading dot: an interrupted write
OLD_TABLES = ("trials", "calls", "seeds", "measurements", "sweeps", "meta")
Lost = list[tuple[str, int]]  # (trial, seed)


def create(db: Connection) -> None:
    """Create the tables of the current schema, within the caller's transaction."""
    for statement in schema.statements():
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {schema.VERSION}")


def migrate(db: Connection, folder: Path) -> Lost:
    """Migrate a store of schema 1 or 2 to the current one, within the caller's transaction.

    Return the (trial, seed) pairs with a missing or damaged array: they are left out, so that the
    next sweep runs them again.
    """
    db.execute("DROP VIEW rows")
    for name in ("calls_of_trial", "measurements_of_trial"):
        db.execute(f"DROP INDEX {name}")
    for name in OLD_TABLES:
        db.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    db.execute("CREATE INDEX old_rows ON old_measurements (trial_id, seed)")
    create(db)
    lost = _move_trials(db, folder)
    _move_sweeps(db)
    for key, value in db.execute("SELECT key, value FROM old_meta").fetchall():
        insert_meta(db, key, value)
    for name in reversed(OLD_TABLES):  # drop a table before the tables that it refers to
        db.execute(f"DROP TABLE old_{name}")
    return lost


def _move_trials(db: Connection, folder: Path) -> Lost:
    lost = []
    trials = {}
    for old, trial, study, config in db.execute(
        "SELECT id, trial, study, config FROM old_trials ORDER BY id"
    ).fetchall():
        trials[old] = insert_trial(db, trial, study, config), trial
    calls = db.execute("SELECT * FROM old_calls ORDER BY call").fetchall()
    for call, old, seeds, status, started, seconds, error, provenance in calls:
        number, trial = trials[old]
        kept = {}
        for (seed,) in db.execute("SELECT seed FROM old_seeds WHERE call = ?", (call,)).fetchall():
            try:
                kept[seed] = _cells(db, folder, old, seed)
            except (ValueError, EOFError, KeyError, OSError, zlib.error):
                lost.append((trial, seed))
        left = [*kept] if status == "done" else json.loads(seeds)
        made = insert_call(db, number, trial, left, status, started, seconds, error, provenance)
        for seed, cells in kept.items():
            insert_seed(db, number, trial, seed, made, cells)
    return sorted(lost)


def _cells(db: Connection, folder: Path, trial_id: int, seed: int) -> list[Cell]:
    """Return a seed's measurements, arrays read from their files. Errors: NumPy's and the system's
    for a file that is missing or damaged."""
    lines = db.execute(
        "SELECT metric, step, value, array FROM old_measurements WHERE trial_id = ? AND seed = ? "
        "ORDER BY rowid",
        (trial_id, seed),
    ).fetchall()
    return [(metric, step, value, _content(folder, array)) for metric, step, value, array in lines]


def _content(folder: Path, array: bytes | str | None) -> bytes | None:
    if not isinstance(array, str):
        return array
    file, _, name = array.partition("#")
    with np.load(folder / file, allow_pickle=False) as content:
        return packed(content[name])


def _move_sweeps(db: Connection) -> None:
    last, asked = None, 0
    for study, label, wanted, started, command in db.execute(
        "SELECT study, label, wanted, started, command FROM old_sweeps ORDER BY sweep"
    ).fetchall():
        if (started, command) != last:  # schema 1 identified a command by its starting second
            last, asked = (started, command), next_command(db)
        insert_sweep(db, asked, study, label, json.loads(wanted), started, command)


def remove_files(folder: Path) -> None:
    """Remove the array files of schema 1, which no row refers to any more, and their folder if it
    is empty."""
    place = folder / FOLDER
    if place.is_dir() and not place.is_symlink():
        with contextlib.suppress(OSError):  # a read-only folder: the remaining files do no harm
            for file in place.iterdir():
                if OLD_FILE.fullmatch(file.name):
                    file.unlink()
            place.rmdir()
