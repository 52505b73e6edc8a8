"""Figures of the ideal observer: its posterior of a signal, accuracy against settings,
calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mnist1d.intervals import SHARE
from mnist1d.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mnist1d.observer import IdealObserver

KNOBS = {  # axis labels of the generator's settings
    "corr_noise_scale": "correlated noise",
    "iid_noise_scale": "white noise",
    "scale_coeff": "scale range",
    "shear_scale": "shear range",
    "max_translation": "largest shift (points)",
    "padding": "padding (points, middle of range)",
    "final_seq_length": "signal length (points)",
}
FEWEST = 5  # smallest number of predictions in a bin of a calibration curve


def draw_seen(
    ax: Axes,
    t: np.ndarray,
    x: np.ndarray,
    clean: np.ndarray,
    classes: np.ndarray,
    label: int | None = None,
    *,
    names: Sequence[object] = (),
) -> None:
    """Draw one signal and the clean signal that the observer expects; the title gives the likely
    classes and the true class, if known.

    t, x, clean (time,); classes (classes,) probabilities; names of the classes, default: 0, 1, ...
    """
    names = names if len(names) else range(len(classes))
    ax.plot(t, x, "o", color=style.GREY, markersize=2.5, label="signal")
    expected = "clean signal expected by the observer"
    ax.plot(t, clean, color=style.COLORS[0], linewidth=1.6, label=expected)
    likely = [i for i in np.argsort(classes)[::-1][:3] if classes[i] >= 0.005]
    seen = ", ".join(f"{names[i]} ({100 * classes[i]:.0f}%)" for i in likely)
    truth = "" if label is None else f"True class: {names[label]}\n"
    ax.set_title(f"{truth}Observer: {seen}", fontsize=8.5)


def seen_figure(
    observer: IdealObserver,
    x: np.ndarray,
    t: np.ndarray | None = None,
    labels: Sequence[int] | None = None,
    *,
    columns: int = 4,
) -> Figure:
    """Draw what an ideal observer infers from signals, one panel per signal.

    Args:
      observer: the observer.
      x: standardised signals (n, time).
      t: time axis (time,); default: the number of the point.
      labels: true rows of the templates (n,).
      columns: panels per row.

    Returns:
      A Matplotlib figure.

    Examples:
      >>> from mnist1d import make_dataset
      >>> from mnist1d.observer import IdealObserver
      >>> data = make_dataset(num_samples=100, mode="fast")
      >>> figure = seen_figure(IdealObserver.of(data), data.x_test[:1])
    """
    x = np.atleast_2d(x)
    t = np.arange(x.shape[1]) if t is None else t
    seen = observer.posterior(x)
    known = [None] * len(x) if labels is None else [int(label) for label in labels]
    signals = list(zip(x, seen.clean, seen.classes, known, strict=True))
    return _panels(t, signals, columns, list(observer.templates.y))


def doubt_figure(
    t: np.ndarray, x: np.ndarray, clean: np.ndarray, classes: np.ndarray, labels: np.ndarray
) -> Figure:
    """Draw signals x (n, time) with an observer's posterior, one panel each."""
    signals = list(zip(x, clean, classes, map(int, labels), strict=True))
    return _panels(t, signals, 4, (), xlabel="time")


def _panels(
    t: np.ndarray,
    signals: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, int | None]],
    columns: int,
    names: Sequence[object],
    xlabel: str = "",
) -> Figure:
    fig, axes = style.grid(len(signals), columns, (2.6, 1.9), sharex=True, sharey=True)
    for ax, (x, clean, classes, label) in zip(axes, signals, strict=True):
        draw_seen(ax, t, x, clean, classes, label, names=names)
        ax.set_xlabel(xlabel)
    style.shared_legend(fig, axes[0], columns=2)
    return fig


def calibration_figure(curves: Sequence[tuple[np.ndarray, str, str]]) -> Figure:
    """Draw accuracy against confidence, one panel per classifier; larger dots: more answers.

    Args:
      curves: (array, label, colour) of each classifier; the array (seeds, 3, bins) holds mean
        confidence, accuracy and number of answers in each bin.

    Returns:
      A Matplotlib figure.

    Examples:
      >>> bins = np.array([[[0.5, 0.9], [0.4, 0.9], [10, 90]]])
      >>> figure = calibration_figure([(bins, "CNN", "#0072b2")])
    """
    columns = 5
    fig, axes = style.grid(len(curves), columns, (1.9, 1.6), sharex=True, sharey=True)
    for (bins, label, color), ax in zip(curves, axes, strict=True):
        ax.plot([0, 1], [0, 1], color=style.GREY, linestyle=":", linewidth=1.2)
        count = bins[:, 2].sum(axis=0)
        some = count >= FEWEST
        confidence, acc = (
            np.nansum(bins[:, i] * bins[:, 2], axis=0)[some] / count[some] for i in (0, 1)
        )
        ax.plot(confidence, acc, color=color, linewidth=1)
        area = 4 + 60 * count[some] / count.sum()  # the smallest bins stay visible
        ax.scatter(confidence, acc, s=area, color=color, zorder=3)
        ax.set(title=label, xlim=(-0.03, 1.06), ylim=(-0.03, 1.06))
        style.percent_axis(ax)
        style.ticks(ax, (0, 0.5, 1), ("0%", "50%", "100%"))
    for ax in axes[-columns:]:  # those with no panel below
        ax.set_xlabel("confidence")
        ax.tick_params(labelbottom=True)
    for ax in axes[::columns]:
        ax.set_ylabel("accuracy")
    return fig


class Knob(NamedTuple):
    """One panel: the setting's name, its default, and one line per classifier: values (values,),
    accuracies (seeds, values), label, colour."""

    name: str
    default: float
    lines: Sequence[tuple[Sequence[float], np.ndarray, str, str]]


def knobs_figure(knobs: Sequence[Knob], person: float) -> Figure:
    """Draw accuracy against every setting. person: the human's accuracy at the defaults."""
    fig, axes = style.grid(len(knobs), 4, (2.5, 2.3), sharey=True)
    for i, (knob, ax) in enumerate(zip(knobs, axes, strict=True)):
        ax.axvline(knob.default, color=style.PALE, linewidth=5, zorder=0)
        dotted = {"color": style.GREY, "linestyle": ":", "linewidth": 1.2}
        ax.axhline(person, label="human, default setting", **dotted)
        for values, acc, label, color in knob.lines:
            style.band(ax, values, acc, label, color, marker="o", markersize=3, unit=SHARE)
        ax.set(
            xlabel=KNOBS.get(knob.name, knob.name),
            ylim=(0, 1.03),
            ylabel="" if i % 4 else "accuracy",
        )
        style.percent_axis(ax)
        ax.locator_params(axis="x", nbins=5)
    style.shared_legend(fig, axes[0], columns=4)
    return fig
