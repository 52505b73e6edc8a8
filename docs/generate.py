"""Write every page, table and figure of the documentation that comes from the settled results.

    python -m docs.generate            # write
    python -m docs.generate --check    # say which page shows another number; exit status 1

A page per study is written whole, from the study's own file and the settled rows: docs/studies/.
The page of a study without settled results says so, and quotes no measured figure. Other pages have
blocks between `<!-- settled: NAME -->` and `<!-- end -->`, which are replaced.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mnist1d.commands.studies import duration
from mnist1d.experiments import STUDIES, Loaded, load
from mnist1d.generate import explain, make_dataset
from mnist1d.plots import style
from mnist1d.plots.data import samples_figure, stages_figure, templates_figure
from mnist1d.results import summary, text
from mnist1d.results.document import Document, Found, agreement_words, latest, studies_in
from mnist1d.results.settled import PRESET, settled_runs
from mnist1d.runs.store import open_store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), DOCS / "studies" / "index.md"]
PENDING = "Result pending: no run at the published settings has been settled yet."
BLOCK = re.compile(r"(<!-- settled: (?P<name>[a-z0-9 -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def load_documents() -> list[Found]:
    """Return the settled document of every study, in the paper's order."""
    with settled_runs() as runs, open_store(runs, create=False) as store:
        return [found for study in studies_in(store) for found in latest(store, study)]


def table(header: list[str], lines: list[list[str]]) -> str:
    """Return a table in Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in rows)


def verdicts(document: Document) -> str:
    """Return the claims of a study as a table in Markdown."""
    lines = [
        [
            "; ".join([f"{summary.mark(c.verdict)} {c.verdict}", *summary.remarks(c)]),
            text.sentence(c.text),
            c.published,
            f"{c.quantity}: {summary.effect(c)}",
            summary.sample_size(c),
        ]
        for c in document.claims
    ]
    return table(["verdict", "claim", "published", "measured, 95% CI", "n"], lines)


def beside(document: Document) -> str:
    """Return the published figures that were measured, beside ours, as a table in Markdown."""
    lines = [
        [
            m.published.name,
            text.printed(m.published.value, m.published.unit),
            m.published.source,
            text.with_interval(m.mean, m.low, m.high, m.published.unit),
            str(m.n),
            agreement_words(m),
        ]
        for m in document.measured
        if m.n
    ]
    header = ["figure", "published", "source", "measured, 95% CI", "seeds", "agreement"]
    return table(header, lines)


def study_page(document: Document) -> str:
    """Return a study's page: the answer first, then figures, numbers, method and commands."""
    parts = [f"# {document.title}", f"**{document.question}** {document.answer}"]
    for drawing in document.figures:
        parts += [f"![{drawing.title}](../figures/{drawing.file}.png)", drawing.caption]
    if document.claims:
        parts += ["## Verdicts", verdicts(document)]
    if any(m.n for m in document.measured):
        parts += ["## Published and measured", beside(document)]
    if document.table:
        parts += ["## Table", table(document.table.header, document.table.lines)]
    study = load(document.study)
    parts += [*method(study), f"## Run it\n\n```sh\n{document.command}\n```"]
    seeds, planned = text.span(document.seed_counts, "seed"), len(study.grid(PRESET))
    trials = text.plural(document.trials, "trial")
    missing = ""
    if document.trials < planned:
        missing = f"The command plans {planned} trials; the others have no stored results yet. "
    parts.append(
        f"The results on this page come from {trials} with {seeds} each and took "
        f"{duration(document.seconds)} on one core. {missing}For a first look, use "
        "`--preset quick`."
    )
    return joined([*parts, *variations(study)])


def pending_page(study: Loaded) -> str:
    """Return the page of a study whose results are not settled: what it asks, how, and how to run
    it; no figures but the published ones."""
    info, command = study.INFO, f"mnist1d run {study.INFO.name}"
    seeds = info.seeds["paper"]
    parts = [
        f"# {info.title}",
        f"**{info.question}** {PENDING} Run the study to see the answer on your machine.",
        f"```sh\n{command}                    # quick: the shape of the effect\n"
        f"{command} --preset paper     # the published settings, {text.plural(seeds, 'seed')}\n```",
    ]
    if info.published:
        lines = [[p.name, text.printed(p.value, p.unit), p.source] for p in info.published]
        parts += ["## Published", table(["figure", "published", "source"], lines)]
    return joined([*parts, *method(study), *variations(study)])


def method(study: Loaded) -> list[str]:
    """Return the section on a study's method, from its own file."""
    return ["## Method", *study.description[1:]]


def variations(study: Loaded) -> list[str]:
    """Return the section on what to try next."""
    if not study.INFO.variations:
        return []
    run = f"mnist1d run {study.INFO.name} --set"
    lines = [[f"`{run} {name}`", shown] for name, shown in study.INFO.variations.items()]
    return ["## What to try", table(["command", "what it shows"], lines)]


def joined(parts: list[str]) -> str:
    """Return the parts of a page with blank lines between them."""
    return "\n\n".join(part.strip() for part in parts) + "\n"


def block(name: str, documents: dict[str, Document]) -> str:
    """Return the content of a settled block: "STUDY table" (and the numbers of its columns, all
    by default), "STUDY verdicts", "STUDY answer" or "studies", the list of all pages."""
    if name == "studies":
        return table(["study", "result", "command"], list_studies(documents))
    study, what, *columns = name.split()
    document = documents[study]
    if what == "table" and document.table:
        keep = [int(i) for i in columns] or range(len(document.table.header))
        header, *lines = [
            [r[i] for i in keep] for r in (document.table.header, *document.table.lines)
        ]
        return table(header, lines)
    return {"verdicts": verdicts, "published": beside, "answer": lambda d: d.answer + "\n"}[what](
        document
    )


def list_studies(documents: dict[str, Document]) -> list[list[str]]:
    """Return one line per study: its page, its answer, its command."""
    lines = []
    for name in STUDIES.own:
        title = load(name).INFO.title
        answer = documents[name].answer if name in documents else PENDING
        lines.append([f"[{title}]({name}.md)", answer, f"`mnist1d run {name}`"])
    return lines


def contents(found: list[Found]) -> dict[Path, str]:
    """Return the text of every page that holds settled results."""
    documents = {one.document.study: one.document for one in found}
    pages = {
        DOCS / "studies" / f"{name}.md": study_page(documents[name])
        if name in documents
        else pending_page(load(name))
        for name in STUDIES.own
    }
    for path in PAGES:
        old = path.read_text(encoding="utf-8")
        new = BLOCK.sub(lambda m: m[1] + block(m["name"], documents) + m[3], old)
        if new != old or BLOCK.search(old):
            pages[path] = new
    return pages


def main() -> int:
    """Write the pages and figures, or check the pages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if stale"
    )
    options = parser.parse_args()
    found = load_documents()
    stale = {p: t for p, t in contents(found).items() if not p.is_file() or p.read_text() != t}
    for path in stale:
        print(f"{'stale' if options.check else 'written'}: {path.relative_to(ROOT)}")
    if options.check:
        return 1 if stale else 0
    for path, content in stale.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    for one in found:
        for drawing in one.document.figures:
            style.save(one.figures[drawing.slug], DOCS / "figures" / f"{drawing.file}.png", dpi=150)
    for name, figure in data_figures().items():
        style.save(figure, DOCS / "figures" / f"{name}.png", dpi=150)
    return 0


def data_figures() -> dict[str, Figure]:
    """Return the pictures of the data set: templates, the stages of one signal, samples."""
    data = make_dataset()
    return {
        "data-templates": templates_figure(data.templates),
        "data-stages": stages_figure(explain(digit=3, seed=0)),
        "data-samples": samples_figure(data),
    }


if __name__ == "__main__":
    sys.exit(main())
