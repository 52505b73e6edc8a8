"""Run a notebook at full size or, for the tests, at a small size, and stop with one line if a
package is missing."""

from __future__ import annotations

import importlib.util
import os
from typing import TypeVar

from mnist1d.errors import UsageError

T = TypeVar("T")
VARIABLE = "MNIST1D_TEACHING"
INSTALL = {"jax": "pip install '.[lab]'", "torch": "pip install torch"}


def require(*packages: str) -> None:
    """End a notebook with one line if a package is not installed.

    Args:
      *packages: names to import.

    Raises:
      SystemExit: if one is missing; the message says what to install.

    Examples:
      >>> require("numpy")
    """
    for name in packages:
        if importlib.util.find_spec(name) is None:
            fix = INSTALL.get(name, f"pip install {name}")
            raise SystemExit(f"This notebook needs {name}, which is not installed: {fix}")


def choose_size(full: T, smoke: T) -> T:
    """Return the full size, or the smoke size if MNIST1D_TEACHING is "smoke".

    Args:
      full: size for a course.
      smoke: size for a test that everything works.

    Returns:
      One of the two.

    Raises:
      UsageError: if MNIST1D_TEACHING has another value.

    Examples:
      >>> choose_size(6000, smoke=6000)
      6000
    """
    value = os.environ.get(VARIABLE, "full")
    if value not in ("full", "smoke"):
        raise UsageError(f'{VARIABLE} must be "full" or "smoke", got {value!r}')
    return smoke if value == "smoke" else full
