"""The board as a picture: error on fresh signals per parameter and per second of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mnist1d.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_ERROR = 1e-4  # the bottom of a logarithmic axis


class Point(NamedTuple):
    """A model: its error on fresh signals in [0, 1], mean, low and high; its size and time."""

    name: str
    error: tuple[float, float, float]
    num_params: int | None
    seconds: float | None
    is_ours: bool = True  # ships with the package


def draw(points: Sequence[Point], least: float, human: float) -> Figure:
    """Draw error against parameters and against seconds per training, all on logarithmic axes;
    lines: the ideal observer's error `least`, and people's."""
    fig, axes = style.figure(1, 2, size=(9.4, 4.2), sharey=True)
    for ax, column, label in zip(
        axes, ("num_params", "seconds"), ("parameters", "seconds per training"), strict=True
    ):
        for point in points:
            x = getattr(point, column)
            if x:
                mean, low, high = (max(value, LEAST_ERROR) for value in point.error)
                color = style.INK if point.is_ours else style.COLORS[1]
                ax.plot([x, x], [low, high], color=color, linewidth=1.5)
                ax.plot(x, mean, "o", color=color, markersize=5)
                text = {"xytext": (5, 3), "textcoords": "offset points", "fontsize": 8}
                ax.annotate(point.name, (x, mean), color=color, **text)
        for value, name in ((human, "human, frozen test"), (least, "ideal observer")):
            ax.axhline(max(value, LEAST_ERROR), color=style.GREY, linestyle=":", linewidth=1.2)
            at = ("axes fraction", "data")
            place = (0.01, max(value, LEAST_ERROR))
            ax.annotate(name, place, xycoords=at, va="bottom", color=style.GREY, fontsize=8)
        ax.set(xscale="log", yscale="log", ylim=(LEAST_ERROR, 1), xlabel=label)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    axes[0].set_ylabel("error on fresh signals")
    return fig
