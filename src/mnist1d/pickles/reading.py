"""Read a pickle file with the machine, or with Python's own unpickler if the file is trusted."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

from mnist1d.checks import check_flag, check_path, words_of
from mnist1d.errors import FileFormatError, MissingExtraError, MissingFileError, UsageError
from mnist1d.pickles.builders import Harmless
from mnist1d.pickles.machine import Machine
from mnist1d.pickles.operations import run

MAX_BYTES = 2**31  # of a pickle that is not trusted
_written: set[bytes] = set()  # digests of the pickles that this process wrote


def remember(content: bytes) -> None:
    """Trust these bytes from now on, because this process has made them itself."""
    _written.add(hashlib.sha256(content).digest())


def load(path: str | os.PathLike[str], *, trusted: bool = False) -> object:
    """Read a pickle of arrays, numbers, text and plain containers.

    trusted: read any pickle with Python's own unpickler, which runs any code in the pickle. Pickles
    written by this process are always trusted. Errors: MissingFileError, also a FileNotFoundError,
    if the file does not exist; FileFormatError for a damaged pickle, or for an untrusted one that
    holds anything else.
    """
    path = check_path(path)
    check_flag(trusted, "trusted")
    content = _read(path, None if trusted else MAX_BYTES)
    if trusted or (_written and hashlib.sha256(content).digest() in _written):
        return _load_trusted(path, content)
    try:
        return run(Machine(content, Harmless()))
    except FileFormatError as error:
        raise FileFormatError(
            f"{path}: {error}. Only NumPy arrays, numbers, text and plain containers are read, "
            "because a pickle can run any code; if you trust its author: "
            f"from_pickle({str(path)!r}, trusted=True)"
        ) from None
    except MissingExtraError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise FileFormatError(f"{path} is not a pickle, or is damaged: {words_of(error)}") from None


def _load_trusted(path: Path, content: bytes) -> object:
    try:
        return pickle.loads(content)
    except Exception as error:  # of the unpickler, or of the code that the pickle runs
        raise FileFormatError(f"{path} cannot be unpickled: {words_of(error)}") from error


def _read(path: Path, limit: int | None) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read() if limit is None else file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(f"no such file: {path}") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if limit is not None and len(content) > limit:
        raise FileFormatError(
            f"{path} has more than {limit:,} bytes; if you trust its author: "
            f"from_pickle({str(path)!r}, trusted=True)"
        )
    return content
