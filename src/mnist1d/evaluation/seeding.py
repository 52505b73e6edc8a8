"""The global random streams that other people's models draw from: seeded for a run, given back
after it."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator

import numpy as np

FRAMEWORKS = ("torch", "keras")  # those with streams or seeds of their own


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and, where it is loaded, PyTorch's global stream; restore the caller's
    afterwards.

    Keras draws the seeds of its layers from Python's stream, so it needs nothing of its own.
    """
    python, numpy = random.getstate(), np.random.get_state()
    with contextlib.ExitStack() as stack:
        stack.callback(random.setstate, python)
        stack.callback(np.random.set_state, numpy)
        if "torch" in sys.modules:
            import torch

            stack.enter_context(torch.random.fork_rng(range(torch.cuda.device_count())))
            torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        yield


def loaded_frameworks() -> list[str]:
    """Return the frameworks that are imported by now."""
    return [name for name in FRAMEWORKS if name in sys.modules]
