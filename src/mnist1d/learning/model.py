"""A model: two pure functions, and optional parts that the training loop uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, random

from mnist1d.errors import UsageError
from mnist1d.learning.layers import Params, PyTree


class Model(NamedTuple):
    """A network as pure functions of its params, a pytree.

    Attributes:
      init: init(key) -> params.
      apply: apply(params, x (batch, time)) -> logits (batch, classes), without any randomness.
      train: train(params, x, key) -> logits; replaces `apply` on training batches, with randomness
        such as dropout or augmentation. Optional.
      stateful: params is a pair (weights, state), of which only the weights get gradients, and
        `train` returns (logits, new state): running batch statistics.

    Examples:
      >>> import jax
      >>> from mnist1d.learning.registry import resolve
      >>> model = resolve("mlp").make(num_inputs=40, num_outputs=10)
      >>> params = model.init(jax.random.key(0))
      >>> model.apply(params, jax.numpy.zeros((2, 40))).shape
      (2, 10)
    """

    init: Callable[[Array], Params]
    apply: Callable[[Params, Array], Array]
    train: Callable[[Params, Array, Array], PyTree] | None = None
    stateful: bool = False

    def split(self, params: Params) -> tuple[Params, Params]:
        """Return the trained part of params and the rest.

        Args:
          params: the params.

        Returns:
          The weights, and the state or None.
        """
        return params if self.stateful else (params, None)

    def join(self, weights: Params, state: Params) -> Params:
        """Return params: the inverse of `split`.

        Args:
          weights: the trained part.
          state: the state, or None.

        Returns:
          The params.
        """
        return (weights, state) if self.stateful else weights


def num_params(model: Model) -> int:
    """Return the number of trainable parameters.

    Args:
      model: the model.

    Returns:
      A whole number.

    Examples:
      >>> from mnist1d.learning.registry import resolve
      >>> num_params(resolve("cnn").make(num_inputs=40, num_outputs=10))
      5210
    """
    weights = model.split(jax.eval_shape(model.init, random.key(0)))[0]
    return sum(leaf.size for leaf in jax.tree.leaves(weights))


def augmented(model: Model, augment: Callable[[Array, Array], Array]) -> Model:
    """Return a model that trains on augmented signals.

    Args:
      model: the model; its params stay the same.
      augment: augment(key, x (batch, time)) -> x of the same shape, a pure function; every batch
        has a new key.

    Returns:
      The model; evaluation uses the signals as they are.

    Examples:
      >>> from mnist1d.learning.registry import resolve
      >>> cnn = resolve("cnn").make(num_inputs=40, num_outputs=10)
      >>> flipped = augmented(cnn, lambda key, x: x[:, ::-1])
    """

    def train(params: Params, x: Array, key: Array) -> PyTree:
        augment_key, train_key = random.split(key)
        x = augment(augment_key, x)
        return model.apply(params, x) if model.train is None else model.train(params, x, train_key)

    return model._replace(train=train)


def check_outputs(model: Model, name: str, num_inputs: int, num_outputs: int) -> None:
    """Raise UsageError unless the untrained model gives finite logits (batch, num_outputs).

    name: the model's name in the message. Exceptions from the model's own code are not caught.
    """
    x = random.normal(random.key(0), (7, num_inputs))
    params = model.init(random.key(1))
    logits = model.apply(params, x)
    shape = jnp.shape(logits)
    if shape != (len(x), num_outputs):
        raise UsageError(
            f"{name}: apply must return logits of shape (batch, classes) = "
            f"{(len(x), num_outputs)} for x of shape {x.shape}, got {shape}"
        )
    if not jnp.isfinite(logits).all():
        raise UsageError(
            f"{name}: apply must return finite logits; the untrained model gives NaN or infinity "
            f"for {int((~jnp.isfinite(logits)).any(axis=1).sum())} of {len(x)} signals"
        )


def check_finite(name: str, seeds: Sequence[int], loss: Array) -> None:
    """Raise UsageError if a loss (seeds, evaluations) ends in NaN or infinity.

    One diverged seed fails the whole trial: leaving it out would make the results look better.
    """
    diverged = [seed for seed, last in zip(seeds, loss[:, -1], strict=True) if not isfinite(last)]
    if diverged:
        which = ", ".join(map(str, diverged))
        raise UsageError(
            f"{name}: the loss is NaN or infinite after training from seed {which}: "
            "lower learning_rate, or make sure that apply returns finite logits"
        )
