"""Masks over the weights and biases of a layer, as NumPy arrays: which weights are kept, and how
many of them are neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Params = dict[str, dict[str, np.ndarray]]


def lowest_dropped(scores: np.ndarray, sparsity: float) -> np.ndarray:
    """Return the mask that drops the lowest scores.

    Args:
      scores: scores of any shape, for example absolute weights.
      sparsity: fraction to drop; int(sparsity * size) scores are dropped.

    Returns:
      A float32 array shaped like scores: 0 is dropped, 1 is kept.

    Examples:
      >>> lowest_dropped(np.array([3.0, 1.0, 2.0]), 0.4).tolist()
      [1.0, 0.0, 1.0]
    """
    mask = np.ones(scores.size, np.float32)
    mask[np.argsort(scores, axis=None, kind="stable")[: int(sparsity * scores.size)]] = 0
    return mask.reshape(scores.shape)


def joined(layer: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return a layer's weights (inputs, units) and biases (units,) as one array (inputs + 1,
    units)."""
    return np.concatenate([layer["w"], np.asarray(layer["b"])[None]])


def split_off(array: np.ndarray) -> dict[str, np.ndarray]:
    """Undo `joined`."""
    return {"w": array[:-1], "b": array[-1]}


def full_mask(params: Params) -> Params:
    """Return a mask of ones.

    Args:
      params: a layer's "w" (inputs, units) and "b" (units,), by the layer's name.

    Returns:
      A pytree of ones, like params.

    Examples:
      >>> full_mask({"dense": {"w": np.zeros((1, 2)), "b": np.zeros(2)}})["dense"]["b"].tolist()
      [1.0, 1.0]
    """
    return {layer: {name: np.ones_like(a) for name, a in p.items()} for layer, p in params.items()}


def sparsity_of(masks: Params) -> float:
    """Return the fraction of weights and biases that masks drop.

    Args:
      masks: what `full_mask` returns, with zeros for what is dropped.

    Returns:
      A fraction.

    Examples:
      >>> float(sparsity_of({"dense": {"w": np.zeros((1, 2)), "b": np.ones(2)}}))
      0.5
    """
    arrays = [joined(mask) for mask in masks.values()]
    return 1 - sum(a.sum() for a in arrays) / sum(a.size for a in arrays)


def adjacent_shares(mask: np.ndarray, length: int) -> np.ndarray:
    """Return for each hidden unit of a mask (inputs, units) the fraction of runs of `length`
    neighbouring inputs that are all kept."""
    return np.lib.stride_tricks.sliding_window_view(mask, length, axis=0).all(axis=-1).mean(axis=0)


def adjacency(mask: np.ndarray, lengths: Sequence[int] = (2, 3, 4)) -> dict[str, float]:
    """Return how often neighbouring inputs of a hidden unit survive together.

    Args:
      mask: (inputs, units).
      lengths: numbers of neighbouring inputs.

    Returns:
      For each length, mean and standard error over units of the fraction of runs that survive
      whole, and the mean expected if weights were placed at random.

    Examples:
      >>> sorted(adjacency(np.ones((40, 4)), lengths=(2,)))[0]
      'adjacent 2'
    """
    num_inputs, result = len(mask), {}
    survivors = mask.sum(axis=0)[:, None]  # (units, 1)
    for length in lengths:
        shares, i = adjacent_shares(mask > 0, length), np.arange(length)
        # Drawn without replacement
        chance = ((survivors - i).clip(0) / (num_inputs - i)).prod(axis=1)
        result[f"adjacent {length}"] = shares.mean()
        result[f"adjacent {length} se"] = shares.std(ddof=1) / len(shares) ** 0.5
        result[f"adjacent {length} by chance"] = chance.mean()
    return result
