"""Read figures that `mnist1d run` and `mnist1d report` wrote to a folder of runs, so that the page
need not draw them."""

from __future__ import annotations

import html
import re
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from mnist1d.results.document import Document, origin_words
from mnist1d.results.figures import MAX_SVG
from mnist1d.runs.store import Call

HEAD = 20_000  # the first bytes of an svg, which contain its texts
TITLE = re.compile(rb"<dc:title>(.*?)</dc:title>", re.DOTALL)
VIEW_BOX = re.compile(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"')
PNG = b"\x89PNG"
CAPTION = re.compile(rb"<dc:description>(.*?)</dc:description>", re.DOTALL)


class Picture(NamedTuple):
    """One figure for the screen: its file name, its content (svg, or png if many points make the
    svg larger), its title and caption."""

    name: str
    content: bytes
    title: str
    caption: str

    @property
    def size(self) -> tuple[float, float]:
        """Return width and height, in the units of the file, so that a page can keep the room."""
        if self.content.startswith(PNG):
            return struct.unpack(">II", self.content[16:24])
        box = VIEW_BOX.search(self.content[:HEAD])
        return (float(box[1]), float(box[2])) if box else (0, 0)


def stored_pictures(runs: Path, document: Document, calls: Iterable[Call]) -> list[Picture] | None:
    """Return the stored figures of a document, in order of writing; None if there are none, or if
    they are older than the document's last trial."""
    ends = origin_words(document.label, document.command)
    candidates = (runs / "figures").glob(f"{document.study}-*.svg")
    found = [(path, words) for path in candidates if (words := _words(path))[1].endswith(ends)]
    found.sort(key=lambda item: (item[0].stat().st_mtime_ns, item[0].name))
    if not found or found[0][0].stat().st_mtime < _last_end(list(calls)):
        return None
    try:
        return [Picture(*_screen(path), *words) for path, words in found]
    except OSError:  # removed while we read: draw them
        return None


def _words(path: Path) -> tuple[str, str]:
    """Return the title and the caption in an svg; "" if missing."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return "", ""
    found = (pattern.search(head) for pattern in (TITLE, CAPTION))
    title, caption = (html.unescape(m[1].decode("utf-8", "replace")) if m else "" for m in found)
    return title, caption


def _screen(path: Path) -> tuple[str, bytes]:
    png = path.with_suffix(".png")
    if path.stat().st_size > MAX_SVG and png.is_file():
        path = png
    return path.name, path.read_bytes()


def _last_end(calls: Sequence[Call]) -> float:
    """Return when the last of the calls ended, in seconds since 1970 (start times are stored to the
    second)."""
    ends = (datetime.fromisoformat(call.started).timestamp() + call.seconds for call in calls)
    return max(ends, default=0.0)
