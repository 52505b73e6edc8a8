"""Building blocks of networks: pairs of pure functions, `*_init(key, sizes) -> params` and the
layer.

Initial values follow PyTorch: weights and biases are uniform in +- 1/sqrt(fan_in) (recurrent
layers: hidden size).
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, random

from mnist1d.errors import UsageError

PyTree = Any  # JAX's name for containers of arrays nested in any way; JAX does not type them
Params = PyTree  # the weights of a model


def uniform_init(key: Array, shape: tuple[int, ...], fan: int) -> Array:
    """Return float32 weights uniform in +- 1/sqrt(fan)."""
    bound = fan**-0.5
    flat = random.uniform(
        key, (math.prod(shape),), jnp.float32, -bound, bound
    )  # the same numbers, half the time to compile
    return flat.reshape(shape)


def dense_init(key: Array, num_inputs: int, num_outputs: int) -> Params:
    """Return the parameters of `dense`: w (inputs, outputs), b (outputs,)."""
    both = uniform_init(
        key, (num_inputs + 1, num_outputs), num_inputs
    )  # one draw: each costs 0.1 s of compile time
    return {"w": both[:-1], "b": both[-1]}


def dense(params: Params, x: Array) -> Array:
    """Map x (..., inputs) to (..., outputs)."""
    return x @ params["w"] + params["b"]


def conv1d_init(key: Array, num_inputs: int, num_outputs: int, kernel: int) -> Params:
    """Return the parameters of `conv1d`: w (kernel, inputs, outputs), b (outputs,); the fan-in is
    kernel * inputs."""
    fan_in = kernel * num_inputs
    both = uniform_init(key, (fan_in + 1, num_outputs), fan_in)
    return {"w": both[:-1].reshape(kernel, num_inputs, num_outputs), "b": both[-1]}


def conv1d(
    params: Params, x: Array, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Array:
    """Convolve x (inputs, time, batch), zero-padded in time on both sides, into (outputs, new time,
    batch).

    Computed as patches and one matrix product, features first and batch last. On a CPU this takes
    half the time of the usual layout; XLA's own convolution takes many times as long.
    """
    kernel, num_inputs, num_outputs = params["w"].shape
    new_time = conv1d_time(x.shape[1], kernel, stride, padding, dilation)
    x = jnp.pad(x, ((0, 0), (padding, padding), (0, 0)))
    span = stride * (new_time - 1) + 1
    patches = jnp.stack(
        [x[:, i : i + span : stride] for i in range(0, dilation * kernel, dilation)]
    )  # (kernel, inputs, new time, batch)
    out = params["w"].reshape(kernel * num_inputs, num_outputs).T @ patches.reshape(
        kernel * num_inputs, -1
    )
    return out.reshape(num_outputs, new_time, -1) + params["b"][:, None, None]


def conv1d_time(
    time: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Return the number of time steps after `conv1d`; UsageError if there is none."""
    least = dilation * (kernel - 1) + 1 - 2 * padding
    if time < least:
        rule = f"a convolution with a kernel of {kernel} needs at least {least} points here"
        raise UsageError(f"{rule}, got {time}: choose a longer signal")
    return (time - least) // stride + 1


def mixed(params: Params, x: Array) -> Array:
    """Map the features of x (inputs, ...) to (outputs, ...) at every position, with the parameters
    of `dense`."""
    out = params["w"].T @ x.reshape(len(x), -1)
    return out.reshape(-1, *x.shape[1:]) + params["b"].reshape(-1, *(1,) * (x.ndim - 1))


def time_steps(x: Array, num_features: int) -> Array:
    """Return signals x (batch, time * features) as (time, features, batch)."""
    return x.T.reshape(-1, num_features, len(x))


def gru_init(key: Array, num_inputs: int, hidden: int) -> Params:
    """Return the parameters of `gru`, gates in PyTorch's order (reset, update, new) along the first
    axis.

    w_input (3 * hidden, inputs), w_hidden (3 * hidden, hidden), b_input and b_hidden (3 * hidden,);
    all +- 1/sqrt(hidden).
    """
    all_in_one = uniform_init(key, (3 * hidden, num_inputs + hidden + 2), hidden)
    w_input, w_hidden, biases = jnp.split(all_in_one, [num_inputs, num_inputs + hidden], axis=1)
    return {
        "w_input": w_input,
        "w_hidden": w_hidden,
        "b_input": biases[:, 0],
        "b_hidden": biases[:, 1],
    }


def gru(params: Params, x: Array) -> Array:
    """Run PyTorch's GRU cell over x (time, inputs, batch) from a zero state; return all states
    (time, hidden, batch).

    Features come first and the batch last, so a step works on a few long rows instead of many short
    rows.
    """
    hidden = params["w_hidden"].shape[1]
    b_input, b_hidden = params["b_input"][:, None], params["b_hidden"][:, None]

    def cell(h: Array, x: Array) -> tuple[Array, Array]:
        from_input = (
            params["w_input"] @ x + b_input
        )  # (3 * hidden, batch); computed here, not in advance, so it stays in the cache
        from_hidden = params["w_hidden"] @ h + b_hidden
        gates = jax.nn.sigmoid(from_input[: 2 * hidden] + from_hidden[: 2 * hidden])
        reset, update = gates[:hidden], gates[hidden:]
        new = jnp.tanh(from_input[2 * hidden :] + reset * from_hidden[2 * hidden :])
        h = new + update * (h - new)
        return h, h

    start = jnp.zeros((hidden, x.shape[2]), x.dtype)
    return jax.lax.scan(cell, start, x)[1]


def bidirectional_gru(forward: Params, backward: Params, x: Array) -> Array:
    """Run one GRU forward and one backward over x (time, inputs, batch); return their states (time,
    2 * hidden, batch).

    Both run as one GRU of twice the size with block-diagonal weights, because the steps are too
    short for two scans to be faster.
    """
    hidden = forward["w_hidden"].shape[1]
    both = {name: _joined(forward[name], backward[name]) for name in forward}
    states = gru(both, jnp.concatenate([x, x[::-1]], axis=1))
    return jnp.concatenate([states[:, :hidden], states[::-1, hidden:]], axis=1)


def _joined(a: Array, b: Array) -> Array:
    """Join weights (3 * hidden, inputs) block-diagonally within each gate, or biases (3 * hidden,)
    end to end."""
    a, b = a.reshape(3, -1, *a.shape[1:]), b.reshape(3, -1, *b.shape[1:])
    if a.ndim == 2:
        return jnp.concatenate([a, b], axis=1).reshape(-1)
    return jax.vmap(jax.scipy.linalg.block_diag)(a, b).reshape(a.shape[0] * 2 * a.shape[1], -1)
