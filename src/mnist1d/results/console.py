"""Print a study's document; results go to stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mnist1d.results.document import Document, agreement_words
from mnist1d.results.progress import NOT_SHOWN, say
from mnist1d.results.summary import effect, mark, remarks, units
from mnist1d.results.text import printed, rounded

WIDTH = 160  # columns if stdout is not a terminal


def stdout() -> Console:
    """Return a console on stdout that prints text unchanged, without markup or colour."""
    width = None if sys.stdout.isatty() else WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=width)


def show(document: Document, console: Console | None = None) -> None:
    """Print a document's answer, tables and claims to stdout, and errors to stderr."""
    console = console or stdout()
    if document.table:
        title = f"{document.title} ({document.shown_label})"
        console.print(table(document.table.header, document.table.lines, title))
    found = [m for m in document.measured if m.n]
    if found:
        lines = [
            [
                m.published.name,
                printed(m.published.value, m.published.unit),
                *rounded(m.mean, m.low, m.high, m.published.unit),
                str(m.n),
                agreement_words(m),
            ]
            for m in found
        ]
        header = ["", "published", "measured", "95% interval", "n", "agreement"]
        console.print(table(header, lines, "Published and measured"))
        if len(found) < len(document.measured):
            console.print(f"{len(document.measured) - len(found)} more were not measured here")
    if document.claims:
        lines = [
            [
                mark(c.verdict),
                c.verdict,
                c.text,
                c.published,
                c.quantity,
                effect(c),
                units(c),
                "; ".join(remarks(c)),
            ]
            for c in document.claims
        ]
        header = [
            "",
            "verdict",
            "claim",
            "published",
            "measured",
            "estimate [95% interval]",
            "n",
            "",
        ]
        console.print(table(header, lines, "Claims"))
    console.print(document.answer)
    if document.notice:
        say(f"{document.study}: {document.notice}")
    if document.error:
        say(f"{document.study}: {NOT_SHOWN}\n{document.error}")


def table(
    header: Sequence[str], lines: Sequence[Sequence[object]], title: str | None = None
) -> Table:
    """Return a plain table with columns of numbers right-aligned; cells are plain text."""
    result = Table(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        header_style="",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for i, name in enumerate(header):
        cells = [str(line[i]) for line in lines]
        numeric = bool(cells) and all(not c or c[0].isdigit() or c[0] in "-–" for c in cells)
        justify = "right" if numeric else "left"
        result.add_column(Text(name), justify=justify, overflow="fold")
    for line in lines:
        result.add_row(*(Text(str(cell)) for cell in line))
    return result
