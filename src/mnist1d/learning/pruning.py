"""Iterative pruning, and the training of a pruned MLP at the size that its mask leaves.

A hidden unit whose value is always 0, or that no later unit reads, does not change the output and
gets no gradient. Training can leave it out, with less work and the result of the full network up to
rounding. At 92% sparsity only a third of the second layer is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mnist1d.learning.layers import Params, dense
from mnist1d.learning.masks import joined, lowest_dropped, sparsity_of, split_off
from mnist1d.learning.models import mlp
from mnist1d.learning.training import Fit, Settings, Split, make_fit

# Sizes are rounded up to a tenth of the full one, so few programs serve all masks; 1: no rounding
PARTS = 10
METRICS = ("train_acc", "test_acc", "train_loss", "test_loss", "sparsity")


def prune(
    train: Callable[[Params, Params], Fit],
    initial: Params,
    sparsities: np.ndarray,
    wanted: int,
    rng: np.random.Generator | None = None,
) -> tuple[dict[str, np.ndarray], Params]:
    """Prune, rewind and train once per round with train(params, mask), whose snapshot is scored.

    sparsities (rounds,): the fraction of weights dropped from each layer. rng: score at random
    instead of by magnitude. Returns the METRICS at the end of each round, (rounds,) each, and the
    masks of the round `wanted`.
    """
    scored, chosen = initial, initial
    metrics: dict[str, list[float]] = {name: [] for name in METRICS}
    for i, sparsity in enumerate(sparsities):
        scores = {layer: np.abs(joined(params)) for layer, params in scored.items()}
        if rng is not None:
            scores = {layer: rng.random(s.shape, np.float32) for layer, s in scores.items()}
        masks = {layer: split_off(lowest_dropped(s, sparsity)) for layer, s in scores.items()}
        fit = train(initial, masks)  # masked from the first step, thus rewound
        scored = jax.tree.map(np.asarray, fit.snapshot)
        for name, values in fit.curves.items():
            metrics[name].append(float(values[-1]))
        metrics["sparsity"].append(sparsity_of(masks))
        if i == wanted:
            chosen = masks
    return {name: np.array(values) for name, values in metrics.items()}, chosen


class PrunedTraining:
    """Call it with (seed, split, params, mask) to train `models.mlp` on splits of one shape;
    returns a Fit in the shapes of the full network, as NumPy arrays.

    Each new size compiles a program; compile_seconds is the time spent on that so far.
    """

    def __init__(self, settings: Settings, parts: int = PARTS):
        self.fit, self.parts = make_fit(SLIM, settings), parts
        self.programs: dict[tuple[int, int], jax.stages.Compiled] = {}
        self.compile_seconds = 0.0

    def __call__(self, seed: int, split: Split, params: Params, mask: Params) -> Fit:
        params, order, second = jax.device_get(params), *ordered_units(mask, self.parts)
        started, masked_at = slim(params, order, second), slim(mask, order, second)
        arguments = (jax.random.key(seed), split, started, masked_at)
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
    """Return which hidden units change the output under a mask, and which of them do so through the
    second layer too: (hidden,) bool each."""
    first, second, third = (mask[f"dense{i}"] for i in (1, 2, 3))
    read = third["w"].any(axis=1)
    has_second = (second["w"].any(axis=0) | (second["b"] != 0)) & read
    has_first = first["w"].any(axis=0) | (first["b"] != 0)
    return has_second | (has_first & (read | second["w"][:, has_second].any(axis=1))), has_second


def ordered_units(mask: Params, parts: int = PARTS) -> tuple[np.ndarray, int]:
    """Return the units that change the output, those with a second layer first, padded to a round
    size with the number `hidden`, a unit of zeros; and how many of them get a second layer, rounded
    up too."""
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
    """Return `full` with the weights of the ordered units replaced by `part`: the inverse of
    `slim`."""
    padded = _padded(full)
    for layer, places in _places(order, second).items():
        for name, at in places.items():
            padded[layer][name][at] = part[layer][name]
    return {
        layer: {name: padded[layer][name][tuple(map(slice, a.shape))] for name, a in p.items()}
        for layer, p in full.items()
    }


def _places(order: np.ndarray, second: int) -> dict[str, dict[str, object]]:
    """Return the places of the ordered units' weights in the full arrays."""
    return {
        "dense1": {"w": np.s_[:, order], "b": order},
        "dense2": {"w": np.ix_(order, order[:second]), "b": order[:second]},
        "dense3": {"w": order, "b": np.s_[:]},
    }


def _padded(params: Params) -> Params:
    """Return a copy with one more hidden unit, whose weights are 0."""
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


SLIM = mlp()._replace(apply=_apply)  # of any size: that of its parameters
