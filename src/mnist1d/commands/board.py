"""The command board: print every model with an entry, sorted, as tables or as JSON, or write them
as a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mnist1d.atomic import atomic_path
from mnist1d.errors import UsageError
from mnist1d.evaluation import board
from mnist1d.evaluation.table import Line, aligned
from mnist1d.results.board import write_board
from mnist1d.results.progress import say

ENDINGS = (".html", ".htm", ".md")


def show_board(paths: Sequence[Path], output: Path | None, *, as_json: bool = False) -> int:
    """Print the board with the package's entries and those in files and folders, or write it as a
    page.

    Errors: as `read_entries`; UsageError for an unknown extension.
    """
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise UsageError(f"the board is written as .html or .md, like -o board.html; got {output}")
    lines = board.make_board(board.read_entries(paths))
    if output is not None:
        (say if as_json else print)(str(_write(lines, output).resolve()))
    if as_json:
        print(json.dumps(board.to_dict(lines), allow_nan=False))
    elif output is None:
        _print(lines)
    return 0


def _write(lines: Sequence[Line], path: Path) -> Path:
    if path.suffix.lower() != ".md":
        return write_board(lines, path)
    with atomic_path(path) as part:
        part.write_text(board.markdown(lines), encoding="utf-8")
    return path


def _print(lines: Sequence[Line]) -> None:
    parts = board.by_section(lines)
    rows = [board.cells(line, lines) for _, part in parts for line in part]
    header, *text = aligned(board.HEADER, rows)  # one width per column, in all sections
    for title, part in parts:
        print(f"{title}\n{header}", *text[: len(part)], sep="\n", end="\n\n")
        text = text[len(part) :]
    print(board.CAPTION)
