"""Executors: run trials in this process, in processes with one thread each, or on a Dask cluster.
All three follow `concurrent.futures`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import ParamSpec, Protocol, TypeVar

from mnist1d.checks import check_name, check_whole
from mnist1d.errors import Mnist1dError, UsageError, warn
from mnist1d.runs import threads

EXECUTORS = ("here", "processes", "dask")
MAX_RUNS = 3  # attempts at a trial whose worker dies, including the first
P = ParamSpec("P")
T = TypeVar("T")


class WorkerDied(Mnist1dError):
    """The process that ran a call was killed; the call itself may be fine."""


class Pool(Protocol):
    """What a sweep needs from an executor besides `concurrent.futures`: the number of calls it runs
    at once, which may change, and a way to stop running calls."""

    @property
    def workers(self) -> int: ...

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]: ...

    def kill(self) -> None: ...


def make_executor(name: str, workers: int | None = None, scheduler: str | None = None) -> Executor:
    """Return the executor of that name.

    workers: number of processes (default: number of cores). scheduler: address of a Dask scheduler
    (default: a Dask cluster of processes on this machine). The attribute `workers` of the result is
    the number of calls it runs at once. Errors: as `check_executor`, and UsageError if there is no
    usable scheduler at the address.
    """
    check_executor(name, workers, scheduler)
    if name == "here":
        return Here()
    if workers is not None and workers > cores():
        warn(
            f"{workers} workers share {cores()} cores, which is no faster and needs more "
            f"memory: use --workers {cores()}"
        )
    if name == "dask":
        from mnist1d.runs.cluster import Cluster

        return Cluster(scheduler, workers or cores())
    from mnist1d.runs.workers import Processes

    return Processes(workers or cores())


def check_executor(name: str, workers: int | None, scheduler: str | None) -> None:
    """Raise UsageError for an unknown name, fewer than one worker, or options that exclude each
    other."""
    check_name(name, EXECUTORS, "executor")
    if workers is not None:
        check_whole(workers, 1, "workers")
        if name == "here" and workers > 1:
            raise UsageError(
                f"--workers {workers} starts processes, but --executor here is this process alone: "
                "leave out --workers, or choose --executor processes"
            )
    if scheduler is not None and name != "dask":
        raise UsageError(f"--scheduler {scheduler} needs --executor dask, got --executor {name}")
    if scheduler is not None and workers is not None:
        raise UsageError(
            f"--workers {workers} starts workers on this machine, but the scheduler at "
            f"{scheduler} has its own workers: leave out --workers or --scheduler"
        )


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_safely(pool: Executor, fn: Callable[..., T], *iterables: Iterable[object]) -> Iterator[T]:
    """Yield the results in order, like `pool.map`; if a worker dies, run its call again in this
    process."""
    calls = [(pool.submit(fn, *args), args) for args in zip(*iterables, strict=False)]
    for future, args in calls:
        try:
            yield future.result()
        except WorkerDied:
            yield fn(*args)


class Here(Executor):
    """Runs each call at once in this process, with one thread, as a worker does."""

    workers = 1

    def __init__(self) -> None:
        self.limits: contextlib.ExitStack | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
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
        """Do nothing: `submit` returns only when its call has ended, so none is running."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if self.limits is not None:
            self.limits.close()
            self.limits = None
