"""The store: one SQLite database of long rows, arrays included; one transaction for each call of a
trial."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.errors import FileFormatError, Mnist1dError, UsageError
from mnist1d.experiments.rows import Record, Row, Rows
from mnist1d.experiments.study import Reference
from mnist1d.runs import schema
from mnist1d.runs.arrays import packed, read_array, remove_files, take_in_files
from mnist1d.runs.identity import canonical, flat, nested, trial_id

DATABASE = "rows.sqlite"
Cells = tuple[int, str, int | None, float | None, bytes | None]  # seed, metric, step, value, array
PATIENCE = 30.0  # seconds that a writer waits for another's transaction


class StoreError(Mnist1dError):
    """The store cannot be read or written: a full or read-only disk."""


@dataclass(frozen=True)
class Call:
    """One time that a trial ran: for which seeds, how it went ("done", "failed", "skipped"), and
    where it came from."""

    study: str
    trial: str
    config: Mapping[str, Any]  # flat
    seeds: tuple[int, ...]
    status: str
    started: str
    seconds: float
    error: str | None
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Sweep:
    """What somebody asked of one study: a label ("quick", "quick num_steps=500") and the wanted
    seeds of each trial."""

    sweep: int
    study: str
    label: str
    wanted: Mapping[str, Sequence[int]]
    started: str
    command: str


def open_store(folder: str | Path, *, create: bool = True) -> Store:
    """Open the store in a folder, and make both unless `create` is False: then the store is opened
    for reading.

    Errors: UsageError where there is none to read or the folder cannot be made; FileFormatError
    where the file is not a database, not ours, or of a newer schema; StoreError where the disk is
    full or read-only.
    """
    folder = Path(folder)
    path = folder / DATABASE
    if not create and not path.is_file():
        raise UsageError(no_runs(folder))
    if create:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the folder of runs {folder} cannot be made: {error.strerror}; name another with --runs"
            ) from None
    return Store(folder, write=create)


class Store:
    """Rows, trials and calls of one folder; a context manager. Readers and one writer may work at
    the same time (WAL)."""

    def __init__(self, folder: Path, write: bool):
        self.folder, self.path = folder, folder / DATABASE
        self.lost: list[
            tuple[str, int]
        ] = []  # (trial, seed) whose arrays were gone when the store was brought to this schema
        with self._explained():
            self.db = _connect(self.path, write)
            try:
                self._check(write)
            except BaseException:
                self.db.close()
                raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the store is of no use afterwards."""
        self.db.close()

    def add(
        self,
        study: str,
        config: Any,
        seeds: Sequence[int],
        rows: Sequence[Row] = (),
        *,
        status: str = "done",
        seconds: float = 0.0,
        started: str | None = None,
        error: str | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> str:
        """Write one call of a trial, its rows and its arrays, whole or not at all; return the
        trial's id.

        Seeds that the store holds already are left as they are, and their rows here are dropped.
        """
        trial = trial_id(study, config)
        cells = [
            _cells(row) for row in rows
        ]  # before the transaction: compressing arrays takes time
        with self._explained(), self._transaction():
            self._insert(
                study,
                config,
                trial,
                seeds,
                cells,
                (status, started or now(), seconds, error, provenance),
            )
        return trial

    def record_sweep(
        self,
        study: str,
        label: str,
        wanted: Mapping[str, Sequence[int]],
        command: str,
        started: str | None = None,
        reference: Reference | None = None,
    ) -> None:
        """Remember what a sweep wants of one study; the same wish again moves it to the end.

        reference: where a study from outside the package is found again.
        """
        text, started = json.dumps(wanted), started or now()
        with self._explained(), self._transaction():
            if reference is not None:
                self.db.execute(
                    "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                    (f"study {study}", json.dumps(asdict(reference))),
                )
            self.db.execute(
                "DELETE FROM sweeps WHERE study = ? AND label = ? AND wanted = ?",
                (study, label, text),
            )
            columns = (study, label, text, started, command)
            self.db.execute(
                "INSERT INTO sweeps (study, label, wanted, started, command) VALUES (?, ?, ?, ?, ?)",
                columns,
            )

    def reference(self, study: str) -> Reference | None:
        """Return where a study from outside the package was found last; None for ours."""
        found = self._read("SELECT value FROM meta WHERE key = ?", f"study {study}")
        return Reference(**json.loads(found[0][0])) if found else None

    def done(self, trial: str) -> set[int]:
        """Return the seeds of a trial that are done."""
        query = "SELECT seed FROM seeds JOIN trials ON id = trial_id WHERE trial = ?"
        return {seed for (seed,) in self._read(query, trial)}

    def failed(self, trial: str) -> set[int]:
        """Return the seeds of a trial that failed and were not done since."""
        calls = [c for c in self.calls(trial=trial) if c.status == "failed"]
        return {seed for call in calls for seed in call.seeds} - self.done(trial)

    def sweeps(self, study: str | None = None) -> list[Sweep]:
        """Return the recorded sweeps, latest last."""
        query = "SELECT sweep, study, label, wanted, started, command FROM sweeps WHERE ?1 IS NULL OR study = ?1 ORDER BY sweep"
        return [
            Sweep(n, s, label, json.loads(wanted), *rest)
            for n, s, label, wanted, *rest in self._read(query, study)
        ]

    def latest(self, study: str, label: str | None = None) -> list[Sweep]:
        """Return what one command asked last of a study, under a label if told: one sweep for each
        of the command's labels."""
        found = [s for s in self.sweeps(study) if label in (None, s.label)]
        return [
            s for s in found if (s.started, s.command) == (found[-1].started, found[-1].command)
        ]

    def studies(self) -> list[str]:
        """Return the names of the studies that have trials here."""
        return [name for (name,) in self._read("SELECT DISTINCT study FROM trials ORDER BY id")]

    def calls(self, study: str | None = None, trial: str | None = None) -> list[Call]:
        """Return every call, or those of one study or trial, in the order in which they were
        written."""
        query = """SELECT study, trial, config, seeds, status, started, seconds, error, provenance FROM calls JOIN trials ON id = trial_id
                   WHERE (?1 IS NULL OR study = ?1) AND (?2 IS NULL OR trial = ?2) ORDER BY call"""
        return [
            Call(
                s,
                t,
                flat(json.loads(config)),
                tuple(json.loads(seeds)),
                status,
                started,
                seconds,
                error,
                json.loads(provenance),
            )
            for s, t, config, seeds, status, started, seconds, error, provenance in self._read(
                query, study, trial
            )
        ]

    def rows(self, study: str, label: str | None = None) -> Rows:
        """Return the rows of what was last asked of a study (under a label: "paper"), in the order
        of its grid; all of them where no sweep was recorded, so that trials of other settings do
        not mix in."""
        sweeps = [s for s in self.sweeps(study) if label is None or s.label == label]
        if label is not None and not sweeps:
            return Rows([])
        return self.all_rows(study, sweeps[-1].wanted if sweeps else None)

    def all_rows(
        self, study: str | None = None, wanted: Mapping[str, Sequence[int]] | None = None
    ) -> Rows:
        """Return every row, or those of a study, or of the wanted seeds of the wanted trials, in
        their order."""
        known = {trial: (i, flat(json.loads(config))) for i, trial, config in self._trials(study)}
        names = known if wanted is None else [trial for trial in wanted if trial in known]
        query = "SELECT seed, metric, step, value, array FROM measurements WHERE trial_id = ? ORDER BY rowid"
        records = []
        for trial in names:
            number, config = known[trial]
            for seed, metric, step, value, array in self._read(query, number):
                if wanted is None or seed in wanted[trial]:
                    if array is not None:
                        value = read_array(
                            self.folder,
                            array,
                            f"{self.path}: {metric} of trial {trial[:12]}, seed {seed}",
                        )
                    records.append(
                        Record(
                            trial, config, seed, metric, step, math.nan if value is None else value
                        )
                    )
        return Rows(records)

    def _trials(self, study: str | None) -> list[tuple[int, str, str]]:
        return self._read(
            "SELECT id, trial, config FROM trials WHERE ?1 IS NULL OR study = ?1 ORDER BY id", study
        )

    def _insert(
        self,
        study: str,
        config: Any,
        trial: str,
        seeds: Sequence[int],
        cells: Sequence[Cells],
        call: tuple,
    ) -> None:
        status, started, seconds, error, provenance = call
        columns = (trial, study, canonical(nested(config)))
        self.db.execute(
            "INSERT OR IGNORE INTO trials (trial, study, config) VALUES (?, ?, ?)", columns
        )
        (number,) = self.db.execute("SELECT id FROM trials WHERE trial = ?", (trial,)).fetchone()
        done = {
            seed
            for (seed,) in self.db.execute("SELECT seed FROM seeds WHERE trial_id = ?", (number,))
        }
        new = [int(seed) for seed in seeds if seed not in done]
        key = self.db.execute(
            "INSERT INTO calls (trial_id, seeds, status, started, seconds, error, provenance) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                json.dumps(new),
                status,
                started,
                seconds,
                error,
                json.dumps(provenance or {}),
            ),
        ).lastrowid
        if status != "done":
            return
        self.db.executemany(
            "INSERT INTO seeds VALUES (?, ?, ?)", [(number, seed, key) for seed in new]
        )
        self.db.executemany(
            "INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?)",
            [(number, *row) for row in cells if row[0] in new],
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def _read(self, query: str, *arguments: Any) -> list[tuple]:
        with self._explained():
            return self.db.execute(query, arguments).fetchall()

    def _check(self, write: bool) -> None:
        """Refuse what is not ours or newer; make the tables in a new file."""
        empty = not self.db.execute(
            "SELECT 1 FROM sqlite_master LIMIT 1"
        ).fetchone()  # first: the tables and what follows come together
        (application,), (version,) = (
            self.db.execute(f"PRAGMA {name}").fetchone()
            for name in ("application_id", "user_version")
        )
        if empty and application == 0 and not write:
            raise UsageError(no_runs(self.folder))
        if empty and application == 0 and write:
            self.db.execute("PRAGMA journal_mode = WAL")
            with self._transaction():
                if not self.db.execute(
                    "SELECT 1 FROM sqlite_master LIMIT 1"
                ).fetchone():  # another process may have been first
                    for statement in schema.TABLES.split(";\n"):
                        self.db.execute(statement)
                    self.db.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
                    self.db.execute(f"PRAGMA user_version = {schema.VERSION}")
        elif application != schema.APPLICATION_ID:
            raise FileFormatError(
                f"{self.path} is a database, but not one of mnist1d's: name another folder with --runs"
            )
        elif version > schema.VERSION:
            raise FileFormatError(
                f"{self.path} has schema {version}, this version of mnist1d reads up to {schema.VERSION}: update mnist1d, "
                "or name another folder with --runs"
            )
        elif write and version < schema.VERSION:
            with self._transaction():
                self.lost = take_in_files(self.db, self.folder)
                self.db.execute(f"PRAGMA user_version = {schema.VERSION}")
        if write:
            remove_files(self.folder)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into sentences."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _explanation(self.path, error) from error
        except OSError as error:
            raise StoreError(f"cannot write in {self.folder}: {error.strerror or error}") from error


def no_runs(folder: Path) -> str:
    """Return what is said of a folder without a store."""
    return f"no runs in {folder}: run a study first, mnist1d run STUDY --runs {folder}, or name another folder"


def now() -> str:
    """Return the time, UTC, in ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _connect(path: Path, write: bool) -> sqlite3.Connection:
    if write:
        return sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    uri = path.resolve().as_uri()
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=PATIENCE, isolation_level=None)
    try:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except (
        sqlite3.OperationalError
    ):  # a read-only folder: no room for the files that WAL keeps beside the database
        db.close()
        db = sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None)
    return db


def _explanation(path: Path, error: sqlite3.DatabaseError) -> Mnist1dError:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_NOTADB"):
        return FileFormatError(
            f"{path} is not a database: name another folder with --runs, or move that file away"
        )
    if name.startswith("SQLITE_CORRUPT"):
        return FileFormatError(
            f"{path} is damaged ({error}): copy what is left with the program sqlite3, .recover, or start another folder"
        )
    if name.startswith("SQLITE_FULL"):
        return StoreError(
            f"the disk of {path} is full: make room, then give the same command again; what was written before is kept"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreError(
            f"{path} cannot be written: make its folder writable, or name another with --runs ({error})"
        )
    if name.startswith("SQLITE_BUSY"):
        return StoreError(
            f"{path} has been held by another program for {PATIENCE:.0f} seconds: close that program, or wait for it"
        )
    return StoreError(f"{path}: {error}")


def _cells(row: Row) -> Cells:
    step = None if row.step is None else int(row.step)
    if isinstance(row.value, np.ndarray):
        return int(row.seed), row.metric, step, None, packed(row.value)
    value = float(row.value)
    return int(row.seed), row.metric, step, None if math.isnan(value) else value, None
