"""A Dask cluster: calls, workers that die or cannot be used, and rows equal to those of one
process."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="dask.distributed is not installed")
from distributed import LocalCluster  # noqa: E402

from mnist1d.cli import main  # noqa: E402
from mnist1d.errors import SuspiciousValueWarning, UsageError  # noqa: E402
from mnist1d.runs import cluster as module  # noqa: E402
from mnist1d.runs import open_store, plan, sweep  # noqa: E402
from mnist1d.runs.cluster import Cluster, describe  # noqa: E402
from mnist1d.runs.executors import WorkerDied, make_executor  # noqa: E402
from mnist1d.runs.sweep import Progress  # noqa: E402
from mnist1d.runs.threads import one_thread  # noqa: E402
from tests.runs import toy as toy_module  # noqa: E402

TOY = str(Path(toy_module.__file__).resolve())
ROOT = Path(TOY).parents[2]
pytestmark = pytest.mark.filterwarnings("default:.*:ResourceWarning", "default::DeprecationWarning")


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler with two workers, all of them threads of this process."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=":0",
        silence_logs=50,
    ) as local:
        yield local.scheduler_address


@pytest.fixture
def pool(scheduler):
    with Cluster(scheduler) as opened:
        yield opened


def test_calls_and_exceptions_come_back(pool):
    assert pool.workers == 2
    assert pool.submit(int, "7", base=8).result() == 7
    assert isinstance(pool.submit(int, "seven").exception(), ValueError)


GATE = threading.Event()  # that calls wait for; the workers of `scheduler` are threads
AT_GATE: list[int] = []  # the number of calls before each


def wait_at_gate():
    """A call that lasts until the gate is open."""
    AT_GATE.append(len(AT_GATE))
    return GATE.wait(60)


@pytest.fixture
def gate():
    GATE.clear()
    AT_GATE.clear()
    yield GATE
    GATE.set()


def wait_until(condition):
    """Wait until a condition holds, however busy the machine is."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_has_one_call_at_a_time(pool, gate):
    calls = [pool.submit(wait_at_gate) for _ in range(6)]
    wait_until(lambda: len(AT_GATE) == 2)
    assert (len(pool.running), len(pool.waiting)) == (2, 4)
    gate.set()
    assert [call.result() for call in calls] == [True] * 6
    assert AT_GATE == list(range(6))


def test_a_sweep_gives_the_rows_of_this_process(pool, tmp_path):
    found = {}
    for name, executor in (("here", "here"), ("dask", pool)):
        with open_store(tmp_path / name) as store:
            assert sweep(store, plan(TOY, "quick"), executor).done == 6
            found[name] = [repr(row) for row in store.rows("toy")]
    assert found["here"] == found["dask"]


def test_shutdown_waits_and_kill_does_not(scheduler, gate):
    pool = Cluster(scheduler)
    last = pool.submit(abs, -1)
    pool.shutdown()
    assert last.result() == 1
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(abs, -1)
    pool = Cluster(scheduler)
    long, waiting = [pool.submit(wait_at_gate) for _ in range(2)], pool.submit(abs, -1)
    wait_until(lambda: len(AT_GATE) == 2)
    pool.kill()
    assert all(call.exception() for call in long)
    with pytest.raises(CancelledError):
        waiting.result()


def test_a_worker_that_is_gone(pool, gate, monkeypatch):
    monkeypatch.setattr(module, "POLL", 0.05)
    call = pool.submit(wait_at_gate)
    wait_until(lambda: pool.running)
    (address,) = pool.running
    left = {name: n for name, n in pool.client.nthreads().items() if name != address}
    monkeypatch.setattr(pool, "_addresses", lambda: left)
    with pytest.raises(WorkerDied):
        call.result(timeout=10)
    assert pool.workers == 1 and pool.submit(abs, -1).result(timeout=10) == 1


def test_a_lost_last_worker_is_reported(pool, gate, monkeypatch):
    monkeypatch.setattr(module, "POLL", 0.05)
    call = pool.submit(wait_at_gate)
    wait_until(lambda: pool.running)
    with pytest.warns(SuspiciousValueWarning, match="the last worker of .* waiting for another"):
        monkeypatch.setattr(pool, "_addresses", dict)
        assert isinstance(call.exception(timeout=10), WorkerDied)
        wait_until(lambda: not pool.usable)
        monkeypatch.undo()
        gate.set()
        assert pool.submit(abs, -1).result(timeout=10) == 1


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "", "foo://127.0.0.1:8786"])
def test_no_scheduler_at_the_address(monkeypatch, address):
    monkeypatch.setattr(module, "CONNECT", 0.3)
    with pytest.raises(UsageError, match="no Dask scheduler answers at .*`dask scheduler`") as told:
        Cluster(address)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "threads", "message"),
    [
        ({"versions": {"jax": "0.1"}}, 1, "jax 0.1 instead of .*install the same versions"),
        ({"python": "2.7.18"}, 1, "Python 2.7 instead of"),
        ({"git": {"commit": "0" * 40, "dirty": False}}, 1, "commit 000000000000 instead of"),
        ({}, 4, "has 4 threads, .*--nthreads 1"),
        (OSError("closed"), 1, "does not answer"),
    ],
)
def test_workers_that_cannot_be_used(scheduler, monkeypatch, change, threads, message):
    found = change if isinstance(change, Exception) else describe() | change
    monkeypatch.setattr(Cluster, "_addresses", lambda self: {"tcp://other:1": threads})
    monkeypatch.setattr(module.Client, "run", lambda *_, **__: {"tcp://other:1": found})
    with pytest.raises(UsageError, match=f"the worker tcp://other:1 .*{message}") as told:
        Cluster(scheduler)
    assert "\n" not in str(told.value)


class Elsewhere:
    """A function of a module that workers do not have."""

    def __reduce__(self):
        return import_module, ("mnist1d_missing",)


def test_a_worker_without_the_package(scheduler, monkeypatch):
    monkeypatch.setattr(module, "describe", Elsewhere())
    with pytest.raises(UsageError, match="cannot import this package .*No module.*install") as told:
        Cluster(scheduler)
    assert "\n" not in str(told.value)


def test_a_worker_on_another_processor_is_warned_of(scheduler, monkeypatch):
    processor = {"processor": "Another CPU"}
    answers = lambda self, fn, workers, on_error: dict.fromkeys(workers, describe() | processor)  # noqa: E731
    monkeypatch.setattr(module.Client, "run", answers)
    with pytest.warns(SuspiciousValueWarning, match="workers run on Another CPU.*last digits"):
        Cluster(scheduler).shutdown()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("processes", None, "tcp://a:1"), "--scheduler tcp://a:1 needs --executor dask"),
        (("dask", 2, "tcp://a:1"), "leave out --workers or --scheduler"),
        (("dask", 0, None), "workers must be a whole number, at least 1"),
        (("here", 2, None), "--workers 2 starts processes, .* choose --executor processes"),
    ],
)
def test_options_that_exclude_each_other(arguments, message):
    with pytest.raises(UsageError, match=message):
        make_executor(*arguments)


# ------------------------------------------------------------------ processes


def start(*words):
    """Start a program of Dask in a process of its own; the second value is its address."""
    environment = {**os.environ, **one_thread(), "TOY_SECONDS": "0.2"}
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if found := re.search(r"(?:Scheduler at:|Start worker at:)\s+(tcp://\S+)", line):
            return process, found[1]
    raise AssertionError(f"{words} did not start")


@pytest.fixture
def processes(request):
    """A scheduler and two workers without nannies: (address of the scheduler, workers)."""
    scheduler, address = start("distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard")
    words = ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny")
    words += ("--no-dashboard", "--dashboard-address", ":0", *request.param)
    with ThreadPoolExecutor(2) as both:
        workers = [worker for worker, _ in both.map(lambda _: start(*words), range(2))]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.communicate()


def values(store, study):
    """The rows of a study as text, without times."""
    return [repr(row) for row in store.rows(study) if not row.metric.endswith("seconds")]


NO_JAX = ("--preload", "from tests.runs.toy import use_as_program; use_as_program()")


@pytest.mark.parametrize(
    ("processes", "study", "preset"),
    [(NO_JAX, "toy", "quick"), pytest.param((), "lottery", "smoke", marks=pytest.mark.slow)],
    indirect=["processes"],
)
def test_kill_9_of_one_of_two_workers(toy, tmp_path, processes, study, preset, monkeypatch):
    monkeypatch.setattr(module, "POLL", 0.05)
    address, workers = processes
    seen = []

    class Killing(Progress):
        def end(self, task, outcome):
            if not seen:
                seen.append("killed")
                os.kill(workers[0].pid, signal.SIGKILL)

        def again(self, task, reason, runs):
            seen.append(runs)

    tasks = plan(study, preset)
    name = tasks[0].study
    with open_store(tmp_path / "here") as store:
        sweep(store, tasks)
        wanted = values(store, name)
    with open_store(tmp_path / "dask") as store, Cluster(address) as pool:
        wait_until(lambda: pool.workers == 2)  # a worker that dies while it joins is another case
        summary = sweep(store, tasks, pool, progress=Killing())
        assert (summary.done, summary.failed) == (len(tasks), [])
        wait_until(lambda: pool.workers == 1)
        assert set(seen[1:]) <= {2}  # at most one trial, once; none if the worker was idle
        assert values(store, name) == wanted
        calls = [(call.trial, seed) for call in store.calls() for seed in call.seeds]
        assert len(calls) == len(set(calls)) == sum(len(task.seeds) for task in tasks)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the last worker")
def test_a_trial_that_kills_its_worker_is_a_failed_row(tmp_path):
    with open_store(tmp_path) as store, Cluster(None, 1) as pool:
        tasks = plan(TOY, "smoke", overrides=["action=die", "size=1"])
        summary = sweep(store, tasks, pool)
        assert summary.done == 0 and "3 times" in summary.failed[0][1]
        assert pool.submit(os.getpid).result() != os.getpid()  # the nanny has started another
    assert os.environ["PJRT_NPROC"] == "1"


def test_options_on_the_command_line(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "CONNECT", 0.3)
    words = ["run", "toy", "--runs", str(tmp_path), "--scheduler"]
    assert main([*words, "tcp://127.0.0.1:9"]) == 2
    assert main([*words, "tcp://127.0.0.1:9", "--executor", "here"]) == 2
    assert main([*words, "tcp://127.0.0.1:9", "--device", "gpu"]) == 2
    assert main([*words, "tcp://127.0.0.1:9", "--mnist", str(tmp_path)]) == 2
    told = capsys.readouterr().err.splitlines()
    assert "leave out --mnist, and set MNIST1D_MNIST" in told[3]
    assert len(told) == 4 and "no Dask scheduler answers at tcp://127.0.0.1:9" in told[0]
    assert "needs --executor dask" in told[1] and "leave out --device" in told[2]
