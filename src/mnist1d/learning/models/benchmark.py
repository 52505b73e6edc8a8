"""The four models of the paper's benchmark table, as pairs of pure functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
from jax import Array, random

from mnist1d.learning.layers import (
    Params,
    bidirectional_gru,
    conv1d,
    conv1d_init,
    conv1d_time,
    dense,
    dense_init,
    gru_init,
    time_steps,
)
from mnist1d.learning.model import Model


# The factories are cached: equal arguments give the same Model, hence the same `fit` and no second
# compilation.
@cache
def logistic(*, num_inputs: int = 40, num_outputs: int = 10) -> Model:
    """Logistic regression."""

    def init(key: Array) -> Params:
        return {"dense1": dense_init(key, num_inputs, num_outputs)}

    def apply(params: Params, x: Array) -> Array:
        return dense(params["dense1"], x)

    return Model(init, apply)


@cache
def mlp(
    *,
    hidden: int = 100,
    activation: Callable[[Array], Array] = jax.nn.relu,
    num_inputs: int = 40,
    num_outputs: int = 10,
) -> Model:
    """Two hidden layers, the second with a residual connection."""

    def init(key: Array) -> Params:
        keys = random.split(key, 3)
        return {
            "dense1": dense_init(keys[0], num_inputs, hidden),
            "dense2": dense_init(keys[1], hidden, hidden),
            "dense3": dense_init(keys[2], hidden, num_outputs),
        }

    def apply(params: Params, x: Array) -> Array:
        h = activation(dense(params["dense1"], x))
        h = h + activation(dense(params["dense2"], h))
        return dense(params["dense3"], h)

    return Model(init, apply)


CNN_LAYERS = ((5, 2, 1), (3, 2, 1), (3, 2, 1))  # kernel, stride, padding


@cache
def cnn(
    *, channels: int = 25, num_inputs: int = 40, num_outputs: int = 10, num_features: int = 1
) -> Model:
    """Three convolutions of stride 2, relu after each, and a linear layer on all positions.

    num_features: values per time step. x holds one step after the other, so num_inputs is
    num_features times the number of steps.
    """
    time = num_inputs // num_features
    for kernel, stride, padding in CNN_LAYERS:
        time = conv1d_time(time, kernel, stride, padding)

    def init(key: Array) -> Params:
        *conv_keys, dense_key = random.split(key, len(CNN_LAYERS) + 1)
        params = {
            f"conv{i + 1}": conv1d_init(
                conv_keys[i], channels if i else num_features, channels, kernel
            )
            for i, (kernel, _, _) in enumerate(CNN_LAYERS)
        }
        return params | {"dense": dense_init(dense_key, time * channels, num_outputs)}

    def apply(params: Params, x: Array) -> Array:
        h = time_steps(x, num_features).swapaxes(0, 1)  # (features, time, batch)
        for i, (_, stride, padding) in enumerate(CNN_LAYERS):
            h = jax.nn.relu(conv1d(params[f"conv{i + 1}"], h, stride=stride, padding=padding))
        return dense(
            params["dense"], h.reshape(-1, h.shape[2]).T
        )  # channels first, positions within

    return Model(init, apply)


@cache
def gru(
    *, hidden: int = 6, num_inputs: int = 40, num_outputs: int = 10, num_features: int = 1
) -> Model:
    """One bidirectional GRU layer, `num_features` values per step (see `cnn`), and a linear layer
    on all its outputs."""
    time = num_inputs // num_features

    def init(key: Array) -> Params:
        forward_key, backward_key, dense_key = random.split(key, 3)
        return {
            "forward": gru_init(forward_key, num_features, hidden),
            "backward": gru_init(backward_key, num_features, hidden),
            "dense": dense_init(dense_key, time * 2 * hidden, num_outputs),
        }

    def apply(params: Params, x: Array) -> Array:
        h = bidirectional_gru(
            params["forward"], params["backward"], time_steps(x, num_features)
        )  # (time, 2 * hidden, batch)
        return dense(params["dense"], h.reshape(-1, h.shape[2]).T)

    return Model(init, apply)
