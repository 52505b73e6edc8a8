"""The store: what is written is read back, whole or not at all; every foreign, newer, damaged or
unwritable file gives one sentence."""

import json
import math
import sqlite3
import threading

import numpy as np
import pytest

from mnist1d.errors import FileFormatError, UsageError
from mnist1d.experiments.rows import Row
from mnist1d.experiments.study import Reference
from mnist1d.runs import open_store, trial_id
from mnist1d.runs.database import Database
from mnist1d.runs.store import DATABASE, StoreError
from tests.runs.toy import Config

ROWS = [
    Row(0, "acc", 0, 0.1),
    Row(0, "acc", 10, float("nan")),
    Row(0, "loss", None, math.inf),
    Row(0, "mask", 3, np.arange(6.0).reshape(2, 3)),
    Row(1, "acc", 0, 0.5),
    Row(1, "mask", 3, np.ones((2, 3), bool)),
]


def test_rows_come_back_as_they_were(store):
    store.add("toy", Config(), [0, 1], ROWS)
    rows = store.rows("toy")
    assert [(r.seed, r.metric, r.step) for r in rows] == [(r.seed, r.metric, r.step) for r in ROWS]
    assert (
        rows.records[0].value == 0.1
        and math.isnan(rows.records[1].value)
        and rows.records[2].value == math.inf
    )
    assert (
        np.array_equal(rows.array("mask", seed=0), np.arange(6.0).reshape(2, 3))
        and rows.array("mask", seed=1).dtype == bool
    )
    assert (
        rows.records[0].config["data.padding"] == (36, 60) and rows.records[0].config["size"] == 1
    )


def test_anybody_can_read_it(store):
    trial = store.add("toy", Config(), [0, 1], ROWS, seconds=1.5, provenance={"python": "3.11"})
    db = sqlite3.connect(store.path)
    assert db.execute(
        "SELECT study, trial, seed, metric, step, value FROM rows LIMIT 1"
    ).fetchone() == ("toy", trial, 0, "acc", 0, 0.1)
    config, status, seconds, provenance = db.execute(
        "SELECT config, status, seconds, provenance FROM trials JOIN calls ON id = trial_id"
    ).fetchone()
    assert (
        json.loads(config)["data"]["padding"] == [36, 60]
        and (status, seconds) == ("done", 1.5)
        and json.loads(provenance)["python"]
    )
    db.close()


def test_a_seed_is_stored_once(store):
    trial = store.add("toy", Config(), [0], ROWS[:1])
    assert store.add("toy", Config(), [0, 1], ROWS) == trial
    assert store.add("toy", Config(), [1], ROWS) == trial and len(list(store.calls())) == 2
    assert store.done(trial) == {0, 1}
    assert [r.value for r in store.rows("toy").where(seed=0)] == [0.1]


def test_a_failed_write_leaves_nothing(store):
    with pytest.raises(UsageError, match="value of a row must be a number"):
        store.add(
            "toy",
            Config(),
            [0],
            [
                Row(0, "acc", 0, 0.1),
                Row(0, "mask", None, np.ones(2)),
                Row(0, "acc", 1, "no number"),
            ],
        )
    assert store.studies() == [] and len(store.all_rows()) == 0


def test_rows_are_those_asked_last(store):
    first, second = (store.add("toy", Config(size=size), [0, 1], ROWS) for size in (1, 2))
    assert len(store.rows("toy").unique("trial")) == 2  # no sweep was recorded, so everything
    store.record_sweep("toy", "paper", {second: [0, 1]}, "")
    store.record_sweep("toy", "smoke", {first: [1]}, "")
    assert store.rows("toy").unique("trial") == [first] and store.rows("toy").unique("seed") == [1]
    assert (
        store.rows("toy", "paper").unique("trial") == [second]
        and len(store.rows("toy", "quick")) == 0
    )


def test_failed_calls_stand_until_done(store):
    trial = store.add("toy", Config(), [0, 1], status="failed", error="Traceback")
    assert (
        store.failed(trial) == {0, 1}
        and store.done(trial) == set()
        and store.calls()[0].error == "Traceback"
    )
    store.add("toy", Config(), [0], ROWS[:3])
    assert store.failed(trial) == {1}


def test_reading_leaves_no_trace(store, tmp_path):
    with pytest.raises(UsageError, match="no runs in .*: run a study first"):
        open_store(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()
    store.add("toy", Config(), [0], ROWS[:1])
    with (
        open_store(store.folder, create=False) as reader,
        pytest.raises(StoreError, match="cannot be opened or written"),
    ):
        reader.add("toy", Config(), [1], ROWS[4:5])


def test_newer_schema(store):
    store.db.execute("PRAGMA user_version = 99")
    with pytest.raises(
        FileFormatError,
        match="has schema 99; this version of mnist1d reads up to 3: update mnist1d",
    ):
        open_store(store.folder)


def test_foreign_database(tmp_path):
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute("CREATE TABLE birds (name)")
    db.close()
    with pytest.raises(FileFormatError, match="not one of mnist1d's"):
        open_store(tmp_path)
    with pytest.raises(FileFormatError, match="not one of mnist1d's"):
        open_store(tmp_path, create=False)


def test_not_a_database(tmp_path):
    (tmp_path / DATABASE).write_text(
        "a letter to my aunt, long enough to fill the header of a database and more than that\n"
        * 20
    )
    with pytest.raises(FileFormatError, match="is not a database: choose another folder"):
        open_store(tmp_path)
    assert "aunt" in (tmp_path / DATABASE).read_text()


class Interrupting:
    """A connection on which Ctrl-C arrives right after a statement."""

    def __init__(self, db, statement):
        self.db, self.statement = db, statement

    def execute(self, statement, *arguments):
        result = self.db.execute(statement, *arguments)
        if statement == self.statement:
            raise KeyboardInterrupt
        return result

    def __getattr__(self, name):
        return getattr(self.db, name)


@pytest.mark.parametrize(("statement", "kept"), [("BEGIN IMMEDIATE", False), ("COMMIT", True)])
def test_ctrl_c_leaves_a_call_whole_or_absent(store, statement, kept):
    whole = store.db.db
    store.db.db = Interrupting(whole, statement)
    with pytest.raises(KeyboardInterrupt):
        store.add("toy", Config(), [0, 1], ROWS)
    store.db.db = whole
    if not kept:
        assert store.studies() == []
        store.add("toy", Config(), [0, 1], ROWS)
    assert store.done(trial_id("toy", Config())) == {0, 1}
    assert np.array_equal(store.rows("toy").array("mask", seed=0), np.arange(6.0).reshape(2, 3))


def test_full_disk(store):
    store.db.execute(
        f"PRAGMA max_page_count = {store.db.execute('PRAGMA page_count').fetchone()[0]}"
    )
    with pytest.raises(
        StoreError, match="is full: free some space, then run the same command again"
    ):
        store.add("toy", Config(), [0], [Row(0, "acc", step, 0.5) for step in range(20_000)])
    store.db.execute("PRAGMA max_page_count = 100000")
    assert store.studies() == []
    store.add("toy", Config(), [0], ROWS[:1])


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(UsageError, match="cannot create the folder"):
        open_store(tmp_path / "runs")


def test_folders_above_the_store_are_created(tmp_path):
    with open_store(tmp_path / "results" / "runs") as store:
        assert store.folder.is_dir()


def test_a_store_that_another_process_is_making(tmp_path, monkeypatch):
    """A new file is described by one transaction; otherwise an id of 0 and tables could coexist."""
    execute, made = Database.execute, []

    def in_between(self, statement, arguments=()):
        if "sqlite_master" in statement and not self.db.in_transaction and not made:
            made.append(open_store(tmp_path).close())
        return execute(self, statement, arguments)

    monkeypatch.setattr(Database, "execute", in_between)
    with open_store(tmp_path) as store:
        assert store.studies() == []


def test_a_new_store_waits_for_a_process_that_writes_it(tmp_path):
    """SQLite refuses the switch to WAL at once while another process has begun to write."""
    other = sqlite3.connect(tmp_path / DATABASE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, lambda: other.execute("ROLLBACK"))
    ending.start()
    with open_store(tmp_path) as store:
        assert store.studies() == []
    ending.join()
    other.close()


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (lambda store: store.studies(), ["toy"]),
        (lambda store: len(store.calls()), 1),
        (lambda store: len(store.latest()), 1),
        (lambda store: store.reference("study0"), Reference("a:b")),
    ],
    ids=["trials", "calls", "sweeps", "reference"],
)
def test_a_write_between_two_queries_of_a_reader_is_no_damage(tmp_path, monkeypatch, read, found):
    query, written = Database.read, []

    def write(size):
        trial = writer.add("toy", Config(size=size + 1), [0], ROWS[:4])
        study = f"study{size}"
        writer.record_sweep(study, "quick", {trial: [0]}, "run", reference=Reference("a:b"))

    def and_write(db, *arguments):
        rows = query(db, *arguments)
        if db is reader.db:
            written.append(arguments)
            write(len(written))
        return rows

    with open_store(tmp_path) as writer, open_store(tmp_path, create=False) as reader:
        write(0)
        monkeypatch.setattr(Database, "read", and_write)
        assert read(reader) == found
    assert written


def test_a_missing_seed_fails_a_look_at_all_trials_but_not_at_others(tmp_path):
    with open_store(tmp_path) as store:
        first, second = (store.add("toy", Config(size=size), [0, 1], ROWS) for size in (1, 2))
        assert store.failed(first) == set()
        with store.db.transaction():
            store.db.execute("DELETE FROM seeds WHERE trial_id = 1 AND seed = 0")
            store.db.execute("UPDATE counts SET value = 4 WHERE name = 'seeds'")
        assert store.failed(second) == set()
        with pytest.raises(FileFormatError, match="the table seeds"):
            store.standing()


def test_a_store_that_cannot_be_opened_is_closed(tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        store.db.execute("PRAGMA user_version = 99")
    closed, close = [], Database.close
    monkeypatch.setattr(Database, "close", lambda self: closed.append(close(self)))
    with pytest.raises(FileFormatError, match="update mnist1d"):
        open_store(tmp_path)
    assert closed == [None]
