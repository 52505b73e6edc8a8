"""`mnist1d.evaluate`: measure any model by the benchmark's protocol, with several seeds.

>>> import mnist1d
>>> from sklearn.neighbors import KNeighborsClassifier
>>> found = mnist1d.evaluate(KNeighborsClassifier(), seeds=2)
>>> bool(0.4 < found.acc().mean() < 0.8)
True
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mnist1d.checks import check_name, check_whole, show
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.errors import MissingExtraError, Mnist1dError, UsageError, last_words
from mnist1d.evaluation.protocol import NUM_FRESH, TESTS, Config, Protocol
from mnist1d.evaluation.result import Evaluation, Run
from mnist1d.evaluation.reuse import note_look
from mnist1d.evaluation.scores import ceiling, score
from mnist1d.evaluation.seeding import seeded
from mnist1d.evaluation.testsets import TestSet, data_of, make_test, shuffled_data_of
from mnist1d.evaluation.trainers import OwnTraining, Task, is_factory, made, trainer_of
from mnist1d.learning.registry import resolve
from mnist1d.loading import load_object

Seeds = int | Sequence[int]
Data = Dataset | DataConfig | Mapping[str, object] | None


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during an evaluation; `evaluation` holds the finished runs."""

    def __init__(self, evaluation: Evaluation):
        super().__init__(f"interrupted after {len(evaluation.runs)} runs: see .evaluation")
        self.evaluation = evaluation


def evaluate(
    model: object,
    seeds: Seeds = 5,
    *,
    test: str = "frozen",
    data: Data = None,
    shuffled: bool = True,
    validation: int | float | None = None,
    num_steps: int = 6000,
    batch_size: int = 100,
    learning_rate: float = 0.01,
    optimizer: str = "adam",
    weight_decay: float = 0.0,
    schedule: str = "constant",
    train: OwnTraining | None = None,
    name: str | None = None,
    num_fresh: int = NUM_FRESH,
    tuned_on: int = 0,
    progress: Callable[[Run], None] | None = None,
) -> Evaluation:
    """Train a model from several seeds by the benchmark's protocol, and test it.

    A run that raises an exception is recorded as failed, and the others continue. Ctrl-C raises
    `Interrupted`, which holds the finished runs.

    Args:
      model: a PyTorch module, a Keras model, a scikit-learn classifier, a JAX pair (init(key) ->
        params, apply(params, x) -> logits), or, best, a function that makes one; or a string,
        "module:factory" or a registered name such as "cnn". Networks take x (batch, time) and
        return logits (batch, classes). A function with the arguments num_inputs and
        num_outputs gets both.
      seeds: number of seeds, or a list of seeds.
      test: "frozen", the data's own test signals (default: the official 1,000); "fresh", 100,000
        signals of the endless stream; or "both".
      data: training data: None (the frozen set), a Dataset, a DataConfig, or settings by name,
        data={"corr_noise_scale": 0.5}.
      shuffled: also measure with permuted positions.
      validation: hold out this number (or fraction) of training signals and measure on them; no
        test signal is used. Choose settings this way.
      num_steps: training steps; estimators with their own `fit` ignore this and the next five.
      batch_size: signals per step.
      learning_rate: step size.
      optimizer: name, as for `Protocol`.
      weight_decay: strength of the decay.
      schedule: learning-rate schedule, as for `Protocol`.
      train: your own training, train(model, x, y, seed), which returns the model (for a pair: its
        params). It never gets the test signals.
      name: the model's name in the table; default: the name of the factory or class.
      num_fresh: number of fresh test signals.
      tuned_on: number of held-out signals on which the settings were chosen; `mnist1d.tune` fills
        it in.
      progress: called with each Run when it finishes.

    Returns:
      An `Evaluation`; printing it shows the table.

    Raises:
      UsageError: for an invalid argument.
      Mnist1dError: if every run, plain or shuffled, failed.

    Examples:
      >>> from sklearn.linear_model import LogisticRegression
      >>> result = evaluate(LogisticRegression(), seeds=2, shuffled=False)
      >>> 0.2 < float(result.acc().mean()) < 0.4
      True
    """
    wanted = _seeds(seeds)
    protocol = Protocol(
        num_steps=num_steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer,
        weight_decay=weight_decay,
        schedule=schedule,
    )
    names = _check(test, shuffled, validation, train, name, progress)
    plain, config, digest = data_of(data)
    trained_on = [plain, *([shuffled_data_of(data)] if shuffled else [])]
    if validation is not None:
        trained_on = [part.split(validation) for part in trained_on]
    name = name or name_of(model)
    sizes = {"num_inputs": plain.x.shape[1], "num_outputs": len(plain.templates.y)}
    model, follows_protocol = _pair_of(_loaded(model, sizes), sizes)
    tests = [[make_test(part, which, num_fresh) for which in names] for part in trained_on]
    base = Config(
        name,
        own_training=train is not None or not follows_protocol,
        protocol=protocol,
        data=config,
        tuned_on=check_whole(tuned_on, 0, "tuned_on"),
        data_sha256=digest,
    )
    configs = {
        t.name: replace(base, test=t.name, num_test=0 if t.name == "frozen" else len(t.y))
        for t in tests[0]
    }
    found = Evaluation(
        name,
        configs,
        (),
        ceilings={t.name: c for t in tests[0] if (c := ceiling(t)) is not None},
        reasons={t.name: t.reason for t in tests[0] if t.reason},
    )
    todo = [
        (Task(part, seed, protocol, train), on, bool(i))
        for i, (part, on) in enumerate(zip(trained_on, tests, strict=True))
        for seed in wanted
    ]
    for task, scored_on, is_shuffled in todo:
        try:
            run = _run(model, task, scored_on, is_shuffled)
        except KeyboardInterrupt:
            if found.ok():
                raise Interrupted(found) from None
            raise
        found = replace(found, runs=(*found.runs, run))
        if progress:
            progress(run)
        if len(found.failed) == len(found.runs) == len(wanted):
            raise Mnist1dError(
                f"{name}: all {len(wanted)} seeds failed; the first: "
                f"{last_words(found.runs[0].error or '')}"
            )
    for config in found.configs.values():
        note_look(config)
    return found


def _run(model: object, task: Task, tests: list[TestSet], shuffled: bool) -> Run:
    """Train with one seed and score. An exception in the model's code makes a failed run."""
    begin = time.perf_counter()
    try:
        with seeded(task.seed):
            instance = made(model, task.sizes)
            task = task._replace(is_factory=instance is not model)
            trained = trainer_of(instance).train(instance, task)
            seconds = time.perf_counter() - begin
            scores = {test.name: score(trained.answer(test.x), test) for test in tests}
    except MissingExtraError:
        raise
    except Exception as error:
        trace = "".join(traceback.format_exception(error))
        return Run(task.seed, shuffled, error=trace)
    return Run(task.seed, shuffled, scores, trained.num_params, seconds)


def _loaded(model: object, sizes: Mapping[str, int]) -> object:
    """Return the model named by a string: a name in the registry, or "module:factory"."""
    if not isinstance(model, str):
        return model
    return load_object(model) if ":" in model else resolve(model).make(**sizes)


def _pair_of(model: object, sizes: Mapping[str, int]) -> tuple[object, bool]:
    """Return the JAX pair that a factory makes, so that it compiles once for all seeds, or any
    other model unchanged; and whether it follows the protocol. Also check that it is a model.

    The call also imports the framework that the factory uses, so that its random state can be
    seeded.
    """
    instance = model
    if is_factory(model):
        try:
            with seeded(0):
                instance = made(model, sizes)
        except Exception as error:  # the user's code may raise anything
            raise Mnist1dError(f"{name_of(model)}: the factory failed: {_reason(error)}") from error
    trainer = trainer_of(instance)
    return instance if isinstance(instance, tuple) else model, trainer.FOLLOWS_PROTOCOL


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Mnist1dError) else f"{type(error).__name__}: {error}"


def _check(
    test: str,
    shuffled: bool,
    validation: int | float | None,
    train: object,
    name: str | None,
    progress: object,
) -> list[str]:
    """Return the names of the tests to measure on, after checking these arguments."""
    if not isinstance(test, str):
        raise UsageError(f"test must be one of {', '.join(TESTS)}, got {show(test)}")
    check_name(test, TESTS, "test")
    if not isinstance(shuffled, bool | np.bool_):
        raise UsageError(f"shuffled must be True or False, got {show(shuffled)}")
    if train is not None and not callable(train):
        raise UsageError(f"train must be a function, train(model, x, y, seed), got {show(train)}")
    if progress is not None and not callable(progress):
        raise UsageError(f"progress must be a function, progress(run), got {show(progress)}")
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise UsageError(f"name must be a string that is not empty, got {show(name)}")
    if validation is None:
        return ["frozen", "fresh"] if test == "both" else [test]
    if test != "frozen":
        raise UsageError(
            f"validation={validation!r} measures on held-out training signals and test={test!r} on "
            "test signals: choose settings with the first, then test once with the second"
        )
    return ["validation"]


def _seeds(seeds: Seeds) -> list[int]:
    whole = (int, np.integer)
    found: list[int] = []
    if isinstance(seeds, whole) and not isinstance(seeds, bool):
        found = list(range(min(int(seeds), 100_001)))
    elif np.iterable(seeds) and not isinstance(seeds, str | bytes):
        found = list(seeds)
    legal = all(isinstance(s, whole) and not isinstance(s, bool) for s in found)
    if not found or len(found) > 100_000 or not legal or len(set(found)) < len(found):
        legal = False
    if not legal or any(not 0 <= s < 2**32 for s in found):
        raise UsageError(
            "seeds must be a number of seeds, 1 to 100000, or distinct whole numbers from 0 to "
            "2**32 - 1; "
            f"got {show(seeds)}"
        )
    return [int(seed) for seed in found]


def name_of(model: object) -> str:
    """Return a model's name: the name of its factory, function or class."""
    if isinstance(model, tuple):
        model = model[1] if len(model) > 1 else model
    if isinstance(model, str):
        return model
    found = getattr(model, "__qualname__", None) or type(model).__qualname__
    return found.rsplit(".", 1)[-1].replace("<lambda>", "your model")
