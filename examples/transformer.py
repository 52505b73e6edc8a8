"""A model of your own, in one file: a small transformer, written for one signal at a time.

    mnist1d run spatial-priors --preset quick --set model=cnn,examples/transformer.py:transformer
    mnist1d evaluate examples/transformer.py:transformer --seeds 3

A model is a factory that takes num_inputs and num_outputs by name and returns two pure functions,
init(key) -> params and apply(params, x (batch, time)) -> logits (batch, classes). Params are any
pytree of arrays. Cache the factory: equal arguments then compile once.
"""

from functools import cache

import jax
import jax.numpy as jnp
from jax import random

PATCH = 4  # points per token


def linear(key, num_inputs, num_outputs):
    """Return weights (inputs, outputs), scaled so that outputs are as large as inputs."""
    return random.normal(key, (num_inputs, num_outputs)) * num_inputs**-0.5


def normalized(h):
    """Return each token of h (tokens, width) with mean 0 and variance 1."""
    centred = h - h.mean(axis=-1, keepdims=True)
    return centred / jnp.sqrt(jnp.square(centred).mean(axis=-1, keepdims=True) + 1e-5)


def attention(layer, h, heads):
    """Let every token of h (tokens, width) take from the tokens that answer its query."""
    query, key, value = (
        (h @ layer[name]).reshape(len(h), heads, -1) for name in ("query", "key", "value")
    )  # (tokens, heads, size)
    scores = jnp.einsum("thd,shd->hts", query, key) * query.shape[-1] ** -0.5
    found = jnp.einsum("hts,shd->thd", jax.nn.softmax(scores), value)
    return found.reshape(h.shape) @ layer["out"]


@cache
def transformer(*, num_inputs=40, num_outputs=10, width=32, heads=4, num_layers=2):
    """Return (init, apply) of a transformer encoder whose tokens are patches of 4 points."""
    tokens = num_inputs // PATCH

    def init(key):
        first, place, last, *keys = random.split(key, 3 + num_layers)
        shapes = {name: (width, width) for name in ("query", "key", "value", "out")}
        shapes |= {"up": (width, 2 * width), "down": (2 * width, width)}
        return {
            "tokens": linear(first, PATCH, width),
            "places": 0.1 * random.normal(place, (tokens, width)),
            "layers": [
                {
                    name: linear(random.fold_in(layer_key, i), *shape)
                    for i, (name, shape) in enumerate(shapes.items())
                }
                for layer_key in keys
            ],
            "classes": linear(last, width, num_outputs),
        }

    def apply_to_one(params, x):  # x: (time,)
        patches = x[: tokens * PATCH].reshape(tokens, PATCH)
        h = patches @ params["tokens"] + params["places"]  # (tokens, width)
        for layer in params["layers"]:
            h = h + attention(layer, normalized(h), heads)
            h = h + jax.nn.gelu(normalized(h) @ layer["up"]) @ layer["down"]
        return normalized(h).mean(axis=0) @ params["classes"]

    return init, jax.vmap(apply_to_one, in_axes=(None, 0))
