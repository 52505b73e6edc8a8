"""Train many settings in one call, for searches over learning rates, weight decays or initial
weights."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from mnist1d.learning.evaluation import apply_in_chunks
from mnist1d.learning.layers import Params
from mnist1d.learning.model import Model
from mnist1d.learning.training import Fit, FitFunction, Given, Split


@partial(jax.jit, static_argnums=0)
def fit_settings(fit: FitFunction, keys: Array, split: Split, numbers: Given) -> Fit:
    """Run a `fit` of make_fit once per setting on one split, in one compiled program.

    keys: (settings,). numbers: keyword arguments of `fit` (params, mask, learning_rate,
    weight_decay), each with a leading settings axis. Every field of the result except `steps` gains
    that axis.
    """
    found = lax.map(lambda one: fit(one[0], split, **one[1]), (keys, numbers))
    return found._replace(steps=found.steps[0])


def accuracies(model: Model, params: Params, x: Array, y: Array) -> np.ndarray:
    """Return the accuracy of every setting's final params on signals x (n, time) with labels y
    (n,): (settings,), in [0, 1]."""
    return np.asarray(_num_right(model, params, x, y)) / len(x)


@partial(jax.jit, static_argnums=0)
def _num_right(model: Model, params: Params, x: Array, y: Array) -> Array:
    def of(one: Params) -> Array:
        return jnp.sum(apply_in_chunks(partial(model.apply, one), x).argmax(axis=1) == y)

    return lax.map(of, params)
