"""Tasks: the configs and seeds that a command asks for, and how to split them among workers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mnist1d.checks import check_whole
from mnist1d.errors import UsageError
from mnist1d.experiments import Reference, load
from mnist1d.runs.identity import canonical, flat, nested, trial_id
from mnist1d.runs.overrides import apply_overrides, parse_overrides, shown

MAX_SEEDS = 100_000  # of a trial: every task holds its seeds
LONGEST = 120.0  # predicted seconds of a call with several seeds: a killed call loses its rows


@dataclass(frozen=True)
class Task:
    """A unit of work: one config of a study and the wanted seeds.

    Attributes:
      study: name of the study.
      config: the config.
      seeds: the seeds.
      label: preset and overrides.
      estimate: predicted seconds on one core.
      reference: where any process finds the study again; default: by its name.
      sha256: of the study's file, for studies from outside the package.
    """

    study: str
    config: object
    seeds: tuple[int, ...]
    label: str
    estimate: float
    reference: Reference | None = None
    sha256: str = ""

    @cached_property
    def trial(self) -> str:
        """The trial's id: SHA-256 of its settings."""
        return trial_id(self.study, self.config)


def plan(
    study: str | Reference,
    preset: str = "quick",
    seeds: int | None = None,
    overrides: Iterable[str] = (),
) -> list[Task]:
    """Return the tasks of a study at a preset.

    Several values of a field that the preset's grid varies stay together. Several values of any
    other field give as many copies of the grid, each with its own label, table and figures.

    Args:
      study: its name, file, module or Reference.
      preset: "smoke", "quick" or "paper".
      seeds: number of seeds; default: the study's own.
      overrides: texts such as "num_steps=500,1000".

    Returns:
      One task per trial.

    Raises:
      UsageError: for an unknown study, preset or field, fewer than one seed, or a value of the
        wrong type or out of range.

    Examples:
      >>> len(plan("learning-rate", "smoke", seeds=1)) > 0
      True
    """
    module = load(study)
    if seeds is not None:
        seeds = check_whole(seeds, 1, "seeds", MAX_SEEDS)
    usual = module.trials(preset)
    for config in usual:
        _check(config, f"{module.where}: grid({preset!r})")
    parsed = parse_overrides(module.Config, overrides)
    varied = {name for name in parsed if len({flat(config)[name] for config in usual}) > 1}
    info = module.INFO
    count = info.seeds[preset] if seeds is None else seeds
    wanted = tuple(range(count))  # one for all tasks
    calls = (
        sum(map(module.relative_cost, usual)) * info.seeds[preset]
    )  # relative to a trial of weight 1
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
            Task(
                name, config, wanted, label, second * module.relative_cost(config) * count, *origin
            )
            for config in configs
        ]
    return tasks


def _check(config: object, part: str) -> None:
    """Raise UsageError, naming the part, for a config that can have no identity."""
    try:
        canonical(nested(config))
        hash(config)
    except UsageError as error:
        raise UsageError(f"{part}: {error}") from None
    except TypeError as error:
        rule = "a config's values must be hashable: write a list as a tuple"
        raise UsageError(f"{part}: {rule} ({error})") from None


def balanced(tasks: Sequence[Task], workers: int) -> list[Task]:
    """Split tasks by seeds: into calls of at most LONGEST seconds, because rows reach the store
    when a call ends, and so that no core waits long for another at the end."""
    share = sum(task.estimate for task in tasks) / workers
    parts = [part for task in tasks for part in _split(task, LONGEST)]
    for limit in (share, share / 2, share / 4):
        if workers == 1 or _makespan(parts, workers) <= 1.1 * share:
            break
        parts = [part for task in tasks for part in _split(task, min(limit, LONGEST))]
    return parts


def _split(task: Task, limit: float) -> list[Task]:
    """Halve a task's seeds until no part takes longer than `limit`."""
    if task.estimate <= limit or len(task.seeds) == 1:
        return [task]
    half = len(task.seeds) // 2
    return [
        *_split(part_of(task, task.seeds[:half]), limit),
        *_split(part_of(task, task.seeds[half:]), limit),
    ]


def _makespan(tasks: Sequence[Task], workers: int) -> float:
    """Return the estimated total time: each free worker takes the longest remaining task of any
    study."""
    loads = [0.0] * workers
    for task in sorted(tasks, key=lambda task: -task.estimate):
        loads[loads.index(min(loads))] += task.estimate
    return max(loads)


def part_of(task: Task, seeds: tuple[int, ...]) -> Task:
    """Return a task reduced to some of its seeds."""
    return replace(task, seeds=seeds, estimate=task.estimate * len(seeds) / len(task.seeds))
