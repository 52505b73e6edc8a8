"""The page as a static site, for any host of plain files."""

from __future__ import annotations

import json
from pathlib import Path

from mnist1d.errors import UsageError
from mnist1d.files import atomic_path
from mnist1d.runs.store import open_store
from mnist1d.web import pages
from mnist1d.web.results import FIGURES, ResultsOf

RESULTS = "data/results.json"


def export(folder: str | Path, runs: str | Path | None = None) -> Path:
    """Write the page into a folder, with the results of a folder of runs if told; return the folder.

    The folder is new, empty, or one that was written so before: a file of somebody else's is never overwritten or removed.
    Errors: UsageError for a folder with other files in it or that cannot be written; as for `open_store`.
    """
    folder, files = Path(folder), dict(pages.files())
    if runs is not None:
        open_store(runs, create=False).close()
        document, figures = ResultsOf(Path(runs)).get()
        document["runs"] = None  # a path of this machine is nobody else's business
        files["data/site.json"] = json.dumps({**pages.description(), "results": True}, separators=(",", ":")).encode()
        files |= {RESULTS: json.dumps(document, allow_nan=False).encode(), **figures}
    foreign = [name for name in _names(folder) if name not in files and name != RESULTS and not name.startswith(FIGURES)]
    if foreign:
        raise UsageError(f"{folder} holds other files ({foreign[0]}): name a new or an empty folder")
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"the folder {path.parent} cannot be made: {error.strerror}") from None
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    for name in set(_names(folder)) - set(files):  # results of an earlier export
        (folder / name).unlink()
    return folder


def _names(folder: Path) -> list[str]:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
