"""The settled results: one file keeps what a sweep at the paper preset measured."""

import lzma

import pytest

from docs.settle import compact
from mnist1d.errors import FileFormatError, MissingDataError
from mnist1d.results.document import latest
from mnist1d.results.settled import settled_runs
from mnist1d.runs import open_store, plan, sweep


@pytest.fixture
def file(toy, tmp_path):
    with open_store(tmp_path / "runs") as store:
        sweep(store, plan("toy", "smoke"))
        sweep(store, plan("toy", "paper"))
        sweep(store, plan("toy", "paper", overrides=["rate=0.25"]))
    compact(tmp_path / "runs", tmp_path / "settled.sqlite.xz")
    return tmp_path / "settled.sqlite.xz"


def test_the_paper_sweep_comes_back_and_nothing_else(file, toy):
    with settled_runs(file) as runs, open_store(runs, create=False) as store:
        assert [sweep.label for sweep in store.sweeps()] == ["paper"]
        assert len({call.trial for call in store.calls()}) == len(toy.grid("paper"))
        (found,) = latest(store, "toy", "paper")
    assert found.document.seeds == [0, 1, 2] and found.document.claims
    assert not runs.exists()


def settled_arrays(file):
    """The metrics that still have arrays, each with its seeds."""
    with settled_runs(file) as runs, open_store(runs, create=False) as store:
        records = store.all_rows("toy").records
    return {r.seed for r in records if r.metric == "image"}, {r.metric for r in records}


def test_arrays_that_nothing_shows_are_left_out(file):
    assert settled_arrays(file) == (set(), {"one", "nothing"})


def test_an_array_of_the_first_seed_that_the_table_shows_is_kept(toy, tmp_path, monkeypatch):
    def table(rows):
        first = next(r for r in rows.records if r.metric == "image")
        return ["image"], [[str(first.value.sum())]]

    monkeypatch.setattr(toy, "table", table, raising=False)
    with open_store(tmp_path / "runs") as store:
        sweep(store, plan("toy", "paper"))
    compact(tmp_path / "runs", tmp_path / "settled.sqlite.xz")
    assert settled_arrays(tmp_path / "settled.sqlite.xz")[0] == {0}


def test_a_sweep_that_is_not_complete_is_left_out(toy, tmp_path, capsys):
    with open_store(tmp_path / "runs") as store:
        sweep(store, plan("toy", "paper"))
        trial = next(iter(store.sweeps()[-1].wanted))
        store.record_sweep("toy", "paper", {trial: [0, 1, 2, 3]}, "mnist1d run toy")
    compact(tmp_path / "runs", tmp_path / "settled.sqlite.xz")
    assert "toy: left out, 1 of its seeds have not run yet" in capsys.readouterr().out


def test_damaged(file):
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(FileFormatError, match="is damaged .*: install the package again"):
        with settled_runs(file):
            pass


def newer(content):
    """A store with a later schema; SQLite keeps its number at byte 60."""
    return content[:60] + (10_000).to_bytes(4, "big") + content[64:]


@pytest.mark.parametrize("change", [newer, lambda content: b"", lambda content: b"a letter" * 99])
def test_of_another_version(file, change):
    file.write_bytes(lzma.compress(change(lzma.decompress(file.read_bytes()))))
    with pytest.raises(FileFormatError) as caught, settled_runs(file):
        pass
    assert str(caught.value) == (
        f"{file} was made by another version of mnist1d, or is damaged: install the package again"
    )


def test_absent(tmp_path):
    with pytest.raises(MissingDataError, match="has no settled results .*reproduce --preset paper"):
        with settled_runs(tmp_path / "none.xz"):
            pass
