"""Write a file completely or not at all: every writer of the package uses `atomic_path`."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from mnist1d.checks import check_path
from mnist1d.errors import UsageError

try:
    import fcntl
except ImportError:  # not on this system: files left by killed processes are then not removed
    fcntl = None

DATABASE = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")  # and its -wal file
MARK = ".part"  # in the name of every temporary: .<start of the name>-<random>.part<ending>


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary name beside `path`; if the block succeeds, that file replaces `path`.

    If the block raises, the temporary file is removed and `path` stays unchanged. A file gets its
    name only when its bytes are on the disk. Links are followed; a replaced file keeps its mode and
    owner. A file with several hard links is overwritten in place, and a device, a FIFO or a socket
    is written to directly, both only after the new content is complete. Temporary files that a
    killed process left for the same name are removed.

    Errors: UsageError if the path is a folder or a database, or its folder is missing or not
    writable.
    """
    path = check_path(path)
    try:
        old = _status(path)
        if old and stat.S_ISDIR(old.st_mode):
            raise UsageError(f"{path} is a folder: name a file in it")
        target, is_stream = _resolve(path, old)
        if old and not os.access(target, os.W_OK):
            raise UsageError(f"cannot write {path}: Permission denied")
        if old and not is_stream and _start_of(target).startswith(DATABASE):
            raise UsageError(f"{path} is a database, such as that of your runs: name another file")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    folder = Path(tempfile.gettempdir()) if is_stream else target.parent
    try:
        _sweep(folder, _leftovers_of(path))
        temporary, handle = _create(folder, path, is_private=bool(old))
    except OSError as error:
        raise UsageError(f"cannot write in the folder {folder}: {error.strerror}") from None
    try:
        yield temporary
        if is_stream or (old and (old.st_nlink > 1 or not _adopt(temporary, old))):
            _copy_into(temporary, target, is_stream)
        else:
            _sync(temporary)
            os.replace(temporary, target)
            _sync(folder)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


@contextlib.contextmanager
def hold_interrupts() -> Iterator[None]:
    """Delay Ctrl-C until the block ends. Use this for code that must not be interrupted halfway:
    zipfile, for example, then fails again when it closes and prints a traceback."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []
    signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


def _status(path: Path) -> os.stat_result | None:
    """Return the status of the target of all links, or None if it does not exist."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _resolve(path: Path, old: os.stat_result | None) -> tuple[Path, bool]:
    """Return the path behind all links, and whether to write to it directly."""
    if old and not stat.S_ISREG(old.st_mode):
        return path, True
    step = path
    while step.is_symlink():  # a loop of links has raised an OSError before
        if step.parent.absolute().is_relative_to("/proc"):  # /dev/stdout: an open file of a process
            return path, True
        step = step.parent / os.readlink(step)
    return Path(os.path.realpath(path)), False


def _create(folder: Path, path: Path, is_private: bool) -> tuple[Path, int]:
    """Create a temporary file that no other process has, and lock it; return its name and handle.

    Only the owner can read a private one; it gets the old file's mode at the end.
    """
    while True:
        name = folder / f".{path.stem[:40]}-{secrets.token_hex(4)}{MARK}{path.suffix}"
        try:
            handle = os.open(
                name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600 if is_private else 0o666
            )
        except FileExistsError:
            continue
        _lock(handle)
        if name.exists():  # else another process removed it before it was locked
            return name, handle
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file without waiting; False if another process holds the lock, or locks are not
    supported."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def remove_leftovers(folder: Path) -> int:
    """Remove all temporary files of killed writers from a folder; return their number."""
    return _sweep(folder, rf"\..*-[0-9a-f]{{8}}{re.escape(MARK)}.*")


def _leftovers_of(path: Path) -> str:
    return rf"\.{re.escape(path.stem[:40])}-[0-9a-f]{{8}}{re.escape(MARK + path.suffix)}"


def _sweep(folder: Path, names: str) -> int:
    """Remove temporary files whose names match and whose writer is gone (no process holds the
    lock)."""
    count = 0
    if fcntl is None:
        return count
    for name in os.listdir(folder):
        if re.fullmatch(names, name):
            with contextlib.suppress(OSError):  # already removed, or owned by another user
                handle = os.open(folder / name, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    if _lock(handle):
                        os.unlink(folder / name)
                        count += 1
                finally:
                    os.close(handle)
    return count


def _adopt(temporary: Path, old: os.stat_result) -> bool:
    """Give the temporary file the old file's owner and mode; False if that is not permitted."""
    new = temporary.stat()
    try:
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            os.chown(temporary, old.st_uid, old.st_gid)
    except PermissionError:
        return False
    temporary.chmod(stat.S_IMODE(old.st_mode))
    return True


def _copy_into(temporary: Path, target: Path, is_stream: bool) -> None:
    """Write the temporary file's bytes into the existing file or device at `target`."""
    if is_stream:
        with temporary.open("rb") as source, open(target, "wb") as sink:
            return shutil.copyfileobj(source, sink, 2**20)
    _sync(temporary)
    kept = target.with_name(f"{target.stem}.unsaved{target.suffix}")
    try:
        with temporary.open("rb") as source, open(target, "r+b") as sink:
            shutil.copyfileobj(source, sink, 2**20)
            sink.truncate()
            sink.flush()
            os.fsync(sink.fileno())
    except BaseException as error:  # the old content is already lost; keep the new content
        os.replace(temporary, kept)
        if isinstance(error, OSError):
            raise UsageError(
                f"cannot write {target}: {error.strerror}; the new content is in {kept}"
            ) from None
        raise


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    is_folder = path.is_dir()
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError:
        if not is_folder:  # some systems cannot sync a folder
            raise
