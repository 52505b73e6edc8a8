"""Endless data: a stream without repeats.

On the benchmark's 4,000 training signals the models overfit. Here every batch is new, drawn inside
the training loop: Adam, batches of 100, cross-entropy, test error on fresh signals against samples
seen; each seed has a stream and test signals of its own. The learning rate starts at the protocol's 0.01 and falls to 0 along a half cosine, for a
constant one keeps a model from settling. Reference lines: the human (on the benchmark's signals)
and the ideal observer, which knows the generative process and needs no training.

Rows: test_acc, test_loss; step: samples seen (of the observer: its expected accuracy, no step).
Also seconds and num_params.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments import human
from mnist1d.experiments.claims import Claim, above, keep_measured
from mnist1d.experiments.entries import frozen_acc
from mnist1d.experiments.estimates import POINTS
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import (
    CI,
    OBSERVER,
    count_cell,
    label,
    last_cell,
    mean_cell,
    models_in,
)
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, timing_rows, values_of
from mnist1d.experiments.study import Info
from mnist1d.learning.registry import check_model, models_of, resolve

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

DECAYS = ("cosine", "none")
INFO = Info(
    name="endless",
    title="Endless data: a stream without repeats",
    question=("How far do the four models come on a stream that never repeats a signal?"),
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 6.0, "quick": 25.0, "paper": 240.0},
    variations={
        "model=resnet": "a model of today on data that never repeat",
        "decay=none": "a constant learning rate",
    },
)
NUM_EVALUATIONS = 24  # evenly spaced on a logarithmic axis


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
            raise UsageError(
                f"num_samples must be at least one batch of {self.batch_size}, got {self.num_samples}"
            )

    @property
    def num_steps(self) -> int:
        """Batches in the pass."""
        return self.num_samples // self.batch_size


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the four models, the observer, and the CNN at a constant
    learning rate."""
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
    """Train one model from every seed, each on a stream of its own; or measure the observer."""
    if config.model == "observer":
        from mnist1d.observer import measure_ceiling

        acc = [
            measure_ceiling(config.data, config.num_test // 10, seed=1_000_000 + seed)["acc"]
            for seed in seeds
        ]
        return scalar_rows(seeds, {"test_acc": acc})
    import jax
    import jax.numpy as jnp

    from mnist1d.adapters.jax import sample
    from mnist1d.learning import Settings, Split, fit_each, make_fit, num_params
    from mnist1d.learning.model import check_finite

    model = resolve(config.model).make(num_inputs=config.data.final_seq_length)
    steps = np.unique(np.geomspace(1, config.num_steps, NUM_EVALUATIONS).round().astype(int))
    settings = Settings(
        config.num_steps, config.batch_size, config.learning_rate, eval_at=tuple(steps.tolist())
    )
    progress = jnp.arange(config.num_steps) / config.num_steps
    rates = config.learning_rate * (
        0.5 * (1 + jnp.cos(jnp.pi * progress))
        if config.decay == "cosine"
        else jnp.ones(config.num_steps)
    )
    splits = []
    for seed in seeds:
        # keys that no stream has; no training signals to evaluate on: those of the stream are as
        # new as the test's
        x, y = sample(jax.random.key(2**32 - 1 - seed), config.num_test, config.data)
        splits.append(Split(x[:1], y[:1], x, y))
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    fit = make_fit(model, settings, stream(config.data, config.batch_size))
    found, seconds, compile_seconds = fit_each(fit, keys, splits, learning_rate=rates)
    check_finite(config.model, seeds, found.curves["test_loss"])
    curves = {name: found.curves[name] for name in ("test_acc", "test_loss")}
    return [
        *curve_rows(seeds, found.steps * config.batch_size, curves),
        *scalar_rows(seeds, {"num_params": [num_params(model)] * len(seeds)}),
        *prediction_rows(seeds, found.predictions),
        *timing_rows(seeds, seconds, compile_seconds),
    ]


@cache
def stream(data: DataConfig, batch_size: int) -> Callable[[Any], tuple[Any, Any]]:
    """Return the function from a key to a batch of the stream; cached, so that equal streams are
    compiled once."""
    from mnist1d.adapters.jax import sample

    return lambda key: sample(key, batch_size, data)


def measured(rows: Rows) -> dict[str, np.ndarray]:
    """Nothing was published."""
    return {}


def trial_of(rows: Rows, model: str, decay: str = "cosine") -> Rows:
    """Return the rows of one trial."""
    return rows.where(model=model, decay=decay)


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return the accuracy at the end of the pass beside that of the benchmark's 4,000 signals."""
    header = ["classifier", "samples seen", f"test acc, {CI}", "n", "on 4,000 signals, %", "s/seed"]
    frozen, lines = frozen_acc(), []
    for model, decay in [*_trained(rows), (OBSERVER, "cosine")]:
        trial = trial_of(rows, model, decay)
        if not len(trial):
            continue
        name, seen = label(model) + ", constant rate" * (decay == "none"), ""
        form = ".2f" if model == OBSERVER else ".1f"
        if model != OBSERVER:
            seen = f"{trial.curve('test_acc')[0][-1]:,}"
        before = f"{100 * frozen[model]:.1f}" if model in frozen else ""
        cells = [last_cell(trial, form=form), count_cell(trial), before]
        lines.append([name, seen, *cells, mean_cell(trial, "seconds", ".1f", 1)])
    if lines:
        lines.append(["human", "", human.CELL, f"{human.NUM_ANSWERS} answers", "", ""])
    return header, lines


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw test error against samples seen, both on logarithmic axes; lines: the human and the
    ideal observer."""
    from mnist1d.plots import marks, style

    fig, ax = style.figure(size=(6.6, 4.2))
    ends, frozen = [], frozen_acc()
    for model, decay in _trained(rows):
        trial, color = trial_of(rows, model, decay), resolve(model).color
        if not len(trial):
            continue
        samples, acc = trial.curve("test_acc")
        constant = decay == "none"
        line = "--" if constant else "-"
        error = np.maximum(1 - acc[:, 1:], FLOOR)
        style.band(ax, samples[1:], error, None, color, line, log=True)
        name = label(model) + ", constant rate" * constant
        ends.append((np.exp(np.log(error[:, -1]).mean()), name, color))
        if model in frozen and not constant:
            dot = {"color": color, "markersize": 6, "markeredgecolor": "white", "zorder": 3}
            ax.plot(4000, 1 - frozen[model], "o", **dot)
    observer = trial_of(rows, "observer")
    if not ends and not len(observer):
        return {}
    lines = [(1 - human.ACC, "human")]
    if len(observer):
        lines.append((max(1 - observer.final("test_acc").mean(), FLOOR), "ideal observer"))
    for error, name in lines:
        ax.axhline(error, color=style.INK, linestyle=":", linewidth=1.2, zorder=1)
        ends.append((error, name, style.INK))
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(0.8 * FLOOR, 1),
        xlabel="training signals seen",
        ylabel="test error",
    )
    ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    marks.end_labels(ax, ends)
    caption = (
        "Test error against the number of signals seen, when every training signal is new. "
        f"{style.band_words(len(rows.unique('seed')))} Dots: the same models trained on the 4,000 "
        "frozen signals, 150 times over. Dotted: people and the ideal observer (an error of "
        f"{100 * FLOOR:g}% or less is drawn at {100 * FLOOR:g}%). Compare where each line ends with "
        "its dot and with the dotted lines."
    )
    return {"error": (fig, caption)}


FLOOR = 1e-4  # errors below are drawn here: a logarithmic axis has no 0


def claims(rows: Rows) -> list[Claim]:
    """Test whether each model reaches the human, whether the CNN reaches the ideal observer, and
    what a falling rate is worth. Every seed has training and test signals of its own; the human's
    answers are to other signals, and their sampling error is in the interval."""
    points = partial(above, unit=POINTS)
    acc = {m: values_of(trial_of(rows, m), "test_acc") for m in (*models_in(rows), "observer")}
    found = []
    for model in ("cnn", "gru"):
        if model in acc:
            text = f"with endless data the {resolve(model).label} overtakes the human"
            quantity = f"{resolve(model).label} - human, test acc"
            gap, noise = acc[model] - human.ACC, human.STANDARD_ERROR
            found.append(points(text, quantity, gap, noise=noise))
    for model in ("cnn", "mlp"):
        if model in acc:
            text = f"the {resolve(model).label} comes within half a point of the ideal observer"
            quantity = f"{resolve(model).label} - observer, acc"
            found.append(points(text, quantity, acc[model] - acc["observer"], -0.005))
    if "cnn" in acc:
        constant = values_of(trial_of(rows, "cnn", "none"), "test_acc")
        text = "a falling learning rate is worth more than 1 point to the CNN"
        found.append(points(text, "falling - constant, acc", acc["cnn"] - constant, 0.01))
    return keep_measured(found)


def _trained(rows: Rows) -> list[tuple[str, str]]:
    """Return model and decay of the trials to be shown; one may have no rows."""
    return [*((model, "cosine") for model in models_in(rows)), ("cnn", "none")]
