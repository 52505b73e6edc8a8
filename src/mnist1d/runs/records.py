"""What the store says beside rows: calls and sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mnist1d.experiments.study import Reference


@dataclass(frozen=True)
class Call:
    """One time that a trial ran: for which seeds, how it went ("done", "failed", "skipped"; "lost":
    done once, its rows damaged and removed since), and where it came from. `number` counts the
    store's calls."""

    study: str
    trial: str
    config: Mapping[str, Any]  # flat
    seeds: tuple[int, ...]
    status: str
    started: str
    seconds: float
    error: str | None
    provenance: Mapping[str, Any]
    number: int = 0


@dataclass(frozen=True)
class Sweep:
    """What somebody asked of one study: a label ("quick", "quick num_steps=500") and the wanted
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
    """Which seeds of each trial are done, and which failed and were not done since."""

    done: Mapping[str, set[int]] = field(default_factory=dict)
    failed: Mapping[str, set[int]] = field(default_factory=dict)


class Wish(NamedTuple):
    """What a command wants of one study under one label; `reference` says where a study from
    outside the package is found again."""

    study: str
    label: str
    wanted: Mapping[str, Sequence[int]]
    reference: Reference | None = None
