"""Write the page as a static site, for any static web host."""

from __future__ import annotations

import json
from pathlib import Path

from mnist1d.errors import UsageError
from mnist1d.files import FORMAT, atomic_path
from mnist1d.runs.store import open_store
from mnist1d.web import pages
from mnist1d.web.results import CURVES, RESULTS, ResultsOf

SITE = "data/site.json"


def export(folder: str | Path, runs: str | Path | None = None) -> Path:
    """Write the page into a folder, optionally with the results of a folder of runs; return the
    folder.

    The folder must be new, empty, or an earlier export, so that other files are never overwritten
    or removed. Errors: UsageError for a folder with other files or one that cannot be written; also
    those of `open_store`.
    """
    folder, files = Path(folder), dict(pages.files())
    if runs is not None:
        open_store(runs, create=False).close()
        files[SITE] = _bytes({**pages.description(), "results": True})
        files |= ResultsOf(Path(runs)).everything()
    try:
        _write(folder, files)
    except OSError as error:
        raise UsageError(
            f"cannot write the page into {folder}: {error.strerror}; choose another folder"
        ) from None
    return folder


def _write(folder: Path, files: dict[str, bytes]) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder")
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    foreign = sorted(there - _written_before(folder))
    if foreign:
        raise UsageError(
            f"{folder} contains other files ({foreign[0]}): choose a new or empty folder"
        )
    for name in there - set(files):  # results of an earlier export
        (folder / name).unlink()
    for name in sorted(
        files, key=lambda name: (name != SITE, name != RESULTS)
    ):  # these identify the files for the next export
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(files[name])


def _written_before(folder: Path) -> set[str]:
    """Return the files of an earlier export in a folder; none if its site.json is not from an
    export."""
    try:
        if json.loads((folder / SITE).read_bytes())["file_format"] != FORMAT:
            return set()
        results = folder / RESULTS
        studies = json.loads(results.read_bytes())["studies"] if results.exists() else []
        return {
            *pages.files(),
            RESULTS,
            *(figure["src"] for study in studies for figure in study["figures"]),
            *(f"{CURVES}{study['id']}.json" for study in studies),
        }
    except (FileNotFoundError, NotADirectoryError, ValueError, LookupError, TypeError):
        return set()


def _bytes(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
