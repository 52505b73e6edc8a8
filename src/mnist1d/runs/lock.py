"""The lock that prevents two sweeps from using one store at the same time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mnist1d.runs import provenance
from mnist1d.runs.database import StoreError

LOCK = "sweep.lock"


@contextlib.contextmanager
def alone(folder: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a folder of runs. If another process holds it, call `waiting` with its owner
    and wait.

    It is an SQLite lock on a separate file: the system releases it however the process ends.
    """
    lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    told = False
    try:
        while True:
            try:
                lock.execute("BEGIN EXCLUSIVE")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise StoreError(
                        f"cannot lock {folder / LOCK}: {error}; make the folder writable"
                    ) from None
            if not told:
                waiting(owner(folder))
                told = True
            time.sleep(0.2)
        with contextlib.suppress(OSError):  # only information for a waiting process
            (folder / f"{LOCK}.owner").write_text(
                f"process {os.getpid()}, {provenance.command_line()}", encoding="utf-8"
            )
        yield
    finally:
        lock.close()


def owner(folder: Path) -> str:
    """Return the owner of the lock, if known."""
    try:
        return (folder / f"{LOCK}.owner").read_text(encoding="utf-8")
    except OSError:
        return "another process"
