"""Keras 3 models on any backend: x (batch, time) float32 to logits or softmax probabilities (batch,
classes)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.errors import UsageError
from mnist1d.evaluation.answers import (
    Answer,
    answer_of_logits,
    answer_of_probabilities,
    check_batch,
    is_probability,
)
from mnist1d.evaluation.protocol import DECOUPLED, Protocol
from mnist1d.evaluation.trainers import Task, Trained, own_trained

if TYPE_CHECKING:
    import keras

CHUNK = 2000  # signals predicted at once
FOLLOWS_PROTOCOL: bool = True


def takes(model: object) -> bool:
    """Return whether the object is a keras.Model; then keras is already imported."""
    if "keras" not in sys.modules:
        return False
    import keras

    return isinstance(model, keras.Model)


def train(model: keras.Model, task: Task) -> Trained:
    """Compile and fit a model, or a copy of an instance with new weights; the protocol's optimizer
    and loss replace the model's own."""
    if not task.is_factory:
        model = _reset_copy(model)
    first = task.data.x[:7].astype(np.float32)
    outputs = np.asarray(model.predict(first, verbose=0))  # also builds the weights
    check_batch(outputs.shape, len(first), len(task.classes))
    gives_probabilities = is_probability(outputs)
    if task.own is not None:
        model = own_trained(model, task)
    else:
        _fit(model, task, from_logits=not gives_probabilities)
    count = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    of = answer_of_probabilities if gives_probabilities else answer_of_logits

    def answer(x: np.ndarray) -> Answer:
        outputs = model.predict(x.astype(np.float32), batch_size=CHUNK, verbose=0)
        return of(np.asarray(outputs), len(x), task.classes)

    return Trained(answer, count)


def _fit(model: keras.Model, task: Task, from_logits: bool) -> None:
    import keras

    protocol, x, y = task.protocol, task.data.x.astype(np.float32), task.targets
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(optimizer=_optimizer(protocol), loss=loss)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(protocol.num_steps):
            rows = np.arange(step * protocol.batch_size, (step + 1) * protocol.batch_size) % len(x)
            yield x[rows], y[rows]

    model.fit(batches(), steps_per_epoch=protocol.num_steps, epochs=1, verbose=0)


def _optimizer(protocol: Protocol) -> keras.Optimizer:
    from keras import optimizers

    rate: float | optimizers.schedules.LearningRateSchedule = protocol.learning_rate
    if protocol.schedule == "cosine":
        rate = optimizers.schedules.CosineDecay(rate, protocol.num_steps)
    elif protocol.schedule == "linear":
        rate = optimizers.schedules.PolynomialDecay(rate, protocol.num_steps, 0.0)
    decay = protocol.weight_decay
    if decay and protocol.optimizer not in DECOUPLED:
        raise UsageError(
            "weight_decay of a Keras model needs optimizer='adamw' or 'muon': Keras has no L2 "
            f"decay for optimizer={protocol.optimizer!r}"
        )
    # epsilon and decay as in PyTorch and optax, for the same training in all frameworks
    make = {
        "adam": lambda: optimizers.Adam(rate, epsilon=1e-8),
        "adamw": lambda: optimizers.AdamW(rate, weight_decay=decay, epsilon=1e-8),
        "momentum": lambda: optimizers.SGD(rate, momentum=0.9),
        "muon": lambda: optimizers.Muon(rate, weight_decay=decay),
        "nesterov": lambda: optimizers.SGD(rate, momentum=0.9, nesterov=True),
        "rmsprop": lambda: optimizers.RMSprop(rate, rho=0.99, epsilon=1e-8),
        "sgd": lambda: optimizers.SGD(rate),
    }
    return make[protocol.optimizer]()


def _reset_copy(model: keras.Model) -> keras.Model:
    """Return a copy of the architecture with new weights, drawn from the seeded stream."""
    import keras

    try:
        return keras.models.clone_model(model)
    except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
        raise UsageError(
            f"the model cannot be rebuilt for each seed ({error}): "
            "pass a factory, evaluate(lambda: make_model())"
        ) from error
