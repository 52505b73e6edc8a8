"""Marks that several figures share: means with intervals, and labels beside lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mnist1d.intervals import over_seeds
from mnist1d.plots.style import GREY, INK, band

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def dots(
    ax: Axes,
    at: Sequence[float] | np.ndarray,
    samples: Sequence[ArrayLike],
    color: str,
    label: str | None = None,
    *,
    unit: str = "",
    across: bool = False,
    hollow: bool = False,
    marker: str = "o",
) -> None:
    """Draw a dot at each mean over seeds and a bar over its 95% confidence interval; with fewer
    than three seeds, draw one small dot per seed instead.

    at: the other coordinate of each dot. samples: the values by seed, one array per dot. unit: "%"
    for fractions, whose interval stays in [0, 1]. across: draw the bars along x instead of y.
    """

    def plot(along: ArrayLike, beside: ArrayLike, *style: Any, **settings: Any) -> None:
        ax.plot(*((along, beside) if across else (beside, along)), *style, **settings)

    face = "white" if hollow else color
    for position, sample in zip(at, samples, strict=True):
        values = np.asarray(sample, dtype=float)
        values = values[np.isfinite(values)]
        if 0 < len(values) < 3:
            plot(values, [position] * len(values), marker, color=color, mfc=face, ms=3.5, zorder=3)
        elif len(values):
            mean, low, high = over_seeds(values, unit)
            plot([low, high], [position] * 2, color=color, linewidth=1.6, zorder=2)
            plot([mean], [position], marker, color=color, mfc=face, markersize=5.5, zorder=3)
    if label is not None:
        ax.plot([], [], marker, color=color, mfc=face, markersize=5.5, label=label)


class Named:
    """The lines of one panel, each labelled at the right edge in its own colour.

    Draw with `band` and `level`, set the limits of the panel, then call `label`.
    """

    def __init__(self, ax: Axes) -> None:
        self.ax = ax
        self.ends: list[tuple[float, str, str]] = []  # y, name, colour

    def band(
        self, steps: ArrayLike, values: ArrayLike, name: str, color: str, *style: str, **line: Any
    ) -> None:
        """Draw values (seeds, steps) like `style.band`."""
        band(self.ax, steps, values, None, color, *style, **line)
        last = np.atleast_2d(np.asarray(values, dtype=float))[:, -1]
        is_log = line.get("log", False)
        self.ends.append(
            (float(np.exp(np.log(last).mean()) if is_log else last.mean()), name, color)
        )

    def level(self, y: float, name: str, color: str = INK) -> None:
        """Draw a dotted horizontal line across the panel."""
        self.ax.axhline(y, color=color, linestyle=":", linewidth=1.2, zorder=1)
        self.ends.append((y, name, color))

    def label(self) -> None:
        """Write the labels."""
        end_labels(self.ax, self.ends)


def end_labels(
    ax: Axes, labels: Sequence[tuple[float, str, str]], *, fontsize: float = 8, gap: float = 5
) -> None:
    """Label lines at the right edge of a panel, (y, text, color) each. Labels that would overlap
    are moved apart and connected to their lines. Call this last, when the y limits are final."""
    if not labels:
        return
    spec = ax.get_subplotspec()
    rows = spec.get_gridspec().nrows if spec else 1
    inches = ax.figure.bbox.height / ax.figure.dpi
    height = 72 * inches * 0.72 / rows  # of the panel in points, roughly
    ax.get_ylim()  # updates the limits
    order = sorted(range(len(labels)), key=lambda i: labels[i][0])
    to_axes = ax.transScale + ax.transLimits
    wanted = np.array([to_axes.transform((1, labels[i][0]))[1] for i in order]) * height
    moves = spread(wanted, 1.25 * fontsize) - wanted
    led = bool((np.abs(moves) > 3).any())  # a thin line from each label to its line
    leader = {"arrowstyle": "-", "linewidth": 0.6, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 0}
    for i, move in zip(order, moves, strict=True):
        y, text, color = labels[i]
        ax.annotate(
            text,
            (1, y),
            xycoords=("axes fraction", "data"),
            xytext=(gap + 10 * led, move),
            textcoords="offset points",
            va="center",
            color=color,
            fontsize=fontsize,
            arrowprops={**leader, "color": color} if led else None,
            annotation_clip=False,
        )


def spread(wanted: np.ndarray, distance: float) -> np.ndarray:
    """Return positions near the wanted ones (n,), ascending, at least `distance` apart.

    Neighbours that would overlap form a block, centred at the mean of their wanted positions;
    blocks that overlap are merged.
    """
    blocks: list[tuple[float, int]] = []  # sum of the wanted positions, count
    for value in wanted:
        blocks.append((float(value), 1))
        while len(blocks) > 1:
            (below, m), (above, n) = blocks[-2:]
            if above / n - below / m >= (m + n) / 2 * distance - 1e-9:
                break
            blocks[-2:] = [(below + above, m + n)]
    return np.array(
        [
            total / number + (i - (number - 1) / 2) * distance
            for total, number in blocks
            for i in range(number)
        ]
    )


def vertical_label(
    ax: Axes, x: float, text: str, color: str = GREY, *, side: str = "right", at: str = "top"
) -> None:
    """Draw a dotted vertical line at x with a label at its upper or lower end."""
    ax.axvline(x, color=color, linestyle=":", linewidth=1.2, zorder=1)
    right = side == "right"
    ax.annotate(
        text,
        (x, 1 if at == "top" else 0),
        xycoords=("data", "axes fraction"),
        xytext=(4 if right else -4, -2 if at == "top" else 3),
        textcoords="offset points",
        ha="left" if right else "right",
        va=at,
        color=color,
        fontsize=8,
    )


def class_labels(ax: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    """Label each class of a map where its points (n, 2) are densest; labels that would overlap are
    moved apart."""
    from matplotlib.patheffects import withStroke

    low, high = points.min(axis=0), points.max(axis=0)
    unit = (points - low) / np.where(high > low, high - low, 1)  # (n, 2) in [0, 1]
    classes = list(np.unique(labels))
    places = apart(np.array([_densest(unit[labels == label]) for label in classes]), 0.07)
    for label, place in zip(classes, places, strict=True):
        ax.annotate(
            str(label),
            low + place * (high - low),
            ha="center",
            va="center",
            fontsize=12,
            fontweight="bold",
            color=INK,
            path_effects=[withStroke(linewidth=3.5, foreground="white")],
            zorder=4,
        )


def _densest(points: np.ndarray, neighbours: int = 20) -> np.ndarray:
    """Return the point (2,) of (n, 2) with the nearest neighbours."""
    points = points[:: max(1, len(points) // 500)]
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    at = min(neighbours, len(points) - 1)
    return points[np.partition(distance, at, axis=1)[:, at].argmin()]


def apart(places: np.ndarray, distance: float) -> np.ndarray:
    """Move positions (n, 2) apart until no two are closer than `distance`, or for 200 rounds."""
    places = np.array(places, dtype=float)
    for _ in range(200):
        gap = places[:, None] - places[None]  # (n, n, 2)
        length = np.linalg.norm(gap, axis=2)
        near = (length < distance) & ~np.eye(len(places), dtype=bool)
        if not near.any():
            break
        away = np.where(length[..., None] > 1e-9, gap / np.maximum(length, 1e-9)[..., None], 0)
        same = near & (length <= 1e-9)  # two at the same position: move the later one to the right
        away[..., 0] += np.where(same, np.sign(np.subtract.outer(*[np.arange(len(places))] * 2)), 0)
        step = np.where(near, (distance - length) / 2 + 1e-4, 0)
        places += (away * step[..., None]).sum(axis=1)
    return places
