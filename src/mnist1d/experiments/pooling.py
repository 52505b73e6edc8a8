"""Pooling: its benefit as data grows.

Two convolutional layers (20 channels, kernel 3, padding 1, relu) and a linear layer, in five
variants: neither pooling nor stride, stride 2, and maximum, average or L2 pooling over windows of 2
after each layer. Training sets of 1,000 to 50,000 signals, each with 1,000 test signals; Adam,
learning rate 0.01, batches of 100, 6,000 steps.

Each seed draws a data set and initial weights; batches keep the order of the set. All variants use
the seed's data set. Seed 0 uses the generator seed of the published set, 42.

Rows: curves of accuracy and loss (step: training steps), seconds, compile_seconds, num_params.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, all_of, keep_measured
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.fits import fit_rows
from mnist1d.experiments.present import CI, cell, printed_cell, seed_range
from mnist1d.experiments.published import TITLE, Published, in_notebook
from mnist1d.experiments.rows import Row, Rows, Values, values_of
from mnist1d.experiments.study import Figures, Info, TextTable

NAMES = {"max": "max", "average": "average", "l2": "L2", "none": "no pooling", "stride": "stride 2"}
POOLINGS = tuple(NAMES)
POOLED = POOLINGS[:3]
SIZES = (1000, 2000, 5000, 10_000, 20_000, 50_000)
PRINTED = {  # the notebook's test accuracies in percent, by size
    "max": (78.2, 89.2, 94.5, 97.0, 96.8, 98.1),
    "average": (78.0, 90.0, 94.0, 96.0, 96.2, 97.3),
    "l2": (77.2, 89.9, 95.3, 96.6, 97.8, 97.1),
    "none": (59.2, 82.0, 91.9, 94.3, 94.4, 96.3),
    "stride": (57.4, 81.7, 89.9, 91.3, 92.2, 95.4),
}


def _printed(pooling: str, size: int, percent: float) -> Published:
    called = pooling if pooling == "none" else NAMES[pooling]
    key = (called, "num_train", str(size), "test_acc")
    return in_notebook(f"{pooling}, {size} signals", percent, "benchmark-pooling", key)


PUBLISHED = tuple(
    _printed(pooling, size, percent)
    for pooling, percents in PRINTED.items()
    for size, percent in zip(SIZES, percents, strict=True)
)
INFO = Info(
    name="pooling",
    title="Pooling: its benefit as data grows",
    question="Does pooling always help on these signals, or only when the training set is small?",
    source=f"{TITLE}, section 3.5",
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 22.0, "paper": 820.0},
    peer_seconds=584.0,
    variations={
        "num_train=100": "so few signals that the prior matters more",
        "channels=40": "wider networks",
    },
)


@dataclass(frozen=True)
class Config:
    """One variant on one size of the training set. The other knobs come from `data`; num_train and
    num_test set its size and split."""

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
    sizes, rest = {
        "smoke": ((200,), {"num_steps": 20, "eval_every": 10, "channels": 4}),
        "quick": ((1000, 10_000), {"num_steps": 800}),
        "paper": (SIZES, {}),
    }[preset]
    return [Config(pooling, num_train=size, **rest) for size in sizes for pooling in POOLINGS]


def weight(config: Config) -> float:
    """Return a trial's relative cost: without pooling, two layers read twice as many positions."""
    return {"none": 2.0, "stride": 0.6}.get(config.pooling, 1.0) * (1 + config.num_train / 50_000)


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one variant from every seed."""
    from mnist1d.learning import Settings
    from mnist1d.learning.models.pooled import pooled_cnn

    sets = datasets_for(config.sized_data, seeds, config.vary)
    model = pooled_cnn(config.pooling, config.channels, sets[0].x.shape[1])
    sizes = config.num_steps, config.batch_size, config.learning_rate
    settings = Settings(*sizes, eval_every=config.eval_every)
    return fit_rows(config.pooling, model, settings, seeds, sets)


def acc_of(rows: Rows, pooling: str, size: int) -> Values:
    """Return the final test accuracy of a variant on a size of the training set, by seed."""
    return values_of(rows.where(pooling=pooling, num_train=size), "test_acc")


def measured(rows: Rows) -> dict[str, Values]:
    """Return final test accuracies by seed, under the names of the published figures."""
    found = {f"{p}, {size} signals": acc_of(rows, p, size) for p in POOLINGS for size in SIZES}
    return {name: values for name, values in found.items() if len(values)}


def table(rows: Rows) -> TextTable:
    """Return one line per size and one column per variant, and below what the notebook prints."""
    lines = []
    for size in rows.split("num_train"):
        accs = [acc_of(rows, pooling, size) for pooling in POOLINGS]
        lines.append([f"{size:,}", *map(cell, accs), str(max(map(len, accs)))])
        if size in SIZES:
            names = (f"{pooling}, {size} signals" for pooling in POOLINGS)
            cells = [printed_cell(PUBLISHED, name, form=".1f") for name in names]
            lines.append([f"{size:,}, notebook", *cells, "1"])
    return [f"training signals (accuracy, {CI})", *NAMES.values(), "n"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test the published sentences on final test accuracies, variants paired by seed."""
    acc = {
        size: {pooling: acc_of(rows, pooling, size) for pooling in POOLINGS}
        for size in rows.split("num_train")
    }
    acc = {size: of for size, of in acc.items() if all(map(len, of.values()))}
    if not acc:
        return []
    few, many, points = min(acc), max(acc), partial(above, unit=POINTS)
    beats = [
        points("", f"{NAMES[p]} - none, test accuracy", acc[few][p] - acc[few]["none"])
        for p in POOLED
    ]
    text = f"every kind of pooling beats no pooling at {few:,} signals"
    found = [all_of(text, beats, "78, 78, 77 > 59")]
    if few != many:
        shrinks = _gain(acc[few]) - _gain(acc[many])
        text, words = "the gain from pooling shrinks as data grows", "18.6 > 1.2 points"
        quantity = f"mean gain of the three poolings at {few:,} - at {many:,}, test accuracy"
        found.append(points(text, quantity, shrinks, published=words, published_value=0.174))
    text = f"stride is less accurate than no pooling with {many:,} signals"
    quantity, words = "none - stride, test accuracy", "95.4 < 96.3"
    loss = acc[many]["none"] - acc[many]["stride"]
    found.append(points(text, quantity, loss, published=words, published_value=0.009))
    return keep_measured(found)


def _gain(acc: Mapping[str, Values]) -> Values:
    """Return how much more accurate the three poolings are than none, in the mean, by seed."""
    return (acc["max"] + acc["average"] + acc["l2"]) * (1 / 3) - acc["none"]


def figures(rows: Rows) -> Figures:
    """Draw test accuracy against the size of the training set, one line per variant."""
    from mnist1d.plots import marks, style

    fig, ax = style.figure(1, 1, size=(6.2, 3.9))
    named = marks.Named(ax)
    for color, pooling in zip(style.COLORS, POOLINGS, strict=False):
        sizes, acc = rows.where(pooling=pooling).across("num_train", "test_acc")
        if acc.size:
            line, dot = "-" if pooling in POOLED else "--", {"marker": "o", "markersize": 3.5}
            named.band(sizes, acc, NAMES[pooling], color, line, unit=SHARE, **dot)
    ax.set(xscale="log", xlabel="training signals", ylabel="test accuracy")
    style.ticks(ax, sorted(rows.unique("num_train")))
    style.percent_axis(ax)
    named.label()
    caption = (
        "Test accuracy of a CNN with and without pooling against the size of the training set. "
        f"Solid: pooling; dashed: none. {style.band_words(*seed_range(rows))} The gap between "
        "solid and dashed lines is the gain from pooling; see how it changes with more "
        "signals."
    )
    return {"accuracy": (fig, caption)}
