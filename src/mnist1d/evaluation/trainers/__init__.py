"""Train any model with one seed: one file per framework, each with `takes(model)` and
`train(...)`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeGuard, TypeVar, cast

import numpy as np

from mnist1d.dataset import Dataset
from mnist1d.errors import UsageError
from mnist1d.evaluation import protocol
from mnist1d.evaluation.answers import Answer

# (model, x, y, seed) -> model
OwnTraining = Callable[[object, np.ndarray, np.ndarray, int], object]
M = TypeVar("M")


class Trained(NamedTuple):
    """A trained model: its predictions on signals (n, time) float32, and its number of parameters
    (None if unknown)."""

    answer: Callable[[np.ndarray], Answer]
    num_params: int | None


class Task(NamedTuple):
    """The inputs of one training run: the signals, the seed, the settings, and the user's own
    training function."""

    data: Dataset
    seed: int
    protocol: protocol.Protocol
    own: OwnTraining | None
    is_factory: bool = False  # the model was made for this run, so its weights are already new

    @property
    def sizes(self) -> dict[str, int]:
        """The arguments that a factory may take."""
        return {"num_inputs": self.data.x.shape[1], "num_outputs": len(self.classes)}

    @property
    def classes(self) -> np.ndarray:
        """The labels (classes,) in the order of a network's outputs."""
        return self.data.templates.y

    @property
    def targets(self) -> np.ndarray:
        """The training labels as indices in `classes`, (n,) int64."""
        order = np.argsort(self.classes)
        return order[np.searchsorted(self.classes, self.data.y, sorter=order)]


class Trainer(Protocol):
    """The interface of each file in this folder."""

    FOLLOWS_PROTOCOL: bool  # whether the settings of the protocol apply

    def takes(self, model: object) -> bool:
        """Return whether the model is of this framework."""
        ...

    def train(self, model: Any, task: Task) -> Trained:
        """Train a model from the task's seed and return it."""
        ...


def trainer_of(model: object) -> Trainer:
    """Return the trainer of a model. Errors: UsageError, which lists the accepted models."""
    from mnist1d.evaluation.trainers import jax, keras, sklearn, torch

    # a Keras model may also be a torch module
    trainers: tuple[Trainer, ...] = (jax, keras, torch, sklearn)
    for trainer in trainers:
        if trainer.takes(model):
            return trainer
    raise UsageError(
        "a model must be a PyTorch nn.Module, a Keras model, a scikit-learn estimator, a JAX pair "
        f"(init, apply), or a factory of one of them; got {type(model).__name__}"
    )


def is_model(model: object) -> bool:
    """Return whether a trainer accepts the object."""
    try:
        return trainer_of(model) is not None
    except UsageError:
        return False


def made(model: object, sizes: Mapping[str, int]) -> object:
    """Return the model that a factory makes, with the sizes that it takes as arguments; a model is
    returned unchanged."""
    if not is_factory(model):
        return model
    try:
        known = inspect.signature(model).parameters
    except (TypeError, ValueError):  # some built-in functions have no signature
        known = {}
    return model(**{name: size for name, size in sizes.items() if name in known})


def is_factory(model: object) -> TypeGuard[Callable[..., object]]:
    """Return whether calling the object makes the model: functions and classes do."""
    return callable(model) and (isinstance(model, type) or not is_model(model))


def own_trained(model: M, task: Task) -> M:
    """Run the user's own training function on a copy of the training signals. Return its result, or
    the given model if the result is not a model (None, a History)."""
    assert task.own is not None
    found = task.own(model, task.data.x.copy(), task.data.y.copy(), task.seed)
    return cast(M, found) if is_model(found) else model


def copied(model: M) -> M:
    """Return a deep copy of an instance. Errors: UsageError if it cannot be copied."""
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise UsageError(
            f"the model cannot be copied for each seed ({type(error).__name__}: {error}): "
            "pass a factory, evaluate(lambda: Net(...))"
        ) from error
