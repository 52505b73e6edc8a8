"""Build wheel and sdist twice from two copies of the tracked files, and compare them byte by byte.

    python -m benchmarks.package -o dist

Needs `build`. SOURCE_DATE_EPOCH sets the time of every file (default: the time of the last commit).
The sdist is packed again with fixed times, owners and modes, because setuptools takes these from
the disk. Prints one JSON line. The exit status is 1 if the two builds differ or a file is missing:
the sdist must contain every tracked file whose path does not start with a dot, and the wheel those
of src.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent


def build(folder: Path, commit: str, epoch: int) -> list[Path]:
    """Build from a new copy of a commit's files in a folder; return sdist and wheel."""
    source, output = folder / "source", folder / "dist"
    source.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(source, filter="data")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    subprocess.run([*command, str(source)], check=True, capture_output=True, env=environment)
    for sdist in output.glob("*.tar.gz"):
        normalise(sdist, epoch)
    return sorted(output.iterdir())


def normalise(path: Path, epoch: int) -> None:
    """Pack a .tar.gz again: names sorted, one time, no owner, plain modes."""
    packed = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=packed, mode="w") as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = epoch, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=epoch) as zipped:
        zipped.write(packed.getvalue())


def missing(sdist: Path, wheel: Path, tracked: list[str]) -> list[str]:
    """Return the tracked files that the sdist lacks, and the files of src/ that the wheel lacks."""
    with tarfile.open(sdist) as packed, zipfile.ZipFile(wheel) as zipped:
        source = {name.partition("/")[2] for name in packed.getnames()}
        installed = set(zipped.namelist())
    wanted = [path for path in tracked if not path.startswith(".")]
    lacking = [f"sdist: {path}" for path in wanted if path not in source]
    code = [path.removeprefix("src/") for path in wanted if path.startswith("src/")]
    return lacking + [f"wheel: {path}" for path in code if path not in installed]


def main() -> int:
    """Read the command line, build twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, help="keep the files of the first build here")
    options = parser.parse_args()
    last = ["git", "-C", str(ROOT), "log", "-1", "--format=%H %ct"]
    commit, seconds = subprocess.check_output(last, text=True).split()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or seconds)
    with TemporaryDirectory() as name:
        first, second = (build(Path(name) / part, commit, epoch) for part in ("first", "second"))
        digests = [
            {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
            for paths in (first, second)
        ]
        tracked = subprocess.check_output(
            ["git", "-C", str(ROOT), "ls-tree", "-r", "--name-only", commit], text=True
        ).splitlines()
        wheel, sdist = sorted(first, key=lambda path: path.suffix == ".gz")
        lacking = missing(sdist, wheel, tracked)
        if options.output:
            options.output.mkdir(parents=True, exist_ok=True)
            for path in first:
                (options.output / path.name).write_bytes(path.read_bytes())
    same = digests[0] == digests[1]
    print(json.dumps({"reproducible": same, "missing": lacking, "epoch": epoch, **digests[0]}))
    return 0 if same and not lacking else 1


if __name__ == "__main__":
    sys.exit(main())
