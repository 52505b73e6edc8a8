"""The board: every model with an entry, sorted, beside people and the ideal observer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from mnist1d.errors import FileFormatError, UsageError
from mnist1d.evaluation.protocol import NUM_FRESH
from mnist1d.evaluation.scores import ceiling
from mnist1d.evaluation.table import Line, line_of, people, percent
from mnist1d.evaluation.testsets import data_of, make_test
from mnist1d.experiments.entries import TESTS, Entry, read_entry, shipped

HEADER = [
    "model",
    "by",
    "parameters",
    "s/seed",
    "frozen %",
    "frozen, shuffled %",
    "fresh %",
    "fresh, shuffled %",
    "excess bits",
    "trained",
]
NOTES = {"ceiling": "exact posterior", "people": ""}  # in place of how a model was trained


def make_board(entries: Iterable[Entry] = ()) -> list[Line]:
    """Return the lines of the shipped entries and these, the ideal observer and people, the best
    accuracy first. An entry replaces a shipped one of the same name and submitter."""
    found = {_id(entry): entry for entry in (*shipped(), *entries)}
    lines = [_observer(), people(), *map(line_of, found.values())]
    return sorted(lines, key=rank, reverse=True)


def rank(line: Line) -> float:
    """Return the accuracy that the board is sorted by: on fresh signals, else on the frozen
    test."""
    best = line.acc.get("fresh") or line.acc["frozen"]
    return best[0]


def read_entries(paths: Sequence[Path]) -> list[Entry]:
    """Return the entries in files and folders (*.json).

    Errors: UsageError for what cannot be read or a folder without entries; FileFormatError for a
    file that is no entry or was edited, and for two of one name and submitter.
    """
    found = []
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"no entries (*.json) in the folder {path}")
        found += [read_entry(file) for file in files]
    for (name, by), count in Counter(map(_id, found)).items():
        if count > 1:
            raise FileFormatError(f"{count} entries are called {name!r}, by {by!r}: rename them")
    return found


def cells(line: Line) -> list[str]:
    """Return a line as text, in the order of HEADER."""
    return [
        line.name,
        line.by,
        "" if line.num_params is None else f"{line.num_params:,}",
        "" if line.seconds is None else f"{line.seconds:.2f}",
        *(" ".join(percent(line.acc.get(test))).strip() for test in TESTS),
        "" if line.excess_bits is None else f"{line.excess_bits:.3g}",
        note(line),
    ]


def note(line: Line) -> str:
    """Return how a model was trained, or what else the line is."""
    return NOTES.get(line.kind, line.kind) or line.count


def _observer() -> Line:
    data, acc = data_of(None)[0], {}
    for test in ("frozen", "fresh"):
        found = ceiling(make_test(data, test, NUM_FRESH))
        assert found is not None  # the default settings have a density
        acc[test] = acc[f"{test}_shuffled"] = (found.acc, found.acc, found.acc)
    return Line("ideal observer", "ceiling", acc, excess_bits=0.0)


def _id(entry: Entry) -> tuple[str, str]:
    return entry.name, entry.by
