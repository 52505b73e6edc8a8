"""The store's records besides rows: calls and sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mnist1d.checks import Json
from mnist1d.experiments.study import Reference


@dataclass(frozen=True)
class Call:
    """One run of a trial: its seeds, its status ("done", "failed", "skipped"; "lost": finished, but
    its rows were later damaged and removed) and its provenance. `number` counts the store's
    calls."""

    study: str
    trial: str
    config: Mapping[str, object]  # flat
    seeds: tuple[int, ...]
    status: str
    started: str
    seconds: float
    error: str | None
    provenance: Json
    number: int = 0


@dataclass(frozen=True)
class Sweep:
    """A command's request for one study: a label ("quick", "quick num_steps=500") and the wanted
    seeds of each trial. Sweeps of one command have the same number `asked`."""

    sweep: int
    study: str
    label: str
    wanted: Mapping[str, Sequence[int]]
    started: str
    command: str
    asked: int = 0


@dataclass(frozen=True)
class Standing:
    """The finished seeds of each trial, and the seeds that failed and have not succeeded since."""

    done: Mapping[str, set[int]] = field(default_factory=dict)
    failed: Mapping[str, set[int]] = field(default_factory=dict)


class Wish(NamedTuple):
    """A command's request for one study under one label; `reference` locates a study from outside
    the package."""

    study: str
    label: str
    wanted: Mapping[str, Sequence[int]]
    reference: Reference | None = None
