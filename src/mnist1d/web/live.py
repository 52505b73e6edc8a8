"""News of a sweep as it goes on, for the page's live curves: what the store gained since one last
looked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.experiments.rows import Rows
from mnist1d.runs.store import DATABASE, Call, Store, open_store

METRIC = "test_acc"
FIRST = 12  # curves that a reader who has just come gets to see


class News:
    """One reader's place in a folder's calls. A folder without a store has no news, until it has
    one."""

    def __init__(self, runs: Path):
        self.runs, self.seen, self.is_new = runs, 0, True

    def since(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield events since the last time, (name, content): "calls" if there are any, then a
        "curve" for each trial that has one.

        The first time: how the last sweep stands, and its last curves. Errors: as for `open_store`.
        """
        if not (self.runs / DATABASE).is_file():
            return
        with open_store(self.runs, create=False) as store:
            calls = store.calls()
            if len(calls) < self.seen:  # another store lies there now
                self.seen, self.is_new = 0, True
            new, self.seen = calls[self.seen :], len(calls)
            wanted = last_wanted(store)
            if not new and not self.is_new:
                return
            if self.is_new:
                new, self.is_new = [call for call in new if call.trial in wanted][-FIRST:], False
            done = {
                (call.trial, seed)
                for call in calls
                if call.status in ("done", "skipped")
                for seed in call.seeds
            }
            asked = [(trial, seed) for trial, seeds in wanted.items() for seed in seeds]
            count = sum(pair in done for pair in asked)
            yield (
                "calls",
                {
                    "done": count,
                    "wanted": len(asked) or None,
                    "total": len(calls),
                    "calls": [shown(call) for call in new],
                },
            )
            for call in new:
                yield from (("curve", content) for content in curve(store, call))


def last_wanted(store: Store) -> dict[str, list[int]]:
    """Return the seeds that the last command wanted of each trial, over all its studies."""
    sweeps = store.sweeps()
    last = [
        sweep
        for sweep in sweeps
        if (sweep.started, sweep.command) == (sweeps[-1].started, sweeps[-1].command)
    ]
    return {trial: list(seeds) for sweep in last for trial, seeds in sweep.wanted.items()}


def shown(call: Call) -> dict[str, Any]:
    """Return a call as the page lists it."""
    parts = {
        "study": call.study,
        "trial": call.trial[:12],
        "status": call.status,
        "seconds": round(call.seconds, 2),
    }
    return parts | {"seeds": list(call.seeds), "label": label(call)}


def curve(store: Store, call: Call) -> Iterator[dict[str, Any]]:
    """Yield the mean curve of test accuracy over a call's seeds, where its study keeps one."""
    rows = Rows(
        r
        for r in store.all_rows(call.study, {call.trial: call.seeds})
        if r.metric == METRIC and r.step is not None
    )
    if call.status == "done" and len(rows):
        steps, values = rows.curve(METRIC)
        mean = (
            np.nanmean(values, axis=0)
            if np.isfinite(values).any(axis=0).all()
            else np.nan_to_num(values).mean(axis=0)
        )
        names = {
            "study": call.study,
            "trial": call.trial[:12],
            "label": label(call),
            "metric": METRIC,
        }
        yield names | {"steps": steps.tolist(), "mean": [round(float(value), 5) for value in mean]}


def label(call: Call) -> str:
    """Return what tells a trial from its neighbours: its own fields that are text or switches, and
    the data's shuffling."""
    own = [
        f"{value}"
        for name, value in call.config.items()
        if isinstance(value, str) and "." not in name
    ]
    own += [name.rpartition(".")[2] for name, value in call.config.items() if value is True]
    return " ".join(own) or call.trial[:12]
