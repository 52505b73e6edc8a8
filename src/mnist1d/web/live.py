"""Live news of a running sweep for the page: what is new in the store since the last request.

Curves arrive when a trial finishes, because a trial is one compiled program and its rows are
written together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np

from mnist1d.experiments.rows import Rows
from mnist1d.runs.identity import flat
from mnist1d.runs.lock import LOCK
from mnist1d.runs.store import DATABASE, Call, Store, Sweep, open_store
from mnist1d.runs.tasks import plan
from mnist1d.runs.verdicts import overrides_of
from mnist1d.web.curves import MAX_RUNS, curve, run_colors, run_names

METRIC = "test_acc"  # shown if the study has it, otherwise its first metric with steps
SHOWN = 12  # calls and curves sent at once: the page shows no more
Pair = tuple[str, int]  # a trial and a seed
Configs = dict[str, Mapping[str, object]]  # by trial


@dataclass
class Work:
    """The finished calls of one study since the last sweep began.

    Attributes:
      calls: their number.
      seconds: their time.
      per_seed: the time per seed of each call, summed.
    """

    calls: int = 0
    seconds: float = 0.0
    per_seed: float = 0.0

    def add(self, call: Call) -> None:
        self.calls += 1
        self.seconds += call.seconds
        self.per_seed += call.seconds / max(len(call.seeds), 1)


class News:
    """One reader's position in a folder's calls. A folder without a store has no news.

    Of all calls, only the pairs of trial and seed that ended are kept; of the last ones, the calls.
    """

    def __init__(self, runs: Path):
        self.runs = runs
        self._forget()

    def _forget(self) -> None:
        self.last, self.is_new, self.was_running = 0, True, False
        self.started = ""  # of the last sweep
        self.grid: Configs = {}
        self.ended: set[Pair] = set()
        self.recent: dict[str, Call] = {}  # by trial
        self.work: dict[str, Work] = {}  # by study

    def since(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield events since the last request, (name, content): "calls" if something changed, then
        a "curve" for each of the last trials that has one.

        The first request yields the state of the last sweep and its last curves. Errors: as for
        `open_store`.
        """
        if not (self.runs / DATABASE).is_file():
            self._forget()
            return
        with open_store(self.runs, create=False) as store:
            running = is_running(self.runs)
            if store.last_call() < self.last:  # the store was replaced
                self._forget()
            new = store.calls(after=self.last)
            if not new and not self.is_new and running == self.was_running:
                return
            self.was_running = running
            sweeps = store.latest()
            if sweeps and sweeps[0].started != self.started:
                self.grid = {t: c for s in sweeps for t, c in grid(store, s).items()}
            self._add(new, sweeps)
            if self.is_new:
                wanted = {trial for sweep in sweeps for trial in sweep.wanted}
                new, self.is_new = [call for call in new if call.trial in wanted], False
            shown = new[-SHOWN:]
            yield "calls", self._progress(sweeps) | {"calls": [describe(call) for call in shown]}
            for call in shown:
                yield from (("curve", content) for content in curves(store, call))

    def _add(self, new: Sequence[Call], sweeps: Sequence[Sweep]) -> None:
        started = sweeps[0].started if sweeps else ""
        if started != self.started:
            self.started, self.work = started, {}
        for call in new:
            self.last = call.number
            if call.status in ("done", "skipped"):
                self.ended.update((call.trial, seed) for seed in call.seeds)
            if call.status == "done" and call.started >= started:
                self.work.setdefault(call.study, Work()).add(call)
            self.recent.pop(call.trial, None)
            self.recent[call.trial] = call
        for trial in list(self.recent)[:-MAX_RUNS]:
            del self.recent[trial]

    def _progress(self, sweeps: Sequence[Sweep]) -> dict[str, object]:
        """Return the progress of the last sweeps: seeds done and wanted (None: no request
        recorded), calls in the store, seconds left if they can be estimated, and names and colours
        of the last trials."""
        wanted, left = 0, dict.fromkeys((sweep.study for sweep in sweeps), 0)
        for sweep in sweeps:
            for trial, seeds in sweep.wanted.items():
                wanted += len(seeds)
                left[sweep.study] += sum((trial, seed) not in self.ended for seed in seeds)
        estimate = seconds_left(self.work, left, self.started) if self.was_running else None
        return {
            "done": wanted - sum(left.values()),
            "wanted": wanted or None,
            "total": self.last,  # calls are numbered from 1
            "running": self.was_running,
            "left": estimate,
            "runs": runs_of(sweeps, self.recent, self.grid),
        }


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


def seconds_left(work: Mapping[str, Work], left: Mapping[str, int], started: str) -> float | None:
    """Return the estimated seconds until a sweep ends: the remaining work, at the mean cost per
    seed of its study, divided by the work finished per second since the start. None before a trial
    has finished.

    work: by study. left: seeds by study. started: UTC, ISO 8601.
    """
    finished = sum(of_study.seconds for of_study in work.values())
    if not finished:
        return None
    total = Work(sum(w.calls for w in work.values()), 0, sum(w.per_seed for w in work.values()))
    costs = {study: work.get(study, total) for study in left}
    ahead = sum(seeds * costs[study].per_seed / costs[study].calls for study, seeds in left.items())
    elapsed = (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()
    return round(ahead * max(elapsed, 1.0) / finished, 1)


def grid(store: Store, sweep: Sweep) -> Configs:
    """Return the configs of all trials that a sweep wants, as far as its study still has them."""
    preset = sweep.label.partition(" ")[0]
    try:
        study = store.reference(sweep.study) or sweep.study
        tasks = plan(study, preset, overrides=overrides_of(sweep.label))
        return {task.trial: flat(task.config) for task in tasks if task.trial in sweep.wanted}
    except Exception:  # a study from outside may have changed in any way
        return {}


def runs_of(
    sweeps: Sequence[Sweep], calls: Mapping[str, Call], planned: Configs
) -> list[dict[str, str]]:
    """Return some trials of the last sweeps: {id, study, name, color}, named by the fields that
    vary within their study, so that names and colours stay while trials finish.

    calls: one of each trial. planned: the configs of all trials.
    """
    found = []
    for study in dict.fromkeys(sweep.study for sweep in sweeps):
        grid = [t for sweep in sweeps if sweep.study == study for t in sweep.wanted]
        places = {trial: place for place, trial in enumerate(dict.fromkeys(grid))}
        done = {trial: call.config for trial, call in calls.items() if trial in places}
        configs = {trial: planned[trial] for trial in places if trial in planned} | done
        names, colors = run_names(configs), run_colors(configs, places)
        found += [
            {"id": trial[:12], "study": study, "name": names[trial], "color": colors[trial]}
            for trial in done
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
