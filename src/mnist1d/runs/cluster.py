"""An executor on the workers of a Dask cluster, on one machine or many.

Each call is pinned to one idle worker, so only that call is lost if the worker dies. The caller
gets WorkerDied; a sweep then runs the trial elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar, cast

from mnist1d.checks import Json
from mnist1d.errors import MissingExtraError, Mnist1dError, UsageError, warn
from mnist1d.runs import provenance, threads
from mnist1d.runs.admission import describe, line_of, problem_of
from mnist1d.runs.executors import WorkerDied

try:
    from dask import config as dask_config
    from distributed import Client, LocalCluster, Security
    from distributed.comm.core import connect
    from distributed.scheduler import KilledWorker
except ImportError as error:
    raise MissingExtraError(
        f"--executor dask needs dask.distributed, which is not installed ({error}): "
        "pip install distributed, or the extra [dask]"
    ) from error

if TYPE_CHECKING:
    from distributed.cfexecutor import ClientExecutor

P = ParamSpec("P")
T = TypeVar("T")
POLL = 1.0  # seconds between two checks of the workers
CONNECT = 5.0  # seconds within which a scheduler must answer


class Call(NamedTuple):
    """A call that waits for a worker or runs on one, and the future that its caller holds."""

    future: Future[Any]
    fn: Callable[..., object]
    args: tuple[object, ...]
    kwargs: Mapping[str, object]


class Running(NamedTuple):
    """A call and Dask's own future for it."""

    call: Call
    inner: Future


class Cluster(Executor):
    """An executor on the workers of a Dask scheduler, which may come and go.

    address: of the scheduler, such as "tcp://10.0.0.1:8786". Default: `workers` processes on this
    machine, until the executor ends. A call whose worker dies raises WorkerDied. Errors: UsageError
    if no scheduler answers, or if a worker has other versions, several threads, or no mnist1d.
    """

    def __init__(self, address: str | None, workers: int = 1):
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.waiting: deque[Call] = deque()
        self.running: dict[str, Running] = {}  # by address of the worker
        self.usable: set[str] = set()
        self.refused: set[str] = set()
        self.processors: set[str] = {provenance.processor()}
        self.is_closed = False
        self.resources = contextlib.ExitStack()
        log = logging.getLogger("distributed.client")  # it repeats what our errors say
        self.resources.callback(log.setLevel, log.level)
        log.setLevel(logging.CRITICAL)
        try:
            self.client = self._connect(address, workers)
            self.executor: ClientExecutor = self.client.get_executor(pure=False)
            self._wait_for_workers()
        except BaseException:
            self.resources.close()
            raise
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    @property
    def workers(self) -> int:
        """The current number of workers, at least 1: how many calls a sweep runs at once."""
        return max(1, len(self.usable))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self.lock:
            if self.is_closed:
                raise RuntimeError("cannot submit a call after shutdown")
            self.waiting.append(Call(future, fn, args, kwargs))
        self.wake.set()
        return future

    def kill(self) -> None:
        """Drop all calls. An external worker finishes its current call, whose result is lost."""
        self.shutdown(wait=False, cancel_futures=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self.lock:
            was_closed, self.is_closed = self.is_closed, True
            dropped = list(self.waiting) if cancel_futures else []
            pending = [*self.waiting, *(running.call for running in self.running.values())]
            if cancel_futures:
                self.waiting.clear()
        for call in dropped:
            call.future.cancel()
        while wait and not was_closed and not all(call.future.done() for call in pending):
            time.sleep(0.01)
        self.wake.set()
        if not was_closed:
            self.thread.join()
            self._drop_all(Mnist1dError("the executor was shut down"))
            self.resources.close()

    # ------------------------------------------------------------------ the cluster

    def _connect(self, address: str | None, workers: int) -> Client:
        """Return a client of the scheduler at an address, or of a new cluster of processes here."""
        if address is None:
            self.resources.enter_context(threads.environment(threads.one_thread()))
            settings = {"distributed.nanny.pre-spawn-environ": threads.one_thread()}
            try:
                with dask_config.set(settings):
                    local = LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        memory_limit=0,  # the system's, as for processes
                        dashboard_address=":0",
                        silence_logs=logging.CRITICAL,
                    )
            except RuntimeError as error:
                raise UsageError(
                    f"the workers of Dask could not start ({error}). A script that runs sweeps on "
                    'them needs `if __name__ == "__main__":` around the sweep'
                ) from error
            self.resources.callback(local.close)
            address = str(local.scheduler_address)
        try:
            asyncio.run(_call_at(address))
            with warnings.catch_warnings():  # of versions: _admit compares them
                warnings.simplefilter("ignore")
                client = Client(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError, AssertionError) as error:
            raise UsageError(
                f"no Dask scheduler answers at {address} ({line_of(error)}): start one with "
                "`dask scheduler` and pass the address it prints, or leave out --scheduler to use "
                "this machine's cores"
            ) from None
        self.address = address
        self.resources.callback(client.close)
        return client

    def _wait_for_workers(self) -> None:
        """Wait for the first usable worker. Errors: UsageError for one that cannot be used."""
        told = False
        while not self.usable:
            for problem in self._admit(self._addresses()).values():
                raise UsageError(problem)
            if not self.usable and not told:
                warn(f"no worker has joined {self.address} yet; waiting")
                told = True
            time.sleep(0 if self.usable else POLL / 4)

    def _addresses(self) -> dict[str, int]:
        """Return the addresses of the cluster's workers and their numbers of threads."""
        return dict(cast(Mapping[str, int], self.client.nthreads()))

    def _admit(self, found: Mapping[str, int]) -> dict[str, str]:
        """Add new workers to those in use; return the reasons for rejecting others, by address."""
        new = [address for address in found if address not in self.usable | self.refused]
        if not new:
            return {}
        ran = self.client.run(describe, workers=new, on_error="return")
        answers = cast(Json, ran)  # the client's type covers asynchronous use, too
        problems = {
            address: problem
            for address in new
            if address in answers
            if (problem := problem_of(address, found[address], answers[address]))
        }
        good = {address for address in answers if address not in problems}
        others = {str(answers[address]["processor"]) for address in good} - self.processors
        if others:
            warn(
                f"workers run on {', '.join(sorted(others))}, unlike {', '.join(self.processors)}: "
                "equal trials may differ in their last digits; for equal bits, use workers of one "
                "kind and a new folder of runs"
            )
        with self.lock:
            self.processors |= others
            self.usable |= good
            self.refused = (self.refused & set(found)) | set(problems)
        return problems

    # ------------------------------------------------------------------ calls

    def _watch(self) -> None:
        """In a thread: send calls to idle workers, and notice workers that join or leave."""
        looked = 0.0
        while not self.is_closed or self.waiting or self.running:
            self.wake.wait(POLL)
            self.wake.clear()
            try:
                if time.monotonic() - looked >= POLL:
                    self._look()
                    looked = time.monotonic()
                if self.is_closed and not self.waiting:
                    return
                self._hand_out()
            except Exception as error:  # the scheduler is gone, or the client was closed
                self._drop_all(self._lost(error))

    def _look(self) -> None:
        found = self._addresses()
        for problem in self._admit(found).values():
            warn(f"{problem}; it is not used")
        with self.lock:
            gone = self.usable - set(found)
            self.usable -= gone
            is_left = bool(self.usable) or not gone
            dead = [self.running.pop(address) for address in gone if address in self.running]
        for running in dead:
            _set(running.call.future, WorkerDied("the Dask worker was killed or lost"))
            running.inner.cancel()
        if not is_left:
            warn(f"the last worker of {self.address} was killed or lost; waiting for another")

    def _hand_out(self) -> None:
        while True:
            with self.lock:
                idle = sorted(self.usable - set(self.running))
                if not (idle and self.waiting):
                    return
                address, call = idle[0], self.waiting.popleft()
                if not call.future.set_running_or_notify_cancel():
                    continue
                inner = self.executor.submit(
                    answer,
                    call.fn,
                    call.args,
                    dict(call.kwargs),
                    workers=[address],
                    key=f"mnist1d-{uuid.uuid4().hex}",
                )
                self.running[address] = Running(call, inner)
            inner.add_done_callback(partial(self._ended, address, call))

    def _ended(self, address: str, call: Call, inner: Future) -> None:
        """Deliver a call's result or exception, and free its worker."""
        with self.lock:
            running = self.running.get(address)
            if running is not None and running.call is call:
                del self.running[address]
        try:
            result = inner.result()
        except KilledWorker:
            _set(call.future, WorkerDied("the Dask worker was killed"))
        except CancelledError as error:
            _set(call.future, self._lost(error))
        except Exception as error:
            _set(call.future, error)
        else:
            if not call.future.done():
                call.future.set_result(result)
        self.wake.set()

    def _lost(self, error: BaseException) -> Mnist1dError:
        return Mnist1dError(
            f"the connection to the Dask scheduler at {self.address} was lost ({line_of(error)}). "
            "Finished trials are saved: start the scheduler, then run the same command again"
        )

    def _drop_all(self, error: Mnist1dError) -> None:
        with self.lock:
            dropped = [*self.waiting, *(running.call for running in self.running.values())]
            self.waiting.clear()
            self.running.clear()
        for call in dropped:
            _set(call.future, error)


async def _call_at(address: str) -> None:
    """Raise OSError or ValueError if no server answers; `Client` would also print to stderr."""
    security = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=CONNECT, **security), 2 * CONNECT)
    comm.abort()


def answer(fn: Callable[..., T], args: Iterable[object], kwargs: Mapping[str, object]) -> T:
    """On a worker: run a call with one thread."""
    with threads.single():
        return fn(*args, **kwargs)


def _set(future: Future, error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
