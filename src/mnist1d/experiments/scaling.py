"""Scaling laws: a loss whose floor is known.

The loss of a network falls as a power law in its size and in its training data, down to a floor:
the entropy of the labels, which no model can predict. For language models the floor is unknown and
has to be fitted. Here it is known, because the ideal observer gives the exact posterior of every
test signal. The excess loss over the floor is the Kullback-Leibler divergence of the network's
probabilities from the posterior.

CNNs of several widths take one pass over streams of several lengths (Adam, batches of 100, cosine
decay of the learning rate from 0.005 to 0 over each pass). The signals have strong white noise, so
that the floor is well above 0, and digits of one size that move little, so that networks come close
to the floor. Each seed draws initial weights and a stream; all seeds share 4,000 fresh test
signals. The fit is loss = floor + a / parameters^p + b / signals^q, by least squares of the
logarithms, seed by seed.

Rows: kl (nats above the exact posterior), bayes_loss (its entropy, nats), test_acc, num_params,
seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import Claim, keep_measured, within
from mnist1d.experiments.fits import fit_model
from mnist1d.experiments.power_laws import PowerLaws, bootstrap_floor, fit_each
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import cell, last_cell, seed_range
from mnist1d.experiments.rows import Row, Rows, scalar_rows, timing_rows
from mnist1d.experiments.streams import stream
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import NONE, Values, stack

if TYPE_CHECKING:
    from mnist1d.observer.fresh import FreshTest

INFO = Info(
    name="scaling",
    title="Scaling laws: a loss whose floor is known",
    question="Is the excess loss over the known floor a power law, and does a fit find the floor?",
    source=(
        "Hoffmann et al., Training Compute-Optimal Large Language Models (2022, arXiv 2203.15556), "
        "approach 3, for language models; the settings here are ours"
    ),
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 6.0, "quick": 34.0, "paper": 450.0},
)
CLOSE = 0.02  # nats: how near the fitted floor must come to the true one
STRAIGHT = 0.15  # how much the exponent may change from the first half of the data to the second


@dataclass(frozen=True)
class Config:
    """One width and one length of the stream."""

    width: int = 16  # channels of the CNN
    num_samples: int = 100_000  # of the stream, a multiple of the batch size
    num_test: int = 4000
    batch_size: int = 100
    learning_rate: float = 0.005
    data: DataConfig = DataConfig(iid_noise_scale=0.15, padding=(48, 48), max_translation=8)

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.num_samples < self.batch_size:
            rule = f"num_samples must be at least one batch of {self.batch_size}"
            raise UsageError(f"{rule}, got {self.num_samples}")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: every width with every length of the stream."""
    widths, lengths, num_test = {
        "smoke": ((2, 3), (200,), 50),
        "quick": ((4, 10, 25), (12_500, 50_000, 200_000), 1000),
        "paper": ((4, 8, 16, 32, 64), (25_000, 50_000, 100_000, 200_000, 400_000), 4000),
    }[preset]
    return [Config(width, n, num_test) for width in widths for n in lengths]


def weight(config: Config) -> float:
    """Return a trial's relative cost."""
    return 2 + config.num_samples / 100_000 * (0.3 + config.width / 25)


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one width on one stream from every seed and compare it with the exact posterior."""
    import jax

    from mnist1d.learning import Settings, Split, num_params
    from mnist1d.learning.models import cnn
    from mnist1d.observer.comparison import against_exact

    model = cnn(channels=config.width, num_inputs=config.data.final_seq_length)
    steps = config.num_samples // config.batch_size
    sizes = steps, config.batch_size, config.learning_rate
    settings = Settings(*sizes, eval_every=steps, schedule="cosine")
    test, exact = fresh_signals(config)
    x, y = jax.numpy.asarray(test.x), jax.numpy.asarray(test.y, jax.numpy.int32)
    splits = [Split(x[:1], y[:1], x, y)] * len(seeds)
    sampler = stream(config.data, config.batch_size)
    found, seconds, compile_seconds = fit_model("cnn", model, settings, seeds, splits, sampler)
    logits = jax.jit(jax.vmap(model.apply, (0, None)))(found.params, x)
    p = np.asarray(jax.nn.softmax(logits))  # (seeds, signals, classes)
    scores = [against_exact(exact, of_seed, test.y) for of_seed in p]
    scalars = {name: [score[name] for score in scores] for name in ("kl", "test_acc")}
    entropy = -np.sum(exact * np.log(np.maximum(exact, 1e-300)), axis=1).mean()
    scalars |= {"bayes_loss": entropy, "num_params": num_params(model)}
    return [
        *scalar_rows(seeds, scalars),
        *prediction_rows(seeds, found.predictions),
        *timing_rows(seeds, seconds, compile_seconds),
    ]


def fresh_signals(config: Config) -> tuple[FreshTest, np.ndarray]:
    """Return fresh test signals, standardised like the stream, and their exact posterior."""
    from mnist1d.generate import make_dataset
    from mnist1d.observer.fresh import fresh_test

    data = make_dataset(config.data.replace(num_samples=100)).replace(mean=None, std=None)
    test = fresh_test(data, config.num_test)
    if test.exact is None:
        raise UsageError(f"the floor needs signals that have a density: {test.reason}")
    return test, test.exact


def losses_of(rows: Rows) -> tuple[list[int], np.ndarray, np.ndarray, np.ndarray, float]:
    """Return seeds, numbers of parameters (n,) and signals (n,), losses in nats (seeds, n), and the
    true floor, of the seeds that all trials have."""
    trials = rows.trials()
    if not trials:
        return [], np.empty(0), np.empty(0), np.empty((0, 0)), np.nan
    seeds, kl = stack([trial.by_seed("kl") for trial in trials])
    floor = float(trials[0].final("bayes_loss")[0])
    size = np.array([trial.final("num_params")[0] for trial in trials])
    data = np.array([float(str(trial.config()["num_samples"])) for trial in trials])
    return [int(str(seed)) for seed in seeds], size, data, kl.T + floor, floor


def fits(rows: Rows) -> dict[int, PowerLaws]:
    """Return the fit of each seed; none if there are too few sizes and lengths."""
    seeds, size, data, losses, _ = losses_of(rows)
    if len(set(size)) < 3 or len(set(data)) < 3:
        return {}
    return dict(zip(seeds, fit_each(size, data, losses), strict=True)) if seeds else {}


def exponents(rows: Rows) -> tuple[Values, Values]:
    """Return, by seed, the exponent of the excess loss of the widest network in the number of
    signals, over the first and over the second half of the lengths; none with fewer than three."""
    widths = list(rows.split("width").values())
    widest = widths[-1].by("num_samples", "kl") if widths else {}
    if len(widest) < 3:
        return NONE, NONE
    lengths, (seeds, kl) = np.log(list(widest)), stack(list(widest.values()))
    middle = len(lengths) // 2
    first, second = (
        -np.polyfit(lengths[part], np.log(kl[part]), 1)[0]
        for part in (slice(0, middle + 1), slice(middle, None))
    )
    return Values(seeds, first), Values(seeds, second)


def table(rows: Rows) -> TextTable:
    """Return the excess loss, one line per width and one column per length; below, the floor."""
    lengths, lines = sorted(rows.unique("num_samples")), []
    for width, of_width in rows.split("width").items():
        cells = [last_cell(of_width.where(num_samples=n), "kl", ".4f", 1) for n in lengths]
        size = of_width.where(metric="num_params").records[0].value
        lines.append([f"{width} channels, {size:,.0f} parameters", *cells])
    found, (_, size, data, losses, floor) = fits(rows), losses_of(rows)
    if found:
        blank = [""] * (len(lengths) - 1)
        fitted = cell([fit.floor for fit in found.values()], ".4f", 1)
        low, high = bootstrap_floor(size, data, losses)
        lines.append(["floor: entropy of the exact posterior", f"{floor:.4f}", *blank])
        lines.append(["floor fitted to each seed", fitted, *blank])
        lines.append(["same, bootstrap over seeds", f"[{low:.4f}, {high:.4f}]", *blank])
    return ["network", *(f"excess loss, nats, {n:,} signals [95% CI]" for n in lengths)], lines


def figures(rows: Rows) -> Figures:
    """Draw the loss, and its excess over the floor, against the number of signals."""
    from mnist1d.plots import style

    fig, axes = style.figure(1, 2, size=(9, 3.9))
    floor = losses_of(rows)[-1]
    for (width, of_width), tint in zip(rows.split("width").items(), style.COLORS, strict=False):
        lengths, kl = of_width.across("num_samples", "kl")
        name = f"{width} channels"
        for ax, values in zip(axes, (kl + floor, kl), strict=True):
            style.band(ax, lengths, values, name, tint, marker="o", log=True)
    if len(rows):
        style.reference_line(axes[0], floor, "entropy of the exact posterior", style.INK)
        style.legend(axes[1], loc="lower left")
    for ax, title in zip(axes, ("Loss", "Loss above the exact posterior's"), strict=True):
        ax.set(title=title, xscale="log", yscale="log", xlabel="training signals, each seen once")
        style.ticks(ax, sorted(rows.unique("num_samples")))
        style.plain_log(ax.yaxis, (1, 1.5, 2, 3, 4, 6, 8))
    axes[0].set(ylabel="nats per signal")
    caption = (
        "Test loss of CNNs of several widths after one pass over streams of several lengths; both "
        "axes are logarithmic. Left: the loss, and the floor that no classifier can go below. "
        f"Right: the loss minus that floor. {style.band_words(*seed_range(rows))} A "
        "power law is a straight line: check whether subtracting the floor straightens the "
        "curves."
    )
    return {"excess": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test, seed by seed, the fitted floor, the power law in the data, and the best allocation."""
    found, floor = fits(rows), losses_of(rows)[-1]
    first, second = exponents(rows)
    gap = Values(found, [fit.floor - floor for fit in found.values()])
    allocation = Values(found, [fit.allocation for fit in found.values()])
    text = f"a fitted irreducible loss recovers the exact Bayes loss within {CLOSE} nats"
    quantity = "fitted floor - entropy of the exact posterior"
    tests = [within(text, quantity, gap, -CLOSE, CLOSE, unit="nats")]
    text = "the widest network's excess loss is a power law in the number of signals"
    text += f", whose exponent changes by less than {STRAIGHT}"
    quantity = "exponent over the second half of the lengths - over the first"
    limits, words = (-STRAIGHT, STRAIGHT), "a power law"
    tests.append(within(text, quantity, second - first, *limits, published=words))
    text = "size and data should grow at the same rate with compute, with a power of 0.4 to 0.6"
    quantity = "power of compute with which the best size grows"
    tests.append(within(text, quantity, allocation, 0.4, 0.6, published="0.46 to 0.50"))
    return keep_measured(tests)
