"""Send rows to an experiment tracker while a sweep runs: one run per trial and seed.

>>> from mnist1d.runs.tracking import Tracker
>>> Tracker("no_such_tracker")
Traceback (most recent call last):
mnist1d.errors.MissingExtraError: the tracker no_such_tracker is not installed: pip install
no_such_tracker

Trackio and Weights & Biases (wandb) share three functions; any module with these functions works:
init(project=, name=, config=), log(values, step=), finish().
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from typing import Protocol, cast

from mnist1d.errors import MissingExtraError, UsageError, last_words
from mnist1d.experiments.rows import Row
from mnist1d.runs.identity import flat
from mnist1d.runs.sweep import Progress
from mnist1d.runs.tasks import Task
from mnist1d.runs.work import Outcome

Scalar = float | int | str | bool | None
NEEDED = ("init", "log", "finish")


class TrackerModule(Protocol):
    """The functions that trackio and wandb share."""

    def init(self, *, project: str, name: str, config: Mapping[str, Scalar]) -> object: ...

    def log(self, values: Mapping[str, float], *, step: int | None = None) -> object: ...

    def finish(self) -> object: ...


class Tracker(Progress):
    """Send the rows of each finished trial to a tracker, one run per seed.

    Arrays are left out: they stay in the store. A metric that is NaN is sent as it is. If the
    tracker fails, for example without a network, you get one warning and the sweep goes on without
    it: all rows are in the store.

    Args:
      module: "trackio", "wandb", or a module with their functions init, log and finish.
      project: name of the project.

    Raises:
      MissingExtraError: if the module is not installed.
      UsageError: if the module lacks one of the functions.
    """

    def __init__(self, module: str | object, project: str = "mnist1d"):
        found = _load(module) if isinstance(module, str) else module
        lacking = [name for name in NEEDED if not callable(getattr(found, name, None))]
        if lacking:
            raise UsageError(
                f"a tracker needs the functions {', '.join(NEEDED)}; {lacking[0]} is missing: "
                'pass Tracker("trackio") or Tracker("wandb")'
            )
        self.module, self.project = cast(TrackerModule, found), project
        self.works = True

    def end(self, task: Task, outcome: Outcome) -> None:
        """Send one run per seed of a finished trial.

        Args:
          task: the trial.
          outcome: its rows.
        """
        if outcome.status != "done" or not self.works:
            return
        try:
            self._send(task, outcome.rows)
        except Exception as error:  # whatever a tracker or its network raises; the rows are saved
            self.works = False
            why = f"{type(error).__name__}: {last_words(str(error))}"
            warnings.warn(
                f"the tracker failed ({why}); this sweep sends no more rows to it, but saves all "
                "of them in the store",
                RuntimeWarning,
                stacklevel=2,
            )

    def _send(self, task: Task, rows: list[Row]) -> None:
        for seed in sorted({row.seed for row in rows}):
            name = f"{task.study}-{task.trial[:8]}-seed{seed}"
            config = {"study": task.study, "trial": task.trial, "seed": seed}
            settings = {key: _scalar(value) for key, value in flat(task.config).items()}
            self.module.init(project=self.project, name=name, config=config | settings)
            for step, values in by_step(rows, seed):
                if step is None:
                    self.module.log(values)
                else:
                    self.module.log(values, step=step)
            self.module.finish()


def by_step(rows: list[Row], seed: int) -> list[tuple[int | None, dict[str, float]]]:
    """Return the numbers of one seed, grouped by step: curves in order of steps, then the values
    without a step."""
    grouped: dict[int | None, dict[str, float]] = {}
    for row in rows:
        if row.seed == seed and isinstance(row.value, int | float):
            grouped.setdefault(row.step, {})[row.metric] = float(row.value)
    return sorted(grouped.items(), key=lambda item: (item[0] is None, item[0] or 0))


def _scalar(value: object) -> Scalar:
    return value if isinstance(value, Scalar) else str(value)


def _load(name: str) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"the tracker {name} is not installed: pip install {name}"
        ) from None
