"""Losses and accuracy; all take logits (batch, classes) and labels, and return a mean over the
batch.

Labels are integers (batch,), or class probabilities (batch, classes). For such soft labels,
accuracy uses the most probable class.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array


def cross_entropy(logits: Array, labels: Array) -> Array:
    """Return the mean negative log-likelihood in nats; chance is log(classes).

    Args:
      logits: (batch, classes).
      labels: (batch,) whole numbers.

    Returns:
      A scalar.

    Examples:
      >>> import jax.numpy as jnp
      >>> round(float(cross_entropy(jnp.zeros((1, 10)), jnp.array([3]))), 3)
      2.303
    """
    return -jnp.mean(jnp.sum(_one_hot(logits, labels) * jax.nn.log_softmax(logits), axis=-1))


def mse(logits: Array, labels: Array) -> Array:
    """Return the mean squared distance to the one-hot label, summed over classes.

    Args:
      logits: (batch, classes).
      labels: (batch,) whole numbers.

    Returns:
      A scalar; chance is 1 - 1 / classes.

    Examples:
      >>> import jax.numpy as jnp
      >>> float(mse(jnp.zeros((1, 10)), jnp.array([3])))
      1.0
    """
    return jnp.mean(jnp.sum(jnp.square(logits - _one_hot(logits, labels)), axis=-1))


def accuracy(logits: Array, labels: Array) -> Array:
    """Return the fraction of signals whose largest logit is the label's.

    Args:
      logits: (batch, classes).
      labels: (batch,) whole numbers.

    Returns:
      A scalar in [0, 1].

    Examples:
      >>> import jax.numpy as jnp
      >>> float(accuracy(jnp.eye(2), jnp.array([0, 0])))
      0.5
    """
    hard = labels if labels.ndim == 1 else jnp.argmax(labels, axis=-1)
    return jnp.mean(jnp.argmax(logits, axis=-1) == hard, dtype=jnp.float32)


def _one_hot(logits: Array, labels: Array) -> Array:
    if labels.ndim == 2:
        return labels
    return jax.nn.one_hot(
        labels, logits.shape[-1], dtype=logits.dtype
    )  # indexing would need a scatter in the gradient


def softmax_confidence(logits: Array) -> Array:
    """Return the probability of the predicted class, for a network trained with cross-entropy.

    Args:
      logits: (batch, classes).

    Returns:
      Probabilities (batch,).

    Examples:
      >>> import jax.numpy as jnp
      >>> float(softmax_confidence(jnp.zeros((1, 4)))[0])
      0.25
    """
    return jax.nn.softmax(logits).max(axis=-1)


def clipped_confidence(outputs: Array) -> Array:
    """Return the largest output clipped to [0, 1], for a network trained with squared error.

    Args:
      outputs: (batch, classes); they estimate probabilities themselves.

    Returns:
      Confidences (batch,).

    Examples:
      >>> import jax.numpy as jnp
      >>> float(clipped_confidence(jnp.array([[0.2, 1.7]]))[0])
      1.0
    """
    return jnp.clip(outputs.max(axis=-1), 0, 1)


LOSSES = {"cross_entropy": cross_entropy, "mse": mse}
CONFIDENCES = {"cross_entropy": softmax_confidence, "mse": clipped_confidence}
