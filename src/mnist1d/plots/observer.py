"""What the ideal observer sees in a signal: the signal, the clean one it finds in it, and the
classes it thinks of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnist1d.plots import style


def draw_seen(
    ax,
    t: np.ndarray,
    x: np.ndarray,
    clean: np.ndarray,
    classes: np.ndarray,
    label: int | None = None,
    *,
    names: Sequence = (),
):
    """Draw one signal x (time,) and the expected clean one into a panel; the title gives the likely
    classes and, where told, the true one.

    t, x, clean (time,), classes (classes,) probabilities; names: of the classes, unless 0, 1, ...
    """
    names = names if len(names) else range(len(classes))
    ax.plot(t, x, "o", color=style.GREY, markersize=2.5, label="signal")
    ax.plot(
        t,
        clean,
        color=style.COLORS[0],
        linewidth=1.6,
        label="clean signal expected by the observer",
    )
    likely = [i for i in np.argsort(classes)[::-1][:3] if classes[i] >= 0.005]
    seen = ", ".join(f"{names[i]} ({100 * classes[i]:.0f}%)" for i in likely)
    truth = "" if label is None else f"True class: {names[label]}\n"
    ax.set_title(f"{truth}Observer: {seen}", fontsize=8.5)


def seen_figure(
    observer,
    x: np.ndarray,
    t: np.ndarray | None = None,
    labels: Sequence[int] | None = None,
    *,
    columns: int = 4,
):
    """Draw what an ideal observer sees in signals x (n, time), a panel each: a figure. labels: the
    true rows of the templates."""
    x = np.atleast_2d(x)
    t = np.arange(x.shape[1]) if t is None else t
    seen, columns = observer.posterior(x), min(columns, len(x))
    rows = -(-len(x) // columns)
    fig, axes = style.figure(
        rows,
        columns,
        size=(2.6 * columns, 1.9 * rows + 0.4),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for i, ax in enumerate(axes.flat):
        ax.set_visible(i < len(x))
        if i < len(x):
            label = None if labels is None else int(labels[i])
            draw_seen(
                ax, t, x[i], seen.clean[i], seen.classes[i], label, names=observer.templates.y
            )
    fig.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=8,
    )
    return fig
