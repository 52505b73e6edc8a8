"""The range of results of a correct student run, from the settled results."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from mnist1d.errors import MissingDataError
from mnist1d.experiments.rows import Rows
from mnist1d.results.settled import settled_runs
from mnist1d.runs.store import open_store

LEVEL = 0.99  # fraction of correct runs inside a band
# smallest half-width of a band, because other frameworks round and initialise differently
LEAST = 0.01


class Band(NamedTuple):
    """Where the next run of one seed falls with probability 99%.

    Attributes:
      mean: mean of the settled runs.
      low: lower end.
      high: upper end.
      n: number of settled runs.
    """

    mean: float
    low: float
    high: float
    n: int


@cache
def read_rows(study: str) -> Rows:
    """Return the settled rows of a study, read once. Errors: MissingDataError if the study has no
    settled results."""
    with settled_runs() as runs, open_store(runs, create=False) as store:
        if study not in store.studies():
            raise MissingDataError(f"the study {study!r} has no settled results yet")
        return store.rows(study)


def predict(values: np.ndarray, least: float = LEAST) -> Band:
    """Return the band in which the next value falls with probability LEVEL, if it is drawn from the
    same normal distribution as the given ones (n,); at least `least` wide on each side."""
    n = len(values)
    spread = values.std(ddof=1) * np.sqrt(1 + 1 / n)
    half = max(float(stdtrit(n - 1, (1 + LEVEL) / 2) * spread), least)
    mean = float(values.mean())
    return Band(mean, mean - half, mean + half, n)


def read_band(model: str, *, shuffled: bool = False) -> Band:
    """Return the band of a model's final test accuracy by the benchmark's protocol.

    Args:
      model: its name, "cnn".
      shuffled: on signals with permuted positions.

    Returns:
      The band, fractions, from the settled results of spatial-priors.

    Raises:
      MissingDataError: if no settled results ship with the package.

    Examples:
      >>> read_band("cnn").low > 0.9
      True
    """
    return predict(accuracies(model, shuffled))


def read_difference(better: str, worse: str, *, shuffled: bool = False) -> Band:
    """Return the band of the difference of two models' test accuracies, paired by seed."""
    return predict(accuracies(better, shuffled) - accuracies(worse, shuffled))


def accuracies(model: str, shuffled: bool) -> np.ndarray:
    """Return a model's settled test accuracies on the published set, (seeds,)."""
    rows = read_rows("spatial-priors").where(
        dataset="mnist1d", vary="frozen", data__shuffle_seq=shuffled
    )
    return rows.where(model=model).final("test_acc")


def read_learning_rate() -> Band:
    """Return the band of the learning rate that metalearning finds, from both starts."""
    rows = read_rows("learning-rate")
    found = np.concatenate([trial.final("rate") for trial in rows.trials()])
    return predict(found[np.isfinite(found)], least=0.02)
