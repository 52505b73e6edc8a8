"""The data for the page's Results view of a folder of runs: documents, figures, curves and quizzes,
as JSON and images."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mnist1d.checks import Json
from mnist1d.errors import last_words
from mnist1d.experiments import Loaded
from mnist1d.experiments.rows import Rows
from mnist1d.results import summary
from mnist1d.results.document import Document, of_sweep, studies_in
from mnist1d.results.figures import for_screen
from mnist1d.results.text import span
from mnist1d.runs.quiz import quizzes
from mnist1d.runs.store import DATABASE, Call, Store, Sweep, now, open_store
from mnist1d.runs.verdicts import looks_of
from mnist1d.web.curves import curves_of
from mnist1d.web.growing import Growing
from mnist1d.web.stored import Picture, stored_pictures

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

RESULTS, FIGURES, CURVES = "data/results.json", "data/figures/", "data/curves/"
END = b"]}\n"  # the last line of the results
Stamp = tuple[tuple[int, int], ...]  # size and time of the database and of its WAL
Key = tuple[str, int, int, int]  # study, sweep, and the numbers of its calls and of all quizzes


@dataclass
class Part:
    """One document for the page. pictures: None until they have been read or drawn."""

    document: Document
    sweep: Sweep
    calls: list[Call]
    pictures: list[Picture] | None = None
    problem: str | None = None  # why figures could not be drawn
    lock: threading.Lock = field(default_factory=threading.Lock)

    def to_dict(self) -> Json:
        """Return the part as plain values for JSON. `figures` is None if the page has to request
        them.

        Provenance and tracebacks are left out, because they contain paths of this machine.
        """
        content = self.document.to_dict()
        del content["origins"]
        for claim in content["claims"]:
            verdict = claim["verdict"]
            claim["shown"] |= {"tone": summary.tone(verdict), "mark": summary.mark(verdict)}
        for problem in content["problems"]:
            problem["error"] = last_words(problem["error"])
        error = content["error"]
        content["error"] = last_words(error) if error else None
        content["asked"] = self.sweep.started
        until = ", until decided" if looks_of(self.document.label) else ""
        preset = (self.document.shown_label or "unknown") + until
        counts = self.document.seed_counts
        content["words"] = {"preset": preset, "seeds": span(counts, "seed") if counts else ""}
        content["figures"] = None if self.pictures is None else self.figures()
        return content

    def figures(self) -> list[Json]:
        """Return the figures' addresses, words and sizes."""
        return [
            {
                "src": self.address(picture),
                "title": picture.title,
                "caption": picture.caption,
                "size": picture.size,
            }
            for picture in self.pictures or ()
        ]

    def address(self, picture: Picture) -> str:
        """Return the address of a figure; two presets of a study have files with the same name."""
        return f"{FIGURES}{self.document.id}/{picture.name}"


class ResultsOf:
    """The results of one folder, made on the first request and again when its store has changed.
    Thread-safe."""

    def __init__(self, runs: Path):
        self.runs, self.lock, self.drawing = runs, threading.Lock(), threading.Lock()
        self.parts: dict[Key, Part] = {}
        self.num_drawn = 0
        self.answering = threading.Lock()
        self.answered: tuple[tuple[Stamp, int], Growing] | None = None

    def answer(self) -> Growing:
        """Return the document as JSON: the same bytes for all readers until the store changes or a
        figure has been drawn. They grow as studies are ready; errors: as for `open_store`, while
        they are read."""
        with self.answering:
            state = _stamp(self.runs), self.num_drawn
            known = self.answered
            if known is None or known[0] != state or known[1].error is not None:
                growing = Growing()
                self.answered = state, growing
                work = threading.Thread(target=growing.fill, args=(self.lines(),), daemon=True)
                work.start()
                return growing
            return known[1]

    def lines(self, is_private: bool = False) -> Iterator[bytes]:
        """Yield the document of the whole folder as lines of JSON: first the head, then one study
        per line, so that a page can show the first before the last is ready.

        The last sweep of each study comes before all earlier ones. is_private: leave out the path
        of the folder. Errors: as for `open_store`.
        """
        head: Json = {"runs": None if is_private else str(self.runs.resolve()), "made": now()}
        head |= {"calls": 0, "quiz": [], "expected": []}
        if not (self.runs / DATABASE).is_file():
            self.parts = {}
            yield _opened(head) + END
            return
        with self.lock, open_store(self.runs, create=False) as store:
            # first, so that rows written meanwhile count as news for the reader
            calls = store.calls()
            last, earlier = sweeps_in(store)
            head |= {"calls": len(calls), "quiz": quizzes(store)}
            head["expected"] = [sweep.study for sweep in last]
            yield _opened(head)
            parts: dict[Key, Part] = {}
            for sweep in [*last, *earlier]:
                own = [call for call in calls if call.study == sweep.study]
                # each quiz adds a line to the benchmark table
                key = (sweep.study, sweep.sweep, len(own), len(head["quiz"]))
                comma = b"," if parts else b""
                parts[key] = self.parts.get(key) or self.part(store, sweep, own)
                self.parts = {**parts, **self.parts}  # whose figures may be requested at once
                yield comma + _bytes(parts[key].to_dict()) + b"\n"
            self.parts = parts
        yield END

    def part(self, store: Store, sweep: Sweep, calls: list[Call]) -> Part:
        """Return a document without its figures, or with those that are stored."""
        document = of_sweep(store, sweep, calls, draw=no_figures).document
        own = [call for call in calls if call.trial in sweep.wanted]
        return Part(document, sweep, calls, stored_pictures(self.runs, document, own))

    def file(self, path: str) -> bytes | None:
        """Return a figure or the curves of a study; None if they do not exist. Errors: as for
        `open_store`."""
        if not self.parts:
            list(self.answer())
        if path.startswith(CURVES):
            return self._curves(path)
        parts = list(self.parts.values())
        for part in parts:
            if path == f"{FIGURES}{part.document.id}.json":
                self.draw(part)
                return _bytes({"figures": part.figures(), "error": part.problem})
        for part in parts:
            for picture in part.pictures or ():
                if path == part.address(picture):
                    return picture.content
        return None

    def draw(self, part: Part) -> None:
        """Draw the figures of a part that has none stored; one part at a time, since matplotlib's
        settings are global."""
        with self.drawing:
            if part.pictures is not None:
                return
            with open_store(self.runs, create=False) as store:
                document, drawn = of_sweep(store, part.sweep, part.calls)
            pictures = []
            for drawing in document.figures:
                words = drawing.title, drawing.caption
                content, kind = for_screen(drawn[drawing.slug], *words)
                pictures.append(Picture(f"{drawing.file}.{kind}", content, *words))
            if document.error and document.error != part.document.error:
                part.problem = last_words(document.error)
            part.pictures = pictures
            self.num_drawn += 1

    def _curves(self, path: str) -> bytes | None:
        for part in self.parts.values():
            if path == f"{CURVES}{part.document.id}.json":
                with open_store(self.runs, create=False) as store:
                    rows = store.all_rows(part.sweep.study, part.sweep.wanted)
                return _bytes(curves_of(rows))
        return None

    def everything(self) -> dict[str, bytes]:
        """Return all files of these results, {path: content}, for a site without a server."""
        list(self.lines())
        found: dict[str, bytes] = {}
        for part in self.parts.values():
            self.draw(part)
            found |= {part.address(p): p.content for p in part.pictures or ()}
            path = f"{CURVES}{part.document.id}.json"
            found[path] = self._curves(path) or b""
        return {RESULTS: b"".join(self.lines(is_private=True)), **found}


def sweeps_in(store: Store) -> tuple[list[Sweep], list[Sweep]]:
    """Return the last sweep of each study, and the last ones under each of its other labels, latest
    first."""
    last: list[Sweep] = []
    earlier: list[Sweep] = []
    for study in studies_in(store):
        of_label = {sweep.label: sweep for sweep in store.sweeps(study)}
        found = sorted(of_label.values(), key=lambda sweep: -sweep.sweep)
        last, earlier = last + found[:1], earlier + found[1:]
    return last, earlier


def no_figures(study: Loaded, rows: Rows) -> dict[str, Captioned]:
    """Leave out the figures of a document."""
    return {}


def _stamp(runs: Path) -> Stamp:
    """Return a stamp that changes with every commit. An empty WAL is ignored, because readers
    create one."""
    found = []
    for name in (DATABASE, f"{DATABASE}-wal"):
        with contextlib.suppress(OSError):
            status = (runs / name).stat()
            if status.st_size:
                found.append((status.st_size, status.st_mtime_ns))
    return tuple(found)


def _opened(head: Json) -> bytes:
    """Return the first line: the head as JSON, up to its list of studies."""
    return _bytes(head).removesuffix(b"}") + b',"studies":[\n'


def _bytes(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
