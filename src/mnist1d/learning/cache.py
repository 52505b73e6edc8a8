"""The folder of compiled programs. This module does not import JAX, so `mnist1d --version` stays
fast."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
from pathlib import Path


def cache_folder(folder: str | Path | None = None) -> Path:
    """Return the folder of compiled programs for this machine's processor, below `folder`.

    Default: JAX_COMPILATION_CACHE_DIR, else mnist1d/jax under XDG_CACHE_HOME, else under ~/.cache.
    """
    chosen = folder or os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if not chosen:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        chosen = Path(home) / "mnist1d" / "jax"
    return Path(chosen).expanduser().absolute() / f"cpu-{processor_hash()}"


@functools.cache
def processor_hash() -> str:
    """Return 12 hexadecimal digits that differ between processors with different instructions."""
    known = [platform.machine(), platform.system(), platform.processor()]
    names = ("flags", "Features", "model name", "CPU part")  # x86, ARM
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        known += sorted({line for line in lines if line.partition("\t")[0].strip() in names})
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:12]
