"""Batches: training and test signals as JAX arrays, and the signals of each step."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import jax.numpy as jnp
import numpy as np
from jax import Array, lax, random

from mnist1d.checks import show
from mnist1d.errors import UsageError

if TYPE_CHECKING:
    from mnist1d.learning.training import Settings

Sampler = Callable[[Array], tuple[Array, Array]]  # key -> x (batch, time), y (batch,)


class Signals(Protocol):
    """Training and test signals of any kind of array: a Dataset's, or images."""

    @property
    def x(self) -> np.ndarray: ...
    @property
    def y(self) -> np.ndarray: ...
    @property
    def x_test(self) -> np.ndarray: ...
    @property
    def y_test(self) -> np.ndarray: ...


class Split(NamedTuple):
    """Training and test signals as JAX arrays: x (n, time) float32, y (n,) int32."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array

    @classmethod
    def of(cls, data: Signals) -> Split:
        """Take x, y, x_test, y_test from a Dataset. Errors: UsageError for anything else."""
        as_x, as_y = partial(jnp.asarray, dtype=jnp.float32), partial(jnp.asarray, dtype=jnp.int32)
        try:
            return cls(as_x(data.x), as_y(data.y), as_x(data.x_test), as_y(data.y_test))
        except (AttributeError, TypeError, ValueError, OverflowError):
            rule = "data must be a Dataset, or have its arrays x, y, x_test and y_test"
            raise UsageError(f"{rule}; got {show(data)}") from None


def check_batch_size(size: int, num_signals: int) -> None:
    """Raise UsageError if a batch is larger than the training set."""
    if size > num_signals:
        rule = "batch_size must be at most the number of training signals"
        raise UsageError(f"{rule}, got {size} for {num_signals} signals")


def batches(key: Array, split: Split, settings: Settings) -> Callable[[Array], tuple[Array, Array]]:
    """Return the function from a step to its batch, x (batch, time) and y (batch,)."""
    n, size = len(split.x), settings.batch_size
    check_batch_size(size, n)
    if settings.reshuffle:
        per_epoch = n // size  # the remainder is dropped; it differs between epochs
        epochs = -(-settings.num_steps // per_epoch)
        orders = lax.map(partial(permutation, n=n), random.split(key, epochs))  # (epochs, n)
        rows = orders[:, : per_epoch * size].reshape(-1, size)  # (steps, batch)
        return lambda i: (split.x[rows[i]], split.y[rows[i]])
    wrap = size if n % size else 0  # a batch that reaches the end continues at the start
    x, y = (jnp.concatenate([a, a[:wrap]]) for a in (split.x, split.y))
    return lambda i: (
        lax.dynamic_slice_in_dim(x, i * size % n, size),
        lax.dynamic_slice_in_dim(y, i * size % n, size),
    )


def permutation(key: Array, n: int) -> Array:
    """Return jax.random.permutation(key, n), in a quarter of its time on a CPU.

    Both sort by random 32-bit keys, twice or more often. XLA is slow where it sorts pairs of keys
    and values and fast where it sorts numbers, so we sort by one half of the key at a time, each
    packed into one number with the position.
    """
    if n > 2**16:  # the position does not fit beside half a key
        return random.permutation(key, n)
    order = positions = jnp.arange(n)
    for _ in range(math.ceil(3 * math.log(n) / math.log(2**32 - 1))):
        key, subkey = random.split(key)
        keys, moves = random.bits(subkey, (n,)), positions
        for shift in (0, 16):  # the lower half, then the upper half: a stable sort by all bits
            half = keys[moves] >> shift << 16
            moves = moves[jnp.sort(half | positions.astype(half.dtype)) & 0xFFFF]
        order = order[moves]
    return order


def drawn(sampler: Sampler, key: Array) -> Callable[[Array], tuple[Array, Array]]:
    """Return the function from a step to its batch, drawn by the sampler."""
    return lambda i: sampler(random.fold_in(key, i))
