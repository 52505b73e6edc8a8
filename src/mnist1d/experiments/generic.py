"""The default table and figure of a study: one line per trial, named by the fields that differ
between the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist1d.experiments.present import last_cell, mean_cell, seed_range
from mnist1d.experiments.rows import Rows
from mnist1d.intervals import SHARE

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

MAX_COLUMNS, MAX_PANELS = 8, 4  # metrics in the table, panels in the figure
TIMES = ("seconds", "compile_seconds")  # measured in every study, never drawn


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return each trial's metrics at their last step: mean and 95% interval over seeds."""
    trials = rows.trials()
    fields, metrics = rows.varying(), metrics_of(rows)[:MAX_COLUMNS]
    lines = []
    for trial in trials:
        cells = [_cell(trial, m) if m in metrics_of(trial) else "" for m in metrics]
        count = len(trial.unique("seed"))
        lines.append([*(_shown(trial, name) for name in fields), *cells, str(count)])
    return [*fields, *metrics, "seeds"], lines


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw every metric that has steps as one curve per trial. If no metric has steps, draw the
    final values as dots with their 95% intervals."""
    from mnist1d.plots import marks, style

    trials = rows.trials()
    metrics = [name for name in metrics_of(rows) if name not in TIMES]
    curves = [name for name in metrics if _has_steps(rows, name)][:MAX_PANELS]
    panels = curves or metrics[:MAX_PANELS]
    if not panels:
        return {}
    fields = rows.varying()
    labels = [", ".join(f"{name}={_shown(trial, name)}" for name in fields) for trial in trials]
    figure, axes = style.figure(1, len(panels), size=(4.5 * len(panels), 3.5))
    for ax, metric in zip(np.atleast_1d(axes), panels, strict=True):
        for at, (trial, label) in enumerate(zip(trials, labels, strict=True)):
            if metric not in metrics_of(trial):
                continue
            if curves:
                style.band(ax, *trial.curve(metric), label=label, unit=_unit(metric))
            else:
                color = style.COLORS[at % len(style.COLORS)]
                marks.dots(ax, [at], [trial.final(metric)], color, label, unit=_unit(metric))
        ax.set(title=metric, xlabel="steps" if curves else "trial")
        if not curves:
            ax.set_xticks(range(len(trials)))
    if fields:
        style.shared_legend(figure, np.atleast_1d(axes)[0], columns=1)
    words = style.band_words if curves else style.dot_words
    shown = words(*seed_range(rows))
    return {"metrics": (figure, f"{', '.join(panels)} of each trial. {shown}")}


def metrics_of(rows: Rows) -> list[str]:
    """Return the metrics that are numbers, in order of first appearance."""
    return list(dict.fromkeys(r.metric for r in rows if not isinstance(r.value, np.ndarray)))


def _has_steps(rows: Rows, metric: str) -> bool:
    return len(set(rows.where(metric=metric).unique("step")) - {None}) > 1


def _shown(trial: Rows, name: str) -> str:
    value = trial.config().get(name)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _unit(metric: str) -> str:
    return SHARE if metric.endswith(("_acc", " acc")) else ""


def _cell(trial: Rows, metric: str) -> str:
    """Return mean and interval, an accuracy in percent; a time without an interval."""
    if metric in TIMES:
        return mean_cell(trial, metric, ".4g", 1)
    return last_cell(trial, metric) if _unit(metric) else last_cell(trial, metric, ".4g", 1)
