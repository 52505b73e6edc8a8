"""Rows, as a study's `run` returns them, and records, as a store gives them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Row(NamedTuple):
    """One measurement of one seed: a number, or an array.

    Attributes:
      seed: the seed.
      metric: name of what was measured, for example "test_acc".
      step: training step; None for a value that belongs to no step.
      value: the number or array.
    """

    seed: int
    metric: str
    step: int | None  # None: this metric has one value per trial, not a curve
    value: float | np.ndarray


def curve_rows(
    seeds: Sequence[int], steps: ArrayLike, curves: Mapping[str, ArrayLike]
) -> list[Row]:
    """Return rows of curves.

    Args:
      seeds: the seeds.
      steps: training steps (steps,).
      curves: maps each metric to its values (seeds, steps), or (steps,) if all seeds share them.

    Returns:
      One row per seed, metric and step.

    Raises:
      ValueError: for an array of another shape.

    Examples:
      >>> len(curve_rows([0, 1], [100, 200], {"test_acc": [[0.5, 0.6], [0.5, 0.7]]}))
      4
    """
    rows: list[Row] = []
    places: list[int] = np.asarray(steps).tolist()
    for metric, curve in curves.items():
        values = np.asarray(curve, dtype=float)
        if values.shape == (len(places),):
            values = np.tile(values, (len(seeds), 1))
        if values.shape != (len(seeds), len(places)):
            rule = f"{metric} needs the shape (seeds, steps) = ({len(seeds)}, {len(places)})"
            raise ValueError(f"{rule}, got {values.shape}")
        rows += [
            Row(seed, metric, int(step), float(value))
            for seed, row in zip(seeds, values, strict=True)
            for step, value in zip(places, row, strict=True)
        ]
    return rows


def scalar_rows(seeds: Sequence[int], scalars: Mapping[str, ArrayLike]) -> list[Row]:
    """Return rows of one value per seed.

    Args:
      seeds: the seeds.
      scalars: maps each metric to its values (seeds,), or to one number that all seeds share.

    Returns:
      One row per seed and metric.

    Examples:
      >>> scalar_rows([0, 1], {"rate": [0.6, 0.7]})[1].value
      0.7
    """
    return [
        Row(seed, metric, None, value)
        for metric, values in scalars.items()
        for seed, value in zip(seeds, _per_seed(values, len(seeds)), strict=True)
    ]


def _per_seed(values: ArrayLike, count: int) -> list[float]:
    array = np.asarray(values, dtype=float)
    return (array if array.ndim else np.full(count, array)).tolist()


def timing_rows(seeds: Sequence[int], seconds: ArrayLike, compile_seconds: float) -> list[Row]:
    """Return rows of training time.

    Args:
      seeds: the seeds.
      seconds: training time of each seed (seeds,).
      compile_seconds: compile time of the call, kept with the first seed.

    Returns:
      One row "seconds" per seed, and one row "compile_seconds".

    Examples:
      >>> [row.metric for row in timing_rows([0, 1], [1.0, 2.0], 3.0)]
      ['seconds', 'seconds', 'compile_seconds']
    """
    rows = scalar_rows(seeds, {"seconds": seconds})
    return [*rows, Row(seeds[0], "compile_seconds", None, float(compile_seconds))]


class Record(NamedTuple):
    """A row together with its trial; `config` is flat: {"model": "mlp", "data.seed": 42, ...}."""

    trial: str
    config: Mapping[str, Any]
    seed: int
    metric: str
    step: int | None
    value: float | np.ndarray
