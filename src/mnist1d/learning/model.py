"""What a model is: a pair of pure functions, and what the training loop may use beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, random

from mnist1d.errors import UsageError
from mnist1d.learning.layers import Params


class Model(NamedTuple):
    """A network: init(key) -> params, a pytree; apply(params, x (batch, time)) -> logits (batch,
    classes)."""

    init: Callable[[Array], Params]
    apply: Callable[[Params, Array], Array]


def num_params(model: Model) -> int:
    """Return how many numbers a model learns."""
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.init, random.key(0))))


def check_outputs(model: Model, name: str, num_inputs: int, num_outputs: int) -> None:
    """Raise UsageError unless the untrained model gives finite logits (batch, num_outputs).

    name: of the model, for the message. What the model's own code raises is passed on.
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
    """Raise UsageError where a loss (seeds, evaluations) ends in NaN or infinity.

    A diverged seed fails the trial: left out, it would make the others look better.
    """
    diverged = [seed for seed, last in zip(seeds, loss[:, -1], strict=True) if not isfinite(last)]
    if diverged:
        which = ", ".join(map(str, diverged))
        raise UsageError(
            f"{name}: the loss is NaN or infinite after training from seed {which}: "
            "lower learning_rate, or see that apply returns finite logits"
        )
