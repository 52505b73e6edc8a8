"""The board: sorted, with people and the ideal observer; files and folders of entries."""

import pytest

from mnist1d.errors import FileFormatError, UsageError
from mnist1d.evaluation.board import (
    HEADER,
    best_for,
    bits,
    by_section,
    cells,
    make_board,
    markdown,
    rank,
    read_entries,
    to_dict,
)
from mnist1d.evaluation.table import line_of, percent
from mnist1d.experiments.entries import TESTS, shipped, write_entry
from tests.evaluation.test_entries import entry


@pytest.fixture(scope="module")
def board():
    return make_board([entry(), entry(name="best", acc=dict.fromkeys(TESTS, (0.98,) * 4))])


def test_sorted_by_fresh_accuracy_section_by_section(board):
    names = [line.name for line in board]
    assert names[0] == "ideal observer" and names[-2:] == ["best", "mine"]  # own settings: apart
    assert names.index("human") < names.index("MLP") < names.index("logistic")
    assert len(names) == len(shipped()) + 4
    for _, lines in by_section(board):
        ranks = [rank(line) for line in lines]
        assert ranks == sorted(ranks, reverse=True)
    kinds = [
        {line.kind for line in lines} - {"ceiling", "people"} for _, lines in by_section(board)
    ]
    assert kinds == [{"protocol"}, *[{"tuned"}] * (len(kinds) - 2), {"own"}]


def test_the_observer_is_measured_on_the_same_signals(board):
    top = board[0]
    assert top.acc["fresh"][0] == pytest.approx(0.99976) == top.acc["fresh_shuffled"][0]
    assert top.acc["frozen"][0] == 1.0 and top.excess_bits == (0, 0, 0)


def test_cells_show_mean_and_interval(board):
    line = next(line for line in board if line.name == "mine")
    found = dict(zip(HEADER, cells(line, board), strict=True))
    assert found["fresh %"].startswith("53.8 [46.")
    assert found["excess bits"].startswith("1.07 [0.92") and found["calib. error"] == ""
    assert bits((0.106, 0.0947, 0.1181)) == "0.106 [0.095, 0.118]" and bits((0, 0, 0)) == "0"
    assert found["parameters"] == "" and found["best for its"] == "" and found["seeds"] == "4"
    assert cells(board[0], board)[HEADER.index("fresh %")] == "99.98"
    assert percent(None) == ("", "") and percent((0.5, -float("inf"), 1))[1] == "one seed"


def test_published_accuracies_stand_beside_ours(board):
    cnn = next(line for line in board if line.name == "CNN")
    assert cnn.published == "94 ± 2 (n = 3), 92.3 (one run)"
    assert next(line for line in board if line.name == "mine").published == ""


def test_best_for_its_size_and_time():
    lines = [
        line_of(entry(name=name, acc=dict.fromkeys(TESTS, (acc,) * 4), num_params=n, seconds=s))
        for name, acc, n, s in [("a", 0.9, 10, 5), ("b", 0.8, 10, 1), ("c", 0.7, 5, 5)]
    ]
    assert [best_for(line, lines) for line in lines] == [["size", "time"], ["time"], ["size"]]


def test_the_board_as_values_and_as_markdown(board):
    rows = to_dict(board)["rows"]
    mine = next(row for row in rows if row["model"] == "mine")
    assert mine["trained"] == "own" and mine["acc"]["frozen"][0] == pytest.approx(0.5375)
    text = markdown([*board, line_of(entry(name="a|b", by="me"))])
    assert "| mine |" in text and "| a\\|b, by me |" in text and text.count("\n## ") >= 2
    rows = [line.replace("\\|", "") for line in text.splitlines() if "|" in line]
    assert {row.count("|") for row in rows} == {len(HEADER) + 1}


def test_a_submission_may_replace_a_shipped_entry():
    known = shipped()[0]
    board = make_board([entry(name=known.name, by=known.by)])
    (line,) = (line for line in board if line.name == known.name)
    assert line.kind == "own" and len(board) == len(shipped()) + 2


def test_files_and_folders(tmp_path):
    write_entry(tmp_path / "a.json", entry(name="a"))
    write_entry(tmp_path / "b.json", entry(name="b"))
    assert [e.name for e in read_entries([tmp_path])] == ["a", "b"]
    assert [e.name for e in read_entries([tmp_path / "b.json"])] == ["b"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no entries"):
        read_entries([tmp_path / "empty"])
    with pytest.raises(UsageError, match="cannot read"):
        read_entries([tmp_path / "none.json"])
    write_entry(tmp_path / "c.json", entry(name="a"))
    with pytest.raises(FileFormatError, match="2 entries are called 'a'"):
        read_entries([tmp_path])
