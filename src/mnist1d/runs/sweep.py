"""Sweeps: run what is wanted and the store lacks. Running again resumes."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mnist1d.errors import UsageError
from mnist1d.experiments import STUDIES, Reference, load
from mnist1d.runs import provenance
from mnist1d.runs.executors import make_executor
from mnist1d.runs.identity import flat, nested, trial_id
from mnist1d.runs.overrides import apply_overrides, parse_overrides, shown
from mnist1d.runs.store import Store, StoreError, now
from mnist1d.runs.work import Outcome, work

LOCK = "sweep.lock"


@dataclass(frozen=True)
class Task:
    """A unit of work: one config of a study and the seeds wanted of it.

    estimate: seconds of one core. reference: where any process finds the study again (default: by
    its name). sha256: the study's file at this moment, for studies from outside the package.
    """

    study: str
    config: Any
    seeds: tuple[int, ...]
    label: str
    estimate: float
    reference: Reference | None = None
    sha256: str = ""

    @cached_property
    def trial(self) -> str:
        return trial_id(self.study, self.config)


@dataclass
class Summary:
    """What a sweep did: counts of trials, and what went wrong. `earlier`: failed before and not
    tried again."""

    wanted: int = 0
    stored: int = 0
    done: int = 0
    failed: list[tuple[Task, str]] = field(default_factory=list)
    skipped: list[tuple[Task, str]] = field(default_factory=list)
    earlier: list[Task] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether no trial failed; a skipped one did not."""
        return not self.failed and not self.earlier


def plan(
    study: str | Reference,
    preset: str = "quick",
    seeds: int | None = None,
    overrides: Iterable[str] = (),
) -> list[Task]:
    """Return the tasks of a study at a preset; `overrides` are texts such as "num_steps=500,1000".

    Several values of a field that the preset's own grid varies stay together; several of any other
    field give as many copies of the grid, each with a label, a table and figures of its own, since
    a study compares within its grid. Errors: UsageError for an unknown study, preset or field,
    fewer than one seed, a value of the wrong type or out of range.
    """
    module = load(study)
    if seeds is not None and seeds < 1:
        raise UsageError(f"seeds must be at least 1, got {seeds}")
    usual = module.trials(preset)
    parsed = parse_overrides(module.Config, overrides)
    varied = {name for name in parsed if len({flat(config)[name] for config in usual}) > 1}
    info, weight = module.INFO, module.weight
    count = info.seeds[preset] if seeds is None else seeds
    calls = sum(map(weight, usual)) * info.seeds[preset]  # in units of one of weight 1
    second = info.cost[preset] / calls if info.cost else 1.0
    name, origin = info.name, (module.reference, module.sha256)
    tasks = []
    for values in itertools.product(*(parsed[name] for name in parsed if name not in varied)):
        alone = dict(zip((name for name in parsed if name not in varied), values, strict=True))
        chosen = {name: [alone[name]] if name in alone else parsed[name] for name in parsed}
        label = " ".join(
            [preset, *(f"{name}={','.join(map(shown, chosen[name]))}" for name in chosen)]
        )
        configs = apply_overrides(usual, chosen)
        tasks += [
            Task(name, config, tuple(range(count)), label, second * weight(config) * count, *origin)
            for config in configs
        ]
    return tasks


def sweep(
    store: Store,
    tasks: Sequence[Task],
    executor: str | Executor = "here",
    *,
    workers: int | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Run every task's missing seeds, the longest first (see next_of), and write each as it ends;
    never two sweeps on one store at once.

    retry_failed: try what failed before; otherwise it is counted and left. fail_fast: start no more
    once a trial has failed. Ctrl-C drops what is running whole. Errors: as `open_store` for a disk
    that is full or read-only.
    """
    progress, begin = progress or Progress(), time.perf_counter()
    with alone(store, progress.waiting):
        _record(
            store, tasks
        )  # before equal trials become one: each copy of a grid names all of its own
        tasks = list({(task.trial, task.seeds): task for task in tasks}.values())
        summary, todo = _missing(store, tasks, retry_failed)
        own = isinstance(executor, str)
        pool = make_executor(executor, workers) if own else executor
        size = getattr(pool, "workers", workers or 1)
        todo = sorted(balanced(todo, size), key=lambda task: -task.estimate)
        progress.start(summary, todo, size)
        for line in changed_since(store, tasks):
            progress.changed(line)
        try:
            _drive(store, pool, size, todo, summary, fail_fast, progress)
        except BaseException:
            if hasattr(pool, "kill"):
                pool.kill()
            raise
        finally:
            summary.seconds = time.perf_counter() - begin
            progress.stop(summary)
            if own:
                pool.shutdown()
    return summary


class Progress:
    """What is told while a sweep runs; this one says nothing."""

    def waiting(self, owner: str) -> None: ...

    def start(self, summary: Summary, todo: Sequence[Task], workers: int) -> None: ...

    def changed(self, line: str) -> None: ...

    def begin(self, task: Task) -> None: ...

    def end(self, task: Task, outcome: Outcome) -> None: ...

    def stop(self, summary: Summary) -> None: ...


def _drive(
    store: Store,
    pool: Executor,
    size: int,
    todo: list[Task],
    summary: Summary,
    fail_fast: bool,
    progress: Progress,
) -> None:
    queue, running = list(todo), {}
    while queue or running:
        while queue and len(running) < size:
            task = next_of(queue, [task.study for task in running.values()])
            queue.remove(task)
            progress.begin(task)
            running[
                pool.submit(work, task.reference or task.study, nested(task.config), task.seeds)
            ] = task
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task = running.pop(future)
            outcome = _outcome(future)
            _write(store, task, outcome)
            if outcome.status == "done":
                summary.done += 1
            else:
                {"failed": summary.failed, "skipped": summary.skipped}[outcome.status].append(
                    (task, outcome.error)
                )
            progress.end(task, outcome)
            if fail_fast and summary.failed:
                queue.clear()


def next_of(queue: list[Task], busy: Sequence[str]) -> Task:
    """Return the longest task left, of a study that no other worker is at if there is one: two
    would compile the same program twice."""
    return next((task for task in queue if task.study not in busy), queue[0])


def _outcome(future: Future) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        reason = "the process that ran this trial was ended by the system, perhaps for want of memory; nothing of it was kept"
        return Outcome(
            "failed", error=reason, started=now(), provenance=provenance.of_this_process()
        )


def _write(store: Store, task: Task, outcome: Outcome) -> None:
    store.add(
        task.study,
        task.config,
        task.seeds,
        outcome.rows,
        status=outcome.status,
        seconds=outcome.seconds,
        started=outcome.started,
        error=outcome.error,
        provenance={**outcome.provenance, "command": provenance.command_line()},
    )


def _record(store: Store, tasks: Sequence[Task]) -> None:
    started = now()
    outside = {task.study: task.reference for task in tasks if task.study not in STUDIES}
    for study, reference in outside.items():
        _check_owner(store, study, reference)
    for study, label in dict.fromkeys((task.study, task.label) for task in tasks):
        wanted = {
            task.trial: task.seeds for task in tasks if (task.study, task.label) == (study, label)
        }
        store.record_sweep(
            study, label, wanted, provenance.command_line(), started, outside.get(study)
        )


def _check_owner(store: Store, study: str, reference: Reference | None) -> None:
    """Refuse a study whose name another one has in this store: their rows would mix."""
    before = store.reference(study)
    if before is None or before == reference:
        return
    try:
        other, this = load(before), load(reference or study)
    except UsageError:  # moved or gone
        return
    if other.INFO.name == study and other.sha256 != this.sha256:
        raise UsageError(
            f"the name {study!r} belongs to {before} in {store.folder}: choose another INFO.name "
            f"in {this.where}, or another folder with --runs"
        )


def changed_since(store: Store, tasks: Sequence[Task]) -> list[str]:
    """Return a line for each study from outside whose file has changed since the rows that a sweep
    takes from the store were made."""
    lines = []
    for study, sha256 in {task.study: task.sha256 for task in tasks if task.sha256}.items():
        wanted = {task.trial: set(task.seeds) for task in tasks if task.study == study}
        older = {
            call.trial
            for call in store.calls(study)
            if call.status == "done"
            and wanted.get(call.trial, set()).intersection(call.seeds)
            and call.provenance.get("study", {}).get("sha256") != sha256
        }
        if older:
            lines.append(
                f"{study}: {len(older)} of {len(wanted)} trials were run by an earlier version of its "
                f"file and are reused; to run them again, use a new folder with --runs"
            )
    return lines


def _missing(store: Store, tasks: Sequence[Task], retry_failed: bool) -> tuple[Summary, list[Task]]:
    """Return what the store lacks, each task cut down to its missing seeds."""
    summary, todo = Summary(wanted=len(tasks)), []
    for task in tasks:
        done, failed = store.done(task.trial), set() if retry_failed else store.failed(task.trial)
        missing = tuple(seed for seed in task.seeds if seed not in done and seed not in failed)
        if missing:
            todo.append(_part(task, missing))
        elif set(task.seeds) <= done:
            summary.stored += 1
        if failed & set(task.seeds):
            summary.earlier.append(
                _part(task, tuple(seed for seed in task.seeds if seed in failed))
            )
    return summary, todo


def balanced(tasks: Sequence[Task], workers: int) -> list[Task]:
    """Split tasks by seeds, no further than it takes for no core to wait long for another at the
    end."""
    share = sum(task.estimate for task in tasks) / workers
    parts = list(tasks)
    for limit in (share, share / 2, share / 4):
        if workers == 1 or _makespan(parts, workers) <= 1.1 * share:
            break
        parts = [part for task in tasks for part in _split(task, limit)]
    return parts


def _split(task: Task, limit: float) -> list[Task]:
    """Halve a task's seeds until no part takes longer than `limit`."""
    if task.estimate <= limit or len(task.seeds) == 1:
        return [task]
    half = len(task.seeds) // 2
    return [
        *_split(_part(task, task.seeds[:half]), limit),
        *_split(_part(task, task.seeds[half:]), limit),
    ]


def _makespan(tasks: Sequence[Task], workers: int) -> float:
    """Return about how long the workers take: each takes the longest task left whenever it is free,
    of whatever study."""
    loads = [0.0] * workers
    for task in sorted(tasks, key=lambda task: -task.estimate):
        loads[loads.index(min(loads))] += task.estimate
    return max(loads)


def _part(task: Task, seeds: tuple[int, ...]) -> Task:
    return replace(task, seeds=seeds, estimate=task.estimate * len(seeds) / len(task.seeds))


@contextlib.contextmanager
def alone(store: Store, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the store's lock for sweeps; where another sweep does, call `waiting` with its owner and
    wait.

    The lock is SQLite's on a file of its own: the system frees it however the process ends.
    """
    lock = sqlite3.connect(store.folder / LOCK, timeout=0, isolation_level=None)
    told = False
    try:
        while True:
            try:
                lock.execute("BEGIN EXCLUSIVE")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise StoreError(
                        f"cannot lock {store.folder / LOCK}: {error}; make the folder writable"
                    ) from None
            if not told:
                waiting(owner(store.folder))
                told = True
            time.sleep(0.2)
        with contextlib.suppress(OSError):  # a courtesy to whoever waits, no more
            (store.folder / f"{LOCK}.owner").write_text(
                f"process {os.getpid()}, {provenance.command_line()}", encoding="utf-8"
            )
        yield
    finally:
        lock.close()


def owner(folder: Path) -> str:
    """Return who holds the lock, as far as is known."""
    try:
        return (folder / f"{LOCK}.owner").read_text(encoding="utf-8")
    except OSError:
        return "another process"
