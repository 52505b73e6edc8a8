"""The benchmark table as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mnist1d.plots import style

Interval = tuple[float, float, float] | None  # mean, low, high


def draw(rows: Sequence[tuple[str, bool, Interval, Interval]]) -> Any:
    """Draw rows (name, whether it is the model in question, plain, shuffled) from the bottom up;
    intervals are 95 %."""
    fig, ax = style.figure(size=(6.5, 1.3 + 0.42 * len(rows)))
    for i, (_, own, plain, shuffled) in enumerate(rows):
        color = style.COLORS[1] if own else style.INK
        if own:
            ax.axhspan(i - 0.45, i + 0.45, color=style.PALE, alpha=0.5, linewidth=0)
        for part, marker, face, height in (
            (plain, "o", color, 0.12),
            (shuffled, "o", "white", -0.12),
        ):
            if part is not None:
                mean, low, high = part
                if math.isfinite(low):
                    ax.plot([low, high], [i + height] * 2, color=color, linewidth=1.5)
                ax.plot(mean, i + height, marker, color=color, markerfacecolor=face, markersize=6)
        if plain is not None:
            ax.annotate(
                f"{100 * plain[0]:.1f}",
                (1.01, i),
                xycoords=("axes fraction", "data"),
                va="center",
                color=color,
                fontsize=9,
            )
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    for label, (_, own, *_rest) in zip(ax.get_yticklabels(), rows, strict=True):
        label.set(
            color=style.COLORS[1] if own else style.INK, fontweight="bold" if own else "normal"
        )
    for face, text in ((style.INK, "in order"), ("white", "positions shuffled")):
        ax.plot([], [], "o", color=style.INK, markerfacecolor=face, label=text)
    ax.set(
        xlim=(0, 1),
        ylim=(-0.6, len(rows) - 0.4),
        xlabel="Test accuracy after the last step, mean and 95 % interval over seeds",
    )
    ax.grid(axis="y", visible=False)
    style.percent_axis(ax, "x")
    style.legend(
        ax,
        loc="lower right"
        if len(rows) < 2 or rows[0][2] is None or rows[0][2][0] < 0.6
        else "upper left",
    )
    return fig
