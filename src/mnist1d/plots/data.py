"""Figures of the data: the ten templates, samples, one signal stage by stage, and an animation of
the pipeline.

Ten classes are drawn in a row as in the paper's figure 2, with time running downward; a single
signal is drawn with time to the right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist1d.checks import check_name
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digits import Templates, templates
from mnist1d.draws import Draws, draw_fast
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.generate import explain, make_dataset
from mnist1d.plots import style
from mnist1d.signals import Pipeline, Stage

FILMS = (".gif", ".mp4")
FRAMES_A_SECOND, MOVING, HOLDING = 20, 10, 5


def show(
    what: str, path: str | Path, config: DataConfig | None = None, *, digit: int | None = None
) -> Path:
    """Draw templates, samples, stages or an animation into a file.

    Args:
      what: "templates", "samples", "stages" or "animation".
      path: a png, pdf or svg file; gif or mp4 for the animation.
      config: the settings; default: `DataConfig()`.
      digit: class whose stages are shown; default: 3.

    Returns:
      The file.

    Raises:
      UsageError: for another name, ending or digit, a digit for a picture of all classes, or a
        file that cannot be written.
      MissingExtraError: for mp4 without the program ffmpeg.

    Examples:
      >>> show("templates", "templates.png").name
      'templates.png'
    """
    check_name(what, ("templates", "samples", "stages", "animation"), "thing to show")
    if digit is not None and what != "stages":
        raise UsageError(f"digit chooses the signal of stages: leave out {digit} for {what}")
    config = config or DataConfig()
    endings = FILMS if what == "animation" else style.STILLS
    style.ending_of(path, endings)  # check before drawing
    if what == "animation":
        return save_animation(path, config)
    if what == "templates":
        fig = templates_figure(templates())
    elif what == "samples":
        rows = 3  # fits the usual range of values
        fig = samples_figure(
            make_dataset(config.replace(num_samples=min(max(config.num_samples, 10 * rows), 5000))),
            rows,
        )
    else:
        fig = stages_figure(explain(3 if digit is None else digit, config.seed, config))
    return style.save(fig, path)


def templates_figure(shapes: Templates):
    """Draw the templates in a row.

    Args:
      shapes: the templates.

    Returns:
      A Matplotlib figure.

    Examples:
      >>> figure = templates_figure(templates())
    """
    fig, ax = style.figure(size=(_width(len(shapes.y)), 1.9))
    _draw_row(ax, [shapes.t] * len(shapes.y), list(shapes.x), shapes.y, marker="o", markersize=2.5)
    ax.set_ylabel("time")
    return fig


def samples_figure(data: Dataset, rows: int = 3):
    """Draw the first signals of each class, standardised as in the set.

    Args:
      data: the set.
      rows: number of signals per class.

    Returns:
      A Matplotlib figure.

    Examples:
      >>> figure = samples_figure(make_dataset(num_samples=100, mode="fast"))
    """
    x, y = np.concatenate([data.x, data.x_test]), np.concatenate([data.y, data.y_test])
    fig, axes = style.figure(
        rows, 1, size=(_width(len(data.templates.y)), 1.6 * rows + 0.3), squeeze=False
    )
    index = [np.flatnonzero(y == label)[:rows] for label in data.templates.y]  # (classes, rows)
    drawn = x[np.concatenate(index)]
    for row, ax in enumerate(axes[:, 0]):
        signals = [x[i[row]] for i in index]
        _draw_row(
            ax,
            [np.arange(x.shape[1])] * len(signals),
            signals,
            data.templates.y if row == 0 else None,
            (drawn.min(), drawn.max()),
        )
        ax.set_ylabel("time")
    return fig


def stages_figure(steps: Sequence[Stage]):
    """Draw one signal after every step of the pipeline, the step before in grey.

    Args:
      steps: what `mnist1d.explain` returns.

    Returns:
      A Matplotlib figure; the horizontal axis is the number of the point.

    Examples:
      >>> figure = stages_figure(explain(digit=3))
    """
    cols = 3
    rows = -(-len(steps) // cols)
    fig, axes = style.figure(
        rows, cols, size=(3.4 * cols, 2.1 * rows), sharex=True, sharey=True, squeeze=False
    )
    for i, (ax, step) in enumerate(zip(axes.flat, steps, strict=False)):
        if i > 0:
            ax.plot(steps[i - 1].x, color="#b0b0b0", linewidth=1.2)
        ax.plot(
            step.x,
            "o-",
            color=style.COLORS[0],
            linewidth=1.2,
            markersize=2 if len(step.x) <= 100 else 0,
        )
        ax.set_title(
            f"{i}  {step.name}" if i else step.name,
            loc="left",
            fontsize=10,
            fontweight="bold",
            pad=16,
        )
        ax.annotate(
            step.text,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 4),
            textcoords="offset points",
            fontsize=7.5,
            color=style.GREY,
        )
    for ax in axes.flat[len(steps) :]:
        ax.set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("point")
    return fig


def save_animation(
    path: str | Path,
    config: DataConfig,
    *,
    moving: int = MOVING,
    holding: int = HOLDING,
    dpi: int = 100,
) -> Path:
    """Film one signal of each class on its way through the pipeline, 20 frames per second.

    Args:
      path: a gif or mp4 file.
      config: the settings.
      moving: frames per step.
      holding: frames for which the result of a step stands still.
      dpi: resolution.

    Returns:
      The file.

    Raises:
      UsageError: for another ending, or a file that cannot be written.
      MissingExtraError: for mp4 without the program ffmpeg.

    Examples:
      >>> save_animation("film.gif", DataConfig(), moving=1, holding=1, dpi=20).name
      'film.gif'
    """
    path, ending = Path(path), style.ending_of(path, FILMS)
    from matplotlib import animation

    if ending == ".mp4" and not animation.FFMpegWriter.isAvailable():
        raise MissingExtraError(
            "mp4 needs the program ffmpeg, which was not found; install it (apt install ffmpeg) "
            "or write .gif"
        )
    writer = (
        animation.FFMpegWriter(FRAMES_A_SECOND)
        if ending == ".mp4"
        else animation.PillowWriter(FRAMES_A_SECOND)
    )
    shapes = templates()
    frames = list(animation_frames(shapes, config, moving, holding))
    fig, ax = style.figure(size=(_width(len(shapes.y)), 2.8))
    limits = tuple(
        choose(v for frame in frames for row in frame.values for v in row) for choose in (min, max)
    )
    lines, spacing = _draw_row(ax, frames[0].positions, frames[0].values, shapes.y, limits)
    ax.set_ylabel("point")
    ax.set_ylim(max(p.max() for frame in frames for p in frame.positions) + 1, -1)
    title = fig.suptitle(frames[0].caption, fontsize=10)
    style.settle(fig)
    with style.atomic_path(path) as part, writer.saving(fig, str(part), dpi):
        for frame in frames:
            title.set_text(frame.caption)
            for i, (line, position, value) in enumerate(
                zip(lines, frame.positions, frame.values, strict=True)
            ):
                line.set_data(value + i * spacing, position)
            writer.grab_frame()
    return path


class Frame(NamedTuple):
    """One frame of the animation: for each class the points of its signal, `positions` and `values`
    (points,), and a caption."""

    caption: str
    positions: list[np.ndarray]
    values: list[np.ndarray]


def animation_frames(
    shapes: Templates, config: DataConfig, moving: int, holding: int
) -> Iterator[Frame]:
    """Yield the frames of the animation. Every step is the pipeline's own, with its draws scaled
    from 0 to their full value."""
    classes = len(shapes.y)
    draws = draw_fast(config, classes, 0, classes)
    draws = draws.rows(np.argsort(draws.label))
    pipeline, length = Pipeline(shapes, config), config.working_length
    draws = draws._replace(
        shift=np.where(draws.shift > length, 0, draws.shift)
    )  # the pipeline does not shift such signals either

    padded = [pipeline.padded(int(p))[i] for i, p in enumerate(draws.padding)]
    short = shapes.x.shape[1]
    yield from _still("template", [row[:short] for row in padded], holding)
    for part in _parts(moving):
        grown = [row[: short + round(part * (len(row) - short))] for row in padded]
        yield Frame("pad: zeros are appended", [np.arange(len(row)) for row in grown], grown)
    yield from _still("pad: zeros are appended", padded, holding)
    yield from _stretch(f"dilate: stretched to {length} points", padded, length, moving)
    x = pipeline.dilate(draws)
    yield from _still(f"dilate: stretched to {length} points", x, holding)

    steps: list[
        tuple[str, Callable[[np.ndarray, Draws], np.ndarray], str, Callable[[float], np.ndarray]]
    ] = [
        (
            "scale: each by its own factor",
            pipeline.scale,
            "factor",
            lambda part: 1 + part * (draws.factor - 1),
        ),
        (
            "translate: shifted circularly",
            pipeline.translate,
            "shift",
            lambda part: np.rint(part * draws.shift).astype(int),
        ),
        (
            "correlated noise: around the digit",
            pipeline.add_corr_noise,
            "corr_noise",
            lambda part: part * draws.corr_noise,
        ),
        (
            "white noise: everywhere",
            pipeline.add_iid_noise,
            "iid_noise",
            lambda part: part * draws.iid_noise,
        ),
        ("shear: a ramp is added", pipeline.shear, "slope", lambda part: part * draws.slope),
    ]
    for caption, step, draw, turned_up in steps:
        for part in _parts(moving):
            yield from _still(caption, step(x, draws._replace(**{draw: turned_up(part)})), 1)
        x = step(x, draws)
        yield from _still(caption, x, holding)

    final = config.final_seq_length
    yield from _stretch(f"resample: {final} points", list(x), final, moving)
    yield from _still(f"resample: {final} points", pipeline.resample(x), 4 * holding)


def _parts(moving: int) -> np.ndarray:
    return (np.arange(moving) + 1) / (moving + 1)


def _still(caption: str, values: Sequence[np.ndarray] | np.ndarray, count: int) -> list[Frame]:
    return [Frame(caption, [np.arange(len(row)) for row in values], list(values))] * count


def _stretch(
    caption: str, values: Sequence[np.ndarray], length: int, moving: int
) -> Iterator[Frame]:
    for part in _parts(moving):
        factors = [1 + part * ((length - 1) / (len(row) - 1) - 1) for row in values]
        yield Frame(
            caption,
            [factor * np.arange(len(row)) for factor, row in zip(factors, values, strict=True)],
            list(values),
        )


def _width(classes: int) -> float:
    return min(max(0.9 * classes, 3.0), 16.0)  # inches


def _draw_row(
    ax, positions, values, labels, limits: tuple[float, float] | None = None, **line
) -> tuple[list, float]:
    """Draw one signal per class side by side in one panel, with labels above (None: no labels).
    Return the lines and their spacing.

    limits: the lowest and highest value (default: those of `values`).
    """
    low, high = limits or (min(v.min() for v in values), max(v.max() for v in values))
    spacing = 1.1 * float(high - low) or 1.0
    centres, lines = spacing * np.arange(len(values)), []
    for centre, position, value in zip(centres, positions, values, strict=True):
        ax.axvline(centre, color=style.PALE, linewidth=0.8, zorder=0)
        lines += ax.plot(value + centre, position, color=style.COLORS[0], linewidth=1.4, **line)
    ax.set_xlim(low - 0.05 * spacing, high + spacing * (len(values) - 0.95))
    ax.grid(False)
    ax.invert_yaxis()
    ax.xaxis.tick_top()
    ax.set_xticks(
        centres,
        labels=[str(label) for label in labels] if labels is not None else [""] * len(centres),
        fontsize=11,
    )
    ax.tick_params(length=0)
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    return lines, spacing
