"""Open a database as a store: reject files that are not ours or too new, create the tables in a new
file, migrate an older schema."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from mnist1d.errors import FileFormatError, UsageError
from mnist1d.runs import schema
from mnist1d.runs.database import PATIENCE, DamageError, Database
from mnist1d.runs.migration import Lost, create, migrate, remove_files


def prepare(db: Database, folder: Path) -> Lost:
    """Prepare a database as the store of a folder; return the (trial, seed) pairs that a migration
    could not copy."""
    application, version, is_empty = _header(db)
    lost: Lost = []
    if is_empty and application == 0:
        if not db.write:
            raise UsageError(no_runs(folder))
        _fill(db)
    elif application != schema.APPLICATION_ID:
        raise FileFormatError(
            f"{db.path} is a database, but not one of mnist1d's: choose another folder with --runs"
        )
    elif version > schema.VERSION:
        raise FileFormatError(
            f"{db.path} has schema {version}; this version of mnist1d reads up to "
            f"{schema.VERSION}: update mnist1d, or choose another folder with --runs"
        )
    elif version < schema.VERSION:
        lost = _migrate(db, folder)
    if db.write:
        remove_files(folder)
    return lost


def no_runs(folder: Path) -> str:
    """Return the error for a folder without a store."""
    return (
        f"no runs in {folder}: run a study first (mnist1d run STUDY --runs {folder}), "
        "or choose another folder with --runs"
    )


def _fill(db: Database) -> None:
    _use_wal(db)
    with db.transaction():
        if _header(db)[2]:  # else another process was first
            create(db)


def _use_wal(db: Database) -> None:
    """Switch a new database to WAL mode. If other processes open it at the same moment, SQLite may
    refuse at once instead of waiting for them; so wait here."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > end:
                raise
        time.sleep(0.01)


def _header(db: Database) -> tuple[int, int, bool]:
    """Return application id, schema version, and whether there are no tables: all of one moment,
    since another process may just be making the tables."""
    with db.snapshot():
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        is_empty = not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    return application, version, is_empty


def _migrate(db: Database, folder: Path) -> Lost:
    """Migrate an older store to this schema; for reading, migrate a copy in memory."""
    if db.write:
        with db.transaction():
            if _header(db)[1] == schema.VERSION:  # another process was first
                return []
            return migrate(db, folder)
    memory = sqlite3.connect(":memory:", isolation_level=None)
    db.db.backup(memory)
    db.db.close()
    db.db = memory
    if lost := migrate(db, folder):
        trials = ", ".join(f"{trial[:12]} seed {seed}" for trial, seed in lost)
        raise DamageError(
            db.path, f"the arrays of {len(lost)} seeds are missing or damaged ({trials})"
        )
    return []
