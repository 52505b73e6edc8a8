"""The board as a figure: error on fresh signals against parameters and against training time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mnist1d.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST_ERROR = 1e-4  # the bottom of a logarithmic axis
FONT_SIZE = 8
# Of a name beside its point, in typographic points: to the right, to the left, then farther off
PLACES = [
    (side * 6, dy) for dy in (0, 6, -6, 12, -12, 18, -18, 24, -24, 30, -30) for side in (1, -1)
]
Box = tuple[float, float, float, float]  # left, bottom, right, top


class Point(NamedTuple):
    """A model: its error on fresh signals in [0, 1] (mean, low, high), its size and its training
    time."""

    name: str
    error: tuple[float, float, float]
    num_params: int | None
    seconds: float | None
    is_ours: bool = True  # comes with the package


def draw(points: Sequence[Point], least: float, human: float) -> Figure:
    """Draw error against parameters and against training time, on logarithmic axes. Lines: the
    errors of the ideal observer (`least`) and of the human."""
    fig, axes = style.figure(1, 2, size=(9.4, 5.2), sharey=True)
    for ax, column, label in zip(
        axes, ("num_params", "seconds"), ("parameters", "seconds per training"), strict=True
    ):
        known = [point for point in points if getattr(point, column)]
        for point in known:
            x = getattr(point, column)
            mean, low, high = (max(value, LEAST_ERROR) for value in point.error)
            ax.plot([x, x], [low, high], color=_color(point), linewidth=1.5)
            ax.plot(x, mean, "o", color=_color(point), markersize=5)
        for value, name in ((human, "human, frozen test"), (least, "ideal observer")):
            ax.axhline(max(value, LEAST_ERROR), color=style.GREY, linestyle=":", linewidth=1.2)
            at = ("axes fraction", "data")
            place = (0.01, max(value, LEAST_ERROR))
            ax.annotate(name, place, xycoords=at, va="top", color=style.GREY, fontsize=8)
        ax.set(xscale="log", yscale="log", ylim=(LEAST_ERROR, 1), xlabel=label)
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
        _name(ax, known, column)
    axes[0].set_ylabel("error on fresh signals")
    return fig


def _color(point: Point) -> str:
    return style.INK if point.is_ours else style.COLORS[1]


def _name(ax: Axes, points: Sequence[Point], column: str) -> None:
    """Write each point's name beside it, at the first of PLACES that is still free; axes whose
    limits are set."""
    if not points:
        return
    ax.set_xlim(*ax.get_xlim())
    places = [(getattr(point, column), max(point.error[0], LEAST_ERROR)) for point in points]
    dots = ax.transData.transform(places) * 72 / ax.figure.dpi  # in typographic points
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in dots]
    for point, place, (x, y) in zip(points, places, dots, strict=True):
        width = 0.58 * FONT_SIZE * len(point.name)

        def box(dx: float, dy: float, x=x, y=y, width=width) -> Box:
            left = x + dx if dx > 0 else x + dx - width
            return left, y + dy - FONT_SIZE / 2, left + width, y + dy + FONT_SIZE / 2

        free = (at for at in PLACES if not any(_overlap(box(*at), other) for other in taken))
        dx, dy = next(free, PLACES[0])
        taken.append(box(dx, dy))
        ax.annotate(
            point.name,
            place,
            xytext=(dx, dy),
            textcoords="offset points",
            ha="left" if dx > 0 else "right",
            va="center",
            color=_color(point),
            fontsize=FONT_SIZE,
        )


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
