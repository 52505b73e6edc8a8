"""Notebooks as Python files in the percent format (Jupytext reads and writes it too): cells, the
handout without solutions, and the master for otter-grader.

A cell starts with a line `# %%`. What follows on that line may be `[markdown]`, and settings:

    # %% exercise="mean"              a solution; lines between BEGIN SOLUTION and END SOLUTION, and
                                      the code before a `# SOLUTION` at the end of a line, are
                                      replaced by `...` in the handout
    # %% check="mean"                 its check: one line, print(check_...(answer, ...))
    # %% check="mean" size="full"     a check that passes at full size only
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mnist1d.errors import UsageError

START = re.compile(r"^# %%(?P<rest>.*)$")
SETTING = re.compile(r'(\w+)="([^"]*)"')
BLOCK = re.compile(
    r"^(?P<indent> *)# BEGIN SOLUTION\n.*?^ *# END SOLUTION\n", re.DOTALL | re.MULTILINE
)
LINE = re.compile(r"^(?P<before>.*?=) .*# SOLUTION$", re.MULTILINE)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass
class Cell:
    """One cell: its kind ("code", "markdown" or "raw"), its text, its settings."""

    kind: str
    text: str
    settings: dict[str, str] = field(default_factory=dict)


def read_cells(path: str | Path) -> list[Cell]:
    """Read a notebook in the percent format. Errors: UsageError for a file without cells, or whose
    check is not one line print(check_...(...))."""
    cells: list[Cell] = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        start = START.match(line)
        if start:
            kind = "markdown" if "[markdown]" in start["rest"] else "code"
            cells.append(Cell(kind, "", dict(SETTING.findall(start["rest"]))))
        elif cells:
            cells[-1].text += f"{line}\n"
    if not cells:
        raise UsageError(f"{path} holds no cell: start each cell with a line # %%")
    for cell in cells:
        cell.text = cell.text.strip("\n") + "\n"
        if cell.kind == "markdown":
            cell.text = re.sub(r"^# ?", "", cell.text, flags=re.MULTILINE)
        if "check" in cell.settings:
            check_call(cell)
    return cells


def check_call(cell: Cell) -> str:
    """Return the call inside the print of a check cell. Errors: UsageError for any other code."""
    body = ast.parse(cell.text).body
    printed = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    if isinstance(printed, ast.Call) and ast.unparse(printed.func) == "print":
        return ast.unparse(printed.args[0])
    name = cell.settings.get("check", "")
    raise UsageError(
        f"the check {name!r} must be one line print(check_...(...)), got {cell.text!r}"
    )


def strip_solutions(text: str) -> str:
    """Return code with every solution replaced by `...`."""
    text = BLOCK.sub(lambda found: f"{found['indent']}...\n", text)
    return LINE.sub(lambda found: f"{found['before']} ...", text)


def handout(cells: list[Cell]) -> list[Cell]:
    """Return the cells for students, without solutions."""
    return [Cell(cell.kind, strip_solutions(cell.text)) for cell in cells]


def otter_master(cells: list[Cell]) -> list[Cell]:
    """Return the cells that `otter assign` turns into a handout and an autograder: raw cells mark
    each question, its solution and its tests."""
    return [
        Cell("raw", "# ASSIGNMENT CONFIG\nexport_cell: false\ngenerate: false\n"),
        *_marked(cells),
    ]


def _marked(cells: list[Cell]) -> Iterator[Cell]:
    open_question = False
    for place, cell in enumerate(cells):
        exercise, is_check = cell.settings.get("exercise"), "check" in cell.settings
        if open_question and not is_check:
            yield from (Cell("raw", "# END TESTS\n"), Cell("raw", "# END QUESTION\n"))
            open_question = False
        if exercise:
            before = cells[place - 1]
            yield Cell("raw", f"# BEGIN QUESTION\nname: {exercise}\npoints: 1\n")
            yield Cell(
                "markdown", before.text if before.kind == "markdown" else f"**{exercise}**\n"
            )
            yield from (Cell("raw", "# BEGIN SOLUTION\n"), cell, Cell("raw", "# END SOLUTION\n"))
        elif is_check:
            if not open_question:
                yield Cell("raw", "# BEGIN TESTS\n")
                open_question = True
            yield Cell("code", f"assert {check_call(cell)}\n")
        elif not (cell.kind == "markdown" and _leads(cells, place)):
            yield cell


def _leads(cells: list[Cell], place: int) -> bool:
    """Whether the next cell is an exercise, whose question this cell is."""
    return place + 1 < len(cells) and "exercise" in cells[place + 1].settings


def to_json(cells: list[Cell]) -> str:
    """Return cells as a Jupyter notebook, format 4.5, without outputs."""
    entries = [_entry(place, cell) for place, cell in enumerate(cells)]
    book = {
        "cells": entries,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _entry(place: int, cell: Cell) -> dict[str, object]:
    lines = cell.text.rstrip("\n").splitlines(keepends=True)
    entry: dict[str, object] = {
        "cell_type": cell.kind,
        "id": f"cell-{place}",
        "metadata": {},
        "source": lines,
    }
    return entry | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})
