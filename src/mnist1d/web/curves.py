"""Curves of a study's trials for the page: means over seeds with their 95% intervals, as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from mnist1d.experiments import present
from mnist1d.experiments.rows import Rows
from mnist1d.intervals import over_seeds
from mnist1d.learning.registry import MODELS

MAX_POINTS = 200  # points of one curve: as many as a chart can show
MAX_RUNS = 120
USUAL = 0.6  # fraction of trials that must share a value for the name to leave it out
# Okabe and Ito's palette, as in the figures
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6e6e6e")


def curves_of(rows: Rows) -> dict[str, object]:
    """Return {"runs": [...], "curves": [...], "left_out"}: a run has an id, a name and a colour; a
    curve belongs to a run and has a metric, its unit, steps, mean, low, high (None: one seed) and
    the number of seeds.

    left_out counts the trials beyond the first MAX_RUNS.
    """
    trials = [trial for trial in rows.trials() if any(r.step is not None for r in trial)]
    configs = {trial.records[0].trial: trial.config() for trial in trials}
    names, colors = run_names(configs), run_colors(configs)
    runs, curves = [], []
    for trial in trials[:MAX_RUNS]:
        name = trial.records[0].trial
        runs.append({"id": name[:12], "name": names[name], "color": colors[name]})
        curves += [{"run": name[:12], **curve} for curve in _of_trial(trial)]
    return {"runs": runs, "curves": curves, "left_out": len(trials) - len(runs)}


def _of_trial(trial: Rows) -> list[dict[str, object]]:
    """Return the curves of one trial, one for each metric that has steps."""
    scalar = Rows(r for r in trial if r.step is not None and not isinstance(r.value, np.ndarray))
    return [curve(scalar, metric) for metric in (scalar.unique("metric") if len(scalar) else [])]


def curve(trial: Rows, metric: str) -> dict[str, object]:
    """Return the mean curve of a trial's metric with its interval over seeds."""
    steps, values = trial.where(metric=metric).curve(metric)
    unit = unit_of(metric)
    with np.errstate(all="ignore"):
        mean, low, high = over_seeds(values, unit)
    kept = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MAX_POINTS)).astype(int))
    return {
        "metric": metric,
        "unit": unit,
        "seeds": len(values),
        "steps": steps[kept].tolist(),
        **{
            name: [_number(value) for value in part[kept]]
            for name, part in (("mean", mean), ("low", low), ("high", high))
        },
    }


def unit_of(metric: str) -> str:
    """Return "%" for a metric that is a fraction, "" for others."""
    return "%" if metric.endswith("acc") else ""


def run_names(configs: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return a name for each trial, {trial: name}: the model, the other fields that vary, and the
    names of flags that are on. A value that most trials share is left out, except a model.

    >>> run_names({"a": {"model": "mlp", "data.shuffle_seq": True, "width": 4},
    ...            "b": {"model": "cnn", "data.shuffle_seq": False, "width": 4}})
    {'a': 'MLP, shuffle_seq', 'b': 'CNN'}
    """
    if len(configs) == 1:
        return dict.fromkeys(configs, "the only setting")
    usual = _usual(list(configs.values()))
    usual = {name: usual[name] for name in sorted(usual, key=lambda name: name != "model")}
    found = {}
    for trial, config in configs.items():
        told = (name for name in usual if usual[name] is None or config.get(name) != usual[name])
        parts = (_part(name, config.get(name)) for name in told)
        found[trial] = ", ".join(filter(None, parts)) or "default settings"
    counts = Counter(found.values())
    return {t: name if counts[name] == 1 else f"{name} {t[:6]}" for t, name in found.items()}


def run_colors(
    configs: Mapping[str, Mapping[str, object]], places: Mapping[str, int] | None = None
) -> dict[str, str]:
    """Return a colour for each trial: the model's colour, as in the figures, if the models vary;
    otherwise successive colours in the order of the study's grid.

    places: of the trials in the grid; default: the order of `configs`.
    """
    places = places or {trial: place for place, trial in enumerate(configs)}
    if "model" in _varying(list(configs.values())):
        return {trial: model_color(config.get("model")) for trial, config in configs.items()}
    return {trial: COLORS[places[trial] % len(COLORS)] for trial in configs}


def model_color(name: object) -> str:
    """Return the colour of a model in every figure; grey for an unknown model."""
    if isinstance(name, str) and (name in MODELS or name == present.OBSERVER):
        return present.color(name)
    return COLORS[-1]


def _varying(configs: Sequence[Mapping[str, object]]) -> list[str]:
    names = dict.fromkeys(name for config in configs for name in config)
    return [name for name in names if len({repr(c.get(name)) for c in configs}) > 1]


def _usual(configs: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return the fields that vary, each with the value that most configs share; None if there is
    none, for flags, and for the model, whose name must not be left out."""
    found: dict[str, object] = {}
    for name in _varying(configs):
        ((value, count),) = Counter(config.get(name) for config in configs).most_common(1)
        is_usual = count > USUAL * len(configs) and name != "model"
        found[name] = value if is_usual and not isinstance(value, bool) else None
    return found


def _part(name: str, value: object) -> str:
    """Return one field of a run's name; "" for a flag that is off."""
    short = name.rpartition(".")[2]
    if value is None or value is False:
        return ""
    if value is True:
        return short
    if name == "model" and isinstance(value, str):
        return present.label(value) if value in MODELS or value == present.OBSERVER else value
    return f"{short}={value}"


def _number(value: float) -> float | None:
    """Return a number to five digits, None if it is not finite."""
    return float(f"{value:.5g}") if math.isfinite(value) else None
