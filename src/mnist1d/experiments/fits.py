"""The training that most studies share: fit one model per seed on that seed's data, and return the
rows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

import numpy as np

from mnist1d.dataset import Dataset
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.rows import Row, curve_rows, scalar_rows, timing_rows

if TYPE_CHECKING:
    from mnist1d.learning import Model, Settings, Split
    from mnist1d.learning.batches import Sampler
    from mnist1d.learning.pruning import PrunedTraining
    from mnist1d.learning.training import Given, Probe, TimedFit
    from mnist1d.mnist import Images


def log_spaced(num_steps: int, count: int) -> tuple[int, ...]:
    """Return the steps of at most `count` evaluations, evenly spaced on a logarithmic axis."""
    return tuple(np.unique(np.geomspace(1, num_steps, count).round().astype(int)).tolist())


def fit_rows(
    name: str,
    model: Model,
    settings: Settings,
    seeds: Sequence[int],
    sets: Sequence[Dataset] | Sequence[Images],
    probe: Probe | None = None,
    **given: Unpack[Given],
) -> list[Row]:
    """Train a model from each seed on that seed's data set; return its curves, predictions, number
    of parameters and seconds.

    name: the model's name in a message. given: learning_rate, weight_decay, ... Other values reuse
    the same compiled program. Errors: UsageError if the training ends in NaN.
    """
    from mnist1d.learning import Split

    found = fit_model(
        name, model, settings, seeds, [Split.of(data) for data in sets], probe=probe, **given
    )
    return [*curve_rows(seeds, found.fit.steps, found.fit.curves), *model_rows(model, seeds, found)]


def fit_model(
    name: str,
    model: Model,
    settings: Settings,
    seeds: Sequence[int],
    splits: Sequence[Split],
    sampler: Sampler | None = None,
    probe: Probe | None = None,
    **given: Unpack[Given],
) -> TimedFit:
    """Train a model from each seed on that seed's split, or on what `sampler` draws; as `fit_rows`,
    without rows. probe: what else to measure at each evaluation."""
    import jax

    from mnist1d.learning import fit_each, make_fit
    from mnist1d.learning.model import check_finite

    keys = jax.numpy.stack([jax.random.key(seed) for seed in seeds])
    found = fit_each(make_fit(model, settings, sampler, probe), keys, splits, **given)
    check_finite(name, seeds, found.fit.curves["test_loss"])
    return found


def model_rows(model: Model, seeds: Sequence[int], found: TimedFit) -> list[Row]:
    """Return the rows of every training: number of parameters, predictions and seconds."""
    from mnist1d.learning import num_params

    return [
        *scalar_rows(seeds, {"num_params": num_params(model)}),
        *prediction_rows(seeds, found.fit.predictions),
        *timing_rows(seeds, found.seconds, found.compile_seconds),
    ]


@contextmanager
def timed_seed(rows: list[Row], seed: int, *programs: PrunedTraining) -> Iterator[None]:
    """Add the seconds of a `with` block to the rows, without those that the programs needed to
    compile, which become a row of their own."""

    def compiled() -> float:
        return sum(program.compile_seconds for program in programs)

    begin, before = time.perf_counter(), compiled()
    yield
    spent = compiled() - before
    times = {"seconds": time.perf_counter() - begin - spent, "compile_seconds": spent}
    rows += scalar_rows([seed], times if programs else {"seconds": times["seconds"]})
