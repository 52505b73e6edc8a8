"""Older stores: read unchanged, converted to the current schema when opened for writing."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from mnist1d.errors import FileFormatError
from mnist1d.experiments.rows import Row
from mnist1d.runs import open_store
from mnist1d.runs.identity import canonical, nested, trial_id
from mnist1d.runs.store import DATABASE
from tests.runs.toy import Config

TRIAL = trial_id("toy", Config())
MASK = np.arange(6.0).reshape(2, 3)


def old_store(folder: Path) -> Path:
    """Make a store of schema 1 with two seeds of one trial, a failed call and two sweeps of one
    command; return the file that holds its arrays."""
    folder.mkdir()
    db = sqlite3.connect(folder / DATABASE, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(Path(__file__).with_name("schema_1.sql").read_text(encoding="utf-8"))
    db.execute("PRAGMA application_id = 0x4D31444C")
    db.execute("PRAGMA user_version = 1")
    db.execute("INSERT INTO trials VALUES (7, ?, 'toy', ?)", (TRIAL, canonical(nested(Config()))))
    when = "2026-01-01T00:00:00+00:00"
    for call, seeds, status in ((1, [2], "failed"), (2, [0, 1], "done")):
        values = (call, 7, json.dumps(seeds), status, when, 1.5, None, '{"python": "3.11"}')
        db.execute("INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    db.executemany("INSERT INTO seeds VALUES (7, ?, 2)", [(0,), (1,)])
    file = folder / "arrays" / f"{TRIAL[:16]}-0123abcd.npz"
    file.parent.mkdir()
    np.savez_compressed(file, **{"mask-0": MASK, "mask-1": MASK > 2})
    for seed in (0, 1):
        place = f"arrays/{file.name}#mask-{seed}"
        lines = [(seed, "acc", 0, 0.1, None), (seed, "acc", 10, None, None)]
        lines += [(seed, "mask", None, None, place)]
        db.executemany("INSERT INTO measurements VALUES (7, ?, ?, ?, ?, ?)", lines)
    for label in ("quick rate=1", "quick rate=2"):
        wanted = json.dumps({TRIAL: [0, 1]})
        values = ("toy", label, wanted, when, "mnist1d run toy")
        db.execute(
            "INSERT INTO sweeps (study, label, wanted, started, command) VALUES (?, ?, ?, ?, ?)",
            values,
        )
    db.execute("""INSERT INTO meta VALUES ('study toy', '{"target": "toy.py", "folder": ""}')""")
    db.close()
    return file


def assert_all_there(store):
    rows = store.rows("toy")
    assert [(r.seed, r.metric, r.step) for r in rows] == [
        (seed, metric, step)
        for seed in (0, 1)
        for metric, step in (("acc", 0), ("acc", 10), ("mask", None))
    ]
    assert np.array_equal(rows.array("mask", seed=0), MASK)
    assert rows.array("mask", seed=1).dtype == bool
    assert store.done(TRIAL) == {0, 1} and store.failed(TRIAL) == {2}
    assert [(c.status, c.seeds) for c in store.calls()] == [("failed", (2,)), ("done", (0, 1))]
    assert store.calls()[0].provenance == {"python": "3.11"}
    assert [sweep.label for sweep in store.latest("toy")] == ["quick rate=1", "quick rate=2"]
    assert store.reference("toy").target == "toy.py"


def test_a_store_of_schema_1_is_read_and_left_as_it_is(tmp_path):
    file = old_store(tmp_path / "runs")
    before = (tmp_path / "runs" / DATABASE).read_bytes()
    with open_store(tmp_path / "runs", create=False) as reader:
        assert_all_there(reader)
    assert file.exists() and (tmp_path / "runs" / DATABASE).read_bytes() == before


def test_a_store_of_schema_1_is_migrated(tmp_path):
    file = old_store(tmp_path / "runs")
    with open_store(tmp_path / "runs") as writer:
        assert_all_there(writer)
        assert writer.lost == [] and not file.parent.exists()
        tables = {name for (name,) in writer.db.execute("SELECT name FROM sqlite_master")}
        assert not [name for name in tables if name.startswith("old")]
    with open_store(tmp_path / "runs") as again:
        assert_all_there(again)


def test_schema_2_had_its_arrays_in_the_rows(tmp_path):
    from mnist1d.runs.arrays import packed

    old_store(tmp_path / "runs")
    db = sqlite3.connect(tmp_path / "runs" / DATABASE)
    for seed, array in ((0, MASK), (1, MASK > 2)):
        where = f"WHERE metric = 'mask' AND seed = {seed}"
        db.execute(f"UPDATE measurements SET array = ? {where}", (packed(array),))
    db.execute("PRAGMA user_version = 2")
    db.commit()
    db.close()
    with open_store(tmp_path / "runs") as writer:
        assert_all_there(writer)


def test_a_migration_that_is_cut_off_leaves_the_old_store(tmp_path, monkeypatch):
    from mnist1d.runs import migration

    file = old_store(tmp_path / "runs")

    def cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(migration, "_move_sweeps", cut)
    with pytest.raises(KeyboardInterrupt):
        open_store(tmp_path / "runs")
    monkeypatch.undo()
    assert file.exists()
    with open_store(tmp_path / "runs") as writer:
        assert_all_there(writer)


def test_seeds_whose_array_file_is_gone_run_again(tmp_path):
    old_store(tmp_path / "runs").unlink()
    with pytest.raises(FileFormatError, match=f"{TRIAL[:12]} seed 0.*mnist1d doctor --runs"):
        open_store(tmp_path / "runs", create=False)
    with open_store(tmp_path / "runs") as writer:
        assert writer.lost == [(TRIAL, 0), (TRIAL, 1)] and writer.done(TRIAL) == set()
        writer.add("toy", Config(), [0, 1], [Row(seed, "acc", 0, 0.1) for seed in (0, 1)])
        assert len(writer.rows("toy")) == 2
    with open_store(tmp_path / "runs") as again:
        assert again.lost == [] and again.done(TRIAL) == {0, 1}
