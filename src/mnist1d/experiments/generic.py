"""The table and the figure of a study that draws none of its own: one line per trial, named by the
fields that differ between the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist1d.experiments.estimates import mean_interval
from mnist1d.experiments.present import last_cell
from mnist1d.experiments.rows import Rows

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

MAX_COLUMNS, MAX_PANELS = 8, 4  # metrics in the table, panels in the figure
DOTS = "Dots are means over seeds, lines their 95% confidence intervals."
TIMES = ("seconds", "compile_seconds")  # measured in every study, drawn in none


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return each trial's metrics at their last step, as mean and 95 % interval over seeds."""
    trials = rows.trials()
    fields, metrics = rows.varying(), metrics_of(rows)[:MAX_COLUMNS]
    lines = []
    for trial in trials:
        cells = [_cell(trial, m) if m in metrics_of(trial) else "" for m in metrics]
        count = len(trial.unique("seed"))
        lines.append([*(_shown(trial, name) for name in fields), *cells, str(count)])
    return [*fields, *metrics, "seeds"], lines


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw every metric that has steps as curves, one per trial; where none has, the final values
    as points with their 95 % interval."""
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
                style.band(ax, *trial.curve(metric), label=label)
            else:
                color = style.COLORS[at % len(style.COLORS)]
                marks.dots(ax, [at], [trial.final(metric)], mean_interval, color, label)
        ax.set(title=metric, xlabel="steps" if curves else "trial")
        if not curves:
            ax.set_xticks(range(len(trials)))
    if fields:
        handles = np.atleast_1d(axes)[0].get_legend_handles_labels()
        style.legend(figure, handles=handles[0], labels=handles[1], loc="outside lower center")
    n = len(rows.unique("seed"))
    shown = style.band_words(n) if curves else DOTS if n >= 3 else "Dots are seeds."
    return {"metrics": (figure, f"{', '.join(panels)} of each trial. {shown}")}


def metrics_of(rows: Rows) -> list[str]:
    """Return the metrics that are numbers, in order of first appearance."""
    return list(dict.fromkeys(r.metric for r in rows if not isinstance(r.value, np.ndarray)))


def _has_steps(rows: Rows, metric: str) -> bool:
    return len(set(rows.where(metric=metric).unique("step")) - {None}) > 1


def _shown(trial: Rows, name: str) -> str:
    value = trial.config().get(name)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(trial: Rows, metric: str) -> str:
    """Return mean and interval; an accuracy in percent."""
    is_share = metric.endswith(("_acc", " acc"))
    return last_cell(trial, metric) if is_share else last_cell(trial, metric, ".4g", 1)
