"""Pooling: what it is worth as data grows.

Two convolutional layers (20 channels, kernel 3, padding 1, relu) and a linear layer on top, in five
variants: neither pooling nor stride, stride 2, and maximum, average or L2 pooling over windows of 2
after each layer; one seed gives all variants their weights. Training sets of 1,000 to 50,000
signals, 1,000 test signals with each; Adam 0.01, batch 100, 6,000 steps.

Each seed draws a data set, initial weights and batch order, and all that is compared sees the same
data set; seed 0 sees the published one.

Rows: curves of accuracy and loss (step: training steps), seconds, compile_seconds, num_params.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import Claim, above, all_of, keep_measured
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.estimates import POINTS
from mnist1d.experiments.fits import fit_rows
from mnist1d.experiments.present import cell
from mnist1d.experiments.published import find, in_notebook
from mnist1d.experiments.rows import Row, Rows, values_of
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

POOLINGS = ("max", "average", "l2", "none", "stride")
POOLED = POOLINGS[:3]
SIZES = (1000, 2000, 5000, 10_000, 20_000, 50_000)


PRINTED = {  # the notebook's test accuracies in percent, by size
    "max": (78.2, 89.2, 94.5, 97.0, 96.8, 98.1),
    "average": (78.0, 90.0, 94.0, 96.0, 96.2, 97.3),
    "l2": (77.2, 89.9, 95.3, 96.6, 97.8, 97.1),
    "none": (59.2, 82.0, 91.9, 94.3, 94.4, 96.3),
    "stride": (57.4, 81.7, 89.9, 91.3, 92.2, 95.4),
}


CALLED = {"l2": "L2", "stride": "stride 2"}  # there


PUBLISHED = tuple(
    in_notebook(
        f"{pooling}, {size} signals",
        percent,
        "benchmark-pooling",
        (CALLED.get(pooling, pooling), "num_train", str(size), "test_acc"),
    )
    for pooling, percents in PRINTED.items()
    for size, percent in zip(SIZES, percents, strict=True)
)
INFO = Info(
    name="pooling",
    title="Pooling: what it is worth as data grows",
    question="Does pooling help because it fits the signals, or because there are few of them?",
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 3.5"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 30.0, "paper": 820.0},
    peer_seconds=584.0,
    variations={
        "num_train=100": "so few signals that priors matter more",
        "channels=40": "wider networks",
    },
)


@dataclass(frozen=True)
class Config:
    """One variant on one size of the training set; `data` gives the other knobs, its size and split
    are set from here."""

    pooling: str = "max"
    num_train: int = 1000
    num_test: int = 1000
    channels: int = 20
    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01
    eval_every: int = 1000
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_name(self.pooling, POOLINGS, "pooling")
        check_varied(self.vary)
        check_numbers(self)

    @property
    def sized_data(self) -> DataConfig:
        """The settings of the data set with num_train and num_test signals."""
        total = self.num_train + self.num_test
        return self.data.replace(num_samples=total, train_split=self.num_train / total)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: every variant on every size."""
    sizes = {
        "smoke": (200,),
        "quick": (1000, 10_000),
        "paper": SIZES,
    }[preset]
    rest = {
        "smoke": {"num_steps": 20, "eval_every": 10, "channels": 4},
        "quick": {"num_steps": 1500},
        "paper": {},
    }[preset]
    return [
        Config(pooling=pooling, num_train=size, **rest) for size in sizes for pooling in POOLINGS
    ]


def weight(config: Config) -> float:
    """Return a trial's relative cost: without pooling the second layer and the linear one see twice
    as many positions."""
    return {"none": 2.0, "stride": 0.6}.get(config.pooling, 1.0) * (1 + config.num_train / 50_000)


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one variant from every seed."""
    from mnist1d.learning import Settings
    from mnist1d.learning.models.pooled import pooled_cnn

    sets = datasets_for(config.sized_data, seeds, config.vary)
    model = pooled_cnn(config.pooling, config.channels, sets[0].x.shape[1])
    settings = Settings(
        config.num_steps, config.batch_size, config.learning_rate, eval_every=config.eval_every
    )
    return fit_rows(config.pooling, model, settings, seeds, sets)


def measured(rows: Rows) -> dict[str, Values]:
    """Return final test accuracies by seed, under the names of the published figures."""
    names = {p.name for p in PUBLISHED}
    cells = {
        f"{pooling}, {size} signals": values_of(rows_of(rows, pooling, size), "test_acc")
        for pooling in POOLINGS
        for size in rows.unique("num_train")
    }
    return {name: cell for name, cell in cells.items() if name in names and len(cell)}


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return mean test accuracy in percent and its 95% interval, a line for each size, a column for
    each variant; below each, what the notebook prints."""
    lines = []
    for size in sorted(rows.unique("num_train")):
        cells = [values_of(rows_of(rows, pooling, size), "test_acc") for pooling in POOLINGS]
        lines.append([f"{size:,}", *map(cell, cells), str(max(map(len, cells)))])
        printed = [find(PUBLISHED, f"{pooling}, {size} signals") for pooling in POOLINGS]
        if any(printed):
            shown = [f"{100 * p.value:.1f}" if p else "" for p in printed]
            lines.append([f"{size:,}, notebook", *shown, "1"])
    return ["training signals", *(NAMES[pooling] for pooling in POOLINGS), "n"], lines


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw test accuracy against the size of the training set, a line for each variant."""
    from mnist1d.plots import marks, style

    fig, ax = style.figure(1, 1, size=(6.2, 3.9))
    ends = []
    for color, pooling in zip(style.COLORS, POOLINGS, strict=False):
        trials = {s: rows_of(rows, pooling, s) for s in sorted(rows.unique("num_train"))}
        trials = {size: trial for size, trial in trials.items() if len(trial)}
        seeds = [set(trial.unique("seed")) for trial in trials.values()]
        shared = sorted(set.intersection(*seeds)) if seeds else []
        if shared:
            values = np.array(
                [
                    [trial.where(seed=seed).final("test_acc")[0] for trial in trials.values()]
                    for seed in shared
                ]
            )  # (seeds, sizes)
            line = "-" if pooling in POOLED else "--"
            dot = {"marker": "o", "markersize": 3.5, "unit": "%"}
            style.band(ax, list(trials), values, None, color, line, **dot)
            ends.append((values[:, -1].mean(), NAMES[pooling], color))
    ax.set(xscale="log", xlabel="training signals", ylabel="test accuracy")
    ticks = sorted(rows.unique("num_train"))
    ax.set_xticks(ticks, [f"{size:,}" for size in ticks])
    ax.minorticks_off()
    style.percent_axis(ax)
    marks.end_labels(ax, ends)
    caption = (
        "Test accuracy of a CNN with and without pooling against the size of the training set. Solid: "
        f"pooling; dashed: none. {style.band_words(len(rows.unique('seed')))} Look at the gap between "
        "solid and dashed lines: how large it is with few signals, and how it changes to the right."
    )
    return {"accuracy": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test what was published on final test accuracies, variants paired by seed, which fixes data
    set and initial weights."""
    sizes = sorted(
        size
        for size in rows.unique("num_train")
        if all(len(rows_of(rows, pooling, size)) for pooling in POOLINGS)
    )
    if not sizes:
        return []
    few, many = sizes[0], sizes[-1]
    acc = {
        size: {p: values_of(rows_of(rows, p, size), "test_acc") for p in POOLINGS}
        for size in (few, many)
    }
    gain = {
        size: (of["max"] + of["average"] + of["l2"]) * (1 / 3) - of["none"]
        for size, of in acc.items()
    }
    beats = [
        above("", f"{NAMES[p]} - none, test acc", acc[few][p] - acc[few]["none"], unit=POINTS)
        for p in POOLED
    ]
    found = [all_of(f"every pooling beats none at {few:,} signals", beats, "78, 78, 77 > 59")]
    if few != many:
        found.append(
            above(
                "the gain of pooling over none shrinks as data grows",
                f"mean gain of the three poolings at {few:,} - at {many:,}, test acc",
                gain[few] - gain[many],
                0,
                "18.6 > 1.2 points",
                unit=POINTS,
                published_value=0.174,
            )
        )
    found.append(
        above(
            f"stride lies below no pooling with {many:,} signals",
            "none - stride, test acc",
            acc[many]["none"] - acc[many]["stride"],
            0,
            "95.4 < 96.3",
            unit=POINTS,
            published_value=0.009,
        )
    )
    return keep_measured(found)


NAMES = {"max": "max", "average": "average", "l2": "L2", "none": "no pooling", "stride": "stride 2"}


def rows_of(rows: Rows, pooling: str, size: int) -> Rows:
    """Return the rows of one trial."""
    return rows.where(pooling=pooling, num_train=size)
