"""The whole content of a store, trial by trial, with every row checked, for `merge` and
`doctor`."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mnist1d.runs import checksums, schema
from mnist1d.runs.checksums import Cell
from mnist1d.runs.database import BROKEN, DamageError, Database
from mnist1d.runs.identity import trial_id_of
from mnist1d.runs.writing import of_call

Problem = Callable[[str], None]
MAX_FAILURES = 10_000  # reads of a damaged table; a table without its root page never returns
UNKNOWN = json.dumps({"lost": "the provenance was damaged; mnist1d doctor removed it"})


class CallLine(NamedTuple):
    """A call, as stored."""

    seeds: tuple[int, ...]
    status: str
    started: str
    seconds: float
    error: str | None
    provenance: str  # JSON


@dataclass
class Content:
    """One trial: its config as canonical JSON, its calls by number, the measurements of the
    finished seeds, and the call of each seed."""

    trial: str
    study: str
    config: str
    calls: dict[int, CallLine] = field(default_factory=dict)
    cells: dict[int, list[Cell]] = field(default_factory=dict)
    call_of: dict[int, int] = field(default_factory=dict)


class SweepLine(NamedTuple):
    """A sweep, as stored; `wanted` is JSON."""

    asked: int
    study: str
    label: str
    wanted: str
    started: str
    command: str


def refuse(db: Database) -> Problem:
    """Return a function that raises DamageError at the first problem."""

    def problem(what: str) -> None:
        raise DamageError(db.path, what)

    return problem


def contents(db: Database, problem: Problem) -> Iterator[Content]:
    """Yield the trials of a store with their intact content; call `problem` for everything else."""
    provenances = {
        number: (content, key)
        for number, content, key in lines(db, "provenances", "id", ("content", "checksum"), problem)
    }
    calls: dict[int, list[tuple]] = {}
    columns = ("trial_id", "provenance_id", "checksum", *CallLine._fields[:-1])
    for call, number, *rest in lines(db, "attempts", "call", columns, problem):
        calls.setdefault(number, []).append((call, *rest))
    known = set()
    for number, trial, study, config in lines(
        db, "trials", "id", ("trial", "study", "config"), problem
    ):
        if not isinstance(study, str) or trial != trial_id_of(study, config):
            problem(f"the config of trial {str(trial)[:12]} changed since it was written")
            continue
        known.add(number)
        content = Content(trial, study, config)
        for call, provenance, key, *line in calls.get(number, ()):
            text = _provenance(trial, line, key, *provenances.get(provenance, ("", b"")))
            if text is None:
                problem(
                    f"call {call}, of trial {trial[:12]} ({study}), changed since it was written"
                )
                continue
            if text == UNKNOWN:
                problem(f"the provenance of call {call}, of trial {trial[:12]}, is damaged")
            seeds, status, started, seconds, error = line
            content.calls[call] = CallLine(
                tuple(json.loads(seeds)), status, started, seconds, error, text
            )
        _add_seeds(db, number, content, problem)
        yield content
    strangers = {number for number in calls if number not in known}
    strangers |= {n for (n,) in _attempt(db, "SELECT DISTINCT trial_id FROM seeds", (), problem)}
    for number in sorted(strangers - known, key=str):
        problem(f"trial number {number}, which some rows belong to, is missing")


def count(db: Database, problem: Problem) -> None:
    """Call `problem` for each table that has lost or gained rows."""
    for table in schema.COUNTED:
        for written, lines in _attempt(
            db,
            f"SELECT (SELECT value FROM counts WHERE name = '{table}'), "
            f"(SELECT count(*) FROM {table} NOT INDEXED)",
            (),
            problem,
        ):
            if written != lines:
                problem(f"the table {table} has {lines} rows, but {written} were written")


def sweeps(db: Database, problem: Problem) -> Iterator[SweepLine]:
    """Yield the intact sweeps, in the order of their commands."""
    columns = (*SweepLine._fields, "checksum")
    for sweep, asked, study, label, wanted, started, command, key in lines(
        db, "sweeps", "sweep", columns, problem
    ):
        line = SweepLine(asked, study, label, wanted, started, command)
        if key == checksums.of(*line):
            yield line
        else:
            problem(f"sweep {sweep} changed since it was written")


def places(db: Database, problem: Problem) -> Iterator[tuple[str, str]]:
    """Yield the intact rows of `meta`: the locations of studies from outside the package."""
    for key, value, checksum in _attempt(db, "SELECT key, value, checksum FROM meta", (), problem):
        if checksum == checksums.of(key, value):
            yield key, value
        else:
            problem(f"the row {key!r} changed since it was written")


def lines(
    db: Database, table: str, key: str, columns: Sequence[str], problem: Problem
) -> list[tuple]:
    """Return (key, *columns) of a table with an integer key; if a page is damaged, the rows of the
    other pages."""
    query = (
        f"SELECT {key}, {', '.join(columns)} FROM {table} NOT INDEXED "
        f"WHERE {key} BETWEEN ? AND ? ORDER BY {key}"
    )
    try:
        return db.execute(query, (-(2**62), 2**62)).fetchall()
    except BROKEN as error:
        problem(f"the table {table}: {error}")
    return list(_readable(db, query, db.path.stat().st_size))  # a row takes more than a byte


def _readable(db: Database, query: str, end: int) -> Iterator[tuple]:
    """Yield the readable rows with keys 0 to end; if reading fails, halve the range."""
    ranges, failures = deque([(0, end)]), 0
    while ranges and failures < MAX_FAILURES:
        low, high = ranges.popleft()
        try:
            yield from db.execute(query, (low, high)).fetchall()
        except BROKEN:
            failures += 1
            middle = (low + high) // 2
            if low < high:
                ranges += [(low, middle), (middle + 1, high)]


def _provenance(
    trial: str,
    line: Iterable,
    key: bytes,
    content: str,
    content_key: bytes,
) -> str | None:
    """Return the provenance of a call; UNKNOWN if the provenance changed, None if the call
    changed."""
    seeds, status, started, seconds, error = line
    call = (trial, seeds, status, started, seconds, error)
    if key == of_call(*call, checksums.of(content)):
        return content
    return UNKNOWN if key == of_call(*call, content_key) else None


def _add_seeds(db: Database, number: int, content: Content, problem: Problem) -> None:
    name = f"trial {content.trial[:12]} ({content.study})"
    found: dict[int, list[Cell]] = {}
    keys = {
        seed: (call, key)
        for seed, call, key in _attempt(
            db, "SELECT seed, call, checksum FROM seeds WHERE trial_id = ?", (number,), problem
        )
    }
    for seed in keys:
        found[seed] = []
    for seed, *cell in _attempt(db, CELLS, (number,), problem):
        found.setdefault(seed, []).append(tuple(cell))
    for seed, cells in found.items():
        call, key = keys.get(seed, (None, None))
        if key != checksums.of_seed(content.trial, seed, cells):
            problem(f"the rows of {name}, seed {seed}, changed since they were written")
        elif call not in content.calls or seed not in content.calls[call].seeds:
            problem(f"the call that made seed {seed} of {name} is missing")
        else:
            content.cells[seed], content.call_of[seed] = cells, call
    for line in content.calls.values():
        for seed in line.seeds if line.status == "done" else ():
            if seed not in found:
                problem(f"the rows of {name}, seed {seed}, are missing")


def _attempt(db: Database, query: str, arguments: tuple, problem: Problem) -> list[tuple]:
    try:
        return db.execute(query, arguments).fetchall()
    except BROKEN as error:
        problem(str(error))
        return []


CELLS = (
    "SELECT seed, metric, step, value, array FROM measurements WHERE trial_id = ? "
    "ORDER BY seed, place"
)
