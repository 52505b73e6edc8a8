"""Two convolutions, each followed by a pooling, and a linear layer (the paper, section 3.5)."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
from jax import Array, random

from mnist1d.errors import UsageError
from mnist1d.learning.layers import Params, conv1d, conv1d_init, dense, dense_init
from mnist1d.learning.model import Model

WINDOW = 2
POOLED = ("max", "average", "l2")


@cache
def pooled_cnn(pooling: str, channels: int, num_inputs: int) -> Model:
    """Return the network; pooling: one of POOLED, "none", or "stride", whose convolutions step over
    every second point. Cached: equal arguments compile once."""
    stride = WINDOW if pooling == "stride" else 1

    def features(params: Params, x: Array) -> Array:
        h = x.T[None]  # (1, time, batch)
        for layer in ("conv1", "conv2"):
            h = pool(jax.nn.relu(conv1d(params[layer], h, stride=stride, padding=1)), pooling)
        return h.reshape(-1, h.shape[2]).T  # (batch, channels * time)

    def init(key: Array) -> Params:
        keys = random.split(key, 3)
        params = {
            "conv1": conv1d_init(keys[0], 1, channels, 3),
            "conv2": conv1d_init(keys[1], channels, channels, 3),
        }
        signal = jax.ShapeDtypeStruct((1, num_inputs), "float32")
        num_features = jax.eval_shape(features, params, signal).shape[1]
        return params | {"dense": dense_init(keys[2], num_features, 10)}

    return Model(init, lambda params, x: dense(params["dense"], features(params, x)))


def pool(h: Array, pooling: str) -> Array:
    """Pool h (channels, time, batch) over windows of 2 in time, without overlap; an odd last point
    is dropped.

    L2 pooling is the square root of the sum of squares, like PyTorch's LPPool1d; its gradient at 0
    is 0.
    """
    if pooling not in POOLED:
        return h
    if h.shape[1] < WINDOW:
        rule = f"pooling needs at least {WINDOW} points"
        raise UsageError(f"{rule}, got {h.shape[1]}: choose a longer signal")
    whole = h[:, : h.shape[1] // WINDOW * WINDOW]
    windows = whole.reshape(h.shape[0], -1, WINDOW, h.shape[2])  # (channels, new time, 2, batch)
    if pooling == "max":
        return windows.max(axis=2)
    if pooling == "average":
        return windows.mean(axis=2)
    squares = jnp.square(windows).sum(axis=2)
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)
