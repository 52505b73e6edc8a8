"""Networks of any width, computed inside one wide network whose other units are masked, so that one
compiled program serves all widths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Protocol, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, random

from mnist1d.dataset import Dataset
from mnist1d.learning.compilation import Timed, jit_once, timed_each
from mnist1d.learning.layers import Params, dense, dense_init
from mnist1d.learning.model import Model
from mnist1d.learning.models import cnn
from mnist1d.learning.training import FitFunction, Settings, Split, make_fit

Metrics = dict[str, Array]  # loss and accuracy, train and test, at the end of training


@cache
def plain_mlp(width: int, *, num_inputs: int = 40, num_outputs: int = 10) -> Model:
    """Return an MLP with two hidden layers of equal width (relu), without a residual connection.

    Cached: equal sizes compile once.
    """
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


def network(name: str, width: int, num_inputs: int = 40) -> Model:
    """Return the benchmark's CNN with `width` channels, or a plain MLP with `width` units."""
    if name == "cnn":
        return cnn(channels=width, num_inputs=num_inputs)
    return plain_mlp(width, num_inputs=num_inputs)


def narrowed(
    make: Callable[[int], Model], units: int, params: Params, width: Array | float
) -> tuple[Params, Params]:
    """Convert the initial params of make(units), a network `units` wide, into those of a network
    `width` wide: (params, mask). `width` may be traced; the mask keeps the network narrow during
    training.

    A masked unit has no incoming weight and no bias, so its value is relu(0) = 0 and its weights
    stay 0. The other units start as in a network of that width: uniform in ± 1/sqrt(fan_in), with
    the fan_in of the narrow network.
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


class Program(Protocol):
    """What `_epochs_program` compiles."""

    def __call__(
        self, seed: int, data: Dataset, width: int, learning_rate: float
    ) -> tuple[Metrics, Array]:
        """Train one width; return metrics and predictions (3, test signals), as NumPy arrays."""
        ...


def train_epochs(
    name: str,
    width: int,
    units: int,
    seeds: Sequence[int],
    sets: Sequence[Dataset],
    *,
    num_epochs: int,
    batch_size: int,
    learning_rate: float,
) -> Timed:
    """Train a `network` of a width, computed with `units`, from every seed on its own data set: SGD
    with momentum, in a new order every epoch. Results: metrics and predictions (3, test signals).

    One program per device serves all widths of equal `units`.
    """
    sizes = num_epochs, batch_size, sets[0].x.shape, sets[0].x_test.shape

    def prepare(device: object) -> Callable[[tuple[int, Dataset]], tuple[Metrics, Array]]:
        program = _epochs_program(name, units, *sizes, device)
        return lambda each: program(*each, width, learning_rate)

    return timed_each(prepare, list(zip(seeds, sets, strict=True)))


@cache
def _epochs_program(
    name: str,
    units: int,
    num_epochs: int,
    batch_size: int,
    shape: tuple[int, int],
    test_shape: tuple[int, int],
    device: object,
) -> Program:
    """Compile the training of every `network` with this name that is at most `units` wide, for the
    default device, `device`. shape, test_shape: of the training and test signals."""
    del device  # each has programs of its own
    make = partial(network, name, num_inputs=shape[1])
    num_steps = num_epochs * max(1, shape[0] // batch_size)
    settings = Settings(
        num_steps, batch_size, optimizer="momentum", eval_every=num_steps, reshuffle=True
    )
    model = make(units)
    fit = make_fit(model, settings)

    @jit_once
    def start(seed: Array, width: Array) -> tuple[Params, Params]:
        params = model.init(random.fold_in(random.key(seed), 0))
        return narrowed(make, units, params, width)

    def one(
        seed: Array, params: Params, mask: Params, split: Split, rate: Array
    ) -> tuple[Metrics, Array]:
        return _at_the_end(fit, random.key(seed), split, params, mask, rate)

    def of(shape: tuple[int, ...], dtype: type = jnp.float32) -> Array:
        return cast(Array, jax.ShapeDtypeStruct(shape, dtype))

    sizes = (shape, shape[:1], test_shape, test_shape[:1])
    parts = map(of, sizes, (jnp.float32, jnp.int32, jnp.float32, jnp.int32))
    split, seed, number = Split(*parts), of((), jnp.int32), of(())
    started = jax.eval_shape(start, seed, number)
    compiled = jax.jit(one).lower(seed, *started, split, number).compile()
    begin = start.lower(seed, number).compile()

    def train(seed: int, data: Dataset, width: int, learning_rate: float) -> tuple[Metrics, Array]:
        params, mask = begin(np.int32(seed), np.float32(width))
        rate = np.float32(learning_rate)
        found = compiled(np.int32(seed), params, mask, Split.of(data), rate)
        return jax.tree.map(np.asarray, found)

    return train


FEWEST_UNITS = 32  # below, a narrower group would cost more to compile than it saves


def groups_of(widths: np.ndarray) -> dict[int, np.ndarray]:
    """Return ascending widths in groups, by the units that are computed for each width of a group:
    as many as the widest, half as many, and so on.

    Padded to the widest, a geometric row of widths costs several times its own operations.
    """
    units = [int(widths[-1])]
    while units[0] > FEWEST_UNITS:
        units.insert(0, units[0] // 2)
    group = np.searchsorted(units, widths)
    return {units[i]: widths[group == i] for i in np.unique(group)}


def narrow_groups(
    make: Callable[[int], Model], widths: np.ndarray, params: Params
) -> list[tuple[Params, Params]]:
    """Return (params, masks) of each of `groups_of(widths)`, with a leading widths axis: the
    networks that start from the initial params of the widest."""
    widest = int(widths[-1])

    def of_width(units: int, width: Array) -> tuple[Params, Params]:
        wide = narrowed(make, widest, params, width)
        shapes = jax.eval_shape(make(units).init, random.key(0))
        return jax.tree.map(lambda a, s: a[tuple(map(slice, s.shape))], wide, (shapes, shapes))

    return [
        jax.vmap(partial(of_width, units))(jnp.asarray(of))
        for units, of in groups_of(widths).items()
    ]


def widths_at_once(
    fit: FitFunction,
    rates: np.ndarray,
    key: Array,
    split: Split,
    groups: Sequence[tuple[Params, Params]],
) -> tuple[Metrics, Array]:
    """Train all widths of all groups; metrics and predictions have a leading widths axis.

    rates (steps,): the learning rate of each step. groups: as from `narrow_groups`.
    """
    rate = jnp.asarray(rates, jnp.float32)
    each = jax.vmap(lambda params, mask: _at_the_end(fit, key, split, params, mask, rate))
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *(each(*of) for of in groups))


def _at_the_end(
    fit: FitFunction, key: Array, split: Split, params: Params, mask: Params, rate: Array
) -> tuple[Metrics, Array]:
    found = fit(key, split, params=params, mask=mask, learning_rate=rate)
    return {name: curve[-1] for name, curve in found.curves.items()}, found.predictions
