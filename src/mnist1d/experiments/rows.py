"""Rows: the table that a study's figures and claims read; `paired` pairs two selections of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist1d.checks import check_name, show
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.experiments.recording import Record as Record
from mnist1d.experiments.recording import Row as Row
from mnist1d.experiments.recording import curve_rows as curve_rows
from mnist1d.experiments.recording import scalar_rows as scalar_rows
from mnist1d.experiments.recording import timing_rows as timing_rows
from mnist1d.experiments.values import NONE as NONE
from mnist1d.experiments.values import Pairs, pair, stack
from mnist1d.experiments.values import Values as Values

if TYPE_CHECKING:
    import pandas


OWN = ("trial", "seed", "metric", "step")  # coordinates of a record beside the config's fields


class Rows:
    """An immutable table of records: filter it by coordinate and read it as arrays.

    Records keep their order within a trial; trials are in order of first appearance.

    Args:
      records: the records.

    Examples:
      >>> rows = Rows(
      ...     Record(f"of {model}", {"model": model, "data.seed": 42}, seed, "test_acc", step, acc)
      ...     for model, acc in (("mlp", 0.65), ("cnn", 0.93))
      ...     for seed in (0, 1)
      ...     for step in (100, 200)
      ... )
      >>> rows.where(model="cnn", data__seed=42).final("test_acc")  # (seeds,)
      array([0.93, 0.93])
      >>> steps, values = rows.where(model="cnn").curve("test_acc")  # (steps,), (seeds, steps)
      >>> steps, values.shape
      (array([100, 200]), (2, 2))
      >>> rows.where(modle="cnn")
      Traceback (most recent call last):
      mnist1d.errors.UsageError: unknown coordinate 'modle': did you mean 'model'?
    """

    def __init__(self, records: Iterable[Record]):
        trials: dict[str, list[Record]] = {}
        for trial, found in groupby(records, attrgetter("trial")):
            trials.setdefault(trial, []).extend(found)
        self._trials = {name: _Trial(rows) for name, rows in trials.items()}

    @classmethod
    def _of(cls, trials: Mapping[str, _Trial]) -> Rows:
        made = cls.__new__(cls)
        made._trials = {name: records for name, records in trials.items() if records}
        return made

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All records, trial by trial."""
        return tuple(r for records in self._trials.values() for r in records)

    def __len__(self) -> int:
        return sum(map(len, self._trials.values()))

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def where(self, **coordinates: object) -> Rows:
        """Return the records whose coordinates equal the given ones.

        Args:
          **coordinates: trial, seed, metric, step, or a field of the config; write a dot as two
            underscores: `data__seed=42`.

        Returns:
          The selection.

        Raises:
          UsageError: for a coordinate that no record has; it suggests the nearest name.
        """
        wanted = {name.replace("__", "."): value for name, value in coordinates.items()}
        for name in wanted:
            self._check(name)
        trials = self._trials
        if "metric" in wanted:
            metric = wanted.pop("metric")
            found = ((t, rs.of_metric.get(metric)) for t, rs in trials.items())
            trials = {t: rs for t, rs in found if rs}
        of_record = {name: wanted.pop(name) for name in ("seed", "step") if name in wanted}
        for name, value in wanted.items():
            trials = {t: r for t, r in trials.items() if _coordinate(r[0], name) == value}
        for name, value in of_record.items():
            get = attrgetter(name)
            trials = {t: _Trial([r for r in rs if get(r) == value]) for t, rs in trials.items()}
        return Rows._of(trials)

    def split(self, field: str, values: Iterable[Any] | None = None) -> dict[Any, Rows]:
        """Return the records at each value of a field.

        Args:
          field: the field of the config.
          values: the values to look for, in their order; default: all values, ascending.

        Returns:
          A dict from each value that was found to its records.
        """
        known = self.unique(field) if self._trials else ()
        wanted = sorted(known) if values is None else values
        return {value: self.where(**{field: value}) for value in wanted if value in known}

    def unique(self, name: str) -> list[Any]:
        """Return the distinct values of a coordinate.

        Args:
          name: the coordinate.

        Returns:
          Its values, in order of first appearance.
        """
        self._check(name)
        if name in OWN[1:]:
            return list(dict.fromkeys(getattr(r, name) for r in self.records))
        return list(dict.fromkeys(_coordinate(r[0], name) for r in self._trials.values()))

    @property
    def seeds(self) -> list[int]:
        """The seeds, ascending."""
        return sorted(self.unique("seed"))

    def trials(self) -> list[Rows]:
        """Return the rows of each trial.

        Returns:
          One `Rows` per trial.
        """
        return [Rows._of({trial: records}) for trial, records in self._trials.items()]

    def config(self) -> Mapping[str, Any]:
        """Return the flat config of the first trial.

        Returns:
          A mapping such as {"model": "mlp", "data.seed": 42}.
        """
        return next(iter(self._trials.values())).config

    def varying(self) -> list[str]:
        """Return the fields of the config that differ between the trials.

        Returns:
          Their names.
        """
        configs = [trial.config for trial in self._trials.values()]
        return [name for name in self._fields if len({of.get(name) for of in configs}) > 1]

    def curve(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a metric of one trial against steps.

        Args:
          metric: its name.

        Returns:
          Steps (steps,) and values (seeds, steps), seeds ascending; NaN if a seed lacks a step.
        """
        rows = self._one_trial(metric)
        steps = sorted(s for s in rows.unique("step") if s is not None)
        at_seed, at_step = ({v: i for i, v in enumerate(of)} for of in (rows.seeds, steps))
        values = np.full((len(at_seed), len(steps)), np.nan)
        for r in rows:
            if r.step is not None:
                values[at_seed[r.seed], at_step[r.step]] = r.value
        return np.array(steps), values

    def by(self, field: str, metric: str) -> dict[Any, Values]:
        """Return a metric's last values by seed, at each value of a field.

        Args:
          field: a field of the config; no two trials may have the same value of it.
          metric: its name.

        Returns:
          A dict from the values of the field, ascending, to the values by seed.
        """
        trials = self.where(metric=metric).split(field)
        return {value: trial.by_seed(metric) for value, trial in trials.items()}

    def across(self, field: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a metric's last values as an array over the values of a field.

        Args:
          field: a field of the config, with numbers (n,).
          metric: name of the metric.

        Returns:
          The values of the field, ascending (n,), and the metric (seeds, n), for the seeds that all
          trials have.
        """
        found = self.by(field, metric)
        return np.array(list(found)), stack(list(found.values()))[1].T

    def by_seed(self, metric: str) -> Values:
        """Return one trial's metric at its last step, by seed.

        Args:
          metric: its name.

        Returns:
          The values with their seeds.
        """
        last: dict[int, Record] = {}
        for r in self._one_trial(metric):
            if r.seed not in last or (r.step or 0) >= (last[r.seed].step or 0):
                last[r.seed] = r
        return Values(sorted(last), np.array([last[seed].value for seed in sorted(last)], float))

    def final(self, metric: str) -> np.ndarray:
        """Return one trial's metric at its last step.

        Args:
          metric: its name.

        Returns:
          Values (seeds,), seeds ascending.
        """
        return self.by_seed(metric).array

    def array(self, metric: str, seed: int | None = None) -> np.ndarray:
        """Return an array that one trial stored.

        Args:
          metric: its name.
          seed: the seed; default: the lowest.

        Returns:
          The array.
        """
        rows = self._one_trial(metric)
        seed = rows.seeds[0] if seed is None else seed
        return np.asarray(rows.where(seed=seed).records[0].value)

    def arrays(self, metric: str) -> np.ndarray:
        """Return the arrays that one trial stored.

        Args:
          metric: their name.

        Returns:
          An array (seeds, ...), seeds ascending.
        """
        return np.stack([self.array(metric, seed) for seed in self.where(metric=metric).seeds])

    @staticmethod
    def paired(a: Rows, b: Rows, metric: str) -> Pairs:
        """Pair two selections of rows by seed and by the fields that vary within both.

        Args:
          a: the first selection.
          b: the second selection.
          metric: a metric of both; the value at its last step counts.

        Returns:
          The pairs, their differences, and the keys without a partner.

        Raises:
          UsageError: for anything but two `Rows`, or a metric that one of them lacks or whose
            values are arrays.
          LookupError: as the function `paired`.

        Examples:
          >>> cnn = Rows(Record("a", {}, seed, "acc", None, 0.93) for seed in (0, 1))
          >>> mlp = Rows(Record("b", {}, seed, "acc", None, 0.65) for seed in (0, 1))
          >>> Rows.paired(cnn, mlp, "acc").difference.array.round(2)
          array([0.28, 0.28])
        """
        for rows in (a, b):
            if not isinstance(rows, Rows):
                raise UsageError(f"pair two selections of Rows, got {show(rows)}")
            check_name(metric, rows.unique("metric"), "metric")
            if any(isinstance(r.value, np.ndarray) for r in rows.where(metric=metric)):
                raise UsageError(f"{metric} is an array for each seed: pair a metric of numbers")
        return paired(a, b, metric)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas data frame with one line per record.

        Returns:
          Columns trial, seed, metric, step (missing if there is no curve), value, and the fields of
          the config. An array is one value.

        Raises:
          MissingExtraError: without pandas.

        Examples:
          >>> Rows([Record("t", {"model": "cnn"}, 0, "test_acc", None, 0.93)]).to_pandas()
            trial  seed    metric  step  value model
          0     t     0  test_acc  <NA>   0.93   cnn
        """
        try:
            import pandas
        except ImportError:
            raise MissingExtraError("to_pandas() needs pandas: pip install pandas") from None
        own = ((r.trial, r.seed, r.metric, r.step, r.value) for r in self.records)
        frame = pandas.DataFrame(own, columns=[*OWN, "value"]).astype({"step": "Int64"})
        return frame.join(pandas.DataFrame([dict(r.config) for r in self.records]))

    def _one_trial(self, metric: str) -> Rows:
        rows = self.where(metric=metric)
        if len(rows._trials) != 1:
            known = sorted({r.metric for r in self.records})
            rule = f"{metric} needs the rows of exactly one trial, got {len(rows._trials)}"
            raise LookupError(f"{rule}; metrics here: {known}")
        return rows

    def _check(self, name: str) -> None:
        if name in OWN or not self._trials or any(name in t.config for t in self._trials.values()):
            return
        check_name(name, [*OWN, *self._fields], "coordinate")

    @cached_property
    def _fields(self) -> dict[str, None]:
        return dict.fromkeys(name for trial in self._trials.values() for name in trial.config)


class _Trial(tuple[Record, ...]):
    """The records of one trial, at least one. Selections share it, so each sorts them by metric
    once."""

    @property
    def config(self) -> Mapping[str, Any]:
        return self[0].config

    @cached_property
    def of_metric(self) -> dict[object, _Trial]:
        """The records by metric: the coordinate that studies select by most."""
        found: dict[object, list[Record]] = {}
        for record in self:
            found.setdefault(record.metric, []).append(record)
        return {name: _Trial(records) for name, records in found.items()}


def _coordinate(record: Record, name: str) -> object:
    return record.trial if name == "trial" else record.config.get(name)


def values_of(trial: Rows, metric: str) -> Values:
    """Return `trial.by_seed(metric)`, or no values if the rows do not have the metric."""
    return trial.by_seed(metric) if len(trial.where(metric=metric)) else NONE


def paired(a: Rows, b: Rows, metric: str, other_metric: str | None = None) -> Pairs:
    """Pair two selections of rows by the seed and the fields of the config that vary within both.

    Args:
      a: the first selection.
      b: the second selection.
      metric: the metric of a; the value at its last step counts.
      other_metric: the metric of b; default: that of a.

    Returns:
      The pairs, their differences, and the keys without a partner.

    Raises:
      LookupError: if a field varies within only one of them, so that a value has no single partner.

    Examples:
      >>> cnn = Rows(Record("a", {}, seed, "acc", None, 0.93) for seed in (0, 1, 2))
      >>> mlp = Rows(Record("b", {}, seed, "acc", None, 0.65) for seed in (2, 1, 7))
      >>> pairs = paired(cnn, mlp, "acc")
      >>> pairs.keys, sorted(pairs.lacking), pairs.difference.array.round(2)
      ((1, 2), [0, 7], array([0.28, 0.28]))
    """
    other_metric = other_metric or metric
    a, b = a.where(metric=metric), b.where(metric=other_metric)
    fields = [name for name in a.varying() if name in b.varying()]
    only = [name for name in {*a.varying(), *b.varying()} if name not in fields]
    if only and len(a) and len(b):
        raise LookupError(f"{min(only)} varies on one side only: narrow it with where()")
    return pair(_keyed(a, metric, fields), _keyed(b, other_metric, fields))


def _keyed(rows: Rows, metric: str, fields: Sequence[str]) -> Values:
    """Return the last values of all trials, keyed by the fields' values and seed, or by seed."""
    found: dict[Hashable, float] = {}
    for trial in rows.trials():
        values, place = trial.by_seed(metric), [trial.config().get(name) for name in fields]
        keys = [(*place, seed) for seed in values.keys] if fields else values.keys
        found.update(zip(keys, values, strict=True))
    return Values(found, list(found.values()))
