"""Training and test signals of the endless stream, for studies that train on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from mnist1d.config import DataConfig

if TYPE_CHECKING:
    from jax import Array

TEST, TRAIN = 2**32 - 1, 2**31  # keys that no training run uses: seeds are small


@cache
def stream(data: DataConfig, batch_size: int) -> Callable[[Array], tuple[Array, Array]]:
    """Return the function from a key to a batch; cached, so that equal streams compile once."""
    from mnist1d.adapters.jax import sample

    return lambda key: sample(key, batch_size, data)


def held_out_signals(data: DataConfig, n: int, seed: int) -> tuple[Array, Array]:
    """Return n signals, x (n, time) and y (n,), that no training run uses, whatever its seed."""
    import jax

    from mnist1d.adapters.jax import sample

    return sample(jax.random.key(TEST - seed), n, data)


def finite_signals(data: DataConfig, n: int, seed: int) -> tuple[Array, Array]:
    """Return a finite training set of n signals, drawn as the stream's are."""
    import jax

    from mnist1d.adapters.jax import sample

    return sample(jax.random.key(TRAIN + seed), n, data)
