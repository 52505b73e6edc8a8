"""Straight lines between two networks in weight space."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from mnist1d.learning.layers import Params
from mnist1d.learning.losses import accuracy
from mnist1d.learning.model import Model


@partial(jax.jit, static_argnums=0)
def errors_between(model: Model, a: Params, b: Params, x: Array, y: Array, places: Array) -> Array:
    """Return the errors on the signals x (n, time) with labels y (n,) of the networks on the line
    from a to b, (places,): 1 minus the accuracy. A place of 0 is a, 1 is b."""

    def error_at(place: Array) -> Array:
        params = jax.tree.map(lambda at_a, at_b: (1 - place) * at_a + place * at_b, a, b)
        return 1 - accuracy(model.apply(params, x), y)

    return lax.map(error_at, jnp.asarray(places, jnp.float32))
