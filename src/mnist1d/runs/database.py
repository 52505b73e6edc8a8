"""One connection to the store's file, for reading or writing, with transactions and plain error
messages."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mnist1d.errors import FileFormatError, Mnist1dError, UsageError

Value = str | bytes | int | float | None  # of a column
Arguments = Sequence[Value] | Mapping[str, Value]

PATIENCE = 30.0  # seconds that a writer waits for another transaction
BROKEN = (
    sqlite3.DatabaseError,
    UnicodeDecodeError,
)  # the second is the message of the first, damaged
SYNC_EVERY = (
    1.0  # seconds: a commit this soon after a synced commit is synced together with the next one
)


class StoreError(Mnist1dError):
    """The store cannot be read or written, for example because of a full or read-only disk or a
    deleted file."""


class DamageError(FileFormatError):
    """The store's file, or a row in it, was changed or damaged."""

    def __init__(self, path: Path, what: str):
        self.what = what
        super().__init__(
            f"{path} is damaged: {what}. Run mnist1d doctor --runs {path.parent}, which keeps "
            "all intact rows, then run your command again"
        )


class Database:
    """A connection to a database in WAL mode: several readers and one writer can use it at the same
    time.

    Every method converts SQLite's errors into FileFormatError (damaged) or StoreError (cannot be
    read or written).
    """

    def __init__(self, path: Path, write: bool):
        self.path, self.write = path, write
        self.copy: tempfile.TemporaryDirectory | None = None  # of a database that must be recovered
        self.synced = 0.0
        with self.explained():
            self.db = self._connect_to_write() if write else self._connect_to_read()
            self.identity = _identity(path)

    def close(self) -> None:
        """Close the connection; do not use the database afterwards."""
        self.db.close()
        if self.copy:
            self.copy.cleanup()

    def execute(self, statement: str, arguments: Arguments = ()) -> sqlite3.Cursor:
        """Execute one statement; it raises SQLite's own errors."""
        return self.db.execute(statement, arguments)

    def executemany(self, statement: str, arguments: Iterable[Arguments]) -> sqlite3.Cursor:
        """Execute one statement for each of the arguments; it raises SQLite's own errors."""
        return self.db.executemany(statement, arguments)

    def read(self, query: str, *arguments: Value) -> list[tuple]:
        """Return all rows of a query."""
        with self.explained():
            return self.db.execute(query, arguments).fetchall()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Give all queries in the block the same state, even if other processes write meanwhile.

        The block must not write.
        """
        with self.explained():
            if self.db.in_transaction:
                yield
                return
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")  # COMMIT fails on a damaged file

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes of the block, or none of them.

        A commit is synced to the disk, unless another was synced within the last second; then the
        next commit, or `sync`, covers it. So a power cut loses at most a second of work, and quick
        trials do not wait.
        """
        with self.explained():
            self.check_presence()
            now = time.monotonic()
            is_synced = now - self.synced >= SYNC_EVERY
            self.db.execute(f"PRAGMA synchronous = {'FULL' if is_synced else 'NORMAL'}")
            try:
                self.db.execute("BEGIN IMMEDIATE")
                yield
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise
            if is_synced:
                self.synced = now

    def sync(self) -> None:
        """Sync all commits to the disk. Errors: StoreError if the file is missing."""
        with self.explained():
            self.check_presence()
            self.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def check_presence(self) -> None:
        """Raise StoreError if the file was deleted or replaced: new writes would be lost with the
        connection."""
        if _identity(self.path) != self.identity:
            what = "was replaced" if self.path.exists() else "was deleted or moved"
            raise StoreError(
                f"{self.path} {what} while it was in use; nothing more will be saved. Put it "
                "back, or run the command again to start a new store"
            )

    def _connect_to_write(self) -> sqlite3.Connection:
        return _connected(str(self.path))

    def _connect_to_read(self) -> sqlite3.Connection:
        uri = self.path.resolve().as_uri()
        db = _connected(f"{uri}?mode=ro")
        try:
            db.execute("SELECT 1 FROM sqlite_master").fetchone()
            return db
        except sqlite3.OperationalError:  # no space for the WAL files beside the database
            db.close()
        except BaseException:  # a damaged file
            db.close()
            raise
        if not _has_content(_wal(self.path)):
            return _connected(f"{uri}?immutable=1")
        # A killed writer left transactions in the WAL, and the folder is read-only: `immutable`
        # would ignore the WAL and miss rows. So SQLite recovers a copy.
        self.copy = tempfile.TemporaryDirectory(prefix="mnist1d-")
        try:
            twin = Path(self.copy.name) / self.path.name
            _copy_both(self.path, twin)
            return _connected(f"{twin.as_uri()}?mode=rw")
        except BaseException:
            self.copy.cleanup()
            raise

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Convert SQLite's errors into our own."""
        try:
            yield
        except BROKEN as error:
            raise _explanation(self.path, error) from error
        except (OverflowError, UnicodeEncodeError) as error:  # what a caller gave
            raise UsageError(
                f"{self.path} holds text in UTF-8 and whole numbers of 64 bits: {error}"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be read or written: {error.strerror or error}"
            ) from error


def _connected(place: str) -> sqlite3.Connection:
    is_uri = place.startswith("file:")
    return sqlite3.connect(place, uri=is_uri, timeout=PATIENCE, isolation_level=None)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _copy_both(path: Path, twin: Path) -> None:
    """Copy a database and its WAL. Errors: StoreError if another process writes them meanwhile."""
    before = _stamp(path), _stamp(_wal(path))
    shutil.copyfile(path, twin)
    shutil.copyfile(_wal(path), _wal(twin))
    if before != (_stamp(path), _stamp(_wal(path))):
        raise StoreError(
            f"another process is writing {path}, and its folder is read-only here: try again later"
        )


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _explanation(path: Path, error: Exception) -> Mnist1dError:
    name = getattr(error, "sqlite_errorname", None) or ""
    if isinstance(error, sqlite3.ProgrammingError):  # closed, or used in another thread
        return StoreError(f"{path}: {error}")
    if name.startswith("SQLITE_NOTADB"):
        return FileFormatError(
            f"{path} is not a database: choose another folder with --runs, or move that file away"
        )
    if name.startswith("SQLITE_FULL"):
        return StoreError(
            f"the disk of {path} is full: free some space, then run the same command again; "
            "finished trials are saved"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreError(
            f"{path} cannot be opened or written: check the permissions of its folder, or choose "
            f"another with --runs ({error})"
        )
    if name.startswith("SQLITE_BUSY"):
        return StoreError(
            f"{path} has been locked by another program for {PATIENCE:.0f} seconds: "
            "close that program, or wait for it"
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_TOOBIG", "SQLITE_LOCKED")):
        return StoreError(f"{path} cannot be read or written: {error}")
    return DamageError(path, str(error))  # our statements are correct, so the file is damaged
