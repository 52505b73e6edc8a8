"""The one style of every figure: light ground, readable at print size, colours that colour-blind
readers can tell apart.

Only matplotlib's object interface is used (no pyplot), so a figure never touches the backend or the
figures of a caller, and the global settings are changed inside a call only.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtrit

from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.files import atomic_path

try:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter
except ImportError as error:
    raise MissingExtraError(
        "figures need matplotlib, which is not installed; pip install 'matplotlib>=3.8' or the extra [lab]"
    ) from error

INK, GREY, PALE = "#222222", "#6e6e6e", "#dcdcdc"
# Okabe and Ito's palette for colour-blind readers, darker hues first; its yellow is left out, it
# vanishes on white
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222")
STILLS = (".png", ".pdf", ".svg")

# Sizes agree with matplotlib's own defaults, so that what a study draws after `figure` returned
# looks the same
SETTINGS = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same glyphs on every machine
    "font.size": 10,
    "axes.labelsize": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.prop_cycle": matplotlib.cycler(color=COLORS),
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,  # whole TrueType fonts: journals refuse matplotlib's default, type 3
    "svg.fonttype": "path",
    "svg.hashsalt": "mnist1d",  # otherwise the ids in an SVG are drawn anew for every file
}


def figure(
    rows: int = 1, cols: int = 1, size: tuple[float, float] | None = None, **subplots: Any
) -> tuple[Figure, Any]:
    """Make a figure of rows x cols panels: (figure, axes), axes an array unless there is one panel
    only.

    `size` is width and height in inches, 4 by 3 a panel unless told; `subplots` goes to
    `Figure.subplots` (sharex, width_ratios).
    """
    with matplotlib.rc_context(SETTINGS):
        fig = Figure(figsize=size or (4.0 * cols, 3.0 * rows), layout="constrained")
        return fig, fig.subplots(rows, cols, **subplots)


def band(
    ax,
    steps: Sequence[float],
    values: np.ndarray,
    label: str | None = None,
    color: str | None = None,
    linestyle: str = "-",
    **line,
):
    """Draw the mean over seeds and its 95 % band (Student's t); below three seeds one thin line a
    seed instead.

    steps (steps,), values (seeds, steps); NaN marks a missing value. `line` goes to `Axes.plot`.
    Returns the labelled line.
    """
    steps, values = np.asarray(steps), np.atleast_2d(np.asarray(values, dtype=float))
    if values.shape[1:] != steps.shape:
        raise ValueError(
            f"a band needs values of shape (seeds, steps) with {len(steps)} steps, got {values.shape}"
        )
    if color is None:
        color = ax.plot([], [])[0].get_color()  # takes the next colour of the cycle
    if len(values) < 3:
        thin = {"linewidth": 1.0, **line}
        lines = [ax.plot(steps, seed, linestyle, color=color, **thin)[0] for seed in values]
        lines[0].set_label(label)
        return lines[0]
    count = np.isfinite(values).sum(axis=0)  # (steps,)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(values, axis=0) / count
        std = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / (count - 1))
        half = stdtrit(np.maximum(count - 1, 1), 0.975) * std / np.sqrt(count)
    ax.fill_between(steps, mean - half, mean + half, color=color, alpha=0.2, linewidth=0)
    return ax.plot(steps, mean, linestyle, color=color, label=label, **line)[0]


def reference_line(ax, y: float, text: str, color: str = GREY, linestyle: str = ":"):
    """Draw a horizontal line at y across the panel, named in small print at its right end; for
    published figures."""
    ax.axhline(y, color=color, linestyle=linestyle, linewidth=1.2, zorder=1)
    return ax.annotate(
        text,
        (1, y),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        color=color,
        fontsize=8,
    )


def legend(ax, **settings: Any):
    """Add the legend in the one style: small, no frame; `settings` goes to `legend` of the axes or
    figure given."""
    return ax.legend(**{"fontsize": 8, "frameon": False, "labelcolor": INK, **settings})


def scatter_classes(ax, points: np.ndarray, labels: np.ndarray, title: str) -> None:
    """Draw points (n, 2) of a map without scale, coloured by label 0 .. 9, each class named at its
    median."""
    ax.scatter(*points.T, c=labels, cmap="tab10", vmin=0, vmax=9, s=5, linewidths=0)
    box = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    for label in np.unique(labels):
        ax.annotate(
            str(label),
            np.median(points[labels == label], axis=0),
            ha="center",
            va="center",
            weight="bold",
            bbox=box,
        )
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)


def percent_axis(ax, which: str = "y") -> None:
    """Show an axis that runs over [0, 1] in percent; which is "x" or "y"."""
    {"x": ax.xaxis, "y": ax.yaxis}[which].set_major_formatter(PercentFormatter(1.0, decimals=None))


def ending_of(path: str | Path, endings: Sequence[str]) -> str:
    """Return the lower-case ending of path, which must be one of `endings`."""
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise UsageError(f"a figure's file name ends in {', '.join(endings)}; got {str(path)!r}")
    return ending


def save(fig: Figure, path: str | Path, dpi: int = 200) -> Path:
    """Write a figure as png, pdf or svg, by the ending of path; atomic. Raises UsageError for
    another ending."""
    path, ending = Path(path), ending_of(path, STILLS)
    with atomic_path(path) as part:
        part.write_bytes(rendered(fig, ending[1:], dpi))
    return path


def rendered(fig: Figure, kind: str = "svg", dpi: int = 200) -> bytes:
    """Return a figure as the bytes of a png, pdf or svg file: the same bytes for the same figure.

    Pdf and svg carry no date; an svg's ids hang on its content only. The first call settles the
    layout: draw everything before it.
    """
    metadata = {"png": None, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[kind]
    content = io.BytesIO()
    with matplotlib.rc_context(SETTINGS):
        settle(fig)
        fig.savefig(content, format=kind, dpi=dpi, metadata=metadata)
    return content.getvalue()


def settle(fig: Figure) -> None:
    """Compute the layout once and keep it: solved again it starts from the last solution, and a
    second file would differ from the first."""
    if fig.get_layout_engine() is not None:
        fig.draw_without_rendering()
        fig.set_layout_engine("none")


def close(fig: Figure) -> None:
    """Free what a figure holds. Nothing else knows it, so a figure that goes out of scope needs no
    closing."""
    fig.clear()
