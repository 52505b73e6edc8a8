"""The predictions of a trained model, and checks of their form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mnist1d.errors import UsageError

PROBABILITY_FLOOR = 1e-7  # smaller probabilities are raised to this, the observer's own resolution


class Answer(NamedTuple):
    """A model's predictions on n signals."""

    labels: np.ndarray  # (n,) int64
    probabilities: np.ndarray | None  # (n, classes) float64, None if the model returns none


def answer_of_logits(logits: np.ndarray, num_samples: int, classes: np.ndarray) -> Answer:
    """Return the Answer for logits (samples, classes); errors as `check_outputs`."""
    logits = check_outputs(logits, num_samples, len(classes), fix=": try learning_rate=0.001")
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    return Answer(classes[logits.argmax(axis=1)], probabilities)


def answer_of_probabilities(found: np.ndarray, num_samples: int, classes: np.ndarray) -> Answer:
    """Return the Answer for probabilities (samples, classes); errors as `check_probabilities`."""
    probabilities = check_probabilities(found, num_samples, len(classes))
    return Answer(classes[probabilities.argmax(axis=1)], probabilities)


def check_outputs(
    outputs: np.ndarray, num_samples: int, num_classes: int, fix: str = ""
) -> np.ndarray:
    """Return outputs (samples, classes) as float64, or raise UsageError for a wrong shape or
    values that are not finite; `fix` says what to try against those."""
    try:
        outputs = np.asarray(outputs, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            f"a model's output must be numbers, got {type(outputs).__name__}"
        ) from None
    if outputs.shape != (num_samples, num_classes):
        raise UsageError(
            f"a model's output must have the shape (samples, classes) = "
            f"({num_samples}, {num_classes}), got {outputs.shape}: "
            f"end the model in a linear layer with {num_classes} outputs"
        )
    bad = int((~np.isfinite(outputs)).any(axis=1).sum())
    if bad:
        raise UsageError(
            f"a model's outputs must be finite; "
            f"{bad} of {num_samples} rows hold NaN or infinity{fix}"
        )
    return outputs


def check_probabilities(found: np.ndarray, num_samples: int, num_classes: int) -> np.ndarray:
    """Return probabilities (samples, classes), rescaled to sum to exactly 1. Raise UsageError
    unless they are in [0, 1] and sum to 1 within 0.001."""
    found = check_outputs(found, num_samples, num_classes)
    total = found.sum(axis=1)
    if (found < -1e-6).any() or np.abs(total - 1).max() > 1e-3:
        raise UsageError(
            "class probabilities must be in [0, 1] and sum to 1: take the softmax of logits; "
            f"the sums range from {total.min():.4g} to {total.max():.4g}"
        )
    found = np.clip(found, 0, None)
    return found / found.sum(axis=1, keepdims=True)


def check_batch(shape: tuple[int, ...], num_samples: int, num_classes: int) -> None:
    """Raise UsageError unless a batch's logits have the shape (batch, classes), at the first
    training step already."""
    if tuple(shape) != (num_samples, num_classes):
        raise UsageError(
            f"a model's output must have the shape (batch, classes) = "
            f"({num_samples}, {num_classes}), got {tuple(shape)}: the model takes x (batch, time) "
            f"and ends in a linear layer with {num_classes} outputs"
        )


def is_probability(outputs: np.ndarray) -> bool:
    """Return whether outputs (samples, classes) look like probabilities rather than logits."""
    return bool((outputs >= 0).all() and np.abs(outputs.sum(axis=-1) - 1).max() < 1e-3)
