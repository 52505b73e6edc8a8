"""Evaluation: loss, accuracy and predictions of a model on all signals of a split."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax import Array, lax

from mnist1d.learning.batches import Split
from mnist1d.learning.losses import accuracy

if TYPE_CHECKING:
    from mnist1d.learning.layers import Params
    from mnist1d.learning.model import Model
    from mnist1d.learning.training import Probe

EVAL_CHUNK = 1000  # signals evaluated at once: limits memory and fits in the processor's cache


def predict(logits: Array, labels: Array, confidence_of: Callable[[Array], Array]) -> Array:
    """Return the predictions of n signals, (3, n) uint8: the predicted class, the confidence in it
    in units of 1/255, the label."""
    confidence = jnp.round(255 * confidence_of(logits)).astype(jnp.uint8)
    return jnp.stack(
        [jnp.argmax(logits, axis=-1).astype(jnp.uint8), confidence, labels.astype(jnp.uint8)]
    )


def apply_in_chunks(apply: Callable[[Array], Array], x: Array, chunk: int = EVAL_CHUNK) -> Array:
    """Return apply(x) for x (n, time), `chunk` rows at a time."""
    n = len(x)
    num_chunks = -(-n // chunk)
    if num_chunks == 1:
        return apply(x)
    padded = jnp.pad(x, ((0, num_chunks * chunk - n), (0, 0)))
    outputs = lax.map(apply, padded.reshape(num_chunks, chunk, -1))  # (chunks, chunk, ...)
    return outputs.reshape(num_chunks * chunk, *outputs.shape[2:])[:n]


def evaluate(
    apply: Callable[[Array], Array],
    split: Split,
    loss_of: Callable[[Array, Array], Array],
    confidence_of: Callable[[Array], Array],
) -> tuple[dict[str, Array], Array]:
    """Return loss and accuracy on both parts, and the predictions on the test signals."""
    logits = apply_in_chunks(apply, jnp.concatenate([split.x, split.x_test]))
    on_train, on_test = logits[: len(split.x)], logits[len(split.x) :]
    curves = {}
    for part, outputs, labels in (
        ("train", on_train, split.y),
        ("test", on_test, split.y_test),
    ):
        curves |= {
            f"{part}_loss": loss_of(outputs, labels),
            f"{part}_acc": accuracy(outputs, labels),
        }
    return curves, predict(on_test, split.y_test, confidence_of)


@cache
def soft_errors(model: Model) -> Probe:
    """Return the probe that measures the soft error, 1 minus the probability of the right class, on
    training and test signals."""

    def soft_error(params: Params, x: Array, y: Array) -> Array:
        p = jax.nn.softmax(apply_in_chunks(lambda chunk: model.apply(params, chunk), x))
        return 1 - jnp.mean(jnp.sum(jax.nn.one_hot(y, p.shape[1]) * p, axis=1))

    def probe(params: Params, split: Split) -> dict[str, Array]:
        return {
            "train_soft_error": soft_error(params, split.x, split.y),
            "test_soft_error": soft_error(params, split.x_test, split.y_test),
        }

    return probe
