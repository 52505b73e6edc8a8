"""The store: one SQLite database of long rows, arrays included; one transaction for each call of a
trial."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from mnist1d.checks import (
    as_utf8,
    check_flag,
    check_name,
    check_path,
    check_real,
    check_text,
    check_wholes,
    show,
)
from mnist1d.errors import UsageError
from mnist1d.experiments.rows import Record, Row, Rows
from mnist1d.experiments.study import Reference
from mnist1d.runs.database import Database, StoreError
from mnist1d.runs.identity import canonical, nested, trial_id_of
from mnist1d.runs.opening import no_runs, prepare
from mnist1d.runs.reading import (
    check_count,
    read_calls,
    read_records,
    read_reference,
    read_sweeps,
    read_trials,
)
from mnist1d.runs.records import Call, Standing, Sweep, Wish
from mnist1d.runs.writing import (
    cells_of,
    insert_call,
    insert_meta,
    insert_seed,
    insert_sweep,
    insert_trial,
    next_command,
)

DATABASE = "rows.sqlite"
STATUSES = ("done", "failed", "skipped", "lost")
Wanted = Mapping[str, Sequence[int]]  # trial: seeds

__all__ = ["Call", "Standing", "Store", "StoreError", "Sweep", "Wish", "now", "open_store"]


def open_store(folder: str | Path, *, create: bool = True) -> Store:
    """Open the store in a folder.

    Args:
      folder: the folder; made if it is missing.
      create: make folder and store; False: open an existing store for reading.

    Returns:
      The store, a context manager.

    Raises:
      UsageError: if there is nothing to read, or the folder cannot be made.
      FileFormatError: if the file is not a database of this package, is damaged, or is of a newer
        version.
      StoreError: if the disk is full or read-only.

    Examples:
      >>> with open_store("new-runs") as store:
      ...     store.studies()
      []
    """
    folder, create = check_path(folder, "folder"), check_flag(create, "create")
    path = folder / DATABASE
    if not create and not path.is_file():
        raise UsageError(no_runs(folder))
    if create:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot create the folder {folder}: {error.strerror}; choose another with --runs"
            ) from None
    return Store(folder, write=create)


class Store:
    """Rows, trials and calls of one folder; a context manager.

    Readers and one writer may work at the same time. Reading compares every line with its checksum.

    Args:
      folder: the folder; call `open_store` rather than this class.

    Raises:
      FileFormatError: for damaged lines; it names the trial and the command that repairs the store.

    Examples:
      >>> with open_store("mnist1d-runs") as store:
      ...     len(store.rows("spatial-priors"))
      0
    """

    def __init__(self, folder: Path, write: bool):
        self.folder, self.path = folder, folder / DATABASE
        self.db = Database(self.path, write)
        try:
            with self.db.explained():
                self.lost = prepare(self.db, folder)  # seeds that a migration could not copy
        except BaseException:
            self.db.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self.db.close()

    def sync(self) -> None:
        """Write everything to the disk.

        Raises:
          StoreError: if the file was deleted or replaced meanwhile; what was written is lost.
        """
        self.db.sync()

    # ------------------------------------------------------------------ writing

    def add(
        self,
        study: str,
        config: object,
        seeds: Sequence[int],
        rows: Sequence[Row] = (),
        *,
        status: str = "done",
        seconds: float = 0.0,
        started: str | None = None,
        error: str | None = None,
        provenance: Mapping[str, object] | None = None,
    ) -> str:
        """Write one call of a trial with its rows and arrays, in one transaction.

        Args:
          study: name of the study.
          config: the trial's config.
          seeds: its seeds; those that the store already holds are left as they are.
          rows: the measurements.
          status: "done", "failed" or "skipped".
          seconds: time that the call took.
          started: when it started, UTC in ISO 8601.
          error: a traceback or a reason.
          provenance: versions, device and the like.

        Returns:
          The trial's id.

        Raises:
          UsageError: for an argument of the wrong kind.
          StoreError: if the disk is full or read-only.
        """
        text = canonical(nested(config))
        trial = trial_id_of(check_text(study, "study"), text)
        check_name(status, STATUSES, "status")
        seeds = check_wholes(seeds, 0, "seeds")
        seconds = check_real(seconds, 0, math.inf, "seconds")
        started = now() if started is None else check_text(started, "started")
        if isinstance(error, str):  # a traceback may quote the name of a file that is not UTF-8
            error = as_utf8(error)
        error = None if error is None else check_text(error, "error")
        cells = cells_of(rows)  # before the transaction: compressing arrays takes time
        try:
            origin = json.dumps(dict(provenance or {}))
        except (TypeError, ValueError):
            rule = "provenance must be a mapping that JSON can hold"
            raise UsageError(f"{rule}, got {show(provenance)}") from None
        with self.db.transaction():
            number = insert_trial(self.db, trial, study, text)
            done = {seed for (seed,) in self.db.execute(OF_TRIAL, (number,))}
            new = [seed for seed in seeds if seed not in done]
            if (
                status == "done" and seeds and not new
            ):  # another process has already stored all of them
                return trial
            call = insert_call(self.db, number, trial, new, status, started, seconds, error, origin)
            for seed in new if status == "done" else ():
                insert_seed(self.db, number, trial, seed, call, cells.get(seed, ()))
        return trial

    def record_sweep(
        self,
        study: str,
        label: str,
        wanted: Wanted,
        command: str,
        started: str | None = None,
        reference: Reference | None = None,
    ) -> None:
        """Remember which seeds of which trials a sweep wants of one study.

        Args:
          study: name of the study.
          label: preset and overrides, "quick num_steps=500".
          wanted: the seeds by trial id.
          command: what was asked, in words.
          started: when, UTC in ISO 8601.
          reference: locates a study from outside the package.
        """
        self.record_sweeps([Wish(study, label, wanted, reference)], command, started)

    def record_sweeps(
        self, wishes: Iterable[Wish], command: str, started: str | None = None
    ) -> None:
        """Record all requests of one command, like `record_sweep`.

        Args:
          wishes: one per study and label.
          command: what was asked, in words.
          started: when, UTC in ISO 8601.
        """
        with self.db.transaction():
            asked = next_command(self.db)
            for study, label, wanted, reference in wishes:
                insert_sweep(self.db, asked, study, label, wanted, started or now(), command)
                if reference is not None:
                    insert_meta(self.db, f"study {study}", json.dumps(asdict(reference)))

    # ------------------------------------------------------------------ reading

    def done(self, trial: str) -> set[int]:
        """Return the finished seeds of a trial.

        Args:
          trial: its id.

        Returns:
          The seeds.
        """
        check_text(trial, "trial")
        query = "SELECT seed FROM seeds JOIN trials ON id = trial_id WHERE trial = ?"
        return {seed for (seed,) in self.db.read(query, trial)}

    def failed(self, trial: str) -> set[int]:
        """Return the seeds of a trial that failed and have not succeeded since.

        Args:
          trial: its id.

        Returns:
          The seeds.
        """
        return self.standing(check_text(trial, "trial")).failed.get(trial, set())

    def standing(self, trial: str | None = None) -> Standing:
        """Return what is done and what failed.

        Args:
          trial: its id; default: all trials.

        Returns:
          Seeds by trial id.
        """
        with self.db.snapshot():
            done: dict[str, set[int]] = {}
            for name, seed in self.db.execute(DONE, (trial,)):
                done.setdefault(name, set()).add(seed)
            if trial is None:
                check_count(self.db, "seeds", sum(map(len, done.values())))
            failed: dict[str, set[int]] = {}
            for call in self.calls(trial=trial, status="failed"):
                left = set(call.seeds) - done.get(call.trial, set())
                failed.setdefault(call.trial, set()).update(left)
        return Standing(done, {name: seeds for name, seeds in failed.items() if seeds})

    def made_by_others(self, study: str, sha256: str) -> dict[str, set[int]]:
        """Return the finished seeds that another version of a study's file made.

        Args:
          study: its name.
          sha256: of the file.

        Returns:
          Seeds by trial id.
        """
        found: dict[str, set[int]] = {}
        for trial, seed in self.db.read(OF_OTHERS, check_text(study, "study"), sha256):
            found.setdefault(trial, set()).add(seed)
        return found

    def sweeps(self, study: str | None = None) -> list[Sweep]:
        """Return the recorded sweeps, latest last.

        Args:
          study: its name; default: all studies.

        Returns:
          The sweeps.
        """
        return read_sweeps(self.db, "?1 IS NULL OR study = ?1", study)

    def latest(
        self, study: str | None = None, label: str | None = None, preset: str | None = None
    ) -> list[Sweep]:
        """Return the sweeps of the last command.

        Args:
          study: its name; default: any study.
          label: preset and overrides; default: any label.
          preset: the label's first word; default: any.

        Returns:
          One sweep per label of the command.
        """
        which = (
            "(?1 IS NULL OR study = ?1) AND (?2 IS NULL OR label = ?2) "
            "AND (?3 IS NULL OR label || ' ' LIKE ?3 || ' %')"
        )
        last = f"asked = (SELECT max(asked) FROM sweeps WHERE {which})"
        return read_sweeps(self.db, f"{which} AND {last}", study, label, preset)

    def reference(self, study: str) -> Reference | None:
        """Return where a study from outside the package was found last.

        Args:
          study: its name.

        Returns:
          The reference; None for this package's studies.
        """
        return read_reference(self.db, study)

    def studies(self) -> list[str]:
        """Return the names of the studies that have trials here.

        Returns:
          The names.
        """
        return list(dict.fromkeys(trial.study for trial in read_trials(self.db).values()))

    def last_call(self) -> int:
        """Return the number of the latest call.

        Returns:
          Its number; 0 if there is none.
        """
        return self.db.read("SELECT coalesce(max(call), 0) FROM attempts")[0][0]

    def calls(
        self,
        study: str | None = None,
        trial: str | None = None,
        *,
        status: str | None = None,
        after: int = 0,
    ) -> list[Call]:
        """Return calls in the order in which they were written.

        Args:
          study: only those of this study.
          trial: only those of this trial.
          status: only those with this status.
          after: only those with a number above this one.

        Returns:
          The calls.
        """
        return read_calls(self.db, study, trial, status, after)

    def rows(self, study: str, label: str | None = None) -> Rows:
        """Return the rows of the last sweep of a study, in the order of its grid.

        Args:
          study: its name.
          label: preset and overrides; default: any label.

        Returns:
          The rows; all of the study's rows if no sweep was recorded.
        """
        sweeps = self.latest(study, label)
        if label is not None and not sweeps:
            return Rows([])
        return self.all_rows(study, sweeps[-1].wanted if sweeps else None)

    def all_rows(self, study: str | None = None, wanted: Wanted | None = None) -> Rows:
        """Return every row.

        Args:
          study: only those of this study.
          wanted: only these seeds of these trials, in this order.

        Returns:
          The rows, within a trial by seed.
        """
        return Rows(self.each_row(study, wanted))

    def each_row(self, study: str | None = None, wanted: Wanted | None = None) -> Iterator[Record]:
        """Yield what `all_rows` returns, with one trial in memory at a time.

        Args:
          study: only those of this study.
          wanted: only these seeds of these trials, in this order.

        Returns:
          An iterator of records.
        """
        known = read_trials(self.db, study, wanted)
        for trial in known if wanted is None else wanted:
            if trial in known:
                seeds = None if wanted is None else wanted[trial]
                yield from read_records(self.db, trial, known[trial], seeds)


def now() -> str:
    """Return the time, UTC, in ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


OF_TRIAL = "SELECT seed FROM seeds WHERE trial_id = ?"
DONE = "SELECT trial, seed FROM seeds JOIN trials ON id = trial_id WHERE ?1 IS NULL OR trial = ?1"
OF_OTHERS = """
SELECT trial, seed FROM seeds JOIN attempts USING (call) JOIN trials ON trials.id = seeds.trial_id
WHERE study = ?1 AND provenance_id IN (
  SELECT id FROM provenances WHERE json_extract(content, '$.study.sha256') IS NOT ?2
)
"""
