"""One thread for each trial, with any executor. The division of work among threads affects the
rounding of sums, so equal settings give equal bits only with equal numbers of threads.

Small networks do not benefit from a second thread; two single-threaded processes do twice the work.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

from mnist1d.errors import warn

# read when NumPy's BLAS and scikit-learn's OpenMP start
LIBRARIES = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# XLA sizes its pool by PJRT_NPROC, or NPROC, and the flag keeps one operation on one thread
XLA = {"PJRT_NPROC": "1", "NPROC": "1"}
XLA_FLAG = "--xla_cpu_multi_thread_eigen=false"
_has_one_thread = False  # whether JAX, if it runs, started in a block of `single`


def one_thread(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment variables that start a process with one thread; the user's own values
    are kept."""
    flags = environment.get("XLA_FLAGS", "")
    wanted = {name: environment.get(name, one) for name, one in (LIBRARIES | XLA).items()}
    has_flag = XLA_FLAG.partition("=")[0] in flags
    return wanted | {"XLA_FLAGS": flags if has_flag else f"{flags} {XLA_FLAG}".strip()}


@contextlib.contextmanager
def single() -> Iterator[None]:
    """Let this process use one thread inside the block, like a worker.

    JAX keeps the threads it started with. If it already runs with more threads, a warning says that
    rows may differ from a worker's in their last bits.
    """
    global _has_one_thread
    wanted = one_thread()
    if all(os.environ.get(name) == value for name, value in wanted.items()):
        yield
        return
    ran = _jax_runs()
    if ran and not _has_one_thread:
        warn(
            "JAX already runs several threads in this process, so rows may differ in their last "
            'bits from those made elsewhere: use executor="processes", or start Python with '
            f"XLA_FLAGS={XLA_FLAG} PJRT_NPROC=1"
        )
    with environment(wanted), _blas_limited():
        yield
    _has_one_thread = _has_one_thread or not ran


@contextlib.contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables inside the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _jax_runs() -> bool:
    """Return whether JAX has started its threads; True if unknown."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    ask = getattr(bridge, "backends_are_initialized", lambda: True)
    return bridge is not None and ask()


def _blas_limited() -> AbstractContextManager[object]:
    """Limit the threads of libraries that were loaded before the environment variables were set."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # comes with scikit-learn, which also loads the libraries to limit
        return contextlib.nullcontext()
    return threadpool_limits(1)
