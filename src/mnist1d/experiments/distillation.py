"""Distillation: exact posteriors as labels.

In distillation, a student network trains on class probabilities instead of labels. Here the best
possible teacher is known: the ideal observer gives the exact posterior of every training signal by
Bayes' rule. Two students share signals, initial weights and batch order (CNN, Adam, batches of 50,
2,000 steps, cosine decay of the learning rate from 0.003 to 0). One trains on labels, the other on
posteriors. The signals have strong white noise, so that their classes are uncertain, and digits of
one size, so that posteriors are quick to compute.

Each seed draws two training sets; for either kind of labels, one student trains on each set. These
two students classify the same 2,000 fresh signals. The variance is half the squared distance
between the students' class probabilities, averaged over signals. Accuracy, divergence from the
posterior and calibration error are means over the two students.

Rows: test_acc, test_loss and kl (nats, from the exact posterior), calibration_error, variance;
bayes_acc: expected accuracy of the ideal observer on the same signals; seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers, check_whole
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, all_of, below, keep_measured
from mnist1d.experiments.datasets import datasets_for
from mnist1d.experiments.fits import fit_model
from mnist1d.experiments.predictions import prediction_rows, predictions_of
from mnist1d.experiments.present import CI, cell, count_cell, seed_range
from mnist1d.experiments.rows import Row, Rows, Values, paired, scalar_rows, timing_rows
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.intervals import TIMES
from mnist1d.learning.registry import check_model, resolve

if TYPE_CHECKING:
    from mnist1d.learning import Split

INFO = Info(
    name="distillation",
    title="Distillation: exact posteriors as labels",
    question="How much does training on exact class probabilities gain over training on labels?",
    source=(
        "Menon, Rawat, Reddi, Kim and Kumar, Why distillation helps: a statistical perspective "
        "(2020, arXiv 2005.10419); the settings here are ours"
    ),
    seeds={"smoke": 2, "quick": 3, "paper": 8},
    cost={"smoke": 6.0, "quick": 30.0, "paper": 260.0},
)
LABELS = {"hard": "labels", "soft": "posteriors"}
SHARES = {"test_acc": (".1f", 100), "calibration_error": (".1f", 100)}  # as `cell` shows them
COLUMNS = {**SHARES, "kl": (".3f", 1), "variance": (".4f", 1)}


@dataclass(frozen=True)
class Config:
    """Students of one kind of labels on training sets of one size."""

    labels: str = "soft"
    num_train: int = 500
    model: str = "cnn"
    num_steps: int = 2000
    batch_size: int = 50
    learning_rate: float = 0.003
    num_test: int = 2000  # fresh signals, the same for every seed
    data: DataConfig = DataConfig(
        num_samples=5000, train_split=0.8, iid_noise_scale=0.1, padding=(48, 48)
    )

    def __post_init__(self) -> None:
        check_name(self.labels, LABELS, "labels")
        check_model(self.model)
        check_numbers(self)
        most = round(self.data.num_samples * self.data.train_split)
        check_whole(self.num_train, self.batch_size, "num_train", most)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: both kinds of labels on every size."""
    sizes, rest = {
        "smoke": ((50,), {"num_steps": 10, "num_test": 50, "model": "logistic"}),
        "quick": ((125, 250, 500), {"num_steps": 1000, "num_test": 1000}),
        "paper": ((125, 250, 500, 1000, 2000), {}),
    }[preset]
    return [Config(labels, size, **rest) for size in sizes for labels in LABELS]


def weight(config: Config) -> float:
    """Return a trial's relative cost: posteriors take time in proportion to their number."""
    return 1 + config.num_train / 500 * (config.labels == "soft")


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train two students from every seed and compare both with the exact posterior."""
    import jax

    from mnist1d.learning import Settings
    from mnist1d.observer.comparison import against_exact
    from mnist1d.observer.measure import calibration_error

    model = resolve(config.model).make(num_inputs=config.data.final_seq_length)
    how = {"schedule": "cosine", "reshuffle": True}
    sizes = config.num_steps, config.batch_size, config.learning_rate
    settings = Settings(*sizes, eval_every=config.num_steps, **how)
    apply = jax.jit(jax.vmap(model.apply))
    probabilities, seconds, compile_seconds = [], np.zeros(len(seeds)), 0.0
    for which in (0, 1):
        splits, exact = splits_of(config, seeds, which)
        found = fit_model(config.model, model, settings, seeds, splits)
        logits = apply(found.fit.params, jax.numpy.stack([s.x_test for s in splits]))
        probabilities.append(np.asarray(jax.nn.softmax(logits)))
        seconds, compile_seconds = seconds + found.seconds, compile_seconds + found.compile_seconds
    y = np.asarray(splits[0].y_test)
    rows = []
    for seed, *both in zip(seeds, *probabilities, strict=True):
        scores = [against_exact(exact, p, y) for p in both]
        means = {name: np.mean([score[name] for score in scores]) for name in scores[0]}
        errors = [calibration_error(p.max(1), p.argmax(1) == y)[0] for p in both]
        variance = 0.5 * np.square(both[0] - both[1]).sum(axis=1).mean()
        means |= {"calibration_error": np.mean(errors), "variance": variance}
        rows += scalar_rows([seed], means | {"bayes_acc": exact.max(axis=1).mean()})
    rows += prediction_rows(seeds, [predictions_of(p, y) for p in probabilities[0]])
    return rows + timing_rows(seeds, seconds, compile_seconds)


def splits_of(config: Config, seeds: Sequence[int], which: int) -> tuple[list[Split], np.ndarray]:
    """Return each seed's first or second training set with the fresh test signals, and the exact
    posterior of those, (n, classes)."""
    import jax.numpy as jnp

    from mnist1d.learning import Split
    from mnist1d.observer import IdealObserver
    from mnist1d.observer.fresh import fresh_test

    found, n, exact = [], config.num_train, np.empty(0)
    for seed in seeds:
        (data,) = datasets_for(config.data, [2 * seed + which])
        test = fresh_test(data, config.num_test)
        if test.exact is None:
            raise UsageError(f"posteriors need signals that have a density: {test.reason}")
        exact, x, y = test.exact, data.x[:n], jnp.asarray(data.y[:n], jnp.int32)
        if config.labels == "soft":
            y = jnp.asarray(IdealObserver.of(data).predict_proba(x), jnp.float32)
        x_test, y_test = jnp.asarray(test.x, jnp.float32), jnp.asarray(test.y, jnp.int32)
        found.append(Split(jnp.asarray(x), y, x_test, y_test))
    return found, exact


def gain(rows: Rows, size: int, metric: str) -> Values:
    """Return the effect of posteriors at one training-set size by seed: soft minus hard labels."""
    soft, hard = (rows.where(labels=labels, num_train=size) for labels in ("soft", "hard"))
    return paired(soft, hard, metric).difference


def data_factor(rows: Rows, size: int) -> Values:
    """Return how many times as many labelled signals reach the accuracy of `size` posteriors, by
    seed: read off the labels' accuracy against the logarithm of the size, within the sizes."""
    hard = rows.where(labels="hard").by("num_train", "test_acc")
    soft = rows.where(labels="soft", num_train=size).by_seed("test_acc")
    seeds = [s for s in soft.keys if all(s in of.keys for of in hard.values())]
    factors = []
    for seed in seeds:
        acc = np.maximum.accumulate([of[seed] for of in hard.values()])
        factors.append(np.exp(np.interp(soft[seed], acc, np.log(list(hard)))) / size)
    return Values(seeds, factors, set(soft.keys) - set(seeds))


def table(rows: Rows) -> TextTable:
    """Return one line per size and kind of labels."""
    header = ["training signals", "trained on", f"test accuracy, {CI}", f"calibration error, {CI}"]
    header += ["KL from posterior, nats", "variance", "n"]
    lines = []
    for size, trials in rows.split("num_train").items():
        for labels, trial in trials.split("labels", LABELS).items():
            cells = [cell(trial.by_seed(name), *how) for name, how in COLUMNS.items()]
            lines.append([f"{size:,}", LABELS[labels], *cells, count_cell(trial)])
    return header, lines


def figures(rows: Rows) -> Figures:
    """Draw accuracy, divergence, calibration error and variance against the number of signals."""
    from mnist1d.plots import style

    fig, axes = style.figure(1, 4, size=(12.5, 3.2))
    titles = ("Test accuracy", "Calibration error", "KL from the posterior (nats)", "Variance")
    for ax, metric, title in zip(axes, COLUMNS, titles, strict=True):
        how = {"marker": "o", "unit": SHARE if metric in SHARES else "", "log": metric == "kl"}
        for labels, trials in rows.split("labels", LABELS).items():
            tint = style.COLORS[list(LABELS).index(labels)]
            style.band(ax, *trials.across("num_train", metric), LABELS[labels], tint, **how)
        ax.set(title=title, xscale="log", xlabel="training signals")
        style.ticks(ax, sorted(rows.unique("num_train")))
    if len(rows):
        bayes = rows.where(metric="bayes_acc").records[0].value
        style.reference_line(axes[0], float(bayes), "ideal observer")
        style.legend(axes[2], loc="lower left")
    axes[2].set_yscale("log")
    style.plain_log(axes[2].yaxis)
    for ax in axes[:2]:
        style.percent_axis(ax)
    caption = (
        "A CNN trained on labels and one trained on the exact class probabilities of the same "
        "signals, tested on fresh signals. Variance: how much its class probabilities differ "
        f"between two training sets. {style.band_words(*seed_range(rows))} Compare the two lines "
        "in each panel; the horizontal distance between them shows how many labels replace one "
        "posterior."
    )
    return {"gain": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test the students, paired by seed, at every size, and the worth of posteriors."""
    sizes = [n for n, of in rows.split("num_train").items() if len(of.unique("labels")) == 2]
    acc, error, variance = (
        {size: gain(rows, size, metric) for size in sizes}
        for metric in ("test_acc", "calibration_error", "variance")
    )
    better = [above("", f"gain, test accuracy, {n:,}", g, unit=POINTS) for n, g in acc.items()]
    steadier = [below("", f"change of variance, {n:,}", g) for n, g in variance.items()]
    quantity = "change, calibration error"
    surer = [below("", f"{quantity}, {n:,}", g, unit=POINTS) for n, g in error.items()]
    everywhere = "at every training-set size"
    found = [
        all_of(f"posteriors lower the variance {everywhere}", steadier, "lower variance"),
        all_of(f"posteriors raise the test accuracy {everywhere}", better, "better students"),
        all_of(f"posteriors lower the calibration error {everywhere}", surer),
    ]
    if len(sizes) > 2:
        middle = sizes[len(sizes) // 2]
        text = f"{middle:,} posteriors are worth more than {middle:,} labels"
        quantity = "labels needed for the same accuracy, per posterior"
        found.append(above(text, quantity, data_factor(rows, middle), 1, unit=TIMES))
    return keep_measured(found)
