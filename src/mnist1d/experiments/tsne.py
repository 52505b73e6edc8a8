"""t-SNE: how far do the classes separate?

t-SNE maps 5,000 signals of MNIST-1D into the plane, and as many digits of MNIST, so that only the
data differ (the published figure maps all 70,000 digits). We measure how well classes separate by
the accuracy of a 10-nearest-neighbour classifier (leaving out the point itself), on the raw data
and in the embedding. Pass MNIST with `--mnist`; without it, the MNIST half is skipped. Each seed
draws different signals and digits.

Rows: `knn acc space`, `knn acc plane`, seconds; `plane` (n, 2) and `labels` (n,).
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mnist1d.checks import check_name, check_numbers, check_real
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import POINTS, Claim, above, keep_measured
from mnist1d.experiments.datasets import check_varied, config_for
from mnist1d.experiments.present import CI, last_cell, mean_cell
from mnist1d.experiments.published import TITLE
from mnist1d.experiments.rows import Row, Rows, scalar_rows, values_of
from mnist1d.experiments.study import FREE, Figures, Info, TextTable
from mnist1d.generate import make_dataset
from mnist1d.learning.probes import METHODS, neighbour_acc, plane
from mnist1d.mnist import load_mnist

INFO = Info(
    name="tsne",
    title="t-SNE: how far do the classes separate?",
    question="Do the classes of MNIST-1D separate as easily as those of MNIST?",
    source=f"{TITLE}, figure 2; van der Maaten and Hinton, Visualizing Data using t-SNE (2008)",
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 3.0, "quick": 5.0, "paper": 320.0},
    peer_seconds=115.0,
    variations={
        "perplexity=10,50": "smaller and larger neighbourhoods",
        "method=scikit-learn": "another implementation of t-SNE",
    },
)
TITLES = {"mnist1d": "MNIST-1D", "mnist": "MNIST"}
DATASETS = tuple(TITLES)


def installed() -> str:
    """Return the default method: openTSNE if it is installed."""
    return "openTSNE" if importlib.util.find_spec("openTSNE") else "scikit-learn"


@dataclass(frozen=True)
class Config:
    """One data set in the plane. `method` is part of the trial: the two programs give different
    maps."""

    dataset: str = "mnist1d"
    num_samples: int = 5000
    perplexity: float = 30.0
    num_neighbours: int = 10
    method: str = field(default_factory=installed, metadata={FREE: True})
    vary: str = "data"  # what a seed draws besides the map: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_name(self.dataset, DATASETS, "dataset")
        check_name(self.method, METHODS, "method")
        check_numbers(self)
        if self.num_neighbours >= self.num_samples:
            rule = f"num_neighbours must be below num_samples={self.num_samples}"
            raise UsageError(f"{rule}, got {self.num_neighbours}")
        check_real(self.perplexity, 1, (self.num_samples - 1) / 3, "perplexity")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: both data sets."""
    sizes = {
        "smoke": {"num_samples": 100, "perplexity": 10.0},
        "quick": {"num_samples": 500},
        "paper": {},
    }[preset]
    return [Config(dataset=dataset, **sizes) for dataset in DATASETS]


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Map the samples into the plane, once for every seed."""
    rows = []
    for seed in seeds:
        x, y = samples(config, seed)
        begin = time.perf_counter()
        mapped = plane(x, config.perplexity, seed, config.method)
        accs = (neighbour_acc(points, y, config.num_neighbours) for points in (x, mapped))
        scalars = dict(zip(("knn acc space", "knn acc plane"), accs, strict=True))
        rows += scalar_rows([seed], scalars | {"seconds": time.perf_counter() - begin})
        rows += [Row(seed, "plane", None, mapped.astype(np.float32)), Row(seed, "labels", None, y)]
    return rows


def samples(config: Config, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x (n, features) and y (n,): the first signals of the seed's data set, training signals
    first, or as many digits, drawn again for every seed."""
    if config.dataset == "mnist1d":
        data = make_dataset(config_for(config.data, seed, config.vary), dtype="float32")
        x, y = np.concatenate([data.x, data.x_test]), np.concatenate([data.y, data.y_test])
    else:
        images = load_mnist()
        x, y = np.concatenate([images.x, images.x_test]), np.concatenate([images.y, images.y_test])
        drawn = seed if config.vary == "data" else 0
        order = np.random.default_rng(drawn).permutation(len(y))  # files are often sorted by class
        x, y = x[order], y[order]
    if len(y) < config.num_samples:
        rule = f"num_samples must be at most {len(y)}, the size of {config.dataset}"
        raise UsageError(f"{rule}, got {config.num_samples}")
    return x[: config.num_samples], y[: config.num_samples]


def table(rows: Rows) -> TextTable:
    """Return neighbour accuracies on the raw data and in the embedding."""
    header = ["data set", "samples", "method", f"kNN, raw data, {CI}", f"kNN, embedding, {CI}"]
    lines = []
    for name, trial in rows.split("dataset", DATASETS).items():
        cells = [last_cell(trial, metric) for metric in ("knn acc space", "knn acc plane")]
        config = trial.config()
        lines.append([TITLES[name], f"{config['num_samples']:,}", config["method"], *cells])
    return header, lines


def figures(rows: Rows) -> Figures:
    """Draw each data set in the plane, coloured by class, each class named where it is densest."""
    from mnist1d.plots import marks, style

    found = rows.split("dataset", DATASETS)
    fig, axes = style.figure(1, max(len(found), 1), size=(4.4 * max(len(found), 1), 4.5))
    for ax, (name, trial) in zip(np.atleast_1d(axes), found.items(), strict=False):
        plane, labels = trial.array("plane"), trial.array("labels").astype(int)
        style.scatter_classes(ax, plane, labels, TITLES[name])
        marks.class_labels(ax, plane, labels)
    shares = [
        f"{mean_cell(trial, 'knn acc plane', '.0f')}% for {TITLES[name]}"
        for name, trial in found.items()
    ]
    caption = (
        f"t-SNE of {' and of '.join(TITLES[name] for name in found)}, first seed; one colour and "
        "one number per class. Accuracy of 10 nearest neighbours in the embedding: "
        f"{' and '.join(shares)} (mean over seeds). Check whether each class forms one cluster."
    )
    return {"plane": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test whether the classes of MNIST separate more than those of MNIST-1D, over seeds."""
    found = []
    for metric, where in (("plane", "in the embedding"), ("space", "in the original dimensions")):
        small, large = (
            values_of(rows.where(dataset=name), f"knn acc {metric}") for name in DATASETS
        )
        text = f"MNIST-1D's classes separate less than MNIST's {where}"
        quantity, words = "MNIST - MNIST-1D, kNN accuracy", "as in figure 2, without a number"
        found.append(above(text, quantity, large - small, published=words, unit=POINTS))
    return keep_measured(found)
