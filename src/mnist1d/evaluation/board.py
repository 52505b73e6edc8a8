"""The board: every model with an entry, sorted, beside the human and the ideal observer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from mnist1d.errors import FileFormatError, UsageError
from mnist1d.evaluation.protocol import NUM_FRESH
from mnist1d.evaluation.scores import ceiling
from mnist1d.evaluation.table import Interval, Line, line_of, people, spread
from mnist1d.evaluation.testsets import data_of, make_test
from mnist1d.experiments.entries import TESTS, Entry, read_entry, shipped
from mnist1d.learning.registry import MODELS, PublishedAccuracy

SCHEMA = "mnist1d-board/1"
CAPTION = (
    "Accuracy in percent after the last step: mean [95% CI over training seeds], sorted by "
    "accuracy on fresh signals. Excess loss over the exact posterior (KL divergence, bits per "
    "signal) and expected calibration error (points): on fresh signals."
)
SECTIONS = {  # by how the models were trained
    "protocol": "One protocol: Adam, learning rate 0.01, batches of 100, 6,000 steps",
    "tuned": "Tuned: learning rate, weight decay and schedule chosen on held-out training signals",
    "own": "The submitter's own settings (how they were chosen is not known)",
}
HEADER = [
    "model",
    "parameters",
    "s/seed",
    "seeds",
    "frozen %",
    "frozen, shuffled %",
    "fresh %",
    "fresh, shuffled %",
    "excess bits",
    "calib. error",
    "best for its",
    "published %",
]


def make_board(entries: Iterable[Entry] = ()) -> list[Line]:
    """Return the lines of the package's entries and these, the ideal observer and the human:
    section by section, best first. An entry replaces a package entry with the same name and
    submitter."""
    found = {_id(entry): entry for entry in (*shipped(), *entries)}
    models = [line_of(entry)._replace(published=_published(entry)) for entry in found.values()]
    lines = [_observer(), people(), *models]
    order = list(SECTIONS)
    return sorted(lines, key=lambda line: (order.index(section(line)), -rank(line)))


def section(line: Line) -> str:
    """Return the key in SECTIONS of a line."""
    return line.kind if line.kind in SECTIONS else "protocol"


def rank(line: Line) -> float:
    """Return the accuracy that sorts the board: on fresh signals or, if missing, on the frozen
    test."""
    best = line.acc.get("fresh") or line.acc["frozen"]
    return best[0]


def by_section(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Return the sections that are not empty, each with its title."""
    found = [(title, [x for x in lines if section(x) == key]) for key, title in SECTIONS.items()]
    return [(title, part) for title, part in found if part]


def read_entries(paths: Sequence[Path]) -> list[Entry]:
    """Return the entries in files and folders (*.json).

    Errors: UsageError for a file that cannot be read or a folder without entries; FileFormatError
    for a file that is not an entry or was edited, and for two entries with the same name and
    submitter.
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


def cells(line: Line, lines: Sequence[Line]) -> list[str]:
    """Return a line of the board `lines` as text, in the order of HEADER."""
    error = line.calibration_error
    return [
        f"{line.name}, by {line.by}" if line.by and not line.is_ours else line.name,
        "" if line.num_params is None else f"{line.num_params:,}",
        "" if line.seconds is None else f"{line.seconds:.2f}",
        line.sample.removesuffix(" seeds"),
        *(spread(line.acc.get(test)) for test in TESTS),
        bits(line.excess_bits),
        spread(error),
        ", ".join(best_for(line, lines)),
        line.published,
    ]


def bits(interval: Interval | None) -> str:
    """Return a loss as text: 0.106 [0.095, 0.118], 1.07 [0.92, 1.22]."""
    if interval is None:
        return ""
    mean, low, high = interval
    digits = 2 if mean >= 1 else 3
    if low == high or not math.isfinite(low):
        return f"{mean:.{digits}f}" if mean else "0"
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def best_for(line: Line, lines: Sequence[Line]) -> list[str]:
    """Return in what respect a model is the best of the board: "size" if no model with as few
    parameters is as accurate on fresh signals, "time" if none that trains as fast is."""
    found = []
    for name, column in (("size", "num_params"), ("time", "seconds")):
        own = getattr(line, column)
        rivals = [x for x in lines if x is not line and getattr(x, column) is not None]
        if own is not None and not any(
            getattr(x, column) <= own and rank(x) >= rank(line) for x in rivals
        ):
            found.append(name)
    return found


def markdown(lines: Sequence[Line]) -> str:
    """Return the board as a page in Markdown."""
    found = ["# The board", "", CAPTION]
    for title, part in by_section(lines):
        rows = [HEADER, ["---"] * len(HEADER), *(cells(line, lines) for line in part)]
        table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        found += ["", f"## {title}", "", *table]
    return "\n".join(found) + "\n"


def to_dict(lines: Sequence[Line]) -> dict[str, object]:
    """Return the board as plain values for JSON. Accuracies and calibration errors are in [0, 1];
    an interval is [mean, low, high], with low and high null for one seed."""
    rows = [
        {
            "model": line.name,
            "trained": line.kind,
            "acc": {test: _plain(values) for test, values in line.acc.items()},
            "of": line.sample,
            "excess_bits": _plain(line.excess_bits),
            "calibration_error": _plain(line.calibration_error),
            "num_params": line.num_params,
            "seconds": line.seconds,
            "best_for": best_for(line, lines),
            "published": line.published,
            "by": line.by,
            "link": line.link,
        }
        for line in lines
    ]
    return {"schema": SCHEMA, "caption": CAPTION, "rows": rows}


def _plain(interval: Interval | None) -> list[float | None] | None:
    if interval is None:
        return None
    return [value if math.isfinite(value) else None for value in interval]


def _published(entry: Entry) -> str:
    """Return the published accuracy on the frozen test of a model trained by the protocol."""
    known = MODELS[entry.model].published if entry.model in MODELS else ()
    if entry.how != "protocol":
        return ""
    return ", ".join(map(_one_published, (p for p in known if p.on == "")))


def _one_published(figure: PublishedAccuracy) -> str:
    if figure.std is not None:
        return f"{figure.percent:g} ± {figure.std:g} (n = {figure.n})"
    return f"{figure.percent:g} (one run)"


def _observer() -> Line:
    data, acc = data_of(None)[0], {}
    for test in ("frozen", "fresh"):
        found = ceiling(make_test(data, test, NUM_FRESH))
        assert found is not None  # the default settings have a density
        acc[test] = acc[f"{test}_shuffled"] = (found.acc, found.acc, found.acc)
    return Line("ideal observer", "ceiling", acc, excess_bits=(0.0, 0.0, 0.0))


def _id(entry: Entry) -> tuple[str, str]:
    return entry.name, entry.by
