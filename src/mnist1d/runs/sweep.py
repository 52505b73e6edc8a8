"""Sweeps: run the wanted trials that are missing from the store. Running again resumes."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnist1d.checks import check_flag, check_items, show
from mnist1d.errors import Mnist1dError, UsageError
from mnist1d.experiments import STUDIES, Reference, load
from mnist1d.runs import provenance
from mnist1d.runs.executors import MAX_RUNS, WorkerDied, check_executor, make_executor
from mnist1d.runs.identity import nested
from mnist1d.runs.lock import alone
from mnist1d.runs.records import Wish
from mnist1d.runs.store import Store, now
from mnist1d.runs.tasks import Task, balanced, part_of, plan
from mnist1d.runs.work import Outcome, work

if TYPE_CHECKING:
    from mnist1d.runs.looks import Group

__all__ = ["Progress", "Summary", "Task", "plan", "sweep"]
LOOK = 5.0  # seconds between checks for new workers


@dataclass
class Summary:
    """What a sweep did: counts of trials, and what went wrong.

    Attributes:
      wanted: number of trials asked for.
      stored: number that the store already held.
      done: number that ran to the end.
      failed: (task, traceback) of those that failed; one per part of a trial that was split.
      skipped: (task, reason) of those whose data is missing.
      earlier: tasks that failed before and were not tried again.
      seconds: wall-clock time.
    """

    wanted: int = 0
    stored: int = 0
    done: int = 0
    failed: list[tuple[Task, str]] = field(default_factory=list)
    skipped: list[tuple[Task, str]] = field(default_factory=list)
    earlier: list[Task] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether no trial failed. A skipped trial does not count as failed."""
        return not self.failed and not self.earlier


def sweep(
    store: Store,
    tasks: Sequence[Task],
    executor: str | Executor = "here",
    *,
    workers: int | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    whole: Sequence[Task] | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Run every task's missing seeds, the longest first, and write each trial as it ends.

    A trial that takes minutes runs in several calls, one or more seeds each, and the rows of each
    call are written when it ends. Two sweeps on one store wait for each other. Ctrl-C discards
    what is running.

    Args:
      store: where the rows go.
      tasks: what to run, from `plan`.
      executor: "here", "processes", or an executor.
      workers: number of worker processes; default: number of cores.
      retry_failed: try again what failed before.
      fail_fast: start no more trials once one has failed.
      whole: what the command asks for, if `tasks` is only one shard of it.
      progress: an object that the sweep reports to.

    Returns:
      The summary.

    Raises:
      StoreError: if the disk is full or read-only, or the store's file was deleted or replaced.

    Examples:
      >>> from mnist1d.runs.store import open_store
      >>> with open_store("mnist1d-runs") as store:
      ...     sweep(store, [], "here").ok
      True
    """
    if not isinstance(store, Store):
        raise UsageError(f"store must be a Store, as open_store gives it; got {show(store)}")
    tasks = check_items(tasks, Task, "tasks")
    whole = check_items(tasks if whole is None else whole, Task, "whole")
    own = isinstance(executor, str)
    if own:
        check_executor(executor, workers, None)
    elif not callable(getattr(executor, "submit", None)):
        raise UsageError(f"executor must be a name or an Executor, got {show(executor)}")
    retry_failed = check_flag(retry_failed, "retry_failed")
    fail_fast = check_flag(fail_fast, "fail_fast")
    progress, begin = progress or Progress(), time.perf_counter()
    with alone(store.folder, progress.waiting):
        _record(store, whole)  # before removing duplicates, so that each grid lists all its trials
        tasks = list({(task.trial, task.seeds): task for task in tasks}.values())
        summary, todo = _missing(store, tasks, retry_failed)
        pool = make_executor(executor, workers) if own else executor
        size = getattr(pool, "workers", workers or 1)
        todo = balanced(todo, size)
        progress.start(summary, todo, size)
        for line in changed_since(store, tasks):
            progress.changed(line)
        try:
            _drive(store, pool, workers or 1, todo, summary, fail_fast, progress)
            store.sync()
        except BaseException:
            getattr(pool, "kill", lambda: None)()
            raise
        finally:
            summary.seconds = time.perf_counter() - begin
            progress.stop(summary)
            if own:
                pool.shutdown()
    return summary


class Progress:
    """The interface for reporting a sweep's progress; this class reports nothing."""

    def waiting(self, owner: str) -> None: ...

    def start(self, summary: Summary, todo: Sequence[Task], workers: int) -> None: ...

    def changed(self, line: str) -> None: ...

    def begin(self, task: Task) -> None: ...

    def again(self, task: Task, reason: str, runs: int) -> None: ...

    def end(self, task: Task, outcome: Outcome) -> None: ...

    def stop(self, summary: Summary) -> None: ...

    def looked(self, group: Group, next_cost: float) -> None: ...


class Queue:
    """Tasks left to run, longest first."""

    def __init__(self, tasks: Sequence[Task]):
        self.of_study: dict[str, deque[Task]] = {}
        for task in sorted(tasks, key=lambda task: -task.estimate):
            self.of_study.setdefault(task.study, deque()).append(task)

    def __bool__(self) -> bool:
        return any(self.of_study.values())

    def take(self, busy: Collection[str]) -> Task:
        """Remove and return the longest task, preferably of a study that no worker is running,
        because two workers would compile the same program twice."""
        heads = [tasks[0] for tasks in self.of_study.values() if tasks]
        task = max(
            [task for task in heads if task.study not in busy] or heads,
            key=lambda task: task.estimate,
        )
        self.of_study[task.study].popleft()
        return task

    def clear(self) -> None:
        """Drop all tasks."""
        self.of_study.clear()


def _drive(
    store: Store,
    pool: Executor,
    default_size: int,
    todo: Sequence[Task],
    summary: Summary,
    fail_fast: bool,
    progress: Progress,
) -> None:
    queue = Queue(todo)
    running: dict[Future[Outcome], tuple[Task, int]] = {}  # how often a worker died running it
    parts = Counter(task.trial for task in todo)  # of each trial, that are not done

    def start(task: Task, deaths: int) -> None:
        place = task.reference or task.study
        future = pool.submit(work, place, nested(task.config), task.seeds)
        running[future] = task, deaths

    while queue or running:
        while queue and len(running) < getattr(pool, "workers", default_size):
            task = queue.take([task.study for task, _ in running.values()])
            progress.begin(task)
            start(task, 0)
        for future in wait(running, LOOK, return_when=FIRST_COMPLETED).done:
            task, deaths = running.pop(future)
            try:
                outcome = future.result()
            except WorkerDied as death:
                deaths += 1
                if deaths < MAX_RUNS:
                    progress.again(task, str(death), deaths + 1)
                    start(task, deaths)
                    continue
                outcome = _lost(f"{death}, {deaths} times; nothing from this trial was saved")
            except BrokenExecutor as error:
                raise Mnist1dError(
                    f"the executor is broken ({error}); finished trials are saved. Run again, or "
                    'use executor="processes", which replaces a worker that dies'
                ) from error
            _write(store, task, outcome)
            if outcome.status == "done":
                parts[task.trial] -= 1
                summary.done += not parts[task.trial]
            else:
                {"failed": summary.failed, "skipped": summary.skipped}[outcome.status].append(
                    (task, outcome.error or "")
                )
            progress.end(task, outcome)
            if fail_fast and summary.failed:
                queue.clear()


def _lost(reason: str) -> Outcome:
    return Outcome("failed", error=reason, started=now(), provenance=provenance.of_this_process())


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
    outside = {task.study: task.reference for task in tasks if task.study not in STUDIES}
    for study, reference in outside.items():
        _check_owner(store, study, reference)
    wanted: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {}
    for task in tasks:
        wanted.setdefault((task.study, task.label), {})[task.trial] = task.seeds
    wishes = [
        Wish(study, label, trials, outside.get(study)) for (study, label), trials in wanted.items()
    ]
    store.record_sweeps(wishes, provenance.command_line())


def _check_owner(store: Store, study: str, reference: Reference | None) -> None:
    """Reject a study whose name belongs to another study in this store, because their rows would
    mix."""
    before = store.reference(study)
    if before is None or before == reference:
        return
    try:
        other, this = load(before), load(reference or study)
    except UsageError:  # moved or deleted
        return
    if other.INFO.name == study and other.sha256 != this.sha256:
        raise UsageError(
            f"the name {study!r} belongs to {before} in {store.folder}: choose another INFO.name "
            f"in {this.where}, or another folder with --runs"
        )


def changed_since(store: Store, tasks: Sequence[Task]) -> list[str]:
    """Return a message for each external study whose file has changed since its stored rows were
    made."""
    lines = []
    for study, sha256 in {task.study: task.sha256 for task in tasks if task.sha256}.items():
        wanted = {task.trial: task.seeds for task in tasks if task.study == study}
        others = store.made_by_others(study, sha256)
        older = [trial for trial in others if others[trial].intersection(wanted.get(trial, ()))]
        if older:
            lines.append(
                f"{study}: {len(older)} of {len(wanted)} trials were run by an earlier version of "
                f"its file and are reused; to run them again, use a new folder with --runs"
            )
    return lines


def _missing(store: Store, tasks: Sequence[Task], retry_failed: bool) -> tuple[Summary, list[Task]]:
    """Return the tasks with seeds missing from the store, reduced to those seeds."""
    summary, todo, standing = Summary(wanted=len(tasks)), [], store.standing()
    for task in tasks:
        done = standing.done.get(task.trial, set())
        failed = set() if retry_failed else standing.failed.get(task.trial, set())
        missing = tuple(seed for seed in task.seeds if seed not in done and seed not in failed)
        if missing:
            todo.append(part_of(task, missing))
        elif done.issuperset(task.seeds):
            summary.stored += 1
        if again := tuple(seed for seed in task.seeds if seed in failed):
            summary.earlier.append(part_of(task, again))
    return summary, todo
