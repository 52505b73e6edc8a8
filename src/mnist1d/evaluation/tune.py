"""`mnist1d.tune`: choose settings on held-out training signals, never on a test, with Optuna.

tuned = mnist1d.tune("cnn", trials=30)
tuned.evaluate(seeds=8, test="both").submit("cnn-tuned.json", by="me")
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, cast

from mnist1d.checks import check_whole
from mnist1d.errors import MissingExtraError, Mnist1dError, UsageError
from mnist1d.evaluation.evaluate import Data, Seeds, evaluate, name_of
from mnist1d.evaluation.protocol import OPTIMIZERS, SCHEDULES, Protocol

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Unpack  # Python 3.11

    import optuna

    from mnist1d.evaluation.result import Evaluation

Choice = tuple[float, float] | Sequence[Any]  # (low, high), or a list of values
SPACE: dict[str, Choice] = {
    "learning_rate": (1e-4, 1e-1),
    "weight_decay": (1e-5, 1e-1),
    "schedule": ["constant", "cosine"],
}
SETTINGS = tuple(f.name for f in dataclasses.fields(Protocol))


class Fixed(TypedDict, total=False):
    """Settings of the protocol that are not searched."""

    num_steps: int
    batch_size: int
    learning_rate: float
    optimizer: str
    weight_decay: float
    schedule: str


@dataclass(frozen=True)
class Trial:
    """One choice of settings and its accuracy on the held-out signals; None if it failed."""

    settings: Mapping[str, object]
    acc: float | None


@dataclass(frozen=True)
class Tuned:
    """The chosen settings of a model, and all trials of the search.

    Attributes:
      model: the model, as it was given to `tune`.
      settings: the chosen settings.
      fixed: the settings that were not searched.
      acc: accuracy of the chosen settings on the held-out signals, a fraction.
      validation: number of held-out signals.
      trials: every trial, in order.
      data: the training data.
    """

    model: object
    settings: Mapping[str, object]  # the best trial's
    fixed: Mapping[str, Any]
    # of the best trial on the held-out signals: optimistic, because it was used for the choice
    acc: float
    validation: int  # held-out signals
    trials: tuple[Trial, ...]
    data: Data = None

    def evaluate(self, seeds: Seeds = 5, **options: Any) -> Evaluation:
        """Train with the chosen settings on all training signals, and test once.

        Args:
          seeds: number of seeds, or a list of seeds.
          **options: as for `mnist1d.evaluate`.

        Returns:
          An `Evaluation`, marked as tuned.
        """
        known = {"data": self.data, "name": f"{name_of(self.model)}, tuned"}
        factory, protocol = _applied(self.model, self.settings)
        given: dict[str, Any] = {**known, **self.fixed, **protocol, **options}
        return evaluate(factory, seeds, **given, tuned_on=self.validation)


def tune(
    model: object,
    trials: int = 30,
    *,
    space: Mapping[str, Choice] | None = None,
    validation: int = 1000,
    seeds: Seeds = 1,
    data: Data = None,
    sampler_seed: int = 0,
    progress: Callable[[Trial], None] | None = None,
    **fixed: Unpack[Fixed],
) -> Tuned:
    """Choose a model's settings by their accuracy on held-out training signals.

    Args:
      model: as for `mnist1d.evaluate`; a factory may take its own settings by name.
      trials: number of settings to try.
      space: the search space, by name: (low, high), on a logarithmic scale if low is above 0, or
        a list of values. Names are those of the protocol (learning_rate, ...) or arguments of the
        factory. Default: `SPACE`, with AdamW.
      validation: number of training signals held out. The test signals are never used.
      seeds: number of training runs per trial; their accuracies are averaged.
      data: training data, as for `mnist1d.evaluate`.
      sampler_seed: seed of the search.
      progress: called with each Trial.
      **fixed: the other settings of the protocol.

    Returns:
      A `Tuned`: the chosen settings and every trial; its `evaluate` measures them.

    Raises:
      UsageError: for an invalid argument.
      MissingExtraError: without Optuna.
      Mnist1dError: if every trial failed.

    Examples:
      >>> tuned = tune("logistic", trials=2, num_steps=100)
      >>> len(tuned.trials), sorted(tuned.settings)
      (2, ['learning_rate', 'schedule', 'weight_decay'])
    """
    optuna = _optuna()
    trials = check_whole(trials, 1, "trials")
    validation = check_whole(validation, 1, "validation")
    if space is None:
        space, fixed = SPACE, Fixed(**{"optimizer": "adamw", **fixed})
    space = _check_space(space, model, fixed)
    Protocol(**fixed)  # raise errors before the first trial
    found: list[Trial] = []

    def objective(trial: optuna.Trial) -> float:
        settings = {name: _suggest(trial, name, choice) for name, choice in space.items()}
        factory, protocol = _applied(model, settings)
        options: dict[str, Any] = {**fixed, **protocol, "data": data, "validation": validation}
        try:
            acc = float(evaluate(factory, seeds, shuffled=False, **options).acc().mean())
        except UsageError:
            raise
        except Mnist1dError:  # these settings diverge, or the model cannot be built with them
            acc = None
        found.append(Trial(settings, acc))
        if progress:
            progress(found[-1])
        return math.nan if acc is None else acc  # Optuna counts NaN as a failure

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        sampler = optuna.samplers.TPESampler(seed=check_whole(sampler_seed, 0, "sampler_seed"))
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.optimize(objective, n_trials=trials)
    finally:
        optuna.logging.set_verbosity(before)
    best = max((t for t in found if t.acc is not None), key=_acc, default=None)
    if best is None:
        raise Mnist1dError(f"{name_of(model)}: all {trials} trials failed: narrow the space")
    return Tuned(model, best.settings, fixed, _acc(best), validation, tuple(found), data)


def _acc(trial: Trial) -> float:
    assert trial.acc is not None
    return trial.acc


def _applied(model: object, settings: Mapping[str, object]) -> tuple[object, dict[str, Any]]:
    """Return the model with its own settings applied, and the settings of the protocol."""
    protocol = {name: value for name, value in settings.items() if name in SETTINGS}
    own = {name: value for name, value in settings.items() if name not in SETTINGS}
    if not own:
        return model, protocol

    def factory() -> object:
        return cast(Callable[..., object], model)(**own)

    return factory, protocol


def _suggest(trial: optuna.Trial, name: str, choice: Choice) -> Any:
    if not isinstance(choice, tuple):
        return trial.suggest_categorical(name, list(choice))
    low, high = choice
    if all(isinstance(end, numbers.Integral) for end in choice):
        return trial.suggest_int(name, int(low), int(high), log=low > 0)
    return trial.suggest_float(name, float(low), float(high), log=low > 0)


def _check_space(
    space: Mapping[str, Choice], model: object, fixed: Mapping[str, Any]
) -> dict[str, Choice]:
    """Return the space, after checking names and ranges."""
    if not isinstance(space, Mapping) or not space:
        raise UsageError(
            "space must name what to search, like space={'learning_rate': (1e-4, 1e-1)}; "
            f"got {space!r:.60}"
        )
    own = _arguments(model)
    for name, choice in space.items():
        if name not in SETTINGS and name not in own:
            raise UsageError(
                f"unknown setting {name!r:.60} in space: the protocol has {', '.join(SETTINGS)}"
                + (f"; the factory takes {', '.join(own)}" if own else "")
            )
        if name in fixed:
            raise UsageError(f"{name} is both searched and fixed: remove it from one of them")
        _check_choice(name, choice)
    return dict(space)


def _check_choice(name: str, choice: object) -> None:
    if isinstance(choice, tuple):
        is_range = len(choice) == 2 and all(
            isinstance(end, numbers.Real) and not isinstance(end, bool) and math.isfinite(end)
            for end in choice
        )
        if not is_range or not choice[0] < choice[1]:
            raise UsageError(f"{name} must be a range (low, high) in space, got {choice!r:.60}")
    elif not isinstance(choice, list) or not choice:
        raise UsageError(
            f"{name} must be a range (low, high) or a list of values in space, got {choice!r:.60}"
        )
    for known, values in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
        if name == known and not (isinstance(choice, list) and set(choice) <= set(values)):
            raise UsageError(
                f"{name} must be a list of values from {', '.join(values)}, got {choice!r:.60}"
            )


def _arguments(model: object) -> list[str]:
    """Return the arguments that a factory takes by name."""
    if not inspect.isfunction(model) and not inspect.isclass(model):
        return []
    try:
        parameters = inspect.signature(model).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in parameters if p.kind in kinds]


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError:
        raise MissingExtraError(
            "mnist1d.tune needs Optuna: pip install optuna, or the extra [tune]"
        ) from None
    return optuna
