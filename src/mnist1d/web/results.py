"""What the page's Results view shows of a folder of runs: claims, tables, figures and quizzes, as
JSON and pictures."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from mnist1d.errors import Mnist1dError
from mnist1d.results.document import Results, finite, interval, number, results_in, studies_in
from mnist1d.results.figures import for_screen
from mnist1d.runs.quiz import quizzes
from mnist1d.runs.store import DATABASE, Store, Sweep, now, open_store

FIGURES = "data/figures/"


class ResultsOf:
    """The results of one folder, made when first asked for and again once its store has changed.
    Safe to share between threads."""

    def __init__(self, runs: Path):
        self.runs, self.lock = runs, threading.Lock()
        self.made: dict[
            tuple, tuple[dict[str, Any], dict[str, bytes]]
        ] = {}  # by what was asked, last of all calls: a study's part

    def get(self) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return the document, and the figures that it names, {path: content}. Errors: as for
        `open_store`."""
        document = {
            "runs": str(self.runs.resolve()),
            "made": now(),
            "calls": 0,
            "studies": [],
            "quiz": [],
        }
        if not (self.runs / DATABASE).is_file():
            return document, {}
        with self.lock, open_store(self.runs, create=False) as store:
            all_calls = (
                store.calls()
            )  # first: what comes while the rest is read is new to the reader
            document["calls"] = len(all_calls)
            made, document["quiz"] = {}, quizzes(store)
            count = len(document["quiz"])  # the benchmark table gains a line with each
            for study in studies_in(store):
                calls = [call for call in all_calls if call.study == study]
                for sweep in store.latest(study):
                    key = (study, sweep.sweep, len(calls), count)
                    made[key] = self.made.get(key) or part_of(
                        store, study, sweep, [c for c in calls if c.trial in sweep.wanted]
                    )
            self.made = made
        document["studies"] = [part for part, _ in made.values()]
        return document, {
            path: content for _, figures in made.values() for path, content in figures.items()
        }

    def figure(self, path: str) -> bytes | None:
        """Return a figure of the document made last, so that a sweep in progress does not have all
        of them drawn again for each."""
        if not self.made:
            self.get()
        with self.lock:
            return next(
                (figures[path] for _, figures in self.made.values() if path in figures), None
            )


def part_of(
    store: Store, study: str, sweep: Sweep, calls: list[Any]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what a sweep found out about a study, and its figures, {path: content}."""
    part: dict[str, Any] = {
        "study": study,
        "label": sweep.label,
        "error": None,
        "claims": [],
        "measured": [],
        "table": None,
        "figures": [],
    }
    done = [call for call in calls if call.status == "done"]
    seeds = {seed for call in done for seed in call.seeds}
    part |= {
        "seconds": sum(call.seconds for call in done),
        "trials": len({call.trial for call in done}),
        "seeds": len(seeds),
    }
    figures: dict[str, bytes] = {}
    try:
        results = results_in(store, sweep)
        info = results.study.INFO
        part["title"], part["question"] = info.title, results.study.problem or info.question
        part["claims"] = [claim_cells(claim) for claim in results.claims]
        part["measured"] = [measured_cells(m) for m in results.measured]
        if results.table:
            part["table"] = {"header": results.table[0], "lines": results.table[1]}
        for slug, (path, content, caption) in drawn(results).items():
            figures[path] = content
            part["figures"].append(
                {
                    "name": slug,
                    "src": path,
                    "caption": caption,
                    "alt": f"{info.title}: {slug.replace('-', ' ')}",
                }
            )
    except Exception as error:  # what one study cannot show must not take the others' results away
        part |= {
            "title": study,
            "error": str(error)
            if isinstance(error, Mnist1dError)
            else f"{type(error).__name__}: {error}",
        }
    return finite(part), figures


def drawn(results: Results) -> dict[str, tuple[str, bytes, str]]:
    """Draw a study's figures: {slug: (path, content, caption)}, svg, or png where many points make the svg
    larger."""
    found = {}
    for slug, (figure, caption) in results.figures().items():
        title = f"{results.study.INFO.title} ({results.label}): {slug}"
        content, kind = for_screen(figure, title, caption)
        found[slug] = f"{FIGURES}{results.file_name(slug)}.{kind}", content, caption
    return found


def claim_cells(claim: Any) -> dict[str, Any]:
    """Return a claim as texts that people read, as the report has them."""
    cells = {
        name: getattr(claim, name) for name in ("text", "quantity", "verdict", "published", "n")
    }
    return cells | {"estimate": number(claim.estimate), "interval": interval(claim.low, claim.high)}


def measured_cells(measured: Any) -> dict[str, Any]:
    """Return a published figure beside ours, as texts."""
    published, unit = measured.published, measured.published.unit
    return {
        "name": published.name,
        "published": number(published.value, unit),
        "mean": number(measured.mean, unit) if measured.n else "",
        "interval": interval(measured.low, measured.high, unit) if measured.n else "",
        "n": measured.n,
        "within": measured.within,
    }
