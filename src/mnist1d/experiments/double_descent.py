"""Deep double descent.

Networks of growing width are trained to the end on 4,000 signals: an MLP of two hidden layers with
and without label noise, and the benchmark's CNN with it. Label noise: with probability 0.15 a
training label is drawn anew from all ten. SGD, learning rate 0.01, momentum 0.9, batches of 100 in
a new order every epoch, 500 epochs, cross-entropy; each seed draws weights, order and noise.

Interpolation threshold: the smallest width whose training error, on the labels as given, ends at 2
% or less. The first dip is the lowest test error below it; the peak is the highest test error at
any width beyond the dip, its height their difference. One trial is one width, without a step; what
a narrow network computes is computed in a wider one whose other units are masked, so that few
programs serve all widths.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import Claim, Published, above, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.rows import Row, Rows, prediction_rows, scalar_rows, timing_rows
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values, stack

if TYPE_CHECKING:
    from mnist1d.learning import Model
    from mnist1d.plots.style import Captioned

SECTION = "arXiv 2011.14439, section 3.2"
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
    published=(
        Published("MLP with noise, width at the peak of test error", 40, 15, SECTION, "units"),
        Published("MLP with noise, interpolation threshold", 40, 15, SECTION, "units"),
        Published("MLP with noise, width at the first dip", 14, 6, SECTION, "units"),
        Published("MLP with noise, test error at the largest width", 0.45, 0.03, SECTION),
    ),
    seeds={"smoke": 2, "quick": 3, "paper": 2},
    cost={"smoke": 8.0, "quick": 50.0, "paper": 2500.0},
    peer_seconds=1770.0,
)

FITTED = 0.02  # training error at and below which a network interpolates
PADDED = {
    "mlp": (16, 48, 80, 104, 136, 160, 184, 232, 304),
    "cnn": (8, *range(16, 105, 8)),
}  # units computed; beyond, multiples of 100
MLP_WIDTHS = tuple(int(w) for w in np.unique(np.geomspace(2, 300, 20).astype(int)))
CNN_WIDTHS = (*range(2, 29, 2), *range(30, 101, 5))


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


CURVES = {
    "MLP without noise": ("mlp", False),
    "MLP with noise": ("mlp", True),
    "CNN with noise": ("cnn", True),
}


def errors_at(rows: Rows, curve: str) -> dict[str, dict[int, Values]]:
    """Return the errors on training and test set at each width, by seed: {metric: {width: ...}}."""
    model, noisy = CURVES[curve]
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
    and peak; the errors there and last."""

    threshold: float
    dip: float
    peak: float
    dip_error: float
    peak_error: float
    last_error: float


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
    )


def shapes_of(rows: Rows, curve: str) -> dict[int, Shape]:
    """Return a shape per seed, none where fewer than three widths are there."""
    widths, train, test = sizes_and_errors(rows, curve)
    if len(widths) < 3:
        return {}
    seeds, _ = stack(list(errors_at(rows, curve)["test_acc"].values()))
    shapes = (shape_of(widths, *of_seed) for of_seed in zip(train, test, strict=True))
    return dict(zip(seeds, shapes, strict=True))


def measured(rows: Rows) -> dict[str, np.ndarray]:
    """Return what stands beside the published figures, (seeds,) each; a threshold only where every
    seed has one."""
    shapes = shapes_of(rows, "MLP with noise").values()
    names = (
        "width at the peak of test error",
        "interpolation threshold",
        "width at the first dip",
        "test error at the largest width",
    )
    columns = ("peak", "threshold", "dip", "last_error")
    values = {
        f"MLP with noise, {name}": np.array([getattr(s, c) for s in shapes])
        for name, c in zip(names, columns, strict=True)
    }
    return {name: v for name, v in values.items() if len(v) and np.isfinite(v).all()}


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return for each curve the widths and test errors at first dip, threshold, peak and at the
    largest width; means over seeds."""
    lines = []
    for curve in CURVES:
        if shapes := shapes_of(rows, curve):
            s = Shape(*np.mean(list(shapes.values()), axis=0))
            threshold = (
                f"{s.threshold:.0f}" if np.isfinite(s.threshold) else "not reached by every seed"
            )
            errors = [f"{100 * e:.1f}" for e in (s.dip_error, s.peak_error, s.last_error)]
            at_dip, at_peak, last = errors
            cells = [f"{s.dip:.0f}", at_dip, threshold, f"{s.peak:.0f}", at_peak, last]
            lines.append([curve, *cells, str(len(shapes))])
    header = ["network", "dip at", "test error, %", "threshold", "peak at", "test error, %"]
    return [*header, "at the largest width, %", "n"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test the sentences on each seed's curve; widths are compared as factors, on a log scale."""
    result = []
    shapes = {curve: shapes_of(rows, curve) for curve in CURVES}
    for curve in ("MLP with noise", "CNN with noise"):
        octaves = [
            float(np.log2(s.peak / s.threshold))
            for s in shapes[curve].values()
            if np.isfinite(s.threshold)
        ]
        published = "both near 40" if curve.startswith("MLP") else ""
        if octaves:
            text = f"{curve}: the peak sits at the interpolation threshold, within a factor of 2"
            result.append(
                within(text, "log2(width at the peak / threshold)", octaves, -1, 1, published)
            )
        if shapes[curve]:
            gain = [s.dip_error - s.last_error for s in shapes[curve].values()]
            text = f"{curve}: the error past the peak falls below the first dip"
            result.append(above(text, "test error, dip - largest width", gain))
    clean, noisy = (
        Values(of, [s.peak_error - s.dip_error for s in of.values()])
        for of in (shapes[f"MLP {with_} noise"] for with_ in ("without", "with"))
    )
    if len(noisy - clean):
        result.append(
            above(
                "noise sharpens the MLP's peak",
                "height of the peak, with noise - without",
                noisy - clean,
            )
        )
    return result


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw test and training error against width; dotted: the interpolation threshold."""
    from mnist1d.plots import marks, style

    shown = [curve for curve in CURVES if sizes_and_errors(rows, curve)[2].size]
    fig, axes = style.figure(
        1, max(1, len(shown)), size=(3.1 * len(shown) + 0.8, 3.5), sharey=True, squeeze=False
    )
    for ax, curve in zip(axes[0], shown, strict=False):
        widths, train, test = sizes_and_errors(rows, curve)
        dot = {"marker": "o", "markersize": 3, "clip": (0, 1)}
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
