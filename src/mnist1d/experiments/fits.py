"""The training that most studies do: one model, one fit per seed on the seed's own data, and the
rows that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mnist1d.dataset import Dataset
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.rows import Row, curve_rows, scalar_rows, timing_rows

if TYPE_CHECKING:
    from mnist1d.learning import Model, Settings


def fit_rows(
    name: str,
    model: Model,
    settings: Settings,
    seeds: Sequence[int],
    sets: Sequence[Dataset],
    **given: Any,
) -> list[Row]:
    """Train a model from each seed on that seed's data set; return its curves, predictions, number
    of parameters and seconds.

    name: what a message calls the model. given: learning_rate, weight_decay, ... of one compiled
    program, which may differ between calls without compiling again. Errors: UsageError where the
    training ends in NaN.
    """
    import jax

    from mnist1d.learning import Split, fit_each, make_fit, num_params
    from mnist1d.learning.model import check_finite

    keys = jax.numpy.stack([jax.random.key(seed) for seed in seeds])
    splits = [Split.of(data) for data in sets]
    fit, seconds, compile_seconds = fit_each(make_fit(model, settings), keys, splits, **given)
    check_finite(name, seeds, fit.curves["test_loss"])
    return [
        *curve_rows(seeds, fit.steps, fit.curves),
        *scalar_rows(seeds, {"num_params": [num_params(model)] * len(seeds)}),
        *prediction_rows(seeds, fit.predictions),
        *timing_rows(seeds, seconds, compile_seconds),
    ]
