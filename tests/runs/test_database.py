"""The database file: read-only (all of it or an error), deleted, replaced, synced."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mnist1d.experiments.rows import Row
from mnist1d.runs import database, open_store
from mnist1d.runs.store import DATABASE, StoreError
from tests.runs.toy import Config

NOBODY = 65534
READER = f"""
import os, sys
from mnist1d.runs import open_store
if os.geteuid() == 0:  # root may write everywhere
    os.setgid({NOBODY})
    os.setuid({NOBODY})
with open_store(sys.argv[1], create=False) as store:
    print(len(store.all_rows()))
try:
    open_store(sys.argv[1])
except ValueError as error:
    print(error)
"""


@pytest.fixture
def runs():
    """A folder of runs that other users can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "runs"
        (Path(folder) / "runs").chmod(0o755)


def killed_writer(runs):
    """Leave a store as `kill -9` does: with most rows in the WAL and no shared-memory file."""
    with open_store(runs) as store:
        store.add("toy", Config(), [0], [Row(0, "acc", 0, 0.1)])
    writer = open_store(runs)
    for size in range(2, 40):
        writer.add("toy", Config(size=size), [0], [Row(0, "acc", 0, 0.1)])
    for end in ("", "-wal"):
        shutil.copy(runs / f"{DATABASE}{end}", runs.parent / f"copy{end}")
    writer.close()
    for end in ("", "-wal"):
        shutil.move(runs.parent / f"copy{end}", runs / f"{DATABASE}{end}")
    assert (runs / f"{DATABASE}-wal").stat().st_size and not (runs / f"{DATABASE}-shm").exists()


def read_as_reader(runs):
    """Read a read-only folder in a process that may not write there; its temporary files go to the
    folder `temporary` beside it."""
    temporary = runs.parent / "temporary"
    temporary.mkdir()
    temporary.chmod(0o777)
    for path in (*runs.iterdir(), runs):
        path.chmod(0o555)
    reader = subprocess.run(
        [sys.executable, "-c", READER, runs],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert reader.returncode == 0, reader.stderr
    return reader.stdout.splitlines()


def test_a_read_only_folder(runs):
    with open_store(runs) as store:
        store.add("toy", Config(), [0], [Row(0, "acc", 0, 0.1)])
    count, refusal = read_as_reader(runs)
    assert count == "1" and "cannot be opened or written: check the permissions" in refusal


def test_a_read_only_folder_after_a_kill_shows_everything(runs):
    killed_writer(runs)
    assert read_as_reader(runs)[0] == "39"
    assert sorted(path.name for path in runs.iterdir()) == [DATABASE, f"{DATABASE}-wal"]
    assert not list((runs.parent / "temporary").iterdir())


def test_a_copy_of_a_file_that_is_being_written_is_refused(runs, monkeypatch):
    killed_writer(runs)
    stamps = iter(range(10))
    monkeypatch.setattr(database, "_stamp", lambda path: (next(stamps), 0))
    with pytest.raises(StoreError, match="another process is writing"):
        database._copy_both(runs / DATABASE, runs.parent / "twin.sqlite")


def test_a_full_temporary_folder_is_reported(runs, monkeypatch):
    killed_writer(runs)
    connect = database._connected

    class Refusing:
        """What SQLite opens if it may not create the files of the WAL."""

        def execute(self, *_):
            raise sqlite3.OperationalError("unable to open database file")

        def close(self): ...

    def refuse(place):
        return Refusing() if "mode=ro" in place else connect(place)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database, "_connected", refuse)
    with open_store(runs, create=False) as store:
        assert len(store.all_rows()) == 39
    monkeypatch.setattr(database.shutil, "copyfile", full)
    with pytest.raises(StoreError, match="cannot be read or written: No space left on device"):
        open_store(runs, create=False)


def test_a_deleted_database_takes_nothing_more(runs):
    with open_store(runs) as store:
        store.add("toy", Config(), [0], [Row(0, "acc", 0, 0.1)])
        store.path.unlink()
        with pytest.raises(StoreError, match="was deleted or moved while it was in use"):
            store.add("toy", Config(), [1], [Row(1, "acc", 0, 0.1)])
        with pytest.raises(StoreError, match="was deleted or moved while it was in use"):
            store.sync()


def test_quick_commits_wait_for_the_disk_once_a_second(runs, monkeypatch):
    with open_store(runs) as store:
        clock, levels = [1e9], []
        monkeypatch.setattr(database.time, "monotonic", lambda: clock[0])
        for elapsed in (0.0, 0.1, 0.5, 1.0, 0.2):
            clock[0] += elapsed
            store.add("toy", Config(), [0])
            levels.append(store.db.execute("PRAGMA synchronous").fetchone()[0])
    assert levels == [2, 1, 1, 2, 1]  # FULL, NORMAL


def test_a_closed_store_and_one_of_another_kind(runs):
    store = open_store(runs)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.studies()
