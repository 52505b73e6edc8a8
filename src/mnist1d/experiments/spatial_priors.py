"""Spatial priors: the benchmark table.

Four models from no prior to a strong one (logistic regression, MLP, CNN, GRU) are trained on the
frozen set by one protocol: Adam, learning rate 0.01, batches of 100 in fixed order, 6,000 steps,
cross-entropy. Then the same once the 40 positions are permuted, one permutation for all signals:
what a model loses there is what it drew from the order.

The MNIST column is the same protocol on MNIST's images, where they are given (`--mnist`): logistic
regression and MLP on the 784 pixels, CNN and GRU on the rows, the image as a series of 28 steps
with 28 values each. Pixels lie in [0, 1], as they come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import Claim, Published, above, all_of, mean_interval, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.rows import (
    Row,
    Rows,
    curve_rows,
    prediction_rows,
    scalar_rows,
    timing_rows,
)
from mnist1d.experiments.study import Info
from mnist1d.learning.registry import MODELS, check_model, in_order, models_of, resolve, takes
from mnist1d.mnist import load_mnist

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

TABLE_1 = "arXiv 2011.14439, table 1"
CLAIMED = ("logistic", "mlp", "cnn", "gru")  # the models that the claims are about
PAST_LINEAR = CLAIMED[1:]
PUBLISHED = (
    *(
        Published(f"{name} {figure.on}".strip(), figure.value, figure.tolerance, figure.source)
        for name, entry in MODELS.items()
        for figure in entry.published
    ),
    Published("human", 0.958, 0.005, TABLE_1),
)
HUMAN_ACC, HUMAN_ANSWERS = (
    0.9575,
    400,
)  # the distinct answers that are public; their fifth file repeats another
HUMAN_SHUFFLED = 0.30  # "around 30", table 1; no count of answers is given
HUMAN_SE = math.sqrt(HUMAN_ACC * (1 - HUMAN_ACC) / HUMAN_ANSWERS)
INFO = Info(
    name="spatial-priors",
    title="Spatial priors: the benchmark table",
    question="Do models that know that time is ordered read these signals better?",
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 2 and table 1"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 3, "paper": 8},
    cost={
        "smoke": 16.0,
        "quick": 64.0,
        "paper": 320.0,
    },
    peer_seconds=105.0,
    quiz=True,
)
DATASETS = ("mnist1d", "mnist")
SHUFFLED = DataConfig(shuffle_seq=True)
ROW = 28  # pixels; a CNN or GRU sees an image row by row


@dataclass(frozen=True)
class Config:
    """One model on one data set. `data` says which MNIST-1D; a trial on MNIST keeps its default, so
    that it is one, whatever is set."""

    model: str = "mlp"
    dataset: str = "mnist1d"
    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01
    eval_every: int = 250
    vary: str = "frozen"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_model(self.model)
        check_name(self.dataset, DATASETS, "dataset")
        check_varied(self.vary)
        check_numbers(self)
        if self.dataset == "mnist":
            object.__setattr__(self, "data", DataConfig())
            object.__setattr__(self, "vary", "frozen")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: every model on the plain set, on the shuffled set and, where
    quick takes fewer steps, on MNIST."""
    num_steps, on_mnist, eval_every = {
        "smoke": (60, 60, 20),
        "quick": (2000, 500, 250),
        "paper": (6000, 6000, 250),
    }[preset]
    sets = (
        {"num_steps": num_steps},
        {"num_steps": num_steps, "data": SHUFFLED},
        {"num_steps": num_steps, "vary": "data"},
        {"num_steps": num_steps, "vary": "data", "data": SHUFFLED},
        {"num_steps": on_mnist, "dataset": "mnist"},
    )
    return [
        Config(model=model, eval_every=eval_every, **which)
        for which in sets
        for model in models_of(preset)
    ]


def weight(config: Config) -> float:
    """Return a trial's cost relative to the others of its preset, so that a sweep starts the long
    ones first."""
    cost = resolve(config.model).cost
    if config.dataset == "mnist":  # most of it is evaluation on 70,000 images
        cost = 1 + 1.5 * cost
    return cost * config.num_steps


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one model from every seed; curves of loss and accuracy, seconds a seed, seconds to
    compile, parameters."""
    import jax

    from mnist1d.learning import Settings, Split, fit_each, make_fit, num_params
    from mnist1d.learning.model import check_finite

    on_images = config.dataset == "mnist"
    if on_images:
        splits = [Split.of(load_mnist())] * len(seeds)
    else:
        splits = [Split.of(data) for data in datasets_for(config.data, seeds, config.vary)]
    entry = resolve(config.model)
    by_row = {"num_features": ROW} if on_images and takes(entry.load(), "num_features") else {}
    model = entry.make(num_inputs=splits[0].x.shape[1], **by_row)
    settings = Settings(
        num_steps=config.num_steps,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        eval_every=config.eval_every,
    )
    keys = jax.numpy.stack([jax.random.key(seed) for seed in seeds])
    fit, seconds, compile_seconds = fit_each(make_fit(model, settings), keys, splits)
    check_finite(config.model, seeds, fit.curves["test_loss"])
    return [
        *curve_rows(seeds, fit.steps, fit.curves),
        *scalar_rows(seeds, {"num_params": [num_params(model)] * len(seeds)}),
        *prediction_rows(seeds, fit.predictions),
        *timing_rows(seeds, seconds, compile_seconds),
    ]


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return the benchmark table: final test accuracy in percent, mean and 95 % interval over
    seeds.

    "best" is the best test accuracy over the steps, a selection on the test set: not a result, and
    labelled so. MNIST's cells are empty where it was not measured; CNN and GRU read it row by row.
    """
    header = [
        "model",
        "parameters",
        "test acc %",
        "95 % interval",
        "n",
        "best step %*",
        "shuffled %",
        "95 % interval",
    ]
    header += ["MNIST (rows) %", "s/seed", "published"]
    published = {p.name: f"{100 * p.value:.0f}" for p in PUBLISHED}
    lines = []
    for model in models_in(rows):
        plain, shuffled, on_mnist = (
            rows_of(rows, model, False),
            rows_of(rows, model, True),
            on_images(rows, model),
        )
        if not any(map(len, (plain, shuffled, on_mnist))):
            continue
        size, n, best, seconds = _details(plain)
        line = [
            resolve(model).label,
            size,
            *_mean_and_interval(plain),
            n,
            best,
            *_mean_and_interval(shuffled),
            _mean_and_interval(on_mnist)[0],
            seconds,
        ]
        known = [published[name] for name in (model, f"{model} shuffled") if name in published]
        lines.append([*line, " / ".join(known)])
    low, high = 100 * (HUMAN_ACC - 1.96 * HUMAN_SE), 100 * (HUMAN_ACC + 1.96 * HUMAN_SE)
    human = [
        "human",
        "",
        f"{100 * HUMAN_ACC:.1f}",
        f"{low:.1f} .. {high:.1f}",
        f"{HUMAN_ANSWERS} answers",
        "",
        "",
        "",
        "",
        "",
        "96 / ~30",
    ]
    return header, [*lines, human]


def measured(rows: Rows) -> dict[str, np.ndarray]:
    """Return final test accuracies, (seeds,), under the names of the published figures."""
    cells = {
        f"{model}{' shuffled' * shuffled}": rows_of(rows, model, shuffled)
        for model in models_in(rows)
        for shuffled in (False, True)
    }
    cells |= {f"{model} on MNIST": on_images(rows, model) for model in models_in(rows)}
    return {name: cell.final("test_acc") for name, cell in cells.items() if len(cell)}


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw test accuracy against steps, in order and shuffled; thin: training accuracy."""
    from mnist1d.plots import marks, style

    fig, axes = style.figure(1, 2, size=(9, 3.9), sharey=True)
    people = ((HUMAN_ACC, "human"), (HUMAN_SHUFFLED, "human, about 30%"))
    titles = ("Positions in order", "Positions shuffled")
    for ax, shuffled, title, human in zip(axes, (False, True), titles, people, strict=True):
        ends = [(*human, style.INK)]
        for model in models_in(rows):
            trial, color = rows_of(rows, model, shuffled), resolve(model).color
            if len(trial):
                thin = {"linewidth": 0.8, "alpha": 0.7}
                steps, train = trial.curve("train_acc")
                ax.plot(steps, train.mean(axis=0), "--", color=color, **thin)
                style.band(ax, *trial.curve("test_acc"), None, color, clip=(0, 1))
                ends.append((trial.final("test_acc").mean(), resolve(model).label, color))
        ax.axhline(human[0], color=style.INK, linestyle=":", linewidth=1.2)
        ax.set(title=title, xlabel="training steps", ylim=(0, 1.02))
        ax.margins(x=0)
        style.percent_axis(ax)
        marks.end_labels(ax, ends)
    axes[0].set_ylabel("accuracy")
    caption = (
        "Accuracy of each model during training, on the frozen set as it is (left) and with one "
        "permutation of the 40 positions for all signals (right). Thick: test accuracy. "
        f"{style.band_words(len(rows.unique('seed')))} Thin and dashed: mean training accuracy. "
        "Dotted: people. Compare the two panels: the drop of a model's test accuracy is what the "
        "model drew from the order of the positions."
    )
    return {"accuracy": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test the table's sentences on final test accuracies; differences are paired by seed, which
    fixes the initial weights only."""
    acc = {
        (m, s): rows_of(rows, m, s).final("test_acc")
        for m in CLAIMED
        for s in (False, True)
        if len(rows_of(rows, m, s))
    }
    result = []

    def known(*trials: tuple[str, bool]) -> bool:
        return all(trial in acc for trial in trials)

    plain = [(model, False) for model in CLAIMED]
    logistic, mlp, cnn, gru = (acc.get(trial) for trial in plain)
    if known(*plain[:3]):
        parts = [
            above("", "MLP - logistic, test acc", mlp - logistic),
            above("", "CNN - MLP, test acc", cnn - mlp),
        ]
        result.append(all_of("logistic < MLP < CNN", parts, "32 < 68 < 94"))
    if known(("mlp", False), ("gru", False)):
        parts = [above("", "GRU - MLP, test acc", gru - mlp), _below_human("GRU", gru)]
        result.append(all_of("the GRU lies between MLP and human", parts, "68 < 91 < 96"))
    for model in ("logistic", "mlp"):
        if known((model, False), (model, True)):
            change = acc[model, True] - acc[model, False]
            text = f"shuffling leaves {resolve(model).label} as it is, within 2 points"
            result.append(
                within(
                    text,
                    "shuffled - plain, test acc",
                    change,
                    -0.02,
                    0.02,
                    "32 = 32" if model == "logistic" else "68 = 68",
                )
            )
    for model in ("cnn", "gru"):
        if known((model, True), ("mlp", True)):
            gap = acc["mlp", True] - acc[model, True]
            text = f"shuffling takes the {resolve(model).label} below the MLP"
            result.append(
                above(
                    text,
                    f"MLP - {resolve(model).label}, both shuffled, test acc",
                    gap,
                    published="56 < 68" if model == "cnn" else "57 < 68",
                )
            )
    if known(*plain):
        parts = [_below_human(resolve(model).label, acc[model, False]) for model in CLAIMED]
        result.append(all_of("the human is above all four models", parts, "96 > 94"))
    if known(("cnn", False), ("gru", False)):
        ratio = rows_of(rows, "gru", False).final("seconds") / rows_of(rows, "cnn", False).final(
            "seconds"
        )
        result.append(
            above(
                "the GRU takes at least 10 times as long as the CNN",
                "seconds, GRU / CNN",
                ratio,
                10,
                "10 times or more",
            )
        )
    apart, near = (
        _spread([rows_of(rows, m, False) for m in PAST_LINEAR]),
        _spread([on_images(rows, m) for m in PAST_LINEAR]),
    )
    if seeds := sorted(apart.keys() & near.keys()):
        text = "MLP, CNN and GRU lie further apart on MNIST-1D than on MNIST"
        quantity = "best - worst of the three, test acc: MNIST-1D - MNIST"
        result.append(
            above(
                text,
                quantity,
                [apart[seed] - near[seed] for seed in seeds],
                published="94 - 68 > 99+ - 99+",
            )
        )
    return result


def _spread(trials: Sequence[Rows]) -> dict[int, float]:
    """Return best minus worst final test accuracy of the trials, by seed; seeds that one of them
    lacks are left out."""
    accs = [
        dict(zip(sorted(trial.unique("seed")), trial.final("test_acc"), strict=True))
        if len(trial)
        else {}
        for trial in trials
    ]
    seeds = set.intersection(*map(set, accs))
    return {seed: max(acc[seed] for acc in accs) - min(acc[seed] for acc in accs) for seed in seeds}


def models_in(rows: Rows) -> list[str]:
    """Return the models that the rows have, in the registry's order."""
    return in_order(rows.unique("model"))


def rows_of(rows: Rows, model: str, shuffled: bool, vary: str = "frozen") -> Rows:
    """Return the rows of one cell of the table, or of the same model across data sets."""
    return rows.where(model=model, dataset="mnist1d", data__shuffle_seq=shuffled, vary=vary)


def on_images(rows: Rows, model: str) -> Rows:
    """Return the rows of one cell of the MNIST column; where steps of two lengths were asked for,
    as by --set, the longer training."""
    found = rows.where(model=model, dataset="mnist")
    return found.where(num_steps=max(found.unique("num_steps"), default=None))


def _below_human(name: str, acc: np.ndarray) -> Claim:
    """The human lies above; the human's own sampling error is in the interval too."""
    return above("", f"human - {name}, test acc", HUMAN_ACC - acc, noise=HUMAN_SE)


def _mean_and_interval(trial: Rows) -> tuple[str, str]:
    """Return a trial's final test accuracy in percent and its interval, as text; nothing where it
    was not measured."""
    if not len(trial):
        return "", ""
    mean, low, high = mean_interval(trial.final("test_acc"))
    return f"{100 * mean:.1f}", f"{100 * low:.1f} .. {100 * high:.1f}" if math.isfinite(
        low
    ) else "one seed"


def _details(trial: Rows) -> tuple[str, str, str, str]:
    """Return a trial's number of parameters and of seeds, best accuracy over the steps in percent,
    and seconds a seed, as text."""
    if not len(trial):
        return "", "", "", ""
    size, best = trial.final("num_params"), trial.curve("test_acc")[1].max(axis=1)
    return (
        f"{size[0]:,.0f}",
        str(len(size)),
        f"{100 * best.mean():.1f}",
        f"{trial.final('seconds').mean():.2f}",
    )
