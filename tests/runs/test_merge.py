"""Merging: equal rows are joined, different ones are reported and kept apart, versions are
compared."""

import pytest

from mnist1d.cli import main
from mnist1d.errors import UsageError
from mnist1d.experiments.rows import Row
from mnist1d.runs import open_store
from mnist1d.runs.database import Database
from mnist1d.runs.doctor import examine
from mnist1d.runs.merge import merge
from tests.runs.toy import Config

VERSIONS = {"versions": {"mnist1d-lab": "1.0", "jax": "0.6"}, "processor": "A"}


@pytest.fixture
def folder(tmp_path):
    """Makes a store with one trial; value: the rows' value by seed."""

    def make(name, value, seconds=1.0, **provenance):
        with open_store(tmp_path / name) as store:
            rows = [Row(seed, "acc", None, v) for seed, v in value.items()]
            rows += [Row(seed, "seconds", None, seconds) for seed in value]
            store.add("toy", Config(), list(value), rows, provenance=VERSIONS | provenance)
        return tmp_path / name

    return make


def values(runs):
    with open_store(runs, create=False) as store:
        return {row.seed: row.value for row in store.all_rows("toy") if row.metric == "acc"}


def test_overlapping_folders_that_agree(folder, tmp_path, capsys):
    a = folder("a", {0: 0.5, 1: 0.6}, seconds=1.0)
    b = folder("b", {1: 0.6, 2: 0.7}, seconds=2.0)  # a second run takes a different time
    assert main(["merge", str(a), str(b), "--runs", str(tmp_path / "all")]) == 0
    told = capsys.readouterr().out
    assert "3 seeds copied, 1 already present with equal rows" in told and told.count("\n") == 1
    assert values(tmp_path / "all") == {0: 0.5, 1: 0.6, 2: 0.7}


@pytest.fixture
def busy(tmp_path, monkeypatch):
    """A folder into which another process writes before each query of a reader."""
    execute = Database.execute
    with open_store(tmp_path / "busy") as writer:

        def and_write(db, *arguments):
            if db.path == writer.path and db is not writer.db:
                trial = writer.add("toy", Config(size=len(writer.calls()) + 1), [0], [])
                writer.record_sweep("toy", "quick", {trial: [0]}, "run")
            return execute(db, *arguments)

        writer.add("toy", Config(), [0], [])
        monkeypatch.setattr(Database, "execute", and_write)
        yield tmp_path / "busy"


def test_a_folder_that_a_sweep_is_writing_is_copied_as_it_is_at_one_moment(busy, tmp_path):
    merge([busy], tmp_path / "all")
    with open_store(tmp_path / "all", create=False) as store:
        assert len(store.calls()) == sum(map(len, store.standing().done.values())) > 1


def test_a_folder_that_a_sweep_is_writing_is_intact(busy):
    found = examine(busy, mend=False)
    assert found.trials > 1 and not found.problems


def test_different_rows_of_one_seed_are_a_conflict(folder, tmp_path, capsys):
    a, b = folder("a", {0: 0.5}), folder("b", {0: 0.5000001, 1: 0.7})
    assert main(["merge", str(a), str(b), "--runs", str(tmp_path / "all")]) == 1
    told = capsys.readouterr().out
    assert f"seed 0: {b} has different rows; skipped" in told
    assert "1 conflict: the rows merged first were kept" in told
    assert values(tmp_path / "all") == {0: 0.5, 1: 0.7}


def test_a_missing_measurement_is_a_conflict(folder, tmp_path):
    a = folder("a", {0: 0.5})
    with open_store(tmp_path / "b") as store:
        store.add("toy", Config(), [0], [Row(0, "acc", None, 0.5), Row(0, "loss", None, 1.0)])
    assert len(merge([a, tmp_path / "b"], tmp_path / "all").conflicts) == 1


@pytest.mark.parametrize(
    "other", [{"versions": {"mnist1d-lab": "1.1", "jax": "0.6"}}, {"processor": "B"}]
)
def test_other_versions_and_processors_are_reported(folder, tmp_path, capsys, other):
    a, b = folder("a", {0: 0.5}), folder("b", {1: 0.6}, **other)
    assert main(["merge", str(a), str(b), "--runs", str(tmp_path / "all")]) == 0
    told = capsys.readouterr().out
    assert told.count("warning: ") == 1 and told.count("\n") == 2
    assert str(a) in told and str(b) in told and "different versions or processors" in told


def test_folders_that_cannot_be_merged(folder, tmp_path, capsys):
    a = folder("a", {0: 0.5})
    with pytest.raises(UsageError, match="is the folder to merge into"):
        merge([a], a)
    with pytest.raises(UsageError, match="no runs in"):
        merge([a, tmp_path / "none"], tmp_path / "all")
    assert not (tmp_path / "all" / "rows.sqlite").exists()
    assert main(["merge", "--runs", str(tmp_path / "all")]) == 2
    assert "mnist1d merge DIR..." in capsys.readouterr().err


def test_a_warning_about_many_versions_stays_short(folder, tmp_path, capsys):
    folders = [
        folder(f"f{i}", {i: 0.5}, versions={"mnist1d-lab": "1.0", "jax": f"0.{i}"})
        for i in range(6)
    ]
    assert main(["merge", *map(str, folders), "--runs", str(tmp_path / "all")]) == 0
    told = capsys.readouterr().out
    assert "jax 0.2" in told and "jax 0.3" not in told and "and 3 more" in told
