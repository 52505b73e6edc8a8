"""Where trials run: in this process, in processes of one thread each, or on a Dask cluster. All are
executors of `concurrent.futures`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, Protocol, TypeVar

from mnist1d.checks import check_name
from mnist1d.errors import Mnist1dError, UsageError
from mnist1d.runs import threads

EXECUTORS = ("here", "processes", "dask")
MAX_RUNS = 3  # of a trial whose worker dies
T = TypeVar("T")


class WorkerDied(Mnist1dError):
    """The process that ran a call was killed, `times` times; the call itself may be sound."""

    def __init__(
        self, message: str = "the worker process was killed (out of memory?)", times: int = 1
    ):
        super().__init__(message)
        self.times = times


class Pool(Protocol):
    """What a sweep needs of an executor beyond `concurrent.futures`: how many calls it takes at
    once, and a way to stop in the middle of them."""

    @property
    def workers(self) -> int: ...

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]: ...

    def kill(self) -> None: ...


def make_executor(name: str, workers: int | None = None) -> Executor:
    """Return the executor of that name; `workers`: number of processes (default: number of cores).

    It takes as many calls at once as its attribute `workers` says. Errors: UsageError for an
    unknown name or number of workers.
    """
    check_name(name, EXECUTORS, "executor")
    if name == "dask":
        raise UsageError(
            "the executor dask is not there yet: choose processes, which uses all cores of this "
            "machine, or here"
        )
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, got {workers}")
    if name == "here":
        return Here()
    from mnist1d.runs.workers import Processes

    return Processes(workers or cores())


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_safely(pool: Executor, fn: Callable[..., T], *iterables: Iterable[Any]) -> Iterator[T]:
    """Yield what `pool.map` would; a call whose worker dies runs once more, in this process."""
    calls = [(pool.submit(fn, *args), args) for args in zip(*iterables, strict=False)]
    for future, args in calls:
        try:
            yield future.result()
        except WorkerDied:
            yield fn(*args)


class Here(Executor):
    """Runs each call in this process, at once, with one thread as a worker has."""

    workers = 1

    def __init__(self) -> None:
        self.limits: contextlib.ExitStack | None = None

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        if self.limits is None:
            self.limits = contextlib.ExitStack()
            self.limits.enter_context(threads.single())
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def kill(self) -> None:
        """Do nothing: no call runs beside the one that asks."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if self.limits is not None:
            self.limits.close()
            self.limits = None
