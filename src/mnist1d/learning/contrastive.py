"""SimCLR for signals: an encoder with a projector, random views, and the contrastive loss on pairs
of views (Chen et al., ICML 2020, arXiv 2002.05709)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax, random

from mnist1d.learning.batches import permutation
from mnist1d.learning.layers import (
    Params,
    PyTree,
    conv1d,
    conv1d_init,
    conv1d_time,
    dense,
    dense_init,
)
from mnist1d.learning.models import CNN_LAYERS

CHANNELS = 25
NUM_SHIFTS = 10  # a view is shifted by 0 to 9 points
SLOPE_STD, OFFSET_STD = 0.04, 0.3  # of the new slope, per point, and of the new offset

Encoder = tuple[list[Params], list[Params]]  # convolutions, projector
Layers = Callable[[Encoder, Array], list[Array]]


def encoder(projector: Sequence[int], num_inputs: int) -> tuple[Callable[[Array], Encoder], Layers]:
    """Return init(key) -> params and layers(params, x (batch, time)) -> every layer's output
    (batch, features), after its relu: the CNN's three convolutions, then linear layers of these
    sizes.

    The last layer of a projector is linear; without a projector, the last convolution keeps its
    relu.
    """

    def init(key: Array) -> Encoder:
        keys = random.split(key, len(CNN_LAYERS) + len(projector))
        convs = [
            conv1d_init(keys[i], CHANNELS if i else 1, CHANNELS, kernel)
            for i, (kernel, _, _) in enumerate(CNN_LAYERS)
        ]
        time = num_inputs
        for layer in CNN_LAYERS:
            time = conv1d_time(time, *layer)
        widths = [CHANNELS * time, *projector]
        sizes = zip(keys[len(CNN_LAYERS) :], widths, projector, strict=False)
        return convs, [dense_init(key, a, b) for key, a, b in sizes]

    def layers(params: Encoder, x: Array) -> list[Array]:
        h, outputs = x.T[None], []  # (1, time, batch)
        for (_, stride, padding), conv in zip(CNN_LAYERS, params[0], strict=True):
            h = jax.nn.relu(conv1d(conv, h, stride=stride, padding=padding))
            outputs.append(h.reshape(-1, h.shape[2]).T)
        for i, layer in enumerate(params[1]):
            h = dense(layer, outputs[-1])
            outputs.append(h if i == len(projector) - 1 else jax.nn.relu(h))
        return outputs

    return init, layers


def simclr(
    layers: Layers, *, num_epochs: int, batch_size: int, learning_rate: float, temperature: float
) -> Callable[[Array, Encoder, Array], tuple[Encoder, Array]]:
    """Return train(key, params, x (n, time)) -> params, the mean loss of each epoch (epochs,)."""
    optimizer = optax.adam(learning_rate)

    def loss_of(params: Encoder, x: Array, key: Array) -> Array:
        pair = jnp.concatenate([view(key, x) for key in random.split(key)])  # (2 batch, time)
        a, b = jnp.split(layers(params, pair)[-1], 2)
        return info_nce(a, b, temperature)

    def train(key: Array, params: Encoder, x: Array) -> tuple[Encoder, Array]:
        n, size = len(x), min(batch_size, len(x))

        def step(state: PyTree, batch: tuple[Array, Array]) -> tuple[PyTree, Array]:
            params, moments = state
            rows, key = batch
            loss, grads = jax.value_and_grad(loss_of)(params, x[rows], key)
            updates, moments = optimizer.update(grads, moments)
            return (optax.apply_updates(params, updates), moments), loss

        def epoch(state: PyTree, key: Array) -> tuple[PyTree, Array]:
            order_key, views_key = random.split(key)
            orders = permutation(order_key, n)[: n // size * size]
            orders = orders.reshape(-1, size)  # (steps, batch)
            state, losses = lax.scan(step, state, (orders, random.split(views_key, len(orders))))
            return state, losses.mean()

        start = params, optimizer.init(params)
        (params, _), losses = lax.scan(epoch, start, random.split(key, num_epochs))
        return params, losses

    return train


def view(key: Array, x: Array) -> Array:
    """Return one random view of each signal of x (batch, time): without its mean and slope,
    shifted, with a new slope and offset."""
    batch, length = x.shape
    ramp = jnp.arange(length) - (length - 1) / 2
    x = x - x.mean(axis=1, keepdims=True)
    x = x - (x @ ramp / (ramp @ ramp))[:, None] * ramp
    shift_key, slope_key, offset_key = random.split(key, 3)
    shifts = random.randint(shift_key, (batch,), 0, NUM_SHIFTS)
    x = jax.vmap(jnp.roll)(x, shifts)
    slope = random.normal(slope_key, (batch, 1)) * SLOPE_STD
    offset = random.normal(offset_key, (batch, 1)) * OFFSET_STD
    return x + slope * ramp + offset


def info_nce(a: Array, b: Array, temperature: float) -> Array:
    """Return the mean negative log-probability that row i of a (batch, features) picks row i of b,
    by cosine similarity."""
    a, b = (z / jnp.sqrt(jnp.square(z).sum(axis=1, keepdims=True) + 1e-12) for z in (a, b))
    return -jnp.diagonal(jax.nn.log_softmax(a @ b.T / temperature)).mean()
