"""Sweeps: run what is missing and keep what is stored, whatever fails in between."""

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
import types
from collections import Counter
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor

import numpy as np
import pytest

from mnist1d import experiments
from mnist1d.errors import Mnist1dError, UsageError, last_words
from mnist1d.experiments import load
from mnist1d.results.progress import show_summary
from mnist1d.runs import open_store, plan, sweep
from mnist1d.runs.executors import WorkerDied, make_executor
from mnist1d.runs.identity import nested
from mnist1d.runs.lock import alone
from mnist1d.runs.store import StoreError
from mnist1d.runs.sweep import Progress, Queue
from mnist1d.runs.tasks import Task, balanced
from mnist1d.runs.work import check_rows, work
from tests.runs.toy import LOG, Config, start


@pytest.fixture
def log(tmp_path, monkeypatch):
    """The runs that ended, as lines [size, seeds, pid]."""
    path = tmp_path / "log"
    monkeypatch.setenv(LOG, str(path))
    return lambda: [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def tasks(*actions, seeds=(0, 1)):
    return [
        Task("toy", Config(action=action, size=i + 1), tuple(seeds), "smoke", 1.0)
        for i, action in enumerate(actions)
    ]


def test_a_sweep_and_again(toy, store, log):
    first = sweep(store, plan("toy", "smoke"))
    assert (first.wanted, first.done, first.stored, first.ok) == (3, 3, 0, True)
    again = sweep(store, plan("toy", "smoke"))
    assert (again.wanted, again.done, again.stored, again.ok) == (3, 0, 3, True)
    assert len(log()) == 3
    assert len(store.rows("toy").where(metric="one")) == 3 * 2 * 2


def test_more_seeds_run_only_what_lacks(toy, store, log):
    sweep(store, plan("toy", "smoke", seeds=1))
    sweep(store, plan("toy", "smoke", seeds=3))
    assert [seeds for _, seeds, _ in log()] == ["0", "0", "0", "1,2", "1,2", "1,2"]
    assert store.rows("toy").unique("seed") == [0, 1, 2]


def test_rows_come_in_the_order_of_the_grid(toy, store):
    sweep(store, list(reversed(plan("toy", "smoke"))))
    sweep(store, plan("toy", "smoke"))
    assert store.rows("toy").unique("size") == [1, 2, 3]


def test_a_failure_stands_alone(toy, store):
    summary = sweep(store, tasks("ok", "fail", "ok"))
    assert (summary.done, len(summary.failed), summary.ok) == (2, 1, False)
    assert "RuntimeError: the toy broke" in store.calls()[1].error
    again = sweep(store, tasks("ok", "fail", "ok"))
    assert (again.done, again.failed, len(again.earlier), again.ok) == (0, [], 1, False)
    retried = sweep(store, tasks("ok", "fail", "ok"), retry_failed=True)
    assert (len(retried.failed), retried.earlier) == (1, [])
    assert len(sweep(store, tasks("fail", "ok", "ok"), fail_fast=True).failed) == 1
    assert store.studies() == ["toy"]


def test_fail_fast_starts_no_more(toy, store, log):
    summary = sweep(store, tasks("fail", "ok", "ok"), fail_fast=True)
    assert (summary.done, len(summary.failed), log()) == (0, 1, [])


def test_missing_data_is_skipped_and_tried_again(toy, store):
    for _ in range(2):
        summary = sweep(store, tasks("ok", "skip"))
        assert summary.ok and [reason for _, reason in summary.skipped] == [
            "the toy's data is not here: get it from the shop"
        ]


def test_settings_that_do_not_fit_together_fail_with_a_message(toy, monkeypatch):
    def run(config, seeds):
        raise UsageError("batch_size must be at most 7, got 8")

    monkeypatch.setattr(toy, "run", run)
    assert work("toy", nested(Config()), (0,)).error == "batch_size must be at most 7, got 8"


def test_last_words():
    try:
        try:
            raise ValueError("first")
        except ValueError as error:
            second = KeyError("second")
            second.add_note("a note\nof two lines")
            raise second from error
    except KeyError:
        assert last_words(traceback.format_exc()) == "KeyError: 'second'"
    assert last_words("only a message") == "only a message"


def test_a_study_that_forgets_a_seed_fails(toy):
    outcome = work("toy", nested(Config(action="short")), (0, 1))
    assert (
        outcome.status == "failed"
        and outcome.error
        == "toy: run(config, seeds) must return rows for exactly the seeds it was given, [0, 1]; "
        "got rows for [0]"
    )
    assert check_rows(load("toy"), [], []) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"metric": "half of a pair: \udce9"},
        {"metric": None},
        {"step": 1.5},
        {"value": "much"},
        {"value": np.array([None])},
        {"value": 10**400},
    ],
)
def test_a_row_that_the_store_cannot_keep_fails_its_trial_alone(toy, store, monkeypatch, wrong):
    run = toy.run

    def some_wrong(config, seeds):
        rows = run(config, seeds)
        return [rows[0]._replace(**wrong), *rows[1:]] if config.size == 2 else rows

    monkeypatch.setattr(toy, "run", some_wrong)
    summary = sweep(store, plan("toy", "smoke"))
    assert (summary.done, [task.config.size for task, _ in summary.failed]) == (2, [2])


def test_the_longest_first(toy, store):
    seen = []

    class Seen(Progress):
        def begin(self, task):
            seen.append(task.config.size)

    sweep(
        store,
        [Task("toy", Config(size=size), (0,), "smoke", float(size)) for size in (2, 3, 1)],
        progress=Seen(),
    )
    assert seen == [3, 2, 1]


def test_no_two_workers_at_one_study_while_another_has_work(toy, store, monkeypatch):
    other = types.ModuleType("other_toy")
    vars(other).update(vars(toy) | {"INFO": dataclasses.replace(toy.INFO, name="other")})
    monkeypatch.setitem(experiments.STUDIES, "other", "other_toy")
    monkeypatch.setitem(sys.modules, "other_toy", other)
    seen = []

    class Seen(Progress):
        def begin(self, task):
            seen.append(task.estimate)

    tasks = [
        Task(study, Config(size=size), (0,), "smoke", e)
        for study, size, e in (("toy", 1, 9.0), ("toy", 2, 8.0), ("other", 3, 1.0))
    ]
    with ThreadPoolExecutor(2) as pool:
        sweep(store, tasks, pool, workers=2, progress=Seen())
    assert seen == [9.0, 1.0, 8.0]


def test_the_next_task():
    long, short = (
        Task("lottery", Config(size=size), (0,), "smoke", estimate)
        for size, estimate in ((1, 9.0), (2, 8.0))
    )
    other = Task("pooling", Config(), (0,), "smoke", 1.0)
    queue = Queue([short, other, long])
    assert [queue.take(busy) for busy in ([], ["lottery"], ["lottery"])] == [long, other, short]
    assert not queue


def test_long_tasks_are_split_by_seeds():
    parts = balanced(
        [
            Task("toy", Config(), tuple(range(8)), "smoke", 8.0),
            Task("toy", Config(size=2), (0,), "smoke", 1.0),
        ],
        2,
    )
    assert sorted(seed for part in parts if part.config.size == 1 for seed in part.seeds) == list(
        range(8)
    )
    assert (
        max(part.estimate for part in parts) <= 4.5 and sum(part.estimate for part in parts) == 9.0
    )
    assert len(balanced([Task("toy", Config(), (0, 1), "smoke", 8.0)], 1)) == 1
    minutes = balanced([Task("toy", Config(), tuple(range(4)), "paper", 1600.0)], 1)
    assert [part.seeds for part in minutes] == [(0,), (1,), (2,), (3,)]
    equal = [Task("toy", Config(size=size), (0, 1), "smoke", 4.0) for size in (1, 2)]
    assert balanced(equal, 2) == equal  # nothing to gain
    unequal = [
        Task("toy", Config(size=1), (0, 1), "smoke", 5.7),
        Task("toy", Config(size=2), (0, 1), "smoke", 4.3),
    ]
    assert [part.seeds for part in balanced(unequal, 2)] == [
        (0,),
        (1,),
    ] * 2  # otherwise one core does 5.7 and the other 4.3


def test_more_workers_than_cores_are_allowed_with_a_warning():
    with pytest.warns(UserWarning, match="99 workers share [0-9]+ cores, which is no faster"):
        make_executor("processes", 99).shutdown()


def test_a_summary_counts_trials_and_not_their_parts(toy, store, capsys):
    with ThreadPoolExecutor(2) as pool:
        summary = sweep(store, tasks("ok", "ok", "skip"), pool, workers=2)
    assert len(store.calls()) == 6 and (summary.wanted, summary.done) == (3, 2)
    show_summary(summary, "again")
    told = capsys.readouterr().err
    assert told.startswith("2 done") and "1 skipped" in told and "skipped 1 trial of toy" in told


def test_a_killed_worker_runs_its_trial_three_times(tmp_path):
    words = ["--preset", "smoke", "--set", "action=ok,die", "--set", "size=1", "--workers", "2"]
    driver = start(tmp_path, *words, "--executor", "processes")
    _, told = driver.communicate(timeout=60)
    assert driver.returncode == 1 and "Traceback" not in told
    assert "the worker process was killed by SIGKILL (out of memory?), 3 times" in told
    assert "running it again (run 2 of 3)" in told
    with open_store(tmp_path, create=False) as store:
        assert Counter(call.status for call in store.calls()) == {"done": 1, "failed": 1}


class Dying(ThreadPoolExecutor):
    """An executor whose first calls find their worker dead."""

    def __init__(self, deaths):
        super().__init__(1)
        self.deaths = deaths

    def submit(self, fn, /, *args, **kwargs):
        if self.deaths == 0:
            return super().submit(fn, *args, **kwargs)
        self.deaths -= 1
        future = Future()
        future.set_exception(WorkerDied())
        return future


@pytest.mark.parametrize(("deaths", "done"), [(1, 1), (2, 1), (3, 0)])
def test_a_trial_whose_worker_dies_runs_three_times(toy, store, deaths, done):
    told = []

    class Told(Progress):
        def again(self, task, reason, runs):
            told.append(runs)

    summary = sweep(store, tasks("ok"), Dying(deaths), progress=Told())
    assert (summary.done, told) == (done, [2, 3][:deaths])
    assert len(summary.failed) == 1 - done


def test_an_external_executor_that_breaks(toy, store):
    class Broken(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            future.set_exception(BrokenExecutor("a child died"))
            return future

    with pytest.raises(Mnist1dError, match='broken \\(a child died\\).*executor="processes"'):
        sweep(store, tasks("ok"), Broken(1))


def test_rows_written_into_a_deleted_store_are_not_reported_as_saved(toy, store):
    class Deleting(Progress):
        def begin(self, task):
            store.path.unlink(missing_ok=True)

    with pytest.raises(StoreError, match="was deleted or moved while it was in use"):
        sweep(store, plan("toy", "smoke"), progress=Deleting())


def test_a_store_deleted_at_the_very_end(toy, store):
    class Deleting(Progress):
        def end(self, task, outcome):
            if not store.standing().failed and len(store.calls()) == 3:
                store.path.unlink()

    with pytest.raises(StoreError, match="was deleted or moved"):
        sweep(store, plan("toy", "smoke"), progress=Deleting())


def test_a_store_replaced_by_another(toy, store, tmp_path):
    with open_store(tmp_path / "other") as other:
        other.add("toy", Config(), [0], [])

    class Replacing(Progress):
        def begin(self, task):
            if (tmp_path / "other" / "rows.sqlite").exists():
                (tmp_path / "other" / "rows.sqlite").replace(store.path)

    with pytest.raises(StoreError, match="was replaced while it was in use"):
        sweep(store, plan("toy", "smoke"), progress=Replacing())


def test_two_commands_within_one_second_stay_two(toy, store):
    first, second = plan("toy", "smoke")[:1], plan("toy", "smoke")[1:]
    for part in (first, second):
        sweep(store, part)
    assert store.rows("toy").unique("size") == [2, 3]
    assert [len(sweep.wanted) for sweep in store.latest("toy")] == [2]


def done_in(folder):
    """The number of (trial, seed) that are done in a store that another process may be writing."""
    try:
        with open_store(folder, create=False) as store:
            return sum(len(call.seeds) for call in store.calls() if call.status == "done")
    except UsageError:  # not there yet
        return 0


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def assert_all_once(folder, sizes):
    db = sqlite3.connect(folder / "rows.sqlite")
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        counts = db.execute(
            "SELECT count(*) FROM rows WHERE metric = 'one' GROUP BY trial, seed, step"
        ).fetchall()
        assert counts == [(1,)] * (sizes * 2 * 2)
    finally:
        db.close()


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as file:  # ended, but not yet waited for
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_kill_9_in_the_middle_then_again(toy, tmp_path, log):
    runs = tmp_path / "runs"
    driver = start(
        runs, "--preset", "quick", "--executor", "processes", "--workers", "2", TOY_SECONDS="0.3"
    )
    wait_for(lambda: done_in(runs) >= 2)
    driver.kill()
    driver.communicate()
    kept = done_in(runs)
    assert 2 <= kept < 12
    wait_for(
        lambda: all(gone(int(pid)) for _, _, pid in log())
    )  # the workers end with their driver
    before = len(log())
    with open_store(runs) as store:
        summary = sweep(store, plan("toy", "quick"))
        assert summary.ok and summary.stored * 2 == kept and summary.done == 6 - summary.stored
    assert_all_once(runs, 6)
    assert len(log()) == before + summary.done


DIES_AT_SEED_1 = """
import os, signal, sys
from tests.runs import toy
toy.use_as_program()
from mnist1d.runs import open_store, sweep
from mnist1d.runs.tasks import Task

def run(config, seeds, run=toy.run):
    if 1 in seeds:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(config, seeds)

toy.run = run
with open_store(sys.argv[1]) as store:
    sweep(store, [Task("toy", toy.Config(), (0, 1, 2), "smoke", 1000.0)], "here")
"""


def test_kill_9_between_two_seeds_of_a_long_trial(toy, tmp_path, log):
    command = [sys.executable, "-c", DIES_AT_SEED_1, str(tmp_path)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    whole = Task("toy", Config(), (0, 1, 2), "smoke", 1000.0)
    with open_store(tmp_path) as store:
        assert store.rows("toy").unique("seed") == [0]
        assert sweep(store, [whole], "here").ok
        kept = store.rows("toy").where(metric="one")
    with open_store(tmp_path / "at once") as store:
        sweep(store, [dataclasses.replace(whole, estimate=1.0)], "here")
        at_once = store.rows("toy").where(metric="one")
    assert [line[1] for line in log()] == ["0", "1", "2", "0,1,2"]
    assert sorted(kept, key=repr) == sorted(at_once, key=repr)


def test_two_sweeps_at_once(tmp_path, log):
    runs = tmp_path / "runs"
    drivers = [
        start(runs, "--preset", "quick", "--executor", "here", TOY_SECONDS="0.1") for _ in range(2)
    ]
    told = [driver.communicate(timeout=120)[1] for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], told
    assert_all_once(runs, 6)
    assert len(log()) == 6  # none ran twice


def test_the_second_sweep_waits_and_says_for_whom(toy, store):
    told = []

    class Told(Progress):
        def waiting(self, owner):
            told.append(owner)
            held.close()

    held = alone(store.folder, print)
    held.__enter__()
    held.close = lambda: held.__exit__(None, None, None)
    assert sweep(store, plan("toy", "smoke"), progress=Told()).done == 3
    assert len(told) == 1 and f"process {os.getpid()}" in told[0]


@pytest.mark.parametrize("executor", ["here", "processes"])
def test_ctrl_c(tmp_path, executor, toy, log):
    runs = tmp_path / "runs"
    driver = start(runs, "--preset", "quick", "--executor", executor, TOY_SECONDS="0.3")
    wait_for(lambda: done_in(runs) >= 2)
    os.killpg(driver.pid, signal.SIGINT)  # like a terminal, which signals the workers too
    _, told = driver.communicate(timeout=30)
    assert (
        driver.returncode == 130
        and "run the same command again to resume" in told
        and "Traceback" not in told
    )
    assert 2 <= done_in(runs) < 12
    with open_store(runs) as store:
        assert sweep(store, plan("toy", "quick")).ok
    assert_all_once(runs, 6)
