"""The results of one study as one document of plain data, made once, and shown by the console,
`--json`, the report and the page."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mnist1d.checks import Json
from mnist1d.errors import Mnist1dError, UsageError
from mnist1d.experiments import STUDIES, Loaded
from mnist1d.experiments.claims import Claim
from mnist1d.experiments.estimates import estimate
from mnist1d.experiments.published import (
    AGREES,
    CANNOT_TELL,
    Agreement,
    Published,
    agreement,
)
from mnist1d.experiments.registry import find
from mnist1d.experiments.rows import Rows
from mnist1d.experiments.values import Values
from mnist1d.intervals import unit_of_difference
from mnist1d.results import figures
from mnist1d.results.origins import Origin, Problem, origins_of, problems_of, settings_of
from mnist1d.results.summary import answer_of
from mnist1d.results.text import anchor, finite, printed, rounded, with_interval
from mnist1d.runs import quiz
from mnist1d.runs.identity import flat
from mnist1d.runs.store import Call, Store, Sweep
from mnist1d.runs.verdicts import at_paper_settings, claims_of, looks_of, overrides_of, shown_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mnist1d.plots.style import Captioned

T = TypeVar("T")
Draw = Callable[[Loaded, Rows], "dict[str, Captioned]"]  # {slug: (figure, caption)}


@dataclass(frozen=True)
class Measured:
    """A published figure and ours: mean over seeds with its interval (NaN if n is 0), and whether
    the two agree."""

    published: Published
    mean: float
    low: float
    high: float
    n: int
    agreement: Agreement


@dataclass(frozen=True)
class Table:
    """The study's own table, as text."""

    header: list[str]
    lines: list[list[str]]


@dataclass(frozen=True)
class Drawing:
    """One figure: its name, its id in a document, its file name without extension, its title and
    caption, and its width in inches."""

    slug: str
    id: str
    file: str
    title: str
    caption: str
    width: float


@dataclass(frozen=True)
class Document:
    """The results of one study in one sweep.

    label: preset and overrides. seed_counts: the different numbers of seeds of a trial. problems:
    failed and skipped calls. notice: why a placeholder replaces the study. error: traceback of a
    part that could not be shown.
    """

    id: str
    study: str
    label: str
    title: str
    question: str
    answer: str
    command: str
    claims: list[Claim] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    table: Table | None = None
    figures: list[Drawing] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    seed_counts: list[int] = field(default_factory=list)
    trials: int = 0
    seconds: float = 0.0
    peer_seconds: float | None = None
    problems: list[Problem] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    notice: str = ""
    error: str | None = None

    @property
    def preset(self) -> str:
        """Return the preset, without overrides."""
        return self.label.partition(" ")[0]

    @property
    def shown_label(self) -> str:
        """Return preset and overrides, without the looks of --until-decided."""
        return shown_label(self.label)

    @property
    def short_title(self) -> str:
        """Return the title up to its colon."""
        return self.title.partition(":")[0]

    def to_dict(self) -> Json:
        """Return the document as plain values for JSON: numbers that are not finite become None;
        claims and published figures also have formatted texts, `shown`."""
        content = finite(asdict(self))
        for claim, cells in zip(self.claims, content["claims"], strict=True):
            unit = getattr(claim, "unit", "")
            shown = rounded(claim.estimate, claim.low, claim.high, unit)
            cells["shown"] = dict(zip(("estimate", "interval"), shown, strict=True))
        for m, cells in zip(self.measured, content["measured"], strict=True):
            unit = m.published.unit
            mean, ends = rounded(m.mean, m.low, m.high, unit) if m.n else ("", "")
            cells["shown"] = {
                "published": printed(m.published.value, unit),
                "mean": mean,
                "interval": ends,
                "agreement": agreement_words(m),
            }
        return content


class Found(NamedTuple):
    """A document and its figures, drawn but not yet rendered: {slug: figure}."""

    document: Document
    figures: dict[str, Figure]


def studies_in(store: Store) -> list[str]:
    """Return the studies in the store: registered ones in the paper's order, then those of files
    and modules."""
    known = store.studies()
    outside = [name for name in known if name not in STUDIES and store.reference(name)]
    return [name for name in STUDIES if name in known] + outside


def latest(store: Store, study: str, preset: str | None = None) -> list[Found]:
    """Return the results of the last command for a study (at a preset): one document per label,
    nearly always one."""
    calls = store.calls(study)
    return [of_sweep(store, sweep, calls) for sweep in store.latest(study, preset=preset)]


def of_sweep(
    store: Store, sweep: Sweep, calls: Iterable[Call], draw: Draw = figures.drawn
) -> Found:
    """Return the results of a sweep. The benchmark table gets one extra line per quiz in the store.

    draw: the function that draws the figures, which takes most of the time; it may return {} to
    skip them.
    """
    study = find(sweep.study, store.reference(sweep.study))
    quizzes = quiz.quizzes(store) if study.INFO.quiz else ()
    calls = [call for call in calls if call.trial in sweep.wanted]
    try:
        rows, unread = store.all_rows(sweep.study, sweep.wanted), None
    # one study's rows are damaged, but the other studies can still be shown
    except Mnist1dError as error:
        rows, unread = Rows([]), str(error)
    seeds = max(map(len, sweep.wanted.values()), default=0)
    return of_rows(study, rows, sweep.label, calls, quizzes, unread, seeds, draw)


def of_rows(
    study: Loaded,
    rows: Rows,
    label: str = "",
    calls: Sequence[Call] = (),
    quizzes: Sequence[Json] = (),
    error: str | None = None,
    seeds: int = 0,
    draw: Draw = figures.drawn,
) -> Found:
    """Return the document for rows of a study. seeds: the number requested. draw: as for
    `of_sweep`.

    If a part of the study raises an exception, that part is left empty; the document's `error` has
    the traceback.
    """
    info, errors = study.INFO, [error] if error else []

    def part(make: Callable[[], T], instead: T) -> T:
        try:
            return make() if len(rows) else instead
        except Exception as reason:  # a study's own code may raise anything
            told = str(reason) if isinstance(reason, Mnist1dError) else traceback.format_exc()
            if isinstance(reason, UsageError | LookupError):  # a missing field or metric
                told = made_by_another_version(study, rows, command) or told
            errors.append(told)
            return instead

    command = command_of(str(study.reference), label)
    claims = part(lambda: claims_of(study, rows, label, seeds), [])
    same = part(lambda: at_paper_settings(study, rows, label), False)
    values = part(lambda: study.measured(rows), {})
    header, lines = part(lambda: study.text_table(rows), ([], []))
    drawn = part(lambda: draw(study, rows), {})
    drawings = []
    for slug, (figure, caption) in drawn.items():
        title = f"{info.title.partition(':')[0]}: {slug.replace('-', ' ')}"
        caption = f"{caption} {origin_words(label, command)}"
        file = figures.file_name(info.name, slug, label)
        place, width = anchor(info.name, label, slug), float(figure.get_figwidth())
        drawings.append(Drawing(slug, place, file, title, caption, width))
    done = [call for call in calls if call.status == "done"]
    document = Document(
        id=anchor(info.name, label),
        study=info.name,
        label=label,
        title=info.title,
        question=info.question,
        answer=answer_of(claims),
        command=command,
        claims=claims,
        measured=[measured(p, values.get(p.name, ()), same) for p in info.published],
        table=Table(header, [*lines, *quiz.lines(header, quizzes)]) if lines else None,
        figures=drawings,
        method=study.description[1:],
        settings=settings_of(rows),
        seeds=sorted(rows.unique("seed")),
        seed_counts=sorted({len(trial.unique("seed")) for trial in rows.trials()}),
        trials=len(rows.unique("trial")),
        seconds=sum(call.seconds for call in done),
        peer_seconds=info.peer_seconds,
        problems=problems_of(calls),
        origins=origins_of(calls),
        notice=study.problem,
        error="\n".join(dict.fromkeys(errors)) or None,
    )
    return Found(document, {slug: figure for slug, (figure, _) in drawn.items()})


def origin_words(label: str, command: str) -> str:
    """Return the end of every caption: the preset and the command."""
    return f"Preset {label.partition(' ')[0] or 'unknown'}; made by `{command}`."


def command_of(reference: str, label: str) -> str:
    """Return the command that produces the rows of a label."""
    preset = label.partition(" ")[0]
    words = ["mnist1d", "run", reference, *(["--preset", preset] if preset else [])]
    words += [f"--set {override}" for override in overrides_of(label)]
    return " ".join([*words, *(["--until-decided"] if looks_of(label) else [])])


def made_by_another_version(study: Loaded, rows: Rows, command: str) -> str:
    """Return why rows of another version of a study cannot be shown; "" if the settings are the
    same."""
    now = set(flat(study.trials("smoke")[0]))
    changed = sorted(
        now.symmetric_difference(*(set(trial.config()) for trial in rows.trials()[:1]))
    )
    if not changed:
        return ""
    return (
        "these rows come from another version of this study (different settings: "
        f"{', '.join(changed)}); run it again: {command}"
    )


def measured(
    published: Published, values: Values | Sequence[float], same_settings: bool = True
) -> Measured:
    """Return a published figure with our values by seed; values that are not finite are left
    out."""
    ours = estimate(values, published.unit)
    low, high = ours.interval()
    agrees = agreement(published, ours, same_settings)
    return Measured(published, ours.value, low, high, ours.n, agrees)


def agreement_words(m: Measured) -> str:
    """Return whether a figure agrees with the published one, and by how much it differs."""
    found, unit = m.agreement, unit_of_difference(m.published.unit)
    if found.word == CANNOT_TELL:
        return f"{found.word}: {found.reason}"
    by = with_interval(found.difference, found.low, found.high, unit)
    return f"{found.word}: {by}" if found.word == AGREES else f"{found.word} by {by}"
