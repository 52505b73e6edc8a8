"""Activation functions: hand-made, learned, or tabulated. Each is f(params, z) -> (f(z), slope
of f at z), of z's shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from mnist1d.learning.compilation import jit_once
from mnist1d.learning.layers import Params, PyTree, conv1d, dense
from mnist1d.learning.model import Model
from mnist1d.learning.models import CNN_LAYERS, cnn
from mnist1d.learning.training import Fit, Settings, Split, fit_seeds, make_fit

Activation = Callable[[PyTree, Array], tuple[Array, Array]]
HAND_MADE = ("relu", "swish", "elu", "tanh", "softplus", "sigmoid")  # names in jax.nn
BLOCK = 640  # values of z at once, so that their 100 hidden units each fit in the processor's cache


def hand_made(index: Array | int, z: Array) -> tuple[Array, Array]:
    """Evaluate one of the hand-made activation functions, and its slope.

    Args:
      index: position in HAND_MADE; it may be traced, so one program serves all functions.
      z: inputs of any shape.

    Returns:
      Values and slopes, shaped like z.

    Examples:
      >>> import jax.numpy as jnp
      >>> value, slope = hand_made(0, jnp.array([1.0]))
      >>> value.shape, slope.shape
      ((1,), (1,))
    """
    functions = [getattr(jax.nn, name) for name in HAND_MADE]
    branches = [lambda z, f=f: jax.jvp(f, (z,), (jnp.ones_like(z),)) for f in functions]
    return lax.switch(index, branches, z)


def learned(params: Params, z: ArrayLike) -> tuple[Array, Array]:
    """Evaluate the learned activation function ELU(z) + 0.2 g(z), and its slope.

    Args:
      params: of g, an MLP with one tanh layer: dense1 (1, units) and dense2 (units, 1).
      z: inputs of any shape.

    Returns:
      Values and slopes, shaped like z.

    Examples:
      >>> hidden = {"w": jnp.ones((1, 4)), "b": jnp.zeros(4)}
      >>> output = {"w": jnp.ones((4, 1)), "b": jnp.zeros(1)}
      >>> learned({"dense1": hidden, "dense2": output}, jnp.zeros(3))[0].shape
      (3,)

    References:
      Greydanus and Kobak, 2024, section 3.5.
    """
    z = jnp.asarray(z)
    elu, elu_slope = jax.jvp(jax.nn.elu, (z,), (jnp.ones_like(z),))
    flat = jnp.pad(z.reshape(-1), (0, -z.size % BLOCK)).reshape(-1, BLOCK)
    g, slope = (
        part.reshape(-1)[: z.size].reshape(z.shape) for part in value_and_slope(params, flat)
    )
    return elu + 0.2 * g, elu_slope + 0.2 * slope


def tabulated(params: tuple[Array, float, float], z: Array) -> tuple[Array, Array]:
    """Evaluate the function with values (n,) at evenly spaced points from `low` to `high`, linear
    in between and beyond.

    params: (values, low, high).
    """
    values, low, high = params
    width = (high - low) / (len(values) - 1)
    slopes = jnp.diff(values) / width
    left = jnp.clip(jnp.floor((z - low) / width), 0, len(values) - 2).astype(jnp.int32)
    return values[left] + slopes[left] * (z - low - left * width), slopes[left]


@jax.custom_vjp
def value_and_slope(params: Params, z: Array) -> tuple[Array, Array]:
    """Return g(z) and g'(z) for z (blocks, block), with hand-written derivatives, which are a third
    faster than automatic ones.

    g(z) = sum v t + d with t = tanh(w z + b). With s = 1 - t^2: t' = w s and s' = -2 w t s. The
    gradient of the parameters only needs sums of t, s and t s over z: three matrix products per
    block. The backward pass recomputes t instead of storing it.
    """
    w, b, v, d = _parts(params)

    def block(z: Array) -> tuple[Array, Array]:
        t = jnp.tanh(w[:, None] * z + b[:, None])  # (units, block)
        return v @ t + d, (v * w) @ (1 - t * t)

    return lax.map(block, z)


def _forward(params: Params, z: Array) -> tuple[tuple[Array, Array], tuple[Params, Array]]:
    return value_and_slope(params, z), (params, z)


def _backward(saved: tuple[Params, Array], cotangents: tuple[Array, Array]) -> tuple[Params, Array]:
    params, z = saved
    w, b, v, _ = _parts(params)

    def block(sums: PyTree, given: tuple[Array, ...]) -> tuple[PyTree, Array]:
        z, of_g, of_slope = given
        t = jnp.tanh(w[:, None] * z + b[:, None])
        s = 1 - t * t
        ts = t * s
        found = (
            t @ of_g[:, None],
            s @ jnp.stack([of_g, of_slope, of_g * z], 1),
            ts @ jnp.stack([of_slope, of_slope * z], 1),
        )
        return jax.tree.map(jnp.add, sums, found), of_g * ((v * w) @ s) - 2 * of_slope * (
            (v * w * w) @ ts
        )

    zeros = tuple(jnp.zeros((len(w), n), z.dtype) for n in (1, 3, 2))
    (t, s, ts), of_z = lax.scan(block, zeros, (z, *cotangents))
    of_w = v * (s[:, 1] + s[:, 2] - 2 * w * ts[:, 1])
    of_b = v * (s[:, 0] - 2 * w * ts[:, 0])
    of_v = t[:, 0] + w * s[:, 1]
    return {
        "dense1": {"w": of_w[None], "b": of_b},
        "dense2": {"w": of_v[:, None], "b": cotangents[0].sum()[None]},
    }, of_z


def _parts(params: Params) -> tuple[Array, Array, Array, Array]:
    return (
        params["dense1"]["w"][0],
        params["dense1"]["b"],
        params["dense2"]["w"][:, 0],
        params["dense2"]["b"][0],
    )


value_and_slope.defvjp(_forward, _backward)


def piecewise_fit(x: np.ndarray, f: np.ndarray, segments: int) -> np.ndarray:
    """Return the positions (segments + 1,) in x of the knots whose straight lines fit f best.

    Dynamic programming over the last knot finds the knots on the grid x with the smallest squared
    error.
    """
    n = len(x)
    cost = np.full((n, n), np.inf)  # squared error of one line from i to j
    for i in range(n):
        for j in range(i + 1, n):
            cost[i, j] = np.square(
                np.interp(x[i : j + 1], x[[i, j]], f[[i, j]]) - f[i : j + 1]
            ).sum()
    best, before = cost[0], []
    for _ in range(segments - 1):
        total = best[:, None] + cost  # (knot, next knot)
        before.append(total.argmin(axis=0))
        best = total.min(axis=0)
    knots = [n - 1]
    for previous in reversed(before):
        knots.append(int(previous[knots[-1]]))
    return np.array([0, *reversed(knots)])


def fit_cnn(grid: np.ndarray, values: np.ndarray, key: Array, num_steps: int, split: Split) -> Fit:
    """Train the CNN of the benchmark table by its protocol with a tabulated activation: the values
    of a function on a grid. Return the Fit of one seed, as NumPy arrays."""
    model = _tabulated_cnn(float(grid[0]), float(grid[-1]))
    params = jit_once(model.init)(key) | {"table": jnp.asarray(values, jnp.float32)}
    fit = make_fit(model, Settings(num_steps=num_steps, eval_every=num_steps))
    return jax.device_get(fit_seeds(fit, key[None], split, params=params))


@cache
def _tabulated_cnn(first: float, last: float) -> Model:
    """Return the CNN with its activation in params["table"], which training does not change."""

    def apply(params: Params, x: Array) -> Array:
        table = jax.lax.stop_gradient(params["table"]), first, last
        h = x.T[None]  # (1, time, batch)
        for i, (_, stride, padding) in enumerate(CNN_LAYERS):
            z = conv1d(params[f"conv{i + 1}"], h, stride=stride, padding=padding)
            h = tabulated(table, z)[0]
        return dense(params["dense"], h.reshape(-1, h.shape[2]).T)

    return Model(cnn().init, apply)
