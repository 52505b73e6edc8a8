"""Worker processes: results, deaths, memory, threads; none is left running."""

import os
import pickle
import signal
import subprocess
import sys
import time

import pytest

from mnist1d.errors import UsageError
from mnist1d.runs import threads, workers
from mnist1d.runs.executors import Here, WorkerDied, map_safely
from mnist1d.runs.threads import XLA_FLAG, one_thread, single
from mnist1d.runs.workers import Processes


@pytest.fixture(scope="module")
def pool():
    with Processes(2) as opened:
        yield opened


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # a zombie has ended, but was not waited for
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_calls_are_answered_in_processes_that_are_used_again(pool):
    pids = {pool.submit(os.getpid).result() for _ in range(4)}
    assert os.getpid() not in pids and len(pids) <= 2
    assert pool.submit(int, "7", base=8).result() == 7


def test_an_exception_comes_back_with_its_traceback(pool):
    error = pool.submit(int, "seven").exception()
    assert isinstance(error, ValueError) and "Traceback" in error.__notes__[0]
    assert isinstance(pool.submit(next, iter(())).exception(), StopIteration)


def test_what_cannot_be_sent_is_reported(pool):
    local = pool.submit(lambda: None).exception()
    assert isinstance(local, (AttributeError, pickle.PicklingError)), local
    assert isinstance(pool.submit(os.scandir, ".").exception(), TypeError)
    assert pool.submit(abs, -1).result() == 1


def test_an_end_of_file_in_a_call_is_not_an_end_of_the_worker(pool):
    assert isinstance(pool.submit(eval, "(_ for _ in ()).throw(EOFError())").exception(), EOFError)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ((os._exit, 9), "the worker process ended \\(exit status 9\\)"),
        ((signal.raise_signal, signal.SIGKILL), "killed by SIGKILL \\(out of memory\\?\\)"),
        ((signal.raise_signal, signal.SIGSEGV), "killed by SIGSEGV$"),
    ],
)
def test_a_killed_process_takes_its_own_call_only(pool, call, message):
    long = pool.submit(time.sleep, 0.5)
    dead = pool.submit(*call)
    after = [pool.submit(os.getpid) for _ in range(3)]
    with pytest.raises(WorkerDied, match=message):
        dead.result()
    assert long.result() is None and all(future.result() != os.getpid() for future in after)


def test_a_call_whose_worker_dies_is_made_up_for_here(pool):
    calls = ["os.getpid()", f"os.getpid() if os.getpid() == {os.getpid()} else os._exit(1)"]
    expressions = [f"__import__('os').{call.replace('os.', '', 1)}" for call in calls[:1]]
    expressions += [calls[1].replace("os.", "__import__('os').")]
    first, second = map_safely(pool, eval, expressions)
    assert first != os.getpid() and second == os.getpid()


def test_a_process_that_has_grown_is_replaced(monkeypatch):
    monkeypatch.setattr(workers, "MAX_BYTES", 0.0)
    with Processes(1) as pool:
        first, second = (pool.submit(os.getpid).result() for _ in range(2))
    assert first != second and is_gone(first)


def test_killing_ends_all_at_once():
    pool = Processes(2)
    pids = [pool.submit(os.getpid).result() for _ in range(2)]
    long = pool.submit(time.sleep, 60)
    waiting = [pool.submit(time.sleep, 60) for _ in range(3)]
    begin = time.monotonic()
    pool.kill()
    pool.shutdown()
    assert time.monotonic() - begin < 20 and all(map(is_gone, pids))
    assert long.exception() and waiting[-1].cancelled()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(abs, -1)


def test_processes_end_with_a_driver_that_forgets_them_or_is_killed(tmp_path):
    program = tmp_path / "driver.py"
    program.write_text(
        "import os, sys\n"
        "from mnist1d.runs.workers import Processes\n"
        "if __name__ == '__main__':\n"
        "    pool = Processes(1)\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n"
        "    if len(sys.argv) > 1:\n"
        "        os.kill(os.getpid(), 9)\n"
    )
    for words, status in ([], 0), (["kill"], -9):
        driver = subprocess.run(
            [sys.executable, program, *words], capture_output=True, text=True, timeout=60
        )
        assert driver.returncode == status, driver.stderr
        end = time.monotonic() + 30
        while not is_gone(int(driver.stdout)):
            assert time.monotonic() < end
            time.sleep(0.02)


def test_a_script_without_a_guard_gets_the_fix(tmp_path):
    program = tmp_path / "driver.py"
    program.write_text(
        "from mnist1d.runs.workers import Processes\nProcesses(1).submit(abs, -1).result()\n"
    )
    driver = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert "UsageError: a worker process could not start" in driver.stderr
    assert 'if __name__ == "__main__":' in driver.stderr


# ------------------------------------------------------------------ threads

COUNT = (
    "import os, jax, jax.numpy as jnp; x = jnp.ones((300, 300));"
    "jax.block_until_ready(jax.jit(lambda x: x @ x)(x));"
    "names = [open(f'/proc/self/task/{t}/comm').read() for t in os.listdir('/proc/self/task')];"
    "count = sum('XLAEigen' in name for name in names)"
)


def count_threads():
    """Return how many threads XLA computes with in this process."""
    found: dict[str, int] = {}
    exec(COUNT, found)
    return found["count"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads in /proc")
def test_a_worker_has_one_thread_of_xla(monkeypatch):
    for name in one_thread():
        monkeypatch.delenv(name, raising=False)
    with Processes(1) as pool:
        found = pool.submit(count_threads).result()
    if found == 0:
        pytest.skip("this JAX does not name its threads, so they cannot be counted")
    assert found == 1


def test_one_thread_is_for_the_block_only(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_foo=1")
    for name in ("OMP_NUM_THREADS", "PJRT_NPROC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NPROC", "4")  # the user's own setting stays
    monkeypatch.delitem(sys.modules, "jax._src.xla_bridge", raising=False)
    with single():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["PJRT_NPROC"] == "1"
        assert os.environ["XLA_FLAGS"] == f"--xla_foo=1 {XLA_FLAG}" and os.environ["NPROC"] == "4"
    assert os.environ["XLA_FLAGS"] == "--xla_foo=1" and "OMP_NUM_THREADS" not in os.environ


def test_jax_that_runs_with_other_threads_is_warned_of(monkeypatch):
    class Bridge:
        backends_are_initialized = staticmethod(lambda: True)

    monkeypatch.setitem(sys.modules, "jax._src.xla_bridge", Bridge)
    monkeypatch.setattr(threads, "_has_one_thread", False)
    monkeypatch.delenv("PJRT_NPROC", raising=False)
    with pytest.warns(UserWarning, match='executor="processes"'), Here() as here:
        here.submit(abs, -1)


def test_an_unknown_executor():
    with pytest.raises(UsageError, match="did you mean 'processes'"):
        from mnist1d.runs.executors import make_executor

        make_executor("proceses")
