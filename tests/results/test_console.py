"""What a terminal shows: text unchanged, on any terminal."""

import io

import pytest
from rich.console import Console

from mnist1d.experiments import load
from mnist1d.experiments.rows import Record, Rows
from mnist1d.results import console, progress
from mnist1d.results.document import of_rows
from mnist1d.results.progress import Shown, describe
from mnist1d.runs.sweep import Summary, Task
from mnist1d.runs.work import Outcome
from tests.runs import toy

HOSTILE = "[/data] values[i] [bold]x[/bold] :smile: [link=a]"


def printed(write):
    out = Console(file=io.StringIO(), width=200, markup=False, emoji=False, highlight=False)
    write(out)
    return out.file.getvalue()


def test_cells_are_text_as_it_is():
    table = console.table([HOSTILE, "n"], [[HOSTILE, 3]], title=HOSTILE)
    assert printed(lambda out: out.print(table)).count(HOSTILE) == 3


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_traceback_with_markup_ends_nothing_and_keeps_its_code(toy, is_terminal, capsys):
    shown = Shown()
    shown.console = Console(
        file=io.StringIO(), force_terminal=is_terminal, width=100, markup=False, color_system=None
    )
    task = Task("toy", toy.Config(), (0,), "smoke", 1.0)
    summary = Summary()
    shown.start(summary, [task], 1)
    shown.begin(task)
    shown.end(task, Outcome("failed", error=f"Traceback\n  x = values[i]\nKeyError: '{HOSTILE}'"))
    shown.stop(summary)
    told = shown.console.file.getvalue() + capsys.readouterr().err
    assert "x = values[i]" in told and HOSTILE in told


def test_a_stdout_without_utf8_is_not_an_error(tmp_path):
    process = toy.start(
        tmp_path, "--preset", "smoke", "--seeds", "4", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0 and "? as published" in out.replace("  ", " "), err


def test_what_could_not_be_shown_is_reported_on_stderr(toy, monkeypatch, capsys):
    monkeypatch.setattr(toy, "claims", lambda rows: 1 / 0)
    rows = Rows([Record("t", {"size": 1}, 0, "one", None, 1.0)])
    document = of_rows(load("toy"), rows, "smoke").document
    console.show(document, Console(file=io.StringIO()))
    told = capsys.readouterr().err
    assert progress.NOT_SHOWN in told and "ZeroDivisionError" in told


def test_a_trial_in_a_few_words(toy):
    task = Task("toy", toy.Config(rate=0.25), (0, 1), "smoke", 1.0)
    assert describe(task) == "toy rate=0.25, 2 seeds"
    assert describe(Task("toy", toy.Config(), (3,), "smoke", 1.0)) == (
        "toy (default settings), 1 seed"
    )
