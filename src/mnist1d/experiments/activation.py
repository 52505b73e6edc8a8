"""Metalearning an activation function.

A small MLP (40 -> 128 f -> 10, uniform noise of 0.1 on the hidden units, one draw for the whole
batch) is trained for 301 steps of RMSProp (0.01, decay 0.4). Its activation is f(x) = ELU(x) + 0.2
g(x), and g itself an MLP (1 -> 100 tanh -> 1). The mean of the last 200 losses is differentiated
through all 301 steps with respect to g, which descends it (0.3, gradients clipped to 0.1, 301 outer
steps, fresh initial weights each time). Hand-made functions are trained by the same inner protocol.
Then: a fit of the learned function by a few straight lines, measured as an activation too; and both
in the CNN of the benchmark table, in place of relu. Accuracy is that after the last inner step on
all test signals, without noise, averaged over fresh initial weights. Row.step of `objective` counts
outer steps.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import Claim, Published, above, all_of, mean_interval, within
from mnist1d.experiments.datasets import check_varied, datasets_for
from mnist1d.experiments.present import CI, count_cell, last_cell, mean_cell
from mnist1d.experiments.rows import (
    Row,
    Rows,
    curve_rows,
    prediction_rows,
    scalar_rows,
    timing_rows,
)
from mnist1d.experiments.study import Info

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

SECTION = "arXiv 2011.14439, section 3.4"
LEARNED = "learned"
HAND_MADE = (
    "relu",
    "swish",
    "elu",
    "tanh",
    "softplus",
    "sigmoid",
)  # the order of learning.activations, which needs JAX to be read
PUBLISHED = (
    Published(LEARNED, 0.67, 0.03, SECTION),
    Published("relu", 0.595, 0.03, SECTION),
    Published("swish", 0.577, 0.03, SECTION),
    Published("elu", 0.507, 0.03, SECTION),
    Published("tanh", 0.507, 0.03, SECTION),
    Published("softplus", 0.44, 0.03, SECTION),
    Published("sigmoid", 0.35, 0.03, SECTION),
    Published("objective at the start", 1.35, 0.05, SECTION, unit="nats"),
    Published("objective at the end", 0.90, 0.05, SECTION, unit="nats"),
)
INFO = Info(
    name="activation",
    title="Metalearning an activation function",
    question="Does the gradient through all of training find a better activation than people did?",
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 3.4. The published script sets its random seed anew in every "
        "inner loop, so that its inner networks, after the first, all start alike"
    ),
    published=PUBLISHED,
    seeds={"smoke": 1, "quick": 2, "paper": 4},
    cost={"smoke": 8.0, "quick": 40.0, "paper": 680.0},
    peer_seconds=5670.0,
)
GRID = np.linspace(-6, 6, 241)  # where functions are stored, fitted and drawn


@dataclass(frozen=True)
class Config:
    """One activation function under the inner protocol; the outer settings matter for the learned
    one only."""

    function: str = LEARNED
    num_steps: int = 301
    batch_size: int = 100
    hidden: int = 128
    learning_rate: float = 0.01
    decay: float = 0.4
    noise: float = 0.1
    num_inits: int = 5  # fresh initial weights that test accuracy is averaged over
    outer_steps: int = 301
    outer_rate: float = 0.3
    clip: float = 0.1
    objective_steps: int = 200  # the last ones, whose mean loss is the objective
    meta_hidden: int = 100
    segments: int = 6  # straight lines of the fit
    cnn_steps: int = 6000  # training of the CNN with this activation; 0: leave it out
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig(num_samples=10_000)

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_name(self.function, (LEARNED, *HAND_MADE), "function")
        check_numbers(self, cnn_steps=0, decay=0, noise=0)
        if self.objective_steps > self.num_steps:
            raise UsageError(
                f"objective_steps must be at most num_steps = {self.num_steps}, got {self.objective_steps}"
            )


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the learned function and the hand-made ones."""
    smoke = {
        "num_steps": 12,
        "objective_steps": 8,
        "outer_steps": 2,
        "num_inits": 1,
        "cnn_steps": 10,
        "hidden": 32,
    }
    settings = {
        "smoke": smoke,
        "quick": {"outer_steps": 10, "num_inits": 2, "cnn_steps": 400},
        "paper": {},
    }[preset]
    names = (LEARNED, "relu") if preset == "smoke" else (LEARNED, *HAND_MADE)
    return [Config(function=name, **settings) for name in names]


def weight(config: Config) -> float:
    """Return the cost of a trial in units of that of a hand-made function: each outer step is an
    inner run and its gradient."""
    return 1 + config.outer_steps / 12 if config.function == LEARNED else 1


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Learn the function where it is not given, then measure it in the MLP, as a piecewise-linear
    fit, and in the CNN."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import Split
    from mnist1d.learning.activations import (
        fit_cnn,
        hand_made,
        learned,
        piecewise_fit,
        tabulated,
    )
    from mnist1d.learning.unrolled import (
        Inner,
        Outer,
        activation_learner,
        activation_measure,
    )

    sets = datasets_for(config.data, seeds, config.vary)
    tables = datasets_for(DataConfig(seed=config.data.seed), seeds, config.vary)
    inner = Inner(
        config.num_steps,
        config.batch_size,
        config.hidden,
        config.learning_rate,
        config.decay,
        config.noise,
    )
    begin, rows = time.perf_counter(), []
    measure = jax.jit(activation_measure(inner, config.num_inits), static_argnums=0)
    learn = None
    if config.function == LEARNED:
        outer = Outer(
            config.outer_steps,
            config.outer_rate,
            config.clip,
            config.meta_hidden,
            config.objective_steps,
        )
        learn = jax.jit(activation_learner(inner, outer))
        learn = learn.lower(jax.random.key(0), Split.of(sets[0])).compile()
    compile_seconds = time.perf_counter() - begin
    all_seconds = []
    for seed, data, table in zip(seeds, sets, tables, strict=True):
        begin, (outer_key, inner_key) = time.perf_counter(), jax.random.split(jax.random.key(seed))
        split = Split.of(data)
        if learn is None:
            f, params = hand_made, jnp.int32(HAND_MADE.index(config.function))
        else:
            f = learned
            params, start, objective = jax.block_until_ready(learn(outer_key, split))
            scalars = {"outer_seconds": [(time.perf_counter() - begin) / config.outer_steps]}
            rows += curve_rows(
                [seed], range(config.outer_steps), {"objective": objective[None]}
            ) + scalar_rows([seed], scalars)
            rows.append(Row(seed, "start", None, np.stack([GRID, learned(start, GRID)[0]])))
        values = np.asarray(f(params, jnp.asarray(GRID, jnp.float32))[0])
        rows.append(Row(seed, "function", None, np.stack([GRID, values])))
        acc, predictions = measure(f, params, inner_key, split)
        accs = {"test_acc": [acc]}
        rows += prediction_rows([seed], [predictions])
        if learn is not None:
            knots = piecewise_fit(GRID, values, config.segments)
            rows.append(Row(seed, "piecewise", None, np.stack([GRID[knots], values[knots]])))
            lines = jnp.asarray(np.interp(GRID, GRID[knots], values[knots]), jnp.float32)
            acc, predictions = measure(tabulated, (lines, GRID[0], GRID[-1]), inner_key, split)
            accs["piecewise_test_acc"] = [acc]
            rows += prediction_rows([seed], [predictions], "piecewise predictions")
        if config.cnn_steps:
            fit = fit_cnn(GRID, values, inner_key, config.cnn_steps, Split.of(table))
            accs["cnn_test_acc"] = [fit.curves["test_acc"][0, -1]]
            rows += prediction_rows([seed], fit.predictions, "cnn predictions")
        rows += scalar_rows([seed], accs)
        all_seconds.append(time.perf_counter() - begin)
    return rows + timing_rows(seeds, all_seconds, compile_seconds)


def measured(rows: Rows) -> dict[str, np.ndarray]:
    """Return test accuracies and the objective at both ends, (seeds,), under the names of the
    published figures."""
    found = {
        name: rows.where(function=name).final("test_acc")
        for name in (LEARNED, *HAND_MADE)
        if len(rows.where(function=name))
    }
    if LEARNED in found:
        objective = rows.where(function=LEARNED).curve("objective")[1]
        found |= {
            "objective at the start": objective[:, 0],
            "objective at the end": objective[:, -10:].mean(axis=1),
        }
    return found


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return a line per function, the piecewise-linear fit among them: test accuracy in the MLP and
    in the CNN."""
    published = {p.name: f"{100 * p.value:.1f}" for p in PUBLISHED} | {LEARNED: "65 to 69"}
    entries = [(LEARNED, LEARNED, "test_acc"), ("its fit by lines", LEARNED, "piecewise_test_acc")]
    entries += [(name, name, "test_acc") for name in HAND_MADE]
    lines = []
    for text, name, metric in entries:
        trial = rows.where(function=name)
        if len(trial):
            in_cnn = mean_cell(trial, "cnn_test_acc") if metric == "test_acc" else ""
            cells = [last_cell(trial, metric), count_cell(trial), in_cnn]
            lines.append([text, *cells, published.get(text, "")])
    return ["function", f"test acc, {CI}", "n", "in the CNN, %", "published, %"], lines


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw the learned functions with their fit, the objective against outer steps, and test
    accuracy of every function."""
    from mnist1d.plots import marks, style

    fig, (left, middle, right) = style.figure(1, 3, size=(10.5, 3.6))
    trial, learned = rows.where(function=LEARNED), style.COLORS[0]
    if len(trial):
        for i, seed in enumerate(sorted(trial.unique("seed"))):
            name = None if i else "learned, one line per seed"
            left.plot(*trial.array("function", seed), color=learned, linewidth=1.3, label=name)
        thin = {"color": style.GREY, "linewidth": 1.2}
        left.plot(*trial.array("start"), "--", label="at the start", **thin)
        fit = {"color": style.COLORS[1], "markersize": 3.5, "linewidth": 1}
        left.plot(*trial.array("piecewise"), "o-", label="piecewise linear, first seed", **fit)
        style.band(middle, *trial.curve("objective"), None, learned)
        for value in (1.35, 0.90):
            style.reference_line(middle, value, f"published: {value:.2f}")
        style.legend(left, loc="upper left")
    left.set(title="Learned function", xlabel="x", ylabel="f(x)")
    middle.set(title="Objective", xlabel="outer steps", ylabel="mean of the last 200 losses (nats)")
    published = {p.name: p.value for p in PUBLISHED}
    names = [name for name in (LEARNED, *HAND_MADE) if len(rows.where(function=name))]
    for i, name in enumerate(names):
        color = learned if name == LEARNED else style.INK
        acc = rows.where(function=name).final("test_acc")
        marks.dots(right, [i], [acc], mean_interval, color, across=True)
        if name in published:
            right.plot(published[name], i, "D", color=style.COLORS[1], mfc="white", markersize=5)
    if names:
        right.plot([], [], "o", color=style.INK, label="measured")
        right.plot([], [], "D", color=style.COLORS[1], mfc="white", label="published")
        style.legend(right, loc="lower right")
    right.set_yticks(range(len(names)), names)
    right.invert_yaxis()
    right.grid(axis="x")
    right.set(title="Test accuracy", xlabel="test accuracy")
    style.percent_axis(right, "x")
    n = len(trial.unique("seed"))
    per_seed = "dots are seeds" if n < 3 else "dots are means, lines 95% confidence intervals"
    caption = (
        f"A metalearned activation function over {n} seeds. Left: the function before and after "
        "metalearning, and straight lines fitted to it. Middle: the objective of the outer loop. "
        f"{style.band_words(n)} Right: test accuracy of the same network with the learned function "
        f"and with hand-made ones; {per_seed}, diamonds are published. Compare the first line on the "
        "right with the others."
    )
    return {"activation": (fig, caption)}


def bump(function: np.ndarray) -> tuple[float, float]:
    """Return the height of the bump between -4 and -1 over the lower of its two sides, and where
    the minimum to its right lies.

    function (2, n) holds x and f(x). The height is over the higher of the two valleys, so that a
    slope without a bump has 0 or less.
    """
    x, f = function
    top = int(np.flatnonzero((x >= -4) & (x <= -1))[f[(x >= -4) & (x <= -1)].argmax()])
    right = top + int(f[top:].argmin())
    return float(f[top] - max(f[: top + 1].min(), f[right])), float(x[right])


def claims(rows: Rows) -> list[Claim]:
    """Test the learned function against every hand-made one, the objective's fall, the function's
    shape, its fit and its transfer."""
    trial, result = rows.where(function=LEARNED), []
    if not len(trial):
        return result
    acc = trial.by_seed("test_acc")
    others = [name for name in HAND_MADE if len(rows.where(function=name))]
    if others:
        parts = [
            above(
                "",
                f"{LEARNED} - {name}, test acc",
                acc - rows.where(function=name).by_seed("test_acc"),
            )
            for name in others
        ]
        result.append(all_of(f"it beats {', '.join(others)}", parts, "65-69 > 59.5"))
    objective = trial.curve("objective")[1]
    start, end = objective[:, 0], objective[:, -10:].mean(axis=1)
    if objective.shape[1] < Config.outer_steps:  # too short for what was published of the end
        result.append(
            above(
                "the objective falls", "start - mean of the last 10 outer steps, nats", start - end
            )
        )
    else:
        parts = [
            within("", "objective at the start, nats", start, 1.30, 1.40),
            within("", "objective over the last 10 steps, nats", end, 0.85, 0.95),
        ]
        result.append(
            all_of("the objective falls from 1.35 to 0.90, within 0.05", parts, "1.35, 0.90")
        )
        heights, places = zip(
            *(bump(trial.array("function", seed)) for seed in sorted(trial.unique("seed"))),
            strict=True,
        )
        parts = [
            above("", "height of the bump between -4 and -1", heights),
            within("", "place of the minimum", places, -1, 1),
        ]
        result.append(
            all_of(
                "the function has a bump between -4 and -1 and a minimum near 0",
                parts,
                "bump between -4 and -1",
            )
        )
    loss = trial.by_seed("piecewise_test_acc") - acc
    result.append(
        above(
            "a few straight lines do about as well, within 2 points",
            "fit - learned, test acc",
            loss,
            -0.02,
        )
    )
    relu = rows.where(function="relu")
    if (
        len(relu)
        and "cnn_test_acc" in trial.unique("metric")
        and "cnn_test_acc" in relu.unique("metric")
    ):
        gain = trial.by_seed("cnn_test_acc") - relu.by_seed("cnn_test_acc")
        result.append(
            above(
                "in the CNN it beats relu (beyond the publication)",
                "learned - relu in the CNN, test acc",
                gain,
            )
        )
    return result
