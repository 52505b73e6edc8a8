"""Write rows with checksums into the store's tables, within the caller's transaction.

`db` is a connection; each function executes one or a few statements.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from mnist1d.checks import check_items, check_text, check_whole, show
from mnist1d.errors import UsageError
from mnist1d.experiments.rows import Row
from mnist1d.runs import checksums
from mnist1d.runs.arrays import packed
from mnist1d.runs.checksums import Cell
from mnist1d.runs.database import Arguments


class Connection(Protocol):
    """The required methods of a database: those of sqlite3's connections and of `Database`."""

    def execute(self, statement: str, arguments: Arguments = (), /) -> sqlite3.Cursor: ...

    def executemany(self, statement: str, arguments: Iterable[Arguments], /) -> sqlite3.Cursor: ...


def plain_row(row: Row) -> Row:
    """Return a row with Python's numbers and text, or an array. Errors: UsageError for what the
    store cannot keep."""
    seed, metric = check_whole(row.seed, 0, "seed"), check_text(row.metric, "metric")
    step = None if row.step is None else check_whole(row.step, 0, "step")
    try:
        value = np.asarray(row.value) if np.ndim(row.value) else float(row.value)
        if not (isinstance(value, np.ndarray) and value.dtype.hasobject):
            return Row(seed, metric, step, value)
    except (TypeError, ValueError, OverflowError):
        pass
    rule = "the value of a row must be a number, or an array of numbers or text"
    raise UsageError(f"{rule}, got {show(row.value)} for {metric}")


def cells_of(rows: Iterable[Row]) -> dict[int, list[Cell]]:
    """Return rows as the store keeps them, by seed. Errors: UsageError for anything but a Row, and
    as for `plain_row`."""
    result: dict[int, list[Cell]] = {}
    for seed, metric, step, content in map(plain_row, check_items(rows, Row, "rows")):
        value, array = None, None
        if isinstance(content, np.ndarray):
            array = packed(content)
        elif not math.isnan(content):
            value = content + 0.0  # SQLite has no -0.0
        result.setdefault(seed, []).append((metric, step, value, array))
    return result


def insert_trial(db: Connection, trial: str, study: str, config: str) -> int:
    """Return the number of a trial; insert the trial if it is new. config: canonical JSON."""
    db.execute(
        "INSERT OR IGNORE INTO trials (trial, study, config) VALUES (?, ?, ?)",
        (trial, study, config),
    )
    return db.execute("SELECT id FROM trials WHERE trial = ?", (trial,)).fetchone()[0]


def insert_call(
    db: Connection,
    number: int,
    trial: str,
    seeds: Sequence[int],
    status: str,
    started: str,
    seconds: float,
    error: str | None,
    provenance: str,
) -> int:
    """Insert a call of a trial; return the call's number."""
    key = checksums.of(provenance)
    db.execute(
        "INSERT OR IGNORE INTO provenances (checksum, content) VALUES (?, ?)", (key, provenance)
    )
    (place,) = db.execute("SELECT id FROM provenances WHERE checksum = ?", (key,)).fetchone()
    content = (json.dumps(list(seeds)), status, started, float(seconds), error)
    added = db.execute(
        "INSERT INTO attempts (trial_id, seeds, status, started, seconds, error, provenance_id, "
        "checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, *content, place, of_call(trial, *content, key)),
    )
    assert added.lastrowid is not None  # a row was inserted
    return added.lastrowid


def of_call(
    trial: str,
    seeds: str,
    status: str,
    started: str,
    seconds: float,
    error: str | None,
    provenance: bytes,
) -> bytes:
    """Return the checksum of a call."""
    return checksums.of(trial, seeds, status, started, seconds, error, provenance)


def insert_seed(
    db: Connection, number: int, trial: str, seed: int, call: int, cells: Sequence[Cell]
) -> None:
    """Insert one finished seed and its measurements, replacing anything that a damaged store has
    for them."""
    db.execute("DELETE FROM measurements WHERE trial_id = ? AND seed = ?", (number, seed))
    db.executemany(
        "INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(number, seed, place, *cell) for place, cell in enumerate(cells)],
    )
    db.execute(
        "INSERT INTO seeds VALUES (?, ?, ?, ?)",
        (number, seed, call, checksums.of_seed(trial, seed, cells)),
    )


def insert_sweep(
    db: Connection,
    asked: int,
    study: str,
    label: str,
    wanted: Mapping[str, Sequence[int]],
    started: str,
    command: str,
) -> None:
    """Insert a command's request for a study. Repeating a request moves it to the end."""
    text = json.dumps({trial: list(seeds) for trial, seeds in wanted.items()})
    db.execute(
        "DELETE FROM sweeps WHERE study = ? AND label = ? AND wanted = ?", (study, label, text)
    )
    content = (asked, study, label, text, started, command)
    db.execute(
        "INSERT INTO sweeps (asked, study, label, wanted, started, command, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*content, checksums.of(*content)),
    )


def insert_meta(db: Connection, key: str, value: str) -> None:
    """Insert a row of `meta`, replacing one with the same key."""
    db.execute("DELETE FROM meta WHERE key = ?", (key,))  # REPLACE does not fire the trigger
    db.execute("INSERT INTO meta VALUES (?, ?, ?)", (key, value, checksums.of(key, value)))


def next_command(db: Connection) -> int:
    """Return the number `asked` for the sweeps of a new command."""
    return db.execute("SELECT coalesce(max(asked), 0) + 1 FROM sweeps").fetchone()[0]
