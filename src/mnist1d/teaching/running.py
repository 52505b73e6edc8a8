"""How a notebook runs: at full size, or small for the tests, and with one line if a package that it
needs is missing."""

from __future__ import annotations

import importlib.util
import os
from typing import TypeVar

from mnist1d.errors import UsageError

T = TypeVar("T")
VARIABLE = "MNIST1D_TEACHING"
INSTALL = {"jax": "pip install '.[lab]'", "torch": "pip install torch"}


def require(*packages: str) -> None:
    """End the notebook with one line if a package is not installed."""
    for name in packages:
        if importlib.util.find_spec(name) is None:
            fix = INSTALL.get(name, f"pip install {name}")
            raise SystemExit(f"This notebook needs {name}, which is not installed: {fix}")


def choose_size(full: T, smoke: T) -> T:
    """Return `full`, or `smoke` if the environment variable MNIST1D_TEACHING is "smoke"."""
    value = os.environ.get(VARIABLE, "full")
    if value not in ("full", "smoke"):
        raise UsageError(f'{VARIABLE} must be "full" or "smoke", got {value!r}')
    return smoke if value == "smoke" else full
