"""Optimizers: tuned at equal budget.

Five optimizers train the same CNN from the same initial weights: stochastic gradient descent
without and with momentum, Adam, AdamW and Muon. Each gets the same budget: six learning rates, half
a decade apart, each with a constant and with a cosine schedule, for 2,000 steps (batches of 100 in
a new order every epoch). The last 1,000 of the 4,000 training signals are kept for validation, and
the setting with the highest validation accuracy is chosen, seed by seed; the lower learning rate
wins a tie. Only then do we measure the chosen network's accuracy on fresh signals, which were not
used for training or tuning.

Each seed draws a data set, initial weights and batch order, the same for all optimizers.

Rows: `SCHEDULE validation_acc` and `SCHEDULE fresh_acc` (step: the index of the learning rate; 0 is
the lowest); learning_rate (step: the same index); seconds.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import POINTS, Claim, above, keep_measured
from mnist1d.experiments.datasets import datasets_for
from mnist1d.experiments.fits import timed_seed
from mnist1d.experiments.present import CI, cell, seed_range
from mnist1d.experiments.rows import Row, Rows, Values, curve_rows
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.learning.registry import check_model, resolve

INFO = Info(
    name="optimizers",
    title="Optimizers: tuned at equal budget",
    question="Is any optimizer better once all are tuned alike and tested on fresh signals?",
    source=(
        "Schmidt, Schneider and Hennig, Descending through a Crowded Valley (ICML 2021, arXiv "
        "2007.01547), who compare older optimizers on other tasks; the settings here are ours"
    ),
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 6.0, "quick": 40.0, "paper": 600.0},
)
SCHEDULES = ("constant", "cosine")
LOWEST = {"muon": 1e-3, "adamw": 3e-4, "adam": 3e-4, "momentum": 3e-3, "sgd": 3e-2}
CALLED = {"muon": "Muon", "adamw": "AdamW", "adam": "Adam", "momentum": "momentum", "sgd": "SGD"}
DECAY = {"adamw": 0.01}  # weight decay; PyTorch's default


@dataclass(frozen=True)
class Config:
    """The search of one optimizer."""

    optimizer: str = "adam"
    lowest_rate: float = 3e-4  # of the learning rates that are tried
    num_rates: int = 6
    model: str = "cnn"
    num_steps: int = 2000
    batch_size: int = 100
    num_validation: int = 1000  # of the training signals
    num_fresh: int = 10_000
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_name(self.optimizer, LOWEST, "optimizer")
        check_model(self.model)
        check_numbers(self)
        num_train = round(self.data.num_samples * self.data.train_split) - self.num_validation
        if num_train < self.batch_size:
            raise UsageError(
                f"num_validation must leave at least one batch of {self.batch_size} training "
                f"signals, got {self.num_validation}"
            )

    @property
    def rates(self) -> np.ndarray:
        """The learning rates that are tried, ascending, (num_rates,)."""
        return self.lowest_rate * 10 ** (0.5 * np.arange(self.num_rates))


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: one search per optimizer."""
    sizes = {
        "smoke": {"num_rates": 2, "num_steps": 10, "num_fresh": 100, "model": "logistic"},
        "quick": {"num_steps": 300, "num_fresh": 2000},
        "paper": {},
    }[preset]
    names = ("adam", "sgd") if preset == "smoke" else LOWEST
    return [Config(name, LOWEST[name], **sizes) for name in names]


def weight(config: Config) -> float:
    """Return a trial's relative cost: Muon makes matrices orthogonal at every step."""
    return 2.0 if config.optimizer == "muon" else 1.0


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train every setting from every seed; accuracies on validation and on fresh signals."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import Settings, Split, make_fit
    from mnist1d.learning.optimizers import schedule
    from mnist1d.learning.sweeps import accuracies, fit_settings
    from mnist1d.observer.fresh import fresh_test

    decay = DECAY.get(config.optimizer, 0.0)
    how = {"eval_every": config.num_steps, "reshuffle": True, "weight_decay": decay}
    sizes = config.num_steps, config.batch_size
    settings = Settings(*sizes, optimizer=config.optimizer, **how)
    model = resolve(config.model).make(num_inputs=config.data.final_seq_length)
    fit = make_fit(model, settings)
    falls = jnp.stack([schedule(name, config.num_steps, 0) for name in SCHEDULES])
    rates = falls[:, None] * jnp.asarray(config.rates)[:, None]  # (schedules, rates, steps)
    numbers = {"learning_rate": rates.reshape(-1, config.num_steps)}
    rows: list[Row] = []
    for seed, data in zip(seeds, datasets_for(config.data, seeds), strict=True):
        with timed_seed(rows, seed):
            test, kept = fresh_test(data, config.num_fresh), -config.num_validation
            parts = data.x[:kept], data.y[:kept], data.x[kept:], data.y[kept:]
            keys = jnp.stack([jax.random.key(seed)] * len(numbers["learning_rate"]))
            found = fit_settings(fit, keys, Split(*map(jnp.asarray, parts)), numbers)
            right = np.asarray(found.predictions[:, 0] == found.predictions[:, 2])
            fresh = accuracies(model, found.params, jnp.asarray(test.x), jnp.asarray(test.y))
            accs = {"validation_acc": right.mean(axis=1), "fresh_acc": fresh}
            by_schedule = {name: acc.reshape(len(SCHEDULES), -1) for name, acc in accs.items()}
            curves = {"learning_rate": config.rates} | {
                f"{schedule} {name}": acc[i]
                for name, acc in by_schedule.items()
                for i, schedule in enumerate(SCHEDULES)
            }
            rows += curve_rows([seed], range(config.num_rates), curves)
    return rows


def choices(trial: Rows) -> dict[int, tuple[str, int]]:
    """Return the schedule and the place of the rate that each seed chooses on validation."""
    acc = np.stack([trial.curve(f"{name} validation_acc")[1] for name in SCHEDULES], axis=1)
    found = {}
    for seed, of_seed in zip(trial.seeds, acc, strict=True):
        place, which = np.unravel_index(of_seed.T.argmax(), of_seed.T.shape)
        found[seed] = (SCHEDULES[which], int(place))
    return found


def tuned_acc(trial: Rows) -> Values:
    """Return the accuracy on fresh signals of the setting that each seed chooses."""
    found = {
        seed: trial.where(seed=seed).curve(f"{name} fresh_acc")[1][0, place]
        for seed, (name, place) in choices(trial).items()
    }
    return Values(found, list(found.values()))


def table(rows: Rows) -> TextTable:
    """Return one line per optimizer: accuracy on fresh signals, and what was chosen how often."""
    lines = []
    for name, trial in rows.split("optimizer", LOWEST).items():
        chosen = choices(trial).values()
        rates, count = trial.curve("learning_rate")[1][0], len(chosen)
        picked = np.exp(np.mean([np.log(rates[place]) for _, place in chosen]))
        at_edge = sum(place in (0, len(rates) - 1) for _, place in chosen)
        cosine = sum(s == "cosine" for s, _ in chosen)
        cells = [cell(tuned_acc(trial)), f"{picked:.2g}", f"{cosine} of {count}"]
        lines.append([CALLED[name], *cells, f"{at_edge} of {count}", str(count)])
    header = ["optimizer", f"accuracy on fresh signals, {CI}", "chosen rate, geometric mean"]
    return [*header, "cosine chosen", "rate at the edge of its range", "n"], lines


def figures(rows: Rows) -> Figures:
    """Draw validation accuracy against the learning rate, and the tuned accuracies."""
    from mnist1d.plots import marks, style

    fig, (left, right) = style.figure(1, 2, size=(9.4, 3.8))
    found = rows.split("optimizer", LOWEST)
    for at, (name, trial) in enumerate(found.items()):  # the right panel names the colors
        tint = style.COLORS[at % len(style.COLORS)]
        rates = trial.curve("learning_rate")[1][0]
        acc = np.maximum(*(trial.curve(f"{s} validation_acc")[1] for s in SCHEDULES))
        style.band(left, rates, acc, CALLED[name], tint, marker="o", unit="%")
        marks.dots(right, [-at], [tuned_acc(trial)], tint, unit="%", across=True)
    left.set(title="Search on validation", xscale="log", xlabel="learning rate")
    left.set(ylabel="validation accuracy, better schedule")
    right.set(title="Chosen, on fresh signals", xlabel="accuracy on fresh signals")
    right.set_yticks([-at for at in range(len(found))], [CALLED[name] for name in found])
    style.percent_axis(left)
    style.percent_axis(right, "x")
    n = seed_range(rows)
    caption = (
        "Five optimizers with the same tuning budget. Left: validation accuracy of a CNN "
        "against the learning rate, with the better of a constant and a cosine schedule; the "
        "colours are those on the right. "
        f"{style.band_words(*n)} Right: accuracy on fresh signals of the setting each seed chose "
        f"by validation. {style.dot_words(*n)} "
        "Check whether any interval is separate from the others."
    )
    return {"tuned": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Compare every pair of optimizers, tuned, on fresh signals, by seed. The report gives the
    verdicts under Holm's correction over all pairs too."""
    trials = rows.split("optimizer", LOWEST)
    acc, found = {name: tuned_acc(trial) for name, trial in trials.items()}, []
    for a, b in itertools.combinations(acc, 2):
        text = f"tuned {CALLED[a]} beats tuned {CALLED[b]} on fresh signals"
        quantity = f"{CALLED[a]} - {CALLED[b]}, accuracy on fresh signals"
        found.append(above(text, quantity, acc[a] - acc[b], unit=POINTS))
    return keep_measured(found)
