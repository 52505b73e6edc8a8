"""Losses and accuracy; all take logits (batch, classes) and labels, and return a mean over the
batch.

Labels are integers (batch,), or class probabilities (batch, classes): soft labels, whose accuracy
is that of the likeliest class.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array


def cross_entropy(logits: Array, labels: Array) -> Array:
    """Return the mean negative log-likelihood, in nats; chance is log(classes)."""
    return -jnp.mean(jnp.sum(_one_hot(logits, labels) * jax.nn.log_softmax(logits), axis=-1))


def mse(logits: Array, labels: Array) -> Array:
    """Return the mean squared distance to the one-hot label, summed over classes; chance is 1 -
    1/classes."""
    return jnp.mean(jnp.sum(jnp.square(logits - _one_hot(logits, labels)), axis=-1))


def accuracy(logits: Array, labels: Array) -> Array:
    """Return the share of signals whose largest logit is the label's, in [0, 1]."""
    hard = labels if labels.ndim == 1 else jnp.argmax(labels, axis=-1)
    return jnp.mean(jnp.argmax(logits, axis=-1) == hard, dtype=jnp.float32)


def _one_hot(logits: Array, labels: Array) -> Array:
    if labels.ndim == 2:
        return labels
    return jax.nn.one_hot(
        labels, logits.shape[-1], dtype=logits.dtype
    )  # indexing instead would scatter in the gradient


def softmax_confidence(logits: Array) -> Array:
    """Return the probability of the predicted class, (batch,), for a network trained with
    cross-entropy."""
    return jax.nn.softmax(logits).max(axis=-1)


def clipped_confidence(outputs: Array) -> Array:
    """Return the largest output, clipped to [0, 1], (batch,): with squared error, the outputs
    themselves estimate probabilities."""
    return jnp.clip(outputs.max(axis=-1), 0, 1)


LOSSES = {"cross_entropy": cross_entropy, "mse": mse}
CONFIDENCES = {"cross_entropy": softmax_confidence, "mse": clipped_confidence}
