"""Epochs: double descent and sharpness during training.

First, epoch-wise double descent: a wide network trains on a set with some wrong labels. With
probability 0.2 (quick: 0.4) a training label is replaced by a label drawn from all ten classes.
Training: Adam, batches of 100 in a new order every epoch. Test error can fall, rise while the wrong
labels are learnt, and fall again. The peak is the evaluation whose error lies farthest above the
larger of two values: the lowest error before it and the lowest error after it. The dip is the
lowest error before the peak. In a curve without a peak, the dip is the lowest error, and the peak
the highest one between it and the end. Both are located in the mean curve of the other seeds and
then read from each seed's own curve, so noise within a seed does not count as a peak.

Second, the edge of stability: gradient descent on all 500 training signals at once, with squared
error and a constant learning rate. Sharpness is the largest eigenvalue of the Hessian of the
training loss. On a quadratic loss, gradient descent diverges if the sharpness exceeds 2 / learning
rate. Each seed draws a data set, wrong labels, initial weights and batch order.

Rows: train_acc, test_acc, train_loss, test_loss, and sharpness for gradient descent (step: training
steps), seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mnist1d.checks import check_name, check_numbers, check_real
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import POINTS, Claim, above, all_of, below, keep_measured, within
from mnist1d.experiments.datasets import datasets_for
from mnist1d.experiments.fits import fit_rows
from mnist1d.experiments.present import CI, cell, color, num_seeds, seed_range
from mnist1d.experiments.rows import NONE, Row, Rows, Values
from mnist1d.experiments.shapes import dip_and_peak
from mnist1d.experiments.study import Figures, Info, TextTable

INFO = Info(
    name="epochs",
    title="Epochs: double descent and sharpness during training",
    question="How do test error and the sharpness of the loss change during training?",
    source=(
        "Nakkiran et al., Deep Double Descent (ICLR 2020, arXiv 1912.02292), section 6, and Cohen "
        "et al., Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability "
        "(ICLR 2021, arXiv 2103.00065), on images; the settings here are ours"
    ),
    seeds={"smoke": 2, "quick": 3, "paper": 8},
    cost={"smoke": 6.0, "quick": 24.0, "paper": 600.0},
    variations={
        "label_noise=0.4": "twice as many wrong labels: does the error rise more?",
        "learning_rate=0.05": "a smaller rate: does training still reach the edge?",
    },
)
ADAM, DESCENT = "adam", "gradient-descent"
NETWORKS = {"mlp": "MLP", "cnn": "CNN"}
NUM_EVALUATIONS = 32
EDGE = (0.9, 1.2)  # sharpness there, in units of 2 / learning rate: "just above"


@dataclass(frozen=True)
class Config:
    """One training: by Adam on batches, or by gradient descent on all training signals."""

    method: str = ADAM
    network: str = "mlp"
    width: int = 300  # hidden units of the MLP, channels of the CNN
    label_noise: float = 0.2
    learning_rate: float = 0.0005
    num_epochs: int = 400
    data: DataConfig = DataConfig(num_samples=8000, train_split=0.5)

    def __post_init__(self) -> None:
        check_name(self.method, (ADAM, DESCENT), "method")
        check_name(self.network, NETWORKS, "network")
        check_numbers(self, label_noise=0)
        check_real(self.label_noise, 0, 1, "label_noise")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: networks without and with noise, and rates of descent."""
    networks, noise, noisy, rates, steps, num_train = {
        "smoke": ({"mlp": 20}, 0.4, {"num_epochs": 3}, (0.1,), 20, 100),
        "quick": ({"mlp": 300}, 0.4, {"num_epochs": 150}, (0.05, 0.15), 1500, 200),
        "paper": ({"mlp": 300, "cnn": 40}, 0.2, {}, (0.05, 0.1, 0.15), 4000, 500),
    }[preset]
    if preset != "paper":
        noisy |= {"data": DataConfig(num_samples=10 * num_train, train_split=0.5)}
    trials = [
        Config(ADAM, network, width, share, **noisy)
        for network, width in networks.items()
        for share in (0.0, noise)
    ]
    signals = DataConfig(num_samples=2 * num_train, train_split=0.5)
    width = 20 if preset == "smoke" else 100
    return [*trials, *(Config(DESCENT, "mlp", width, 0.0, r, steps, signals) for r in rates)]


def weight(config: Config) -> float:
    """Return a trial's relative cost."""
    if config.method == DESCENT:
        return 1 + config.num_epochs / 1200
    return 1 + config.num_epochs / (40 if config.network == "mlp" else 12)


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train from every seed; measure errors, and the sharpness of gradient descent, on the way."""
    from mnist1d.learning import Settings
    from mnist1d.learning.hessian import sharpness
    from mnist1d.learning.narrow import network

    sets = datasets_for(config.data, seeds, label_noise=config.label_noise)
    n, num_inputs = sets[0].x.shape
    model, epochs = network(config.network, config.width, num_inputs), config.num_epochs
    descends = config.method == DESCENT
    batch, evenly = (n, np.linspace) if descends else (min(100, n), np.geomspace)
    marks = evenly(1, epochs, NUM_EVALUATIONS).round().astype(int)
    evaluated = tuple((n // batch * np.unique(marks)).tolist())
    sizes = epochs * (n // batch), batch, config.learning_rate
    settings = Settings(*sizes, eval_at=evaluated, reshuffle=not descends)
    if descends:
        settings = replace(settings, optimizer="sgd", loss="mse")
    probe = sharpness(model, n, settings.loss) if descends else None
    return fit_rows(config.network, model, settings, seeds, sets, probe=probe)


def rise_and_fall(trial: Rows) -> tuple[Values, Values]:
    """Return how much each seed's test error rises from dip to peak, and falls from peak to end,
    dip and peak located in the other seeds' mean; no values with one seed."""
    seeds = trial.seeds
    errors = 1 - trial.curve("test_acc")[1]  # (seeds, evaluations)
    if len(seeds) < 2:
        return NONE, NONE
    places = [dip_and_peak(np.delete(errors, i, axis=0).mean(axis=0)) for i in range(len(seeds))]
    read = [(of[dip], of[peak], of[-1]) for of, (dip, peak) in zip(errors, places, strict=True)]
    dip, peak, last = np.array(read).T
    return Values(seeds, peak - dip), Values(seeds, peak - last)


def at_edge(trial: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps and the sharpness in units of 2 / learning rate, (seeds, steps)."""
    steps, values = trial.curve("sharpness")
    return steps, values * trial.config()["learning_rate"] / 2


def networks_in(rows: Rows) -> dict[tuple[str, bool], Rows]:
    """Return the trials of Adam by network and by whether some labels are wrong."""
    trials = rows.where(method=ADAM).trials()
    configs = [trial.config() for trial in trials]
    names = ((config["network"], config["label_noise"] > 0) for config in configs)
    return dict(zip(names, trials, strict=True))


def descents(rows: Rows) -> dict[float, Rows]:
    """Return the trials of gradient descent by learning rate, ascending."""
    return rows.where(method=DESCENT).split("learning_rate")


def table(rows: Rows) -> TextTable:
    """Return one line per training: the errors' course, or sharpness at start and end."""
    lines = []
    for (network, _), trial in networks_in(rows).items():
        name = f"{NETWORKS[network]}, {100 * trial.config()['label_noise']:g}% of labels redrawn"
        moves = [cell(100 * values, scale=1) for values in rise_and_fall(trial)]
        last = cell(1 - trial.by_seed("test_acc"))
        lines.append([name, *moves, last, "", "", str(num_seeds(trial))])
    for rate, trial in descents(rows).items():
        ratio = at_edge(trial)[1]
        ends = [cell(ratio[:, 0], ".2f", 1), cell(second_half(ratio), ".2f", 1)]
        name, last = f"gradient descent, rate {rate:g}", cell(1 - trial.by_seed("test_acc"))
        lines.append([name, "", "", last, *ends, str(num_seeds(trial))])
    header = ["training", "rise of test error, points [95% CI]", "fall after it, points"]
    header += [f"test error at the end, {CI}", "sharpness at the start, in 2 / rate"]
    return [*header, "same, mean over the second half", "n"], lines


def second_half(curves: np.ndarray) -> np.ndarray:
    """Return the mean of the second half of curves (seeds, steps), (seeds,)."""
    return curves[:, curves.shape[1] // 2 :].mean(axis=1)


def figures(rows: Rows) -> Figures:
    """Draw test error against epochs, and sharpness against steps of gradient descent."""
    from mnist1d.plots import style

    fig, (left, right) = style.figure(1, 2, size=(9.4, 3.8))
    found = networks_in(rows)
    for (network, is_noisy), trial in found.items():
        steps, acc = trial.curve("test_acc")
        epochs = steps * trial.config()["num_epochs"] / steps[-1]
        name = NETWORKS[network] + (", wrong labels" if is_noisy else "")
        how = color(network), "-" if is_noisy else "--"
        style.band(left, epochs[1:], 1 - acc[:, 1:], name, *how, unit="%")
    left.set(title="Test error", xscale="log", xlabel="epochs", ylabel="test error")
    style.percent_axis(left)
    left.xaxis.set_major_formatter("{x:,.0f}")
    for at, (rate, trial) in enumerate(descents(rows).items()):
        style.band(right, *at_edge(trial), f"learning rate {rate:g}", style.COLORS[at])
    right.axhline(1, color=style.INK, linestyle=":", linewidth=1.2, label="edge of stability")
    right.set(title="Sharpness under gradient descent", xlabel="training steps")
    right.set(ylabel="sharpness × learning rate / 2", ylim=(0, None))
    if found:
        style.legend(left, loc="lower left")
    style.legend(right, loc="lower right")
    caption = (
        "Left: test error during training with Adam, with some wrong training labels (solid) and "
        "with none (dashed). Right: sharpness, the largest eigenvalue of the Hessian of the "
        "training loss, in units of 2 / learning rate, during gradient descent on all training "
        "signals. "
        f"{style.band_words(*seed_range(rows))} Check whether a solid line rises and then falls "
        "again, and whether every line on the right levels off near 1."
    )
    return {"epochs": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test double descent for each network, and the edge of stability at every learning rate."""
    found, points = [], partial(above, unit=POINTS)
    moves = {key: rise_and_fall(trial) for key, trial in networks_in(rows).items()}
    for network, name in NETWORKS.items():
        rise, fall = moves.get((network, True), (NONE, NONE))
        parts = [
            points("", "test error, rise to the peak", rise),
            points("", "test error, fall after it", fall),
        ]
        text = f"{name} with wrong labels: test error falls, rises and falls again"
        found.append(all_of(text, parts, "yes, for wide networks on images"))
        more = rise - moves.get((network, False), (NONE,))[0]
        text = f"{name}: wrong labels make test error rise more"
        found.append(points(text, "rise, with - without", more, published="as on images"))
    edge, sharper, falling = [], [], []
    for rate, trial in descents(rows).items():
        seeds, ratio, loss = trial.seeds, at_edge(trial)[1], trial.curve("train_loss")[1]
        late, start = Values(seeds, second_half(ratio)), Values(seeds, ratio[:, 0])
        change, name = Values(seeds, loss[:, -1] / loss[:, loss.shape[1] // 2]), f"rate {rate:g}"
        edge.append(within("", f"sharpness × rate / 2, second half, {name}", late, *EDGE))
        sharper.append(above("", f"sharpness, second half / start, {name}", late / start, 1))
        falling.append(below("", f"training loss, end / middle, {name}", change, 1))
    stops = "sharpness settles near 2 / learning rate, between 0.9 and 1.2 times it"
    found += [
        all_of("gradient descent makes the loss sharper", sharper, "progressive sharpening"),
        all_of(stops, edge, "just above 2 / rate"),
        all_of("training loss keeps falling at the edge of stability", falling, "over long times"),
    ]
    return keep_measured(found)
