"""`mnist1d doctor`: check a store row by row, report damage, and repair what can be repaired.

To repair a store, the doctor copies all intact rows into a new store, which then replaces the
damaged one. The damaged store is kept beside it. The next sweep runs the seeds whose rows were
lost.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mnist1d.atomic import remove_leftovers
from mnist1d.errors import UsageError
from mnist1d.runs.contents import Problem, contents, count, places, sweeps
from mnist1d.runs.database import BROKEN, DamageError, Database
from mnist1d.runs.lock import alone
from mnist1d.runs.merge import Merged, copy
from mnist1d.runs.opening import no_runs
from mnist1d.runs.store import DATABASE, Store, open_store

MENDING = ".mending"  # the folder in which the new store is built
MAX_LINES = 20  # number of SQLite's own messages


@dataclass
class Diagnosis:
    """What the doctor found: the problems, seeds that were removed from an older store because
    their arrays were missing, counts of intact rows, leftover files removed; the location of the
    damaged store, if a new store replaced it."""

    problems: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    trials: int = 0
    seeds: int = 0
    rows: int = 0
    leftovers: int = 0
    kept: Path | None = None

    @property
    def is_mended(self) -> bool:
        """Whether a damaged store was replaced."""
        return self.kept is not None


def examine(
    runs: Path, *, mend: bool = True, waiting: Callable[[str], None] = lambda owner: None
) -> Diagnosis:
    """Check every row of a store and, by default, repair it. If a sweep is using the store, call
    `waiting` with its owner.

    Errors: UsageError if there is no store; FileFormatError if the file is not ours or has a newer
    schema; StoreError if the disk is full or read-only.
    """
    if not (runs / DATABASE).is_file():
        raise UsageError(no_runs(runs))
    found = Diagnosis()
    if not mend:
        _check(runs, found, write=False)
        return found
    with alone(runs, waiting):
        found.leftovers = _remove_leftovers(runs)
        _check(runs, found, write=True)
        if found.problems and found.trials:
            found.kept = _mend(runs)
    return found


def _check(runs: Path, found: Diagnosis, write: bool) -> None:
    """Count intact rows and list damage; write: migrate an older schema."""
    problem = _once(found.problems)
    try:
        store = open_store(runs, create=write)  # raises for files that are not ours
        for trial, seed in store.lost:
            found.removed.append(
                f"an array of trial {trial[:12]}, seed {seed}, is missing or damaged"
            )
        db = store.db
    except DamageError as error:  # cannot be opened as a store
        problem(error.what)
        db = Database(runs / DATABASE, write=False)
    try:
        with db.snapshot():  # without mending, a sweep may be writing
            for line in _complaints(db):
                problem(line)
            count(db, problem)
            for content in contents(db, problem):
                found.trials += 1
                found.seeds += len(content.cells)
                found.rows += sum(map(len, content.cells.values()))
            for _ in (*sweeps(db, problem), *places(db, problem)):
                pass
    finally:
        db.close()


def _once(problems: list[str]) -> Problem:
    """Return a function that adds a problem to a list once."""

    def problem(what: str) -> None:
        if what not in problems:
            problems.append(what)

    return problem


def _complaints(db: Database) -> list[str]:
    """Return the problems that SQLite itself reports."""
    try:
        lines = [line for (line,) in db.execute(f"PRAGMA integrity_check({MAX_LINES})")]
    except BROKEN as error:
        return [str(error)]
    return [] if lines == ["ok"] else lines


def _mend(runs: Path) -> Path:
    """Replace a damaged store by a new one with all intact rows; return the location of the damaged
    one."""
    folder, path = runs / MENDING, runs / DATABASE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    source = Database(path, write=False)
    try:
        with Store(folder, write=True) as target:
            copy(source, runs, target.db, Merged(), lambda what: None)
    finally:
        source.close()
    kept = next(
        name
        for number in range(1, 10**6)
        if not (name := runs / f"rows.damaged-{number}.sqlite").exists()
    )
    for end in ("", "-wal"):
        if path.with_name(path.name + end).exists():
            shutil.copyfile(path.with_name(path.name + end), kept.with_name(kept.name + end))
    for end in ("-wal", "-shm"):  # first: a new database must not meet an old one's WAL
        path.with_name(path.name + end).unlink(missing_ok=True)
    os.replace(folder / DATABASE, path)
    shutil.rmtree(folder, ignore_errors=True)
    return kept


def _remove_leftovers(runs: Path) -> int:
    """Remove files left by killed processes in the folder of runs and below; return their
    number."""
    count = 0
    if (runs / MENDING).is_dir():
        shutil.rmtree(runs / MENDING, ignore_errors=True)
        count += 1
    folders = [runs, *(place for place in runs.iterdir() if place.is_dir())]
    return count + sum(map(remove_leftovers, folders))
