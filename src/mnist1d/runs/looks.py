"""--until-decided: add seeds step by step ("looks") until every claim of a study has its verdict,
or the budget is spent. Only the trials that undecided claims depend on get more seeds."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

from mnist1d.errors import UsageError
from mnist1d.experiments import Reference, load
from mnist1d.experiments.claims import Claim
from mnist1d.experiments.sequential import looks_up_to
from mnist1d.experiments.study import Loaded
from mnist1d.runs.store import Store
from mnist1d.runs.sweep import Progress, Summary, sweep
from mnist1d.runs.tasks import Task, part_of, plan
from mnist1d.runs.verdicts import claims_of, label_with, trials_behind

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
DECIDED, SEEDS_SPENT, BUDGET_SPENT = (
    "every claim is decided",
    "no more seeds",
    "the budget is spent",
)
NO_CLAIMS = "no claims on these rows"


@dataclass
class Group:
    """One grid of a study: its tasks at each look, and its current state. speed: measured seconds
    per estimated second."""

    study: Loaded
    label: str
    looks: tuple[int, ...]
    tasks: dict[int, list[Task]]
    place: int = 0  # the next look
    claims: list[Claim] = field(default_factory=list)
    last: dict[str, Task] = field(default_factory=dict)  # of the last look, by trial
    settled: set[str] = field(default_factory=set)  # trials on which no open claim depends
    failed: int = 0  # seeds of the last look that failed, summed over trials
    ended: str = ""  # why there is no further look
    speed: float = 1.0

    @property
    def open(self) -> list[Claim]:
        """The claims without a verdict."""
        return [claim for claim in self.claims if not claim.decided]

    @property
    def seeds(self) -> int:
        """The seeds of the last look; 0 before the first."""
        return self.looks[self.place - 1] if self.place else 0

    def wanted(self, store: Store) -> list[Task]:
        """Return the tasks of the next look. A trial that no open claim depends on keeps its seeds,
        unless the store already has more."""
        done = store.standing().done
        return [
            self.last[task.trial]
            if task.trial in self.settled and set(task.seeds) - done.get(task.trial, set())
            else task
            for task in self.tasks[self.looks[self.place]]
        ]

    def missing(self, store: Store) -> list[Task]:
        """Return the tasks of the next look with seeds missing from the store."""
        standing, found = store.standing(), []
        for task in self.wanted(store):
            known = standing.done.get(task.trial, set()) | standing.failed.get(task.trial, set())
            if count := len(set(task.seeds) - known):
                estimate = task.estimate * count / len(task.seeds)
                found.append(replace(task, estimate=self.speed * estimate))
        return found


def until_decided(
    store: Store,
    studies: Sequence[str | Reference],
    executor: Executor,
    *,
    overrides: Iterable[str] = (),
    max_seeds: int | None = None,
    budget: float = math.inf,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> tuple[Summary, list[Group]]:
    """Sweep studies at the paper's settings with more and more seeds. Stop a study once all its
    claims are decided, max_seeds are run, or its next look exceeds the budget.

    max_seeds: of the last look (default: the study's). budget: wall-clock seconds for all studies.
    Seeds that fail are counted and left out of the claims. Errors: UsageError for settings that are
    not the paper's, studies without claims, or a budget that is too small for the first look.
    """
    progress, begin, workers = progress or Progress(), time.monotonic(), executor_size(executor)
    groups = [g for study in studies for g in groups_of(study, list(overrides), max_seeds)]
    if not groups:
        names = ", ".join(str(study) for study in studies)
        raise UsageError(
            f"--until-decided needs a study with claims; {names} has none: use --seeds"
        )
    total, taken = Summary(), 0
    while pending := [group for group in groups if not group.ended]:
        costs = {id(g): sum(task.estimate for task in g.missing(store)) / workers for g in pending}
        left = budget - (time.monotonic() - begin)
        chosen = []
        for group in sorted(pending, key=lambda group: costs[id(group)]):
            if costs[id(group)] <= left:
                chosen.append(group)
                left -= costs[id(group)]
            else:
                group.ended = BUDGET_SPENT
        if not taken and not chosen:
            raise UsageError(_too_small(budget, pending, costs))
        for group in chosen:
            _look(store, group, executor, workers, total, retry_failed, progress)
            taken += 1
        for group in chosen:
            cost = 0.0
            if not group.ended:
                cost = sum(task.estimate for task in group.missing(store)) / workers
            progress.looked(group, cost)
    total.seconds = time.monotonic() - begin
    return total, groups


def groups_of(
    study: str | Reference, overrides: Sequence[str], max_seeds: int | None
) -> list[Group]:
    """Return the grids of a study, each with its tasks at every look; none if the study makes no
    claims. Errors: UsageError for settings that are not the paper's."""
    found = load(study)
    if not found.has_claims:
        return []
    last = found.INFO.looks[-1] if max_seeds is None else max_seeds
    looks = looks_up_to(last, found.INFO.looks)
    groups: dict[str, Group] = {}
    for look in looks:
        for task in plan(study, "paper", look, overrides):
            label = label_with(task.label, looks)
            group = groups.setdefault(label, Group(found, label, looks, {}))
            group.tasks.setdefault(look, []).append(replace(task, label=label))
    known = {task.trial for task in plan(study, "paper", 1)}
    for group in groups.values():
        if not {task.trial for task in group.tasks[looks[0]]} <= known:
            raise UsageError(
                "--until-decided needs the paper's settings, which alone decide claims: drop "
                f"{' '.join(f'--set {override}' for override in overrides)}"
            )
    return list(groups.values())


def _look(
    store: Store,
    group: Group,
    executor: Executor,
    workers: int,
    total: Summary,
    retry_failed: bool,
    progress: Progress,
) -> None:
    """Run a group's next look, and decide whether it is the last."""
    seeds, tasks = group.looks[group.place], group.wanted(store)
    estimate = sum(task.estimate for task in group.missing(store)) / group.speed
    first = (
        retry_failed and not group.place
    )  # seeds that failed in an earlier look are not tried again
    summary = sweep(store, tasks, executor, retry_failed=first, progress=progress)
    if estimate and summary.done:
        group.speed = _speed(summary, workers, estimate)
    _add(total, summary)
    group.place += 1
    standing = store.standing()
    group.failed = sum(
        len(standing.failed.get(task.trial, set()).intersection(task.seeds)) for task in tasks
    )
    wanted = {task.trial: task.seeds for task in tasks}
    rows = store.all_rows(group.study.INFO.name, wanted)
    group.claims = claims_of(group.study, rows, group.label, seeds) if len(rows) else []
    group.last = {task.trial: task for task in tasks}
    group.settled = set(group.last) - trials_behind(group.study, rows, group.open)
    if not group.claims:
        group.ended = NO_CLAIMS
    elif not group.open:
        group.ended = DECIDED
    elif group.place == len(group.looks):
        group.ended = SEEDS_SPENT


def _speed(summary: Summary, workers: int, estimate: float) -> float:
    """Return the measured worker seconds per estimated second."""
    return summary.seconds * workers / estimate


def _add(total: Summary, summary: Summary) -> None:
    """Add up the sweeps of all looks. Trials that failed or were skipped in several looks count
    once."""
    total.wanted += summary.wanted
    total.stored += summary.stored
    total.done += summary.done
    known = {
        (task.trial, seed)
        for task in (*(task for task, _ in total.failed), *total.earlier)
        for seed in task.seeds
    }
    for task in summary.earlier:
        if new := tuple(seed for seed in task.seeds if (task.trial, seed) not in known):
            total.earlier.append(part_of(task, new))
    total.failed += summary.failed
    skipped = {task.trial for task, _ in total.skipped}
    total.skipped += [(task, why) for task, why in summary.skipped if task.trial not in skipped]


def _too_small(budget: float, groups: Sequence[Group], costs: dict[int, float]) -> str:
    cheapest = min(groups, key=lambda group: costs[id(group)])
    cost = costs[id(cheapest)]
    return (
        f"--budget {budget:.0f}s is too small: the first look at {cheapest.study.INFO.name} "
        f"({cheapest.looks[0]} seeds) takes about {cost:.0f} s; "
        f"give --budget {math.ceil(1.2 * cost / 60)}m or more"
    )


def executor_size(executor: Executor) -> int:
    """Return the number of trials that an executor runs at once."""
    return max(1, getattr(executor, "workers", 1))


def seconds_of(text: str) -> float:
    """Return a time such as "90s", "30m" or "1h30m" in seconds.

    Errors: UsageError for anything else, or for 0 seconds.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise UsageError(f"a budget is a time like 90s, 30m or 1h30m; got {text!r}")
    found = sum(float(number) * UNITS[unit] for number, unit in parts)
    if not found:
        raise UsageError(f"a budget must be more than 0 seconds, got {text!r}")
    return found
