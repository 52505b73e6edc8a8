"""JAX's persistent compilation cache, so that a second run starts at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax

# jax.jit for what runs once, such as drawing initial weights: with few of LLVM's passes, which
# would take longer than they save (none
# would round otherwise). Not inside another jit.
jit_once: Callable = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 1})


def enable_compilation_cache(folder: str | Path | None = None) -> Path:
    """Keep every compiled program in `folder`, whatever its size or compile time, and return the
    folder.

    Unless told: JAX_COMPILATION_CACHE_DIR, else mnist1d/jax under XDG_CACHE_HOME, else under
    ~/.cache. Call it before the first compilation. The folder must be the user's own: JAX runs what
    it finds there. Errors: OSError where it cannot be made.
    """
    chosen = folder or os.environ.get("JAX_COMPILATION_CACHE_DIR")
    if not chosen:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        chosen = Path(home) / "mnist1d" / "jax"
    path = Path(chosen).expanduser()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    return path
