"""Spatial priors: the benchmark table.

Four models from no prior to a strong one (logistic regression, MLP, CNN, GRU) are trained on the
frozen set by one protocol: Adam, learning rate 0.01, batches of 100 in fixed order, 6,000 steps,
cross-entropy. Then the same once the 40 positions are permuted, one permutation for all signals:
what a model loses there is what it drew from the order.

On the frozen set a seed draws initial weights and batch order, so that an interval over seeds says
nothing about other data. The claims about models are therefore tested on trials in which each seed
also draws a data set of its own, the same for all models. The human's answers are to signals of the
frozen set: models are compared with them signal by signal.

The MNIST column is the same protocol on MNIST's images, where they are given (`--mnist`): logistic
regression and MLP on the 784 pixels, CNN and GRU on the rows, the image as a series of 28 steps
with 28 values each. Pixels lie in [0, 1], as they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments import human
from mnist1d.experiments.claims import Claim, above, all_of, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.estimates import POINTS, estimate
from mnist1d.experiments.fits import fit_rows
from mnist1d.experiments.predictions import right_by_signal
from mnist1d.experiments.present import (
    CI,
    count_cell,
    label,
    last_cell,
    mean_cell,
    models_in,
)
from mnist1d.experiments.published import NOTEBOOK, PAPER, Published, find, in_notebook, in_paper
from mnist1d.experiments.rows import Row, Rows, values_of
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values
from mnist1d.learning.registry import (
    MODELS,
    PublishedAccuracy,
    check_model,
    models_of,
    resolve,
    takes,
)
from mnist1d.mnist import load_mnist

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

CLAIMED = ("logistic", "mlp", "cnn", "gru")  # the models that the claims are about
PAST_LINEAR = CLAIMED[1:]
NOTEBOOK_FILE = "mnist1d-classification"


def _published(model: str, figure: PublishedAccuracy) -> Published:
    """Return a model's published accuracy as a figure of this study."""
    name = f"{model} {figure.on}".strip()
    if figure.in_notebook:
        key = (name, "step", "6000", "test_acc")
        return in_notebook(name, figure.percent, NOTEBOOK_FILE, key)
    found = in_paper(name, figure.percent, "", figure.rounding)
    std = None if figure.std is None else figure.std / 100
    return replace(found, std=std, n=figure.n, source=figure.source)


PUBLISHED = (
    *(_published(name, figure) for name, entry in MODELS.items() for figure in entry.published),
    # five files of 100 answers: 96, 96, 96, 97, 94; the published 0.44 is the error of their mean
    replace(in_paper("human", 95.8, "section 2", 0.05), std=0.0098, n=5),
)
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
    variations={
        "model=cnn,resnet,transformer": "models of today in the same table",
        "data.max_translation=1": "digits in a fixed place: what is left of the CNN's lead?",
        "num_steps=1000": "less training",
    },
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
    quick takes fewer steps, on MNIST; those that the claims are about also across data sets."""
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
        if model in CLAIMED or which.get("vary") != "data"
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
    from mnist1d.learning import Settings

    on_images = config.dataset == "mnist"
    if on_images:
        sets = [load_mnist()] * len(seeds)
    else:
        sets = datasets_for(config.data, seeds, config.vary)
    entry = resolve(config.model)
    by_row = {"num_features": ROW} if on_images and takes(entry.load(), "num_features") else {}
    model = entry.make(num_inputs=sets[0].x.shape[1], **by_row)
    settings = Settings(
        config.num_steps, config.batch_size, config.learning_rate, eval_every=config.eval_every
    )
    return fit_rows(config.model, model, settings, seeds, sets)


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return the benchmark table: final test accuracy, mean and 95% interval over seeds, on the
    frozen set, on a data set of each seed's own, on the shuffled frozen set, and on MNIST.

    "best" is the best test accuracy over the steps, a selection on the test set: not a result, and
    labelled so. MNIST's cells are empty where it was not measured; CNN and GRU read it row by row.
    """
    header = ["model", "parameters", f"frozen set, {CI}", "n", "best step, %*"]
    header += [f"other data sets, {CI}", f"shuffled, {CI}", f"MNIST (rows), {CI}", "s/seed"]
    lines = []
    for model in models_in(rows):
        plain, shuffled = rows_of(rows, model, False), rows_of(rows, model, True)
        varied, images = rows_of(rows, model, False, "data"), on_images(rows, model)
        if not any(map(len, (plain, shuffled, varied, images))):
            continue
        best = ""
        if len(plain):
            best = f"{100 * plain.curve('test_acc')[1].max(axis=1).mean():.1f}"
        size = mean_cell(plain, "num_params", ",.0f", 1)
        line = [label(model), size, last_cell(plain), count_cell(plain), best, last_cell(varied)]
        line += [last_cell(shuffled), last_cell(images), mean_cell(plain, "seconds", ".2f", 1)]
        lines.append([*line, _printed(model, PAPER), _printed(model, NOTEBOOK)])
    people = ["human", "", human.CELL, f"{human.NUM_ANSWERS} answers", *[""] * 5, "96 / ~30", ""]
    return [*header, "paper, %", "notebook, %"], [*lines, people]


def _printed(model: str, origin: str) -> str:
    """Return a model's published accuracies in percent, plain / shuffled."""
    found = (find(PUBLISHED, name, origin) for name in (model, f"{model} shuffled"))
    return " / ".join(f"{100 * p.value:.3g}" for p in found if p)


def measured(rows: Rows) -> dict[str, Values]:
    """Return final test accuracies by seed, under the names of the published figures."""
    cells = {
        f"{model}{' shuffled' * shuffled}": rows_of(rows, model, shuffled)
        for model in models_in(rows)
        for shuffled in (False, True)
    }
    cells |= {f"{model} on MNIST": on_images(rows, model) for model in models_in(rows)}
    return {name: cell.by_seed("test_acc") for name, cell in cells.items() if len(cell)}


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw test accuracy against steps, in order and shuffled; thin: training accuracy."""
    from mnist1d.plots import marks, style

    fig, axes = style.figure(1, 2, size=(9, 3.9), sharey=True)
    people = ((human.ACC, "human"), (human.SHUFFLED_ACC, "human, about 30%"))
    titles = ("Positions in order", "Positions shuffled")
    for ax, shuffled, title, line in zip(axes, (False, True), titles, people, strict=True):
        ends = [(*line, style.INK)]
        for model in models_in(rows):
            trial, color = rows_of(rows, model, shuffled), resolve(model).color
            if len(trial):
                thin = {"linewidth": 0.8, "alpha": 0.7}
                steps, train = trial.curve("train_acc")
                ax.plot(steps, train.mean(axis=0), "--", color=color, **thin)
                style.band(ax, *trial.curve("test_acc"), None, color, unit="%")
                ends.append((trial.final("test_acc").mean(), resolve(model).label, color))
        ax.axhline(line[0], color=style.INK, linestyle=":", linewidth=1.2)
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
    """Test the table's sentences. Models are compared across data sets: seed i gives every model
    data set i. A model and the human are compared by signal, on the signals that were answered."""
    plain, shuffled = (
        {m: values_of(rows_of(rows, m, permuted, "data"), "test_acc") for m in CLAIMED}
        for permuted in (False, True)
    )
    below = [_below_human(rows, model) for model in CLAIMED]
    apart = _spread([rows_of(rows, model, False, "data") for model in PAST_LINEAR])
    near = _spread([on_images(rows, model) for model in PAST_LINEAR])
    gru, cnn = (values_of(rows_of(rows, m, False, "data"), "seconds") for m in ("gru", "cnn"))

    def gap(better: str, worse: str) -> Claim:
        quantity = f"{resolve(better).label} - {resolve(worse).label}, test acc"
        return above("", quantity, plain[better] - plain[worse], unit=POINTS)

    def unchanged(model: str, margin: float, published: str) -> Claim:
        text = (
            f"shuffling changes the {resolve(model).label} by less than {100 * margin:.0f} points"
        )
        change, limits = shuffled[model] - plain[model], (-margin, margin)
        quantity = "shuffled - in order, test acc"
        return within(text, quantity, change, *limits, published, unit=POINTS, published_value=0.0)

    def overtaken(model: str, published: float) -> Claim:
        text = f"shuffling takes the {resolve(model).label} below the MLP"
        quantity = f"MLP - {resolve(model).label}, both shuffled, test acc"
        words, value = f"{100 * published:.0f} < 68", 0.68 - published
        gap = shuffled["mlp"] - shuffled[model]
        return above(text, quantity, gap, 0, words, unit=POINTS, published_value=value)

    parts = [gap("mlp", "logistic"), gap("cnn", "mlp")]
    between = [gap("gru", "mlp"), below[CLAIMED.index("gru")]]
    found = [
        all_of("logistic < MLP < CNN", parts, "32 < 68 < 94"),
        all_of("the GRU lies between MLP and human", between, "68 < 91 < 96"),
        unchanged("logistic", 0.01, "32 = 32"),  # the margins: table 1's standard deviations
        unchanged("mlp", 0.02, "68 = 68"),
        overtaken("cnn", 0.56),
        overtaken("gru", 0.57),
        all_of("the human is above all four models", below, "96 > 94"),
        above(
            "the GRU takes at least 10 times as long as the CNN",
            "seconds, GRU / CNN",
            gru / cnn,
            10,
            "10 times or more",
        ),
        above(
            "MLP, CNN and GRU lie further apart on MNIST-1D than on MNIST",
            "best - worst of the three, test acc: MNIST-1D - MNIST",
            apart - near,
            published="94 - 68 > 99+ - 99+",
            unit=POINTS,
        ),
    ]
    return keep_measured(found)


def _spread(trials: Sequence[Rows]) -> Values:
    """Return best minus worst final test accuracy of the trials, by the seeds that all have."""
    accs = [values_of(trial, "test_acc") for trial in trials]
    shared = [seed for seed in accs[0].keys if all(seed in acc.keys for acc in accs)]
    every = [[acc[seed] for seed in shared] for acc in accs]  # (models, seeds)
    return Values(shared, np.ptp(every, axis=0) if shared else ())


def rows_of(rows: Rows, model: str, shuffled: bool, vary: str = "frozen") -> Rows:
    """Return the rows of one cell of the table, or of the same model across data sets."""
    return rows.where(model=model, dataset="mnist1d", data__shuffle_seq=shuffled, vary=vary)


def on_images(rows: Rows, model: str) -> Rows:
    """Return the rows of one cell of the MNIST column; where steps of two lengths were asked for,
    as by --set, the longer training."""
    found = rows.where(model=model, dataset="mnist")
    return found.where(num_steps=max(found.unique("num_steps"), default=None))


def _below_human(rows: Rows, model: str) -> Claim:
    """Test that the human is right more often than a model about the answered signals of the frozen
    set. A signal counts by the share of seeds that are right about it; what the seeds disagree
    about is in the interval too."""
    trial, quantity = rows_of(rows, model, False), f"human - {resolve(model).label}, by signal"
    if not len(trial.where(metric="predictions")):
        return above("", quantity, Values((), ()), unit=POINTS)
    by_signal, right = right_by_signal(trial)
    noise = estimate(right[:, list(human.ANSWERED)].mean(axis=1)).error
    gaps = human.correct() - by_signal
    count = {"over": "signals", "seeds": len(right)}
    return above("", quantity, gaps, noise=noise, unit=POINTS, **count)
