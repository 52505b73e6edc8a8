"""The benchmark table with one more model, as text and as numbers to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mnist1d.experiments import human
from mnist1d.experiments.entries import HOW, Entry, shipped
from mnist1d.experiments.estimates import SHARE, mean_interval
from mnist1d.intervals import wilson

CI = "% [95% CI]"
HEADER = ["", "model", "parameters", f"test accuracy, {CI}", "n", f"shuffled, {CI}", "s/seed"]
OURS = "mnist1d-lab"  # the submitter of the package's own entries
Interval = tuple[float, float, float]  # mean, low, high; low is infinite for one seed


class Line(NamedTuple):
    """One line of the table: a model, the human, or the ideal observer."""

    name: str
    kind: str  # how a model was trained, of entries.HOW; or "people", or "ceiling"
    acc: Mapping[str, Interval]  # by test, of entries.TESTS: over seeds
    sample: str = ""  # what the intervals are over: 8 seeds, 400 answers
    excess_bits: Interval | None = None  # bits per fresh signal above the exact posterior
    calibration_error: Interval | None = None  # in [0, 1], on the fresh test
    num_params: int | None = None
    seconds: float | None = None
    by: str = ""
    link: str = ""
    published: str = ""  # accuracies on the frozen test, in percent

    @property
    def is_ours(self) -> bool:
        """Whether the line comes with the package."""
        return self.by == OURS or self.kind not in HOW


def interval_of(acc: Sequence[float]) -> Interval:
    """Return mean and 95% confidence interval of accuracies over seeds."""
    return mean_interval(list(acc), SHARE)


def line_of(entry: Entry) -> Line:
    """Return an entry's line."""
    return Line(
        entry.name,
        entry.how,
        {test: interval_of(values) for test, values in entry.acc.items()},
        f"{len(entry.seeds)} seeds",
        None if entry.excess_bits is None else mean_interval(list(entry.excess_bits)),
        None if entry.calibration_error is None else interval_of(entry.calibration_error),
        entry.num_params,
        entry.seconds,
        entry.by,
        entry.link,
    )


def people() -> Line:
    """Return the human's line; no answers to shuffled signals were published."""
    n = human.NUM_ANSWERS
    acc = {"frozen": (human.ACC, *wilson(human.ACC * n, n))}
    return Line("human", "people", acc, f"{n} answers")


def measured() -> list[Line]:
    """Return the lines that come with the package: models trained by the protocol, and the
    human."""
    models = [line_of(entry) for entry in shipped() if entry.how == "protocol"]
    return [*models, people()]


def ranked(own: Line, test: str) -> list[Line]:
    """Return the lines measured on a test and one more line, lowest mean accuracy first."""
    lines = [line for line in [*measured(), own] if test in line.acc]
    return sorted(lines, key=lambda line: line.acc[test][0])


def place(own: Line, test: str) -> str:
    """Return in words between which lines the model is."""
    lines = ranked(own, test)
    at = next(i for i, line in enumerate(lines) if line is own)
    below, above = (
        f"{line.name} ({100 * line.acc[test][0]:.1f}%)" if line else ""
        for line in (lines[at - 1] if at else None, lines[at + 1] if at + 1 < len(lines) else None)
    )
    if below and above:
        return f"between {below} and {above}"
    return f"above {below}" if below else f"below {above}" if above else "alone in the table"


def with_line(own: Line, test: str) -> tuple[list[str], list[list[str]]]:
    """Return header and lines of the table with one more line, marked with *; best first."""
    return HEADER, [_cells(line, test, line is own) for line in ranked(own, test)[::-1]]


def percent(interval: Interval | None) -> tuple[str, str]:
    """Return mean and interval in percent: 64.4 and [63.6, 65.2]; both empty for None."""
    if interval is None:
        return "", ""
    mean, low, high = (100 * value for value in interval)
    if low == high:  # an estimator without randomness; the observer needs two digits
        return f"{mean:.{2 if mean > 99.9 else 1}f}", ""
    return f"{mean:.1f}", f"[{low:.1f}, {high:.1f}]" if math.isfinite(low) else "one seed"


def spread(interval: Interval | None) -> str:
    """Return mean and interval in one cell: 64.4 [63.6, 65.2]; "" for None."""
    return " ".join(percent(interval)).strip()


def aligned(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines of plain text: the first two columns left-aligned, the others
    right-aligned."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [header, *lines]
    ]


def _cells(line: Line, test: str, is_own: bool) -> list[str]:
    return [
        "*" if is_own else "",
        line.name,
        "" if line.num_params is None else f"{line.num_params:,}",
        spread(line.acc.get(test)),
        line.sample.removesuffix(" seeds"),
        spread(line.acc.get(f"{test}_shuffled")),
        "" if line.seconds is None else f"{line.seconds:.2f}",
    ]
