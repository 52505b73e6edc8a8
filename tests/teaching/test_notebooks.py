"""The notebooks of docs/teaching run as scripts at smoke size, with every solution accepted; their
handouts hold no solution; a missing package is one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mnist1d.errors import UsageError
from mnist1d.teaching import notebooks
from mnist1d.teaching.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "docs" / "teaching").glob("*.py"))
PACKAGES = {"pytorch_from_scratch": "torch", "build_the_data": "matplotlib"}


def run(path, monkeypatch, size):
    """Run the cells in order; return the outcome of each check that counts at this size."""
    pytest.importorskip(PACKAGES.get(path.stem, "jax"))
    monkeypatch.setenv("MNIST1D_TEACHING", size)
    names, outcomes = {"__name__": "__main__"}, {}
    for cell in notebooks.read_cells(path):
        if cell.kind != "code":
            continue
        if "check" in cell.settings:
            outcome = eval(notebooks.check_call(cell), names)
            if size == "full" or cell.settings.get("size") != "full":
                outcomes[cell.settings["check"]] = outcome
        else:
            exec(compile(cell.text, str(path), "exec"), names)
    return outcomes


def test_there_are_eight():
    assert len(FILES) == 8


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_solutions_pass_at_smoke_size(path, monkeypatch):
    outcomes = run(path, monkeypatch, "smoke")
    assert len(outcomes) >= 1 and not {n: o for n, o in outcomes.items() if not o}


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_solutions_pass_at_full_size(path, monkeypatch):
    outcomes = run(path, monkeypatch, "full")
    assert len(outcomes) >= 3 and not {n: o for n, o in outcomes.items() if not o}


QUICK = ("build_the_data", "pytorch_from_scratch")
UNANSWERED = [
    pytest.param(path, marks=[] if path.stem in QUICK else pytest.mark.slow, id=path.stem)
    for path in FILES
]


@pytest.mark.parametrize("path", UNANSWERED)
def test_checks_of_unanswered_exercises_say_so(path, monkeypatch):
    pytest.importorskip(PACKAGES.get(path.stem, "jax"))
    monkeypatch.setenv("MNIST1D_TEACHING", "smoke")
    names, cells = {"__name__": "__main__"}, notebooks.read_cells(path)
    for cell, given in zip(cells, notebooks.handout(cells), strict=True):
        if "check" in cell.settings:
            outcome = eval(notebooks.check_call(cell), names)
            assert not outcome and outcome.message, cell.text
        elif cell.kind == "code":
            try:
                exec(compile(given.text, str(path), "exec"), names)
            except (AttributeError, TypeError):  # a cell that goes on with an answer
                assert "exercise" not in cell.settings


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_exercise_has_a_question_and_a_check(path):
    cells = notebooks.read_cells(path)
    exercises = [cell.settings["exercise"] for cell in cells if "exercise" in cell.settings]
    checks = [cell.settings["check"] for cell in cells if "check" in cell.settings]
    assert len(exercises) >= 3 and len(set(exercises)) == len(exercises)
    assert set(exercises) <= set(checks)
    assert sum("**Exercise" in cell.text for cell in cells) == len(exercises)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_handouts_hold_no_solution(path):
    cells = notebooks.read_cells(path)
    given = notebooks.handout(cells)
    for before, after in zip(cells, given, strict=True):
        assert ("SOLUTION" in before.text) == ("exercise" in before.settings)
        assert "SOLUTION" not in after.text
        if "exercise" in before.settings:
            assert "..." in after.text and after.text != before.text
            compile(after.text, path.name, "exec")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_checks_do_not_give_the_answer_away(path):
    cells = notebooks.read_cells(path)
    text = "\n".join(cell.text for cell in notebooks.handout(cells))
    for cell in cells:
        for found in notebooks.LINE.finditer(cell.text):
            answer = found[0].removeprefix(found["before"]).removesuffix("# SOLUTION").strip()
            assert answer not in text, f"the handout contains the solution {answer}"


def test_notebook_format(tmp_path, capsys):
    assert main([str(path) for path in FILES] + ["-o", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8
    for written in tmp_path.glob("*.ipynb"):
        book = json.loads(written.read_text(encoding="utf-8"))
        assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
        assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
        code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_otter_masters_mark_each_question_once(path):
    marks = [
        c.text.splitlines()[0]
        for c in notebooks.otter_master(notebooks.read_cells(path))
        if c.kind == "raw"
    ]
    assert marks[0] == "# ASSIGNMENT CONFIG"
    depth = 0
    for mark in marks[1:]:
        depth += {"BEGIN": 1, "END": -1}[mark.split()[1]]
        assert 0 <= depth <= 2
    assert depth == 0
    assert marks.count("# BEGIN QUESTION") == marks.count("# END QUESTION") >= 3
    tests = [
        c
        for c in notebooks.otter_master(notebooks.read_cells(path))
        if c.text.startswith("assert ")
    ]
    assert len(tests) >= marks.count("# BEGIN TESTS") > 0


def test_jupytext_reads_them_alike():
    jupytext = pytest.importorskip("jupytext")
    for path in FILES:
        theirs = jupytext.read(path).cells
        ours = notebooks.read_cells(path)
        kinds = [cell.cell_type for cell in theirs]
        assert [cell.kind for cell in ours] == kinds, path.name
        assert [cell.text.strip() for cell in ours] == [cell.source.strip() for cell in theirs]


def test_a_missing_package_is_one_line(tmp_path):
    files = {str(path): PACKAGES.get(path.stem, "jax") for path in FILES}
    code = f"""
import importlib.util, runpy
find = importlib.util.find_spec
for path, package in {files!r}.items():
    importlib.util.find_spec = lambda name, *rest: None if name == package else find(name, *rest)
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        print(end)
"""
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert not process.stderr
    ends = [line for line in process.stdout.splitlines() if line.startswith("This notebook needs")]
    assert len(ends) == len(FILES)


def test_wrong_files_are_refused(tmp_path, capsys):
    empty = tmp_path / "empty.py"
    empty.write_text("x = 1\n")
    assert main([str(empty), "-o", str(tmp_path)]) == 2
    assert "start each cell with a line # %%" in capsys.readouterr().err
    bad = tmp_path / "bad.py"
    bad.write_text('# %% check="a"\nx = 1\n')
    with pytest.raises(UsageError, match="must be one line print"):
        notebooks.read_cells(bad)
