"""Training of a pruned MLP at the size of what its mask leaves: the full network's result up to
rounding, with less work.

A hidden unit whose value is always 0, or which nothing reads, changes no output, and nothing
changes its weights: it can be left out of training, and its weights stay as they were. At 92 %
sparsity a third of the second layer is what counts.
"""

from __future__ import annotations

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mnist1d.learning.layers import Params, dense
from mnist1d.learning.models import mlp
from mnist1d.learning.training import Fit, Settings, Split, make_fit

PARTS = 10  # sizes are rounded up to a tenth of the full one, so that few programs serve all masks; 1: always the full one


class PrunedTraining:
    """f(seed, split, params, mask) -> Fit in the full network's shapes, as NumPy arrays, for
    `models.mlp` and splits of one shape.

    Programs are compiled as sizes come up; compile_seconds says how long that took so far.
    """

    def __init__(self, settings: Settings, parts: int = PARTS):
        self.fit, self.parts, self.programs, self.compile_seconds = (
            make_fit(SLIM, settings),
            parts,
            {},
            0.0,
        )

    def __call__(self, seed: int, split: Split, params: Params, mask: Params) -> Fit:
        params, order, second = jax.device_get(params), *ordered_units(mask, self.parts)
        arguments = (
            jax.random.key(seed),
            split,
            slim(params, order, second),
            slim(mask, order, second),
        )
        fit = jax.device_get(self._program((len(order), second), arguments)(*arguments))
        masked = jax.tree.map(np.multiply, params, mask)
        return fit._replace(
            params=restored(masked, fit.params, order, second),
            snapshot=fit.snapshot and restored(masked, fit.snapshot, order, second),
        )

    def _program(self, sizes: tuple[int, int], arguments: tuple) -> jax.stages.Compiled:
        if sizes not in self.programs:
            begin = time.perf_counter()
            program = jax.jit(
                lambda key, split, params, mask: self.fit(key, split, params=params, mask=mask)
            )
            self.programs[sizes] = program.lower(*arguments).compile()
            self.compile_seconds += time.perf_counter() - begin
        return self.programs[sizes]


def used_units(mask: Params) -> tuple[np.ndarray, np.ndarray]:
    """Return which hidden units count under a mask, and which of them through the second layer too:
    (hidden,) bool each."""
    first, second, third = (mask[f"dense{i}"] for i in (1, 2, 3))
    read = third["w"].any(axis=1)
    has_second = (second["w"].any(axis=0) | (second["b"] != 0)) & read
    has_first = first["w"].any(axis=0) | (first["b"] != 0)
    return has_second | (has_first & (read | second["w"][:, has_second].any(axis=1))), has_second


def ordered_units(mask: Params, parts: int = PARTS) -> tuple[np.ndarray, int]:
    """Return the units that count, those with a second layer first, filled up to a round size by
    `hidden`, a unit of zeros; and how many of them get a second layer, rounded up too."""
    used, second = used_units(mask)
    hidden = len(used)
    part = max(1, hidden // parts)
    size, num_second = (
        min(hidden, -(-max(n, 1) // part) * part) for n in (used.sum(), second.sum())
    )
    order = np.concatenate([np.flatnonzero(second), np.flatnonzero(used & ~second)])
    return np.pad(order, (0, size - len(order)), constant_values=hidden), num_second


def slim(params: Params, order: np.ndarray, second: int) -> Params:
    """Return the part of an MLP's parameters, or of its mask, that belongs to the ordered units."""
    padded = _padded(params)
    return {
        layer: {name: padded[layer][name][at] for name, at in places.items()}
        for layer, places in _places(order, second).items()
    }


def restored(full: Params, part: Params, order: np.ndarray, second: int) -> Params:
    """Return `full` with the weights of the ordered units put back: the inverse of `slim`."""
    padded = _padded(full)
    for layer, places in _places(order, second).items():
        for name, at in places.items():
            padded[layer][name][at] = part[layer][name]
    return {
        layer: {name: padded[layer][name][tuple(map(slice, a.shape))] for name, a in p.items()}
        for layer, p in full.items()
    }


def _places(order: np.ndarray, second: int) -> dict[str, dict[str, Any]]:
    """Return where the ordered units' weights lie in the full arrays."""
    return {
        "dense1": {"w": np.s_[:, order], "b": order},
        "dense2": {"w": np.ix_(order, order[:second]), "b": order[:second]},
        "dense3": {"w": order, "b": np.s_[:]},
    }


def _padded(params: Params) -> Params:
    """Return a copy with one more hidden unit, of zeros."""
    room = {"dense1": ((0, 0), (0, 1)), "dense2": ((0, 1), (0, 1)), "dense3": ((0, 1), (0, 0))}
    return {
        layer: {"w": np.pad(params[layer]["w"], w), "b": np.pad(params[layer]["b"], w[1])}
        for layer, w in room.items()
    }


def _apply(params: Params, x: Array) -> Array:
    h = jax.nn.relu(dense(params["dense1"], x))
    second = jax.nn.relu(dense(params["dense2"], h))
    h = h + jnp.pad(second, ((0, 0), (0, h.shape[1] - second.shape[1])))  # the first units have one
    return dense(params["dense3"], h)


SLIM = mlp()._replace(apply=_apply)  # sizes are those of the parameters that it is given
