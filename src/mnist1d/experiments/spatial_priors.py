"""Spatial priors: the benchmark table.

Every model trains on the frozen set by one protocol: Adam, learning rate 0.01, batches of 100 in
fixed order, 6,000 steps, cross-entropy. Then it trains again with the 40 positions permuted, by one
permutation for all signals. The accuracy that a model loses there is what it gained from the order
of the points. The claims are about the paper's four models (logistic regression, MLP, CNN, GRU).

On the frozen set a seed draws only the initial weights, so an interval over seeds says nothing
about other data sets. The claims about models are therefore tested on trials in which each
seed also draws a data set, the same for all models. The human answered signals of the frozen set,
so models and human are compared signal by signal. *Best step* in the table is the highest test
accuracy during training: it is selected on the test set, so it is not a result.

The MNIST column uses the same protocol on the images of MNIST, if you pass them with `--mnist`.
Logistic regression and MLP read the 784 pixels; CNN and GRU read the rows, 28 steps of 28 values
each. Pixels are in [0, 1] and are not standardised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments import human
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, all_of, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.estimates import estimate
from mnist1d.experiments.fits import fit_rows
from mnist1d.experiments.predictions import right_by_signal
from mnist1d.experiments.present import (
    CI,
    count_cell,
    label,
    last_cell,
    mean_cell,
    models_in,
    printed_cell,
    seed_range,
)
from mnist1d.experiments.published import NOTEBOOK, PAPER, TITLE, Published, in_notebook, in_paper
from mnist1d.experiments.rows import Row, Rows, values_of
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import NONE, Values, joint
from mnist1d.intervals import TIMES
from mnist1d.learning import registry
from mnist1d.learning.registry import MODELS, check_model, models_of, resolve
from mnist1d.mnist import load_mnist

CLAIMED = ("logistic", "mlp", "cnn", "gru")  # the models of the claims
PAST_LINEAR = CLAIMED[1:]


def _published(model: str, figure: registry.PublishedAccuracy) -> Published:
    """Return a model's published accuracy as a figure of this study."""
    name = f"{model} {figure.on}".strip()
    if figure.in_notebook:
        key = (name, "step", "6000", "test_acc")
        return in_notebook(name, figure.percent, "mnist1d-classification", key)
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
    question="Do models that use the order of the points classify these signals better?",
    source=f"{TITLE}, section 2 and table 1",
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 3, "paper": 8},
    cost={"smoke": 10.0, "quick": 50.0, "paper": 3700.0},
    peer_seconds=105.0,
    quiz=True,
    variations={
        "model=cnn,resnet,transformer": "recent models in the same table",
        "data.max_translation=1": "digits at a fixed position: how much of the CNN's lead remains?",
        "num_steps=1000": "less training",
    },
)
DATASETS = ("mnist1d", "mnist")
ROW = 28  # pixels; a CNN or GRU sees an image row by row


@dataclass(frozen=True)
class Config:
    """One model on one data set. `data` says which MNIST-1D; a trial on MNIST keeps the default, so
    that other settings of MNIST-1D do not repeat it."""

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
    """Return the trials of a preset: every model on the frozen set, those of the claims on all."""
    steps, on_mnist, every = {
        "smoke": (20, 20, 10),
        "quick": (1000, 500, 250),
        "paper": (6000, 6000, 250),
    }[preset]
    models = {"frozen": models_of(preset), "data": [m for m in models_of(preset) if m in CLAIMED]}
    trials = [
        Config(model, num_steps=steps, eval_every=every, vary=vary, data=data)
        for vary in models
        for data in (DataConfig(), DataConfig(shuffle_seq=True))
        for model in models[vary]
    ]
    images = [Config(m, "mnist", num_steps=on_mnist, eval_every=every) for m in models["data"]]
    return trials + images


def weight(config: Config) -> float:
    """Return a trial's relative cost."""
    cost = resolve(config.model).cost
    if config.dataset == "mnist":  # most of it is evaluation on 70,000 images
        cost = 1 + 1.5 * cost
    return cost * config.num_steps


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one model from every seed."""
    from mnist1d.learning import Settings

    on_images, entry = config.dataset == "mnist", resolve(config.model)
    if on_images:
        sets = [load_mnist()] * len(seeds)
    else:
        sets = datasets_for(config.data, seeds, config.vary)
    by_row = on_images and registry.takes(entry.load(), "num_features")
    shape = {"num_features": ROW} if by_row else {}
    model = entry.make(num_inputs=sets[0].x.shape[1], **shape)
    sizes = config.num_steps, config.batch_size, config.learning_rate
    settings = Settings(*sizes, eval_every=config.eval_every)
    return fit_rows(config.model, model, settings, seeds, sets)


def rows_of(rows: Rows, model: str, shuffled: bool, vary: str = "frozen") -> Rows:
    """Return the rows of one cell of the table, or of the same model across data sets."""
    return rows.where(model=model, dataset="mnist1d", data__shuffle_seq=shuffled, vary=vary)


def on_images(rows: Rows, model: str) -> Rows:
    """Return the rows of one cell of the MNIST column; of several lengths, the longest."""
    found = rows.where(model=model, dataset="mnist")
    return found.where(num_steps=max(found.unique("num_steps"), default=None))


def measured(rows: Rows) -> dict[str, Values]:
    """Return final test accuracies by seed, under the names of the published figures."""
    models = models_in(rows)
    found = {
        f"{model}{' shuffled' * shuffled}": rows_of(rows, model, shuffled)
        for model in models
        for shuffled in (False, True)
    }
    found |= {f"{model} on MNIST": on_images(rows, model) for model in models}
    return {name: cell.by_seed("test_acc") for name, cell in found.items() if len(cell)}


def table(rows: Rows) -> TextTable:
    """Return the benchmark table: final test accuracies. "best step" is the best test accuracy over
    the steps: a selection on the test set, not a result."""
    header = ["model", "parameters", f"frozen set, {CI}", "n", "best step, %"]
    header += [f"other data sets, {CI}", f"shuffled, {CI}", f"MNIST, {CI}", "s/seed"]
    lines = []
    for model in models_in(rows):
        plain, shuffled = (rows_of(rows, model, permuted) for permuted in (False, True))
        varied, images = rows_of(rows, model, False, "data"), on_images(rows, model)
        if not any(map(len, (plain, shuffled, varied, images))):
            continue
        best = ""
        if len(plain):
            best = f"{100 * plain.curve('test_acc')[1].max(axis=1).mean():.1f}"
        size = mean_cell(plain, "num_params", ",.0f", 1)
        line = [label(model), size, last_cell(plain), count_cell(plain), best, last_cell(varied)]
        line += [last_cell(shuffled), last_cell(images), mean_cell(plain, "seconds", ".2f", 1)]
        for origin in (PAPER, NOTEBOOK):
            names = (model, f"{model} shuffled")
            printed = (printed_cell(PUBLISHED, name, origin) for name in names)
            line.append(" / ".join(filter(None, printed)))
        lines.append(line)
    people = [human.CELL, f"{human.NUM_ANSWERS} answers", *[""] * 5, "96 / ~30", ""]
    return [*header, "paper, %", "notebook, %"], [*lines, ["human", "", *people]]


def claims(rows: Rows) -> list[Claim]:
    """Test the sentences of the table. Models are compared across data sets: seed i gives every
    model data set i. A model and the human are compared by signal, on the answered signals."""
    plain, shuffled = (
        {m: values_of(rows_of(rows, m, permuted, "data"), "test_acc") for m in CLAIMED}
        for permuted in (False, True)
    )
    names = {model: label(model) for model in CLAIMED}
    below = {model: _below_human(rows, model) for model in CLAIMED}
    apart = joint(np.ptp, [plain[model] for model in PAST_LINEAR])
    near = joint(np.ptp, [values_of(on_images(rows, m), "test_acc") for m in PAST_LINEAR])
    gru, cnn = (values_of(rows_of(rows, m, False, "data"), "seconds") for m in ("gru", "cnn"))

    points = partial(above, unit=POINTS)

    def beats(better: str, worse: str) -> Claim:
        quantity = f"{names[better]} - {names[worse]}, test accuracy"
        return points("", quantity, plain[better] - plain[worse])

    def unchanged(model: str, margin: float, bound: str, words: str) -> Claim:
        who = "logistic regression" if model == "logistic" else f"the {names[model]}"
        text = f"shuffling changes {who} by less than {bound}"
        change, limits = shuffled[model] - plain[model], (-margin, margin)
        quantity = "shuffled - in order, test accuracy"
        claim = partial(within, unit=POINTS, published_value=0.0)
        return claim(text, quantity, change, *limits, published=words)

    def overtaken(model: str, published: float) -> Claim:
        text = f"shuffling takes the {names[model]} below the MLP"
        quantity = f"MLP - {names[model]}, both shuffled, test accuracy"
        words, value = f"{100 * published:.0f} < 68", 0.68 - published
        gap = shuffled["mlp"] - shuffled[model]
        return points(text, quantity, gap, published=words, published_value=value)

    ordered = [beats("mlp", "logistic"), beats("cnn", "mlp")]
    between = [beats("gru", "mlp"), below["gru"]]
    slow = "the GRU takes at least 10 times as long as the CNN"
    quantity = "seconds on other data sets, GRU / CNN"
    differ = "MLP, CNN and GRU differ more on MNIST-1D than on MNIST"
    spread = "best - worst of the three, test accuracy: MNIST-1D - MNIST"
    found = [
        all_of("logistic < MLP < CNN", ordered, "32 < 68 < 94"),
        all_of("the GRU is between the MLP and the human", between, "68 < 91 < 96"),
        # the margins are the standard deviations of table 1
        unchanged("logistic", 0.01, "1 percentage point", "32 = 32"),
        unchanged("mlp", 0.02, "2 percentage points", "68 = 68"),
        overtaken("cnn", 0.56),
        overtaken("gru", 0.57),
        all_of("the human is above all four models", list(below.values()), "96 > 94"),
        above(slow, quantity, gru / cnn, 10, published="10 times or more", unit=TIMES),
        points(differ, spread, apart - near, published="94 - 68 > 99+ - 99+"),
    ]
    return keep_measured(found)


def _below_human(rows: Rows, model: str) -> Claim:
    """Claim that the human is more accurate than a model on the answered signals of the frozen set.
    The value of a signal is the fraction of seeds that classify it correctly; the interval also
    includes the variation between seeds."""
    trial, quantity = rows_of(rows, model, False), f"human - {label(model)}, by signal"
    if not len(trial.where(metric="predictions")):
        return above("", quantity, NONE, unit=POINTS)
    by_signal, right = right_by_signal(trial)
    noise = estimate(right[:, list(human.ANSWERED)].mean(axis=1)).error
    gaps, seeds = human.correct() - by_signal, len(right)
    return above("", quantity, gaps, noise=noise, unit=POINTS, over="signals", seeds=seeds)


def figures(rows: Rows) -> Figures:
    """Draw accuracy against steps for the models of the claims, and the final ones of all."""
    from mnist1d.plots import marks, style

    models = models_in(rows)
    fig, (*panels, right) = style.figure(1, 3, size=(10.5, 4.2), width_ratios=(1, 1, 1.1))
    people = {False: (human.ACC, "human"), True: (human.SHUFFLED_ACC, "human, about 30%")}
    for ax, (shuffled, level) in zip(panels, people.items(), strict=True):
        named = marks.Named(ax)
        for model in (model for model in models if model in CLAIMED):
            trial, color = rows_of(rows, model, shuffled), resolve(model).color
            if len(trial):
                steps, train = trial.curve("train_acc")
                ax.plot(steps, train.mean(axis=0), "--", color=color, linewidth=0.8, alpha=0.7)
                named.band(*trial.curve("test_acc"), label(model), color, unit=SHARE)
        named.level(*level)
        title = "Positions shuffled" if shuffled else "Positions in order"
        ax.set(title=title, xlabel="training steps", ylim=(0, 1.02), xmargin=0)
        ax.xaxis.set_major_formatter("{x:,.0f}")
        style.percent_axis(ax)
        named.label()
    panels[0].set_ylabel("accuracy")
    final = {
        model: [values_of(rows_of(rows, model, s), "test_acc").array for s in (False, True)]
        for model in models
    }
    final = {model: accs for model, accs in final.items() if any(map(len, accs))}
    order = sorted(final, key=lambda model: max(acc.mean() for acc in final[model] if len(acc)))
    for at, model in enumerate(order):
        for accs, hollow in zip(final[model], (False, True), strict=True):
            color = resolve(model).color
            marks.dots(right, [at], [accs], color, unit=SHARE, across=True, hollow=hollow)
    dot = {"color": style.INK, "markersize": 5.5}
    right.plot(human.ACC, len(order), "o", mfc=style.INK, label="in order", **dot)
    right.plot(human.SHUFFLED_ACC, len(order), "o", mfc="white", label="shuffled", **dot)
    right.set(title="After the last step", xlabel="test accuracy", xlim=(0.2, 1.02))
    right.set_yticks(range(len(order) + 1), [*map(label, order), "human"])
    right.grid(axis="x")
    style.percent_axis(right, "x")
    style.legend(right, loc="lower right")
    n = seed_range(rows)
    caption = (
        "Accuracy during training on the frozen set as it is (left) and with one permutation of "
        "the 40 positions for all signals (middle), for the four models of the paper. Thick: test "
        f"accuracy. {style.band_words(*n)} Thin and dashed: mean training accuracy. Dotted: the "
        "human. Right: the final test accuracy of every model, in order and shuffled. "
        f"{style.dot_words(*n)} Compare filled and hollow dots: the drop of a model is what it "
        "gained from the order of the positions."
    )
    return {"accuracy": (fig, caption)}
