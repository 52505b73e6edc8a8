"""Deep double descent.

Train networks of growing width on 4,000 signals for 500 epochs: an MLP with two hidden layers with
and without label noise, and the benchmark's CNN with noise. Label noise: each training label is
replaced, with probability 0.15, by a label drawn from all ten classes. Training: SGD, learning rate
0.01, momentum 0.9, batches of 100 in a new order every epoch, cross-entropy. Each seed draws a data
set, label noise, weights and batch order; all widths share the seed's data set and noise. Seed 0
uses the generator seed of the published set, 42.

The interpolation threshold is the smallest width whose final training error, on the noisy labels,
is 2% or less. The first dip is the lowest test error below the threshold; the peak is the highest
test error beyond the dip, and its height is the difference between the two. One trial is one width;
its rows have no step. A narrow network is computed inside a wider one whose other units are masked,
so a few compiled programs serve all widths.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from mnist1d.checks import check_name, check_numbers, check_real
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import seed_range
from mnist1d.experiments.published import NOTEBOOK, TITLE, Published, find, in_notebook
from mnist1d.experiments.rows import Row, Rows, scalar_rows, timing_rows
from mnist1d.experiments.shapes import Shape, shape_of
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import Values, stack

CURVES = {  # model, with label noise, and the name in the notebook's output
    "MLP without noise": ("mlp", False, "mlp, no label noise"),
    "MLP with noise": ("mlp", True, "mlp, 15% label noise"),
    "CNN with noise": ("cnn", True, "cnn, 15% label noise"),
}
MLP_WIDTHS = tuple(int(w) for w in np.unique(np.geomspace(2, 300, 20).astype(int)))
CNN_WIDTHS = (*range(2, 29, 2), *range(30, 101, 5))
MEASURED = {  # names of the published figures of a curve, and the column of Shape that holds them
    "width at the first dip": "dip",
    "test error at the first dip": "dip_error",
    "interpolation threshold": "threshold",
    "width at the peak": "peak",
    "test error at the peak": "peak_error",
    "training error at the peak": "peak_train",
    "test error at the largest width": "last_error",
}
BOOK = "deep-double-descent"


def _printed(curve: str, name: str, figure: float, width: float) -> Published:
    """Return what the notebook's output shows of a curve at a width: an error in percent, or the
    width itself, which we read off by the rules of this study."""
    if MEASURED[name] in ("dip", "threshold", "peak"):
        source = f"{BOOK}.ipynb"
        unit = "channels" if curve.startswith("CNN") else "units"
        return Published(f"{curve}, {name}", figure, source, unit, origin=NOTEBOOK, n=1)
    metric = "train_error" if MEASURED[name] == "peak_train" else "test_error"
    key = (CURVES[curve][2], "width", f"{width:g}", metric)
    return in_notebook(f"{curve}, {name}", figure, BOOK, key, digits=2)


PRINTED = {  # in the order of MEASURED: the figures, and the widths at which they are printed
    "MLP with noise": ((16, 47.24, 61, 47, 54.05, 5.47, 45.47), (16, 16, 61, 47, 47, 47, 300)),
    "CNN with noise": ((10, 19.64, 24, 18, 33.80, 10.88, 27.66), (10, 10, 24, 18, 18, 18, 100)),
}
PUBLISHED = (
    *chain(*(map(partial(_printed, of), MEASURED, *both) for of, both in PRINTED.items())),
    _printed("MLP without noise", "test error at the largest width", 37.25, 300),
)
INFO = Info(
    name="double-descent",
    title="Deep double descent",
    question="Does test error peak where a network just fits its training set, then fall again?",
    source=(
        f"{TITLE}, section 3.2; the phenomenon is that of Belkin et al. (2019, arXiv 1812.11118) "
        "and Nakkiran et al., Deep Double Descent (ICLR 2020, arXiv 1912.02292)"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 38.0, "paper": 10_000.0},
    peer_seconds=1770.0,
    variations={
        "label_noise=0,0.3": "without label noise, and with twice as much: does the peak grow?",
        "num_epochs=100": "stop early: is there still a peak?",
    },
)


@dataclass(frozen=True)
class Config:
    """One network of one width: hidden units of the MLP, channels of the CNN."""

    model: str = "mlp"
    width: int = 40
    label_noise: float = 0.15
    num_epochs: int = 500
    batch_size: int = 100
    learning_rate: float = 0.01
    vary: str = "data"  # what a seed draws besides weights and noise: "data", or nothing: "frozen"
    data: DataConfig = DataConfig(num_samples=16_000, train_split=0.25)

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_name(self.model, ("mlp", "cnn"), "model")
        check_numbers(self, label_noise=0)
        check_real(self.label_noise, 0, 1, "label_noise")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the MLP without and with noise, the CNN with noise."""
    small = DataConfig(num_samples=4000, train_split=0.25)
    mlp, cnn, fixed = {
        "smoke": ((2, 8), (2,), {"num_epochs": 2, "data": DataConfig(num_samples=400)}),
        "quick": ((2, 4, 6, 9, 12, 16, 24, 32, 48, 100), (2, 4, 6, 8, 11, 16, 24), {"data": small}),
        "paper": (MLP_WIDTHS, CNN_WIDTHS, {}),
    }[preset]
    trials = [Config("mlp", width, noise, **fixed) for noise in (0.0, 0.15) for width in mlp]
    return trials + [Config("cnn", width, 0.15, **fixed) for width in cnn]


def weight(config: Config) -> float:
    """Return a trial's relative cost: a fixed part, and one that grows with the width squared."""
    units = padded_width(config.model, config.width)
    return 1 + (units / 130) ** 2 if config.model == "mlp" else 3 + (units / 15) ** 2


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one network from every seed, each with its own label noise."""
    from mnist1d.learning import num_params
    from mnist1d.learning.narrow import network, train_epochs

    sets = datasets_for(config.data, seeds, config.vary, config.label_noise)
    sizes = config.model, config.width, padded_width(config.model, config.width)
    how = {"num_epochs": config.num_epochs, "batch_size": config.batch_size}
    rate = config.learning_rate
    found = train_epochs(*sizes, seeds, sets, learning_rate=rate, **how)
    final, predictions = zip(*found.results, strict=True)
    size = num_params(network(config.model, config.width, sets[0].x.shape[1]))
    scalars = {metric: [metrics[metric] for metrics in final] for metric in final[0]}
    return [
        *scalar_rows(seeds, scalars | {"num_params": size}),
        *prediction_rows(seeds, predictions),
        *timing_rows(seeds, found.seconds, found.compile_seconds),
    ]


def padded_width(model: str, width: int) -> int:
    """Return how many units are computed for `width` of them."""
    mlp, cnn = (16, 48, 80, 104, 136, 160, 184, 232, 304), (8, *range(16, 105, 8))
    sizes = mlp if model == "mlp" else cnn
    return next((units for units in sizes if units >= width), -(-width // 100) * 100)


def errors_at(rows: Rows, curve: str, metric: str) -> dict[int, Values]:
    """Return the error at each width, by seed; metric: "train_acc" or "test_acc"."""
    model, noisy, _ = CURVES[curve]
    rows = rows.where(model=model)
    noises = [noise for noise in rows.unique("label_noise") if (noise > 0) == noisy]
    found = rows.where(label_noise=noises[-1]).by("width", metric) if noises else {}
    return {width: 1 - acc for width, acc in found.items()}


def shapes_of(rows: Rows, curve: str) -> dict[Hashable, Shape]:
    """Return a shape per seed, or none with fewer than three widths."""
    train, test = (errors_at(rows, curve, metric) for metric in ("train_acc", "test_acc"))
    if len(test) < 3:
        return {}
    (seeds, on_test), (_, on_train) = (stack(list(of.values())) for of in (test, train))
    widths, errors = np.array(list(test)), zip(on_train.T, on_test.T, strict=True)
    return dict(zip(seeds, (shape_of(widths, *of_seed) for of_seed in errors), strict=True))


def column(shapes: Mapping[Hashable, Shape], name: str) -> Values:
    """Return one number of each seed's shape."""
    return Values(shapes, [getattr(shape, name) for shape in shapes.values()])


def measured(rows: Rows) -> dict[str, Values]:
    """Return the values beside the published figures, by seed; NaN: no threshold."""
    found = {}
    for curve in CURVES:
        for name, part in MEASURED.items():
            values = column(shapes_of(rows, curve), part)
            if find(PUBLISHED, f"{curve}, {name}") and np.isfinite(values.array).any():
                found[f"{curve}, {name}"] = values
    return found


def table(rows: Rows) -> TextTable:
    """Return for each curve the widths and errors, test / training, at first dip, threshold, peak
    and largest width: means over seeds, and below them what the notebook prints."""
    header = ["network", "dip at", "error there, test / training %", "threshold", "peak at"]
    header += ["error there, test / training %", "test error at the largest width %", "n"]
    lines = []
    for curve in CURVES:
        if not (shapes := shapes_of(rows, curve)):
            continue
        s = Shape(*np.mean(list(shapes.values()), axis=0))
        fitted = f"{s.threshold:.0f}" if np.isfinite(s.threshold) else "not reached by every seed"
        dip = f"{100 * s.dip_error:.1f} / {100 * s.dip_train:.1f}"
        peak = f"{100 * s.peak_error:.1f} / {100 * s.peak_train:.1f}"
        cells = [f"{s.dip:.0f}", dip, fitted, f"{s.peak:.0f}", peak, f"{100 * s.last_error:.1f}"]
        lines.append([curve, *cells, str(len(shapes))])
        shown = {part: _figure(f"{curve}, {name}") for name, part in MEASURED.items()}
        peak = " / ".join(filter(None, (shown["peak_error"], shown["peak_train"])))
        cells = [shown[part] for part in ("dip", "dip_error", "threshold", "peak")]
        lines.append([f"{curve}, notebook", *cells, peak, shown["last_error"], "1"])
    return header, lines


def _figure(name: str) -> str:
    """Return a published figure as a cell."""
    figure = find(PUBLISHED, name)
    if figure is None or figure.unit in ("units", "channels"):
        return f"{figure.value:.0f}" if figure else ""
    return f"{100 * figure.value:.1f}"


def claims(rows: Rows) -> list[Claim]:
    """Test the sentences on each seed's curve; widths are compared as factors, on a log scale. The
    notebook's CNN does not fall below its first dip, so we test no such claim for the CNN."""
    shapes, found = {curve: shapes_of(rows, curve) for curve in CURVES}, []
    for curve, peak, threshold in (("MLP with noise", 47, 61), ("CNN with noise", 18, 24)):
        octaves = (column(shapes[curve], "peak") / column(shapes[curve], "threshold")).map(np.log2)
        text = f"{curve}: the peak is at the interpolation threshold, within a factor of 2"
        quantity, words = "log2(width at the peak / threshold)", f"{peak} and {threshold}"
        value = math.log2(peak / threshold)
        found.append(within(text, quantity, octaves, -1, 1, published=words, published_value=value))
    points = partial(above, unit=POINTS)
    noisy, clean = shapes["MLP with noise"], shapes["MLP without noise"]
    fall = column(noisy, "dip_error") - column(noisy, "last_error")
    text = "MLP with noise: past the peak the error falls below the first dip"
    quantity, words = "test error, dip - largest width", "47.2 > 45.5"
    found.append(points(text, quantity, fall, published=words, published_value=0.0177))
    high, low = (column(of, "peak_error") - column(of, "dip_error") for of in (noisy, clean))
    text, words = "label noise makes the MLP's peak higher", "6.8 > 0.6 points"
    quantity = "height of the peak, with noise - without"
    found.append(points(text, quantity, high - low, published=words, published_value=0.0617))
    return keep_measured(found)


def figures(rows: Rows) -> Figures:
    """Draw test and training error against width; dotted: the interpolation threshold."""
    from mnist1d.plots import marks, style

    shown = [curve for curve in CURVES if errors_at(rows, curve, "test_acc")]
    fig, axes = style.grid(max(1, len(shown)), 3, (3.4, 3.0), sharey=True)
    highest = 0.5
    for ax, curve in zip(axes, shown, strict=False):
        dot = {"marker": "o", "markersize": 3, "unit": SHARE}
        for metric, name, color, line in (
            ("test_acc", "test error", style.COLORS[1], "-"),
            ("train_acc", "training error", style.COLORS[0], "--"),
        ):
            found = errors_at(rows, curve, metric)
            widths, errors = list(found), stack(list(found.values()))[1].T  # (seeds, widths)
            if errors.size:
                style.band(ax, widths, errors, name, color, line, **dot)
                highest = max(highest, errors.max())
        thresholds = column(shapes_of(rows, curve), "threshold").array
        if len(thresholds) and np.isfinite(thresholds).all():
            at = np.exp(np.mean(np.log(thresholds)))
            side = "left" if at > np.sqrt(min(widths) * max(widths)) else "right"
            marks.vertical_label(ax, at, "interpolation\nthreshold", side=side)
        name = "channels" if curve.startswith("CNN") else "hidden units per layer"
        ax.set(title=curve, xlabel=name, xscale="log")
        style.ticks(ax, [w for w in (2, 5, 10, 20, 50, 100, 200) if w <= max(widths)])
        style.percent_axis(ax)
    axes[0].set(ylabel="error", ylim=(-0.02, 1.3 * highest))
    if shown:
        style.legend(axes[0], loc="upper left")
    caption = (
        "Error on fresh signals (solid) and on the training set (dashed) against the width of the "
        f"network. {style.band_words(*seed_range(rows))} Dotted: the interpolation threshold, the "
        "smallest width that fits the training set (geometric mean over seeds). Look at the test "
        "error near the threshold, where label noise should cause a peak, and to its right."
    )
    return {"error": (fig, caption)}
