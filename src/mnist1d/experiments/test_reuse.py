"""Test reuse: how much of a leaderboard is luck?

Two hundred configurations of one model are scored on the same 1,000 test signals, and the best one
is chosen, as on a leaderboard or when tuning on the test set. The same networks are then scored on
a much larger set of fresh signals. Configurations differ in learning rate (drawn from 0.001 to
0.03), weight decay (0.001 to 1; both evenly in their logarithms), schedule (constant or cosine) and
initial weights; AdamW, batches of 100 in a new order every epoch, 1,000 steps.

The winner's optimism is its score minus its accuracy on fresh signals, minus the same difference
averaged over all configurations (which measures how easy the test set is as a whole). The fraction
of luck is the fraction of the scores' variance that the accuracies on fresh signals do not explain,
1 - r^2. Each seed draws a data set with its test set, and 200 configurations.

Rows: scores (2, configurations): accuracy on the test set and on fresh signals; seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist1d.checks import check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import CORRELATION, POINTS, SHARE, Claim, above, keep_measured
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.estimates import rank_correlation
from mnist1d.experiments.fits import timed_seed
from mnist1d.experiments.present import cell, color, label, models_in
from mnist1d.experiments.rows import Row, Rows, Values
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.learning.registry import check_model, resolve

INFO = Info(
    name="test-reuse",
    title="Test reuse: how much of a leaderboard is luck?",
    question="When 200 configurations share one test set, how much of the winner's score is luck?",
    source=(
        "Recht, Roelofs, Schmidt and Shankar, Do ImageNet Classifiers Generalize to ImageNet? "
        "(ICML 2019, arXiv 1902.10811), who rescored published image classifiers; the settings "
        "here are ours"
    ),
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 4.0, "quick": 24.0, "paper": 1500.0},
)
TOP = 0.1  # fraction of the configurations that counts as the top of the leaderboard


@dataclass(frozen=True)
class Config:
    """One model's leaderboard."""

    model: str = "cnn"
    num_configurations: int = 200
    num_steps: int = 1000
    batch_size: int = 100
    num_fresh: int = 20_000
    vary: str = "data"  # what a seed draws besides configurations: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_model(self.model)
        check_varied(self.vary)
        check_numbers(self, num_configurations=5)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: a leaderboard per model."""
    return {
        "smoke": [Config("logistic", 6, 20, num_fresh=200)],
        "quick": [
            Config("mlp", 100, 300, num_fresh=5000),
            Config("cnn", 40, 300, num_fresh=5000),
        ],
        "paper": [Config("mlp"), Config("cnn")],
    }[preset]


def weight(config: Config) -> float:
    """Return a trial's relative cost."""
    return (0.5 + resolve(config.model).cost) * config.num_configurations * config.num_steps


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train the configurations of every seed; score them on the test set and on fresh signals."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import Settings, Split, make_fit
    from mnist1d.learning.sweeps import accuracies, fit_settings
    from mnist1d.observer.fresh import fresh_test

    model = resolve(config.model).make(num_inputs=config.data.final_seq_length)
    how = {"optimizer": "adamw", "reshuffle": True}
    sizes = config.num_steps, config.batch_size
    fit = make_fit(model, Settings(*sizes, eval_every=config.num_steps, **how))
    rows: list[Row] = []
    for seed, data in zip(seeds, datasets_for(config.data, seeds, config.vary), strict=True):
        with timed_seed(rows, seed):
            test = fresh_test(data, config.num_fresh)
            numbers = {name: jnp.asarray(v, jnp.float32) for name, v in draws(config, seed).items()}
            keys = jax.random.split(jax.random.key(seed), config.num_configurations)
            found = fit_settings(fit, keys, Split.of(data), numbers)
            predicted, label = found.predictions[:, 0], found.predictions[:, 2]
            on_test = np.asarray(predicted == label).mean(axis=1)
            on_fresh = accuracies(model, found.params, jnp.asarray(test.x), jnp.asarray(test.y))
            rows.append(Row(seed, "scores", None, np.stack([on_test, on_fresh])))
    return rows


def draws(config: Config, seed: int) -> dict[str, np.ndarray]:
    """Return a seed's configurations: learning_rate (n, steps) and weight_decay (n,)."""
    rng, n = np.random.default_rng(seed), config.num_configurations
    rate, decay = 10 ** rng.uniform(-3, np.log10(0.03), n), 10 ** rng.uniform(-3, 0, n)
    fall = 0.5 * (1 + np.cos(np.pi * np.arange(config.num_steps) / config.num_steps))
    falls = np.where(rng.random(n)[:, None] < 0.5, fall, 1.0)  # (configurations, steps)
    return {"learning_rate": rate[:, None] * falls, "weight_decay": decay}


def luck(scores: np.ndarray) -> float:
    """Return the fraction of the scores' variance that fresh accuracies do not explain, for scores
    (2, configurations); NaN if one of the two does not vary."""
    if (scores.std(axis=1) == 0).any():
        return float("nan")
    return 1 - float(np.corrcoef(scores)[0, 1]) ** 2


def reading(scores: np.ndarray) -> dict[str, float]:
    """Return the measures of one leaderboard, scores (2, configurations)."""
    on_test, on_fresh = scores
    order = np.argsort(-on_test, kind="stable")
    winner, top = order[0], order[: max(3, round(TOP * len(order)))]
    gaps = on_test - on_fresh
    return {
        "score": on_test[winner],
        "fresh": on_fresh[winner],
        "optimism": gaps[winner] - gaps.mean(),
        "regret": on_fresh.max() - on_fresh[winner],
        "rank correlation": rank_correlation(on_test, on_fresh),
        "luck": luck(scores),
        "luck at the top": luck(scores[:, top]),
    }


def readings(rows: Rows, model: str) -> dict[str, Values]:
    """Return the measures of each seed's leaderboard of a model, by name."""
    trial = rows.where(model=model, metric="scores")
    found = {seed: reading(trial.array("scores", seed)) for seed in trial.seeds}
    names = next(iter(found.values()), {})
    return {name: Values(found, [of[name] for of in found.values()]) for name in names}


def table(rows: Rows) -> TextTable:
    """Return one line per model."""
    lines = []
    for model in models_in(rows):
        found = readings(rows, model)
        shares = [cell(found[name]) for name in ("score", "fresh")]
        points = [cell(100 * found[name], ".2f", 1) for name in ("optimism", "regret")]
        rank = cell(found["rank correlation"], ".2f", 1)
        lucky = [cell(found[name], ".0f") for name in ("luck", "luck at the top")]
        count = str(len(found["score"]))
        lines.append([label(model), *shares, *points, rank, *lucky, count])
    header = ["model", "winner's score, %", "winner on fresh signals, %", "optimism, points"]
    header += ["points below the best on fresh signals", "rank correlation"]
    header += ["luck, % of variance", f"luck in the top {100 * TOP:.0f}%", "n"]
    return header, lines


def figures(rows: Rows) -> Figures:
    """Draw accuracy on fresh signals against the score, for the first seed of each model."""
    from mnist1d.plots import style

    models = models_in(rows)
    if not models:
        return {}
    fig, axes = style.figure(1, len(models), size=(4.4 * len(models), 3.9))
    for ax, model in zip(np.atleast_1d(axes), models, strict=True):
        on_test, on_fresh = rows.where(model=model).array("scores")
        ax.scatter(on_test, on_fresh, s=9, color=color(model), alpha=0.6, linewidths=0)
        best = on_test.argmax()
        ax.plot(on_test[best], on_fresh[best], "o", mfc="none", color=style.INK, markersize=9)
        ends = [min(on_test.min(), on_fresh.min()), max(on_test.max(), on_fresh.max())]
        ax.plot(ends, ends, ":", color=style.GREY, linewidth=1.2, zorder=1)
        ax.set(title=label(model), xlabel="score on the test set")
        style.percent_axis(ax, "x")
        style.percent_axis(ax)
    np.atleast_1d(axes)[0].set(ylabel="accuracy on fresh signals")
    caption = (
        "Accuracy on fresh signals against the score on one test set of 1,000 signals, one dot "
        "per configuration, for the leaderboard of the first seed. The circle is the winner. On "
        "the dotted line both are equal. See how far the winner lies to the right of the other "
        "dots at its height: that much of its score is luck."
    )
    return {"scores": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test for each model the ranks, the winner's score, and the share of luck at the top."""
    found = []
    for model in models_in(rows):
        of, name = readings(rows, model), label(model)
        text = f"{name}: fresh signals rank the configurations like the test set"
        text += ", with a correlation above 0.9"
        quantity, ranks, words = "rank correlation", of["rank correlation"], "gains carry over"
        found.append(above(text, quantity, ranks, 0.9, published=words, unit=CORRELATION))
        text = f"{name}: the winner's score is too high"
        quantity = "winner's score - accuracy on fresh signals, minus the mean over configurations"
        found.append(above(text, quantity, of["optimism"], unit=POINTS))
        text = f"{name}: luck explains more than half of the spread at the top"
        quantity = f"fraction of luck in the scores' variance, best {100 * TOP:.0f}%"
        found.append(above(text, quantity, of["luck at the top"], 0.5, unit=SHARE))
    return keep_measured(found)
