"""Lottery tickets.

A network of two hidden layers is trained, its smallest weights are dropped layer by layer (weights
and bias together), the others rewound to their initial values, and so on, round after round, while
the sparsity rises from 0 to 1. The weights are scored after 1,000 of the 1,501 steps, the
notebook's last checkpoint. The control drops weights at random. At 92% sparsity the masks are then
judged on a fresh data set: as they are, with the signals reversed in time, with their positions
permuted, with the two halves of each signal exchanged (chunked), and with all surviving weights
drawn anew. What is adjacent in the signal should be adjacent in the mask: we count the runs of 2, 3
and 4 neighbouring inputs of a hidden unit that all survive.

Each seed draws two data sets, one to find the masks and one to judge them, and initial weights;
seed 0 sees those of the notebook.

Rows: train and test accuracy and loss, and sparsity, at the end of each round (step: the round);
`NETWORK VARIANT test_acc` against training steps on the fresh set; `adjacent K` (its mean over
hidden units), `adjacent K se`, and `adjacent K by chance`, what each unit would have if its weights
lay anywhere; `mask LAYER`, (inputs + 1, units), the last row for the biases.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import Claim, above, all_of, keep_measured, within
from mnist1d.experiments.datasets import check_varied, config_for
from mnist1d.experiments.estimates import POINTS, SHARE
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import cell
from mnist1d.experiments.published import NOTEBOOK, PAPER, Published, find, in_notebook, in_paper
from mnist1d.experiments.rows import Row, Rows, curve_rows, scalar_rows, values_of
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values
from mnist1d.generate import make_dataset
from mnist1d.learning.masks import (
    Params,
    adjacency,
    adjacent_shares,
    full_mask,
    joined,
    lowest_dropped,
    sparsity_of,
    split_off,
)

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

NETWORKS = ("dense", "ticket", "random")


PRINTED = {  # the notebook's test accuracies in percent after the last step, of its two trials
    ("dense", "plain"): (64.2, 64.2),
    ("dense", "reversed"): (63.0, 63.1),
    ("dense", "permuted"): (63.1, 64.4),
    ("dense", "chunked"): (65.3, 62.9),
    ("dense", "redrawn"): (63.3, 64.2),
    ("ticket", "plain"): (64.9, 66.8),
    ("ticket", "reversed"): (61.8, 63.8),
    ("ticket", "permuted"): (63.0, 62.6),
    ("ticket", "chunked"): (61.3, 62.4),
    ("ticket", "redrawn"): (64.7, 66.3),
    ("random", "plain"): (61.5, 58.4),
    ("random", "reversed"): (60.9, 59.6),
    ("random", "permuted"): (61.9, 59.5),
    ("random", "chunked"): (59.4, 59.0),
    ("random", "redrawn"): (60.8, 60.1),
}


CALLED = {"random": "random mask", "plain": "as is", "redrawn": "weights redrawn"}  # there


def _printed(network: str, variant: str) -> Published:
    """Return what the notebook prints of a network on one variant of the fresh set."""
    called = ", ".join(CALLED.get(word, word) for word in (network, variant))
    key = (called, "step", "6000", "test_acc")
    return in_notebook(name_of(network, variant), PRINTED[network, variant], "lottery-tickets", key)


def name_of(network: str, variant: str) -> str:
    """Return the name under which an accuracy on the fresh set is published and measured."""
    return network if variant == "plain" else f"{network} {variant}"


PUBLISHED = (
    in_paper("dense", 64, "section 3.1"),
    in_paper("ticket", 71, "section 3.1"),
    in_paper("ticket permuted", 63, "section 3.1"),
    in_paper("ticket redrawn", 67, "section 3.1"),
    in_paper("random", 58, "section 3.1"),
    in_paper("ticket, peak over sparsity", 74, "section 3.1: 73 to 75", 1),
    in_paper("random, peak over sparsity", 69, "section 3.1: 68 to 70", 1),
    *(_printed(network, variant) for network, variant in PRINTED),
)


INFO = Info(
    name="lottery",
    title="Lottery tickets",
    question=(
        "Do the few weights that win their place by training carry a prior that the dense "
        "network lacks?"
    ),
    source=(
        "Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D (ICML 2024, arXiv "
        "2011.14439), section 3.1; the method is that of Frankle and Carbin, The Lottery "
        "Ticket Hypothesis (ICLR 2019, arXiv 1803.03635)"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 3, "paper": 8},
    cost={"smoke": 8.0, "quick": 45.0, "paper": 8600.0},
    peer_seconds=4390.0,
    variations={
        "hidden=100": "a fifth of the published number of units",
        "ticket_sparsity=0.8,0.95": "denser and sparser tickets",
    },
)

SELECTIONS = ("magnitude", "random")
VARIANTS = ("plain", "reversed", "permuted", "chunked", "redrawn")
RUNS = (2, 3, 4)  # how many neighbouring inputs
FINE = 50  # rounds: with fewer, sparsity is too coarse to say where the accuracy peaks


@dataclass(frozen=True)
class Config:
    """One way of choosing the weights that stay; magnitude also trains the dense network on the
    fresh set."""

    selection: str = "magnitude"
    hidden: int = 500
    num_rounds: int = 100
    num_steps: int = 1501
    score_at_step: int = 1000  # whose weights are scored: the notebook's last checkpoint
    batch_size: int = 100
    learning_rate: float = 0.02
    ticket_sparsity: float = (
        0.92  # of the masks judged on the fresh set: those of the round nearest to it
    )
    ticket_steps: int = 6000
    ticket_batch_size: int = 500
    ticket_eval_every: int = 100
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_name(self.selection, SELECTIONS, "selection")
        check_numbers(
            self, num_rounds=2, ticket_sparsity=0
        )  # at least two rounds: from the dense network to none
        check_varied(self.vary)
        if self.score_at_step > self.num_steps:
            rule = f"score_at_step must be at most num_steps = {self.num_steps}"
            raise UsageError(f"{rule}, got {self.score_at_step}")
        if self.ticket_sparsity >= 1:
            raise UsageError(f"ticket_sparsity must be below 1, got {self.ticket_sparsity}")

    @property
    def sparsities(self) -> np.ndarray:
        """The share of weights dropped in each round, (rounds,)."""
        return np.linspace(0, 1, self.num_rounds)

    @property
    def ticket_round(self) -> int:
        """The round whose masks are judged."""
        return nearest_round(self.num_rounds, self.ticket_sparsity)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the tickets and their control."""
    sizes = {
        "smoke": {
            "hidden": 20,
            "num_rounds": 5,
            "num_steps": 20,
            "score_at_step": 13,
            "ticket_steps": 20,
            "ticket_batch_size": 100,
            "ticket_eval_every": 10,
        },
        "quick": {
            "hidden": 250,
            "num_rounds": 13,
            "num_steps": 400,
            "score_at_step": 267,
            "ticket_steps": 600,
            "ticket_batch_size": 100,
            "ticket_eval_every": 100,
        },
        "paper": {},
    }[preset]
    return [Config(selection=selection, **sizes) for selection in SELECTIONS]


def weight(config: Config) -> float:
    """Return the cost of a trial in units of the random masks'; magnitude also trains the dense
    network on the fresh set."""
    return 1.45 if config.selection == "magnitude" else 1.0


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Prune and rewind round after round, then train the chosen masks on the fresh set; one seed
    after the other."""
    import jax

    from mnist1d.learning import Settings, jit_once
    from mnist1d.learning.models import mlp
    from mnist1d.learning.pruning import PARTS, PrunedTraining

    init = jit_once(mlp(hidden=config.hidden, num_inputs=config.data.final_seq_length).init)
    parts = (
        PARTS if config.num_rounds >= FINE else 1
    )  # with few rounds, compiling for every size takes longer than it saves
    train, ticket = config.num_steps, config.ticket_steps
    cycle = PrunedTraining(
        Settings(
            train,
            config.batch_size,
            config.learning_rate,
            eval_every=train,
            snapshot_at=config.score_at_step,
        ),
        parts,
    )
    judge = PrunedTraining(
        Settings(
            ticket,
            config.ticket_batch_size,
            config.learning_rate,
            eval_every=config.ticket_eval_every,
        ),
        parts,
    )
    rows = []
    for seed in seeds:
        begin, compiled = time.perf_counter(), cycle.compile_seconds + judge.compile_seconds
        initial, redrawn = (
            jax.device_get(init(jax.random.key(number))) for number in (2 * seed, 2 * seed + 1)
        )
        split, splits = splits_of(config, seed)
        found, masks = rounds(config, seed, initial, partial(cycle, seed, split))
        rows += curve_rows(
            [seed], range(config.num_rounds), {name: values[None] for name, values in found.items()}
        )
        networks = (
            {"random": masks}
            if config.selection == "random"
            else {"dense": full_mask(initial), "ticket": masks}
        )
        for network, mask in networks.items():
            for variant in VARIANTS:
                fit = judge(
                    seed, splits[variant], redrawn if variant == "redrawn" else initial, mask
                )
                curves = {
                    f"{network} {variant} {name}": np.asarray(fit.curves[name])[None]
                    for name in ("train_acc", "test_acc")
                }
                rows += curve_rows([seed], np.asarray(fit.steps), curves)
                name = f"{network} {variant} predictions"
                rows += prediction_rows([seed], [fit.predictions], name)
        compiled = cycle.compile_seconds + judge.compile_seconds - compiled
        scalars = {
            "seconds": time.perf_counter() - begin - compiled,
            "compile_seconds": compiled,
            **adjacency(masks["dense1"]["w"], RUNS),
        }
        rows += scalar_rows([seed], {name: [value] for name, value in scalars.items()})
        rows += [
            Row(seed, f"mask {layer}", None, joined(mask).astype(np.uint8))
            for layer, mask in masks.items()
        ]
    return rows


def splits_of(config: Config, seed: int) -> tuple[Any, dict[str, Any]]:
    """Return the Split on which a seed's masks are found, and that of each variant, on which they
    are judged: a fresh data set, drawn with the next seed of the generator."""
    from mnist1d.learning import Split

    found_on = config_for(config.data, seed, config.vary, stride=2)
    fresh = make_dataset(config_for(found_on, 1), dtype="float32")
    variants = {
        "plain": fresh,
        "reversed": fresh.reversed(),
        "permuted": fresh.shuffled(seed=0),
        "chunked": halves_exchanged(fresh),
        "redrawn": fresh,
    }
    splits = {variant: Split.of(data) for variant, data in variants.items()}
    return Split.of(make_dataset(found_on, dtype="float32")), splits


def halves_exchanged(data: Dataset) -> Dataset:
    """Return the data with the second half of each signal before the first: what the notebook's
    chunks of 10 positions in the order 3, 4, 1, 2 come to."""
    half = data.x.shape[1] // 2
    x, x_test = (np.roll(part, -half, axis=1) for part in (data.x, data.x_test))
    return data.replace(x=x, x_test=x_test)


def rounds(
    config: Config, seed: int, initial: Params, train: Callable[[Params, Params], Any]
) -> tuple[dict[str, np.ndarray], Params]:
    """Prune, rewind and train once a round with train(params, mask) -> Fit, whose snapshot is
    scored; return the metrics at each round's end, (rounds,) each, and the masks of the ticket
    round."""
    rng, trained = np.random.default_rng(seed), initial
    metrics: dict[str, list[float]] = {
        name: [] for name in ("train_acc", "test_acc", "train_loss", "test_loss", "sparsity")
    }
    for i, sparsity in enumerate(config.sparsities):
        scores = {layer: np.abs(joined(p)) for layer, p in trained.items()}
        if config.selection == "random":
            scores = {layer: rng.random(s.shape, np.float32) for layer, s in scores.items()}
        masks = {layer: split_off(lowest_dropped(s, sparsity)) for layer, s in scores.items()}
        fit = train(
            initial, masks
        )  # masked from the first step: the others start from their initial values again
        trained = {
            layer: {name: np.asarray(a) for name, a in p.items()}
            for layer, p in fit.snapshot.items()
        }
        for name, values in fit.curves.items():
            metrics[name].append(float(values[-1]))
        metrics["sparsity"].append(sparsity_of(masks))
        if i == config.ticket_round:
            chosen = masks
    return {name: np.array(values) for name, values in metrics.items()}, chosen


def nearest_round(num_rounds: int, sparsity: float) -> int:
    """Return the round nearest to a sparsity, never the last, which drops everything."""
    return int(np.abs(np.linspace(0, 1, num_rounds)[:-1] - sparsity).argmin())


def on_fresh(rows: Rows, network: str, variant: str = "plain") -> Values:
    """Return the final test accuracy of a network on a variant of the fresh set, by seed."""
    return values_of(rows, f"{network} {variant} test_acc")


def measured(rows: Rows) -> dict[str, Values]:
    """Return test accuracies on the fresh set, and the peaks over the rounds, by seed, under the
    names of the published figures."""
    result = {name_of(n, v): on_fresh(rows, n, v) for n in NETWORKS for v in VARIANTS}
    for selection, name in (("magnitude", "ticket"), ("random", "random")):
        if len(rows.where(selection=selection)):
            result[f"{name}, peak over sparsity"] = peaks(rows, selection)[1]
    return {name: values for name, values in result.items() if len(values)}


def peaks(rows: Rows, selection: str) -> tuple[Values, Values]:
    """Return where each seed's test accuracy peaks over sparsity, and how high.

    A running mean over 5 rounds (1 where there are fewer than FINE) is what peaks: the highest of
    100 noisy values is too high.
    """
    trial = rows.where(selection=selection)
    (_, sparsity), (_, acc) = trial.curve("sparsity"), trial.curve("test_acc")
    width = 5 if acc.shape[1] >= FINE else 1
    smooth = np.lib.stride_tricks.sliding_window_view(acc, width, axis=1).mean(axis=2)
    best = smooth.argmax(axis=1)
    at, keys = np.arange(len(acc)), sorted(trial.where(metric="test_acc").unique("seed"))
    return Values(keys, sparsity[at, best + width // 2]), Values(keys, smooth[at, best])


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return final test accuracies on the fresh set in percent, network by variant: mean over seeds
    and 95% interval; below each, what paper and notebook give."""
    lines = []
    for network in NETWORKS:
        cells = [on_fresh(rows, network, variant) for variant in VARIANTS]
        if all(map(len, cells)):
            lines.append([network, *map(cell, cells), str(len(cells[0]))])
            for origin in (PAPER, NOTEBOOK):
                found = [find(PUBLISHED, name_of(network, v), origin) for v in VARIANTS]
                shown = [f"{100 * p.value:.3g}" if p else "" for p in found]
                lines.append([f"{network}, {origin}", *shown, ""])
    names = ["as is", "reversed", "permuted", "chunked", "weights redrawn"]
    return ["test acc % on fresh data", *names, "n"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test the sentences on the fresh set, paired by seed, which fixes data sets and initial
    weights; then adjacency, and where the peaks lie."""
    ticket, dense, random = (
        {v: on_fresh(rows, n, v) for v in VARIANTS} for n in ("ticket", "dense", "random")
    )
    gain = {variant: ticket[variant] - dense[variant] for variant in VARIANTS}
    points = partial(above, unit=POINTS)

    def wins(variant: str, text: str, published: str, value: float) -> Claim:
        quantity = f"ticket - dense, {CALLED.get(variant, variant)}, test acc"
        return points(text, quantity, gain[variant], 0, published, published_value=value)

    def adjacent(length: int, name: str) -> Claim:
        mine, other, chance = (
            values_of(rows.where(selection=selection), f"adjacent {length}{end}")
            for selection, end in (*((s, "") for s in SELECTIONS), ("magnitude", " by chance"))
        )
        parts = [
            points("", f"{name} above each unit's own chance", mine - chance),
            points("", f"{name}, ticket - random mask", mine - other),
        ]
        text = f"the ticket has more adjacent weights than chance: {name}"
        return all_of(text, parts, "more local connectivity")

    def peak(selection: str, name: str, low: float, high: float) -> Claim:
        trial = rows.where(selection=selection)
        fine = len(trial.where(metric="sparsity").unique("step")) >= FINE
        text = f"the {name} is best between {100 * low:.0f} and {100 * high:.0f}% sparsity"
        words, where = f"{100 * low:.0f} to {100 * high:.0f}%", "sparsity at the peak"
        at = peaks(rows, selection)[0] if fine else Values((), ())
        return within(text, where, at, low, high, words, unit=SHARE)

    taken = [
        points("", "ticket, as is - permuted, test acc", ticket["plain"] - ticket["permuted"]),
        points("", "half the gain - gain when permuted", gain["plain"] * 0.5 - gain["permuted"]),
    ]
    found = [
        wins("plain", "the ticket beats the dense network", "71 > 64", 0.07),
        wins(
            "reversed",
            "the ticket still beats the dense network when the signals are reversed",
            "so the paper; its notebook prints 62.8 and 63.1",
            -0.0025,
        ),
        wins(
            "redrawn",
            "the ticket still beats the dense network with newly drawn weights",
            "67 > 64",
            0.03,
        ),
        all_of(
            "permuting the positions takes away more than half of the ticket's gain",
            taken,
            "63 < 64",
        ),
        points(
            "a random ticket is worse than the dense network",
            "dense - random, test acc",
            dense["plain"] - random["plain"],
            0,
            "58 < 64",
            published_value=0.06,
        ),
        *(adjacent(k, n) for k, n in zip(RUNS, ("pairs", "triples", "quadruples"), strict=True)),
        peak("magnitude", "ticket", 0.85, 0.92),
        peak("random", "random mask", 0.70, 0.80),
    ]
    return keep_measured(found)


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw accuracy against sparsity and on the fresh set; adjacency; the first layer's masks,
    units sorted by adjacency."""
    return {"accuracy": _accuracy_figure(rows), "masks": _mask_figure(rows)}


LABELS = {"dense": "dense network", "ticket": "lottery ticket", "random": "random mask"}
SHORT = {"plain": "as is", "redrawn": "weights\nredrawn"}


def _colors() -> dict[str, str]:
    from mnist1d.plots import style

    return {"dense": style.INK, "ticket": style.COLORS[0], "random": style.COLORS[1]}


def _accuracy_figure(rows: Rows) -> Captioned:
    from mnist1d.plots import marks, style

    colors, at = _colors(), None
    fig, (left, right) = style.figure(1, 2, size=(9.4, 3.9), width_ratios=(1, 1.15))
    for selection, name in (("magnitude", "ticket"), ("random", "random")):
        if len(trial := rows.where(selection=selection)):
            sparsity = trial.curve("sparsity")[1].mean(axis=0)
            curve = trial.curve("test_acc")[1]
            style.band(left, sparsity, curve, LABELS[name], colors[name], unit="%")
            wanted = trial.records[0].config["ticket_sparsity"]
            at = sparsity[nearest_round(len(sparsity), wanted)]
    if at is not None:
        text = f"{100 * at:.0f}%: the masks\nused on the right"
        marks.vertical_label(left, at, text, side="left", at="bottom")
        style.legend(left, loc="lower left")
    left.set(title="While pruning", xlabel="weights dropped", ylabel="test accuracy", xlim=(0, 1))
    shown = [network for network in colors if len(_by_seed(rows, network))]
    for i, network in enumerate(shown):
        cells = [_by_seed(rows, network, v).array for v in VARIANTS]
        x = np.arange(len(VARIANTS)) + (i - (len(shown) - 1) / 2) * 0.2
        marks.dots(right, x, cells, colors[network], LABELS[network], unit="%")
    right.set_title("The same masks on a fresh data set")
    right.set_xticks(range(len(VARIANTS)), [SHORT.get(variant, variant) for variant in VARIANTS])
    right.margins(y=0.12)
    style.percent_axis(left)
    style.percent_axis(left, "x")
    style.percent_axis(right)
    if shown:
        style.legend(right, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    n = len(rows.unique("seed"))
    marks_are = "dots are seeds" if n < 3 else "dots are means, lines 95% confidence intervals"
    caption = (
        "Left: test accuracy after each round of pruning, by magnitude (lottery ticket) and at random. "
        f"{style.band_words(n)} Right: the networks pruned that far, trained on fresh data: as "
        "it is, reversed in time, with other orders of the positions, and with new initial weights; "
        f"{marks_are}. The axis does not start at 0. Compare the ticket with the dense network in each "
        "column."
    )
    return fig, caption


def _mask_figure(rows: Rows) -> Captioned:
    from mnist1d.plots import marks, style

    colors = _colors()
    fig, axes = style.figure(1, 3, size=(9.4, 3.9))
    pairs = (("magnitude", "ticket"), ("random", "random"))
    for ax, (selection, name) in zip(axes, pairs, strict=False):
        if not len(trial := rows.where(selection=selection)):
            ax.set_axis_off()
            continue
        mask = trial.array("mask dense1")[:-1]  # (inputs, units)
        order = np.lexsort([mask.sum(axis=0), *(adjacent_shares(mask > 0, k) for k in RUNS)])[::-1]
        kept = mask[:, order].T
        ax.imshow(kept, aspect="auto", cmap="Greys", interpolation="none", vmin=0, vmax=1)
        ax.grid(False)
        ax.set(title=LABELS[name].capitalize(), xlabel="input position")
        for k, length in enumerate(RUNS):
            share = _by_seed(trial, metric=f"adjacent {length}")
            chance = _by_seed(trial, metric=f"adjacent {length} by chance")
            ratio = (share / chance.keep(chance.array > 0)).array
            place, text = k + (0.1 if name == "random" else -0.1), None if k else LABELS[name]
            marks.dots(axes[2], [place], [ratio], colors[name], text)
    axes[0].set_ylabel("hidden units, most adjacent first")
    style.reference_line(axes[2], 1, "chance")
    axes[2].set(title="Neighbours kept, × chance", ylim=(0, None), xlim=(-0.5, len(RUNS) - 0.5))
    axes[2].set_xticks(range(len(RUNS)), ["pairs", "triples", "quadruples"])
    axes[2].yaxis.set_major_formatter("{x:g}×")
    style.legend(axes[2], loc="upper left")
    n = len(rows.unique("seed"))
    marks_are = "dots are seeds" if n < 3 else "dots are means, lines 95% confidence intervals"
    caption = (
        "First-layer weights kept (black) by the lottery ticket and by a random mask, first seed; a "
        "line per hidden unit. Right: how often 2, 3 or 4 neighbouring inputs are all kept, relative "
        "to the same number of weights kept at random in each unit; all start at 0, "
        f"{marks_are} over {n} seeds. Values above 1 mean that kept weights lie side by side."
    )
    return fig, caption


def _by_seed(rows: Rows, network: str = "", variant: str = "plain", *, metric: str = "") -> Values:
    """Return the last value of a test accuracy on the fresh set, or of any metric, by seed."""
    found = rows.where(metric=metric or f"{network} {variant} test_acc")
    return found.by_seed(found.unique("metric")[0]) if len(found) else Values([], [])
