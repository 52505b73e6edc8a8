"""Lottery tickets.

Train a network with two hidden layers, prune its smallest weights layer by layer (weights and
biases together), reset the others to their initial values, and repeat while the sparsity rises from
0 to 1. Weights are scored after 1,000 of the 1,501 steps, the notebook's last checkpoint. The
control prunes weights at random. The masks at 92% sparsity are then tested on a fresh data set: as
it is, reversed in time, with permuted positions, with the halves of each signal exchanged
(chunked), and with newly drawn initial weights. A ticket with a spatial prior should keep
neighbouring inputs: we count runs of 2, 3 and 4 inputs of a hidden unit that are all kept.

Each seed draws initial weights and two data sets, one to find the masks and one to test them. Seed
0 uses those of the notebook.

Rows: train and test accuracy, loss and sparsity at the end of each round (step: the round);
`NETWORK VARIANT test_acc` against training steps on the fresh set; `adjacent K` (mean over hidden
units), its standard error `adjacent K se`, and `adjacent K by chance`, for the same weights placed
at random; `mask LAYER`, (inputs + 1, units), whose last row is the biases.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers, check_whole
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, all_of, keep_measured, within
from mnist1d.experiments.datasets import check_varied, config_for
from mnist1d.experiments.fits import timed_seed
from mnist1d.experiments.predictions import prediction_rows
from mnist1d.experiments.present import CI, cell, printed_cell, seed_range
from mnist1d.experiments.published import NOTEBOOK, PAPER, TITLE, Published, in_notebook, in_paper
from mnist1d.experiments.rows import NONE, Row, Rows, Values, curve_rows, scalar_rows, values_of
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.generate import make_dataset
from mnist1d.learning.masks import adjacency, adjacent_shares, full_mask, joined

if TYPE_CHECKING:
    from mnist1d.learning import Split

VARIANTS = {  # of the fresh set: their names in tables
    **{"plain": "as is", "reversed": "reversed", "permuted": "permuted", "chunked": "chunked"},
    "redrawn": "weights redrawn",
}
PRINTED = {  # the notebook's test accuracies in percent after 6,000 steps: two trials per variant
    "dense": ((64.2, 64.2), (63.0, 63.1), (63.1, 64.4), (65.3, 62.9), (63.3, 64.2)),
    "ticket": ((64.9, 66.8), (61.8, 63.8), (63.0, 62.6), (61.3, 62.4), (64.7, 66.3)),
    "random": ((61.5, 58.4), (60.9, 59.6), (61.9, 59.5), (59.4, 59.0), (60.8, 60.1)),
}


def name_of(network: str, variant: str) -> str:
    """Return the name of a published or measured accuracy on the fresh set."""
    return network if variant == "plain" else f"{network} {variant}"


def _printed(network: str, variant: str, runs: tuple[float, float]) -> Published:
    called = f"{network.replace('random', 'random mask')}, {VARIANTS[variant]}"
    key = (called, "step", "6000", "test_acc")
    return in_notebook(name_of(network, variant), runs, "lottery-tickets", key)


IN_PAPER = {"dense": 64, "ticket": 71, "random": 58, "ticket permuted": 63, "ticket redrawn": 67}
PUBLISHED = (
    *(in_paper(name, percent, "section 3.1") for name, percent in IN_PAPER.items()),
    in_paper("ticket, peak over sparsity", 74, "section 3.1: 73 to 75", 1),
    in_paper("random, peak over sparsity", 69, "section 3.1: 68 to 70", 1),
    *(_printed(n, v, r) for n, of in PRINTED.items() for v, r in zip(VARIANTS, of, strict=True)),
)
INFO = Info(
    name="lottery",
    title="Lottery tickets",
    question="Do the weights that survive pruning form a spatial prior the dense network lacks?",
    source=(
        f"{TITLE}, section 3.1; the method is that of Frankle and Carbin, The Lottery Ticket "
        "Hypothesis (ICLR 2019, arXiv 1803.03635)"
    ),
    published=PUBLISHED,
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 8.0, "quick": 34.0, "paper": 8600.0},
    peer_seconds=4390.0,
    variations={
        "hidden=100": "a fifth of the published number of units",
        "ticket_sparsity=0.8,0.95": "denser and sparser tickets",
    },
)
PRUNED = {"magnitude": "ticket", "random": "random"}  # selection: the network that it gives
RUNS = {2: "pairs", 3: "triples", 4: "quadruples"}  # of neighbouring inputs
FINE = 50  # rounds; with fewer, the sparsity is too coarse to say where the accuracy peaks


@dataclass(frozen=True)
class Config:
    """One way to select the weights that stay."""

    selection: str = "magnitude"
    hidden: int = 500
    num_rounds: int = 100
    num_steps: int = 1501
    score_at_step: int = 1000  # score the weights of this step: the notebook's last checkpoint
    batch_size: int = 100
    learning_rate: float = 0.02
    ticket_sparsity: float = 0.92  # of the tested masks: those of the nearest round
    ticket_steps: int = 6000
    ticket_batch_size: int = 500
    ticket_eval_every: int = 100
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_name(self.selection, PRUNED, "selection")
        check_numbers(self, num_rounds=2, ticket_sparsity=0)  # from the dense network to none
        check_varied(self.vary)
        check_whole(self.score_at_step, 1, "score_at_step", self.num_steps)
        if self.ticket_sparsity >= 1:
            raise UsageError(f"ticket_sparsity must be below 1, got {self.ticket_sparsity}")

    @property
    def sparsities(self) -> np.ndarray:
        """The fraction of weights pruned by each round, (rounds,)."""
        return np.linspace(0, 1, self.num_rounds)

    @property
    def ticket_round(self) -> int:
        """The round whose masks are tested; never the last round, which prunes everything."""
        return int(np.abs(self.sparsities[:-1] - self.ticket_sparsity).argmin())


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: the tickets and their control."""
    small = {"ticket_batch_size": 100, "hidden": 20, "num_rounds": 5, "num_steps": 20}
    large = {"ticket_batch_size": 100, "hidden": 250, "num_rounds": 13, "num_steps": 400}
    sizes = {
        "smoke": small | {"score_at_step": 13, "ticket_steps": 20, "ticket_eval_every": 10},
        "quick": large | {"score_at_step": 267, "ticket_steps": 450},
        "paper": {},
    }[preset]
    return [Config(selection=selection, **sizes) for selection in PRUNED]


def weight(config: Config) -> float:
    """Return a trial's relative cost: magnitude also trains the dense network."""
    return 1.45 if config.selection == "magnitude" else 1.0


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Prune and rewind round after round, then train the ticket's masks on the fresh set."""
    import jax

    from mnist1d.learning import Settings, jit_once
    from mnist1d.learning.compilation import timed_each
    from mnist1d.learning.models import mlp
    from mnist1d.learning.pruning import PARTS, PrunedTraining, prune

    init = jit_once(mlp(hidden=config.hidden, num_inputs=config.data.final_seq_length).init)
    # with few rounds, compiling a program for every size takes more time than it saves
    parts = PARTS if config.num_rounds >= FINE else 1
    steps, size, rate = config.num_steps, config.batch_size, config.learning_rate
    found_by = Settings(steps, size, rate, eval_every=steps, snapshot_at=config.score_at_step)
    steps, size = config.ticket_steps, config.ticket_batch_size
    tested_by = Settings(steps, size, rate, eval_every=config.ticket_eval_every)

    def of_seed(cycle: PrunedTraining, test: PrunedTraining, seed: int) -> list[Row]:
        rows: list[Row] = []
        with timed_seed(rows, seed, cycle, test):
            initial, redrawn = (jax.device_get(init(jax.random.key(2 * seed + i))) for i in (0, 1))
            split, variants = splits_of(config, seed)
            rng = np.random.default_rng(seed) if config.selection == "random" else None
            train = partial(cycle, seed, split)
            curves, masks = prune(train, initial, config.sparsities, config.ticket_round, rng)
            rows += curve_rows([seed], range(config.num_rounds), curves)
            dense = {"dense": full_mask(initial)} if config.selection == "magnitude" else {}
            networks = dense | {PRUNED[config.selection]: masks}
            for (network, mask), variant in itertools.product(networks.items(), VARIANTS):
                start = redrawn if variant == "redrawn" else initial
                fit, name = test(seed, variants[variant], start, mask), f"{network} {variant}"
                curves = {f"{name} {of}": fit.curves[of] for of in ("train_acc", "test_acc")}
                rows += curve_rows([seed], np.asarray(fit.steps), curves)
                rows += prediction_rows([seed], [fit.predictions], f"{name} predictions")
        rows += scalar_rows([seed], adjacency(masks["dense1"]["w"], tuple(RUNS)))
        for layer, mask in masks.items():
            rows.append(Row(seed, f"mask {layer}", None, joined(mask).astype(np.uint8)))
        return rows

    def prepare(_: object) -> Callable[[int], list[Row]]:
        return partial(of_seed, PrunedTraining(found_by, parts), PrunedTraining(tested_by, parts))

    return [row for rows in timed_each(prepare, seeds).results for row in rows]


def splits_of(config: Config, seed: int) -> tuple[Split, dict[str, Split]]:
    """Return the Split on which a seed finds its masks, and the variants of the fresh data set,
    drawn with the next seed of the generator, on which the masks are tested."""
    from mnist1d.learning import Split

    found_on = config_for(config.data, seed, config.vary, stride=2)
    fresh = make_dataset(config_for(found_on, 1), dtype="float32")
    half = fresh.x.shape[1] // 2  # the notebook's four chunks in the order 3, 4, 1, 2
    chunked = fresh.replace(x=np.roll(fresh.x, -half, 1), x_test=np.roll(fresh.x_test, -half, 1))
    variants = {"plain": fresh, "reversed": fresh.reversed(), "permuted": fresh.shuffled(seed=0)}
    variants |= {"chunked": chunked, "redrawn": fresh}
    splits = {variant: Split.of(data) for variant, data in variants.items()}
    return Split.of(make_dataset(found_on, dtype="float32")), splits


def on_fresh(rows: Rows, network: str, variant: str = "plain") -> Values:
    """Return the final test accuracy of a network on a variant of the fresh set, by seed."""
    return values_of(rows, f"{network} {variant} test_acc")


def peaks(rows: Rows, selection: str) -> tuple[Values, Values]:
    """Return where each seed's test accuracy peaks over sparsity, and the accuracy there, after a
    running mean over 5 rounds (1 with fewer rounds than FINE): the maximum of 100 noisy values
    overestimates the peak."""
    trial = rows.where(selection=selection)
    (_, sparsity), (_, acc) = trial.curve("sparsity"), trial.curve("test_acc")
    width = 5 if acc.shape[1] >= FINE else 1
    smooth = np.lib.stride_tricks.sliding_window_view(acc, width, axis=1).mean(axis=2)
    best = smooth.argmax(axis=1)
    at, keys = np.arange(len(acc)), trial.where(metric="test_acc").seeds
    return Values(keys, sparsity[at, best + width // 2]), Values(keys, smooth[at, best])


def measured(rows: Rows) -> dict[str, Values]:
    """Return test accuracies and peaks by seed, under the names of the published figures."""
    result = {name_of(n, v): on_fresh(rows, n, v) for n in PRINTED for v in VARIANTS}
    for selection in rows.split("selection", PRUNED):
        result[f"{PRUNED[selection]}, peak over sparsity"] = peaks(rows, selection)[1]
    return {name: values for name, values in result.items() if len(values)}


def table(rows: Rows) -> TextTable:
    """Return test accuracies on the fresh set in percent, above those of paper and notebook."""
    lines = []
    for network in PRINTED:
        accs = [on_fresh(rows, network, variant) for variant in VARIANTS]
        if all(map(len, accs)):
            lines.append([network, *map(cell, accs), str(len(accs[0]))])
            for origin in (PAPER, NOTEBOOK):
                names = (name_of(network, variant) for variant in VARIANTS)
                cells = [printed_cell(PUBLISHED, name, origin) for name in names]
                lines.append([f"{network}, {origin}", *cells, ""])
    return [f"test accuracy on fresh data, {CI}", *VARIANTS.values(), "n"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test the sentences, paired by seed, which fixes data sets and initial weights."""
    dense, ticket, random = ({v: on_fresh(rows, n, v) for v in VARIANTS} for n in PRINTED)
    gain = {variant: ticket[variant] - dense[variant] for variant in VARIANTS}
    points = partial(above, unit=POINTS)

    def wins(variant: str, text: str, words: str, value: float) -> Claim:
        quantity = f"ticket - dense, {VARIANTS[variant]}, test accuracy"
        return points(text, quantity, gain[variant], published=words, published_value=value)

    def adjacent(length: int, name: str) -> Claim:
        ticket, random = (rows.where(selection=selection) for selection in PRUNED)
        mine, metric = values_of(ticket, f"adjacent {length}"), f"adjacent {length}"
        chance, other = values_of(ticket, f"{metric} by chance"), values_of(random, metric)
        own, control = f"{name} above each unit's own chance", f"{name}, ticket - random mask"
        parts = [points("", own, mine - chance), points("", control, mine - other)]
        text = f"the ticket keeps more adjacent {name} of weights than by chance"
        return all_of(text, parts, "more local connectivity")

    def peak(selection: str, name: str, low: float, high: float) -> Claim:
        trial = rows.where(selection=selection)
        fine = len(trial.where(metric="sparsity").unique("step")) >= FINE
        words = f"{100 * low:.0f} to {100 * high:.0f}%"
        text = f"the {name} is best between {words.replace('to', 'and')} sparsity"
        at = peaks(rows, selection)[0] if fine else NONE
        return within(text, "sparsity at the peak", at, low, high, published=words, unit=SHARE)

    taken = [
        points("", "ticket, as is - permuted, test accuracy", ticket["plain"] - ticket["permuted"]),
        points("", "half the gain - gain when permuted", gain["plain"] * 0.5 - gain["permuted"]),
    ]
    said = "as in the paper; its notebook prints 62.8 and 63.1"
    beats = "the ticket still beats the dense network"
    worse = "a random ticket is worse than the dense network"
    quantity, loss = "dense - random, test accuracy", dense["plain"] - random["plain"]
    found = [
        wins("plain", "the ticket beats the dense network", "71 > 64", 0.07),
        wins("reversed", f"{beats} when the signals are reversed", said, -0.0025),
        wins("redrawn", f"{beats} with newly drawn weights", "67 > 64", 0.03),
        all_of("permuting removes more than half of the ticket's gain", taken, "63 < 64"),
        points(worse, quantity, loss, published="58 < 64", published_value=0.06),
        *(adjacent(*run) for run in RUNS.items()),
        peak("magnitude", "ticket", 0.85, 0.92),
        peak("random", "random mask", 0.70, 0.80),
    ]
    return keep_measured(found)


def figures(rows: Rows) -> Figures:
    """Draw accuracies, and the masks of the first layer with their units sorted by adjacency."""
    from mnist1d.plots import style
    from mnist1d.plots.pruning import accuracy_figure, mask_figure

    n, curves, masks, ratios, marked = seed_range(rows), {}, {}, {}, None
    for selection, trial in rows.split("selection", PRUNED).items():
        network = PRUNED[selection]
        sparsity = trial.curve("sparsity")[1].mean(axis=0)
        curves[network] = sparsity, trial.curve("test_acc")[1]
        wanted = trial.config()["ticket_sparsity"]
        marked = float(sparsity[np.abs(sparsity[:-1] - wanted).argmin()])
        mask = trial.array("mask dense1")[:-1]  # (inputs, units)
        order = np.lexsort([mask.sum(axis=0), *(adjacent_shares(mask > 0, k) for k in RUNS)])
        masks[network], ratios[network] = mask[:, order[::-1]], []
        for length in RUNS:
            chance = values_of(trial, f"adjacent {length} by chance")
            share = values_of(trial, f"adjacent {length}")
            ratios[network].append((share / chance.keep(chance.array > 0)).array)
    fresh = {n: [on_fresh(rows, n, v).array for v in VARIANTS] for n in PRINTED}
    fresh = {network: accs for network, accs in fresh.items() if len(accs[0])}
    accuracy = (
        "Left: test accuracy after each round of pruning, by magnitude (lottery ticket) and at "
        f"random. {style.band_words(*n)} Right: the networks at the marked sparsity, trained on "
        "fresh data: as it is, reversed in time, with the positions in other orders, and with new "
        f"initial weights. {style.dot_words(*n)} The axis does not start at 0. Compare the ticket "
        "with the dense network in each column."
    )
    adjacent = (
        "First-layer weights kept (black) by the lottery ticket and by a random mask, first seed; "
        "one row per hidden unit. Right: how often 2, 3 or 4 neighbouring inputs are all kept, "
        "relative to the same number of weights placed at random in each unit. "
        f"{style.dot_words(*n)} Above 1: more often than by chance."
    )
    columns = [name.replace("weights ", "weights\n") for name in VARIANTS.values()]
    return {
        "accuracy": (accuracy_figure(curves, marked, fresh, columns), accuracy),
        "masks": (mask_figure(masks, ratios, list(RUNS.values())), adjacent),
    }
