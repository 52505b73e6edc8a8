"""Self-supervised learning: classes without labels.

SimCLR on the frozen set. Two views of a signal share its shape alone: mean and slope are removed,
then come a random circular shift, a new slope and a new offset. Encoder: the three convolutions of
study 1 (125 features); projector: 125 to 125, relu, to 16. Each view must find its partner among
the batch's (InfoNCE: cosine, temperature 0.5); Adam 0.01, batch 100, 200 epochs. Then labels come
in, to probe every layer: 10 nearest neighbours (by cosine; signals by distance) and logistic
regression on standardised features. Variants: no projector, and a deep one of four linear layers.

Rows: loss (step: epochs), `knn acc` and `linear acc` (step: depth; 0 is the signal, then each
layer's output), `knn acc untrained`, seconds, compile_seconds; of seed 0, `plane before` and `plane
after` (n, 2), t-SNE of the test signals and their last features, `labels`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import Claim, Published, above, all_of
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.present import CI, cell
from mnist1d.experiments.rows import (
    Row,
    Rows,
    curve_rows,
    paired,
    prediction_rows,
    predictions_of,
    scalar_rows,
    timing_rows,
)
from mnist1d.experiments.study import Info

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

SECTION = "arXiv 2011.14439, section 3.6"
VARIANTS = ("projector", "none", "deep")
ENCODER = ("signal", "conv 1", "conv 2", "conv 3")
LAYERS = {  # names of the depths 0, 1, ..
    "projector": (*ENCODER, "projector 1", "projector 2"),
    "none": ENCODER,
    "deep": (*ENCODER, "projector 1", "projector 2", "projector 3", "projector 4"),
}
LINEAR = {  # published accuracy of the linear probe by depth
    "projector": (0.328, 0.751, 0.809, 0.821, 0.761, 0.750),
    "none": (0.328, 0.822, 0.795, 0.534),
    "deep": (0.328, 0.759, 0.824, 0.795, 0.773, 0.728, 0.650, 0.611),
}
INFO = Info(
    name="self-supervised",
    title="Self-supervised learning: classes without labels",
    question="What does a network learn of the classes from signals without labels?",
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 3.6; Chen et al., A Simple Framework for Contrastive Learning "
        "of Visual Representations (ICML 2020, arXiv 2002.05709)"
    ),
    published=(
        Published("kNN, signal", 0.596, 0.03, SECTION),
        Published("kNN, last layer", 0.741, 0.03, SECTION),
        *(
            Published(f"linear, {variant}, {layer}", acc, 0.03, SECTION)
            for variant in VARIANTS
            for layer, acc in zip(LAYERS[variant], LINEAR[variant], strict=True)
        ),
    ),
    seeds={"smoke": 2, "quick": 2, "paper": 3},
    cost={"smoke": 10.0, "quick": 38.0, "paper": 200.0},
    peer_seconds=100.0,
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


def measured(rows: Rows) -> dict[str, np.ndarray]:
    """Return probe accuracies, (seeds,), under the names of the published figures."""
    result = {}
    for variant in VARIANTS:
        trial = rows.where(variant=variant)
        if len(trial):
            acc = trial.curve("linear acc")[1]  # (seeds, depths)
            result |= {
                f"linear, {variant}, {layer}": acc[:, i] for i, layer in enumerate(LAYERS[variant])
            }
    if len(usual := rows.where(variant="projector")):
        knn = usual.curve("knn acc")[1]
        result |= {"kNN, signal": knn[:, 0], "kNN, last layer": knn[:, -1]}
    return result


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
            dot = {"marker": "o", "markersize": 3.5, "clip": (0, 1)}
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
    """Return mean probe accuracies in percent, a line for each layer of each variant."""
    lines = []
    for variant in VARIANTS:
        trial = rows.where(variant=variant)
        if len(trial):
            linear, knn = trial.curve("linear acc")[1], trial.curve("knn acc")[1]
            for i, layer in enumerate(LAYERS[variant]):
                published, near = f"{100 * LINEAR[variant][i]:.1f}", f"{100 * knn[:, i].mean():.1f}"
                lines.append([TITLES[variant], layer, cell(linear[:, i]), published, near])
    return ["variant", "layer", f"linear, {CI}", "published, %", "kNN, %"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test where along the network the classes are easiest to read."""
    acc = {
        v: rows.where(variant=v).curve("linear acc")[1]
        for v in VARIANTS
        if len(rows.where(variant=v))
    }  # (seeds, depths)
    result = []
    if "projector" in acc:
        a = acc["projector"]
        middle, last = a[:, 2:4].mean(axis=1), a[:, -1]
        parts = [
            above("", "convolutions 2 and 3 - signal, linear acc", middle - a[:, 0]),
            above("", "convolutions 2 and 3 - last layer, linear acc", middle - last),
        ]
        result.append(
            all_of("linear accuracy peaks in the middle of the network", parts, "33, 82, 75")
        )
        text = "it falls in the projector"
        result.append(
            above(
                text,
                "last convolution - last layer, linear acc",
                a[:, 3] - last,
                published="82 > 75",
            )
        )
        knn = rows.where(variant="projector").curve("knn acc")[1]
        text = "training without labels brings neighbours of a class together"
        result.append(
            above(text, "last layer - signal, kNN acc", knn[:, -1] - knn[:, 0], published="74 > 60")
        )
    if "none" in acc:
        a = acc["none"]
        text = "without a projector the last layer pays"
        result.append(
            above(
                text,
                "first convolution - last, linear acc",
                a[:, 1] - a[:, -1],
                published="82 > 53",
            )
        )
    if {"none", "projector"} <= set(acc):
        gap = paired(*(rows.where(variant=v, step=3) for v in ("projector", "none")), "linear acc")
        text = "a projector keeps the last convolution readable"
        result.append(
            above(
                text,
                "last convolution, with - without projector, linear acc",
                gap.difference,
                published="82 > 53",
            )
        )
    return result


TITLES = {
    "projector": "projector of two layers",
    "none": "no projector",
    "deep": "projector of four layers",
}
