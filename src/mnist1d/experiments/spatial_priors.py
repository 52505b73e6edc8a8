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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import Claim, Published, above, all_of, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.fits import fit_rows
from mnist1d.experiments.present import (
    CI,
    HUMAN,
    count_cell,
    label,
    last_cell,
    mean_cell,
    models_in,
)
from mnist1d.experiments.rows import (
    Row,
    Rows,
)
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values, joint
from mnist1d.learning.registry import MODELS, check_model, models_of, resolve, takes
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
    """Return the benchmark table: final test accuracy, mean and 95 % interval over seeds.

    "best" is the best test accuracy over the steps, a selection on the test set: not a result, and
    labelled so. MNIST's cells are empty where it was not measured; CNN and GRU read it row by row.
    """
    header = ["model", "parameters", f"test acc, {CI}", "n", "best step, %*", f"shuffled, {CI}"]
    header += [f"MNIST (rows), {CI}", "s/seed", "published, %"]
    published = {p.name: f"{100 * p.value:.0f}" for p in PUBLISHED}
    lines = []
    for model in models_in(rows):
        plain, shuffled = rows_of(rows, model, False), rows_of(rows, model, True)
        images, best = on_images(rows, model), ""
        if not any(map(len, (plain, shuffled, images))):
            continue
        if len(plain):
            best = f"{100 * plain.curve('test_acc')[1].max(axis=1).mean():.1f}"
        size = mean_cell(plain, "num_params", ",.0f", 1)
        line = [label(model), size, last_cell(plain), count_cell(plain), best, last_cell(shuffled)]
        known = [published[name] for name in (model, f"{model} shuffled") if name in published]
        seconds = mean_cell(plain, "seconds", ".2f", 1)
        lines.append([*line, last_cell(images), seconds, " / ".join(known)])
    human = ["human", "", HUMAN.cell, f"{HUMAN.answers} answers", *[""] * 4, "96 / ~30"]
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
    people = ((HUMAN.acc, "human"), (HUMAN.shuffled, "human, about 30%"))
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
        (m, s): rows_of(rows, m, s).by_seed("test_acc")
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
        gru_seconds, cnn_seconds = (
            rows_of(rows, model, False).by_seed("seconds") for model in ("gru", "cnn")
        )
        result.append(
            above(
                "the GRU takes at least 10 times as long as the CNN",
                "seconds, GRU / CNN",
                gru_seconds / cnn_seconds,
                10,
                "10 times or more",
            )
        )
    apart, near = (
        _spread([rows_of(rows, m, False) for m in PAST_LINEAR]),
        _spread([on_images(rows, m) for m in PAST_LINEAR]),
    )
    if len(further := apart - near):
        text = "MLP, CNN and GRU lie further apart on MNIST-1D than on MNIST"
        quantity = "best - worst of the three, test acc: MNIST-1D - MNIST"
        result.append(
            above(
                text,
                quantity,
                further,
                published="94 - 68 > 99+ - 99+",
            )
        )
    return result


def _spread(trials: Sequence[Rows]) -> Values:
    """Return best minus worst final test accuracy of the trials, by seed."""
    empty = Values([], [])
    return joint(np.ptp, [t.by_seed("test_acc") if len(t) else empty for t in trials])


def rows_of(rows: Rows, model: str, shuffled: bool, vary: str = "frozen") -> Rows:
    """Return the rows of one cell of the table, or of the same model across data sets."""
    return rows.where(model=model, dataset="mnist1d", data__shuffle_seq=shuffled, vary=vary)


def on_images(rows: Rows, model: str) -> Rows:
    """Return the rows of one cell of the MNIST column; where steps of two lengths were asked for,
    as by --set, the longer training."""
    found = rows.where(model=model, dataset="mnist")
    return found.where(num_steps=max(found.unique("num_steps"), default=None))


def _below_human(name: str, acc: Values) -> Claim:
    """The human lies above; the human's own sampling error is in the interval too."""
    return above("", f"human - {name}, test acc", HUMAN.acc - acc, noise=HUMAN.standard_error)
