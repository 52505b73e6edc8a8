"""Recurrences that run in parallel over time: a diagonal state-space model and a minimal gated
recurrent unit."""

from __future__ import annotations

import math
from functools import cache
from typing import cast

import jax
import jax.numpy as jnp
from jax import Array, lax, random

from mnist1d.learning.layers import (
    Params,
    dense,
    dense_init,
    mixed,
    time_steps,
)
from mnist1d.learning.model import Model
from mnist1d.learning.normalization import layer_norm, norm_init

BLOCK = 8  # steps of a linear recurrence that run one after another, many blocks at once
STEPS_RANGE = (0.01, 1.0)  # initial time steps of the state-space models: for 40 points, not 16,000


def ssm_init(key: Array, features: int, states: int) -> Params:
    """Return the parameters of `ssm`, one diagonal state-space model per feature (S4D-Lin).

    log_step (features,): uniform in log. log_decay, frequency, real and imaginary (features,
    states): the poles -exp(log_decay) + i frequency start at -1/2 + i pi n, the output weights as
    complex normal. skip (features,).
    """
    step_key, output_key, skip_key = random.split(key, 3)
    low, high = map(math.log, STEPS_RANGE)
    real, imaginary = random.normal(output_key, (2, features, states)) / 2**0.5
    frequencies = math.pi * jnp.arange(states, dtype=jnp.float32)
    return {
        "log_step": random.uniform(step_key, (features,), jnp.float32, low, high),
        "log_decay": jnp.full((features, states), math.log(0.5)),
        "frequency": jnp.broadcast_to(frequencies, (features, states)),
        "real": real,
        "imaginary": imaginary,
        "skip": random.normal(skip_key, (features,)),
    }


def ssm_discrete(params: Params) -> tuple[Array, Array]:
    """Return a model's poles and output weights in discrete time, complex (features, states): by
    zero-order hold, input weights 1."""
    poles = lax.complex(-jnp.exp(params["log_decay"]), params["frequency"])
    scaled = poles * jnp.exp(params["log_step"])[:, None]
    outputs = lax.complex(params["real"], params["imaginary"])
    return jnp.exp(scaled), outputs * jnp.expm1(scaled) / poles


def ssm_kernel(params: Params, time: int) -> Array:
    """Return each feature's response to an impulse, (features, time)."""
    poles, outputs = ssm_discrete(params)
    powers, factor = jnp.ones_like(poles)[..., None], poles[..., None]
    while powers.shape[-1] < time:  # 1, z, z^2 ... by doubling: no sines and cosines
        powers, factor = jnp.concatenate([powers, powers * factor], axis=-1), factor * factor
    weighted = outputs[..., None] * powers[..., :time]
    return 2 * weighted.real.sum(axis=1)  # each pole represents a conjugate pair


def ssm(params: Params, x: Array) -> Array:
    """Run state-space models over x (features, time, batch) from a zero state: a convolution with
    their responses, as one matrix product per feature."""
    features, time, _ = x.shape
    kernel = ssm_kernel(params, time)
    # Rows of a Toeplitz matrix: each row is a window of the same 2 * time - 1 values
    padded = jnp.pad(kernel[:, ::-1], ((0, 0), (0, time)))  # (features, 2 * time)
    rows = jnp.tile(padded, (1, time))[:, : time * (2 * time - 1)]
    toeplitz = rows.reshape(features, time, 2 * time - 1)[:, :, time - 1 : 2 * time - 1]
    response = jnp.einsum("fts,fsb->ftb", toeplitz, x)
    return response + params["skip"][:, None, None] * x


@cache
def s4d(
    *,
    hidden: int = 32,
    states: int = 8,
    num_layers: int = 2,
    num_inputs: int = 40,
    num_outputs: int = 10,
    num_features: int = 1,
) -> Model:
    """S4D (Gu et al. 2022, arXiv 2206.11893): layers of a diagonal state-space model per feature, a
    gated mix of features and a residual connection; then an average over time."""
    del num_inputs
    names = [f"layer{i + 1}" for i in range(num_layers)]

    def init(key: Array) -> Params:
        first, last, *keys = random.split(key, 2 + 2 * num_layers)
        params = {
            "encoder": dense_init(first, num_features, hidden),
            "dense": dense_init(last, hidden, num_outputs),
        }
        for i, name in enumerate(names):
            params[name] = {
                "norm": norm_init(hidden),
                "ssm": ssm_init(keys[2 * i], hidden, states),
                "mix": dense_init(keys[2 * i + 1], hidden, 2 * hidden),
            }
        return params

    def apply(params: Params, x: Array) -> Array:
        h = mixed(params["encoder"], time_steps(x, num_features).swapaxes(0, 1))
        for name in names:
            layer = params[name]
            inner = jax.nn.gelu(ssm(layer["ssm"], layer_norm(layer["norm"], h)))
            value, gate = jnp.split(mixed(layer["mix"], inner), 2)
            h = h + value * jax.nn.sigmoid(gate)
        return dense(params["dense"], h.mean(axis=1).T)

    return Model(init, apply)


def linear_recurrence(decay: Array, inputs: Array, reverse: bool = False) -> Array:
    """Return h with h[:, t] = decay[:, t] * h[:, t - 1] + inputs[:, t], from 0, for arrays
    (features, time, batch), all steps in parallel; reverse: from the last step to the first.

    Its derivative is written by hand as the same recurrence in the other direction, which compiles
    in a third of the time.
    """
    return cast(Array, _recurrence(decay, inputs, reverse))


def _scanned(decay: Array, inputs: Array, reverse: bool) -> Array:
    """All blocks of BLOCK steps in parallel, each from a zero state; then an associative scan over
    their last states, which the steps of the next block add, decayed."""
    features, time, batch = decay.shape
    blocks = features, -(-time // BLOCK), BLOCK, batch
    missing = (0, 0), (0, -time % BLOCK), (0, 0)  # zeros after the last step change nothing
    a, x = (jnp.pad(array, missing).reshape(blocks) for array in (decay, inputs))
    first, *others = reversed(range(BLOCK)) if reverse else range(BLOCK)
    states, factors = {first: x[:, :, first]}, {first: a[:, :, first]}
    h, factor = states[first], factors[first]
    for step in others:
        # Without the barrier XLA computes a step again for every later one
        h, factor = lax.optimization_barrier(
            (a[:, :, step] * h + x[:, :, step], a[:, :, step] * factor)
        )
        states[step], factors[step] = h, factor
    before = _step_later(_associative(factor, h, reverse), reverse)[:, :, None]
    inside, decayed = (jnp.stack([of[i] for i in range(BLOCK)], 2) for of in (states, factors))
    return (inside + decayed * before).reshape(features, -1, batch)[:, :time]


def _associative(decay: Array, inputs: Array, reverse: bool) -> Array:
    def joined(first: tuple[Array, Array], then: tuple[Array, Array]) -> tuple[Array, Array]:
        return first[0] * then[0], then[0] * first[1] + then[1]

    return lax.associative_scan(joined, (decay, inputs), axis=1, reverse=reverse)[1]


def _forward(decay: Array, inputs: Array, reverse: bool) -> tuple[Array, tuple[Array, Array]]:
    states = _scanned(decay, inputs, reverse)
    return states, (decay, states)


def _backward(reverse: bool, saved: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
    decay, states = saved
    of_inputs = _scanned(_step_later(decay, not reverse), cotangent, not reverse)
    return of_inputs * _step_later(states, reverse), of_inputs


_recurrence = jax.custom_vjp(_scanned, nondiff_argnums=(2,))
_recurrence.defvjp(_forward, _backward)


def _step_later(x: Array, reverse: bool) -> Array:
    """Return x (features, time, batch) one step later, or earlier where reverse, filled with 0."""
    if reverse:
        return jnp.pad(x[:, 1:], ((0, 0), (0, 1), (0, 0)))
    return jnp.pad(x[:, :-1], ((0, 0), (1, 0), (0, 0)))


@cache
def mingru(
    *,
    hidden: int = 24,
    num_layers: int = 2,
    num_inputs: int = 40,
    num_outputs: int = 10,
    num_features: int = 1,
) -> Model:
    """MinGRU (Feng et al. 2024, arXiv 2410.01201): gates depend on the input only, so the
    recurrence is linear and runs in parallel. Each layer reads both directions, mixes features and
    has a residual connection; then an average over time."""
    del num_inputs
    names = [f"layer{i + 1}" for i in range(num_layers)]

    def init(key: Array) -> Params:
        first, last, *keys = random.split(key, 2 + 2 * num_layers)
        params = {
            "encoder": dense_init(first, num_features, hidden),
            "dense": dense_init(last, hidden, num_outputs),
        }
        for i, name in enumerate(names):
            params[name] = {
                "norm": norm_init(hidden),
                "gates": dense_init(keys[2 * i], hidden, 4 * hidden),
                "mix": dense_init(keys[2 * i + 1], 2 * hidden, hidden),
            }
        return params

    def apply(params: Params, x: Array) -> Array:
        h = mixed(params["encoder"], time_steps(x, num_features).swapaxes(0, 1))
        for name in names:
            layer = params[name]
            updates, values = jnp.split(mixed(layer["gates"], layer_norm(layer["norm"], h)), 2)
            update = jax.nn.sigmoid(updates)  # (2 * hidden, time, batch): forwards and backwards
            decay, inputs = 1 - update, update * values
            forward = linear_recurrence(decay[:hidden], inputs[:hidden])
            backward = linear_recurrence(decay[hidden:], inputs[hidden:], True)
            h = h + mixed(layer["mix"], jax.nn.gelu(jnp.concatenate([forward, backward])))
        return dense(params["dense"], h.mean(axis=1).T)

    return Model(init, apply)
