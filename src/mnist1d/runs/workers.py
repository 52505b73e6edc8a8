"""Parallel processes with one thread of work each; a process that dies is replaced.

Processes are spawned, because JAX does not survive a fork. Each has a thread in the driver that
sends it a call, waits for the answer or for the end of the process, and then sends the next call.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection, wait
from typing import Any, ParamSpec, TypeVar

from mnist1d.errors import UsageError
from mnist1d.runs.executors import WorkerDied
from mnist1d.runs.threads import environment, one_thread

P = ParamSpec("P")
T = TypeVar("T")
Call = tuple[Callable[..., object], tuple[object, ...], dict[str, object]]
MAX_BYTES = 1.2e9  # a worker that uses more memory is replaced after its call
GRACE = 10.0  # seconds that a worker gets to exit on its own
_starting = threading.Lock()  # starting changes the environment of the whole driver


class Processes(Executor):
    """An executor that runs `workers` calls at once, each in a separate process.

    A call whose process dies raises WorkerDied; other calls are not affected. A process is reused
    until its memory exceeds MAX_BYTES.
    """

    def __init__(self, workers: int):
        self.workers = workers
        self.calls: queue.SimpleQueue[tuple[Future[Any], Call] | None] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.threads: list[threading.Thread] = []
        self.running: set[Worker] = set()
        self.open = 0  # calls that have not ended
        self.is_closed = self.is_killed = False
        atexit.register(self.kill)  # without this, Python would hang at exit

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self.lock:
            if self.is_closed:
                raise RuntimeError("cannot submit a call after shutdown")
            self.open += 1
            self.calls.put((future, (fn, args, kwargs)))
            if self.open > len(self.threads) < self.workers:
                thread = threading.Thread(target=self._look_after_one, daemon=True)
                self.threads.append(thread)
                thread.start()
        return future

    def kill(self) -> None:
        """Stop every process now, in the middle of its call."""
        self._close(cancel=True)
        with self.lock:
            self.is_killed, workers = True, list(self.running)
        for worker in workers:
            worker.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._close(cancel_futures)
        for thread in self.threads if wait else ():
            thread.join()

    def _close(self, cancel: bool) -> None:
        atexit.unregister(self.kill)
        with self.lock:
            if cancel:
                with contextlib.suppress(queue.Empty):
                    while item := self.calls.get_nowait():
                        item[0].cancel()
            self.is_closed = True
            for _ in self.threads:
                self.calls.put(None)

    def _look_after_one(self) -> None:
        """In a thread: run calls one after another in a process, and replace it when necessary."""
        _mask_ctrl_c("SIG_BLOCK")  # inherited: a process that is starting is not interrupted
        worker: Worker | None = None
        while item := self.calls.get():
            future, call = item
            if future.set_running_or_notify_cancel():
                worker = self._run(worker, future, call)
            with self.lock:
                self.open -= 1
        if worker:
            self._replace(worker)

    def _run(self, worker: Worker | None, future: Future[Any], call: Call) -> Worker | None:
        """Run one call; return the worker if it can be reused."""
        try:
            if worker is None:
                worker = Worker()
                with self.lock:
                    self.running.add(worker)
                    if self.is_killed:
                        worker.kill()
            is_result, content, num_bytes = worker.answer(call)
        except Exception as error:
            future.set_exception(error)
            return worker and self._replace(worker)
        if is_result:
            future.set_result(content)
        else:
            future.set_exception(content)
        return worker if num_bytes < MAX_BYTES else self._replace(worker)

    def _replace(self, worker: Worker) -> None:
        """End a worker; the next call starts another."""
        with self.lock:
            self.running.discard(worker)
        worker.stop()


class Worker:
    """A process that answers one call at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,))
        with _starting, environment(one_thread()):
            self.process.start()
        theirs.close()
        self.is_ready = False

    def answer(self, call: Call) -> tuple[bool, Any, float]:
        """Return (whether it is a result, the result or the exception, bytes of memory in use).

        Errors: WorkerDied if the process was killed; UsageError if it could not start.
        """
        try:
            if not self.is_ready:
                self.is_ready = self._receive()
            self.pipe.send(call)
            return self._receive()
        except (EOFError, OSError):
            self.process.join(GRACE)
            raise self._death() from None

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ValueError):  # it has ended, and was closed
            self.process.kill()

    def stop(self) -> None:
        """Let the process exit; kill it if it does not."""
        self.pipe.close()
        self.process.join(GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()

    def _receive(self) -> Any:
        wait([self.pipe, self.process.sentinel])
        return self.pipe.recv()  # EOFError where the process ended without an answer

    def _death(self) -> Exception:
        code = self.process.exitcode
        if code is not None and code >= 0 and not self.is_ready:
            return UsageError(
                f"a worker process could not start (exit status {code}); its message is above. A "
                'script that runs sweeps in processes needs `if __name__ == "__main__":` around '
                'them, or executor="here"'
            )
        if code is None or code >= 0:
            return WorkerDied(f"the worker process ended (exit status {code})")
        name = signal.Signals(-code).name
        memory = " (out of memory?)" if name == "SIGKILL" else ""
        return WorkerDied(f"the worker process was killed by {name}{memory}")


def _serve(pipe: Connection) -> None:
    """In a new process: answer calls until the driver closes the pipe or ends for any reason."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's
    _mask_ctrl_c("SIG_UNBLOCK")
    threading.Thread(target=_end_with_driver, daemon=True).start()
    pipe.send(True)
    while True:
        try:
            call = pipe.recv()
        except EOFError:
            return
        except Exception as error:  # a function or an argument that cannot be loaded here
            _send(pipe, False, error)
            continue
        try:
            answer = True, _apply(*call)
        except Exception as error:
            error.add_note("".join(traceback.format_exception(error)))
            answer = False, error
        _send(pipe, *answer)


def _apply(fn: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object]) -> T:
    return fn(*args, **kwargs)


def _mask_ctrl_c(how: str) -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(getattr(signal, how), {signal.SIGINT})


def _send(pipe: Connection, is_result: bool, content: object) -> None:
    try:
        pipe.send((is_result, content, _resident_bytes()))
    except OSError:  # the driver is gone
        os._exit(1)
    except Exception as error:  # a result that cannot be pickled
        pipe.send((False, TypeError(f"the result cannot be sent: {error}"), 0.0))


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver:
        wait([driver.sentinel])
    os._exit(1)


def _resident_bytes() -> float:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0.0
