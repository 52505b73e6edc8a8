"""Optimizers and schedules of the learning rate. An optimizer returns a direction; the learning
rate stays a traced number in the loop.

All settings except the learning rate and weight decay are PyTorch's defaults.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from optax.contrib import MuonDimensionNumbers, scale_by_muon

from mnist1d.learning.layers import Params


class Optimizer(NamedTuple):
    """A direction to step against, and how weight decay and masks act on it.

    Attributes:
      direction: the transformation of gradients, from optax.
      decoupled: decay shrinks the weights themselves, as in AdamW; False: it is added to the
        gradient, as in L2 regularisation.
      mixes: a weight's direction depends on the gradients of other weights.
    """

    direction: optax.GradientTransformation
    decoupled: bool = False
    mixes: bool = False


def _matrix_axes(params: Params) -> Params:
    """Return which axes of each weight are its inputs and outputs; None for a weight that is not a
    matrix.

    A convolution (kernel, inputs, outputs) is one matrix with kernel * inputs rows.
    """
    axes = {2: MuonDimensionNumbers(0, 1), 3: MuonDimensionNumbers((0, 1), 2)}
    return jax.tree.map(lambda leaf: axes.get(leaf.ndim), params)


def _as_large_as_adams(updates: Params, params: Params | None = None) -> Params:
    """Scale orthogonal matrices to the root mean square of Adam's updates (arXiv 2502.16982,
    section 2.2), so that one learning rate fits both."""
    del params
    return jax.tree.map(
        lambda u: 0.2 * max(math.prod(u.shape[:-1]), u.shape[-1]) ** 0.5 * u, updates
    )


def _muon() -> optax.GradientTransformation:
    """Return Muon for matrices and Adam for the rest (Jordan et al. 2024)."""
    orthogonal = scale_by_muon(weight_dimension_numbers=_matrix_axes)
    return optax.partition(
        {
            "matrix": optax.chain(orthogonal, optax.stateless(_as_large_as_adams)),
            "other": optax.scale_by_adam(),
        },
        lambda params: jax.tree.map(
            lambda leaf: "matrix" if leaf.ndim in (2, 3) else "other", params
        ),
    )


OPTIMIZERS = {
    "adam": Optimizer(optax.scale_by_adam()),
    "adamw": Optimizer(optax.scale_by_adam(), decoupled=True),
    "sgd": Optimizer(optax.identity()),
    "momentum": Optimizer(optax.trace(decay=0.9)),
    "nesterov": Optimizer(optax.trace(decay=0.9, nesterov=True)),
    "rmsprop": Optimizer(optax.scale_by_rms(decay=0.99, eps=1e-8, eps_in_sqrt=False)),
    "muon": Optimizer(_muon(), decoupled=True, mixes=True),
}

# From the fraction of steps taken, in [0, 1), to a factor of the learning rate
SCHEDULES: dict[str, Callable[[Array], Array]] = {
    "constant": jnp.ones_like,
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: 0.5 * (1 + jnp.cos(jnp.pi * progress)),
}


def schedule(name: str, num_steps: int, warmup_steps: int) -> Array:
    """Return the factor of the learning rate at every step.

    Args:
      name: "constant", "linear" or "cosine".
      num_steps: number of steps.
      warmup_steps: steps of linear warmup at the start.

    Returns:
      Factors (num_steps,): they rise to 1, and then fall by the schedule.

    Examples:
      >>> schedule("linear", 4, 0).shape
      (4,)
    """
    steps = jnp.arange(num_steps)
    falling = SCHEDULES[name]((steps - warmup_steps) / max(1, num_steps - warmup_steps))
    return jnp.where(steps < warmup_steps, (steps + 1) / (warmup_steps + 1), falling)
