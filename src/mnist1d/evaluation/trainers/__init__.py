"""Anybody's model, trained from one seed: one file per framework, each with `takes(model)` and
`train(...)`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from mnist1d.dataset import Dataset
from mnist1d.errors import UsageError
from mnist1d.evaluation import protocol
from mnist1d.evaluation.answers import Answer

OwnTraining = Callable[[Any, np.ndarray, np.ndarray, int], Any]  # (model, x, y, seed) -> model


class Trained(NamedTuple):
    """A trained model: its answers on signals (n, time) float32, and how many numbers it learned
    (None where it does not say)."""

    answer: Callable[[np.ndarray], Answer]
    num_params: int | None


class Task(NamedTuple):
    """What one training gets: the signals, the seed, the settings, and the user's own training."""

    data: Dataset
    seed: int
    protocol: protocol.Protocol
    own: OwnTraining | None
    is_factory: bool = False  # the model was made for this run: its weights are new already

    @property
    def sizes(self) -> dict[str, int]:
        """What a factory may take by name."""
        return {"num_inputs": self.data.x.shape[1], "num_outputs": len(self.classes)}

    @property
    def classes(self) -> np.ndarray:
        """The labels (classes,) in the order of a network's outputs."""
        return self.data.templates.y

    @property
    def targets(self) -> np.ndarray:
        """The training labels as places in `classes`, (n,) int64."""
        order = np.argsort(self.classes)
        return order[np.searchsorted(self.classes, self.data.y, sorter=order)]


class Trainer(Protocol):
    """What each file of this folder offers."""

    FOLLOWS_PROTOCOL: bool  # whether the settings of the protocol apply

    def takes(self, model: Any) -> bool:
        """Return whether the model is of this framework."""
        ...

    def train(self, model: Any, task: Task) -> Trained:
        """Train a model from the task's seed and return it."""
        ...


def trainer_of(model: Any) -> Trainer:
    """Return the trainer of a model; UsageError says which models are accepted."""
    from mnist1d.evaluation.trainers import jax, keras, sklearn, torch

    trainers: tuple[Trainer, ...] = (jax, keras, torch, sklearn)  # a Keras model may be torch's too
    for trainer in trainers:
        if trainer.takes(model):
            return trainer
    raise UsageError(
        "a model must be a PyTorch nn.Module, a Keras model, a scikit-learn estimator, a JAX pair "
        f"(init, apply), or a factory of one of them; got {type(model).__name__}"
    )


def is_model(model: Any) -> bool:
    """Return whether some trainer takes it."""
    try:
        return trainer_of(model) is not None
    except UsageError:
        return False


def made(model: Any, sizes: Mapping[str, int]) -> Any:
    """Return what a factory makes, told those sizes that it takes by name; a model is returned as
    it is."""
    if not is_factory(model):
        return model
    try:
        known = inspect.signature(model).parameters
    except (TypeError, ValueError):  # some of Python's own functions have no signature
        known = {}
    return model(**{name: size for name, size in sizes.items() if name in known})


def is_factory(model: Any) -> bool:
    """Return whether calling the object makes the model: functions and classes do."""
    return callable(model) and (isinstance(model, type) or not is_model(model))


def own_trained(model: Any, task: Task) -> Any:
    """Run the user's own training on a copy of the training signals; return the model that it
    returns, or the one it was given where it returns no model (None, a History)."""
    assert task.own is not None
    found = task.own(model, task.data.x.copy(), task.data.y.copy(), task.seed)
    return found if is_model(found) else model


def copied(model: Any) -> Any:
    """Return a deep copy of an instance; UsageError where it cannot be copied."""
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise UsageError(
            f"the model cannot be copied for each seed ({type(error).__name__}: {error}): "
            "pass a factory, evaluate(lambda: Net(...))"
        ) from error
