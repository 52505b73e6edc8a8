"""Compile programs: time compilation separately from runs, and store programs in JAX's persistent
cache, so that a second run starts at once."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeVar

import jax
import numpy as np

from mnist1d.learning.cache import cache_folder
from mnist1d.learning.devices import spread
from mnist1d.learning.layers import PyTree

T = TypeVar("T")
# jax.jit for programs that run once, such as drawing initial weights: it skips most LLVM passes,
# which cost more time than they save (and do not change rounding). Not inside another jit.
jit_once: Callable[..., jax.stages.Wrapped] = partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 1}
)


class Timed(NamedTuple):
    """The result of each call of a program, as NumPy arrays; the seconds of each call; the seconds
    of compiling."""

    results: list[PyTree]
    seconds: list[float]
    compile_seconds: float


def timed(function: Callable[..., PyTree], calls: Sequence[tuple]) -> Timed:
    """Compile a pure function, run it once per call, and time each run. Tracing counts as
    compiling. All calls need arguments of the same shapes.

    If JAX has several devices, such as GPUs, each device runs one call at a time.
    """
    num_devices = min(len(jax.local_devices()), len(calls))
    if num_devices == 1:
        return _timed(function, calls)
    results, seconds, compile_seconds = _timed(*spread(function, calls, num_devices))
    parts = [jax.tree.map(itemgetter(i), result) for result in results for i in range(num_devices)]
    seconds = [second for second in seconds for _ in range(num_devices)]
    return Timed(parts[: len(calls)], seconds[: len(calls)], compile_seconds)


def _timed(function: Callable[..., PyTree], calls: Sequence[tuple]) -> Timed:
    begin = time.perf_counter()
    program = jax.jit(function).lower(*calls[0]).compile()
    compile_seconds = time.perf_counter() - begin
    results, seconds = [], []
    for arguments in calls:
        begin = time.perf_counter()
        results.append(jax.tree.map(np.asarray, jax.block_until_ready(program(*arguments))))
        seconds.append(time.perf_counter() - begin)
    return Timed(results, seconds, compile_seconds)


def timed_each(prepare: Callable[[object], Callable[[T], PyTree]], items: Sequence[T]) -> Timed:
    """Return prepare(device)(item) for every item, and time each; the time of `prepare` counts as
    compiling.

    For work that is more than one pure function of arrays. Each of JAX's devices runs one item
    after another, in a thread in which it is the default device.
    """
    devices, calls = jax.local_devices()[: len(items)], list(enumerate(items))
    pending = iter(calls)  # shared by the threads

    def run_on(device: object) -> tuple[dict[int, tuple[PyTree, float]], float]:
        with jax.default_device(device):
            begin, found = time.perf_counter(), {}
            function = prepare(device)
            compile_seconds = time.perf_counter() - begin
            for place, item in pending:
                begin = time.perf_counter()
                found[place] = function(item), time.perf_counter() - begin
        return found, compile_seconds

    if len(devices) == 1:
        parts = [run_on(devices[0])]
    else:
        with ThreadPoolExecutor(len(devices)) as pool:
            try:
                parts = list(pool.map(run_on, devices))
            finally:
                calls.clear()  # after an error or Ctrl-C, no thread starts another item
    found = {place: pair for part, _ in parts for place, pair in part.items()}
    results, seconds = zip(*(found[place] for place in range(len(items))), strict=True)
    return Timed(list(results), list(seconds), parts[0][1])


MAX_BYTES = 2**30  # of the folder; above this size, the least recently used programs are removed
KEPT = 0.75  # of MAX_BYTES that remains


def enable_compilation_cache(folder: str | Path | None = None) -> Path:
    """Keep every compiled program on disk; call it before the first compilation.

    Args:
      folder: where to keep them, in a subfolder per processor type. Default:
        JAX_COMPILATION_CACHE_DIR, else mnist1d/jax under XDG_CACHE_HOME or ~/.cache.

    Returns:
      The folder.

    Raises:
      OSError: if the folder cannot be made or belongs to another user: JAX runs what it finds
        there.

    Examples:
      >>> enable_compilation_cache().is_dir()
      True
    """
    path = cache_folder(folder)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to another user")
    path.chmod(0o700)
    trim(path)
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    return path


def trim(folder: Path, max_bytes: float = MAX_BYTES) -> None:
    """Remove the least recently used programs from a folder larger than `max_bytes`. A process that
    needs a removed program compiles it again."""
    found = []
    for file in folder.iterdir():
        with contextlib.suppress(OSError):  # removed by another process
            status = file.stat()
            found.append((max(status.st_atime, status.st_mtime), status.st_size, file))
    size = sum(size for _, size, _ in found)
    if size <= max_bytes:
        return
    for _, num_bytes, file in sorted(found):
        if size <= KEPT * max_bytes:
            break
        with contextlib.suppress(OSError):
            file.unlink()
            size -= num_bytes
