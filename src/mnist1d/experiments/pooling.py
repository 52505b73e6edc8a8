"""Pooling: what it is worth as data grows.

Two convolutional layers (20 channels, kernel 3, padding 1, relu) and a linear layer on top, in five
variants: neither pooling nor stride, stride 2, and maximum, average or L2 pooling over windows of 2
after each layer; one seed gives all variants their weights. Training sets of 1,000 to 50,000
signals, 1,000 test signals with each; Adam 0.01, batch 100, 6,000 steps.

Rows: curves of accuracy and loss (step: training steps), seconds, compile_seconds, num_params.
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
from mnist1d.experiments.present import mean_cell
from mnist1d.experiments.rows import (
    Row,
    Rows,
)
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import joint

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

SECTION = "arXiv 2011.14439, section 3.5"
POOLINGS = ("max", "average", "l2", "none", "stride")
POOLED = POOLINGS[:3]
PUBLISHED = (
    Published("max, 1000 signals", 0.80, 0.03, SECTION),
    Published("average, 1000 signals", 0.78, 0.03, SECTION),
    Published("l2, 1000 signals", 0.77, 0.03, SECTION),
    Published("none, 1000 signals", 0.59, 0.03, SECTION),
    Published("stride, 1000 signals", 0.57, 0.03, SECTION),
    Published("max, 50000 signals", 0.975, 0.01, SECTION),
    Published("none, 50000 signals", 0.975, 0.01, SECTION),
    Published("stride, 50000 signals", 0.95, 0.01, SECTION),
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
    seeds={"smoke": 2, "quick": 2, "paper": 3},
    cost={"smoke": 8.0, "quick": 30.0, "paper": 300.0},
    peer_seconds=584.0,
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
        "paper": (1000, 2000, 5000, 10_000, 20_000, 50_000),
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


def measured(rows: Rows) -> dict[str, np.ndarray]:
    """Return final test accuracies, (seeds,), under the names of the published figures."""
    names = {p.name for p in PUBLISHED}
    cells = {
        f"{pooling}, {size} signals": rows_of(rows, pooling, size)
        for pooling in POOLINGS
        for size in rows.unique("num_train")
    }
    return {
        name: cell.final("test_acc") for name, cell in cells.items() if name in names and len(cell)
    }


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return mean test accuracy in percent, a line for each size, a column for each variant."""
    lines = []
    for size in sorted(rows.unique("num_train")):
        cells = [rows_of(rows, pooling, size) for pooling in POOLINGS]
        lines.append([f"{size:,}", *map(mean_cell, cells)])
    return ["training signals", *(NAMES[pooling] for pooling in POOLINGS)], lines


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
            dot = {"marker": "o", "markersize": 3.5, "clip": (0, 1)}
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
    """Test what was published on final test accuracies, variants paired by seed."""
    acc = {
        (pooling, size): rows_of(rows, pooling, size).by_seed("test_acc")
        for pooling in POOLINGS
        for size in rows.unique("num_train")
        if len(rows_of(rows, pooling, size))
    }
    sizes = sorted({size for _, size in acc})
    if not sizes or any(
        (pooling, size) not in acc for pooling in POOLINGS for size in (sizes[0], sizes[-1])
    ):
        return []
    few, many = sizes[0], sizes[-1]
    gain = {
        size: joint(np.mean, [acc[p, size] for p in POOLED]) - acc["none", size]
        for size in (few, many)
    }
    parts = [
        above("", f"{NAMES[p]} - none at {few:,}, test acc", acc[p, few] - acc["none", few])
        for p in POOLED
    ]
    result = [all_of(f"every pooling beats none at {few:,} signals", parts, "80, 78, 77 > 59")]
    if few != many:
        text = "the gain of pooling over none shrinks as data grows"
        quantity = f"gain at {few:,} - gain at {many:,}, test acc, mean of the three poolings"
        result.append(above(text, quantity, gain[few] - gain[many], published="19 points to 0"))
    text = f"with {many:,} signals pooling makes no difference, within 1 point"
    result.append(
        within(text, "pooling - none, test acc", gain[many], -0.01, 0.01, "97 to 98, all")
    )
    text = f"stride lies below none with {many:,} signals"
    result.append(
        above(
            text,
            "none - stride, test acc",
            acc["none", many] - acc["stride", many],
            published="95 < 97",
        )
    )
    return result


NAMES = {"max": "max", "average": "average", "l2": "L2", "none": "no pooling", "stride": "stride 2"}


def rows_of(rows: Rows, pooling: str, size: int) -> Rows:
    """Return the rows of one trial."""
    return rows.where(pooling=pooling, num_train=size)
