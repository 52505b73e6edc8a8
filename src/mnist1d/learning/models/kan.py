"""A Kolmogorov-Arnold network: learned functions of one variable on edges, sums on nodes."""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
from jax import Array, random

from mnist1d.learning.layers import Params, uniform_init
from mnist1d.learning.model import Model

ORDER = 3  # cubic splines


def splines(x: Array, low: float, high: float, num_intervals: int) -> Array:
    """Return the cubic B-splines on a uniform grid from low to high at x (features, batch):
    (features, num_intervals + 3, batch).

    Uses Cox and de Boor's recursion. Beyond the grid the splines fall to 0 within 3 intervals.
    """
    width = (high - low) / num_intervals
    num_cells = num_intervals + 2 * ORDER
    # In units of one interval, from the first knot
    place = ((x - low) / width + ORDER)[:, None]  # (features, 1, batch)
    cells = jnp.arange(num_cells, dtype=x.dtype)[:, None]
    basis = ((place >= cells) & (place < cells + 1)).astype(x.dtype)
    for order in range(1, ORDER + 1):
        count = num_cells - order
        start, end = cells[:count], cells[:count] + order + 1
        basis = ((place - start) * basis[:, :-1] + (end - place) * basis[:, 1:]) / order
    return basis


@cache
def kan(
    *,
    hidden: int = 32,
    num_intervals: int = 5,
    low: float = -3.0,
    high: float = 3.0,
    num_inputs: int = 40,
    num_outputs: int = 10,
) -> Model:
    """A Kolmogorov-Arnold network with one hidden layer (Liu et al. 2024, arXiv 2404.19756): each
    edge is a cubic spline on a fixed grid plus a multiple of SiLU."""
    sizes = ((num_inputs, hidden), (hidden, num_outputs))

    def init(key: Array) -> Params:
        params = {}
        for i, (inputs, outputs) in enumerate(sizes):
            base_key, spline_key, key = random.split(key, 3)
            count = num_intervals + ORDER
            params[f"layer{i + 1}"] = {
                "base": uniform_init(base_key, (outputs, inputs), inputs),
                "splines": 0.1 * uniform_init(spline_key, (outputs, inputs * count), inputs),
            }
        return params

    def apply(params: Params, x: Array) -> Array:
        h = x.T  # (features, batch)
        for layer in params.values():
            basis = splines(h, low, high, num_intervals).reshape(-1, h.shape[1])
            h = layer["base"] @ jax.nn.silu(h) + layer["splines"] @ basis
        return h.T

    return Model(init, apply)
