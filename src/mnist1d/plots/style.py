"""The common style of all figures: light background, readable at print size, colours for
colour-blind readers.

Only matplotlib's object interface is used (no pyplot), so a figure never affects the caller's
backend or figures, and global settings change only inside a call.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.files import atomic_path
from mnist1d.intervals import over_seeds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation

try:
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure
except ImportError as error:
    raise MissingExtraError(
        "figures need matplotlib, which is not installed; pip install 'matplotlib>=3.8' or the "
        "extra [lab]"
    ) from error

INK, GREY, PALE = "#222222", "#6e6e6e", "#dcdcdc"
# Okabe and Ito's palette for colour-blind readers, darker hues first, without its yellow, which is
# hard to see on white
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222")
STILLS = (".png", ".pdf", ".svg")

# Ten classes in Paul Tol's muted palette for colour-blind readers, with a darker grey
CLASS_COLORS = (
    "#332288",
    "#88ccee",
    "#44aa99",
    "#117733",
    "#999933",
    "#ddcc77",
    "#cc6677",
    "#882255",
    "#aa4499",
    "#7a7a7a",
)

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
    "font.size": 9,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 9,
    "axes.labelsize": 8.5,
    "axes.labelpad": 5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.grid.which": "major",
    "grid.color": PALE,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 1.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
    "axes.prop_cycle": cycler(color=COLORS),
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.08,
    "pdf.fonttype": 42,  # TrueType fonts: journals reject matplotlib's default, type 3
    "svg.fonttype": "path",  # glyphs as outlines, so that no font is needed to open the file
    "svg.hashsalt": "mnist1d",  # otherwise the ids in an SVG differ between files
}

Captioned = tuple[Figure, str]  # what a study's `figures` returns for each name


def styled() -> contextlib.AbstractContextManager[None]:
    """Return the style as a context manager or decorator: figures drawn inside have the common
    style, whatever the caller's settings."""
    return matplotlib.rc_context(SETTINGS)


class _NotebookFigure(Figure):
    """A figure that a notebook shows. Jupyter knows how to show a plain one only after pyplot has
    been imported."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        with styled():
            self.savefig(content, format="png", dpi=110)
        return content.getvalue()


def figure(
    rows: int = 1, cols: int = 1, size: tuple[float, float] | None = None, **subplots: Any
) -> tuple[Figure, Any]:
    """Make a figure in the package's style.

    Args:
      rows: rows of panels.
      cols: columns of panels.
      size: width and height in inches; default: 4 by 3 per panel.
      **subplots: for `Figure.subplots`, for example sharex or width_ratios.

    Returns:
      (figure, axes); axes is an array unless there is only one panel.

    Examples:
      >>> fig, axes = figure(1, 2)
      >>> axes.shape
      (2,)
    """
    with styled():
        fig = _NotebookFigure(figsize=size or (4.0 * cols, 3.0 * rows), layout="constrained")
        return fig, fig.subplots(rows, cols, **subplots)


def band(
    ax: Axes,
    steps: ArrayLike,
    values: ArrayLike,
    label: str | None = None,
    color: str | None = None,
    linestyle: str = "-",
    *,
    unit: str = "",
    log: bool = False,
    **line: Any,
) -> Line2D:
    """Draw the mean over seeds and its 95% confidence band; below three seeds, one line per seed.

    Args:
      ax: the panel.
      steps: horizontal values (steps,).
      values: (seeds, steps); NaN marks a missing value.
      label: name in the legend.
      color: of the line.
      linestyle: of the line.
      unit: "%" for fractions, whose band stays in [0, 1].
      log: average logarithms, so that the band of a positive quantity stays positive.
      **line: for `Axes.plot`.

    Returns:
      The labelled line.

    Raises:
      ValueError: if the shapes of steps and values do not fit together.

    Examples:
      >>> fig, ax = figure()
      >>> line = band(ax, [0, 1], [[0.1, 0.5], [0.2, 0.6], [0.1, 0.7]], "CNN", unit="%")
      >>> line.get_label()
      'CNN'
    """
    steps, values = np.asarray(steps), np.atleast_2d(np.asarray(values, dtype=float))
    if values.shape[1:] != steps.shape:
        raise ValueError(
            f"values must have the shape (seeds, {len(steps)}), one column per step; "
            f"got {values.shape}"
        )
    if color is None:
        color = str(ax.plot([], [])[0].get_color())  # takes the next colour of the cycle
    if len(values) < 3:
        thin = {"linewidth": 1.0, **line}
        lines = [ax.plot(steps, seed, linestyle, color=color, **thin)[0] for seed in values]
        lines[0].set_label(label)
        return lines[0]
    mean, low, high = over_seeds(np.log(values) if log else values, unit)
    if log:
        mean, low, high = np.exp([mean, low, high])
    ax.fill_between(steps, low, high, color=color, alpha=0.2, linewidth=0)
    return ax.plot(steps, mean, linestyle, color=color, label=label, **line)[0]


def band_words(num_seeds: int, fewest: int | None = None) -> str:
    """Return the sentence of a caption about the lines that `band` draws. fewest: the smallest
    number of seeds of a line, if lines differ."""
    if num_seeds == 1:
        return "One line per setting: one seed, so there is no interval."
    if num_seeds < 3:
        return f"One thin line per seed ({num_seeds} seeds)."
    return (
        f"Lines are means over {_count(num_seeds, fewest)}, bands their 95% confidence intervals."
    )


def dot_words(num_seeds: int, fewest: int | None = None) -> str:
    """Return the sentence of a caption about the dots that `marks.dots` draws; fewest: as for
    `band_words`."""
    if num_seeds < 3:
        return "Dots are seeds."
    return f"Dots are means over {_count(num_seeds, fewest)}, bars their 95% confidence intervals."


def _count(num_seeds: int, fewest: int | None) -> str:
    return f"{num_seeds} seeds" if fewest in (None, num_seeds) else f"{fewest} to {num_seeds} seeds"


def reference_line(
    ax: Axes, y: float, text: str, color: str = GREY, linestyle: str = ":", at: str = "right"
) -> Annotation:
    """Draw a horizontal line across the panel, with its name in small print.

    Args:
      ax: the panel.
      y: its height.
      text: its name.
      color: of the line.
      linestyle: of the line.
      at: end at which the name stands, "right" or "left".

    Returns:
      The annotation.

    Examples:
      >>> fig, ax = figure()
      >>> reference_line(ax, 0.5, "chance").get_text()
      'chance'
    """
    ax.axhline(y, color=color, linestyle=linestyle, linewidth=1.2, zorder=1)
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    x, shift = (1, -2) if at == "right" else (0, 2)
    return ax.annotate(text, (x, y), xytext=(shift, 2), ha=at, color=color, fontsize=8, **place)


def legend(ax: Axes | Figure, **settings: Any) -> Legend:
    """Add a legend in small print without a frame.

    Args:
      ax: the panel or the figure.
      **settings: for Matplotlib's `legend`.

    Returns:
      The legend.

    Examples:
      >>> fig, ax = figure()
      >>> line = ax.plot([0, 1], label="CNN")
      >>> len(legend(ax).get_texts())
      1
    """
    return ax.legend(**{"fontsize": 8, "frameon": False, "labelcolor": INK, **settings})


def shared_legend(fig: Figure, ax: Axes, columns: int) -> None:
    """Add a legend for the lines of one panel below all panels, with a maximum number of
    columns."""
    handles, labels = ax.get_legend_handles_labels()
    width = (
        5 * max(map(len, labels), default=0) + 40
    )  # approximate width of a legend entry in points
    columns = min(columns, max(1, int(72 * fig.get_figwidth() / width)))
    legend(fig, handles=handles, labels=labels, loc="outside lower center", ncols=columns)


def grid(count: int, columns: int, panel: tuple[float, float], **subplots: Any):
    """Make a figure with `count` panels, at most `columns` side by side: (figure, list of axes).

    panel: width and height of one panel in inches. Cells of the grid without a panel stay empty.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    size = (panel[0] * columns, panel[1] * rows + 0.5)
    fig, axes = figure(rows, columns, size, squeeze=False, **subplots)
    for ax in axes.flat[count:]:
        ax.set_visible(False)
    return fig, list(axes.flat[:count])


def scatter_classes(ax: Axes, points: np.ndarray, labels: np.ndarray, title: str) -> None:
    """Draw points (n, 2) of a map without axis scales, coloured by label 0 to 9;
    `marks.class_labels` labels the classes."""
    colors = [CLASS_COLORS[int(label) % len(CLASS_COLORS)] for label in labels]
    ax.scatter(*points.T, c=colors, s=np.clip(6000 / len(points), 3, 16), linewidths=0)
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)
    ax.spines["bottom"].set_visible(False)


def percent_axis(ax: Axes, which: str = "y") -> None:
    """Show an axis over [0, 1] in percent.

    Args:
      ax: the panel.
      which: "x", "y" or "xy".

    Examples:
      >>> fig, ax = figure()
      >>> percent_axis(ax)
    """
    for axis in [ax.xaxis] * ("x" in which) + [ax.yaxis] * ("y" in which):
        axis.set_major_formatter(lambda value, _: f"{100 * value:.6g}%")


def ticks(ax: Axes, values: Sequence[float], labels: Sequence[str] | None = None) -> None:
    """Set the ticks of the x axis and remove minor ticks; default labels: 50,000 or 0.15."""
    texts = [f"{v:,.0f}" if v >= 1000 else f"{v:g}" for v in values] if labels is None else labels
    ax.set_xticks(values, texts)
    ax.set_xticks([], minor=True)


def plain_logs(ax: Axes) -> None:
    """Show the ticks of logarithmic axes as plain numbers, without minor ticks: 0.01, 10,000."""
    plain_log(ax.yaxis)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_minor_formatter("")


def plain_log(axis: Axis, subs: Sequence[float] = (1, 2, 5)) -> None:
    """Show the ticks of one logarithmic axis, at `subs` times each power of ten, as plain
    numbers."""
    from matplotlib.ticker import LogLocator

    axis.set_major_locator(LogLocator(subs=subs, numticks=20))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")


def ending_of(path: str | Path, endings: Sequence[str]) -> str:
    """Return the lower-case ending of path, which must be one of `endings`."""
    ending = Path(path).suffix.lower()
    if ending not in endings:
        raise UsageError(f"a figure's file name ends in {', '.join(endings)}; got {str(path)!r}")
    return ending


def save(fig: Figure, path: str | Path, dpi: int = 200) -> Path:
    """Write a figure to a file, atomically.

    Args:
      fig: the figure.
      path: a png, pdf or svg file.
      dpi: resolution of a png.

    Returns:
      The file.

    Raises:
      UsageError: for another ending.

    Examples:
      >>> fig, ax = figure()
      >>> save(fig, "empty.svg").name
      'empty.svg'
    """
    path, ending = Path(path), ending_of(path, STILLS)
    with atomic_path(path) as part:
        part.write_bytes(rendered(fig, ending[1:], dpi))
    return path


def rendered(
    fig: Figure, kind: str = "svg", dpi: int = 200, title: str = "", text: str = ""
) -> bytes:
    """Return a figure as the bytes of a png, pdf or svg file: the same bytes for the same figure.

    Pdf and svg carry no date; an svg's ids depend on its content only. The first call settles the
    layout: draw everything before it. title, text: what the file says of itself in its metadata.
    """
    metadata: dict[str, str | None] = {"Title": title} if title else {}
    if text:
        metadata["Subject" if kind == "pdf" else "Description"] = text
    if kind != "png":
        metadata["CreationDate" if kind == "pdf" else "Date"] = None
    content = io.BytesIO()
    with styled():
        open_empty_logs(fig)
        settle(fig)
        fig.savefig(content, format=kind, dpi=dpi, metadata=metadata)
    return content.getvalue()


def open_empty_logs(fig: Figure) -> None:
    """Give a range to logarithmic axes without a positive value, which could not be drawn."""
    for ax in fig.axes:
        for name, axis in (("xlim", ax.xaxis), ("ylim", ax.yaxis)):
            if axis.get_scale() == "log" and axis.get_view_interval()[0] <= 0:
                ax.set(**{name: (1, 10)})


def settle(fig: Figure) -> None:
    """Compute the layout once and keep it: solved again it starts from the last solution, and a
    second file would differ from the first."""
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    if not isinstance(fig.get_layout_engine(), PlaceHolderLayoutEngine | None):
        fig.draw_without_rendering()
        fig.set_layout_engine("none")  # leaves a placeholder
