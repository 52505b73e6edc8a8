"""What the page's Results view shows of a folder of runs: documents, figures and quizzes, as JSON and
pictures."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from mnist1d.errors import last_words
from mnist1d.results.document import Found, of_sweep, studies_in
from mnist1d.results.figures import for_screen
from mnist1d.runs.quiz import quizzes
from mnist1d.runs.store import DATABASE, now, open_store

FIGURES = "data/figures/"
Part = tuple[dict[str, Any], dict[str, bytes]]  # a study's JSON, its figures {path: content}


class ResultsOf:
    """The results of one folder, made when first asked for and again once its store has changed.
    Safe to share between threads."""

    def __init__(self, runs: Path):
        self.runs, self.lock = runs, threading.Lock()
        self.made: dict[tuple, Part] = {}  # by what was asked for last

    def get(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return the document, and the figures that it names, {path: content}. Errors: as for
        `open_store`."""
        document: dict[str, Any] = {"runs": str(self.runs.resolve()), "made": now()}
        document |= {"calls": 0, "studies": [], "quiz": []}
        if not (self.runs / DATABASE).is_file():
            return document, {}
        with self.lock, open_store(self.runs, create=False) as store:
            calls = store.calls()  # first: what comes while the rest is read is new to the reader
            made: dict[tuple, Part] = {}
            document["calls"], document["quiz"] = len(calls), quizzes(store)
            for study in studies_in(store):
                own = [call for call in calls if call.study == study]
                for sweep in store.latest(study):
                    # the benchmark table gains a line with each quiz
                    key = (study, sweep.sweep, len(own), len(document["quiz"]))
                    made[key] = self.made.get(key) or part_of(of_sweep(store, sweep, own))
            self.made = made
        document["studies"] = [part for part, _ in made.values()]
        figures = [figures for _, figures in made.values()]
        return document, {path: content for some in figures for path, content in some.items()}

    def figure(self, path: str) -> bytes | None:
        """Return a figure of the document made last, so that a sweep in progress does not have all
        of them drawn again for each."""
        if not self.made:
            self.get()
        with self.lock:
            found = (figures[path] for _, figures in self.made.values() if path in figures)
            return next(found, None)


def part_of(found: Found) -> Part:
    """Return a study's document as the page has it, and its figures, {path: content}.

    Where the rows were made, and tracebacks, stay here: they name paths of this machine.
    """
    document, drawn = found
    part, contents = document.to_dict(), {}
    for drawing, cells in zip(document.figures, part["figures"], strict=True):
        figure = drawn[drawing.slug]
        content, kind = for_screen(figure, drawing.title, drawing.caption)
        cells["src"] = f"{FIGURES}{drawing.file}.{kind}"
        contents[cells["src"]] = content
    del part["origins"]
    for problem in part["problems"]:
        problem["error"] = last_words(problem["error"])
    part["error"] = last_words(part["error"]) if part["error"] else None
    return part, contents
