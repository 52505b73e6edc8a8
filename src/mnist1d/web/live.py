"""Live news of a running sweep for the page: what is new in the store since the last request.

Curves arrive when a trial finishes, because a trial is one compiled program and its rows are
written together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np

from mnist1d.experiments.rows import Rows
from mnist1d.runs.lock import LOCK
from mnist1d.runs.store import DATABASE, Call, Store, Sweep, open_store
from mnist1d.web.curves import curve, run_colors, run_names

METRIC = "test_acc"  # shown if the study has it, otherwise its first metric with steps
FIRST = 12  # number of curves sent to a new reader
Pair = tuple[str, int]  # a trial and a seed


class News:
    """One reader's position in a folder's calls. A folder without a store has no news."""

    def __init__(self, runs: Path):
        self.runs, self.is_new, self.was_running = runs, True, False
        self.calls: list[Call] = []

    def since(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield events since the last request, (name, content): "calls" if something changed, then
        a "curve" for each trial that has one.

        The first request yields the state of the last sweep and its last curves. Errors: as for
        `open_store`.
        """
        if not (self.runs / DATABASE).is_file():
            self.calls, self.is_new = [], True
            return
        with open_store(self.runs, create=False) as store:
            last, running = self.calls[-1].number if self.calls else 0, is_running(self.runs)
            if store.last_call() < last:  # the store was replaced
                self.calls, self.is_new, last = [], True, 0
            new = store.calls(after=last)
            calls = self.calls = [*self.calls, *new] if new else self.calls
            if not new and not self.is_new and running == self.was_running:
                return
            self.was_running = running
            sweeps = last_sweeps(store)
            wanted = {trial for sweep in sweeps for trial in sweep.wanted}
            if self.is_new:
                new, self.is_new = [call for call in new if call.trial in wanted][-FIRST:], False
            content = progress(sweeps, calls, running)
            yield "calls", content | {"calls": [describe(call) for call in new]}
            for call in new:
                yield from (("curve", content) for content in curves(store, call))


def is_running(runs: Path) -> bool:
    """Return whether a sweep holds the lock of a folder of runs. Nothing is written."""
    lock = runs / LOCK
    if not lock.is_file():
        return False
    address = f"file:{quote(str(lock.resolve()))}?mode=ro"
    try:
        database = sqlite3.connect(address, uri=True, timeout=0)
    except sqlite3.OperationalError:
        return False
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return False
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    finally:
        database.close()


def last_sweeps(store: Store) -> list[Sweep]:
    """Return the sweeps of the last command, one for each study and label."""
    sweeps = store.sweeps()
    return [sweep for sweep in sweeps if sweep.asked == sweeps[-1].asked]


def progress(sweeps: Sequence[Sweep], calls: Sequence[Call], running: bool) -> dict[str, object]:
    """Return the progress of the last sweeps: seeds done and wanted (None: no request recorded),
    calls in the store, seconds left if they can be estimated, and names and colours of the
    trials."""
    wanted = [(t, s) for sweep in sweeps for t, seeds in sweep.wanted.items() for s in seeds]
    ended = (call for call in calls if call.status in ("done", "skipped"))
    done = {(call.trial, seed) for call in ended for seed in call.seeds}
    left = [pair for pair in wanted if pair not in done]
    started = sweeps[0].started if sweeps else ""
    return {
        "done": len(wanted) - len(left),
        "wanted": len(wanted) or None,
        "total": len(calls),
        "running": running,
        "left": seconds_left(sweeps, calls, left, started) if running else None,
        "runs": runs_of(sweeps, calls),
    }


def seconds_left(
    sweeps: Sequence[Sweep], calls: Sequence[Call], left: Sequence[Pair], started: str
) -> float | None:
    """Return the estimated seconds until a sweep ends: the remaining work, at the mean cost per
    seed of its study, divided by the work finished per second since the start. None before a trial
    has finished.
    """
    since = [call for call in calls if call.status == "done" and call.started >= started]
    work = sum(call.seconds for call in since)
    if not work:
        return None
    study = {trial: sweep.study for sweep in sweeps for trial in sweep.wanted}
    costs: dict[str, list[float]] = {}
    for call in since:
        costs.setdefault(call.study, []).append(call.seconds / max(len(call.seeds), 1))
    mean = np.mean([cost for of_study in costs.values() for cost in of_study])
    ahead = sum(np.mean(costs.get(study[trial], [mean])) for trial, _ in left)
    begun = datetime.fromisoformat(started)
    elapsed = (datetime.now(UTC) - begun).total_seconds()
    return round(float(ahead) * max(elapsed, 1.0) / work, 1)


def runs_of(sweeps: Sequence[Sweep], calls: Sequence[Call]) -> list[dict[str, str]]:
    """Return the finished trials of the last sweeps: {id, study, name, color}, named by the fields
    that vary within their study."""
    found = []
    for study in dict.fromkeys(sweep.study for sweep in sweeps):
        wanted = {t for sweep in sweeps if sweep.study == study for t in sweep.wanted}
        configs = {call.trial: call.config for call in calls if call.trial in wanted}
        names, colors = run_names(configs), run_colors(configs)
        found += [
            {"id": trial[:12], "study": study, "name": names[trial], "color": colors[trial]}
            for trial in configs
        ]
    return found


def describe(call: Call) -> dict[str, object]:
    """Return a call in the page's format."""
    return {
        "study": call.study,
        "trial": call.trial[:12],
        "status": call.status,
        "seconds": round(call.seconds, 2),
        "seeds": list(call.seeds),
    }


def curves(store: Store, call: Call) -> Iterator[dict[str, object]]:
    """Yield the mean curve over a call's seeds, if its study has one."""
    if call.status != "done":
        return
    rows = Rows(
        r
        for r in store.all_rows(call.study, {call.trial: call.seeds})
        if r.step is not None and not isinstance(r.value, np.ndarray)
    )
    if len(rows):
        metrics = rows.unique("metric")
        metric = METRIC if METRIC in metrics else metrics[0]
        yield {"study": call.study, "trial": call.trial[:12], **curve(rows, metric)}
