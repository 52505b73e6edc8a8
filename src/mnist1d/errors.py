"""Errors that a user can fix: each message gives the rule, the value and the fix. Also the
warnings."""

from __future__ import annotations

import sys
import warnings


class Mnist1dError(ValueError):
    """Base of every expected error; the command line prints it in one line, without a traceback."""


class UsageError(Mnist1dError):
    """An invalid setting, name or argument."""


class MissingFileError(UsageError, FileNotFoundError):
    """A missing file or folder; old code catches it as FileNotFoundError."""


class FileFormatError(Mnist1dError):
    """A file that is truncated, in an unknown format, or unsafe to read."""


class MissingExtraError(Mnist1dError, ImportError):
    """An optional dependency that is not installed; the message says what to install."""


class SuspiciousValueWarning(UserWarning):
    """A valid value far outside the usual range."""


class ReusedTestWarning(UserWarning):
    """A model that was measured on the same test set with several settings."""


class InstallationWarning(UserWarning):
    """Two installed packages that overwrite each other's files."""


class MissingDataError(Mnist1dError):
    """Data that cannot be generated (MNIST) is missing; the message says how to get it. A sweep
    skips such a trial."""


def last_words(error: str) -> str:
    """Return the last line of a traceback, without the notes after it; for a message, its first
    line."""
    last = error.strip().rpartition("Traceback (most recent call last):\n")[2]
    return next((line for line in last.splitlines() if not line.startswith(" ")), last)


def warn(message: str, category: type[Warning] = SuspiciousValueWarning) -> None:
    """Give a warning that points to the caller's line, the first line outside this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == "mnist1d":
        frame, level = frame.f_back, level + 1
        while frame.f_back and "importlib._bootstrap" in frame.f_code.co_filename:
            frame = frame.f_back  # `warnings` does not count these
    warnings.warn(message, category, stacklevel=level)
