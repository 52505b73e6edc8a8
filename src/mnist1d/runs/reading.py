"""Read rows from the store's tables, and verify their checksums.

Errors: DamageError, which names the row, if a row is missing or changed since it was written.
"""

from __future__ import annotations

import functools
import json
import math
import sys
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np

from mnist1d.checks import Json, check_text
from mnist1d.experiments.rows import Record
from mnist1d.experiments.study import Reference
from mnist1d.runs import checksums
from mnist1d.runs.arrays import unpacked
from mnist1d.runs.checksums import Cell
from mnist1d.runs.database import DamageError, Database, Value
from mnist1d.runs.identity import flat, trial_id_of
from mnist1d.runs.records import Call, Sweep
from mnist1d.runs.writing import of_call


class Trial(NamedTuple):
    """A row of `trials`, without its id; `config` is JSON."""

    number: int
    study: str
    config: str


P = ParamSpec("P")
R = TypeVar("R")


def _of_one_state(
    read: Callable[Concatenate[Database, P], R],
) -> Callable[Concatenate[Database, P], R]:
    """Let all queries of a function see the same state, because a sweep may write between two."""

    @functools.wraps(read)
    def in_snapshot(db: Database, *arguments: P.args, **options: P.kwargs) -> R:
        with db.snapshot():
            return read(db, *arguments, **options)

    return in_snapshot


@_of_one_state
def read_trials(
    db: Database, study: str | None = None, wanted: Collection[str] | None = None
) -> dict[str, Trial]:
    """Return the trials of all studies or of one, at least those that are wanted.

    Every trial is checked, because a damaged study name would hide its rows; but a few wanted
    trials are looked up by their ids, as long as all of them are there.
    """
    if study is not None:
        check_text(study, "study")
    lines: list[tuple] = []
    if wanted is not None and len(wanted) <= FEW:
        lines = [line for trial in wanted for line in db.read(f"{TRIALS} WHERE trial = ?", trial)]
    if wanted is None or len(lines) < len(wanted):
        lines = db.read(f"{TRIALS} ORDER BY id")
        check_count(db, "trials", len(lines))
    for _, trial, name, config in lines:
        if not isinstance(name, str) or trial != trial_id_of(name, config):
            raise changed(db, f"the config of trial {str(trial)[:12]}")
    return {
        trial: Trial(number, name, config)
        for number, trial, name, config in lines
        if study in (None, name)
    }


def read_records(
    db: Database, trial: str, line: Trial, seeds: Sequence[int] | None
) -> Iterator[Record]:
    """Yield the rows of a trial, for all its seeds or some."""
    config, kept = flat(json.loads(line.config)), None if seeds is None else set(seeds)
    for seed, cells in _read_cells(db, trial, line.number).items():
        for metric, step, value, array in cells if kept is None or seed in kept else ():
            content: float | np.ndarray = math.nan if value is None else value
            if array is not None:
                try:
                    content = unpacked(array)
                except (ValueError, EOFError, zlib.error):
                    raise changed(db, f"{metric} of trial {trial[:12]}, seed {seed},") from None
            # interned: a million rows share few names
            yield Record(trial, config, seed, sys.intern(metric), step, content)


@_of_one_state
def read_calls(
    db: Database, study: str | None, trial: str | None, status: str | None, after: int
) -> list[Call]:
    """Return calls in the order in which they were written; see `Store.calls`."""
    if not after:
        check_count(db, "attempts")
        query = "SELECT min(call + 0), max(call + 0), count(*) FROM attempts NOT INDEXED"
        first, last, count = db.read(query)[0]
        if count and (first, last) != (1, count):
            raise changed(db, "the numbers of the calls")
    configs: dict[str, Mapping[str, object]] = {}
    origins: dict[bytes, Json] = {}  # by checksum
    result = []
    for line in db.read(CALLS, study, trial, after, status):
        number, name, of, config, seeds, how, started, seconds, error, origin, *keys = line
        if keys[0] not in origins and keys[0] == checksums.of(origin):
            origins[keys[0]] = json.loads(origin)  # once for all calls that share it
        expected = of_call(name, seeds, how, started, seconds, error, keys[0])
        if keys[0] not in origins or keys[1] != expected:
            raise changed(db, f"call {number}, of trial {str(name)[:12]} ({of}),")
        if name not in configs:
            configs[name] = flat(json.loads(config))
        call = (tuple(json.loads(seeds)), how, started, seconds, error, origins[keys[0]])
        result.append(Call(of, name, configs[name], *call, number=number))
    return result


@_of_one_state
def read_sweeps(db: Database, which: str, *arguments: Value) -> list[Sweep]:
    """Return the sweeps for which an SQL condition holds, latest last."""
    check_count(db, "sweeps")
    query = f"SELECT {', '.join(SWEEP)}, checksum, sweep FROM sweeps WHERE {which} ORDER BY sweep"
    result = []
    for *content, key, sweep in db.read(query, *arguments):
        if key != checksums.of(*content):
            raise changed(db, f"sweep {sweep}")
        asked, study, label, wanted, started, command = content
        result.append(Sweep(sweep, study, label, json.loads(wanted), started, command, asked))
    return result


@_of_one_state
def read_reference(db: Database, study: str) -> Reference | None:
    """Return the last known location of a study from outside the package; None for our own."""
    check_count(db, "meta")
    found = None
    for key, value, checksum in db.read("SELECT key, value, checksum FROM meta NOT INDEXED"):
        if checksum != checksums.of(key, value):
            raise changed(db, f"the line {key!r}")
        if key == f"study {study}":
            found = Reference(**json.loads(value))
    return found


def check_count(db: Database, table: str, lines: int | None = None) -> None:
    """Raise DamageError if a table has more or fewer rows than were written."""
    ((written,),) = db.read("SELECT sum(value) FROM counts WHERE name = ?", table)
    if lines is None:
        ((lines,),) = db.read(f"SELECT count(*) FROM {table} NOT INDEXED")
    if lines != written:
        raise changed(db, f"the table {table} ({lines} lines, {written} written)")


def changed(db: Database, what: str) -> DamageError:
    """Return the error for a row that was changed or damaged."""
    return DamageError(db.path, f"{what} changed since it was written")


def _read_cells(db: Database, trial: str, number: int) -> dict[int, list[Cell]]:
    """Return the measurements of a trial by seed."""
    with db.snapshot():
        keys = dict(db.execute(KEYS_OF_TRIAL, (number,)))
        found: dict[int, list[Cell]] = {seed: [] for seed in keys}
        for seed, metric, step, value, array in db.execute(CELLS_OF_TRIAL, (number,)):
            found.setdefault(seed, []).append((metric, step, value, array))
    for seed, cells in found.items():
        if keys.get(seed) != checksums.of_seed(trial, seed, cells):
            raise DamageError(
                db.path, f"rows of trial {trial[:12]}, seed {seed}, changed since they were written"
            )
    return found


FEW = 100  # trials that are looked up one by one
TRIALS = "SELECT id, trial, study, config FROM trials"
SWEEP = ("asked", "study", "label", "wanted", "started", "command")
KEYS_OF_TRIAL = "SELECT seed, checksum FROM seeds WHERE trial_id = ? ORDER BY seed"
CELLS_OF_TRIAL = (
    "SELECT seed, metric, step, value, array FROM measurements WHERE trial_id = ? "
    "ORDER BY seed, place"
)
CALLS = """
SELECT call, trial, study, config, seeds, status, started, seconds, error, content,
  provenances.checksum, attempts.checksum
FROM attempts LEFT JOIN trials ON trials.id = trial_id
  LEFT JOIN provenances ON provenances.id = provenance_id
WHERE (?1 IS NULL OR study = ?1) AND (?2 IS NULL OR trial = ?2) AND call > ?3
  AND (?4 IS NULL OR status = ?4)
ORDER BY call
"""
