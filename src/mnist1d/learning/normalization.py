"""Normalisation and dropout, on signals with features first and batch last.

Batch statistics are a state: `batch_norm` returns the new state, `batch_norm_frozen` uses it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax, random

from mnist1d.learning.layers import Params

EPSILON = 1e-5  # PyTorch's default, like the momentum of the running statistics
MOMENTUM = 0.1


class Statistics(NamedTuple):
    """Running mean and variance per feature, (features,) each."""

    mean: Array
    var: Array


def norm_init(features: int) -> Params:
    """Return the parameters of a normalisation: scale and shift (features,), 1 and 0."""
    return {"scale": jnp.ones(features), "shift": jnp.zeros(features)}


def statistics_init(features: int) -> Statistics:
    """Return the running statistics before training: mean 0, variance 1."""
    return Statistics(jnp.zeros(features), jnp.ones(features))


def batch_norm(params: Params, statistics: Statistics, x: Array) -> tuple[Array, Statistics]:
    """Normalise each feature of x (features, time, batch) over time and batch; return the result
    and the new running statistics.

    The batch's variance is biased, the running one unbiased, as in PyTorch.
    """
    mean = x.mean(axis=(1, 2))
    var = jnp.square(x - mean[:, None, None]).mean(axis=(1, 2))
    count = x.shape[1] * x.shape[2]
    seen = Statistics(mean, var * count / max(1, count - 1))
    running = jax.tree.map(
        lambda old, new: old + MOMENTUM * (lax.stop_gradient(new) - old), statistics, seen
    )
    return _affine(params, x, mean, var), running


def batch_norm_frozen(params: Params, statistics: Statistics, x: Array) -> Array:
    """Normalise x (features, time, batch) by the running statistics."""
    return _affine(params, x, *statistics)


def _affine(params: Params, x: Array, mean: Array, var: Array) -> Array:
    scale = params["scale"] * lax.rsqrt(var + EPSILON)
    shift = params["shift"] - mean * scale
    return x * scale[:, None, None] + shift[:, None, None]


def layer_norm(params: Params, x: Array) -> Array:
    """Normalise x (features, ...) over its features at every position."""
    centred = x - x.mean(axis=0)
    normal = centred * lax.rsqrt(jnp.square(centred).mean(axis=0) + EPSILON)
    ones = (1,) * (x.ndim - 1)
    return normal * params["scale"].reshape(-1, *ones) + params["shift"].reshape(-1, *ones)


def dropout(key: Array, x: Array, rate: float) -> Array:
    """Set a fraction `rate` of the values to 0 and scale up the others."""
    if rate == 0:
        return x
    kept = random_words(key, x.shape) >= jnp.uint32(round(rate * 2**32))
    return jnp.where(kept, x / (1 - rate), 0)


def random_words(key: Array, shape: tuple[int, ...]) -> Array:
    """Return uint32 numbers that look random: a seed from the key, then a hash of the position.

    This takes a twentieth of the time of `random.bits`, whose cryptographic quality a mask does not
    need. The hash has the lowest measured bias of its form (Wellons 2018, "lowbias32").
    """
    seeds = random.bits(key, (2,))
    h = lax.iota(jnp.uint32, math.prod(shape)).reshape(shape) * jnp.uint32(0x9E3779B9) + seeds[0]
    h = (h ^ (h >> 16)) * jnp.uint32(0x7FEB352D)
    h = (h ^ (h >> 15)) * jnp.uint32(0x846CA68B)
    return h ^ (h >> 16) ^ seeds[1]
