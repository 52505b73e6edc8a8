"""`mnist1d doctor`: examine a store line by line, say what is damaged, and mend what can be mended.

A damaged store is mended by copying all that is sound into a new one, which then takes its place;
the damaged one is kept beside it. Seeds whose rows did not survive run again with the next sweep.
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

MENDING = ".mending"  # the folder in which the new store grows
MAX_LINES = 20  # of SQLite's own complaints


@dataclass
class Diagnosis:
    """What the doctor found: problems in words, seeds of an older store whose arrays were gone and
    which were removed, counts of what is sound, leftovers removed; where the damaged store is kept,
    if a new one took its place."""

    problems: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    trials: int = 0
    seeds: int = 0
    rows: int = 0
    leftovers: int = 0
    kept: Path | None = None

    @property
    def is_mended(self) -> bool:
        """Whether what was damaged has been replaced."""
        return self.kept is not None


def examine(
    runs: Path, *, mend: bool = True, waiting: Callable[[str], None] = lambda owner: None
) -> Diagnosis:
    """Check every line of a store, and mend it by default; call `waiting` with the owner
    where a sweep is using it.

    Errors: UsageError where there is no store; FileFormatError where the file is not one of ours or
    of a newer schema; StoreError where the disk is full or read-only.
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
    """Count what is sound and list what is not; write: bring an older schema to the present one."""
    problem = _once(found.problems)
    try:
        store = open_store(runs, create=write)  # refuses what is not ours
        for trial, seed in store.lost:
            found.removed.append(
                f"an array of trial {trial[:12]}, seed {seed}, is missing or damaged"
            )
        db = store.db
    except DamageError as error:  # nothing that can be opened as a store
        problem(error.what)
        db = Database(runs / DATABASE, write=False)
    try:
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
    """Return what adds a problem to a list unless it is there."""

    def problem(what: str) -> None:
        if what not in problems:
            problems.append(what)

    return problem


def _complaints(db: Database) -> list[str]:
    """Return what SQLite itself finds wrong with the file."""
    try:
        lines = [line for (line,) in db.execute(f"PRAGMA integrity_check({MAX_LINES})")]
    except BROKEN as error:
        return [str(error)]
    return [] if lines == ["ok"] else lines


def _mend(runs: Path) -> Path:
    """Put a new store with all that is sound in the place of a damaged one; return where the
    damaged one is kept."""
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
    """Remove what killed processes left in the folder of runs and below; return the number."""
    count = 0
    if (runs / MENDING).is_dir():
        shutil.rmtree(runs / MENDING, ignore_errors=True)
        count += 1
    folders = [runs, *(place for place in runs.iterdir() if place.is_dir())]
    return count + sum(map(remove_leftovers, folders))
