"""The report: one self-contained HTML file made from the store. Claims first, then each study, then
what it was made with."""

from __future__ import annotations

import base64
import json
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from html import escape
from importlib import resources
from itertools import repeat
from pathlib import Path
from string import Template
from typing import Any

from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments import Loaded
from mnist1d.experiments.claims import FAILS, HOLDS, UNDECIDED, Claim
from mnist1d.experiments.registry import find
from mnist1d.files import atomic_path
from mnist1d.results.document import Results, interval, number, results_in, save_figures, studies_in
from mnist1d.results.figures import MAX_SVG
from mnist1d.runs.executors import Here
from mnist1d.runs.identity import flat
from mnist1d.runs.store import Call, open_store
from mnist1d.runs.store import now as time_now

MARKS = {HOLDS: ("✓", "holds"), FAILS: ("✗", "fails"), UNDECIDED: ("?", "undecided")}


@dataclass(frozen=True)
class Part:
    """What the report says of one study: its results, table and figures (as data addresses), the
    sweep's label, the calls behind it."""

    study: Loaded
    label: str
    anchor: str
    calls: list[Call]
    results: Results | None = None
    table: tuple[list[str], list[list[str]]] | None = None
    figures: dict[str, tuple[str, str]] = field(default_factory=dict)  # address, caption
    error: str | None = None  # why its rows cannot be shown

    @property
    def name(self) -> str:
        """Return the study's name."""
        return self.study.INFO.name

    @property
    def seconds(self) -> float:
        """Return the seconds that the calls took which made these rows."""
        return sum(call.seconds for call in self.calls if call.status == "done")

    @property
    def problems(self) -> list[Call]:
        """Return the calls that failed or were skipped and whose seeds were not done since."""
        done = {
            (call.trial, seed)
            for call in self.calls
            if call.status == "done"
            for seed in call.seeds
        }
        latest = {(call.trial, call.seeds): call for call in self.calls if call.status != "done"}
        return [
            call
            for call in latest.values()
            if any((call.trial, seed) not in done for seed in call.seeds)
        ]


def write_report(
    runs: str | Path, path: str | Path, preset: str | None = None, pool: Executor | None = None
) -> Path:
    """Write the report on a folder of runs, and all figures below it: each study as last asked, or
    as asked at a preset.

    pool: where the studies' parts are made, here unless told. Errors: as for `open_store` and
    `atomic_path`.
    """
    runs, path = Path(runs), Path(path)
    with open_store(runs, create=False) as store:
        studies = [study for study in studies_in(store) if store.latest(study, preset)]
    with atomic_path(
        path
    ) as temporary:  # first, so that a folder that cannot be written is told at once
        parts = [
            part
            for made in (pool or Here()).map(parts_of, repeat(runs), studies, repeat(preset))
            for part in made
        ]
        temporary.write_text(page(parts, runs), encoding="utf-8")
    return path


def parts_of(runs: Path, study: str, preset: str | None) -> list[Part]:
    """Return the parts of one study, one for each label that was asked for, and draw their figures
    into the folder of runs."""
    parts = []
    with open_store(runs, create=False) as store:
        every = store.calls(study)
        for i, sweep in enumerate(store.latest(study, preset)):
            calls = [call for call in every if call.trial in sweep.wanted]
            loaded = find(study, store.reference(study))
            part = Part(loaded, sweep.label, f"{study}-{i}" if i else study, calls)
            try:
                results = results_in(store, sweep)
                figures = {
                    slug: (_address(svg, png), caption)
                    for slug, (svg, png, caption) in save_figures(results, runs / "figures").items()
                }
                part = replace(part, results=results, table=results.table, figures=figures)
            except UsageError:  # a folder that cannot be written
                raise
            except Exception:  # what one study cannot show must not take the others' results away
                part = replace(part, error=traceback.format_exc())
            parts.append(part)
    return parts


def _address(svg: bytes, png: bytes) -> str:
    """Return a figure as a data address: svg, or png where many points make the svg larger."""
    content, kind = (svg, "svg+xml") if len(svg) <= MAX_SVG else (png, "png")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def page(parts: Sequence[Part], runs: Path) -> str:
    """Return the whole page."""
    claims = [claim for part in parts if part.results for claim in part.results.claims]
    count = Counter(claim.verdict for claim in claims)
    labels = list(dict.fromkeys(part.label for part in parts))
    problems = [call for part in parts for call in part.problems]
    failed = sum(call.status == "failed" for call in problems)
    lead = f"{len(claims)} claims tested: {count[HOLDS]} hold, {count[FAILS]} do not, {count[UNDECIDED]} are undecided."
    lead += f" {failed} trials failed; see <a href='#problems'>below</a>." if failed else ""
    contents = [
        ("claims", "Claims"),
        *((part.anchor, part.study.INFO.title.split(":")[0]) for part in parts),
    ]
    contents += [
        ("timings", "Timings"),
        *([("problems", "Failed and skipped")] if problems else []),
        ("provenance", "Provenance"),
    ]
    body = [
        _claims(parts),
        *map(_study, parts),
        _timings(parts),
        _problems(problems),
        _provenance(parts),
    ]
    return Template(_resource("report.html")).substitute(
        heading=escape("published beside measured" if parts else "no runs yet"),
        style=_resource("report.css"),
        lead=lead,
        made=f"Preset {escape(', '.join(labels))}. Made {time_now().replace('T', ' ').replace('+00:00', ' UTC')}.",
        contents="".join(
            f'<li><a href="#{name}">{escape(text)}</a></li>' for name, text in contents
        ),
        body="\n".join(body),
        runs=escape(str(runs)),
    )


def _claims(parts: Sequence[Part]) -> str:
    header = ["claim", "verdict", "published", "measured", "estimate", "95 % interval", "n"]
    lines = []
    for part in parts:
        if part.results and part.results.claims:
            title = f'<a href="#{part.anchor}">{escape(part.study.INFO.title)}</a> <span class="note">{escape(part.label)}</span>'
            lines.append(
                f'<tr class="group"><th colspan="{len(header)}" scope="rowgroup">{title}</th></tr>'
            )
            lines += [_line(header, _claim_cells(claim)) for claim in part.results.claims]
    note = (
        "A claim holds where the whole 95 % interval over seeds (Student's t) lies on its side of the line, does not where it lies on the "
        "other, and is undecided otherwise; with one seed it always is. It is a verdict on these rows: the preset paper has the published "
        "settings, smoke and quick are shorter."
    )
    return f'<section id="claims"><h2>Claims</h2><p class="note">{note}</p>{_table(header, lines, "cards")}</section>'


def _claim_cells(claim: Claim) -> list[tuple[str, str]]:
    mark, kind = MARKS[claim.verdict]
    return [
        ("text", escape(claim.text)),
        (
            "text",
            f'<span class="verdict {kind}"><span aria-hidden="true">{mark}</span> {claim.verdict}</span>',
        ),
        ("text", escape(claim.published)),
        ("text", escape(claim.quantity)),
        ("number", number(claim.estimate)),
        ("number", interval(claim.low, claim.high)),
        ("number", str(claim.n)),
    ]


def _study(part: Part) -> str:
    info = part.study.INFO
    paragraphs = "".join(
        f"<p{' class=lead' if i == 0 else ''}>{_code(p)}</p>"
        for i, p in enumerate(part.study.description)
    )
    if part.error:
        why = f"<p>Its rows cannot be shown:</p><pre>{escape(part.error)}</pre>"
        return (
            f'<section id="{part.anchor}"><h2>{escape(info.title)}</h2>{paragraphs}{why}</section>'
        )
    command = f'<p class="note"><code>mnist1d run {escape(str(part.study.reference))} --preset {escape(part.label.split()[0])}</code></p>'
    pieces = [
        f"<h2>{escape(info.title)}</h2>",
        paragraphs,
        f"<p><strong>{escape(part.study.problem)}</strong></p>" if part.study.problem else "",
        command,
        _figures(part),
        _measured(part.results),
    ]
    if part.table and part.table[1]:
        header, lines = part.table
        kinds = [
            "number"
            if all(not row[i] or row[i][0] in "0123456789-–−+" for row in lines)
            else "text"
            for i in range(len(header))
        ]
        body = [_line(header, list(zip(kinds, map(escape, row), strict=True))) for row in lines]
        pieces.append(f"<h3>Table</h3>{_table(header, body, kinds=kinds)}")
    pieces.append(_settings(part))
    return f'<section id="{info.name}">{"".join(pieces)}</section>'


def _figures(part: Part) -> str:
    return "".join(
        f'<figure><div class="paper"><img src="{address}" alt="{escape(part.study.INFO.title)}: {slug.replace("-", " ")}"></div>'
        f"<figcaption>{escape(caption)} <code>figures/{part.results.file_name(slug)}</code>.png, .pdf, .svg"
        "</figcaption></figure>"
        for slug, (address, caption) in part.figures.items()
    )


def _measured(results: Results) -> str:
    header = ["", "published", "measured", "95 % interval", "n", "within tolerance", "source"]
    lines = []
    for m in results.measured:
        p = m.published
        within = {True: "✓ yes", False: "✗ no", None: ""}[m.within]
        tolerance = number(p.tolerance, p.unit)
        cells = [
            number(p.value, p.unit),
            number(m.mean, p.unit),
            interval(m.low, m.high, p.unit) if m.n else "",
            str(m.n),
        ]
        within = f"{within} (± {tolerance})" if within else "not measured here"
        last = [("text", within), ("text", escape(p.source))]
        lines.append(
            _line(header, [("text", escape(p.name)), *(("number", cell) for cell in cells), *last])
        )
    if not lines:
        return ""
    kinds = ["text", *["number"] * 4, "text", "text"]
    return f"<h3>Published beside measured</h3>{_table(header, lines, 'cards', kinds)}"


def _settings(part: Part) -> str:
    """The values of every field over the trials; of the data only what differs from the published
    set."""
    usual = {f"data.{name}": value for name, value in flat(DataConfig()).items()}
    values: dict[str, dict[Any, None]] = {}
    for record in {record.trial: record for record in part.results.rows}.values():
        for name, value in record.config.items():
            values.setdefault(name, {})[value] = None
    seeds = ", ".join(map(str, sorted(part.results.rows.unique("seed"))))
    fields = {name: list(v) for name, v in values.items() if list(v) != [usual.get(name, ...)]}
    items = [("seeds", seeds), *((name, ", ".join(map(_shown, v))) for name, v in fields.items())]
    if not any(name in usual for name in fields):
        items.append(("data", "the published set"))
    return f"<h3>Settings</h3>{_definitions(items, 'short')}"


def _timings(parts: Sequence[Part]) -> str:
    header = ["study", "preset", "core-seconds here", "published scripts", "ratio"]
    lines = []
    for part in parts:
        peer = part.study.INFO.peer_seconds
        paper = part.label == "paper"
        ratio = f"{peer / part.seconds:.1f} times" if peer and paper and part.seconds else ""
        cells = [f"{part.seconds:,.0f} s", f"{peer:,.0f} s" if peer else "none", ratio]
        name = f'<a href="#{part.anchor}">{escape(part.name)}</a>'
        lines.append(
            _line(
                header,
                [
                    ("text", name),
                    ("text", escape(part.label)),
                    *(("number", cell) for cell in cells),
                ],
            )
        )
    note = (
        "Seconds of one core, summed over the calls that made these rows, compilation included. The published scripts ran at the paper's "
        "settings, on one thread pool of two cores; a ratio is given for the preset paper only, since the others do less."
    )
    kinds = ["text", "text", "number", "number", "number"]
    return f'<section id="timings"><h2>Timings</h2><p class="note">{note}</p>{_table(header, lines, "cards", kinds)}</section>'


def _problems(calls: Sequence[Call]) -> str:
    if not calls:
        return ""
    pieces = []
    for call in calls:
        what = f"{call.study}, trial {call.trial[:12]}, seeds {', '.join(map(str, call.seeds))}, {call.started}"
        error = escape(call.error or "")
        text = f"<pre>{error}</pre>" if call.status == "failed" else f"<p>{error}</p>"
        pieces.append(f"<h3>{call.status.capitalize()}: {escape(what)}</h3>{text}")
    return f'<section id="problems"><h2>Failed and skipped</h2>{"".join(pieces)}</section>'


def _provenance(parts: Sequence[Part]) -> str:
    """Every distinct setting in which these rows were made; nearly always one."""
    found: dict[str, list[Call]] = {}
    for part in parts:
        for call in part.calls:
            found.setdefault(
                json.dumps(
                    {k: v for k, v in call.provenance.items() if k != "command"}, sort_keys=True
                ),
                [],
            ).append(call)
    pieces = []
    for text, calls in found.items():
        content = json.loads(text)
        git = content.get("git")
        commit = (
            f"{git['commit'][:12]}{', with changes that were not committed' * git['dirty']}"
            if git
            else "not in a checkout"
        )
        versions = ", ".join(
            f"{name} {version}" for name, version in content.get("versions", {}).items()
        )
        plain = [
            (name, str(content[name]))
            for name in ("python", "platform", "processor", "cores", "device", "threads")
            if content.get(name)
        ]
        commands = list(dict.fromkeys(str(call.provenance.get("command")) for call in calls))
        studies = ", ".join(dict.fromkeys(call.study for call in calls))
        times = f"{min(call.started for call in calls)} to {max(call.started for call in calls)}"
        items = [
            ("studies", studies),
            ("started", times),
            ("command", "; ".join(commands)),
            ("commit", commit),
            ("versions", versions),
            *plain,
        ]
        pieces.append(_definitions(items))
    return f'<section id="provenance"><h2>Provenance</h2>{"<hr>".join(pieces)}</section>'


def _table(
    header: Sequence[str], lines: Iterable[str], style: str = "", kinds: Sequence[str] | None = None
) -> str:
    kinds = kinds or ["text"] * len(header)
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>'
        for name, kind in zip(header, kinds, strict=True)
    )
    table = f'<table class="{style}"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>'
    return f'<div class="scroll" tabindex="0" role="region" aria-label="table">{table}</div>'


def _line(header: Sequence[str], cells: Sequence[tuple[str, str]]) -> str:
    """Return a table row; each cell is (class, html), the first one names the row, the others carry
    their column's name."""
    first, *rest = cells
    named = zip(header[1:], rest, strict=True)
    data = "".join(
        f'<td class="{kind}"{f" data-name={name!r}" if name else ""}>{html}</td>'
        for name, (kind, html) in named
    )
    return f'<tr><th scope="row">{first[1]}</th>{data}</tr>'


def _definitions(items: Iterable[tuple[str, str]], style: str = "") -> str:
    pairs = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in items
    )
    return f'<dl class="{style}">{pairs}</dl>'


def _code(text: str) -> str:
    """Escape a docstring's paragraph; what stands in backticks becomes code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{p}</code>" if i % 2 and len(parts) % 2 else p for i, p in enumerate(parts)
    )


def _shown(value: Any) -> str:
    return (
        ":".join(map(_shown, value))
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _resource(name: str) -> str:
    return resources.files("mnist1d.results").joinpath(name).read_text(encoding="utf-8")
