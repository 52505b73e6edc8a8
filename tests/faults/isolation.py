"""Cases that may crash, hang or fill the memory: one after another in a forked process; the next
one starts in a new process where a case ended the old one."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from tests.faults.counting import Found
from tests.faults.killing import wait

SECONDS = 25  # of the processor, that a case may take
PATIENCE = 900  # seconds of waiting, for what hangs without computing; a busy machine is slow
MEMORY = 2_000  # megabytes that a process may have taken at its peak
DISK = 2 * 10**8  # bytes of a file
Answer = tuple[
    str, str
]  # what came of a case, to be counted; what is wrong with it, "" for nothing


def try_cases(
    count: int,
    case: Callable[[int], Answer],
    describe: Callable[[int], str],
    prepare: Callable[[], object] = lambda: None,
    found: Found | None = None,
    seconds: float = SECONDS,
) -> Found:
    """Run the cases 0 to count in a separate folder, which `prepare` fills; return
    what was found. What a case prints goes to the file that descriptor 1 has open."""
    found = Found() if found is None else found
    with tempfile.TemporaryDirectory(prefix="mnist1d-") as place:
        folder, answers, told = Path(place) / "here", Path(place) / "answers", Path(place) / "told"
        folder.mkdir()

        def ready() -> int:
            os.chdir(folder)
            prepare()
            return 0

        assert wait(fork(ready, told)) == 0, told.read_text()
        start = 0
        while start < count:
            answers.write_text("")

            def work(start: int = start) -> int:
                os.chdir(folder)
                return _run(start, count, case, answers, seconds)

            status = wait(fork(work, told))
            last = start
            for text in answers.read_text().splitlines():
                answer = json.loads(text)
                last = answer["number"]
                if "what" in answer:
                    found.cases += 1
                    found.note(answer["note"])
                    if answer["what"]:
                        found.fail(f"{describe(last)}: {answer['what']}")
            if status:
                found.cases += 1
                limits = {-signal.SIGPROF: f"computes for {seconds:g} s"}
                limits[-signal.SIGALRM] = f"has not ended after {PATIENCE} s"
                what = limits.get(status, f"the process ended with status {status}")
                found.fail(f"{describe(last)}: {what}")
            start = last + 1
    return found


def fork(work: Callable[[], int], told: Path) -> int:
    """Start a process whose output goes to a file that it can read; return its id."""
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of JAX, which has started no threads here
        process = os.fork()
    if process:
        return process
    status = 70
    try:
        handle = os.open(told, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout = sys.stderr = open(1, "w", encoding="utf-8", errors="replace", closefd=False)
        status = work()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def printed() -> str:
    """Return what the case has printed so far."""
    sys.stdout.flush()
    return Path("/proc/self/fd/1").resolve().read_text("utf-8", "replace")


def _run(
    start: int, count: int, case: Callable[[int], Answer], answers: Path, seconds: float
) -> int:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with answers.open("a") as answer:
        for number in range(start, count):
            print(json.dumps({"number": number}), file=answer, flush=True)
            sys.stdout.truncate(0)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            signal.alarm(PATIENCE)
            try:
                note, what = case(number)
            except BaseException as error:  # even SystemExit, from external code
                note, what = "exception", f"{type(error).__name__}: {str(error)[:300]}"
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.alarm(0)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            if not what and peak > MEMORY:
                what = f"{peak} MB of memory"
            line = {"number": number, "note": note, "what": what}
            print(json.dumps(line), file=answer, flush=True)
            if what:
                return 0  # the next case in a new process
    return 0
