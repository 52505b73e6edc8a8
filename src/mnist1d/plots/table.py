"""The table of models as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mnist1d.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Interval = tuple[float, float, float]  # mean, low, high; low is infinite for one seed


def draw(
    rows: Sequence[tuple[str, bool, Interval, Interval | None]], test: str = "frozen"
) -> Figure:
    """Draw the rows of the table from the bottom up, with 95% confidence intervals.

    Args:
      rows: (name, whether it is the model in question, plain, shuffled); an interval is
        (mean, low, high).
      test: the test that the accuracies were measured on.

    Returns:
      A Matplotlib figure.

    Examples:
      >>> figure = draw([("CNN", True, (0.94, 0.93, 0.95), None)])
    """
    fig, ax = style.figure(size=(6.5, 1.3 + 0.34 * len(rows)))
    for i, (_, own, plain, shuffled) in enumerate(rows):
        color = style.COLORS[1] if own else style.INK
        if own:
            ax.axhspan(i - 0.45, i + 0.45, color=style.PALE, alpha=0.5, linewidth=0)
        _point(ax, i + 0.12, plain, color, color)
        _point(ax, i - 0.12, shuffled, color, "white")
        digits = 2 if plain[0] > 0.999 else 1  # the ideal observer's second one matters
        at, text = ("axes fraction", "data"), f"{100 * plain[0]:.{digits}f}"
        ax.annotate(text, (1.01, i), xycoords=at, va="center", color=color, fontsize=9)
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    for label, (_, own, *_rest) in zip(ax.get_yticklabels(), rows, strict=True):
        if own:
            label.set(color=style.COLORS[1], fontweight="bold")
    for face, text in ((style.INK, "in order"), ("white", "positions shuffled")):
        ax.plot([], [], "o", color=style.INK, markerfacecolor=face, label=text)
    label = f"Accuracy on the {test} test after the last step, mean and 95% CI over seeds"
    ax.set(xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4), xlabel=label)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x")
    style.percent_axis(ax, "x")
    crowded = len(rows) > 1 and rows[0][2][0] >= 0.6
    style.legend(ax, loc="upper left" if crowded else "lower right")
    return fig


def _point(ax: Axes, y: float, interval: Interval | None, color: str, face: str) -> None:
    if interval is None:
        return
    mean, low, high = interval
    if math.isfinite(low):
        ax.plot([low, high], [y, y], color=color, linewidth=1.5)
    ax.plot(mean, y, "o", color=color, markerfacecolor=face, markersize=6, clip_on=False)
