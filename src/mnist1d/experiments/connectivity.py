"""Connectivity: is there a barrier between two networks?

Train a network to step k, copy it, and train both copies to the end with different batch orders.
Then measure the test error along the straight line between the two in weight space. The barrier is
the highest test error on the line minus the mean of the two ends. Two networks are stable if the
barrier is below 2 points.

The networks are those of the study lottery: an MLP with 500 hidden units, Adam (0.02), batches of
100, 1,500 steps; up to step k the batches have a fixed order, afterwards new orders, and Adam is
reset at step k. Pruning keeps 65% of each layer's weights in every round, those of largest
magnitude at the end of the first copy, and rewinds them to their values at step k. k = 0 rewinds to
the initial weights, a larger k is late rewinding. Both copies train under the mask. A ticket
matches if its accuracy, the mean of both copies, is at least that of the dense network with the
same k. Each seed draws a data set, initial weights and both orders; all k share them.

Rows: sparsity, test_acc, barrier (step: round of pruning), seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mnist1d.checks import check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import CORRELATION, POINTS, Claim, above, below, keep_measured
from mnist1d.experiments.datasets import datasets_for
from mnist1d.experiments.estimates import rank_correlation
from mnist1d.experiments.fits import timed_seed
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import CI, cell, seed_range
from mnist1d.experiments.rows import NONE, Row, Rows, Values, curve_rows
from mnist1d.experiments.study import Figures, Info, TextTable

if TYPE_CHECKING:
    from mnist1d.learning import Fit, Model, Split
    from mnist1d.learning.layers import Params
    from mnist1d.learning.pruning import PrunedTraining

INFO = Info(
    name="connectivity",
    title="Connectivity: is there a barrier between two networks?",
    question="From which step do two copies stay connected, and are tickets rewound to it better?",
    source=(
        "Frankle, Dziugaite, Roy and Carbin, Linear Mode Connectivity and the Lottery Ticket "
        "Hypothesis (ICML 2020, arXiv 1912.05671), on images; the networks here are the lottery's"
    ),
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 18.0, "paper": 2000.0},
    variations={
        "learning_rate=0.002": "a tenth of the learning rate: are networks stable from the start?",
        "hidden=50": "a tenth of the units",
    },
)
STABLE = 0.02  # the publication's line: a barrier of 2 points of error
LATE = 0.2  # late rewinding: the last step of the grid within this fraction of training
SPARSE = 0.9  # sparsities that the claims about tickets look at
FINE = 10  # rounds; with fewer, compiling a program for every size takes longer than it saves
PLACES = np.linspace(0, 1, 11)  # on the line


@dataclass(frozen=True)
class Config:
    """Copies and tickets that start from the weights of one step."""

    rewind_step: int = 0
    hidden: int = 500
    num_rounds: int = 12
    kept: float = 0.65  # fraction of the weights that each round keeps
    num_steps: int = 1500
    batch_size: int = 100
    learning_rate: float = 0.02
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_numbers(self, rewind_step=0)
        if self.kept >= 1:
            raise UsageError(f"kept must be below 1, got {self.kept}")
        if self.rewind_step >= self.num_steps:
            rule = f"rewind_step must be below num_steps = {self.num_steps}"
            raise UsageError(f"{rule}, got {self.rewind_step}")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: one per step to which tickets are rewound."""
    steps, sizes = {
        "smoke": ((0, 5), {"hidden": 20, "num_rounds": 3, "num_steps": 20}),
        "quick": ((0, 20, 80), {"hidden": 100, "num_rounds": 6, "num_steps": 400, "kept": 0.5}),
        "paper": ((0, 15, 60, 150, 300, 750), {}),
    }[preset]
    return [Config(step, **sizes) for step in steps]


def weight(config: Config) -> float:
    """Return a trial's relative cost: that of the steps after the copies part."""
    return 0.2 + 1 - config.rewind_step / config.num_steps


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train to step k, then prune and rewind, with two copies in every round."""
    import jax

    from mnist1d.learning import Settings, Split, jit_once
    from mnist1d.learning.masks import full_mask
    from mnist1d.learning.models import mlp
    from mnist1d.learning.pruning import PARTS, PrunedTraining

    model = mlp(hidden=config.hidden, num_inputs=config.data.final_seq_length)
    init, k = jit_once(model.init), config.rewind_step
    batches, left = (config.batch_size, config.learning_rate), config.num_steps - k
    trunk = PrunedTraining(Settings(max(k, 1), *batches, eval_every=max(k, 1)), parts=1)
    settings = Settings(left, *batches, eval_every=left, reshuffle=True, snapshot_at=left)
    branch = PrunedTraining(settings, PARTS if config.num_rounds >= FINE else 1)
    rows: list[Row] = []
    for seed, data in zip(seeds, datasets_for(config.data, seeds), strict=True):
        with timed_seed(rows, seed, trunk, branch):
            split, start = Split.of(data), jax.device_get(init(jax.random.key(seed)))
            if k:
                start = trunk(seed, split, start, full_mask(start)).params
            curves, predictions = prune_copies(config, model, branch, seed, split, start)
            rows += curve_rows([seed], range(config.num_rounds), curves)
            rows += prediction_rows([seed], [predictions])
    return rows


def prune_copies(
    config: Config, model: Model, train: PrunedTraining, seed: int, split: Split, start: Params
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Prune and rewind to `start` round after round, with two copies; return curves, (rounds,)
    each, and the predictions of the first copy, (rounds, 3, signals)."""
    from mnist1d.learning.paths import errors_between
    from mnist1d.learning.pruning import prune

    accs, barriers, predictions = [], [], []

    def copies(params: Params, mask: Params) -> Fit:
        first, second = (train(2 * seed + i, split, params, mask) for i in (0, 1))
        ends, test = (first.params, second.params), (split.x_test, split.y_test)
        errors = np.asarray(errors_between(model, *ends, *test, PLACES))
        accs.append(1 - (errors[0] + errors[-1]) / 2)
        barriers.append(errors.max() - (errors[0] + errors[-1]) / 2)
        predictions.append(first.predictions)
        return first

    sparsities = 1 - config.kept ** np.arange(config.num_rounds)
    sparsity = prune(copies, start, sparsities, wanted=0)[0]["sparsity"]
    curves = {"sparsity": sparsity, "test_acc": np.array(accs), "barrier": np.array(barriers)}
    return curves, np.stack(predictions)


class Tickets(NamedTuple):
    """What one rewinding step gives; round 0 is the dense network."""

    seeds: list[int]
    sparsity: np.ndarray  # (rounds,)
    acc: np.ndarray  # (seeds, rounds)
    barrier: np.ndarray  # (seeds, rounds)

    @property
    def dense_barrier(self) -> Values:
        """The barrier of the dense network, by seed."""
        return Values(self.seeds, self.barrier[:, 0])

    @property
    def matching(self) -> Values:
        """The highest sparsity at which a ticket matches, by seed; 0 where none does."""
        last = [np.flatnonzero(of_seed >= of_seed[0])[-1] for of_seed in self.acc]
        return Values(self.seeds, self.sparsity[last])

    @property
    def sparse_acc(self) -> Values:
        """The mean accuracy of tickets of at least SPARSE sparsity, by seed; none without them."""
        acc = self.acc[:, self.sparsity >= SPARSE]
        return Values(self.seeds, acc.mean(axis=1)) if acc.size else NONE


def tickets_of(rows: Rows) -> dict[int, Tickets]:
    """Return the tickets by rewinding step, ascending."""
    found = {}
    for step, trial in rows.split("rewind_step").items():
        sparsity, acc, barrier = (
            trial.curve(name)[1] for name in ("sparsity", "test_acc", "barrier")
        )
        found[step] = Tickets(trial.seeds, sparsity[0], acc, barrier)
    return found


def agreement(found: Mapping[int, Tickets]) -> Values:
    """Return, by seed, how well low barriers predict good tickets: Spearman's correlation over
    rewinding steps of barrier and error, averaged over tickets of at least SPARSE sparsity. Where
    one of them does not vary, it counts as 0."""
    if len(found) < 3:
        return NONE
    seeds = sorted(set.intersection(*(set(tickets.seeds) for tickets in found.values())))
    sparse, per_seed = next(iter(found.values())).sparsity >= SPARSE, []
    for seed in seeds:
        at = [(tickets, tickets.seeds.index(seed)) for tickets in found.values()]
        barrier = np.array([tickets.barrier[i, sparse] for tickets, i in at])  # (steps, rounds)
        error = np.array([1 - tickets.acc[i, sparse] for tickets, i in at])
        ranks = [rank_correlation(*pair) for pair in zip(barrier.T, error.T, strict=True)]
        per_seed.append(np.nan_to_num(ranks).mean() if ranks else np.nan)
    return Values(seeds, per_seed)


def table(rows: Rows) -> TextTable:
    """Return one line per rewinding step: barriers and accuracies, dense and sparse."""
    lines = []
    for step, found in tickets_of(rows).items():
        accs = map(cell, (found.acc[:, 0], found.sparse_acc, found.matching))
        barrier = cell(100 * found.dense_barrier, scale=1)
        lines.append([f"{step:,}", barrier, *accs, str(len(found.seeds))])
    header = [
        "copied or rewound at step",
        "barrier, dense, points [95% CI]",
        f"dense accuracy, {CI}",
    ]
    header += [f"accuracy at {100 * SPARSE:.0f}% sparsity or more, %"]
    header += ["highest matching sparsity, %", "n"]
    return header, lines


def figures(rows: Rows) -> Figures:
    """Draw barrier and accuracy against the weights left, one line per rewinding step."""
    from mnist1d.plots import style

    fig, (left, right) = style.figure(1, 2, size=(9.4, 3.8))
    for at, (step, found) in enumerate(tickets_of(rows).items()):
        name, tint, left_over = f"step {step:,}", style.COLORS[at], 1 - found.sparsity
        style.band(left, left_over, 100 * found.barrier, name, tint)
        style.band(right, left_over, found.acc, name, tint, unit="%")
    name = "stable below this line"
    left.axhline(100 * STABLE, color=style.INK, linestyle=":", linewidth=1.2, label=name)
    left.set(title="Barrier between two copies", ylabel="barrier, points of test error")
    right.set(title="Accuracy of the tickets", ylabel="test accuracy")
    style.percent_axis(right)
    for ax in (left, right):
        ax.set(xscale="log", xlabel="weights left")
        ax.invert_xaxis()
        ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    if len(rows):
        lines, _ = left.get_legend_handles_labels()
        style.legend(right, handles=lines, loc="lower left")
    caption = (
        "Networks copied at several steps of training, and tickets rewound to the same steps. "
        "Left: the barrier (the highest test error on the straight line between the two copies, "
        "minus the mean of its ends). Right: the test accuracy of the copies. "
        f"{style.band_words(*seed_range(rows))} Check whether the steps with low barriers on the "
        "left have accurate tickets with few weights on the right."
    )
    return {"barriers": (fig, caption)}


def claims(rows: Rows) -> list[Claim]:
    """Test stability of the dense network, late rewinding, and whether one predicts the other."""
    found = tickets_of(rows)
    most = LATE * rows.config()["num_steps"] if found else 0
    late = max((step for step in found if step <= most), default=0)
    if 0 not in found or not late:
        return []
    early, stable, near = found[0], found[late], f"step {late:,}"
    barrier, sparse = "barrier of the dense network", f"{100 * SPARSE:.0f}% sparsity or more"
    points = partial(above, unit=POINTS, published="yes, for larger networks")
    text = "two copies made at the start end with a barrier of over 2 points between them"
    words = "true for larger networks, not for LeNet on MNIST"
    tests = [points(text, f"{barrier}, step 0", early.dense_barrier, STABLE, published=words)]
    text = f"the dense network is stable from {near} on (barrier below 2 points)"
    words = "from 2% to 28% of training on"
    values = stable.dense_barrier
    tests.append(below(text, f"{barrier}, {near}", values, STABLE, published=words, unit=POINTS))
    text = "late rewinding makes tickets match at higher sparsity"
    quantity = f"highest matching sparsity, {near} - step 0"
    tests.append(points(text, quantity, stable.matching - early.matching))
    text = "late rewinding makes sparse tickets more accurate"
    quantity = f"test accuracy at {sparse}, {near} - step 0"
    tests.append(points(text, quantity, stable.sparse_acc - early.sparse_acc))
    text = "tickets rewound to more stable steps are better"
    quantity = f"rank correlation of barrier and error over steps, {sparse}"
    words = "matching tickets are the stable ones"
    tests.append(above(text, quantity, agreement(found), published=words, unit=CORRELATION))
    return keep_measured(tests)
