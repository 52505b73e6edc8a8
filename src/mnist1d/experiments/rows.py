"""Rows: what a study's `run` returns, and the table that its `figure` and `claims` read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Row(NamedTuple):
    """One measurement of one seed. `value` is a number, or an array that the store keeps in a file
    beside it."""

    seed: int
    metric: str
    step: int | None  # None: the trial has one value of this metric, not a curve
    value: float | np.ndarray


def curve_rows(
    seeds: Sequence[int], steps: Sequence[int], curves: Mapping[str, np.ndarray]
) -> list[Row]:
    """Rows from curves: each metric's array has shape (seeds, steps)."""
    rows = []
    for metric, values in curves.items():
        values = np.asarray(values, dtype=float)
        if values.shape != (len(seeds), len(steps)):
            raise ValueError(
                f"{metric} needs the shape (seeds, steps) = ({len(seeds)}, {len(steps)}), got {values.shape}"
            )
        rows += [
            Row(seed, metric, int(step), float(value))
            for seed, row in zip(seeds, values, strict=True)
            for step, value in zip(steps, row, strict=True)
        ]
    return rows


def scalar_rows(seeds: Sequence[int], scalars: Mapping[str, Sequence[float]]) -> list[Row]:
    """Rows from one value a seed: each metric's sequence has length seeds."""
    return [
        Row(seed, metric, None, float(value))
        for metric, values in scalars.items()
        for seed, value in zip(seeds, values, strict=True)
    ]


@dataclass(frozen=True)
class Record:
    """A row with the trial that it belongs to; `config` is flat: {"model": "mlp", "data.seed": 42,
    ...}."""

    trial: str
    config: Mapping[str, Any]
    seed: int
    metric: str
    step: int | None
    value: float | np.ndarray


class Rows:
    """An immutable table of records, to be filtered by coordinate and read as arrays.

    >>> rows.where(model="cnn", shuffled=False).final("test_acc")        # (seeds,)
    >>> steps, values = rows.where(model="cnn").curve("test_acc")        # (steps,), (seeds, steps)
    """

    def __init__(self, records: Iterable[Record]):
        self.records = tuple(records)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def where(self, **coordinates: Any) -> Rows:
        """Keep the records whose coordinates equal the given ones: trial, seed, metric, step, or a
        field of the config (dots written as two underscores: `data__seed=42`)."""
        wanted = {name.replace("__", "."): value for name, value in coordinates.items()}
        return Rows(
            r
            for r in self.records
            if all(_coordinate(r, name) == value for name, value in wanted.items())
        )

    def unique(self, name: str) -> list[Any]:
        """The distinct values of a coordinate, in order of first appearance."""
        return list(dict.fromkeys(_coordinate(r, name) for r in self.records))

    def curve(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps (steps,) and values (seeds, steps) of one trial's metric, seeds ascending."""
        rows = self._of_one_trial(metric)
        seeds, steps = (
            sorted(rows.unique("seed")),
            sorted(s for s in rows.unique("step") if s is not None),
        )
        values = np.full((len(seeds), len(steps)), np.nan)
        for r in rows:
            values[seeds.index(r.seed), steps.index(r.step)] = r.value
        return np.array(steps), values

    def final(self, metric: str) -> np.ndarray:
        """The value of one trial's metric at its last step, (seeds,), seeds ascending."""
        last: dict[int, Record] = {}
        for r in self._of_one_trial(metric):
            if r.seed not in last or (r.step or 0) >= (last[r.seed].step or 0):
                last[r.seed] = r
        return np.array([last[seed].value for seed in sorted(last)], dtype=float)

    def array(self, metric: str, seed: int | None = None) -> np.ndarray:
        """The array that one trial stored under `metric`, of one seed (the lowest unless told)."""
        rows = self._of_one_trial(metric)
        seed = min(rows.unique("seed")) if seed is None else seed
        return np.asarray(rows.where(seed=seed).records[0].value)

    def _of_one_trial(self, metric: str) -> Rows:
        rows = self.where(metric=metric)
        trials = rows.unique("trial")
        if len(trials) != 1:
            known = sorted(set(r.metric for r in self.records))
            raise LookupError(
                f"{metric} needs the rows of exactly one trial, got {len(trials)}; metrics here: {known}"
            )
        return rows


def _coordinate(record: Record, name: str) -> Any:
    if name in ("trial", "seed", "metric", "step"):
        return getattr(record, name)
    return record.config.get(name)
