"""Select rows by study, preset, metric, seed, and any field of the config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mnist1d.checks import check_name
from mnist1d.errors import UsageError
from mnist1d.experiments import PRESETS
from mnist1d.experiments.rows import Record
from mnist1d.results.text import field_value
from mnist1d.runs.store import Store, Sweep


class Line(NamedTuple):
    """A record, its study, and the presets at which it was requested."""

    study: str
    preset: str
    record: Record


@dataclass(frozen=True)
class Selection:
    """Rows to keep; None and empty keep all. where: {field: its values as text}."""

    study: str | None = None
    preset: str | None = None
    metric: str | None = None
    seed: int | None = None
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def lines(self, store: Store) -> Iterator[Line]:
        """Yield the selected lines, with one trial in memory at a time.

        Errors: UsageError, before anything is yielded, for an unknown study or preset.
        """
        studies = store.studies()
        if self.study is not None:
            check_name(self.study, studies, "study in these runs")
            studies = [self.study]
        if self.preset is not None:
            check_name(self.preset, PRESETS, "preset")
        return self._lines(store, studies)

    def _lines(self, store: Store, studies: Iterable[str]) -> Iterator[Line]:
        for study in studies:
            asked = _asked(store.sweeps(study))
            trial, kept = None, False
            for record in store.each_row(study):
                if record.trial != trial:
                    trial, kept = record.trial, self._keeps(record.config)
                if not kept or self.metric not in (None, record.metric):
                    continue
                if self.seed not in (None, record.seed):
                    continue
                presets = [p for p, seeds in asked.get(record.trial, ()) if record.seed in seeds]
                if self.preset is None or self.preset in presets:
                    yield Line(study, " ".join(dict.fromkeys(presets)), record)

    def _keeps(self, config: Mapping[str, object]) -> bool:
        return all(
            name in config and any(matches(config[name], text) for text in texts)
            for name, texts in self.where.items()
        )


def _asked(sweeps: Iterable[Sweep]) -> dict[str, list[tuple[str, Sequence[int]]]]:
    """Return {trial: its presets, with the requested seeds}."""
    found: dict[str, list[tuple[str, Sequence[int]]]] = {}
    for sweep in sweeps:
        preset = sweep.label.partition(" ")[0]
        for trial, seeds in sweep.wanted.items():
            found.setdefault(trial, []).append((preset, seeds))
    return found


def matches(value: object, text: str) -> bool:
    """Return whether a field's value equals the user's text: 0.1 equals 1e-1, 36:60 is a tuple,
    true is True."""
    if text == field_value(value) or text.lower() == str(value).lower():
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return float(text) == value
    except ValueError:
        return False


def parse_where(items: Iterable[str]) -> dict[str, list[str]]:
    """Return {field: values} of items like "model=cnn" or "size=1,2". Errors: UsageError for an
    item without = or without a value."""
    found: dict[str, list[str]] = {}
    for item in items:
        name, equals, values = item.partition("=")
        if not (name and equals and values):
            raise UsageError(f"write a condition as field=value, like model=cnn; got {item!r}")
        found.setdefault(name.strip(), []).extend(values.split(","))
    return found
