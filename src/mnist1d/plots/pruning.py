"""Figures of pruned networks: accuracy against sparsity, first-layer masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.intervals import SHARE
from mnist1d.plots import marks, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = {"dense": "dense network", "ticket": "lottery ticket", "random": "random mask"}
COLORS = {"dense": style.INK, "ticket": style.COLORS[0], "random": style.COLORS[1]}


def accuracy_figure(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    marked: float | None,
    fresh: Mapping[str, Sequence[np.ndarray]],
    variants: Sequence[str],
) -> Figure:
    """Draw test accuracy against sparsity, and the test accuracy of each network on every variant
    of a data set.

    curves: sparsity (rounds,) and accuracy (seeds, rounds) by network. marked: the sparsity of the
    networks in `fresh`, whose accuracies (seeds,) are in the order of `variants`.
    """
    fig, (left, right) = style.figure(1, 2, size=(9.4, 3.9), width_ratios=(1, 1.15))
    for network, (sparsity, acc) in curves.items():
        style.band(left, sparsity, acc, LABELS[network], COLORS[network], unit=SHARE)
    if marked is not None:
        text = f"{100 * marked:.0f}%: the masks\nused on the right"
        marks.vertical_label(left, marked, text, side="left", at="bottom")
        style.legend(left, loc="lower left")
    left.set(title="While pruning", xlabel="weights dropped", ylabel="test accuracy", xlim=(0, 1))
    for i, (network, accs) in enumerate(fresh.items()):
        at = np.arange(len(variants)) + (i - (len(fresh) - 1) / 2) * 0.2
        marks.dots(right, at, accs, COLORS[network], LABELS[network], unit=SHARE)
    right.set_title("The same masks on a fresh data set")
    right.set_xticks(range(len(variants)), variants)
    right.margins(y=0.12)
    style.percent_axis(left, "xy")
    style.percent_axis(right)
    if fresh:
        style.legend(right, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    return fig


def mask_figure(
    masks: Mapping[str, np.ndarray],
    ratios: Mapping[str, Sequence[np.ndarray]],
    runs: Sequence[str],
) -> Figure:
    """Draw the masks (inputs, units) of a ticket and of random pruning, and how often runs of
    neighbouring inputs are kept relative to chance, (seeds,) for each run length."""
    fig, (*panels, right) = style.figure(1, 3, size=(9.4, 3.9))
    for ax, network in zip(panels, ("ticket", "random"), strict=True):
        if network not in masks:
            ax.set_axis_off()
            continue
        ax.imshow(
            masks[network].T, aspect="auto", cmap="Greys", interpolation="none", vmin=0, vmax=1
        )
        ax.grid(False)
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.set(title=LABELS[network].capitalize(), xlabel="input position")
        at = np.arange(len(runs)) + (0.1 if network == "random" else -0.1)
        marks.dots(right, at, ratios[network], COLORS[network], LABELS[network])
    panels[0].set_ylabel("hidden units, most adjacent first")
    style.reference_line(right, 1, "chance", at="left")
    right.set(title="Neighbours kept, × chance", ylim=(0, None), xlim=(-0.8, len(runs) - 0.6))
    right.set_xticks(range(len(runs)), runs)
    right.yaxis.set_major_formatter("{x:g}×")
    style.legend(right, loc="upper left")
    return fig
