"""Metalearning an activation function.

Train a small MLP (40 -> 128 f -> 10, with uniform noise of 0.1 on the hidden units, one draw per
batch) for 301 steps of RMSProp (learning rate 0.01, decay 0.4). Its activation is f(x) = ELU(x) +
0.2 g(x), where g is itself an MLP (1 -> 100 tanh -> 1). The objective is the mean of the last 200
losses. Its gradient through all 301 steps updates g by gradient descent (learning rate 0.3,
gradients clipped to 0.1, 301 outer steps, new initial weights in each). The same inner training
measures standard activation functions. Then we approximate the learned function by a few straight
lines, and try every function in place of relu in the benchmark's CNN. Accuracy is measured after
the last inner step on all test signals, without noise, and averaged over fresh initial weights. In
the rows of `objective`, `step` counts outer steps.

Each seed draws a data set, initial weights and batch order; all compared functions use the seed's
data set. Seed 0 uses the published data set.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments import published
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, all_of, keep_measured, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import CI, cell, num_seeds, printed_cell, seed_range
from mnist1d.experiments.published import NOTEBOOK, PAPER, Published, in_notebook, in_paper
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, timing_rows, values_of
from mnist1d.experiments.shapes import bump
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import NONE, Values

if TYPE_CHECKING:
    from mnist1d.dataset import Dataset
    from mnist1d.learning.layers import PyTree

    Sets = tuple[int, Dataset, Dataset]  # a seed, its data set, and the one of its CNN

LEARNED, FIT = "learned", "piecewise-linear fit"
# In the order of learning.activations, which needs JAX to be imported; accuracies in percent
PAPER_ACC = {"relu": 59.5, "swish": 57.7, "elu": 50.7, "tanh": 50.7, "softplus": 44, "sigmoid": 35}
HAND_MADE = tuple(PAPER_ACC)
BOOK = "metalearn-activation-function"  # on 500 test signals, with the noise of training


def _objective(name: str, value: float, rounding: float, step: str = "") -> Published:
    """Return a value of the outer objective: the paper's, or the notebook's at an outer step."""
    name = f"objective at the {name}"
    if not step:
        where = f"{published.ARTICLE}, section 3.4"
        return Published(name, value, where, "nats", rounding=rounding)
    key = (LEARNED, "outer step", step, "mean_inner_loss")
    return Published(name, value, f"{BOOK}.ipynb", "nats", NOTEBOOK, None, 1, rounding, key)


PUBLISHED = (
    in_paper(LEARNED, 67, "section 3.4: 65 to 69", 2),
    *(
        in_paper(name, percent, "section 3.4", 0.05 if percent % 1 else 0.5)
        for name, percent in PAPER_ACC.items()
    ),
    _objective("start", 1.35, 0.005),
    _objective("end", 0.90, 0.005),
    in_notebook(LEARNED, 68.4, BOOK, (LEARNED, "outer step", "300", "test_acc")),
    in_notebook(FIT, 66.4, BOOK, (FIT, "", "", "test_acc")),
    _objective("start", 1.352, 0.0005, "0"),
    _objective("end", 0.8842, 0.00005, "300"),
)
INFO = Info(
    name="activation",
    title="Metalearning an activation function",
    question="Can gradient descent through a whole training run find a better activation function?",
    source=(
        f"{published.TITLE}, section 3.4. The published script sets its random seed again in every "
        "inner loop, so all its inner networks but the first start with the same weights; it also "
        "adds the noise to the hidden units of g, and measures accuracy with noise, on 500 test "
        "signals"
    ),
    published=PUBLISHED,
    seeds={"smoke": 1, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 28.0, "paper": 1360.0},
    peer_seconds=5670.0,
    variations={
        "outer_steps=100": "a shorter search",
        "noise=0": "no noise on the hidden units",
        "segments=3": "a coarser fit by straight lines",
    },
)
GRID = np.linspace(-6, 6, 241)  # where functions are stored, fitted and drawn


@dataclass(frozen=True)
class Config:
    """One activation function; the outer settings matter for the learned function only."""

    function: str = LEARNED
    num_steps: int = 301
    batch_size: int = 100
    hidden: int = 128
    learning_rate: float = 0.01
    decay: float = 0.4
    noise: float = 0.1
    num_inits: int = 5  # fresh initial weights over which test accuracy is averaged
    outer_steps: int = 301
    outer_rate: float = 0.3
    clip: float = 0.1
    objective_steps: int = 200  # the objective is the mean loss of this many last steps
    meta_hidden: int = 100
    segments: int = 6  # straight lines of the fit
    cnn_steps: int = 6000  # training of the CNN with this activation; 0: no CNN
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig(num_samples=10_000)

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_name(self.function, (LEARNED, *HAND_MADE), "function")
        check_numbers(self, cnn_steps=0, decay=0, noise=0)
        if self.objective_steps > self.num_steps:
            rule = f"objective_steps must be at most num_steps = {self.num_steps}"
            raise UsageError(f"{rule}, got {self.objective_steps}")


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the learned function and the hand-made ones."""
    short = {"num_steps": 12, "objective_steps": 8, "outer_steps": 2, "hidden": 32}
    settings = {
        "smoke": short | {"num_inits": 1, "cnn_steps": 10},
        "quick": {"outer_steps": 6, "num_inits": 2, "cnn_steps": 400},
        "paper": {},
    }[preset]
    names = (LEARNED, "relu") if preset == "smoke" else (LEARNED, *HAND_MADE)
    return [Config(function=name, **settings) for name in names]


def weight(config: Config) -> float:
    """Return a trial's relative cost: each outer step is an inner run and its gradient."""
    return 1 + config.outer_steps / 12 if config.function == LEARNED else 1


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Learn the function unless it is given; measure it in the MLP, as a fit, and in the CNN."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import Split
    from mnist1d.learning.activations import fit_cnn, hand_made, learned, piecewise_fit, tabulated
    from mnist1d.learning.compilation import timed_each
    from mnist1d.learning.unrolled import Inner, Outer, activation_learner, activation_measure

    sets = datasets_for(config.data, seeds, config.vary)
    tables = datasets_for(DataConfig(seed=config.data.seed), seeds, config.vary)  # for the CNN
    sizes = config.num_steps, config.batch_size, config.hidden
    inner = Inner(*sizes, config.learning_rate, config.decay, config.noise)
    measure = jax.jit(activation_measure(inner, config.num_inits), static_argnums=0)
    descent = config.outer_steps, config.outer_rate, config.clip
    outer = Outer(*descent, config.meta_hidden, config.objective_steps)

    def prepare(_: object) -> Callable[[Sets], list[Row]]:
        learn = jax.jit(activation_learner(inner, outer)).lower
        given = jax.random.key(0), Split.of(sets[0])
        return partial(of_seed, learn(*given).compile() if config.function == LEARNED else None)

    def of_seed(learn: Callable[..., PyTree] | None, given: Sets) -> list[Row]:
        begin, (seed, data, table), rows = time.perf_counter(), given, []
        outer_key, inner_key = jax.random.split(jax.random.key(seed))
        split = Split.of(data)
        if learn is None:
            f, params = hand_made, jnp.int32(HAND_MADE.index(config.function))
        else:
            f = learned
            params, start, objective = jax.block_until_ready(learn(outer_key, split))
            seconds = (time.perf_counter() - begin) / config.outer_steps
            rows += curve_rows([seed], range(config.outer_steps), {"objective": objective})
            rows += scalar_rows([seed], {"outer_seconds": seconds})
            rows.append(Row(seed, "start", None, np.stack([GRID, learned(start, GRID)[0]])))
        values = np.asarray(f(params, jnp.asarray(GRID, jnp.float32))[0])
        rows.append(Row(seed, "function", None, np.stack([GRID, values])))
        acc, predictions = measure(f, params, inner_key, split)
        accs = {"test_acc": acc}
        rows += prediction_rows([seed], [predictions])
        if learn is not None:
            knots = piecewise_fit(GRID, values, config.segments)
            rows.append(Row(seed, "piecewise", None, np.stack([GRID[knots], values[knots]])))
            lines = jnp.asarray(np.interp(GRID, GRID[knots], values[knots]), jnp.float32)
            acc, predictions = measure(tabulated, (lines, GRID[0], GRID[-1]), inner_key, split)
            accs["piecewise_test_acc"] = acc
            rows += prediction_rows([seed], [predictions], "piecewise predictions")
        if config.cnn_steps:
            fit = fit_cnn(GRID, values, inner_key, config.cnn_steps, Split.of(table))
            accs["cnn_test_acc"] = fit.curves["test_acc"][0, -1]
            rows += prediction_rows([seed], fit.predictions, "cnn predictions")
        return rows + scalar_rows([seed], accs)

    found = timed_each(prepare, list(zip(seeds, sets, tables, strict=True)))
    times = timing_rows(seeds, found.seconds, found.compile_seconds)
    return [row for rows in found.results for row in rows] + times


def acc_of(rows: Rows, function: str, metric: str = "test_acc") -> Values:
    """Return the test accuracy of a function by seed: in the MLP, of the fit, or in the CNN."""
    return values_of(rows.where(function=function), metric)


def objective(rows: Rows) -> tuple[Values, Values]:
    """Return the outer objective at the start, and its mean over the last 10 outer steps."""
    trial = rows.where(function=LEARNED, metric="objective")
    if not len(trial):
        return NONE, NONE
    curve = trial.curve("objective")[1]  # (seeds, steps)
    return Values(trial.seeds, curve[:, 0]), Values(trial.seeds, curve[:, -10:].mean(axis=1))


def measured(rows: Rows) -> dict[str, Values]:
    """Return test accuracies and the objective at both ends, by seed, by published name."""
    found = {name: acc_of(rows, name) for name in (LEARNED, *HAND_MADE)}
    found[FIT] = acc_of(rows, LEARNED, "piecewise_test_acc")
    found["objective at the start"], found["objective at the end"] = objective(rows)
    return {name: values for name, values in found.items() if len(values)}


def table(rows: Rows) -> TextTable:
    """Return one line per function, and one for the fit: test accuracy in the MLP and the CNN."""
    accs, lines = {n: v for n, v in measured(rows).items() if "objective" not in n}, []
    for name in (name for name in (LEARNED, FIT, *HAND_MADE) if name in accs):
        cells = [cell(accs[name]), str(len(accs[name])), cell(acc_of(rows, name, "cnn_test_acc"))]
        cells.append(printed_cell(PUBLISHED, name, PAPER) + " ± 2" * (name == LEARNED))
        lines.append([name, *cells, printed_cell(PUBLISHED, name, NOTEBOOK)])
    header = ["function", f"test accuracy, {CI}", "n", f"in the CNN, {CI}"]
    return [*header, "paper, %", "notebook, %"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test the learned function against every hand-made one, its shape, its fit and its transfer;
    functions are paired by seed, which fixes data and weights."""
    points, nats = partial(above, unit=POINTS), partial(above, unit="nats")
    trial, acc = rows.where(function=LEARNED), acc_of(rows, LEARNED)
    others = [name for name in HAND_MADE if len(acc_of(rows, name))]
    parts = [points("", f"learned - {n}, test accuracy", acc - acc_of(rows, n)) for n in others]
    text = f"the learned function beats {', '.join(others)}"
    found = [all_of(text, parts, "65 to 69 > 59.5")]
    start, end = objective(rows)
    quantity = "objective at the start - over the last 10 outer steps"
    text, words = "the objective falls", "1.35 to 0.90"
    found.append(nats(text, quantity, start - end, published=words, published_value=0.45))
    functions = trial.where(metric="function")
    if len(functions) and trial.config()["outer_steps"] >= Config.outer_steps:  # else no shape yet
        shapes = np.array([bump(function) for function in functions.arrays("function")])
        heights, places = (Values(functions.seeds, part) for part in shapes.T)
        parts = [
            above("", "height of the bump between -4 and -1", heights),
            within("", "position of the minimum", places, -1, 1),
        ]
        text = "the function has a bump between -4 and -1 and a minimum near 0"
        found.append(all_of(text, parts, "bump between -4 and -1"))
    gap = acc_of(rows, LEARNED, "piecewise_test_acc") - acc
    text = "a piecewise-linear fit is as accurate, within 2 percentage points"
    quantity, words = "fit - learned, test accuracy", "66.4, within 65 to 69"
    found.append(points(text, quantity, gap, -0.02, published=words, published_value=-0.006))
    text = "in the CNN the learned function beats relu (not in the publication)"
    in_cnn, relu = (acc_of(rows, name, "cnn_test_acc") for name in (LEARNED, "relu"))
    found.append(points(text, "learned - relu in the CNN, test accuracy", in_cnn - relu))
    return keep_measured(found)


def figures(rows: Rows) -> Figures:
    """Draw the learned functions, the objective, and the test accuracy of every function."""
    from mnist1d.plots import marks, style

    fig, (left, middle, right) = style.figure(1, 3, size=(10.5, 3.6))
    trial, blue, red = rows.where(function=LEARNED), *style.COLORS[:2]
    if len(trial):
        for i, function in enumerate(trial.arrays("function")):
            name = None if i else "learned, one line per seed"
            left.plot(*function, color=blue, linewidth=1.3, label=name)
        thin = {"markersize": 3.5, "linewidth": 1.1}
        left.plot(*trial.array("start"), "--", color=style.GREY, label="at the start", **thin)
        name = "piecewise linear, first seed"
        left.plot(*trial.array("piecewise"), "o-", color=red, label=name, **thin)
        style.band(middle, *trial.curve("objective"), None, blue)
        for value, at in ((1.35, "right"), (0.90, "left")):
            style.reference_line(middle, value, f"published: {value:.2f}", at=at)
        style.legend(left, loc="upper left")
    left.set(title="Learned function", xlabel="x", ylabel="f(x)")
    middle.set(title="Objective", xlabel="outer steps", ylabel="mean of the last 200 losses (nats)")
    names = [name for name in (LEARNED, *HAND_MADE) if len(rows.where(function=name))]
    for i, name in enumerate(names):
        color, label = blue if name == LEARNED else style.INK, None if i else "measured"
        marks.dots(right, [i], [acc_of(rows, name)], color, label, unit=SHARE, across=True)
        if figure := published.find(PUBLISHED, name):
            label = None if i else "published"
            right.plot(figure.value, i, "D", color=red, mfc="white", markersize=5, label=label)
    if names:
        style.legend(right, loc="lower right")
    right.set(title="Test accuracy", xlabel="test accuracy", yticks=range(len(names)))
    right.set_yticklabels(names)
    right.invert_yaxis()
    right.grid(axis="x")
    style.percent_axis(right, "x")
    n = num_seeds(trial)
    caption = (
        f"A metalearned activation function (n = {n} seeds). Left: the function before and after "
        "metalearning, and straight lines fitted to it. Middle: the objective of the outer loop. "
        f"{style.band_words(n)} Right: test accuracy of the same network with the learned function "
        f"and with standard ones. {style.dot_words(*seed_range(rows))} Diamonds are published. On "
        "the right, compare the learned function with the standard ones."
    )
    return {"activation": (fig, caption)}
