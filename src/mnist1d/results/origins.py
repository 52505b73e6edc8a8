"""The origin of a document's rows: the settings, the calls that made them, and the failed and
skipped calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mnist1d.checks import Json
from mnist1d.config import DataConfig
from mnist1d.experiments.rows import Rows
from mnist1d.results.text import field_value
from mnist1d.runs.identity import flat
from mnist1d.runs.store import Call


@dataclass(frozen=True)
class Problem:
    """A call that failed or was skipped, and whose seeds have not succeeded since."""

    status: str
    study: str
    trial: str
    seeds: list[int]
    started: str
    error: str


@dataclass(frozen=True)
class Origin:
    """One environment in which rows were made: items are (name, value)."""

    studies: list[str]
    first: str
    last: str
    commands: list[str]
    items: list[tuple[str, str]]


def settings_of(rows: Rows) -> list[tuple[str, str]]:
    """Return the values of every field over the trials; for the data, only differences from the
    published set."""
    usual = {f"data.{name}": value for name, value in flat(DataConfig()).items()}
    values: dict[str, dict[object, None]] = {}
    for record in {record.trial: record for record in rows}.values():
        for name, value in record.config.items():
            values.setdefault(name, {})[value] = None
    found = {name: list(v) for name, v in values.items() if list(v) != [usual.get(name, ...)]}
    items = [(name, ", ".join(map(field_value, v))) for name, v in found.items()]
    if items and not any(name in usual for name in found):
        items.append(("data", "the published set"))
    return items


def problems_of(calls: Sequence[Call]) -> list[Problem]:
    """Return the calls that failed or were skipped and whose seeds have not succeeded since."""
    done = {(c.trial, seed) for c in calls if c.status == "done" for seed in c.seeds}
    latest = {(c.trial, c.seeds): c for c in calls if c.status != "done"}
    return [
        Problem(c.status, c.study, c.trial, list(c.seeds), c.started, c.error or "")
        for c in latest.values()
        if any((c.trial, seed) not in done for seed in c.seeds)
    ]


def origins_of(calls: Iterable[Call]) -> list[Origin]:
    """Return every distinct environment in which calls were made; nearly always one."""
    found: dict[str, list[Call]] = {}
    for call in calls:
        rest = {name: value for name, value in call.provenance.items() if name != "command"}
        found.setdefault(json.dumps(rest, sort_keys=True), []).append(call)
    return [_origin(json.loads(text), some) for text, some in found.items()]


def merged(origins: Iterable[Origin]) -> list[Origin]:
    """Merge the origins of several studies that share an environment."""
    found: dict[tuple, list[Origin]] = {}
    for origin in origins:
        found.setdefault(tuple(map(tuple, origin.items)), []).append(origin)
    return [
        Origin(
            list(dict.fromkeys(study for o in some for study in o.studies)),
            min(o.first for o in some),
            max(o.last for o in some),
            list(dict.fromkeys(command for o in some for command in o.commands)),
            some[0].items,
        )
        for some in found.values()
    ]


def _origin(content: Json, calls: Sequence[Call]) -> Origin:
    git, versions = content.get("git"), content.get("versions", {})
    commit = "not in a checkout"
    if git:
        commit = git["commit"][:12] + ", with uncommitted changes" * git["dirty"]
    items = [
        ("commit", commit),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]
    for name in ("python", "platform", "processor", "cores", "device", "threads"):
        if content.get(name):
            items.append((name, str(content[name])))
    if study := content.get("study"):
        items.append(("study", f"{study['file']}, SHA-256 {study['sha256'][:12]}"))
    started = [call.started for call in calls]
    commands = list(dict.fromkeys(str(call.provenance.get("command")) for call in calls))
    studies = list(dict.fromkeys(call.study for call in calls))
    return Origin(studies, min(started), max(started), commands, items)
