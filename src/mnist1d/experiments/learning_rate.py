"""Metalearning a learning rate.

Train an MLP (40 -> 50 tanh -> 10) for 200 steps of plain gradient descent, batches of 50 in fixed
order, always from the same initial weights. The mean of the 200 losses then depends on the learning
rate alone. Its exact gradient, taken through all steps, adjusts the learning rate by gradient
descent (50 outer steps of rate 0.3), once from far above the best rate and once from far below. A
grid search over fixed rates, with the same initial weights, shows the best rate. Each seed draws a
data set and initial weights; seed 0 uses the published data set. In the rows of `rate` and
`objective`, `step` counts outer steps; `grid` is an array of rates and losses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mnist1d.checks import check_numbers
from mnist1d.config import DataConfig
from mnist1d.experiments.claims import Claim, all_of, below, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.present import MISSING, cell, num_seeds
from mnist1d.experiments.published import ARTICLE, NOTEBOOK, TITLE, Published
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, timing_rows, values_of
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import Values

STARTS = {1.5: ("from above", 0.6243), 0.15: ("from below", 0.6203)}  # the notebook's last rate


def _printed(start: float) -> list[Published]:
    """Return the figures of paper and notebook (step 48 of 50) for one start."""
    called, rate = STARTS[start]
    names = f"rate from {start:g}", f"mean inner loss from {start:g}"
    paper, book = f"{ARTICLE}, section 3.3", "metalearn-learn-rate.ipynb, step 48"
    keys = [(called, "outer step", "48", m) for m in ("learning_rate", "mean_inner_loss")]
    return [
        Published(names[0], 0.62, paper, unit="", rounding=0.005),
        Published(names[1], 1.716, paper, unit="nats", rounding=0.0005),
        Published(names[0], rate, book, "", NOTEBOOK, None, 1, 0.00005, keys[0]),
        Published(names[1], 1.716, book, "nats", NOTEBOOK, None, 1, 0.0005, keys[1]),
    ]


INFO = Info(
    name="learning-rate",
    title="Metalearning a learning rate",
    question="Does gradient descent through a whole training run find the best learning rate?",
    source=f"{TITLE}, section 3.3",
    published=tuple(figure for start in STARTS for figure in _printed(start)),
    seeds={"smoke": 2, "quick": 4, "paper": 8},
    cost={"smoke": 5.0, "quick": 9.0, "paper": 15.0},
    peer_seconds=8.0,
    variations={
        "initial_rate=0.5": "start the outer loop too low",
        "num_steps=50": "differentiate through fewer steps",
    },
)
NUM_CLASSES = 10
MEET, NO_BETTER = 0.01, 0.001  # the last digits of the published 0.62 and 1.716


@dataclass(frozen=True)
class Config:
    """One run of the outer loop, and the grid search beside it."""

    initial_rate: float = 1.5
    outer_steps: int = 50
    outer_rate: float = 0.3
    num_steps: int = 200
    batch_size: int = 50
    hidden: int = 50
    grid_size: int = 41  # fixed rates, evenly spaced in their logarithm from 0.15 to 2
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_numbers(self)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the outer loop from above and from below."""
    settings = {
        "smoke": {"outer_steps": 3, "num_steps": 20, "grid_size": 3},
        "quick": {"grid_size": 15},
        "paper": {},
    }[preset]
    return [Config(initial_rate=start, **settings) for start in STARTS]


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Run the outer loop and the grid search from every seed's initial weights."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import jit_once
    from mnist1d.learning.compilation import timed
    from mnist1d.learning.unrolled import mlp_init, rate_learner, sgd_objective

    sets = datasets_for(config.data, seeds, config.vary)
    objective = sgd_objective(config.num_steps, config.batch_size)
    outer = rate_learner(objective, config.outer_steps, config.outer_rate)
    init = jit_once(partial(mlp_init, num_inputs=sets[0].x.shape[1], hidden=config.hidden))
    rates = np.geomspace(0.15, 2, config.grid_size)
    numbers = jnp.float32(config.initial_rate), jnp.asarray(rates, jnp.float32)
    calls = [
        (init(jax.random.key(seed)), jnp.asarray(data.x), jnp.asarray(data.y), *numbers)
        for seed, data in zip(seeds, sets, strict=True)
    ]
    found = timed(outer, calls)
    rate, value, losses = (np.stack(part) for part in zip(*found.results, strict=True))
    grids = np.stack([np.broadcast_to(rates, losses.shape), losses], axis=1)  # (seeds, 2, rates)
    best_rate, best_loss = rates[np.nanargmin(losses, axis=1)], np.nanmin(losses, axis=1)
    return [
        *curve_rows(seeds, range(config.outer_steps + 1), {"rate": rate, "objective": value}),
        *(Row(seed, "grid", None, of) for seed, of in zip(seeds, grids, strict=True)),
        *scalar_rows(seeds, {"grid_best_rate": best_rate, "grid_best_loss": best_loss}),
        *timing_rows(seeds, found.seconds, found.compile_seconds),
    ]


def arrived(trial: Rows) -> np.ndarray:
    """Return which seeds converge: their final loss is below that of guessing, (seeds,). The others
    diverge: from above, one step along a huge gradient can move the rate out of range."""
    return values_of(trial, "objective").array < math.log(NUM_CLASSES)  # False for NaN


def at_the_end(trial: Rows, metric: str) -> Values:
    """Return a metric after the last outer step, for the seeds that converge."""
    return values_of(trial, metric).keep(arrived(trial))


def measured(rows: Rows) -> dict[str, Values]:
    """Return final rates and mean inner losses of the seeds that converge."""
    found = {}
    for start, trial in rows.split("initial_rate", STARTS).items():
        found[f"rate from {start:g}"] = at_the_end(trial, "rate")
        found[f"mean inner loss from {start:g}"] = at_the_end(trial, "objective")
    return {name: values for name, values in found.items() if len(values)}


def table(rows: Rows) -> TextTable:
    """Return one line per start: where it ends, and the best of the grid; seeds that converge."""
    header = ["from", "reaches [95% CI]", "n", "diverged", "mean inner loss"]
    header += ["grid: best rate", "its loss", "paper", "notebook"]
    lines = []
    for start, trial in rows.split("initial_rate", rows.unique("initial_rate")).items():
        rate, count = at_the_end(trial, "rate"), num_seeds(trial)
        means = [
            f"{at_the_end(trial, name).array.mean():.4f}" if len(rate) else MISSING
            for name in ("objective", "grid_best_rate", "grid_best_loss")
        ]
        printed = f"{STARTS[start][1]:g}, 1.716" if start in STARTS else ""
        counts = [str(len(rate)), str(count - len(rate))]
        reached = cell(rate, ".3f", 1) or MISSING
        lines.append([f"{start:g}", reached, *counts, *means, "0.62, 1.716", printed])
    return header, lines


def claims(rows: Rows) -> list[Claim]:
    """Test that both starts reach the same rate, and that no fixed rate of the grid is better.
    Seeds that diverge are left out and counted."""
    trials = {start: rows.where(initial_rate=start) for start in STARTS}
    high, low = (at_the_end(trial, "rate") for trial in trials.values())
    text = f"runs from above and below that converge reach the same rate, within {MEET}"
    quantity, words = "rate from 1.5 - rate from 0.15", "both 0.62"
    found = [
        within(text, quantity, high - low, -MEET, MEET, published=words, published_value=0.004)
    ]
    parts = []
    for start, trial in trials.items():
        gap = at_the_end(trial, "objective") - at_the_end(trial, "grid_best_loss")
        if len(gap):
            quantity = f"loss - grid's best loss, from {start:g}"
            parts.append(below("", quantity, gap, NO_BETTER, unit="nats"))
    text = f"no fixed rate of a grid search is better by more than {NO_BETTER} nats"
    found.append(all_of(text, parts, "no better one"))
    return keep_measured(found)


def figures(rows: Rows) -> Figures:
    """Draw the rate against outer steps, and the mean inner loss against the rate."""
    from mnist1d.plots import style

    fig, (left, right) = style.figure(1, 2, size=(9, 3.7))
    grids, counts = None, []
    starts = rows.split("initial_rate", rows.unique("initial_rate")).items()
    for (start, trial), color in zip(starts, style.COLORS, strict=False):
        kept = arrived(trial)
        if not kept.any():
            continue
        counts.append(int(kept.sum()))
        (steps, rate), (_, value) = trial.curve("rate"), trial.curve("objective")
        style.band(left, steps, rate[kept], f"starts at {start:g}", color)
        path = rate[kept].mean(axis=0), value[kept].mean(axis=0)
        thin = {"color": color, "markersize": 3, "linewidth": 1}
        right.plot(*path, "o-", label=f"outer loop from {start:g}", **thin)
        grids = trial.arrays("grid")[kept]  # (seeds, 2, rates)
    dotted = {"color": style.INK, "linestyle": ":", "linewidth": 1.2, "zorder": 1}
    left.axhline(0.62, **dotted, label="published: 0.62")
    right.axhline(1.716, **dotted, label="published: 1.716")
    left.set(title="Learning rate", xlabel="outer steps", ylabel="learning rate", ylim=(0, None))
    right.set(title="Loss at each rate", xlabel="learning rate", xscale="log")
    right.set_ylabel("mean loss of 200 steps (nats)")
    style.ticks(right, [0.15, 0.3, 0.6, 1, 1.5])
    if grids is not None:
        mean = grids.mean(axis=0)  # (2, rates)
        right.plot(*mean, color=style.GREY, linewidth=1.2, zorder=1, label="grid search")
        style.legend(left, loc="upper right")
        style.legend(right, loc="upper center")
    lines = style.band_words(max(counts, default=0), min(counts, default=0))
    caption = (
        "Metalearning a learning rate by gradient descent through 200 training steps, from a rate "
        "above and a rate below the best one. Left: the rate after each outer step. "
        f"{lines} Right: the mean training loss against the rate, in "
        "a grid search over fixed rates and along the path of the outer loop (means over seeds). "
        "Both paths should end at the minimum of the grid search. Runs that diverge are left "
        "out."
    )
    return {"learning-rate": (fig, caption)}
