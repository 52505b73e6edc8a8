"""Kill sweeps, migrations, reports and saves at many points, run them again, and look for what is
lost, doubled or left over.

A sweep or a migration is killed at a statement of SQLite, before or after it; a save of a data set
at a call into C; a report, and whatever runs on a slow disk, at some moment. One process is forked
for each point, since Python and NumPy take much longer to import than a toy takes to run.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mnist1d import cli
from mnist1d.errors import UsageError
from mnist1d.runs import database, doctor, open_store
from tests.faults.counting import Found, Piece, split
from tests.runs import toy
from tests.runs.test_migration import old_store

SIGNALS = ("SIGKILL", "SIGINT", "SIGTERM", "SIGHUP")
ALLOWED = {"rows.sqlite", "sweep.lock", "sweep.lock.owner", "figures"}
TRIALS = 6
SLOW = 0.003  # seconds that a slow disk takes to sync
Status = Callable[[], int]
Content = list[Any]


class Job:
    """The work that is killed. Every point has its own `folder`."""

    is_timed = False  # killed at a moment, else at a tick

    def fresh(self, folder: Path) -> None:
        """Make the folder as it is before the work."""
        folder.mkdir()

    def work(self, folder: Path) -> int:
        """Do the work and return its exit status."""
        raise NotImplementedError

    @contextmanager
    def ticking(self, tick: Callable[[], None]) -> Iterator[None]:
        """Call `tick` at each point of the work inside the block."""
        raise NotImplementedError

    def content(self, folder: Path) -> Content:
        """Return what the folder holds, all of it checked."""
        raise NotImplementedError

    def check_cut(self, folder: Path, good: Content) -> int:
        """Check what a kill left; return how much of it was saved."""
        found = self.content(folder)
        assert not (set(found) - set(good)), "rows that nobody wrote"
        assert len(found) == len(set(found)), "a row twice"
        return len(found)

    def check_end(self, folder: Path, good: Content) -> None:
        """Check the folder after the same work again."""
        assert self.content(folder) == good, "not what an undisturbed run writes"


class Sweep(Job):
    """A sweep of six toys."""

    words = ("run", "toy", "--executor", "here")

    def work(self, folder: Path) -> int:
        sizes = ",".join(str(size) for size in range(1, TRIALS + 1))
        return cli.main([*self.words, "--set", f"size={sizes}", "--runs", str(folder)])

    @contextmanager
    def ticking(self, tick: Callable[[], None]) -> Iterator[None]:
        Counting.tick = staticmethod(lambda statement: tick())
        yield

    def content(self, folder: Path) -> Content:
        """Return every row of a store, checked by reading and by the doctor."""
        try:
            found = doctor.examine(folder, mend=False)
            assert not found.problems, found.problems
            with open_store(folder, create=False) as store:
                rows = store.all_rows()
                return [(r.config["size"], r.seed, r.metric, r.step, repr(r.value)) for r in rows]
        except UsageError:  # killed before there were tables
            return []

    def check_end(self, folder: Path, good: Content) -> None:
        left = {path.name for path in folder.iterdir()} - ALLOWED
        assert not left, f"left over: {left}"  # first: readers leave a WAL
        super().check_end(folder, good)
        with open_store(folder, create=False) as store:
            done = [(c.trial, seed) for c in store.calls(status="done") for seed in c.seeds]
        assert len(done) == len(set(done)), "a trial ran twice"


class Migration(Sweep):
    """The migration of an old store to the current schema."""

    def fresh(self, folder: Path) -> None:
        old_store(folder)

    def work(self, folder: Path) -> int:
        return cli.main(["doctor", "--runs", str(folder)])


class SlowSweep(Sweep):
    """A sweep on a disk that takes its time."""

    is_timed = True

    def work(self, folder: Path) -> int:
        def tick(statement: str) -> None:
            if statement == "COMMIT":
                time.sleep(SLOW)

        Counting.tick = staticmethod(tick)
        return super().work(folder)


class SlowMigration(Migration):
    """A migration on a disk that takes its time."""

    is_timed = True

    def work(self, folder: Path) -> int:
        Counting.tick = staticmethod(lambda statement: time.sleep(SLOW / 20))
        return super().work(folder)


class Save(Job):
    """A data set that replaces another one in a file."""

    endings = (".npz", ".csv", ".parquet")

    def __init__(self) -> None:
        import mnist1d

        self.old, self.new = (mnist1d.make_dataset(num_samples=20, seed=seed) for seed in (1, 2))

    def fresh(self, folder: Path) -> None:
        folder.mkdir()
        for ending in self.endings:
            self.old.save(folder / f"set{ending}")

    def work(self, folder: Path) -> int:
        try:
            for ending in self.endings:
                self.new.save(folder / f"set{ending}")
        except KeyboardInterrupt:
            return 130
        return 0

    @contextmanager
    def ticking(self, tick: Callable[[], None]) -> Iterator[None]:
        def profile(frame: Any, event: str, argument: Any) -> None:
            if event.startswith("c_"):
                tick()

        sys.setprofile(profile)
        try:
            yield
        finally:
            sys.setprofile(None)

    def content(self, folder: Path) -> Content:
        import mnist1d

        seeds = []
        for ending in self.endings:
            data = mnist1d.read(folder / f"set{ending}")
            assert data.config is not None
            seeds.append((ending, data.config.seed))
        return seeds

    def check_cut(self, folder: Path, good: Content) -> int:
        seeds = [seed for _, seed in self.content(folder)]  # reading checks the digests
        assert seeds == sorted(seeds, reverse=True), "a later file was written first"
        left = [p.name for p in folder.iterdir() if p.stem != "set" or p.suffix not in self.endings]
        assert len(left) <= 1, f"left over: {left}"
        return seeds.count(2)

    def check_end(self, folder: Path, good: Content) -> None:
        super().check_end(folder, good)
        assert len(list(folder.iterdir())) == len(self.endings), sorted(os.listdir(folder))


class SlowSave(Save):
    """The same on a disk that takes its time."""

    is_timed = True

    def work(self, folder: Path) -> int:
        fsync, replace = os.fsync, os.replace

        def slow_fsync(handle: int) -> None:
            time.sleep(SLOW)
            fsync(handle)

        def slow_replace(*names: Any) -> None:
            time.sleep(SLOW)
            replace(*names)
            time.sleep(SLOW)

        os.fsync, os.replace = slow_fsync, slow_replace  # in a process of its own
        return super().work(folder)


class Report(Job):
    """The report and the figures of a finished sweep."""

    is_timed = True
    ends = {".html": b"</html>", ".svg": b"</svg>", ".pdf": b"%%EOF", ".png": b"IEND\xaeB`\x82"}

    def __init__(self) -> None:
        toy.figures = draw_little
        self.runs = Path(tempfile.mkdtemp(prefix="mnist1d-")) / "runs"
        assert cli.main(["run", "toy", "--executor", "here", "--runs", str(self.runs)]) == 0
        shutil.rmtree(self.runs / "figures")

    def fresh(self, folder: Path) -> None:
        shutil.copytree(self.runs, folder)

    def work(self, folder: Path) -> int:
        return cli.main(["report", "--runs", str(folder)])

    def content(self, folder: Path) -> Content:
        """Return the names of the files; each must be whole."""
        names = []
        for path in sorted(folder.rglob("*")):
            if path.suffix in self.ends and not path.name.startswith("."):
                end = path.read_bytes().rstrip()[-8:]
                assert end.endswith(self.ends[path.suffix]), f"{path.name} is cut off"
                names.append(path.name)
        return names

    def check_end(self, folder: Path, good: Content) -> None:
        super().check_end(folder, good)
        assert not [p for p in folder.rglob(".*")], "left over: " + str(list(folder.rglob(".*")))
        assert doctor.examine(folder, mend=False).problems == []


JOBS: dict[str, type[Job]] = {
    "sweep": Sweep,
    "sweep on a slow disk": SlowSweep,
    "migration": Migration,
    "migration on a slow disk": SlowMigration,
    "save": Save,
    "save on a slow disk": SlowSave,
    "report": Report,
}


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


def draw_little(rows: Any) -> dict[str, tuple[Any, str]]:
    """Return the toy's figure, which is small because it is drawn a thousand times."""
    from mnist1d.plots import style

    figure, ax = style.figure()
    figure.set_size_inches(1, 1)
    ax.set_axis_off()
    ax.plot([0, 1])
    return {"line": (figure, "A line.")}


# ------------------------------------------------------------------ processes


def fork(work: Status, told: Path) -> int:
    """Start a process that does some work and prints to a file; return its id."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        handle = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = work()
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:  # after the command had ended
        status = 130
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def wait(process: int, after: float = 0.0, number: int = 0) -> int:
    """Wait for a process, and send it a signal after some seconds; return its exit status, negative
    for a signal."""
    if number:
        time.sleep(after)
        os.kill(process, number)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def run_whole(job: Job, folder: Path, told: Path) -> float:
    """Do the work undisturbed, and return the seconds that it took."""
    begin = time.monotonic()
    status = wait(fork(lambda: job.work(folder), told))
    assert status == 0, f"exit status {status}: {told.read_text()}"
    return time.monotonic() - begin


def count_ticks(job: Job, folder: Path, told: Path) -> int:
    """Return how many ticks the work takes."""
    ticks = told.with_name("ticks")

    def counted() -> int:
        count = 0

        def tick() -> None:
            nonlocal count
            count += 1

        with job.ticking(tick):
            status = job.work(folder)
        ticks.write_text(str(count))
        return status

    assert wait(fork(counted, told)) == 0, told.read_text()
    return int(ticks.read_text())


def kill_at(job: Job, folder: Path, point: int, number: int) -> Status:
    """Return the work, with a signal to its own process at a tick."""

    def cut() -> int:
        left = point

        def tick() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), number)

        with job.ticking(tick):
            return job.work(folder)

    return cut


# ------------------------------------------------------------------ points


def try_points(what: str, name: str, count: int, seed: int) -> Found:
    """Kill a job at `count` points, run it again after each, and return what was found."""
    toy.use_as_program()
    database._connected = connected
    number = getattr(signal, name)
    generator = random.Random(f"{what} {name} {seed}")
    found = Found()
    with tempfile.TemporaryDirectory(prefix="mnist1d-") as place:
        told = Path(place) / "told"
        warm, whole = Path(place) / "imports", Path(place) / "whole"
        with silent(told):
            job = JOBS[what]()
            job.fresh(warm)
            job.work(warm)  # import everything here, for all processes that are forked from here
        job.fresh(whole)
        seconds, ticks = 0.0, 0
        if job.is_timed:
            seconds = run_whole(job, whole, told)
        else:
            ticks = count_ticks(job, whole, told)
        good = job.content(whole)
        for i in range(count):
            folder = Path(place) / str(i)
            job.fresh(folder)
            if job.is_timed:
                process = fork(lambda: job.work(folder), told)  # noqa: B023 - runs at once
                status = wait(process, generator.random() * seconds * 1.2, number)
            else:
                point = generator.randrange(1, ticks + 1)
                status = wait(fork(kill_at(job, folder, point, number), told))
            found.cases += 1
            found.note("cut off", status != 0)
            try:
                found.note("saved by then", check_point(job, folder, number, status, told, good))
            except (AssertionError, ValueError, OSError) as error:
                found.fail(f"{what}, {name}, {seed}, point {i}: {error}")
            shutil.rmtree(folder)
    return found


@contextmanager
def silent(told: Path) -> Iterator[None]:
    """Send to a file what the block prints, and undo what it changes in this process."""
    out, err = sys.stdout, sys.stderr
    fsync, replace = os.fsync, os.replace
    with told.open("w") as file:
        sys.stdout = sys.stderr = file
        try:
            yield
        finally:
            sys.stdout, sys.stderr = out, err
            os.fsync, os.replace = fsync, replace


def check_point(job: Job, folder: Path, number: int, status: int, told: Path, good: Content) -> int:
    """Check a folder after a kill, and once more after the same work again; return how much was
    saved before."""
    expected = (0, 130) if number == signal.SIGINT else (0, -number)
    assert status in expected, f"exit status {status}: {told.read_text()}"
    assert "Traceback" not in told.read_text(), told.read_text()
    saved = job.check_cut(folder, good)
    run_whole(job, folder, told)
    job.check_end(folder, good)
    return saved


def pieces(is_long: bool) -> list[Piece]:
    """Return the kills of all jobs: every signal at 200 points, or some at a few."""
    few = {
        "sweep": {"SIGKILL": 4, "SIGINT": 5, "SIGHUP": 1},
        "sweep on a slow disk": {"SIGTERM": 2},
        "migration": {"SIGKILL": 3, "SIGINT": 2},
        "save": {"SIGKILL": 8, "SIGINT": 8},
        "report": {"SIGTERM": 2},
    }
    made = []
    for what in JOBS:
        for name in SIGNALS:
            count = 200 if is_long else few.get(what, {}).get(name, 0)
            work = lambda count, seed, what=what, name=name: try_points(what, name, count, seed)  # noqa: E731
            made += split("kills", f"{what}, {name}", count, work, 50)
    return made
