"""Three convolutional networks of arXiv 2602.13348: residual, temporal, dilated.

The sizes come from the authors' published code (github.com/michael-beebe/mnist1d) and give the
paper's parameter counts: 26,250, 104,406 and 25,610. All three end in an average over time and a
linear layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import jax
from jax import Array, random

from mnist1d.learning.layers import (
    Params,
    conv1d,
    conv1d_init,
    dense,
    dense_init,
    time_steps,
)
from mnist1d.learning.model import Model
from mnist1d.learning.normalization import (
    Statistics,
    batch_norm,
    batch_norm_frozen,
    dropout,
    norm_init,
    statistics_init,
)

Norm = Callable[[str, Array], Array]  # the normalisation with that name, on (features, time, batch)
STEM = {"stride": 2, "padding": 3}  # of the first convolution, kernel 7


@cache
def resnet(
    *, channels: int = 64, num_inputs: int = 40, num_outputs: int = 10, num_features: int = 1
) -> Model:
    """A convolution of stride 2 and one residual block of two, batch normalisation after each.

    The published run stays in training mode, so its statistics come from the test set itself; ours
    are the running statistics of training.
    """
    del num_inputs

    def init_weights(key: Array) -> Params:
        keys = random.split(key, 4)
        return {
            "conv1": conv1d_init(keys[0], num_features, channels, 7),
            "conv2": conv1d_init(keys[1], channels, channels, 3),
            "conv3": conv1d_init(keys[2], channels, channels, 3),
            "dense": dense_init(keys[3], channels, num_outputs),
            **{name: norm_init(channels) for name in ("norm1", "norm2", "norm3")},
        }

    def forward(weights: Params, x: Array, norm: Norm, key: Array | None) -> Array:
        del key
        x = time_steps(x, num_features).swapaxes(0, 1)  # (features, time, batch)
        h = jax.nn.relu(norm("norm1", conv1d(weights["conv1"], x, **STEM)))
        inner = jax.nn.relu(norm("norm2", conv1d(weights["conv2"], h, padding=1)))
        h = jax.nn.relu(h + norm("norm3", conv1d(weights["conv3"], inner, padding=1)))
        return dense(weights["dense"], h.mean(axis=1).T)

    sizes = {name: channels for name in ("norm1", "norm2", "norm3")}
    return _with_batch_norm(init_weights, forward, sizes)


@cache
def tcn(
    *,
    channels: Sequence[int] = (64, 128, 10),
    dilations: Sequence[int] = (1, 1, 1),
    dropout_rate: float = 0.01,
    num_inputs: int = 40,
    num_outputs: int = 10,
    num_features: int = 1,
) -> Model:
    """A temporal convolutional network: a convolution of stride 2, then per level two convolutions
    with batch normalisation and dropout, with a residual connection around them.

    The published network has dilation 1 at every level and is not causal. Where a level changes the
    number of channels, its residual goes through a 1x1 convolution whose weights are redrawn at
    every call and never trained; here such a level has no residual.
    """
    del num_inputs
    levels = [
        (f"level{i + 1}", inputs, outputs, dilation)
        for i, (inputs, outputs, dilation) in enumerate(
            zip((channels[0], *channels), channels, dilations, strict=False)
        )
    ]
    sizes = {"norm": channels[0]}
    sizes |= {f"{name}_norm{i}": outputs for name, _, outputs, _ in levels for i in (1, 2)}

    def init_weights(key: Array) -> Params:
        stem_key, dense_key, *keys = random.split(key, 2 + 2 * len(levels))
        weights = {"stem": conv1d_init(stem_key, num_features, channels[0], 7)}
        for i, (name, inputs, outputs, _) in enumerate(levels):
            weights[f"{name}_conv1"] = conv1d_init(keys[2 * i], inputs, outputs, 3)
            weights[f"{name}_conv2"] = conv1d_init(keys[2 * i + 1], outputs, outputs, 3)
        weights["dense"] = dense_init(dense_key, channels[-1], num_outputs)
        return weights | {name: norm_init(size) for name, size in sizes.items()}

    def forward(weights: Params, x: Array, norm: Norm, key: Array | None) -> Array:
        x = time_steps(x, num_features).swapaxes(0, 1)  # (features, time, batch)
        h = jax.nn.relu(norm("norm", conv1d(weights["stem"], x, **STEM)))
        keys = iter(() if key is None else random.split(key, 2 * len(levels)))
        for name, inputs, outputs, dilation in levels:
            inner = h
            for i in (1, 2):
                place = {"padding": dilation, "dilation": dilation}
                inner = conv1d(weights[f"{name}_conv{i}"], inner, **place)
                inner = jax.nn.relu(norm(f"{name}_norm{i}", inner))
                if key is not None:
                    inner = dropout(next(keys), inner, dropout_rate)
            h = jax.nn.relu(h + inner) if inputs == outputs else inner
        return dense(weights["dense"], h.mean(axis=1).T)

    return _with_batch_norm(init_weights, forward, sizes)


@cache
def dilated_cnn(
    *,
    channels: int = 64,
    dilation: int = 2,
    num_inputs: int = 40,
    num_outputs: int = 10,
    num_features: int = 1,
) -> Model:
    """Three dilated convolutions, relu after each."""
    del num_inputs

    def init(key: Array) -> Params:
        keys = random.split(key, 4)
        return {
            "conv1": conv1d_init(keys[0], num_features, channels, 3),
            "conv2": conv1d_init(keys[1], channels, channels, 3),
            "conv3": conv1d_init(keys[2], channels, channels, 3),
            "dense": dense_init(keys[3], channels, num_outputs),
        }

    def apply(params: Params, x: Array) -> Array:
        h = time_steps(x, num_features).swapaxes(0, 1)  # (features, time, batch)
        for name in ("conv1", "conv2", "conv3"):
            h = jax.nn.relu(conv1d(params[name], h, padding=dilation, dilation=dilation))
        return dense(params["dense"], h.mean(axis=1).T)

    return Model(init, apply)


def _with_batch_norm(
    init_weights: Callable[[Array], Params],
    forward: Callable[[Params, Array, Norm, Array | None], Array],
    sizes: dict[str, int],
) -> Model:
    """Return the model whose state is the running statistics of each normalisation in `sizes`."""

    def init(key: Array) -> Params:
        return init_weights(key), {name: statistics_init(size) for name, size in sizes.items()}

    def apply(params: Params, x: Array) -> Array:
        weights, state = params
        return forward(
            weights, x, lambda name, h: batch_norm_frozen(weights[name], state[name], h), None
        )

    def train(params: Params, x: Array, key: Array) -> tuple[Array, dict[str, Statistics]]:
        weights, state = params
        seen: dict[str, Statistics] = {}

        def norm(name: str, h: Array) -> Array:
            h, seen[name] = batch_norm(weights[name], state[name], h)
            return h

        logits = forward(weights, x, norm, key)
        return logits, seen

    return Model(init, apply, train, stateful=True)
