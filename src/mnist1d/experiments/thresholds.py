"""Interpolation thresholds, losses and outputs.

n training signals of the first K digits, a share of whose labels is drawn anew, are learned by
networks with two hidden layers of equal width (relu), by mean squared error to one-hot targets
(MSE) or by cross-entropy (NLL): Adam, cosine decay of the rate to zero, batches of 100. All widths
of a trial are trained at once, each padded with masked units to the widest. Row.step is the number
of parameters. Each seed draws a data set, label noise and weights.

A training set is fitted where the loss, without any penalty, is at most 5 % of chance: of log K
nats for NLL, of 1 - 1/K for MSE (summed over outputs), the losses of the best constant answer. The
threshold is the smallest number of parameters at which it is fitted, read off between two widths by
a straight line in both logarithms; NaN where no width fits. The peak is the number of parameters
with the largest test loss. Growth is the slope of either against K, and the exponent a of threshold
~ K^a: 1 is linear, 0 is constant, and 0.5 lies halfway.

What K changes besides the outputs depends on what is held fixed. With n signals in all there are
fewer per class as K grows; with n per class there are more in all. Both are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import Claim, above, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import cell, count_cell, mean_cell
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, timing_rows, values_of
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

LOSSES = {"mse": "MSE", "cross_entropy": "NLL"}
INFO = Info(
    name="thresholds",
    title="Interpolation thresholds, losses and outputs",
    question="Does the width that fits the training set grow with the number of classes?",
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 3.2"
    ),
    seeds={"smoke": 1, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 22.0, "paper": 5700.0},
    variations={
        "num_train=500": "half the signals",
        "label_noise=0,0.3": "clean labels, and twice the noise",
        "num_classes=3,7": "other numbers of classes",
    },
)
FITTED = 0.05  # of chance
FIXED = ("in all", "per class")  # which number of training signals is the same for every K
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
        if not 2 <= self.num_classes <= 10:
            raise UsageError(f"num_classes must be between 2 and 10, got {self.num_classes}")
        if not 1 <= self.narrowest <= self.widest:
            raise UsageError(
                f"widths need 1 <= narrowest <= widest, got {self.narrowest} and {self.widest}"
            )
        if self.label_noise > 1:
            raise UsageError(f"label_noise must be between 0 and 1, got {self.label_noise}")

    @property
    def widths(self) -> np.ndarray:
        """The distinct whole numbers of a geometric row."""
        return np.unique(
            np.geomspace(self.narrowest, self.widest, self.num_widths).round().astype(int)
        )

    @property
    def chance(self) -> float:
        """The loss of the best constant answer."""
        return float(
            np.log(self.num_classes) if self.loss == "cross_entropy" else 1 - 1 / self.num_classes
        )


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: either loss with every number of classes, the number of
    training signals in all held fixed, then that per class (the largest K belongs to both)."""
    settings, numbers = {
        "smoke": (
            {
                "num_train": 100,
                "batch_size": 50,
                "num_steps": 20,
                "widest": 12,
                "num_widths": 3,
                "data": DataConfig(num_samples=2000),
            },
            (2, 4),
        ),
        "quick": (
            {"num_train": 300, "batch_size": 50, "num_steps": 2000, "widest": 48, "num_widths": 11},
            (2, 5, 10),
        ),
        "paper": ({}, (2, 4, 6, 8, 10)),
    }[preset]
    most, in_all = max(numbers), settings.get("num_train", Config.num_train)
    sizes = [(number, in_all) for number in numbers]
    per_class = [(number, in_all * number // most) for number in numbers if number != most]
    if preset == "quick":  # the effect is in the first series
        per_class = []
    trials = [
        Config(**settings | {"loss": loss, "num_classes": number, "num_train": num_train})
        for loss in LOSSES
        for number, num_train in sizes + per_class
    ]
    return trials[:4] if preset == "smoke" else trials


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train every width from every seed, which draws the label noise and the initial weights."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import Settings, Split, make_fit
    from mnist1d.learning.compilation import jit_once, timed
    from mnist1d.learning.narrow import narrowed, plain_mlp

    sets = [signals_of(data, config) for data in datasets_for(config.data, seeds, config.vary)]
    make = partial(plain_mlp, num_inputs=sets[0].x.shape[1], num_outputs=config.num_classes)
    model = make(config.widest)
    settings = Settings(
        num_steps=config.num_steps,
        batch_size=config.batch_size,
        eval_every=config.num_steps,
        loss=config.loss,
        reshuffle=True,
    )
    fit, widths = make_fit(model, settings), config.widths
    rates = jnp.asarray(
        config.learning_rate
        * (1 + np.cos(np.pi * np.arange(config.num_steps) / config.num_steps))
        / 2,
        jnp.float32,
    )

    @jit_once
    def start(key: Any) -> tuple[Any, Any]:
        return jax.vmap(lambda width: narrowed(make, config.widest, model.init(key), width))(widths)

    def train(key: Any, split: Any, params: Any, masks: Any) -> tuple[dict[str, Any], Any]:
        def one(params: Any, mask: Any) -> tuple[dict[str, Any], Any]:
            found = fit(key, split, params=params, mask=mask, learning_rate=rates)
            return {name: curve[-1] for name, curve in found.curves.items()}, found.predictions

        return jax.vmap(one)(params, masks)

    splits = [
        Split.of(data.with_label_noise(config.label_noise, seed=seed))
        for seed, data in zip(seeds, sets, strict=True)
    ]
    keys = [jax.random.key(seed) for seed in seeds]
    starts = [start(key) for key in keys]
    calls = [(key, split, *at) for key, split, at in zip(keys, splits, starts, strict=True)]
    found = timed(lambda: jax.jit(train).lower(*calls[0]), calls)
    curves, predictions = zip(*found.results, strict=True)
    numbers = num_params(widths, sets[0].x.shape[1], config.num_classes)
    metrics = {metric: np.stack([curve[metric] for curve in curves]) for metric in curves[0]}
    scalars = {
        "threshold": [
            threshold(numbers, losses, FITTED * config.chance) for losses in metrics["train_loss"]
        ],
        "peak": [float(numbers[np.argmax(losses)]) for losses in metrics["test_loss"]],
    }
    return [
        *curve_rows(seeds, numbers, metrics),
        *scalar_rows(seeds, scalars),
        *prediction_rows(seeds, predictions),
        *timing_rows(seeds, found.seconds, found.compile_seconds),
    ]


def signals_of(data: Dataset, config: Config) -> Dataset:
    """Return num_train training signals of the first num_classes digits, and as many test signals
    as are left, at most MOST_TESTED: those of the test set first, then training signals not used.

    Errors: UsageError where the digits have too few signals.
    """
    data = data.subset(range(config.num_classes))
    if len(data.x) < config.num_train:
        rule = f"num_train={config.num_train} needs more signals"
        raise UsageError(f"{rule}: the first {config.num_classes} digits give {len(data.x)}")
    x, y = data.x[config.num_train :], data.y[config.num_train :]
    return data.replace(
        x=data.x[: config.num_train],
        y=data.y[: config.num_train],
        x_test=np.concatenate([data.x_test, x])[:MOST_TESTED],
        y_test=np.concatenate([data.y_test, y])[:MOST_TESTED],
    )


def num_params(width: Any, num_inputs: int, num_outputs: int) -> Any:
    """Return how many numbers a network of this width learns."""
    return (num_inputs + 1) * width + (width + 1) * width + (width + 1) * num_outputs


def threshold(numbers: np.ndarray, losses: np.ndarray, line: float) -> float:
    """Return the smallest number of parameters at which the loss is at most `line`, NaN where it
    never is.

    numbers (widths,) ascending, losses (widths,); between the first width that fits and the one
    before it, straight in both logarithms.
    """
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
    signals in all as the largest K has, or with as many per class."""
    sizes = {
        (r.config["num_classes"], r.config["num_train"])
        for r in rows.where(loss=loss, metric="peak")
    }
    if not sizes:
        return {}
    most, in_all = max(sizes)
    wanted = {
        number: (in_all if fixed == FIXED[0] else in_all * number // most) for number, _ in sizes
    }
    return {
        number: rows.where(loss=loss, num_classes=number, num_train=wanted[number])
        for number in sorted(wanted)
        if (number, wanted[number]) in sizes
    }


def growth(
    rows: Rows, loss: str, metric: str = "threshold", fixed: str = FIXED[0]
) -> tuple[Values, Values]:
    """Return slope against K and exponent of one loss's thresholds or peaks, by seed; no values
    below two values of K.

    A seed that lacks a K, or has no threshold for it, is left out.
    """
    trials = trials_of(rows, loss, fixed)
    found = {number: values_of(trial, metric) for number, trial in trials.items()}
    every = [seed for values in found.values() for seed in values.keys]
    known = [
        seed
        for seed in dict.fromkeys(every)
        if all(seed in v.keys and np.isfinite(v[seed]) for v in found.values())
    ]
    if len(found) < 2 or not known:
        return Values((), ()), Values((), ())
    numbers = np.array(list(found), float)
    values = np.array([[v[seed] for seed in known] for v in found.values()])  # (K, seeds)
    slope, exponent = (
        np.polyfit(numbers, values, 1)[0],
        np.polyfit(np.log(numbers), np.log(values), 1)[0],
    )
    lacking = set(every) - set(known)
    return Values(known, slope, lacking), Values(known, exponent, lacking)


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return one line per loss, K and what is fixed (threshold and peak, means over seeds), and one
    per loss with both slopes."""
    header = ["loss", "training signals", "classes", "threshold, parameters", "peak of test loss"]
    lines = []
    for loss, name in LOSSES.items():
        for fixed in FIXED:
            trials = trials_of(rows, loss, fixed)
            if fixed != FIXED[0] and len(trials) < 2:
                continue  # the largest K alone: shown already
            for number, trial in trials.items():
                cells = [mean_cell(trial, metric, ",.0f", 1) for metric in ("threshold", "peak")]
                count = f"{trial.config()['num_train']:,}"
                lines.append([name, count, str(number), *cells, count_cell(trial)])
            slopes = [growth(rows, loss, metric, fixed)[0] for metric in ("threshold", "peak")]
            if len(slopes[0]):
                cells = [cell(slope, ",.0f", 1) for slope in slopes]
                where = [f"fixed {fixed}", "per class [95% CI]"]
                lines.append([name, *where, *cells, str(len(slopes[0]))])
    return [*header, "n"], lines


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw train loss (relative to chance) and test loss against parameters, a colour for every K,
    and thresholds against K."""
    from matplotlib.ticker import LogLocator

    from mnist1d.plots import marks, style

    fig, axes = style.figure(2, 3, size=(10.5, 6.4))
    for (left, middle, _), (loss, name) in zip(axes, LOSSES.items(), strict=True):
        ends = []
        for (number, trial), color in zip(
            trials_of(rows, loss).items(), style.COLORS, strict=False
        ):
            for ax, metric in ((left, "train_loss"), (middle, "test_loss")):
                numbers, values = trial.curve(metric)
                chance = np.log(number) if loss == "cross_entropy" else 1 - 1 / number
                values = np.maximum(values, 1e-12) / chance
                style.band(ax, numbers, values, None, color, log=True, linewidth=1.5)
            ends.append((np.exp(np.log(values[:, -1]).mean()), f"K = {number}", color))
            fitted = trial.final("threshold")
            fitted = fitted[np.isfinite(fitted)]  # NaN: no width fits the set
            for ax in (left, middle) if len(fitted) else ():
                ax.axvline(np.exp(np.log(fitted).mean()), color=color, linestyle=":", linewidth=1)
        left.axhline(FITTED, color=style.GREY, linewidth=1)
        for ax, title in ((left, "training loss"), (middle, "test loss")):
            ax.set(title=f"{name}: {title}", xlabel="parameters", xscale="log", yscale="log")
            ax.yaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_major_formatter("{x:,.0f}")
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_minor_formatter("")
        middle.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        left.set(ylim=(1e-3, 1.5), ylabel="loss / chance")
        marks.end_labels(middle, ends)
    for ax, metric, title in zip(
        axes[:, 2], ("threshold", "peak"), ("Threshold", "Peak of test loss"), strict=True
    ):
        ends = []
        for (loss, name), color in zip(LOSSES.items(), style.COLORS, strict=False):
            if trials := trials_of(rows, loss):
                numbers, found = list(trials), [trial.final(metric) for trial in trials.values()]
                n = min(map(len, found))
                values = np.stack([values[:n] for values in found], axis=1)
                dot = {"marker": "o", "markersize": 4, "log": True}
                style.band(ax, numbers, values, None, color, **dot)
                ends.append((np.exp(np.log(values[:, -1]).mean()), name, color))
        ax.set(title=title, xlabel="classes K", ylabel="parameters", ylim=(0, None))
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_xticks(sorted(rows.unique("num_classes")))
        marks.end_labels(ax, ends)
    caption = (
        "Loss against the number of parameters, for K classes, with cross-entropy (NLL) and squared "
        "error (MSE); a loss of 1 is what guessing gives. "
        f"{style.band_words(len(rows.unique('seed')))} Means and intervals are of logarithms. Dotted: "
        f"the interpolation threshold, where the training loss falls to {100 * FITTED:g}% of chance (grey "
        "line). Right: the threshold and the peak of the test loss against K. Compare the slopes of "
        "the two losses there."
    )
    return {"thresholds": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test growth with MSE and constancy with NLL, whichever number of signals is fixed, and that
    the peak of test loss sits at the threshold. Linear is nearer to an exponent of 1 than to 0."""
    found = []
    for fixed in FIXED:
        (mse, linear), (nll, constant) = (growth(rows, loss, fixed=fixed) for loss in LOSSES)
        where, quantity = f"(n fixed {fixed})", "exponent of the threshold in K"
        found += [
            within(
                f"with MSE the threshold grows linearly with the number of outputs {where}",
                quantity,
                linear,
                0.5,
                1.5,
                "grows linearly",
                published_value=1.0,
            ),
            within(
                f"with NLL the threshold does not grow with the number of outputs {where}",
                quantity,
                constant,
                -0.5,
                0.5,
                "stays constant",
                published_value=0.0,
            ),
            above(
                f"the threshold grows faster with MSE than with NLL {where}",
                "slope with MSE - with NLL, parameters per class",
                mse - nll,
                published="linear against constant",
            ),
        ]
    for loss, name in LOSSES.items():
        trials = trials_of(rows, loss).values()
        octaves = [
            (trial.by_seed("peak") / trial.by_seed("threshold")).map(np.log2) for trial in trials
        ]
        mean = sum(octaves[1:], octaves[0]) * (1 / len(octaves)) if octaves else Values((), ())
        text = f"with {name} the peak of test loss sits at the threshold, within a factor of 2"
        found.append(within(text, "log2 of peak / threshold, mean over K", mean, -1, 1))
    return keep_measured(found)
