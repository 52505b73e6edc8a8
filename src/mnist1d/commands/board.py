"""What the command board does: print every model with an entry, sorted, or write it as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mnist1d.errors import UsageError
from mnist1d.evaluation.board import HEADER, cells, make_board, read_entries
from mnist1d.results.board import write_board
from mnist1d.results.console import stdout, table


def show_board(paths: Sequence[Path], output: Path | None) -> int:
    """Print the board of the shipped entries and those in files and folders, or write it as a page.

    Errors: as `read_entries`; UsageError for another ending than .html.
    """
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the board is a page: name it .html, as -o board.html; got {output}")
    lines = make_board(read_entries(paths))
    if output is not None:
        print(write_board(lines, output).resolve())
    else:
        stdout().print(table(HEADER, [cells(line) for line in lines]))
    return 0
