"""Deep bootstrap: finite against endless data.

We train each network twice. In the "real world" it trains on a finite set of signals for many
epochs; in the "ideal world" every batch is new. Both start from the same weights and take the same
number of steps (Adam, batches of 100, cosine decay of the learning rate from 0.01 to 0). The test
error in the real world is then the test error in the ideal world plus the gap between the two. If
the gap is small, a model that learns fast online also generalises from a finite set.

The error is soft: 1 minus the probability of the right class, averaged over signals. The gap is
measured at the stopping time of the publication: the first evaluation at which the soft error on
the training set is at most 1%, or else the last evaluation. Each seed draws the initial weights,
the training set, the stream, and 5,000 test signals that all its models share.

Rows: train_soft_error, test_soft_error, test_acc, test_loss (step: training steps), seconds.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mnist1d.checks import check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import Claim, above, all_of, below, keep_measured
from mnist1d.experiments.estimates import POINTS, rank_correlation
from mnist1d.experiments.fits import fit_model, log_spaced
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import (
    CI,
    cell,
    color,
    label,
    last_cell,
    models_in,
    seed_range,
)
from mnist1d.experiments.rows import Row, Rows, curve_rows, timing_rows
from mnist1d.experiments.streams import finite_signals, held_out_signals, stream
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import NONE, Values, stack
from mnist1d.intervals import CORRELATION
from mnist1d.learning.registry import check_model, resolve

INFO = Info(
    name="deep-bootstrap",
    title="Deep bootstrap: finite against endless data",
    question="Does a network generalise from a finite set because it learns fast on endless data?",
    source=(
        "Nakkiran, Neyshabur and Sedghi, The Deep Bootstrap Framework (ICLR 2021, arXiv "
        "2010.08127), whose networks see images; the settings here are ours"
    ),
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 5.0, "quick": 28.0, "paper": 420.0},
)
ENDLESS = 0  # as a number of training signals: every batch is new
NUM_EVALUATIONS = 20  # evenly spaced on a logarithmic axis
FITTED = 0.01  # training soft error at which the gap is read
SMALL = 0.02  # a gap of 2 points: what the publication's figures show at most


@dataclass(frozen=True)
class Config:
    """One model in one world. num_train: training signals of the real world; 0: the ideal one."""

    model: str = "cnn"
    num_train: int = 4000
    num_steps: int = 6000
    num_test: int = 5000
    batch_size: int = 100
    learning_rate: float = 0.01
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_model(self.model)
        check_numbers(self, num_train=ENDLESS)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: every model in the ideal world and on every training set."""
    models, sizes, rest = {
        "smoke": (("logistic",), (200,), {"num_steps": 20, "num_test": 100}),
        "quick": (("mlp", "cnn", "gru"), (4000,), {"num_steps": 1000, "num_test": 2000}),
        "paper": (("logistic", "mlp", "kan", "cnn", "cnn-shifts", "gru"), (4000, 40_000), {}),
    }[preset]
    return [Config(model, size, **rest) for model in models for size in (ENDLESS, *sizes)]


def weight(config: Config) -> float:
    """Return a trial's relative cost."""
    return 0.5 + resolve(config.model).cost


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one model in one world from every seed."""
    from mnist1d.learning import Settings, Split
    from mnist1d.learning.evaluation import soft_errors

    model = resolve(config.model).make(num_inputs=config.data.final_seq_length)
    is_endless = config.num_train == ENDLESS
    evaluated = log_spaced(config.num_steps, NUM_EVALUATIONS)
    how = {"schedule": "cosine", "reshuffle": not is_endless}
    sizes = config.num_steps, config.batch_size, config.learning_rate
    settings = Settings(*sizes, eval_at=evaluated, **how)
    splits = []
    for seed in seeds:
        test = held_out_signals(config.data, config.num_test, seed)
        # a stream has no training error: its signals are as new as the test signals
        train = finite_signals(config.data, config.num_train or 1, seed)
        splits.append(Split(*train, *test))
    sampler = stream(config.data, config.batch_size) if is_endless else None
    given = splits, sampler, soft_errors(model)
    found, seconds, compile_seconds = fit_model(config.model, model, settings, seeds, *given)
    names = ["test_soft_error", "test_acc", "test_loss", *["train_soft_error"] * (not is_endless)]
    return [
        *curve_rows(seeds, found.steps, {name: found.curves[name] for name in names}),
        *prediction_rows(seeds, found.predictions),
        *timing_rows(seeds, seconds, compile_seconds),
    ]


def at_stop(rows: Rows, model: str, size: int) -> tuple[Values, Values]:
    """Return the soft test errors of the real and of the ideal world, by seed, at the seed's
    stopping time; no values where one of the worlds was not measured."""
    worlds = [rows.where(model=model, num_train=n) for n in (size, ENDLESS)]
    if not all(map(len, worlds)):
        return NONE, NONE
    seeds = sorted(set.intersection(*(set(world.seeds) for world in worlds)))
    errors = np.empty((2, len(seeds)))  # of the real and of the ideal world
    for i, seed in enumerate(seeds):
        real, ideal = (world.where(seed=seed) for world in worlds)
        fitted = np.flatnonzero(real.curve("train_soft_error")[1][0] <= FITTED)
        at = fitted[0] if len(fitted) else -1
        errors[:, i] = [of.curve("test_soft_error")[1][0, at] for of in (real, ideal)]
    return Values(seeds, errors[0]), Values(seeds, errors[1])


def sizes_in(rows: Rows) -> list[int]:
    """Return the sizes of the finite training sets, ascending."""
    return sorted(size for size in rows.unique("num_train") if size != ENDLESS)


def table(rows: Rows) -> TextTable:
    """Return one line per model and size: soft errors of both worlds, and the gap between them."""
    lines = []
    for model, size in itertools.product(models_in(rows), sizes_in(rows)):
        real, ideal = at_stop(rows, model, size)
        if len(real):
            gap = cell(100 * (real - ideal), scale=1)
            accs = [last_cell(rows.where(model=model, num_train=n)) for n in (size, ENDLESS)]
            cells = [cell(real), cell(ideal), gap, *accs, str(len(real))]
            lines.append([label(model), f"{size:,}", *cells])
    header = ["model", "training signals", f"soft test error, {CI}", f"same, endless data, {CI}"]
    header += ["gap, points [95% CI]", f"final test accuracy, {CI}"]
    return [*header, f"same, endless data, {CI}", "n"], lines


def figures(rows: Rows) -> Figures:
    """Draw the soft test error of both worlds against steps, one panel per training-set size."""
    from mnist1d.plots import style

    sizes = sizes_in(rows)
    if not sizes:
        return {}
    fig, axes = style.grid(len(sizes), len(sizes), (4.8, 3.4), sharey=True)
    for ax, size in zip(axes, sizes, strict=True):
        for model in models_in(rows):
            for n, line, name in ((size, "-", label(model)), (ENDLESS, "--", None)):
                if len(trial := rows.where(model=model, num_train=n)):
                    steps, error = trial.curve("test_soft_error")
                    style.band(ax, steps[1:], error[:, 1:], name, color(model), line, unit="%")
        ax.set(title=f"{size:,} training signals", xscale="log", xlabel="training steps")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        style.percent_axis(ax)
    axes[0].set(ylabel="soft test error", ylim=(0, 1))
    style.legend(axes[0], loc="lower left")
    caption = (
        "Soft test error (1 minus the probability of the right class) against training steps, on a "
        "finite training set (solid) and on endless data (dashed), from the same initial weights. "
        f"{style.band_words(*seed_range(rows))} The gap between each solid line and its dashed "
        "line is the cost of a finite training set."
    )
    return {"error": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test that the gap is small on every size, and that models rank alike in both worlds."""
    found, points = [], partial(above, unit=POINTS)
    for size in sizes_in(rows):
        errors = {model: at_stop(rows, model, size) for model in models_in(rows)}
        errors = {model: both for model, both in errors.items() if len(both[0])}
        gaps = [
            below("", f"gap in soft test error, {label(model)}", real - ideal, SMALL, unit=POINTS)
            for model, (real, ideal) in errors.items()
        ]
        text = f"with {size:,} training signals the gap stays below 2 points for every model"
        found.append(all_of(text, gaps, "small for 50,000 images"))
        if len(errors) >= 3:
            (seeds, real), (_, ideal) = (
                stack(world) for world in zip(*errors.values(), strict=True)
            )
            order = [rank_correlation(*of_seed) for of_seed in zip(real.T, ideal.T, strict=True)]
            better = "models that learn faster on endless data generalise better"
            quantity = "Spearman correlation of the models' soft errors in the two worlds"
            text, said = f"with {size:,} signals, {better}", "yes, for images"
            ranks = Values(seeds, order)
            found.append(above(text, quantity, ranks, published=said, unit=CORRELATION))
        if {"cnn", "mlp"} <= errors.keys():
            worlds = (f"{size:,} signals", "endless data")
            parts = [
                points("", f"MLP - CNN, soft test error, {world}", mlp - cnn)
                for world, mlp, cnn in zip(worlds, errors["mlp"], errors["cnn"], strict=True)
            ]
            text = f"the CNN beats the MLP on {size:,} signals and on endless data"
            found.append(all_of(text, parts, "CNNs optimise faster online"))
    return keep_measured(found)
