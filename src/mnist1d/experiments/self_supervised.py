"""Self-supervised learning: classes without labels.

SimCLR trains an encoder on pairs of views of the same signal. A view removes mean and slope, then
adds a random circular shift of 0 to 9 points, a new slope and a new offset. The encoder is the
three convolutions of the benchmark's CNN (125 features); the projector maps 125 to 125, relu, to
16. Each view must find its partner in the batch (InfoNCE: cosine similarity, temperature 0.5);
Adam, learning rate 0.01, batches of 100, 200 epochs. Then labels are used to probe every layer: 10
nearest neighbours (by cosine; raw signals by distance) and logistic regression on standardised
features. Variants: no projector, and a deep projector of four linear layers.

Each seed draws a data set, initial weights and batch order; all variants use the seed's data set.
Seed 0 uses the generator seed of the published set, 42. A seed collapses if its final loss is at
least 95% of the loss of guessing: the network then maps all signals to one direction.

Rows: loss (step: epochs), `knn acc` and `linear acc` (step: depth; 0 is the signal, then the output
of each layer), `knn acc untrained`, seconds, compile_seconds. For seed 0: `plane before` and `plane
after` (n, 2), t-SNE of the test signals and of their last features, and `labels`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, all_of, keep_measured
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.predictions import prediction_rows, predictions_of
from mnist1d.experiments.present import CI, cell, seed_range
from mnist1d.experiments.published import TITLE, Published, in_notebook
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, timing_rows, values_of
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import Values

if TYPE_CHECKING:
    from mnist1d.dataset import Dataset
    from mnist1d.learning.layers import PyTree

Measured = tuple[list[Row], list[np.ndarray]]  # of a seed; and the test signals' features by layer

TITLES = {
    "projector": "projector of two layers",
    "none": "no projector",
    "deep": "projector of four layers",
}
VARIANTS = tuple(TITLES)
ENCODER = ("signal", "conv 1", "conv 2", "conv 3")
LAYERS = {  # names of the depths 0, 1, ..
    "projector": (*ENCODER, "projector 1", "projector 2"),
    "none": ENCODER,
    "deep": (*ENCODER, *(f"projector {i}" for i in range(1, 5))),
}
LINEAR = {  # what the notebook prints of the linear probe by depth, in percent
    "projector": (32.8, 75.1, 80.9, 82.1, 76.1, 75.0),
    "none": (32.8, 82.2, 79.5, 53.4),
    "deep": (32.8, 75.9, 82.4, 79.5, 77.3, 72.8, 65.0, 61.1),
}
LAST = {"projector": (74.1, 2.88), "none": (48.7, 3.39), "deep": (61.3, 2.87)}  # kNN, loss
BOOK = "self-supervised-learning"


def _printed(variant: str, called: str) -> list[Published]:
    """Return what the notebook prints of a variant: linear accuracy by layer, last kNN and loss."""
    (knn, loss), found = LAST[variant], []
    for depth, (layer, percent) in enumerate(zip(LAYERS[variant], LINEAR[variant], strict=True)):
        key = (called, "layer", str(depth), "linear_acc")
        found.append(in_notebook(f"linear, {variant}, {layer}", percent, BOOK, key))
    key = (called, "epoch", "200", "knn_acc_last_layer")
    found.append(in_notebook(f"kNN, {variant}, last layer", knn, BOOK, key))
    as_loss = in_notebook(f"loss, {variant}", loss, BOOK, (called, "epoch", "200", "loss"))
    return [*found, replace(as_loss, value=loss, unit="nats", rounding=0.005)]


PUBLISHED = (
    in_notebook("kNN, signal", 59.6, BOOK, ("signal", "layer", "0", "knn_acc")),
    *_printed("projector", "two-layer projector"),
    *_printed("none", "no projector"),
    *_printed("deep", "four-layer projector"),
)
INFO = Info(
    name="self-supervised",
    title="Self-supervised learning: classes without labels",
    question="How much does a network learn about the classes from signals without labels?",
    source=(
        f"{TITLE}, section 3.6; Chen et al., A Simple Framework for Contrastive Learning of Visual "
        "Representations (ICML 2020, arXiv 2002.05709)"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 10.0, "quick": 60.0, "paper": 600.0},
    peer_seconds=100.0,
    variations={
        "num_epochs=20": "less pretraining",
        "temperature=0.1": "a sharper contrast between pairs",
    },
)
COLLAPSED = 0.95  # of the loss of guessing
PROBES = {"knn": "10 nearest neighbours", "linear": "linear probe"}
PROJECTORS = {"none": [], "projector": [125, 16], "deep": [125, 125, 125, 16]}  # widths


@dataclass(frozen=True)
class Config:
    """One projector: none, the usual one of two layers, or a deep one of four."""

    variant: str = "projector"
    num_epochs: int = 200
    batch_size: int = 100
    learning_rate: float = 0.01
    temperature: float = 0.5
    num_neighbours: int = 10
    probe_iterations: int = 1000  # at most, of the logistic regression
    probe_tolerance: float = 0.01  # at which the logistic regression stops: the notebook's
    num_embedded: int = 1000  # test signals in the t-SNE figure, at most; 0: no figure
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_name(self.variant, VARIANTS, "variant")
        check_numbers(self, num_embedded=0)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the three variants."""
    smoke = {"num_epochs": 1, "probe_iterations": 5, "num_embedded": 40}
    sizes = {
        "smoke": smoke | {"data": DataConfig(num_samples=500)},
        "quick": {"num_epochs": 50, "probe_iterations": 60, "num_embedded": 300},
        "paper": {},
    }[preset]
    return [Config(variant=variant, **sizes) for variant in VARIANTS]


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train without labels from every seed, then probe every layer with labels."""
    import jax

    from mnist1d.learning import jit_once
    from mnist1d.learning.compilation import timed_each
    from mnist1d.learning.contrastive import encoder, simclr

    sets = datasets_for(config.data, seeds, config.vary)
    init, layers = encoder(PROJECTORS[config.variant], sets[0].x.shape[1])
    loop = simclr(
        layers,
        num_epochs=config.num_epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        temperature=config.temperature,
    )
    init, features_of = jit_once(init), jax.jit(layers)

    def prepare(_: object) -> Callable[[tuple[int, Dataset]], Measured]:
        key = jax.random.key(0)
        return partial(of_seed, jax.jit(loop).lower(key, init(key), sets[0].x).compile())

    def of_seed(train: Callable[..., PyTree], given: tuple[int, Dataset]) -> Measured:
        (seed, data), key = given, jax.random.key(given[0])
        init_key, loop_key = jax.random.split(key)
        params, losses = train(loop_key, init(init_key), data.x)
        rows = curve_rows([seed], range(1, config.num_epochs + 1), {"loss": losses})
        signals = [np.asarray(x, np.float32) for x in (data.x, data.x_test)]
        features, tests = ([x, *map(np.asarray, features_of(params, x))] for x in signals)
        untrained = [np.asarray(features_of(init(key), x)[-1]) for x in signals]
        predicted = {name: [] for name in PROBES}
        for depth, (a, b) in enumerate(zip(features, tests, strict=True)):
            for name in PROBES:
                p = probe(name, config, depth, a, data.y, b)
                rows.append(Row(seed, f"{name} acc", depth, (p.argmax(1) == data.y_test).mean()))
                predicted[name].append(predictions_of(p, data.y_test))
        for name, arrays in predicted.items():
            rows += prediction_rows([seed], [np.stack(arrays)], f"{name} predictions")
        before = probe("knn", config, 1, untrained[0], data.y, untrained[1])
        acc = (before.argmax(1) == data.y_test).mean()
        rows += scalar_rows([seed], {"knn acc untrained": acc})
        return rows, tests

    found = timed_each(prepare, list(zip(seeds, sets, strict=True)))
    rows = [row for rows, _ in found.results for row in rows]
    if 0 in seeds and config.variant == "projector" and config.num_embedded:
        place = list(seeds).index(0)
        maps = planes(found.results[place][1], sets[place].y_test, config.num_embedded)
        rows += [Row(0, name, None, array) for name, array in maps.items()]
    return rows + timing_rows(seeds, found.seconds, found.compile_seconds)


def probe(
    name: str, config: Config, depth: int, x: np.ndarray, y: np.ndarray, x_test: np.ndarray
) -> np.ndarray:
    """Return class probabilities of the test signals, read from the features of one layer."""
    from mnist1d.learning.probes import knn_probs, linear_probs

    if name == "linear":
        return linear_probs(x, y, x_test, config.probe_iterations, config.probe_tolerance)
    # The loss trains features for cosine similarity; raw signals, depth 0, use the distance
    return knn_probs(x, y, x_test, config.num_neighbours, "cosine" if depth else "euclidean")


def planes(
    tests: Sequence[np.ndarray], labels: np.ndarray, num_embedded: int
) -> dict[str, np.ndarray]:
    """Return t-SNE of test signals and of their last features, (n, 2) each, and the labels."""
    from mnist1d.learning.probes import plane

    n = min(num_embedded, len(labels))
    before, after = (plane(x[:n], min(30, (n - 1) / 3), seed=0) for x in (tests[0], tests[-1]))
    return {"plane before": before, "plane after": after, "labels": labels[:n]}


def at_depth(rows: Rows, variant: str, depth: int, probe: str = "linear") -> Values:
    """Return the accuracy of a probe at one layer of a variant, by seed; depth -1: the last."""
    depth %= len(LAYERS[variant])
    return values_of(rows.where(variant=variant, step=depth), f"{probe} acc")


def collapsed(rows: Rows, variant: str) -> Values:
    """Return 1 for each seed whose network maps all signals to one direction, else 0. Such a
    network's last loss is at least 95% of ln(batch size), the loss of guessing."""
    trial = rows.where(variant=variant)
    losses = values_of(trial, "loss")
    chance = math.log(trial.config()["batch_size"]) if len(losses) else 1.0
    return losses.map(lambda loss: (loss > COLLAPSED * chance).astype(float))


def measured(rows: Rows) -> dict[str, Values]:
    """Return probe accuracies and final losses by seed, by published name."""
    found = {"kNN, signal": at_depth(rows, "projector", 0, "knn")}
    for variant in VARIANTS:
        for depth, layer in enumerate(LAYERS[variant]):
            found[f"linear, {variant}, {layer}"] = at_depth(rows, variant, depth)
        found[f"kNN, {variant}, last layer"] = at_depth(rows, variant, -1, "knn")
        found[f"loss, {variant}"] = values_of(rows.where(variant=variant), "loss")
    return {name: values for name, values in found.items() if len(values)}


def table(rows: Rows) -> TextTable:
    """Return probe accuracies, one line per layer, and the number of seeds that collapse."""
    lines = []
    for variant in rows.split("variant", VARIANTS):
        for depth, layer in enumerate(LAYERS[variant]):
            linear, knn = (at_depth(rows, variant, depth, probe) for probe in ("linear", "knn"))
            fallen = collapsed(rows, variant).array
            cells = [cell(linear), f"{LINEAR[variant][depth]:.1f}", cell(knn)]
            share = f"{fallen.sum():.0f} of {len(fallen)}" if not depth else ""
            lines.append([TITLES[variant], layer, *cells, str(len(linear)), share])
    header = ["variant", "layer", f"linear, {CI}", "notebook, %", f"kNN, {CI}", "n"]
    return [*header, "seeds that collapse"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test at which layer the classes are easiest to read, paired by seed, collapsed or not."""
    points = partial(above, unit=POINTS)
    signal, conv2, conv3, last = (at_depth(rows, "projector", depth) for depth in (0, 2, 3, -1))
    middle = (conv2 + conv3) * 0.5
    peak = [
        points("", "convolutions 2 and 3 - signal, linear accuracy", middle - signal),
        points("", "convolutions 2 and 3 - last layer, linear accuracy", middle - last),
    ]
    before, after = (at_depth(rows, "projector", depth, "knn") for depth in (0, -1))
    first, plain = (at_depth(rows, "none", depth) for depth in (1, 3))
    text = "linear accuracy peaks in the middle of the network"
    found = [all_of(text, peak, "33, 81 and 82, 75")]
    text, words = "linear accuracy falls in the projector", "82.1 > 75.0"
    quantity = "last convolution - last layer, linear accuracy"
    found.append(points(text, quantity, conv3 - last, published=words, published_value=0.071))
    text, words = "training without labels brings signals of a class together", "74.1 > 59.6"
    quantity = "last layer - signal, kNN accuracy"
    found.append(points(text, quantity, after - before, published=words, published_value=0.145))
    text, words = "without a projector the last layer loses accuracy", "82.2 > 53.4"
    quantity = "first convolution - last, linear accuracy"
    found.append(points(text, quantity, first - plain, published=words, published_value=0.288))
    text = "training with a projector raises the linear accuracy of the last convolution"
    quantity = "last convolution, with - without projector, linear accuracy"
    gap, words = conv3 - plain, "82.1 > 53.4"
    found.append(points(text, quantity, gap, published=words, published_value=0.287))
    return keep_measured(found)


def figures(rows: Rows) -> Figures:
    """Draw the probes by layer, and the test signals in the plane before and after."""
    from mnist1d.plots import marks, style

    fig, axes = style.figure(1, 3, size=(10.5, 3.7), sharey=True)
    colors = {"linear": style.COLORS[0], "knn": style.COLORS[1]}
    for ax, variant in zip(axes, VARIANTS, strict=True):
        trial = rows.where(variant=variant)
        ax.set(title=TITLES[variant].capitalize(), ylim=(0.1, 1))
        ax.set_xticks(range(len(LAYERS[variant])), LAYERS[variant], rotation=40, ha="right")
        style.percent_axis(ax)
        dot = {"marker": "o", "markersize": 3.5, "unit": SHARE}
        for name, color in colors.items() if len(trial) else ():
            style.band(ax, *trial.curve(f"{name} acc"), PROBES[name], color, **dot)
        published = np.array(LINEAR[variant]) / 100
        ax.plot(published, ":", color=style.INK, label="linear probe, published")
    axes[0].set_ylabel("test accuracy")
    style.legend(axes[0], loc="lower center")
    caption = (
        "Accuracy of logistic regression and of 10 nearest neighbours on the features of each "
        "layer, after training without labels: with a projector of two layers, with none, and with "
        "one of four. "
        f"{style.band_words(*seed_range(rows))} Dotted: the published linear probe. See "
        "whether each curve is highest in the middle of the network or at its end."
    )
    found = {"layers": (fig, caption)}
    trial = rows.where(variant="projector")
    if len(trial.where(metric="plane before")):
        fig, axes = style.figure(1, 2, size=(8, 4))
        labels = trial.array("labels").astype(int)
        titles = {"before": "Raw signals", "after": "Features of the last layer"}
        for ax, (when, title) in zip(axes, titles.items(), strict=True):
            points = trial.array(f"plane {when}")
            style.scatter_classes(ax, points, labels, title)
            marks.class_labels(ax, points, labels)
        caption = (
            f"The {len(labels):,} test signals in two dimensions, by t-SNE of the raw signals "
            "(left) and of the features after training without labels (right), first seed; one "
            "colour and one number per class. Compare how close the signals of each class are."
        )
        found["plane"] = fig, caption
    return found
