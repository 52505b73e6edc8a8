"""Networks of any width, computed inside one wide network whose other units are masked, so that one
compiled program serves all widths."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
from jax import Array, random

from mnist1d.learning.layers import Params, dense, dense_init
from mnist1d.learning.model import Model


@cache
def plain_mlp(width: int, *, num_inputs: int = 40, num_outputs: int = 10) -> Model:
    """Return an MLP with two hidden layers of equal width (relu), without a residual connection;
    cached, so that equal sizes compile once."""
    sizes = (num_inputs, width, width, num_outputs)

    def init(key: Array) -> Params:
        return {
            f"dense{i + 1}": dense_init(k, *sizes[i : i + 2])
            for i, k in enumerate(random.split(key, 3))
        }

    def apply(params: Params, x: Array) -> Array:
        for layer in ("dense1", "dense2"):
            x = jax.nn.relu(dense(params[layer], x))
        return dense(params["dense3"], x)

    return Model(init, apply)


def narrowed(
    make: Callable[[int], Model], units: int, params: Params, width: Array | float
) -> tuple[Params, Params]:
    """Turn the initial params of make(units), a network `units` wide, into those of one `width`
    wide: (params, mask). `width` may be traced; the mask keeps the network narrow in training.

    A masked unit has no weight in and no bias, gives relu(0) = 0, and its weights stay 0. What is
    left starts as in a network of that width: uniform in ± 1/sqrt(fan_in), its own fan_in.
    """
    one = jax.eval_shape(make(1).init, random.key(0))

    def mask_of(leaf: Array, single: jax.ShapeDtypeStruct) -> Array:
        mask = jnp.ones(leaf.shape)
        for axis, (size, each) in enumerate(zip(leaf.shape, single.shape, strict=True)):
            if size != each:  # an axis that grows with the width, by `each` entries per unit
                others = [a for a in range(leaf.ndim) if a != axis]
                mask *= jnp.expand_dims(jnp.arange(size) < width * each, others)
        return mask

    def scaled(layer: str, leaf: Array) -> Array:
        grows = params[layer]["w"].shape[-2] != one[layer]["w"].shape[-2]  # its fan_in
        return leaf * jnp.sqrt(units / width) if grows else leaf

    mask = jax.tree.map(mask_of, params, one)
    started = {
        layer: {name: scaled(layer, leaf) for name, leaf in of.items()}
        for layer, of in params.items()
    }
    return jax.tree.map(jnp.multiply, started, mask), mask
