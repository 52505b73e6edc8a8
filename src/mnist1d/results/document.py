"""What a study's rows say: published beside measured, claims, table and figures; for the terminal,
the report and JSON alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist1d.experiments import STUDIES, Loaded, load
from mnist1d.experiments.claims import Claim, Published, mean_interval
from mnist1d.experiments.registry import find
from mnist1d.experiments.rows import Rows
from mnist1d.results import figures
from mnist1d.runs import quiz
from mnist1d.runs.store import Store, Sweep

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned


@dataclass(frozen=True)
class Measured:
    """A published figure beside ours: mean over seeds and 95 % interval; NaN where it was not
    measured."""

    published: Published
    mean: float
    low: float
    high: float
    n: int

    @property
    def within(self) -> bool | None:
        """Whether the mean lies within the tolerance; None where nothing was measured."""
        return abs(self.mean - self.published.value) <= self.published.tolerance if self.n else None

    def to_dict(self) -> dict[str, Any]:
        return {
            **asdict(self.published),
            "mean": self.mean,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "within": self.within,
        }


@dataclass(frozen=True)
class Results:
    """One study as a sweep asked for it: the study, the sweep's label, the rows, and what follows
    from them."""

    study: Loaded
    label: str
    rows: Rows
    measured: list[Measured]
    claims: list[Claim]
    quizzes: Sequence[dict[str, Any]] = ()  # people's, for the benchmark table

    @property
    def name(self) -> str:
        """Return the study's name."""
        return self.study.INFO.name

    def file_name(self, slug: str) -> str:
        """Return the name of a figure's files without their ending."""
        return figures.file_name(self.name, slug, self.label)

    @property
    def table(self) -> tuple[list[str], list[list[str]]] | None:
        """Return the study's own table, where it has one."""
        if not len(self.rows):
            return None
        header, lines = self.study.table(self.rows)
        return header, [*lines, *quiz.lines(header, self.quizzes)]

    def figures(self) -> dict[str, Captioned]:
        """Draw the study's figures: {slug: (figure, caption)}, the main one first."""
        return figures.drawn(self.study, self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return what `--json` prints of a study, numbers that are not finite as None."""
        table = self.table
        return finite(
            {
                "study": self.name,
                "label": self.label,
                "measured": [m.to_dict() for m in self.measured],
                "claims": [asdict(claim) for claim in self.claims],
                "table": {"header": table[0], "lines": table[1]} if table else None,
            }
        )


def results_in(store: Store, sweep: Sweep) -> Results:
    """Return what a sweep found out; the benchmark table gains a line for each quiz in the
    store."""
    study = find(sweep.study, store.reference(sweep.study))
    rows = store.all_rows(sweep.study, sweep.wanted)
    quizzes = quiz.quizzes(store) if study.INFO.quiz else ()
    return replace(results_of(study, rows, sweep.label), quizzes=quizzes)


def results_of(study: str | Loaded, rows: Rows, label: str = "") -> Results:
    """Return what the rows of a study say."""
    study = load(study) if isinstance(study, str) else study
    values = study.measured(rows) if len(rows) else {}
    measured = [
        _measured(p, np.asarray(values.get(p.name, ()), dtype=float)) for p in study.INFO.published
    ]
    return Results(study, label, rows, measured, list(study.claims(rows)) if len(rows) else [])


def latest_results(store: Store, study: str, label: str | None = None) -> list[Results]:
    """Return what was asked last of a study: one for each label of that command, nearly always
    one."""
    return [results_in(store, sweep) for sweep in store.latest(study, label)]


def studies_in(store: Store) -> list[str]:
    """Return the studies that the store knows: registered ones in the paper's order, then those of
    files and modules."""
    known = store.studies()
    outside = [name for name in known if name not in STUDIES and store.reference(name)]
    return [name for name in STUDIES if name in known] + outside


def save_figures(results: Results, folder: Path) -> dict[str, tuple[bytes, bytes, str]]:
    """Draw a study's figures into STUDY-slug[-overrides].svg, .png and .pdf in the folder; return
    svg, png and caption of each slug.

    Errors: as for `atomic_path`.
    """
    drawn = {}
    for slug, (figure, caption) in results.figures().items():
        title = f"{results.study.INFO.title} ({results.label}): {slug}"
        content = figures.save(figure, folder / results.file_name(slug), title, caption)
        drawn[slug] = content["svg"], content["png"], caption
    return drawn


def number(value: float, unit: str = "", digits: int = 3) -> str:
    """Return a number as people read it: a share in percent, others with three digits that
    count."""
    if not math.isfinite(value):
        return "–"
    if unit == "%":
        return f"{100 * value:.1f} %"
    text = f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
    return f"{text} {unit}".strip()


def interval(low: float, high: float, unit: str = "") -> str:
    """Return an interval as people read it."""
    if math.isnan(low) or math.isnan(high):
        return "–"
    if math.isinf(low) or math.isinf(high):
        return "one seed"
    ends = [number(v, unit).removesuffix(f" {unit}") for v in (low, high)]
    return f"{ends[0]} .. {ends[1]}"


def _measured(published: Published, values: np.ndarray) -> Measured:
    values = values[np.isfinite(values)]
    return Measured(
        published, *(mean_interval(values) if len(values) else (math.nan,) * 3), len(values)
    )


def finite(value: Any) -> Any:
    """Replace what JSON cannot hold by None."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
