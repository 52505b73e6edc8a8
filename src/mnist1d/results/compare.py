"""Compare two settings of one study: both means, and the paired difference."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mnist1d.checks import Json, check_name
from mnist1d.errors import UsageError
from mnist1d.experiments.estimates import MIN_UNITS, SHARE, mean_interval
from mnist1d.experiments.rows import Rows, paired
from mnist1d.intervals import unit_of_difference
from mnist1d.results.selection import matches, parse_where
from mnist1d.results.text import finite, interval, number, plural
from mnist1d.runs.store import Store, Sweep


@dataclass(frozen=True)
class Side:
    """One setting: the condition, its mean, the interval over seeds, and the number of seeds."""

    setting: str
    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """Two settings and the paired difference a - b, paired by the coordinates `by`; left_out counts
    values without a partner.

    The seed is the unit: where several pairs have one seed, their mean counts once, because they
    share data or initial weights.

    unit: "%" for an accuracy, whose difference is in percentage points; "" otherwise.
    """

    study: str
    preset: str
    metric: str
    unit: str
    a: Side
    b: Side
    difference: float
    low: float
    high: float
    by: list[str]
    pairs: int
    seeds: int
    left_out: int

    def to_dict(self) -> Json:
        """Return the comparison as plain values for JSON."""
        return finite(asdict(self))

    def lines(self) -> list[list[str]]:
        """Return the lines of a table: one per setting, and one for the difference."""
        unit = unit_of_difference(self.unit)
        sides = [
            [s.setting, number(s.mean, self.unit), interval(s.low, s.high, self.unit), str(s.n)]
            for s in (self.a, self.b)
        ]
        difference = number(self.difference, unit)
        shown = interval(self.low, self.high, unit)
        n = plural(self.pairs, "pair")
        if self.pairs > self.seeds:
            n += f", {plural(self.seeds, 'seed')}"
        return [*sides, ["difference", difference, shown, n]]

    @property
    def words(self) -> str:
        """Return the conclusion in a sentence."""
        if math.isinf(self.low):
            return "A single seed has no interval: run more seeds."
        if self.seeds < MIN_UNITS:
            return f"Fewer than {MIN_UNITS} seeds are not enough to decide: run more seeds."
        if self.low <= 0 <= self.high:
            return "The interval contains 0: these rows show no difference between the two."
        higher, lower = (self.a, self.b) if self.difference > 0 else (self.b, self.a)
        return f"{self.metric} is higher with {higher.setting} than with {lower.setting}."


def compare(
    store: Store, a: str, b: str, metric: str, study: str | None, preset: str | None
) -> Comparison:
    """Compare two settings, each written field=value,field=value, in the latest sweep of a study
    (default: the only study with these fields), paired by seed and by every other field that varies
    in both. The intervals are over seeds.

    Errors: UsageError for an unknown study, field, value or metric, or for settings that cannot be
    paired.
    """
    settings = [_parsed(text) for text in (a, b)]
    study = _study(store, study, [name for setting in settings for name in setting])
    sweeps = [s for s in store.latest(study) if preset in (None, _preset(s))]
    # the last command used another preset, so take the last one at this preset
    if preset is not None and not sweeps:
        labels = dict.fromkeys(s.label for s in store.sweeps(study) if _preset(s) == preset)
        if not labels:
            raise UsageError(
                f"{study} was not run at the preset {preset!r}: choose another --preset"
            )
        sweeps = store.latest(study, list(labels)[-1])
    wanted = {trial: seeds for sweep in sweeps for trial, seeds in sweep.wanted.items()}
    rows = store.all_rows(study, wanted or None)
    check_name(metric, _metrics(rows), "metric")
    left, right = (_select(rows, setting) for setting in settings)
    if set(left.unique("trial")) == set(right.unique("trial")):
        raise UsageError(f"{a!r} and {b!r} select the same trials: pass two different settings")
    try:
        pairs = paired(left, right, metric)
    except LookupError as error:
        raise UsageError(
            f"{error.args[0]}: add the field to both settings, A,field=value"
        ) from None
    if not pairs.keys:
        raise UsageError(f"{a!r} and {b!r} have no seed in common: run both with the same seeds")
    left_of, right_of = (_by_seed(pairs.keys, values) for values in (pairs.a, pairs.b))
    difference = left_of - right_of
    unit = SHARE if metric.endswith(("acc", "accuracy")) else ""
    mean, low, high = mean_interval(difference, unit_of_difference(unit))
    return Comparison(
        study,
        _preset(sweeps[0]) if sweeps else "",
        metric,
        unit,
        _side(a, left_of, unit),
        _side(b, right_of, unit),
        mean,
        low,
        high,
        ["seed", *(name for name in left.varying() if name in right.varying())],
        len(pairs.keys),
        len(difference),
        len(pairs.lacking),
    )


def _by_seed(keys: Sequence[Hashable], values: np.ndarray) -> np.ndarray:
    """Return each seed's mean, (seeds,); a key is a seed, or other fields' values and a seed."""
    seeds = [key[-1] if isinstance(key, tuple) else key for key in keys]
    return np.array([values[[s == seed for s in seeds]].mean() for seed in dict.fromkeys(seeds)])


def _preset(sweep: Sweep) -> str:
    return sweep.label.partition(" ")[0]


def _parsed(text: str) -> dict[str, str]:
    """Return {field: value} of "model=cnn,data.shuffle_seq=true"."""
    return {name: values[0] for name, values in parse_where(text.split(",")).items()}


def _study(store: Store, study: str | None, fields: Sequence[str]) -> str:
    known = store.studies()
    if study is not None:
        check_name(study, known, "study in these runs")
        return study
    having = [name for name in known if _has(store, name, fields)]
    if len(having) == 1:
        return having[0]
    some = ", ".join(having or known) or "none"
    which = "several studies have" if having else "no study here has"
    raise UsageError(f"{which} {', '.join(dict.fromkeys(fields))}: name one with --study ({some})")


def _has(store: Store, study: str, fields: Sequence[str]) -> bool:
    first = next(store.each_row(study), None)
    return first is not None and all(name in first.config for name in fields)


def _metrics(rows: Rows) -> list[str]:
    return list(dict.fromkeys(r.metric for r in rows if not isinstance(r.value, np.ndarray)))


def _select(rows: Rows, setting: dict[str, str]) -> Rows:
    for name, text in setting.items():
        known = rows.unique(name)
        found = [value for value in known if matches(value, text)]
        if not found:
            values = ", ".join(map(str, known[:8]))
            raise UsageError(f"no rows have {name}={text}; {name} is one of: {values}")
        rows = rows.where(**{name: found[0]})
    if not len(rows):
        text = ",".join(f"{name}={value}" for name, value in setting.items())
        raise UsageError(f"no rows have {text} together: run that setting first")
    return rows


def _side(setting: str, values: np.ndarray, unit: str) -> Side:
    return Side(setting, *mean_interval(values, unit), len(values))
