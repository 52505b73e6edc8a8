"""Kill toy sweeps and migrations at many points, run them again, and count what was found.

    python tests/faults/killing.py sweep SIGKILL 200

WHAT is `sweep` or `migration` (killed at the n-th statement of SQLite, before or after it), or
`slow` (a sweep on a disk that takes its time, killed at some moment). One process is forked for each
point, since Python and NumPy take much longer to import than a sweep of toys to run. Prints one
JSON line: points, how many cut something off, how many rows were saved by then, problems in words.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mnist1d import cli
from mnist1d.errors import UsageError
from mnist1d.runs import database, doctor, open_store
from tests.runs import toy
from tests.runs.test_migration import old_store

ALLOWED = {"rows.sqlite", "sweep.lock", "sweep.lock.owner", "figures"}
TRIALS = 6
SLOW = 0.003  # seconds that a commit takes on the slow disk
Points = dict[str, Any]


class Counting(sqlite3.Connection):
    """A connection that calls `tick` before and after each statement."""

    tick: Callable[[str], None] = staticmethod(lambda statement: None)

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        Counting.tick(statement)
        result = super().execute(statement, *arguments)
        Counting.tick(statement)
        return result


def connected(place: str) -> sqlite3.Connection:
    """Connect as `mnist1d.runs.database` does, counting."""
    uri = place.startswith("file:")
    return sqlite3.connect(
        place, uri=uri, timeout=database.PATIENCE, isolation_level=None, factory=Counting
    )


def sweep(runs: Path) -> int:
    """Run the toy's sweep as the command line does."""
    sizes = ",".join(str(size) for size in range(1, TRIALS + 1))
    words = ["run", "toy", "--executor", "here", "--set", f"size={sizes}", "--runs", str(runs)]
    return cli.main(words)


def migration(runs: Path) -> int:
    """Open an old store for writing, from the command line."""
    return cli.main(["doctor", "--runs", str(runs)])


def forked(work: Callable[[], int], told: Path) -> int:
    """Start a process that does some work; what it prints goes to a file. Return its id."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    handle = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    status = 70
    try:
        status = work()
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def killed_at(point: int, number: int, work: Callable[[], int]) -> Callable[[], int]:
    """Return the work, with a signal to its own process at a statement."""

    def tick(statement: str) -> None:
        nonlocal point
        point -= 1
        if point == 0:
            os.kill(os.getpid(), number)

    def cut() -> int:
        Counting.tick = staticmethod(tick)
        return work()

    return cut


def slowed(work: Callable[[], int]) -> Callable[[], int]:
    """Return the work on a disk that is slow to commit."""

    def tick(statement: str) -> None:
        if statement == "COMMIT":
            time.sleep(SLOW)

    def slow() -> int:
        Counting.tick = staticmethod(tick)
        return work()

    return slow


def ended(process: int, after: float = 0.0, number: int = 0) -> int:
    """Wait for a process, and send it a signal after some seconds; return its exit status, negative
    for a signal."""
    if number:
        time.sleep(after)
        os.kill(process, number)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def contents(runs: Path) -> list[Any]:
    """Return every row of a store, checked by reading and by the doctor."""
    found = doctor.examine(runs, mend=False)
    assert not found.problems, found.problems
    with open_store(runs, create=False) as store:
        return [
            (r.config["size"], r.seed, r.metric, r.step, repr(r.value)) for r in store.all_rows()
        ]


def count_points(work: Callable[[], int], folder: Path) -> tuple[int, float]:
    """Return how many ticks the work takes, and how many seconds."""
    ticks = folder / "ticks"

    def counted() -> int:
        count = 0

        def tick(statement: str) -> None:
            nonlocal count
            count += 1

        Counting.tick = staticmethod(tick)
        status = work()
        ticks.write_text(str(count))
        return status

    begin = time.monotonic()
    assert ended(forked(counted, folder / "told")) == 0, (folder / "told").read_text()
    return int(ticks.read_text()), time.monotonic() - begin


def try_points(what: str, number: int, count: int, seed: int) -> Points:
    """Kill at `count` points; return what was found."""
    generator, found = random.Random(seed), {"points": 0, "cut": 0, "saved": 0, "problems": []}
    work = migration if what == "migration" else sweep
    with tempfile.TemporaryDirectory() as name:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            work(fresh(what, Path(name) / "imports"))  # for all processes that are forked from here
        whole = fresh(what, Path(name) / "whole")
        ticks, seconds = count_points(lambda: work(whole), Path(name))
        good = contents(whole)
        for i in range(count):
            folder = fresh(what, Path(name) / str(i))
            told = Path(name) / "told"
            if what == "slow":
                process = forked(slowed(lambda: work(folder)), told)  # noqa: B023 - runs at once
                status = ended(process, generator.random() * seconds * 1.5, number)
            else:
                point = generator.randrange(1, ticks + 1)
                status = ended(forked(killed_at(point, number, lambda: work(folder)), told))  # noqa: B023
            found["points"] += 1
            found["cut"] += status != 0
            try:
                found["saved"] += check_point(folder, work, number, status, told, good)
            except (AssertionError, ValueError, OSError) as error:
                found["problems"].append(f"{what} {signal.Signals(number).name} {i}: {error}")
    return found


def fresh(what: str, folder: Path) -> Path:
    """Return a folder of runs as it is before the work."""
    if what == "migration":
        old_store(folder)
    return folder


def check_point(
    runs: Path, work: Callable[[Path], int], number: int, status: int, told: Path, good: list[Any]
) -> int:
    """Check a store after a kill, and once more after the same command again; return the number of
    rows that were saved before."""
    expected = (0, 130) if number == signal.SIGINT else (0, -number)
    assert status in expected, f"exit status {status}: {told.read_text()}"
    assert "Traceback" not in told.read_text(), told.read_text()
    try:
        saved = contents(runs)
    except UsageError:  # killed before there were tables
        saved = []
    assert not (set(saved) - set(good)) and len(saved) == len(set(saved))
    assert ended(forked(lambda: work(runs), told)) == 0, told.read_text()
    left = {path.name for path in runs.iterdir()} - ALLOWED
    assert not left, f"left: {left}"
    assert contents(runs) == good
    with open_store(runs, create=False) as store:
        done = [(call.trial, seed) for call in store.calls(status="done") for seed in call.seeds]
    assert len(done) == len(set(done))
    return len(saved)


if __name__ == "__main__":
    what, name, count, *seed = sys.argv[1:]
    toy.use_as_program()
    database._connected = connected
    number = getattr(signal, name)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(json.dumps(try_points(what, number, int(count), int(seed[0]) if seed else 0)))
