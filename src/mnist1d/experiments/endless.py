"""Endless data: a stream without repeats.

On the benchmark's 4,000 training signals the models overfit. Here every batch is new, drawn inside
the training loop (Adam, batches of 100, cross-entropy). We measure the error on fresh test signals
against the number of signals seen. Each seed has its own stream and test signals. The learning rate
decays from the protocol's 0.01 to 0 on a cosine schedule, because a constant rate keeps a model
from settling. Reference lines: the human (on the benchmark's signals) and the ideal observer, which
knows the generative process and needs no training.

Rows: test_acc, test_loss; step: signals seen (for the observer: its expected accuracy, no step).
Also seconds and num_params.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments import human
from mnist1d.experiments.claims import POINTS, Claim, above, keep_measured
from mnist1d.experiments.entries import frozen_acc
from mnist1d.experiments.fits import fit_model, log_spaced, model_rows
from mnist1d.experiments.present import (
    CI,
    OBSERVER,
    color,
    count_cell,
    label,
    last_cell,
    mean_cell,
    models_in,
    seed_range,
)
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, values_of
from mnist1d.experiments.streams import held_out_signals, stream
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.learning.registry import check_model, models_of, resolve

DECAYS = {"cosine": "cosine", "none": "constant"}  # schedules of the learning rate
INFO = Info(
    name="endless",
    title="Endless data: a stream without repeats",
    question="What accuracy do models reach on a stream that never repeats a signal?",
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 6.0, "quick": 25.0, "paper": 4_600.0},
    variations={
        "model=resnet": "a recent model on signals that never repeat",
        "decay=none": "a constant learning rate",
    },
)
NUM_EVALUATIONS = 24  # evenly spaced on a logarithmic axis
FLOOR = 1e-4  # smaller errors are drawn here: a logarithmic axis has no 0


@dataclass(frozen=True)
class Config:
    """One model, or the ideal observer, on the stream of `data`."""

    model: str = "cnn"
    num_samples: int = 1_000_000  # of the stream, a multiple of the batch size
    num_test: int = 5000  # fresh signals, others for every seed; of the observer, a tenth of it
    batch_size: int = 100
    learning_rate: float = 0.01
    decay: str = "cosine"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_model(self.model, also=("observer",))
        check_name(self.decay, DECAYS, "decay")
        check_numbers(self, num_test=20)
        if self.num_samples < self.batch_size:
            rule = f"num_samples must be at least one batch of {self.batch_size}"
            raise UsageError(f"{rule}, got {self.num_samples}")

    @property
    def num_steps(self) -> int:
        """Batches in the pass."""
        return self.num_samples // self.batch_size


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: models, observer, and the CNN at a constant learning rate."""
    rest = {
        "smoke": {"num_samples": 2000, "num_test": 100},
        "quick": {"num_samples": 150_000, "num_test": 2000},
        "paper": {},
    }[preset]
    models = [*(("mlp",) if preset == "smoke" else models_of(preset)), "observer"]
    constant = [Config(model="cnn", decay="none", **rest)] if preset == "paper" else []
    return [Config(model=model, **rest) for model in models] + constant


def weight(config: Config) -> float:
    """Return a trial's cost relative to the others of its preset."""
    return 0.4 if config.model == "observer" else resolve(config.model).cost


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one model from every seed, each on its own stream; or measure the observer."""
    if config.model == "observer":
        from mnist1d.observer import measure_ceiling

        count = config.num_test // 10
        found = [measure_ceiling(config.data, count, seed=1_000_000 + seed) for seed in seeds]
        return scalar_rows(seeds, {"test_acc": [of["acc"] for of in found]})
    from mnist1d.learning import Settings, Split
    from mnist1d.learning.optimizers import schedule

    model = resolve(config.model).make(num_inputs=config.data.final_seq_length)
    evaluated = log_spaced(config.num_steps, NUM_EVALUATIONS)
    sizes = config.num_steps, config.batch_size, config.learning_rate
    settings = Settings(*sizes, eval_at=evaluated)
    rates = config.learning_rate * schedule(DECAYS[config.decay], config.num_steps, 0)
    splits = []
    for seed in seeds:
        # There is no training set to evaluate on: a stream's signals are as new as the test signals
        x, y = held_out_signals(config.data, config.num_test, seed)
        splits.append(Split(x[:1], y[:1], x, y))
    sampler = stream(config.data, config.batch_size)
    found = fit_model(config.model, model, settings, seeds, splits, sampler, learning_rate=rates)
    curves = {name: found.fit.curves[name] for name in ("test_acc", "test_loss")}
    seen = found.fit.steps * config.batch_size
    return [*curve_rows(seeds, seen, curves), *model_rows(model, seeds, found)]


def trials_of(rows: Rows) -> dict[tuple[str, str], Rows]:
    """Return the trial of each trained model and decay that was measured, and the observer's."""
    wanted = [*((model, "cosine") for model in models_in(rows)), ("cnn", "none")]
    found = {key: rows.where(model=key[0], decay=key[1]) for key in (*wanted, (OBSERVER, "cosine"))}
    return {key: trial for key, trial in found.items() if len(trial)}


def table(rows: Rows) -> TextTable:
    """Return the accuracy at the end of the pass beside that on the benchmark's 4,000 signals."""
    header = ["classifier", "signals seen", f"test accuracy, {CI}", "n"]
    header += ["on 4,000 signals, %", "s/seed"]
    frozen, lines = frozen_acc(), []
    for (model, decay), trial in trials_of(rows).items():
        name, seen, form = label(model) + ", constant rate" * (decay == "none"), "", ".2f"
        if model != OBSERVER:
            seen, form = f"{trial.curve('test_acc')[0][-1]:,}", ".1f"
        before = f"{100 * frozen[model]:.1f}" if model in frozen else ""
        cells = [last_cell(trial, form=form), count_cell(trial), before]
        lines.append([name, seen, *cells, mean_cell(trial, "seconds", ".1f", 1)])
    if lines:
        lines.append(["human", "", human.CELL, f"{human.NUM_ANSWERS} answers", "", ""])
    return header, lines


def claims(rows: Rows) -> list[Claim]:
    """Test whether each model reaches the human, whether the CNN reaches the ideal observer, and
    what a falling learning rate gains. Every seed has its own training and test signals. The human
    answered other signals, so the interval includes the sampling error of those answers."""
    points, found = partial(above, unit=POINTS), []
    acc = {key: values_of(trial, "test_acc") for key, trial in trials_of(rows).items()}
    of = {model: values for (model, decay), values in acc.items() if decay == "cosine"}
    for model in (model for model in ("cnn", "gru") if model in of):
        text = f"with endless data the {label(model)} is more accurate than the human"
        quantity, gap = f"{label(model)} - human, test accuracy", of[model] - human.ACC
        found.append(points(text, quantity, gap, noise=human.STANDARD_ERROR))
    for model in (model for model in ("cnn", "mlp") if {model, OBSERVER} <= of.keys()):
        text = f"the {label(model)} comes within half a percentage point of the ideal observer"
        quantity = f"{label(model)} - observer, test accuracy"
        found.append(points(text, quantity, of[model] - of[OBSERVER], -0.005))
    if "cnn" in of and ("cnn", "none") in acc:
        text = "a falling learning rate gains the CNN more than 1 percentage point"
        gap = of["cnn"] - acc["cnn", "none"]
        found.append(points(text, "falling - constant, test accuracy", gap, 0.01))
    return keep_measured(found)


def figures(rows: Rows) -> Figures:
    """Draw test error against signals seen; lines: the human and the ideal observer."""
    from mnist1d.plots import marks, style

    trials, frozen = trials_of(rows), frozen_acc()
    if not trials:
        return {}
    fig, ax = style.figure(size=(6.6, 4.2))
    named = marks.Named(ax)
    observer = trials.pop((OBSERVER, "cosine"), None)
    for (model, decay), trial in trials.items():
        seen, acc = trial.curve("test_acc")
        error, constant = np.maximum(1 - acc[:, 1:], FLOOR), decay == "none"
        name, line = label(model) + ", constant rate" * constant, "--" if constant else "-"
        named.band(seen[1:], error, name, color(model), line, log=True)
        if model in frozen and not constant:
            dot = {"color": color(model), "markersize": 6, "markeredgecolor": "white", "zorder": 3}
            ax.plot(4000, 1 - frozen[model], "o", **dot)
    named.level(1 - human.ACC, "human")
    if observer is not None:
        named.level(max(1 - observer.final("test_acc").mean(), FLOOR), "ideal observer")
    ax.set(xlabel="training signals seen", ylabel="test error", ylim=(0.8 * FLOOR, 1))
    ax.set(xscale="log", yscale="log")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    named.label()
    caption = (
        "Test error against the number of signals seen, when every training signal is new. "
        f"{style.band_words(*seed_range(rows))} Dots: the same models trained for 150 epochs "
        "on the 4,000 training signals of the frozen set. Dotted: the human and the ideal observer "
        "(an error of "
        f"{100 * FLOOR:g}% or less is drawn at {100 * FLOOR:g}%). Compare the end of each line "
        "with its dot and with the dotted lines."
    )
    return {"error": (fig, caption)}
