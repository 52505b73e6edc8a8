"""Models that train on augmented signals."""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
from jax import Array, random

from mnist1d.learning.model import Model, augmented
from mnist1d.learning.models.benchmark import cnn


def shift_circularly(key: Array, x: Array) -> Array:
    """Shift each signal of x (batch, time) circularly by its own random number of points, drawn
    uniformly."""
    batch, time = x.shape
    shifts = random.randint(key, (batch, 1), 0, time)
    return jnp.take_along_axis(x, (jnp.arange(time) - shifts) % time, axis=1)


@cache
def cnn_shifts(*, channels: int = 25, num_inputs: int = 40, num_outputs: int = 10) -> Model:
    """The CNN of the benchmark table, trained on circularly shifted signals."""
    plain = cnn(channels=channels, num_inputs=num_inputs, num_outputs=num_outputs)
    return augmented(plain, shift_circularly)
