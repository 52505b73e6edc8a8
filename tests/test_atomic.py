"""Atomic writes: a file appears whole or not at all, and what stood there stays what it was."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from mnist1d import UsageError, atomic
from mnist1d.atomic import atomic_path, hold_interrupts
from mnist1d.utils import from_pickle, to_pickle

is_root = os.geteuid() == 0


def write(path, content=b"new"):
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


@pytest.fixture
def path(tmp_path):
    """A file with content, in a folder of its own."""
    (tmp_path / "a.txt").write_bytes(b"old content")
    return tmp_path / "a.txt"


def test_a_new_file_and_a_replaced_one(path):
    write(path)
    write(path.with_name("b"))
    assert path.read_bytes() == path.with_name("b").read_bytes() == b"new"
    assert sorted(os.listdir(path.parent)) == ["a.txt", "b"]


def test_a_failed_write_changes_nothing(path):
    for error in (KeyboardInterrupt, RuntimeError):
        with pytest.raises(error), atomic_path(path) as temporary:
            temporary.write_bytes(b"half")
            raise error
    with pytest.raises(UsageError, match=r"cannot write .*a.txt: No space left"):
        with atomic_path(path) as temporary:
            raise OSError(28, "No space left on device")
    assert path.read_bytes() == b"old content" and os.listdir(path.parent) == ["a.txt"]


def test_the_temporary_has_the_ending_and_lies_in_the_same_folder(path):
    with atomic_path(path) as temporary:
        assert temporary.suffix == ".txt" and temporary.parent == path.parent
        assert temporary.exists() and path.read_bytes() == b"old content"
        temporary.write_bytes(b"new")


def test_a_name_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("a" * 251 + ".txt")
    write(path)
    assert path.read_bytes() == b"new"


# ------------------------------------------------------------------ what stood there


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o755])
def test_the_mode_survives(path, mode):
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() == b"new"


def test_a_private_file_stays_private_while_it_is_written(path):
    path.chmod(0o600)
    with atomic_path(path) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        temporary.write_bytes(b"new")


def test_a_new_file_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.skipif(not is_root, reason="only root may give files away")
def test_the_owner_survives(path):
    os.chown(path, 12345, 54321)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_a_file_whose_owner_cannot_be_kept_is_overwritten_in_place(path, monkeypatch):
    before = path.stat()

    def refused(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(atomic.os, "chown", refused)
    old = os.stat_result([*before[:4], before.st_uid + 1, *before[5:]])
    monkeypatch.setattr(atomic, "_status", lambda _: old)
    write(path)
    assert path.read_bytes() == b"new" and path.stat().st_ino == before.st_ino


@pytest.mark.skipif(is_root, reason="root may write any file")
def test_a_read_only_file_is_not_replaced(path):
    path.chmod(0o444)
    with pytest.raises(UsageError, match="cannot write .*a.txt: Permission denied"):
        write(path)
    assert path.read_bytes() == b"old content"


def test_a_read_only_file_is_refused(path, monkeypatch):
    """As above where the tests run as root, who may write any file."""
    monkeypatch.setattr(atomic.os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="cannot write .*a.txt: Permission denied"):
        write(path)
    assert path.read_bytes() == b"old content"


# ------------------------------------------------------------------ links


def test_links_are_followed(path, tmp_path):
    (tmp_path / "folder").mkdir()
    first, second = tmp_path / "folder" / "first.txt", tmp_path / "second.txt"
    first.symlink_to("../a.txt")
    second.symlink_to(first)
    write(second)
    assert second.is_symlink() and first.is_symlink() and path.read_bytes() == b"new"
    assert os.listdir(tmp_path / "folder") == ["first.txt"]


def test_a_link_that_points_at_nothing_yet(tmp_path):
    (tmp_path / "link").symlink_to("target")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["rows.sqlite", "rows.sqlite-wal", "link", "hard"])
def test_a_database_is_not_overwritten(tmp_path, name):
    """`mnist1d report -o mnist1d-runs/rows.sqlite` once replaced all results by the report."""
    database = sqlite3.connect(tmp_path / "rows.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE rows (value)")
    (tmp_path / "link").symlink_to("rows.sqlite")
    os.link(tmp_path / "rows.sqlite", tmp_path / "hard")
    before = sorted(os.listdir(tmp_path)), (tmp_path / name).read_bytes()
    with pytest.raises(UsageError, match=f"{name} is a database, .*name another file"):
        write(tmp_path / name)
    assert before == (sorted(os.listdir(tmp_path)), (tmp_path / name).read_bytes())
    database.close()


def test_links_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="cannot write .*a: Too many levels of symbolic links"):
        write(tmp_path / "a")


def test_hard_links_stay_one_file(path, tmp_path):
    (tmp_path / "twin").hardlink_to(path)
    write(path)
    assert (tmp_path / "twin").read_bytes() == b"new" and path.samefile(tmp_path / "twin")
    write(path, b"something longer than before")
    assert (tmp_path / "twin").read_bytes() == b"something longer than before"
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "twin"]


def test_a_failure_in_place_keeps_the_new_content(path, tmp_path, monkeypatch):
    (tmp_path / "twin").hardlink_to(path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.shutil, "copyfileobj", full)
    with pytest.raises(UsageError, match="No space left .*; the new content is in .*a.unsaved.txt"):
        write(path)
    assert (tmp_path / "a.unsaved.txt").read_bytes() == b"new"


# ------------------------------------------------------------------ what is no plain file


def test_a_fifo_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    received = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe.txt").read_bytes()))
    reader.start()
    write(tmp_path / "pipe.txt", b"x" * 200_000)
    reader.join(10)
    assert received == [b"x" * 200_000] and (tmp_path / "pipe.txt").is_fifo()
    assert os.listdir(tmp_path) == ["pipe.txt"]


def test_a_device_is_written_to(tmp_path):
    """A device of the test's own: /dev/null is the whole machine's."""
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        device.write_bytes(b"")
    except OSError:
        pytest.skip("no device can be made here")
    write(device)
    to_pickle([1], str(device))
    assert device.is_char_device() and device.stat().st_rdev == os.makedev(1, 3)
    assert os.listdir(tmp_path) == ["null"]


def test_the_null_device_is_not_replaced():
    """Nothing is written where it would be replaced: the rename is forbidden for this test."""
    code = """
import os
def forbidden(*_): raise SystemExit("replaced")
os.replace = os.rename = forbidden
from mnist1d.utils import to_pickle
to_pickle([1, 2], os.devnull)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("is_file", [True, False])
def test_standard_output_by_its_name(tmp_path, is_file):
    if not os.path.exists("/dev/stdout"):
        pytest.skip("this system has no /dev/stdout")
    code = """
import sys
from mnist1d.atomic import atomic_path, hold_interrupts
print("before", flush=True)
with atomic_path("/dev/stdout") as temporary:
    temporary.write_text("written\\n")
"""
    with (tmp_path / "out").open("w+") as file:
        sink = file if is_file else subprocess.PIPE
        done = subprocess.run([sys.executable, "-c", code], stdout=sink, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr
        file.seek(0)
        printed = file.read() if is_file else done.stdout.decode()
    assert printed.endswith("written\n") and os.path.islink("/dev/stdout")


# ------------------------------------------------------------------ kills and power cuts


KILLED = """
import os, signal, sys
from mnist1d.atomic import atomic_path, hold_interrupts
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_kill_leaves_is_removed_by_the_next_write(path):
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, str(path)])
        assert done.returncode == -signal.SIGKILL
    (path.parent / ".a-12345678.part.csv").write_bytes(b"of another name")
    assert len(os.listdir(path.parent)) == 3 and path.read_bytes() == b"old content"
    write(path)
    assert sorted(os.listdir(path.parent)) == [".a-12345678.part.csv", "a.txt"]


def test_what_another_writer_is_at_stays(path):
    with atomic_path(path) as first:
        first.write_bytes(b"first")
        write(path, b"second")
        assert first.read_bytes() == b"first" and path.read_bytes() == b"second"
    assert path.read_bytes() == b"first" and os.listdir(path.parent) == ["a.txt"]


def test_bytes_are_on_the_disk_before_they_have_a_name(path, monkeypatch):
    calls, replace, fsync = [], os.replace, os.fsync

    def synced(handle):
        calls.append(("sync", os.path.basename(os.readlink(f"/proc/self/fd/{handle}"))))
        fsync(handle)

    def replaced(source, target):
        calls.append(("replace", os.path.basename(target)))
        replace(source, target)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("this system does not tell the name of an open file")
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
    assert calls == [
        ("sync", temporary.name),
        ("replace", "a.txt"),
        ("sync", path.parent.name),
    ]


# ------------------------------------------------------------------ wrong paths


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (3, "path must be a string or a Path, got 3"),
        (None, "path must be a string or a Path, got None"),
        (b"a.txt", "path must be a string or a Path, got b'a.txt'"),
        ("", "path must name a file, got ''"),
        ("a\0b", r"path must name a file, got 'a\\x00b'"),
        (".", "is a folder: name a file in it"),
        ("a" * 300, "cannot write .*: File name too long"),
    ],
)
def test_wrong_paths(tmp_path, monkeypatch, wrong, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        write(wrong)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder(tmp_path):
    with pytest.raises(
        UsageError, match="cannot write in the folder .*nowhere: No such file or directory"
    ):
        write(tmp_path / "nowhere" / "a")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write in the folder .*file: Not a directory"):
        write(tmp_path / "file" / "a")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(is_root, reason="root may write in any folder")
def test_a_folder_without_permission_to_write(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(UsageError, match="cannot write in the folder .*: Permission denied"):
        write(tmp_path / "a")


def test_an_unwritable_folder(tmp_path, monkeypatch):
    """As above where the tests run as root, who may write anywhere."""

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(atomic, "_create", refused)
    with pytest.raises(UsageError, match="cannot write in the folder .*: Permission denied"):
        write(tmp_path / "a")


def test_pickles_are_written_the_same_way(path):
    path.chmod(0o600)
    to_pickle([1, 2], path)
    assert from_pickle(path) == [1, 2] and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_ctrl_c_waits_for_a_block_that_must_not_be_cut():
    before, steps = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt):
        with hold_interrupts():
            signal.raise_signal(signal.SIGINT)
            steps.append("after")
        steps.append("never")
    assert steps == ["after"] and signal.getsignal(signal.SIGINT) == before
