"""The board: sorted, with people and the ideal observer; files and folders of entries."""

import pytest

from mnist1d.errors import FileFormatError, UsageError
from mnist1d.evaluation.board import HEADER, cells, make_board, rank, read_entries
from mnist1d.evaluation.table import percent
from mnist1d.experiments.entries import TESTS, shipped, write_entry
from tests.evaluation.test_entries import entry


@pytest.fixture(scope="module")
def board():
    return make_board([entry(), entry(name="best", acc=dict.fromkeys(TESTS, (0.98,) * 4))])


def test_sorted_by_fresh_accuracy_below_the_observer(board):
    names = [line.name for line in board]
    assert names[0] == "ideal observer" and names.index("best") == 1
    assert names.index("human") < names.index("MLP") < names.index("mine") < names.index("logistic")
    assert len(names) == len(shipped()) + 4
    ranks = [rank(line) for line in board]
    assert ranks == sorted(ranks, reverse=True)


def test_the_observer_is_measured_on_the_same_signals(board):
    top = board[0]
    assert top.acc["fresh"][0] == pytest.approx(0.99976) == top.acc["fresh_shuffled"][0]
    assert top.acc["frozen"][0] == 1.0 and top.excess_bits == 0


def test_cells_show_mean_and_interval(board):
    line = next(line for line in board if line.name == "mine")
    found = dict(zip(HEADER, cells(line), strict=True))
    assert found["fresh %"].startswith("53.8 [46.") and found["excess bits"] == "1.07"
    assert found["trained"] == "own" and found["parameters"] == ""
    assert cells(board[0])[HEADER.index("fresh %")] == "99.98"
    assert percent(None) == ("", "") and percent((0.5, -float("inf"), 1))[1] == "one seed"


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
