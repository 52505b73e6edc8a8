"""Interpolation thresholds, losses and outputs.

Networks with two hidden layers of equal width (relu) learn n training signals of the first K
digits. Some of the labels are noisy: they are replaced at random. The loss is the mean squared
error to one-hot targets (MSE) or the cross-entropy (NLL). Training: Adam, cosine decay of the
learning rate to 0, batches of 100. A trial trains all widths at once, in a few groups: each network
is padded with masked units to the widest of its group. In its rows, `step` is the number of
parameters. Each seed draws a data set, label noise and weights.

A network fits the training set if its loss, without any penalty, is at most 5% of chance, the loss
of the best constant answer: log K nats for NLL, 1 - 1/K for MSE (summed over outputs). The
threshold is the smallest number of parameters that fits, interpolated between two widths on
logarithmic axes; NaN if no width fits. The peak is the number of parameters with the largest test
loss. Growth is the slope of either against K, and the exponent a in threshold ~ K^a: 1 is linear, 0
is constant, and 0.5 is halfway.

K changes more than the number of outputs. If the total number of signals is fixed, each class has
fewer signals as K grows; if the number per class is fixed, the total grows. We measure both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mnist1d.checks import check_name, check_numbers, check_real, check_whole
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import Claim, above, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import cell, count_cell, mean_cell, seed_range
from mnist1d.experiments.published import TITLE
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, timing_rows, values_of
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import NONE, Values, joint, stack

LOSSES = {"mse": "MSE", "cross_entropy": "NLL"}
INFO = Info(
    name="thresholds",
    title="Interpolation thresholds, losses and outputs",
    question=(
        "Does the number of parameters needed to fit the training set grow with the number of "
        "classes?"
    ),
    source=f"{TITLE}, section 3.2",
    seeds={"smoke": 1, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 22.0, "paper": 2200.0},
    variations={
        "num_train=500": "half the signals",
        "label_noise=0,0.3": "clean labels, and twice the noise",
        "num_classes=3,7": "other numbers of classes",
    },
)
FITTED = 0.05  # of chance
FIXED = ("in total", "per class")  # which number of training signals is the same for every K
MOST_TESTED = 2000  # test signals


@dataclass(frozen=True)
class Config:
    """One loss and one number of classes; all widths."""

    loss: str = "mse"
    num_classes: int = 10
    num_train: int = 1000
    label_noise: float = 0.15
    num_steps: int = 15_000
    batch_size: int = 100
    learning_rate: float = 0.005
    narrowest: int = 2
    widest: int = 100
    num_widths: int = 18
    vary: str = "data"  # what a seed draws besides weights and noise: "data", or nothing: "frozen"
    data: DataConfig = DataConfig(num_samples=20_000)

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_name(self.loss, tuple(LOSSES), "loss")
        check_numbers(self, label_noise=0)
        check_whole(self.num_classes, 2, "num_classes", 10)
        check_whole(self.narrowest, 1, "narrowest", self.widest)
        check_real(self.label_noise, 0, 1, "label_noise")

    @property
    def widths(self) -> np.ndarray:
        """The distinct whole numbers of a geometric sequence."""
        widths = np.geomspace(self.narrowest, self.widest, self.num_widths)
        return np.unique(widths.round().astype(int))

    @property
    def chance(self) -> float:
        """The loss of the best constant answer."""
        return chance_of(self.loss, self.num_classes)


def chance_of(loss: str, num_classes: int) -> float:
    """Return the loss of the best constant answer to balanced classes."""
    return float(np.log(num_classes) if loss == "cross_entropy" else 1 - 1 / num_classes)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: both losses with every number of classes, first with a fixed
    number of training signals in all, then per class (the largest K belongs to both)."""
    short = {"batch_size": 50, "num_steps": 20, "widest": 12, "num_widths": 3, "num_train": 100}
    longer = {"batch_size": 50, "num_steps": 1500, "widest": 48, "num_widths": 11, "num_train": 300}
    settings, numbers = {
        "smoke": (short | {"data": DataConfig(num_samples=2000)}, (2, 4)),
        "quick": (longer, (2, 5, 10)),
        "paper": ({}, (2, 4, 6, 8, 10)),
    }[preset]
    most, in_all = max(numbers), settings.get("num_train", Config.num_train)
    sizes = [(number, in_all) for number in numbers]
    if preset != "quick":  # the first series shows the effect
        sizes += [(number, in_all * number // most) for number in numbers if number != most]
    trials = [
        Config(**settings | {"loss": loss, "num_classes": number, "num_train": num_train})
        for loss in LOSSES
        for number, num_train in sizes
    ]
    return trials[:4] if preset == "smoke" else trials


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train every width from every seed, which draws the label noise and the initial weights."""
    import jax

    from mnist1d.learning import Settings, Split, jit_once, make_fit, num_params
    from mnist1d.learning.compilation import timed
    from mnist1d.learning.narrow import narrow_groups, plain_mlp, widths_at_once

    sets = [signals_of(data, config) for data in datasets_for(config.data, seeds, config.vary)]
    num_inputs, num_steps, widths = sets[0].x.shape[1], config.num_steps, config.widths
    make = partial(plain_mlp, num_inputs=num_inputs, num_outputs=config.num_classes)
    model, how = make(config.widest), {"loss": config.loss, "reshuffle": True}
    settings = Settings(num_steps, config.batch_size, eval_every=num_steps, **how)
    falling = (1 + np.cos(np.pi * np.arange(num_steps) / num_steps)) / 2
    train = partial(widths_at_once, make_fit(model, settings), config.learning_rate * falling)

    start = jit_once(lambda key: narrow_groups(make, widths, model.init(key)))
    calls = []
    for seed, data in zip(seeds, sets, strict=True):
        noisy, key = data.with_label_noise(config.label_noise, seed=seed), jax.random.key(seed)
        calls.append((key, Split.of(noisy), start(key)))
    found = timed(train, calls)
    curves, predictions = zip(*found.results, strict=True)
    numbers = np.array([num_params(make(width)) for width in widths.tolist()])
    metrics = {metric: np.stack([curve[metric] for curve in curves]) for metric in curves[0]}
    line = FITTED * config.chance
    scalars = {
        "threshold": [threshold(numbers, losses, line) for losses in metrics["train_loss"]],
        "peak": [float(numbers[np.argmax(losses)]) for losses in metrics["test_loss"]],
    }
    return [
        *curve_rows(seeds, numbers, metrics),
        *scalar_rows(seeds, scalars),
        *prediction_rows(seeds, predictions),
        *timing_rows(seeds, found.seconds, found.compile_seconds),
    ]


def signals_of(data: Dataset, config: Config) -> Dataset:
    """Return num_train training signals of the first num_classes digits, and the signals that are
    left as the test set: the test set first, then unused training signals, at most MOST_TESTED.

    Errors: UsageError where the digits have too few signals.
    """
    data, n = data.subset(range(config.num_classes)), config.num_train
    if len(data.x) < n:
        rule = f"num_train={n} needs more signals"
        raise UsageError(f"{rule}: the first {config.num_classes} digits give {len(data.x)}")
    x_test, y_test = np.concatenate([data.x_test, data.x[n:]]), [*data.y_test, *data.y[n:]]
    tested = {"x_test": x_test[:MOST_TESTED], "y_test": np.array(y_test)[:MOST_TESTED]}
    return data.replace(x=data.x[:n], y=data.y[:n], **tested)


def threshold(numbers: np.ndarray, losses: np.ndarray, line: float) -> float:
    """Return the smallest number of parameters at which the loss is at most `line`; NaN if it never
    is. numbers (widths,) ascending, losses (widths,): the loss is interpolated on logarithmic axes
    between the first width that fits and the one before it."""
    fits = np.flatnonzero(losses <= line)
    if not len(fits):
        return float("nan")
    i = fits[0]
    if i == 0:
        return float(numbers[0])
    high, low = np.log(losses[i - 1] / line), np.log(max(losses[i], 1e-12) / line)
    share = high / (high - low)
    return float(numbers[i - 1] * (numbers[i] / numbers[i - 1]) ** share)


def trials_of(rows: Rows, loss: str, fixed: str = FIXED[0]) -> dict[int, Rows]:
    """Return the trials of a loss by number of classes K, ascending: those with as many training
    signals in all as the largest K, or with as many per class."""
    measured = rows.where(loss=loss, metric="peak")
    configs = [trial.config() for trial in measured.trials()]
    sizes = {(config["num_classes"], config["num_train"]) for config in configs}
    most, in_all = max(sizes, default=(1, 0))
    found = {}
    for number in sorted({number for number, _ in sizes}):
        wanted = in_all if fixed == FIXED[0] else in_all * number // most
        if (number, wanted) in sizes:
            found[number] = rows.where(loss=loss, num_classes=number, num_train=wanted)
    return found


def growth(
    rows: Rows, loss: str, metric: str = "threshold", fixed: str = FIXED[0]
) -> tuple[Values, Values]:
    """Return slope against K and exponent of one loss's thresholds or peaks, by seed; no values
    with fewer than two values of K. A seed without a threshold for some K is left out."""
    trials = trials_of(rows, loss, fixed)
    found = [values_of(trial, metric) for trial in trials.values()]
    found = [values.keep(np.isfinite(values.array)) for values in found]
    if len(found) < 2 or not len(stack(found)[0]):
        return NONE, NONE
    numbers = np.array(list(trials), float)
    slope = joint(lambda values, axis: np.polyfit(numbers, values, 1)[0], found)
    logs = np.log(numbers)
    return slope, joint(lambda values, axis: np.polyfit(logs, np.log(values), 1)[0], found)


def table(rows: Rows) -> TextTable:
    """Return one line per loss, K and fixed number of signals, and one for the slopes."""
    header = ["loss", "training signals", "classes", "threshold, parameters"]
    header += ["peak of test loss, parameters"]
    metrics, lines = ("threshold", "peak"), []
    for loss, name in LOSSES.items():
        for fixed in FIXED:
            trials = trials_of(rows, loss, fixed)
            if fixed != FIXED[0] and len(trials) < 2:
                continue  # the largest K alone is already shown
            for number, trial in trials.items():
                cells = [mean_cell(trial, metric, ",.0f", 1) for metric in metrics]
                count = f"{trial.config()['num_train']:,}"
                lines.append([name, count, str(number), *cells, count_cell(trial)])
            slopes = [growth(rows, loss, metric, fixed)[0] for metric in metrics]
            if len(slopes[0]):
                cells = [cell(slope, ",.0f", 1) for slope in slopes]
                where = [f"fixed {fixed}", "growth per class [95% CI]"]
                lines.append([name, *where, *cells, str(len(slopes[0]))])
    return [*header, "n"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test that the threshold grows with MSE and not with NLL, with either number of signals fixed,
    and that the peak of the test loss is at the threshold. Linear means an exponent nearer to 1
    than to 0."""
    found, quantity = [], "exponent of the threshold in K"
    for fixed in FIXED:
        (mse, linear), (nll, constant) = (growth(rows, loss, fixed=fixed) for loss in LOSSES)
        where, outputs = f"with n fixed {fixed}, the threshold", "with the number of outputs"
        text = f"{where} of MSE grows linearly {outputs} (exponent between 0.5 and 1.5)"
        words = "grows linearly"
        values, limits = linear, (0.5, 1.5)
        found.append(within(text, quantity, values, *limits, published=words, published_value=1.0))
        text = f"{where} of NLL does not grow {outputs} (exponent between -0.5 and 0.5)"
        values, limits, words = constant, (-0.5, 0.5), "stays constant"
        found.append(within(text, quantity, values, *limits, published=words, published_value=0.0))
        text = f"{where} grows faster for MSE than for NLL"
        slopes, words = "slope with MSE - with NLL, parameters per class", "linear against constant"
        found.append(above(text, slopes, mse - nll, published=words))
    for loss, name in LOSSES.items():
        octaves = [
            (trial.by_seed("peak") / trial.by_seed("threshold")).map(np.log2)
            for trial in trials_of(rows, loss).values()
        ]
        mean = joint(np.mean, octaves) if octaves else NONE
        text = f"for {name}, the peak of the test loss is at the threshold, within a factor of 2"
        found.append(within(text, "log2 of peak / threshold, mean over K", mean, -1, 1))
    return keep_measured(found)


def figures(rows: Rows) -> Figures:
    """Draw losses against parameters, in one colour per K, and thresholds against K."""
    from mnist1d.plots import marks, style

    fig, axes = style.figure(2, 3, size=(10.5, 6.4))
    for (left, middle, _), (loss, name) in zip(axes, LOSSES.items(), strict=True):
        named = {"train_loss": marks.Named(left), "test_loss": marks.Named(middle)}
        colors = zip(trials_of(rows, loss).items(), style.COLORS, strict=False)
        for (number, trial), color in colors:
            fitted = trial.final("threshold")
            fitted = fitted[np.isfinite(fitted)]  # NaN: no width fits the training set
            for metric, panel in named.items():
                numbers, values = trial.curve(metric)
                values = np.maximum(values, 1e-12) / chance_of(loss, number)
                panel.band(numbers, values, f"K = {number}", color, log=True, linewidth=1.5)
                if len(fitted):
                    at = np.exp(np.log(fitted).mean())
                    panel.ax.axvline(at, color=color, linestyle=":", linewidth=1)
        left.axhline(FITTED, color=style.GREY, linewidth=1)
        left.set(ylim=(1e-3, 1.5), ylabel="loss / chance")
        for ax, of in ((left, "training loss"), (middle, "test loss")):
            ax.set(title=f"{name}: {of}", xlabel="parameters", xscale="log", yscale="log")
            style.plain_logs(ax)
        named["test_loss"].label()
    for ax, metric, title in zip(
        axes[:, 2], ("threshold", "peak"), ("Threshold", "Peak of test loss"), strict=True
    ):
        named = marks.Named(ax)
        for (loss, name), color in zip(LOSSES.items(), style.COLORS, strict=False):
            trials = trials_of(rows, loss)
            _, values = stack([values_of(trial, metric) for trial in trials.values()])  # (K, seeds)
            if values.size:
                named.band(list(trials), values.T, name, color, marker="o", markersize=4, log=True)
        ax.set(title=title, xlabel="classes K", ylabel="parameters", ylim=(0, None))
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_xticks(sorted(rows.unique("num_classes")))
        named.label()
    caption = (
        "Loss against the number of parameters, for K classes, with cross-entropy (NLL) and "
        "squared error (MSE), all with the same number of training signals in total (the table "
        "also has the same number per class); a loss of 1 is that of guessing. "
        f"{style.band_words(*seed_range(rows))} Means and intervals are computed on logarithms. "
        "Dotted: the interpolation threshold, where the training loss falls to "
        f"{100 * FITTED:g}% of chance (grey line). Right: the threshold and the peak of the test "
        "loss against K. Compare the slopes of the two losses there."
    )
    return {"thresholds": (fig, caption)}
