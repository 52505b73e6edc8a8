"""The report: one self-contained HTML file with all claims on the first screen, then each study,
then the provenance."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from importlib import resources
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from mnist1d.checks import as_utf8, check_name
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.experiments import PRESETS
from mnist1d.files import atomic_path
from mnist1d.results import figures, forest, summary, text
from mnist1d.results.document import Document, Table, agreement_words, latest, studies_in
from mnist1d.results.origins import Problem, merged
from mnist1d.runs.executors import Here, map_safely
from mnist1d.runs.store import now, open_store

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


@dataclass(frozen=True)
class Part:
    """A document and its figures as data addresses, {slug: address}."""

    document: Document
    images: dict[str, str] = field(default_factory=dict)


def write_report(
    runs: str | Path,
    path: str | Path,
    preset: str | None = None,
    pool: Executor | None = None,
    *,
    settled: bool = False,
) -> list[Document]:
    """Write the report on a folder of runs, and all figures into that folder: the latest sweep of
    each study, or the latest at a preset. Return the documents; a document's `error` has the
    traceback of a part that could not be shown.

    pool: the executor that makes the studies' parts (default: this process). settled: the runs are
    those of the package, in a temporary folder. Errors: as for `open_store` and `atomic_path`;
    UsageError for another ending than .html, and for a preset that is unknown or has no runs.
    """
    runs, path = Path(runs), Path(path)
    if preset is not None:
        check_name(preset, PRESETS, "preset")
    if path.suffix.lower() not in ("", ".html", ".htm"):
        raise UsageError(f"a report is HTML: name a file like report.html; got {path}")
    with open_store(runs, create=False) as store:
        known = studies_in(store)
        studies = [study for study in known if store.latest(study, preset=preset)]
    if known and not studies:
        raise UsageError(f"{runs} has no runs at the preset {preset!r}: choose another --preset")
    # first, so that a folder that cannot be written is reported at once
    with atomic_path(path) as temporary:
        made = map_safely(
            pool or Here(), parts_of, repeat(runs), studies, repeat(preset), repeat(not settled)
        )
        parts = [part for of_study in made for part in of_study]
        content = as_utf8(page(parts, None if settled else str(runs)))
        temporary.write_text(content, encoding="utf-8")
    return [part.document for part in parts]


def parts_of(runs: Path, study: str, preset: str | None, has_files: bool = True) -> list[Part]:
    """Return the parts of one study, one per label, and write their figures into the folder of
    runs; has_files: False writes none."""
    with open_store(runs, create=False) as store:
        found = latest(store, study, preset)
    parts = []
    for one in found:
        document, shown = figures.save_all(one, runs / "figures" if has_files else None)
        images = {slug: address(*figure) for slug, figure in shown.items()}
        parts.append(Part(document, images))
    return parts


def address(content: bytes, kind: str) -> str:
    """Return a figure as a data URL; kind: svg or png."""
    media = {"svg": "svg+xml"}.get(kind, kind)
    return f"data:image/{media};base64,{base64.b64encode(content).decode()}"


def page(parts: Sequence[Part], runs: str | None) -> str:
    """Return the whole page; runs: the folder of runs, None for the settled ones."""
    documents = [part.document for part in parts]
    problems = [problem for d in documents for problem in d.problems]
    groups: dict[str, list[Problem]] = {}  # by message, so that each message is shown once
    for problem in problems:
        groups.setdefault(problem.error, []).append(problem)
    extras = [("timings", "Timings"), ("provenance", "Provenance")]
    if problems:
        extras.insert(1, ("problems", "Failed and skipped"))
    counts = [count for d in documents for count in d.seed_counts]
    return (
        environment()
        .get_template("report.html")
        .render(
            heading=_heading(documents),
            style=markup(resource("report.css")),
            documents=documents,
            images={part.document.id: part.images for part in parts},
            overview=summary.overview(documents),
            labels=list(dict.fromkeys(d.shown_label for d in documents)) or ["none"],
            seeds=f"{text.span(counts, 'seed')} per trial." if counts else "",
            shortened=_shortened(documents),
            made=now().replace("T", " ").replace("+00:00", " UTC"),
            problems=list(groups.items()),
            extras=extras,
            origins=merged(origin for d in documents for origin in d.origins),
            runs=shlex.quote(runs) if runs else None,
        )
    )


def _shortened(documents: Sequence[Document]) -> bool:
    return any(document.preset in ("smoke", "quick") for document in documents)


def _heading(documents: Sequence[Document]) -> str:
    if not documents:
        return "no runs yet"
    return "which effects are visible?" if _shortened(documents) else "which claims hold?"


def environment() -> Environment:
    """Return the environment for the templates: all text is escaped, and an unknown name is an
    error."""
    try:
        import jinja2
    except ImportError:
        raise MissingExtraError(
            "the report needs jinja2: pip install jinja2, or the extra [lab]"
        ) from None
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("mnist1d.results"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "agreement": agreement_words,
        "code": code,
        "effect": summary.effect,
        "kinds": kinds,
        "mark": summary.mark,
        "printed": text.printed,
        "remarks": summary.remarks,
        "sample_size": summary.sample_size,
        "sentence": text.sentence,
        "span": text.span,
        "strip": forest.strip,
        "tone": summary.tone,
        "units": summary.units,
    }
    env.globals["with_interval"] = text.with_interval
    return env


def markup(html: str) -> Markup:
    """Mark text as our own HTML, which is not escaped."""
    from markupsafe import Markup

    return Markup(html)


def code(words: str) -> Markup:
    """Escape text; text in backticks becomes code."""
    from markupsafe import escape

    parts = str(escape(words)).split("`")
    paired = len(parts) % 2
    return markup(
        "".join(f"<code>{p}</code>" if i % 2 and paired else p for i, p in enumerate(parts))
    )


def kinds(table: Table) -> list[str]:
    """Return "number" for each column with only numbers, "text" for the others."""
    columns = [[line[i] for line in table.lines] for i in range(len(table.header))]
    return [
        "number" if all(not cell or cell[0] in "0123456789-–−+[" for cell in column) else "text"
        for column in columns
    ]


def resource(name: str) -> str:
    """Return the text of a file beside the templates."""
    folder = resources.files("mnist1d.results").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")
