"""Where trials run: here, or in processes of one thread each. Both are executors of
`concurrent.futures`; a cluster's would be too."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Any

from mnist1d.checks import check_name
from mnist1d.errors import UsageError

EXECUTORS = ("here", "processes", "dask")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
MAX_WORKER_BYTES = (
    1.2e9  # a worker that has grown beyond this is replaced, so that all stay under 4 GiB together
)


def make_executor(name: str, workers: int | None = None) -> Executor:
    """Return the executor of that name; `workers` processes, as many as there are cores unless
    told.

    It takes as many calls at once as its attribute `workers` says. Errors: UsageError for an
    unknown name or number of workers.
    """
    check_name(name, EXECUTORS, "executor")
    if name == "dask":
        raise UsageError(
            "the executor dask is not there yet: choose processes, which uses all cores of this machine, or here"
        )
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, got {workers}")
    return Here() if name == "here" else Processes(workers or cores())


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Here(Executor):
    """Runs each call in this process, at once."""

    workers = 1

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Processes(Executor):
    """Single processes side by side: one that the system kills takes down its own call and no
    other, and is replaced.

    They are spawned, since JAX does not survive a fork, with one thread each, since small networks
    use no more.
    """

    def __init__(self, workers: int):
        self.workers = workers
        self.queue: deque[tuple[Future, tuple]] = deque()
        self.idle: list[ProcessPoolExecutor] = []
        self.busy: dict[Future, ProcessPoolExecutor] = {}
        self.lock = (
            threading.RLock()
        )  # a callback runs at once, in this thread, where its future is already done

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        with self.lock:
            self.queue.append((future, (fn, args, kwargs)))
            self._fill()
        return future

    def _fill(self) -> None:
        while self.queue and len(self.busy) < self.workers:
            future, call = self.queue.popleft()
            process = self.idle.pop() if self.idle else _process()
            self.busy[future] = process
            with one_thread():  # read when the process starts, which may be now
                inner = process.submit(_measured, *call)
            inner.add_done_callback(lambda done, future=future: self._finish(done, future))

    def _finish(self, inner: Future, future: Future) -> None:
        with self.lock:
            process = self.busy.pop(future, None)
            if process is None:  # killed
                return
            error = inner.exception()
            if error is None and inner.result()[1] < MAX_WORKER_BYTES:
                self.idle.append(process)
            else:
                process.shutdown(wait=False)
            self._fill()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(inner.result()[0])

    def kill(self) -> None:
        """Stop every process now, in the middle of its call."""
        with self.lock:
            processes = [*self.idle, *self.busy.values()]
            self.idle, self.busy = [], {}
            self.queue.clear()
        for process in processes:
            for child in list(
                (process._processes or {}).values()
            ):  # kill_workers() from Python 3.14 on
                child.kill()
            process.shutdown(wait=False, cancel_futures=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self.lock:
            processes = [*self.idle, *self.busy.values()]
        for process in processes:
            process.shutdown(wait, cancel_futures=cancel_futures)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Set the environment in which JAX and BLAS start with one thread; what the user set stays."""
    flags = os.environ.get("XLA_FLAGS", "")
    wanted = {name: os.environ.get(name, value) for name, value in ONE_THREAD.items()}
    wanted["XLA_FLAGS"] = (
        flags if "multi_thread_eigen" in flags else f"{flags} {XLA_ONE_THREAD}".strip()
    )
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare
    )


def _prepare() -> None:
    """In a new process: leave Ctrl-C to the driver, and end when the driver does, however it
    ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _measured(fn: Callable, args: tuple, kwargs: dict) -> tuple[Any, float]:
    """Return what the call gives, and the bytes that this process holds."""
    result = fn(*args, **kwargs)
    return result, _resident_bytes()


def _resident_bytes() -> float:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0.0
