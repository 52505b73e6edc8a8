"""What the rows of one study say, as one document: plain data, made once, shown alike by the console,
`--json`, the report and the page."""

from __future__ import annotations

import json
import math
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from mnist1d.config import DataConfig
from mnist1d.errors import Mnist1dError
from mnist1d.experiments import STUDIES, Loaded
from mnist1d.experiments.claims import Claim, Published, mean_interval
from mnist1d.experiments.registry import find
from mnist1d.experiments.rows import Rows
from mnist1d.results import figures
from mnist1d.results.summary import answer_of
from mnist1d.results.text import anchor, field_value, finite, interval, number
from mnist1d.runs import quiz
from mnist1d.runs.identity import flat
from mnist1d.runs.store import Call, Store, Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """A published figure beside ours: mean over seeds and its interval; NaN where n is 0."""

    published: Published
    mean: float
    low: float
    high: float
    n: int

    @property
    def within(self) -> bool | None:
        """Whether the mean lies within the tolerance; None where nothing was measured."""
        return abs(self.mean - self.published.value) <= self.published.tolerance if self.n else None


@dataclass(frozen=True)
class Table:
    """The study's own table, as text."""

    header: list[str]
    lines: list[list[str]]


@dataclass(frozen=True)
class Drawing:
    """One figure: its name, its place in a document, its files without their ending, its words, and
    its width in inches."""

    slug: str
    id: str
    file: str
    title: str
    caption: str
    width: float


@dataclass(frozen=True)
class Problem:
    """A call that failed or was skipped, and whose seeds have not been done since."""

    status: str
    study: str
    trial: str
    seeds: list[int]
    started: str
    error: str


@dataclass(frozen=True)
class Origin:
    """One setting in which rows were made: items are (name, value)."""

    studies: list[str]
    first: str
    last: str
    commands: list[str]
    items: list[tuple[str, str]]


@dataclass(frozen=True)
class Document:
    """One study as one sweep asked for it. label: preset and overrides. problems: what has no rows.
    notice: why a placeholder stands in for the study. error: traceback of what could not be shown."""

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

    def to_dict(self) -> dict[str, Any]:
        """Return the document as JSON holds it: numbers that are not finite are None; claims and
        published figures also carry their texts, `shown`."""
        content = finite(asdict(self))
        for claim, cells in zip(self.claims, content["claims"], strict=True):
            unit = getattr(claim, "unit", "")
            cells["shown"] = {
                "estimate": number(claim.estimate, unit),
                "interval": interval(claim.low, claim.high, unit),
            }
        for m, cells in zip(self.measured, content["measured"], strict=True):
            unit = m.published.unit
            cells["within"] = m.within
            cells["shown"] = {
                "published": number(m.published.value, unit),
                "mean": number(m.mean, unit) if m.n else "",
                "interval": interval(m.low, m.high, unit) if m.n else "",
            }
        return content


class Found(NamedTuple):
    """A document and its figures, drawn but not yet rendered: {slug: figure}."""

    document: Document
    figures: dict[str, Figure]


def studies_in(store: Store) -> list[str]:
    """Return the studies that the store knows: registered ones in the paper's order, then those of
    files and modules."""
    known = store.studies()
    outside = [name for name in known if name not in STUDIES and store.reference(name)]
    return [name for name in STUDIES if name in known] + outside


def latest(store: Store, study: str, label: str | None = None) -> list[Found]:
    """Return what was asked last of a study: a document for each label of that command, nearly
    always one."""
    calls = store.calls(study)
    return [of_sweep(store, sweep, calls) for sweep in store.latest(study, label)]


def of_sweep(store: Store, sweep: Sweep, calls: Iterable[Call]) -> Found:
    """Return what a sweep found out; the benchmark table gains a line for each quiz in the store."""
    study = find(sweep.study, store.reference(sweep.study))
    quizzes = quiz.quizzes(store) if study.INFO.quiz else ()
    calls = [call for call in calls if call.trial in sweep.wanted]
    try:
        rows, unread = store.all_rows(sweep.study, sweep.wanted), None
    except Mnist1dError as error:  # damaged rows of one study: the others can still be shown
        rows, unread = Rows([]), str(error)
    return of_rows(study, rows, sweep.label, calls, quizzes, error=unread)


def of_rows(
    study: Loaded,
    rows: Rows,
    label: str = "",
    calls: Sequence[Call] = (),
    quizzes: Sequence[dict[str, Any]] = (),
    error: str | None = None,
) -> Found:
    """Return what rows of a study say. A part of the study that raises leaves its place empty; the
    document's `error` has the traceback."""
    info, errors = study.INFO, [error] if error else []

    def part(make: Callable[[], T], instead: T) -> T:
        try:
            return make() if len(rows) else instead
        except Exception as reason:  # a study's own code, or a file format that it needs
            told = str(reason) if isinstance(reason, Mnist1dError) else traceback.format_exc()
            errors.append(told)
            return instead

    claims = part(lambda: list(study.claims(rows)), [])
    values = part(lambda: study.measured(rows), {})
    header, lines = part(lambda: study.table(rows), ([], []))
    drawn = part(lambda: figures.drawn(study, rows), {})
    command = command_of(str(study.reference), label)
    drawings = []
    for slug, (figure, caption) in drawn.items():
        title = f"{info.title}: {slug.replace('-', ' ')}"
        caption = f"{caption} Preset {label.partition(' ')[0] or 'unknown'}; made by `{command}`."
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
        measured=[measured(p, values.get(p.name, ())) for p in info.published],
        table=Table(header, [*lines, *quiz.lines(header, quizzes)]) if lines else None,
        figures=drawings,
        method=study.description[1:],
        settings=settings_of(rows),
        seeds=sorted(rows.unique("seed")),
        trials=len(rows.unique("trial")),
        seconds=sum(call.seconds for call in done),
        peer_seconds=info.peer_seconds,
        problems=problems_of(calls),
        origins=origins_of(calls),
        notice=study.problem,
        error="\n".join(errors) or None,
    )
    return Found(document, {slug: figure for slug, (figure, _) in drawn.items()})


def command_of(reference: str, label: str) -> str:
    """Return the command that makes the rows of a label."""
    preset, _, overrides = label.partition(" ")
    words = ["mnist1d", "run", reference, *(["--preset", preset] if preset else [])]
    return " ".join([*words, *(f"--set {override}" for override in overrides.split())])


def measured(published: Published, values: Sequence[float] | np.ndarray) -> Measured:
    """Return a published figure beside our values by seed; those that are not finite are left
    out."""
    array = np.asarray(values, dtype=float)
    array = array[np.isfinite(array)]
    mean, low, high = mean_interval(array) if len(array) else (math.nan,) * 3
    return Measured(published, mean, low, high, len(array))


def settings_of(rows: Rows) -> list[tuple[str, str]]:
    """Return the values of every field over the trials; of the data, only what differs from the
    published set."""
    usual = {f"data.{name}": value for name, value in flat(DataConfig()).items()}
    values: dict[str, dict[Any, None]] = {}
    for record in {record.trial: record for record in rows}.values():
        for name, value in record.config.items():
            values.setdefault(name, {})[value] = None
    found = {name: list(v) for name, v in values.items() if list(v) != [usual.get(name, ...)]}
    items = [(name, ", ".join(map(field_value, v))) for name, v in found.items()]
    if items and not any(name in usual for name in found):
        items.append(("data", "the published set"))
    return items


def problems_of(calls: Sequence[Call]) -> list[Problem]:
    """Return the calls that failed or were skipped and whose seeds have not been done since."""
    done = {(c.trial, seed) for c in calls if c.status == "done" for seed in c.seeds}
    latest = {(c.trial, c.seeds): c for c in calls if c.status != "done"}
    return [
        Problem(c.status, c.study, c.trial, list(c.seeds), c.started, c.error or "")
        for c in latest.values()
        if any((c.trial, seed) not in done for seed in c.seeds)
    ]


def origins_of(calls: Iterable[Call]) -> list[Origin]:
    """Return every distinct setting in which calls were made; nearly always one."""
    found: dict[str, list[Call]] = {}
    for call in calls:
        rest = {name: value for name, value in call.provenance.items() if name != "command"}
        found.setdefault(json.dumps(rest, sort_keys=True), []).append(call)
    return [_origin(json.loads(text), some) for text, some in found.items()]


def merged(origins: Iterable[Origin]) -> list[Origin]:
    """Join the origins of several studies that are the same setting."""
    found: dict[tuple, list[Origin]] = {}
    for origin in origins:
        found.setdefault(tuple(map(tuple, origin.items)), []).append(origin)
    return [
        Origin(
            list(dict.fromkeys(study for o in some for study in o.studies)),
            min(o.first for o in some),
            max(o.last for o in some),
            list(dict.fromkeys(command for o in some for command in o.commands)),
            some[0].items,
        )
        for some in found.values()
    ]


def _origin(content: Mapping[str, Any], calls: Sequence[Call]) -> Origin:
    git, versions = content.get("git"), content.get("versions", {})
    commit = "not in a checkout"
    if git:
        commit = git["commit"][:12] + ", with changes that were not committed" * git["dirty"]
    items = [
        ("commit", commit),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]
    for name in ("python", "platform", "processor", "cores", "device", "threads"):
        if content.get(name):
            items.append((name, str(content[name])))
    if study := content.get("study"):
        items.append(("study", f"{study['file']}, SHA-256 {study['sha256'][:12]}"))
    started = [call.started for call in calls]
    commands = list(dict.fromkeys(str(call.provenance.get("command")) for call in calls))
    studies = list(dict.fromkeys(call.study for call in calls))
    return Origin(studies, min(started), max(started), commands, items)
