"""Deep double descent.

Networks of growing width are trained to the end on 4,000 signals: an MLP of two hidden layers with
and without label noise, and the benchmark's CNN with it. Label noise: with probability 0.15 a
training label is drawn anew from all ten. SGD, learning rate 0.01, momentum 0.9, batches of 100 in
a new order every epoch, 500 epochs, cross-entropy. Each seed draws a data set, label noise, weights
and order, the same data set and noise for all widths; seed 0 sees the published data set.

Interpolation threshold: the smallest width whose training error, on the labels as given, ends at 2%
or less. The first dip is the lowest test error below it; the peak is the highest test error at
any width beyond the dip, its height their difference. One trial is one width, without a step; what
a narrow network computes is computed in a wider one whose other units are masked, so that few
programs serve all widths.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import Claim, above, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.estimates import POINTS
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.published import NOTEBOOK, Published, find, in_notebook
from mnist1d.experiments.rows import Row, Rows, scalar_rows, timing_rows
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values, stack

if TYPE_CHECKING:
    from mnist1d.learning import Model
    from mnist1d.plots.style import Captioned

CURVES = {  # model, with label noise, and how the notebook's output calls it
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


def _printed(curve: str, *figures: float) -> list[Published]:
    """Return what the notebook's output shows of a curve, in the order of MEASURED: widths, and
    errors in percent. Widths are read off by the rules of this study."""
    found, width = [], 0.0
    for (name, column), figure in zip(MEASURED.items(), figures, strict=True):
        name = f"{curve}, {name}"
        if column in ("dip", "threshold", "peak"):
            width = figure
            file = "deep-double-descent.ipynb"
            found.append(Published(name, figure, file, "units", origin=NOTEBOOK, n=1))
        else:
            at = max(MLP_WIDTHS if curve.startswith("MLP") else CNN_WIDTHS)
            at = at if column == "last_error" else width
            metric = "train_error" if column == "peak_train" else "test_error"
            key = (CURVES[curve][2], "width", f"{at:g}", metric)
            found.append(in_notebook(name, figure, "deep-double-descent", key, digits=2))
    return found


PUBLISHED = (
    *_printed("MLP with noise", 16, 47.24, 61, 47, 54.05, 5.47, 45.47),
    *_printed("CNN with noise", 10, 19.64, 24, 18, 33.80, 10.88, 27.66),
    in_notebook(
        "MLP without noise, test error at the largest width",
        37.25,
        "deep-double-descent",
        (CURVES["MLP without noise"][2], "width", "300", "test_error"),
        digits=2,
    ),
)


INFO = Info(
    name="double-descent",
    title="Deep double descent",
    question=(
        "Does a network grow worse as it becomes just able to fit its training set, and "
        "better beyond?"
    ),
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 3.2; the phenomenon is that of Belkin et al. (2019, arXiv "
        "1812.11118) and Nakkiran et al., Deep Double Descent (ICLR 2020, arXiv 1912.02292)"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 3, "paper": 8},
    cost={"smoke": 8.0, "quick": 50.0, "paper": 10_000.0},
    peer_seconds=1770.0,
    variations={
        "label_noise=0,0.3": "without label noise, and with twice as much: does the peak grow?",
        "num_epochs=100": "stop early: is there still a peak?",
    },
)

FITTED = 0.02  # training error at and below which a network interpolates
PADDED = {
    "mlp": (16, 48, 80, 104, 136, 160, 184, 232, 304),
    "cnn": (8, *range(16, 105, 8)),
}  # units computed; beyond, multiples of 100


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
        check_name(self.model, PADDED, "model")
        check_numbers(self, label_noise=0)
        if self.label_noise > 1:
            raise UsageError(f"label_noise must be between 0 and 1, got {self.label_noise}")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: widths of the MLP without and with noise, of the CNN with
    noise."""
    small = DataConfig(num_samples=4000, train_split=0.25)
    mlp, cnn, fixed = {
        "smoke": ((2, 8), (2,), {"num_epochs": 2, "data": DataConfig(num_samples=400)}),
        "quick": (
            (2, 4, 6, 9, 12, 16, 24, 32, 48, 136),
            (2, 4, 6, 8, 11, 16, 24),
            {"num_epochs": 500, "data": small},
        ),
        "paper": (MLP_WIDTHS, CNN_WIDTHS, {}),
    }[preset]
    trials = [Config("mlp", width, noise, **fixed) for noise in (0.0, 0.15) for width in mlp]
    return trials + [Config("cnn", width, 0.15, **fixed) for width in cnn]


def weight(config: Config) -> float:
    """Return the cost of a trial in units of that of the narrowest MLP: fixed work a step, and more
    with the square of the width."""
    units = padded_width(config.model, config.width)
    return 1 + (units / 130) ** 2 if config.model == "mlp" else 3 + (units / 15) ** 2


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one network from every seed, each with label noise of its own; accuracies and losses at
    the end, parameters, seconds."""
    from mnist1d.learning import num_params

    sets = datasets_for(config.data, seeds, config.vary)
    num_inputs = sets[0].x.shape[1]
    begin = time.perf_counter()
    train = program(
        config.model,
        padded_width(config.model, config.width),
        config.num_epochs,
        config.batch_size,
        sets[0].x.shape,
        sets[0].x_test.shape,
    )
    compile_seconds = time.perf_counter() - begin
    final, predictions, seconds = [], [], []
    for seed, data in zip(seeds, sets, strict=True):
        begin = time.perf_counter()
        labels = data.with_label_noise(config.label_noise, seed=seed).y
        metrics, predicted = train(seed, data, labels, config.width, config.learning_rate)
        seconds.append(time.perf_counter() - begin)
        final.append(metrics)
        predictions.append(predicted)
    model = make_model(config.model, config.width, num_inputs)
    scalars = {metric: [metrics[metric] for metrics in final] for metric in final[0]}
    return [
        *scalar_rows(seeds, scalars | {"num_params": [num_params(model)] * len(seeds)}),
        *prediction_rows(seeds, predictions),
        *timing_rows(seeds, seconds, compile_seconds),
    ]


@cache
def program(
    name: str,
    units: int,
    num_epochs: int,
    batch_size: int,
    shape: tuple[int, int],
    test_shape: tuple[int, int],
) -> Callable:
    """Compile the training of all networks up to `units` wide: f(seed, data, labels (n,), width,
    learning rate) -> metrics at the end, predictions (3, test signals)."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import Settings, Split, jit_once, make_fit
    from mnist1d.learning.narrow import narrowed

    make = partial(make_model, name, num_inputs=shape[1])
    model = make(units)
    num_steps = num_epochs * max(1, shape[0] // batch_size)
    fit = make_fit(
        model,
        Settings(num_steps, batch_size, optimizer="momentum", eval_every=num_steps, reshuffle=True),
    )

    @jit_once
    def start(seed, width):
        params = model.init(jax.random.fold_in(jax.random.key(seed), 0))
        return narrowed(make, units, params, width)

    def one(seed, params, mask, split, learning_rate):
        key = jax.random.key(seed)
        found = fit(key, split, params=params, mask=mask, learning_rate=learning_rate)
        return {name: curve[-1] for name, curve in found.curves.items()}, found.predictions

    def of(shape: tuple[int, ...], dtype: Any = jnp.float32) -> Any:
        return jax.ShapeDtypeStruct(shape, dtype)

    split = Split(
        of(shape), of(shape[:1], jnp.int32), of(test_shape), of(test_shape[:1], jnp.int32)
    )
    seed, number = of((), jnp.int32), of(())
    compiled = (
        jax.jit(one).lower(seed, *jax.eval_shape(start, seed, number), split, number).compile()
    )
    start = start.lower(seed, number).compile()

    def train(seed, data, labels, width, learning_rate):
        split = Split(data.x, labels.astype(np.int32), data.x_test, data.y_test.astype(np.int32))
        params, mask = start(np.int32(seed), np.float32(width))
        found = compiled(np.int32(seed), params, mask, split, np.float32(learning_rate))
        return jax.tree.map(np.asarray, found)

    return train


def make_model(name: str, width: int, num_inputs: int = 40) -> Model:
    """Return the benchmark's CNN, or an MLP of two hidden layers without a residual connection, of
    the given width."""
    from mnist1d.learning.models import cnn
    from mnist1d.learning.narrow import plain_mlp

    if name == "cnn":
        return cnn(channels=width, num_inputs=num_inputs)
    return plain_mlp(width, num_inputs=num_inputs)


def padded_width(model: str, width: int) -> int:
    """Return how many units are computed for `width` of them."""
    return next((units for units in PADDED[model] if units >= width), -(-width // 100) * 100)


def errors_at(rows: Rows, curve: str) -> dict[str, dict[int, Values]]:
    """Return the errors on training and test set at each width, by seed: {metric: {width: ...}}."""
    model, noisy, _ = CURVES[curve]
    rows = rows.where(model=model)
    noises = [noise for noise in rows.unique("label_noise") if (noise > 0) == noisy]
    if not noises:
        return {"train_acc": {}, "test_acc": {}}
    rows = rows.where(label_noise=noises[-1])
    return {
        metric: {width: 1 - acc for width, acc in rows.by("width", metric).items()}
        for metric in ("train_acc", "test_acc")
    }


def sizes_and_errors(rows: Rows, curve: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return widths (widths,) and the errors on training and test set, (seeds, widths) each, of the
    seeds that all widths have."""
    train, test = (list(found.values()) for found in errors_at(rows, curve).values())
    return np.array(list(errors_at(rows, curve)["test_acc"])), stack(train)[1].T, stack(test)[1].T


class Shape(NamedTuple):
    """What a seed's curve of errors shows: widths at the threshold (NaN: never fitted), first dip
    and peak; the errors there, on test and training set, and last."""

    threshold: float
    dip: float
    peak: float
    dip_error: float
    peak_error: float
    last_error: float
    dip_train: float
    peak_train: float


def shape_of(widths: np.ndarray, train: np.ndarray, test: np.ndarray) -> Shape:
    """Find threshold, first dip and peak (see the study's docstring) in one seed's errors,
    (widths,) each."""
    fitted = widths[train <= FITTED]
    below = np.flatnonzero(widths < fitted[0]) if len(fitted) else np.arange(len(widths))
    dip = int(test[below].argmin()) if len(below) else 0
    peak = dip + 1 + int(test[dip + 1 :].argmax()) if dip + 1 < len(test) else dip
    return Shape(
        fitted[0] if len(fitted) else np.nan,
        widths[dip],
        widths[peak],
        test[dip],
        test[peak],
        test[-1],
        train[dip],
        train[peak],
    )


def shapes_of(rows: Rows, curve: str) -> dict[Hashable, Shape]:
    """Return a shape per seed, none where fewer than three widths are there."""
    widths, train, test = sizes_and_errors(rows, curve)
    if len(widths) < 3:
        return {}
    seeds, _ = stack(list(errors_at(rows, curve)["test_acc"].values()))
    shapes = (shape_of(widths, *of_seed) for of_seed in zip(train, test, strict=True))
    return dict(zip(seeds, shapes, strict=True))


def column(shapes: Mapping[Hashable, Shape], name: str) -> Values:
    """Return one number of each seed's shape."""
    return Values(shapes, [getattr(shape, name) for shape in shapes.values()])


def measured(rows: Rows) -> dict[str, Values]:
    """Return what stands beside the published figures, by seed; a threshold only of the seeds that
    have one."""
    found = {
        f"{curve}, {name}": column(shapes_of(rows, curve), part)
        for curve in CURVES
        for name, part in MEASURED.items()
    }
    known = {p.name for p in PUBLISHED}
    return {name: v for name, v in found.items() if name in known and np.isfinite(v.array).any()}


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return for each curve the widths and errors, test / training, at first dip, threshold, peak
    and at the largest width; means over seeds, and below them what the notebook prints."""
    header = ["network", "dip at", "error there, test / training %", "threshold", "peak at"]
    header += ["error there, test / training %", "test error at the largest width %", "n"]
    lines = []
    for curve in CURVES:
        shapes = shapes_of(rows, curve)
        if not shapes:
            continue
        s = Shape(*np.mean(list(shapes.values()), axis=0))
        fitted = f"{s.threshold:.0f}" if np.isfinite(s.threshold) else "not reached by every seed"
        at_dip, at_peak = (
            f"{100 * test:.1f} / {100 * train:.1f}"
            for test, train in ((s.dip_error, s.dip_train), (s.peak_error, s.peak_train))
        )
        cells = [f"{s.dip:.0f}", at_dip, fitted, f"{s.peak:.0f}", at_peak]
        lines.append([curve, *cells, f"{100 * s.last_error:.1f}", str(len(shapes))])
        lines.append([f"{curve}, notebook", *_printed_cells(curve), "1"])
    return header, lines


def _printed_cells(curve: str) -> list[str]:
    figures = {part: find(PUBLISHED, f"{curve}, {name}") for name, part in MEASURED.items()}

    def cell(part: str) -> str:
        figure = figures[part]
        if figure is None:
            return ""
        return f"{figure.value:.0f}" if figure.unit == "units" else f"{100 * figure.value:.1f}"

    both = " / ".join(filter(None, (cell("peak_error"), cell("peak_train"))))
    return [*map(cell, ("dip", "dip_error", "threshold", "peak")), both, cell("last_error")]


def claims(rows: Rows) -> list[Claim]:
    """Test the sentences on each seed's curve; widths are compared as factors, on a log scale. (The
    notebook's CNN does not fall below its first dip, so that nothing is claimed of it there.)"""
    shapes = {curve: shapes_of(rows, curve) for curve in CURVES}
    noisy, clean = shapes["MLP with noise"], shapes["MLP without noise"]
    found = []
    for curve, words, value in (
        ("MLP with noise", "47 and 61", math.log2(47 / 61)),
        ("CNN with noise", "18 and 24", math.log2(18 / 24)),
    ):
        octaves = (column(shapes[curve], "peak") / column(shapes[curve], "threshold")).map(np.log2)
        text = f"{curve}: the peak sits at the interpolation threshold, within a factor of 2"
        quantity = "log2(width at the peak / threshold)"
        limits = (-1, 1)
        found.append(within(text, quantity, octaves, *limits, words, published_value=value))
    height = [column(s, "peak_error") - column(s, "dip_error") for s in (noisy, clean)]
    found += [
        above(
            "MLP with noise: past the peak the error falls below the first dip",
            "test error, dip - largest width",
            column(noisy, "dip_error") - column(noisy, "last_error"),
            0,
            "47.2 > 45.5",
            unit=POINTS,
            published_value=0.0177,
        ),
        above(
            "noise sharpens the MLP's peak",
            "height of the peak, with noise - without",
            height[0] - height[1],
            0,
            "6.8 > 0.6 points",
            unit=POINTS,
            published_value=0.0617,
        ),
    ]
    return keep_measured(found)


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw test and training error against width; dotted: the interpolation threshold."""
    from mnist1d.plots import marks, style

    shown = [curve for curve in CURVES if sizes_and_errors(rows, curve)[2].size]
    fig, axes = style.figure(
        1, max(1, len(shown)), size=(3.1 * len(shown) + 0.8, 3.5), sharey=True, squeeze=False
    )
    for ax, curve in zip(axes[0], shown, strict=False):
        widths, train, test = sizes_and_errors(rows, curve)
        dot = {"marker": "o", "markersize": 3, "unit": "%"}
        style.band(ax, widths, test, "test error", style.COLORS[1], **dot)
        style.band(ax, widths, train, "training error", style.COLORS[0], "--", **dot)
        thresholds = [s.threshold for s in shapes_of(rows, curve).values()]
        if thresholds and np.isfinite(thresholds).all():
            at = np.exp(np.mean(np.log(thresholds)))
            side = "left" if at > np.sqrt(min(widths) * max(widths)) else "right"
            marks.vertical_label(ax, at, "interpolation\nthreshold", side=side)
        ax.set(
            title=curve,
            xlabel="channels" if curve.startswith("CNN") else "hidden units per layer",
            xscale="log",
            ylim=(-0.02, None),
        )
        ticks = [w for w in (2, 5, 10, 20, 50, 100, 200) if min(widths) <= w <= max(widths)]
        ax.set_xticks(ticks, [str(w) for w in ticks])
        ax.set_xticks([], minor=True)
        style.percent_axis(ax)
    if shown:
        highest = max(max(e.max() for e in sizes_and_errors(rows, c)[1:] if e.size) for c in shown)
        axes[0, 0].set(ylabel="error", ylim=(-0.02, 1.3 * highest))
        style.legend(axes[0, 0], loc="upper left")
    caption = (
        "Error on fresh signals (solid) and on the training set (dashed) against the width of the "
        f"network. {style.band_words(len(rows.unique('seed')))} Dotted: the interpolation threshold, "
        "the smallest width that fits the training set (geometric mean over seeds). Look at the test "
        "error near the threshold, where a peak is expected with label noise, and to its right."
    )
    return {"error": (fig, caption)}
