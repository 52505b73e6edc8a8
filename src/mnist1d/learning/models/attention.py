"""A small transformer and an MLP-Mixer."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
from jax import Array, random

from mnist1d.learning.layers import (
    Params,
    conv1d,
    conv1d_init,
    conv1d_time,
    dense,
    dense_init,
    mixed,
    time_steps,
)
from mnist1d.learning.model import Model
from mnist1d.learning.normalization import layer_norm, norm_init

STEM = {"stride": 2, "padding": 2}  # of the convolution that makes tokens, kernel 5
PATCH = 4  # points per token of the mixer


def attention(params: Params, x: Array, heads: int) -> Array:
    """Return self-attention of x (features, time, batch), every step over all steps, by several
    heads (features / heads each)."""
    features, time, batch = x.shape
    size = features // heads
    parts = mixed(params["qkv"], x).reshape(3, heads, size, time, batch)
    query, key, value = parts
    scores = jnp.einsum("hdtb,hdsb->htsb", query, key) * size**-0.5
    weights = jax.nn.softmax(scores, axis=2)
    found = jnp.einsum("htsb,hdsb->hdtb", weights, value)
    return mixed(params["out"], found.reshape(features, time, batch))


@cache
def transformer(
    *,
    width: int = 32,
    heads: int = 4,
    num_layers: int = 2,
    num_inputs: int = 40,
    num_outputs: int = 10,
    num_features: int = 1,
) -> Model:
    """A transformer encoder (Vaswani et al. 2017), normalised before each part: a convolution of
    stride 2 makes tokens, positions are learned, a linear layer reads the average of the tokens."""
    time = conv1d_time(num_inputs // num_features, 5, **STEM)
    names = [f"layer{i + 1}" for i in range(num_layers)]

    def init(key: Array) -> Params:
        stem, place, last, *keys = random.split(key, 3 + 4 * num_layers)
        params = {
            "stem": conv1d_init(stem, num_features, width, 5),
            "positions": 0.02 * random.normal(place, (width, time)),
            "norm": norm_init(width),
            "dense": dense_init(last, width, num_outputs),
        }
        for i, name in enumerate(names):
            query, out, up, down = keys[4 * i : 4 * (i + 1)]
            params[name] = {
                "norm1": norm_init(width),
                "qkv": dense_init(query, width, 3 * width),
                "out": dense_init(out, width, width),
                "norm2": norm_init(width),
                "up": dense_init(up, width, 2 * width),
                "down": dense_init(down, 2 * width, width),
            }
        return params

    def apply(params: Params, x: Array) -> Array:
        x = time_steps(x, num_features).swapaxes(0, 1)  # (features, time, batch)
        h = conv1d(params["stem"], x, **STEM) + params["positions"][:, :, None]
        for name in names:
            layer = params[name]
            h = h + attention(layer, layer_norm(layer["norm1"], h), heads)
            inner = jax.nn.gelu(mixed(layer["up"], layer_norm(layer["norm2"], h)))
            h = h + mixed(layer["down"], inner)
        return dense(params["dense"], layer_norm(params["norm"], h).mean(axis=1).T)

    return Model(init, apply)


@cache
def mixer(
    *,
    width: int = 32,
    num_layers: int = 3,
    num_inputs: int = 40,
    num_outputs: int = 10,
    num_features: int = 1,
) -> Model:
    """An MLP-Mixer (Tolstikhin et al. 2021, arXiv 2105.01601): tokens of 4 points, mixed over
    tokens and features alternately; a linear layer reads the average of the tokens."""
    patch = PATCH if num_features == 1 else 1
    tokens = num_inputs // (patch * num_features)
    names = [f"layer{i + 1}" for i in range(num_layers)]

    def init(key: Array) -> Params:
        first, last, *keys = random.split(key, 2 + 4 * num_layers)
        params = {
            "patches": dense_init(first, patch * num_features, width),
            "norm": norm_init(width),
            "dense": dense_init(last, width, num_outputs),
        }
        for i, name in enumerate(names):
            spread, gather, up, down = keys[4 * i : 4 * (i + 1)]
            params[name] = {
                "norm1": norm_init(width),
                "spread": dense_init(spread, tokens, 2 * tokens),
                "gather": dense_init(gather, 2 * tokens, tokens),
                "norm2": norm_init(width),
                "up": dense_init(up, width, 2 * width),
                "down": dense_init(down, 2 * width, width),
            }
        return params

    def apply(params: Params, x: Array) -> Array:
        x = x[:, : tokens * patch * num_features]
        h = mixed(params["patches"], time_steps(x, patch * num_features).swapaxes(0, 1))
        for name in names:  # h: (width, tokens, batch)
            layer = params[name]
            turned = layer_norm(layer["norm1"], h).swapaxes(0, 1)
            turned = mixed(layer["gather"], jax.nn.gelu(mixed(layer["spread"], turned)))
            h = h + turned.swapaxes(0, 1)
            inner = jax.nn.gelu(mixed(layer["up"], layer_norm(layer["norm2"], h)))
            h = h + mixed(layer["down"], inner)
        return dense(params["dense"], layer_norm(params["norm"], h).mean(axis=1).T)

    return Model(init, apply)
