"""Self-supervised learning: classes without labels.

SimCLR. Two views of a signal share its shape alone: mean and slope are removed, then come a random
circular shift by 0 to 9 positions, a new slope and a new offset. Encoder: the three convolutions of
study 1 (125 features); projector: 125 to 125, relu, to 16. Each view must find its partner among
the batch's (InfoNCE: cosine, temperature 0.5); Adam 0.01, batch 100, 200 epochs. Then labels come
in, to probe every layer: 10 nearest neighbours (by cosine; signals by distance) and logistic
regression on standardised features. Variants: no projector, and a deep one of four linear layers.

Each seed draws a data set, initial weights and batch order, and all that is compared sees the same
data set; seed 0 sees the published one.

Rows: loss (step: epochs), `knn acc` and `linear acc` (step: depth; 0 is the signal, then each
layer's output), `knn acc untrained`, seconds, compile_seconds; of seed 0, `plane before` and `plane
after` (n, 2), t-SNE of the test signals and their last features, `labels`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import Claim, above, all_of, keep_measured
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.estimates import POINTS
from mnist1d.experiments.predictions import prediction_rows, predictions_of
from mnist1d.experiments.present import cell
from mnist1d.experiments.published import Published, in_notebook
from mnist1d.experiments.rows import (
    Row,
    Rows,
    curve_rows,
    scalar_rows,
    timing_rows,
    values_of,
)
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

VARIANTS = ("projector", "none", "deep")
ENCODER = ("signal", "conv 1", "conv 2", "conv 3")
LAYERS = {  # names of the depths 0, 1, ..
    "projector": (*ENCODER, "projector 1", "projector 2"),
    "none": ENCODER,
    "deep": (*ENCODER, "projector 1", "projector 2", "projector 3", "projector 4"),
}
LINEAR = {  # what the notebook prints of the linear probe by depth, in percent
    "projector": (32.8, 75.1, 80.9, 82.1, 76.1, 75.0),
    "none": (32.8, 82.2, 79.5, 53.4),
    "deep": (32.8, 75.9, 82.4, 79.5, 77.3, 72.8, 65.0, 61.1),
}
LAST = {"projector": (74.1, 2.88), "none": (48.7, 3.39), "deep": (61.3, 2.87)}  # kNN, loss


CALLED = {
    "projector": "two-layer projector",
    "none": "no projector",
    "deep": "four-layer projector",
}


NOTEBOOK_FILE = "self-supervised-learning"


def _printed(variant: str) -> list[Published]:
    """Return what the notebook prints of a variant after the last epoch: linear accuracy by layer,
    kNN accuracy on the last layer, and the loss."""
    called, (knn, loss) = CALLED[variant], LAST[variant]
    found = [
        in_notebook(
            f"linear, {variant}, {layer}",
            percent,
            NOTEBOOK_FILE,
            (called, "layer", str(depth), "linear_acc"),
        )
        for depth, (layer, percent) in enumerate(zip(LAYERS[variant], LINEAR[variant], strict=True))
    ]
    name, key = f"kNN, {variant}, last layer", (called, "epoch", "200", "knn_acc_last_layer")
    found.append(in_notebook(name, knn, NOTEBOOK_FILE, key))
    as_loss = in_notebook(f"loss, {variant}", loss, NOTEBOOK_FILE, (called, "epoch", "200", "loss"))
    found.append(replace(as_loss, value=loss, unit="nats", rounding=0.005))
    return found


PUBLISHED = (
    in_notebook("kNN, signal", 59.6, NOTEBOOK_FILE, ("signal", "layer", "0", "knn_acc")),
    *(figure for variant in VARIANTS for figure in _printed(variant)),
)


COLLAPSED = 0.95  # of the loss of guessing


INFO = Info(
    name="self-supervised",
    title="Self-supervised learning: classes without labels",
    question="What does a network learn of the classes from signals without labels?",
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 3.6; Chen et al., A Simple Framework for Contrastive Learning "
        "of Visual Representations (ICML 2020, arXiv 2002.05709)"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 10.0, "quick": 60.0, "paper": 600.0},
    peer_seconds=100.0,
    variations={
        "num_epochs=50": "less pretraining",
        "temperature=0.1": "a sharper contrast between pairs",
    },
)

PROBES = ("knn", "linear")
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
    probe_tolerance: float = 0.01  # where the logistic regression stops: the notebook's
    num_embedded: int = 1000  # test signals in the t-SNE figure, at most; 0: no figure
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_name(self.variant, VARIANTS, "variant")
        check_numbers(self, num_embedded=0)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the three variants."""
    sizes = {
        "smoke": {
            "num_epochs": 1,
            "probe_iterations": 5,
            "num_embedded": 40,
            "data": DataConfig(num_samples=500),
        },
        "quick": {"num_epochs": 50, "probe_iterations": 60, "num_embedded": 300},
        "paper": {},
    }[preset]
    return [Config(variant=variant, **sizes) for variant in VARIANTS]


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train without labels from every seed, then probe every layer with them."""
    import jax

    from mnist1d.learning import jit_once
    from mnist1d.learning.contrastive import encoder, simclr

    sets = datasets_for(config.data, seeds, config.vary)
    init, layers = encoder(PROJECTORS[config.variant], sets[0].x.shape[1])
    init = jit_once(init)
    begin = time.perf_counter()
    key = jax.random.key(0)
    loop = simclr(
        layers,
        num_epochs=config.num_epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        temperature=config.temperature,
    )
    train = jax.jit(loop).lower(key, init(key), sets[0].x).compile()
    features_of = jax.jit(layers)
    compile_seconds = time.perf_counter() - begin
    rows, seconds = [], []
    for seed, data in zip(seeds, sets, strict=True):
        begin = time.perf_counter()
        init_key, loop_key = jax.random.split(jax.random.key(seed))
        params, losses = jax.block_until_ready(train(loop_key, init(init_key), data.x))
        rows += curve_rows(
            [seed], range(1, config.num_epochs + 1), {"loss": np.asarray(losses)[None]}
        )
        features, tests = (
            [x, *map(np.asarray, features_of(params, x))]
            for x in (np.asarray(data.x, np.float32), np.asarray(data.x_test, np.float32))
        )
        untrained = [
            np.asarray(features_of(init(jax.random.key(seed)), x)[-1])
            for x in (data.x, data.x_test)
        ]
        predicted = {name: [] for name in PROBES}
        for depth, (a, b) in enumerate(zip(features, tests, strict=True)):
            for name in PROBES:
                p = probe(name, config, depth, a, data.y, b)
                rows.append(Row(seed, f"{name} acc", depth, (p.argmax(1) == data.y_test).mean()))
                predicted[name].append(predictions_of(p, data.y_test))
        for name, arrays in predicted.items():
            rows += prediction_rows([seed], [np.stack(arrays)], f"{name} predictions")
        before = probe("knn", config, 1, untrained[0], data.y, untrained[1])
        scalars = {"knn acc untrained": [(before.argmax(1) == data.y_test).mean()]}
        rows += scalar_rows([seed], scalars)
        seconds.append(time.perf_counter() - begin)
        if seed == 0 and config.variant == "projector" and config.num_embedded:
            rows += [
                Row(seed, name, None, array)
                for name, array in planes(tests, data.y_test, config.num_embedded).items()
            ]
    return rows + timing_rows(seeds, seconds, compile_seconds)


def probe(name: str, config: Config, depth: int, *features: np.ndarray) -> np.ndarray:
    """Return class probabilities of the test signals, read off a layer: (x, y, x_test)."""
    from mnist1d.learning.probes import knn_probs, linear_probs

    if name == "linear":
        return linear_probs(*features, config.probe_iterations, config.probe_tolerance)
    # By cosine, which is what features are trained for; signals, depth 0, by distance
    metric = "cosine" if depth else "euclidean"
    return knn_probs(*features, config.num_neighbours, metric)


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
    """Return 1 for each seed whose network maps all signals to one direction, else 0: its last
    epoch's loss is at least 95% of ln(batch size), what guessing costs."""
    trial = rows.where(variant=variant)
    losses = values_of(trial, "loss")
    chance = math.log(trial.config()["batch_size"]) if len(losses) else 1.0
    return losses.map(lambda loss: (loss > COLLAPSED * chance).astype(float))


def measured(rows: Rows) -> dict[str, Values]:
    """Return probe accuracies and final losses by seed, under the names of the published
    figures."""
    found = {"kNN, signal": at_depth(rows, "projector", 0, "knn")}
    for variant in VARIANTS:
        for depth, layer in enumerate(LAYERS[variant]):
            found[f"linear, {variant}, {layer}"] = at_depth(rows, variant, depth)
        found[f"kNN, {variant}, last layer"] = at_depth(rows, variant, -1, "knn")
        found[f"loss, {variant}"] = values_of(rows.where(variant=variant), "loss")
    return {name: values for name, values in found.items() if len(values)}


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw the probes by layer, and the test signals in the plane before and after."""
    from mnist1d.plots import marks, style

    fig, axes = style.figure(1, 3, size=(10.5, 3.7), sharey=True)
    probes = (("linear acc", "linear probe"), ("knn acc", "10 nearest neighbours"))
    for ax, variant in zip(axes, VARIANTS, strict=True):
        trial = rows.where(variant=variant)
        ax.set(title=TITLES[variant].capitalize(), ylim=(0.1, 1))
        ax.set_xticks(range(len(LAYERS[variant])), LAYERS[variant], rotation=40, ha="right")
        style.percent_axis(ax)
        for (metric, label), color in zip(probes if len(trial) else (), style.COLORS, strict=False):
            dot = {"marker": "o", "markersize": 3.5, "unit": "%"}
            style.band(ax, *trial.curve(metric), label, color, **dot)
        ax.plot(LINEAR[variant], ":", color=style.INK, label="linear probe, published")
    axes[0].set_ylabel("test accuracy")
    style.legend(axes[0], loc="lower center")
    caption = (
        "How well the class can be read from each layer after training without labels, by logistic "
        "regression and by 10 nearest neighbours, for three projectors. "
        f"{style.band_words(len(rows.unique('seed')))} Dotted: the published linear probe. Look where "
        "each curve is highest: in the middle of the network, not at its end."
    )
    result = {"layers": (fig, caption)}
    trial = rows.where(variant="projector")
    if len(trial.where(metric="plane before")):
        fig, axes = style.figure(1, 2, size=(8, 4))
        labels = trial.array("labels").astype(int)
        parts = (("plane before", "Raw signals"), ("plane after", "Features of the last layer"))
        for ax, (name, title) in zip(axes, parts, strict=True):
            style.scatter_classes(ax, trial.array(name), labels, title)
            marks.class_labels(ax, trial.array(name), labels)
        caption = (
            f"The {len(labels):,} test signals in two dimensions, by t-SNE of the raw signals (left) "
            "and of the features after training without labels (right), first seed; a colour and a "
            "number per class. Compare how far the classes come together."
        )
        result["plane"] = fig, caption
    return result


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return mean probe accuracies in percent with 95% intervals, a line for each layer of each
    variant, and how many seeds of a variant collapse."""
    lines = []
    for variant in VARIANTS:
        for depth, layer in enumerate(LAYERS[variant]):
            linear, knn = (at_depth(rows, variant, depth, probe) for probe in ("linear", "knn"))
            if not len(linear):
                continue
            fallen = collapsed(rows, variant).array
            cells = [cell(linear), f"{LINEAR[variant][depth]:.1f}", cell(knn)]
            share = f"{fallen.sum():.0f} of {len(fallen)}" if not depth else ""
            lines.append([TITLES[variant], layer, *cells, str(len(linear)), share])
    header = ["variant", "layer", "linear %", "notebook %", "kNN %", "n", "seeds that collapse"]
    return header, lines


def claims(rows: Rows) -> list[Claim]:
    """Test where along the network the classes are easiest to read; differences are paired by
    seed. Seeds that collapse count like the others."""
    points = partial(above, unit=POINTS)
    signal, _, conv2, conv3, _, last = (
        at_depth(rows, "projector", depth) for depth in range(len(LAYERS["projector"]))
    )
    middle = (conv2 + conv3) * 0.5
    peak = [
        points("", "convolutions 2 and 3 - signal, linear acc", middle - signal),
        points("", "convolutions 2 and 3 - last layer, linear acc", middle - last),
    ]
    before, after = (at_depth(rows, "projector", depth, "knn") for depth in (0, -1))
    first, plain = (at_depth(rows, "none", depth) for depth in (1, 3))
    found = [
        all_of("linear accuracy peaks in the middle of the network", peak, "33, 81 and 82, 75"),
        points(
            "linear accuracy falls in the projector",
            "last convolution - last layer, linear acc",
            conv3 - last,
            0,
            "82.1 > 75.0",
            published_value=0.071,
        ),
        points(
            "training without labels brings signals of a class together",
            "last layer - signal, kNN acc",
            after - before,
            0,
            "74.1 > 59.6",
            published_value=0.145,
        ),
        points(
            "without a projector the last layer loses accuracy",
            "first convolution - last, linear acc",
            first - plain,
            0,
            "82.2 > 53.4",
            published_value=0.288,
        ),
        points(
            "a projector keeps the last convolution readable",
            "last convolution, with - without projector, linear acc",
            conv3 - plain,
            0,
            "82.1 > 53.4",
            published_value=0.287,
        ),
    ]
    return keep_measured(found)


TITLES = {
    "projector": "projector of two layers",
    "none": "no projector",
    "deep": "projector of four layers",
}
