"""Stores in trouble: a full disk, a folder that may not be written, a database that is deleted,
damaged, or of a newer schema; many processes that create one store, and four sweeps at once.

Every command answers in the package's words. What was saved before the trouble is still there
after it, and the same command, run again without the trouble, ends what is left.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from mnist1d import cli
from mnist1d.errors import FileFormatError
from mnist1d.experiments.rows import Row
from mnist1d.runs import open_store
from tests.faults.counting import Found, Piece, split
from tests.faults.killing import Content, Sweep, fork, silent, wait
from tests.runs import toy

NOBODY = 65534  # the user that may write nothing; root may write everywhere
CREATORS, SWEEPS = 8, 4
COMMANDS = ("run", "results", "report", "doctor", "merge")
Trial = Callable[[Path, random.Random, Path, Content], None]  # folder, luck, output, good content


JOB = Sweep()


def command(name: str, folder: Path) -> list[str]:
    """Return a command line that reads or writes the store."""
    if name == "run":
        return [*Sweep.words, "--set", "size=1,2,3,4,5,6", "--runs", str(folder)]
    if name == "merge":
        return ["merge", str(folder), "--runs", str(folder.with_name("other"))]
    return [name, "--runs", str(folder)]


def answer(words: list[str], told: Path, before: Callable[[], object] = lambda: None) -> int:
    """Run a command in a separate process; its exit status must be a documented one."""

    def work() -> int:
        before()
        return cli.main(words)

    status = wait(fork(work, told))
    text = told.read_text("utf-8", "replace")
    assert status in (0, 1, 2), f"{words[0]}: exit status {status}: {text[-300:]}"
    assert "Traceback" not in text, f"{words[0]}: {text[-400:]}"
    is_told = "rror" in text or "damaged" in text
    assert not status or is_told or words[0] == "doctor", f"{words[0]}: {text[-300:]}"
    return status


def end_well(folder: Path, told: Path, good: Content) -> None:
    """Running the same sweep again completes the rest, and nothing is lost or doubled."""
    saved = JOB.check_cut(folder, good)
    assert answer(command("run", folder), told) == 0, told.read_text()
    JOB.check_end(folder, good)
    assert saved <= len(good)


def full_disk(folder: Path, luck: random.Random, told: Path, good: Content) -> None:
    """No file may grow beyond some size: the writes of SQLite fail in the middle."""
    size = luck.randrange(0, 160_000)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    answer(command("run", folder), told, limit)
    end_well(folder, told, good)


def read_only(folder: Path, luck: random.Random, told: Path, good: Content) -> None:
    """A user without permission to write can read everything, and gets an error when writing."""
    answer(command("run", folder), told)
    name = luck.choice(COMMANDS)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def leave_root() -> None:
        if os.getuid() == 0:
            os.setuid(NOBODY)

    status = answer(command(name, folder), told, leave_root)
    if name == "results":
        assert status == 0, told.read_text()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    end_well(folder, told, good)


def deleted(folder: Path, luck: random.Random, told: Path, good: Content) -> None:
    """The database is deleted while the sweep writes: the sweep does not report rows as saved."""
    at = luck.randrange(1, 40)

    def remove() -> None:
        from tests.faults.killing import Counting

        left = at

        def tick(statement: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                (folder / "rows.sqlite").unlink(missing_ok=True)

        Counting.tick = staticmethod(tick)

    status = answer(command("run", folder), told, remove)
    assert status or (folder / "rows.sqlite").exists(), "gone, and not told"
    end_well(folder, told, good)


def newer(folder: Path, luck: random.Random, told: Path, good: Content) -> None:
    """A store of a newer schema is not changed."""
    answer(command("run", folder), told)
    with sqlite3.connect(folder / "rows.sqlite") as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute(f"PRAGMA user_version = {version + luck.randrange(1, 100)}")
    db.close()
    before = (folder / "rows.sqlite").read_bytes()
    assert answer(command(luck.choice(COMMANDS), folder), told), told.read_text()
    assert "update mnist1d" in told.read_text(), told.read_text()
    assert (folder / "rows.sqlite").read_bytes() == before, "a newer store was written to"


def damaged(folder: Path, luck: random.Random, told: Path, good: Content) -> None:
    """Bytes of the database are changed: every command answers, and no changed row is read."""
    answer(command("run", folder), told)
    path = folder / "rows.sqlite"
    content = bytearray(path.read_bytes())
    start = luck.randrange(len(content))
    if luck.random() < 0.3:
        del content[start:]
    for i in range(start, min(start + luck.choice([1, 1, 20, 3000]), len(content))):
        content[i] ^= luck.randrange(1, 256)
    path.write_bytes(content)
    try:
        with open_store(folder, create=False) as store:
            rows = [(r.config["size"], r.seed, r.metric, r.step) for r in store.all_rows()]
        assert set(rows) <= {row[:4] for row in good}, "other rows were read"
    except (FileFormatError, ValueError):
        pass
    for name in (luck.choice(COMMANDS), "doctor", "run"):
        answer(command(name, folder), told)


def creators(folder: Path, luck: random.Random, told: Path, good: Content) -> None:
    """Eight processes create the store at once, and each adds a seed."""

    def create(seed: int) -> int:
        with open_store(folder) as store:
            store.add("toy", toy.Config(), [seed], [Row(seed, "one", 0, float(seed))])
        return 0

    running = [fork(lambda s=s: create(s), told.with_name(f"told{s}")) for s in range(CREATORS)]
    statuses = [wait(process) for process in running]
    assert not any(statuses), [told.with_name(f"told{s}").read_text() for s in range(CREATORS)]
    with open_store(folder, create=False) as store:
        assert sorted(row.seed for row in store.all_rows()) == list(range(CREATORS))


def sweeps(folder: Path, luck: random.Random, told: Path, good: Content) -> None:
    """Four sweeps at once: each trial runs once."""
    running = [
        fork(lambda: cli.main(command("run", folder)), told.with_name(f"told{i}"))
        for i in range(SWEEPS)
    ]
    statuses = [wait(process) for process in running]
    assert not any(statuses), [told.with_name(f"told{i}").read_text() for i in range(SWEEPS)]
    JOB.check_end(folder, good)


TRIALS: dict[str, tuple[Trial, int, int]] = {  # and their numbers, long and short
    "full disk": (full_disk, 100, 2),
    "read-only folder": (read_only, 30, 1),
    "deleted database": (deleted, 60, 1),
    "newer schema": (newer, 20, 1),
    "damaged database": (damaged, 150, 2),
    "8 processes create a store": (creators, 30, 1),
    "4 sweeps at once": (sweeps, 10, 1),
}


def try_stores(kind: str, count: int, seed: int) -> Found:
    """Expose stores to faults, and count what goes wrong."""
    from mnist1d.runs import database
    from tests.faults.killing import connected

    toy.use_as_program()
    database._connected = connected
    luck = random.Random(f"{kind} {seed}")
    found = Found()
    with tempfile.TemporaryDirectory(prefix="mnist1d-") as place:
        os.chmod(place, 0o755)
        told = Path(place) / "told"
        with silent(told):
            JOB.fresh(Path(place) / "whole")
            assert JOB.work(Path(place) / "whole") == 0
        good = JOB.content(Path(place) / "whole")
        for i in range(count):
            folder = Path(place) / str(i) / "runs"
            folder.mkdir(parents=True)
            found.cases += 1
            try:
                TRIALS[kind][0](folder, luck, told, good)
            except (AssertionError, ValueError, OSError) as error:
                found.fail(f"{kind}, {seed}, case {i}: {error}")
            shutil.rmtree(folder.parent)
    return found


def pieces(is_long: bool) -> list[Piece]:
    """Return every kind of fault."""
    made = []
    for kind, (_, long, short) in TRIALS.items():
        work = lambda count, seed, kind=kind: try_stores(kind, count, seed)  # noqa: E731
        made += split("stores", kind, long if is_long else short, work, 50)
    return made
