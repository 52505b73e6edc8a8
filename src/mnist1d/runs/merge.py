"""Several stores into one: the shards of a sweep that ran on machines of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnist1d.errors import UsageError
from mnist1d.runs import checksums
from mnist1d.runs.contents import Content, Problem, contents, places, refuse, sweeps
from mnist1d.runs.database import Database
from mnist1d.runs.store import open_store
from mnist1d.runs.writing import (
    insert_call,
    insert_meta,
    insert_seed,
    insert_sweep,
    insert_trial,
    next_command,
    of_call,
)

LOST = "the rows of these seeds were damaged; mnist1d doctor removed them"


@dataclass
class Merged:
    """What merging did: seeds copied, seeds that both sides hold with equal rows, and seeds whose
    rows differ, as (study, trial, seed, folder). `versions`: the distinct versions that made the
    rows, as text: the folders of each."""

    copied: int = 0
    equal: int = 0
    conflicts: list[tuple[str, str, int, Path]] = field(default_factory=list)
    versions: dict[str, list[Path]] = field(default_factory=dict)


def merge(folders: Sequence[Path], runs: Path) -> Merged:
    """Copy what the stores of some folders hold into the one of `runs`, which is made if need be.

    A seed that is there with equal rows is left alone; one with other rows is a conflict: the rows
    that were there first stay. Errors: UsageError where a folder holds no store or is `runs` itself;
    FileFormatError, before anything is copied, where a store is damaged.
    """
    for folder in folders:
        if folder.resolve() == runs.resolve():
            raise UsageError(f"{folder} is the folder to merge into: name only the others")
        with open_store(folder, create=False) as source:
            for _ in contents(source.db, refuse(source.db)):
                pass
    result = Merged()
    with open_store(runs) as target:
        for folder in folders:
            with open_store(folder, create=False) as source:
                copy(source.db, folder, target.db, result, refuse(source.db))
        target.db.sync()
    return result


def copy(
    source: Database, folder: Path, target: Database, result: Merged, problem: Problem
) -> None:
    """Copy what is sound in one database, of a store in `folder`, into another, one transaction per
    trial; `problem` is told of what is not."""
    for content in contents(source, problem):
        with target.transaction():
            copy_trial(content, folder, target, result)
    asked: dict[int, int] = {}
    with target.transaction():
        for key, value in places(source, problem):
            insert_meta(target, key, value)
        for line in sweeps(source, problem):
            if line.asked not in asked:
                asked[line.asked] = next_command(target)
            insert_sweep(
                target,
                asked[line.asked],
                line.study,
                line.label,
                json.loads(line.wanted),
                line.started,
                line.command,
            )


def copy_trial(content: Content, folder: Path, db: Database, result: Merged) -> None:
    """Copy one trial of a store in `folder` into a database, within the caller's transaction."""
    number = insert_trial(db, content.trial, content.study, content.config)
    there = dict(db.execute("SELECT seed, checksum FROM seeds WHERE trial_id = ?", (number,)))
    known = db.execute("SELECT checksum FROM attempts WHERE trial_id = ?", (number,)).fetchall()
    for call, line in content.calls.items():
        seeds = list(line.seeds)
        if line.status == "done":
            seeds = [seed for seed in seeds if content.call_of.get(seed) == call]
            if gone := sorted(set(line.seeds) - set(seeds)):
                lost = line._replace(status="lost", error=LOST)
                insert_call(db, number, content.trial, gone, *lost[1:])
            seeds = _new_seeds(content, seeds, there, folder, result)
        key = of_call(content.trial, json.dumps(seeds), *line[1:5], checksums.of(line.provenance))
        if not seeds or (key,) in known:
            continue
        made = insert_call(db, number, content.trial, seeds, *line[1:])
        if line.status == "done":
            _count_version(folder, line.provenance, result)
            for seed in seeds:
                insert_seed(db, number, content.trial, seed, made, content.cells[seed])
            result.copied += len(seeds)


def _new_seeds(
    content: Content, seeds: list[int], there: dict[int, bytes], folder: Path, result: Merged
) -> list[int]:
    """Return the seeds that a store lacks, and count the others; `there`: its checksums."""
    new = []
    for seed in seeds:
        if seed not in there:
            new.append(seed)
        elif there[seed] == checksums.of_seed(content.trial, seed, content.cells[seed]):
            result.equal += 1
        else:
            result.conflicts.append((content.study, content.trial, seed, folder))
    return new


def _count_version(folder: Path, provenance: str, result: Merged) -> None:
    text = version_of(json.loads(provenance))
    folders = result.versions.setdefault(text, [])
    if folder not in folders:
        folders.append(folder)


def version_of(provenance: dict) -> str:
    """Return the versions that decide over rows, in words: ours, the commit, JAX, NumPy, Python."""
    versions = provenance.get("versions") or {}
    names = ("mnist1d-lab", "jax", "jaxlib", "numpy")
    parts = [f"{name} {versions[name]}" for name in names if name in versions]
    if provenance.get("python"):
        parts.append(f"Python {provenance['python']}")
    if git := provenance.get("git"):
        parts.append(f"commit {git['commit'][:12]}{' with changes' if git['dirty'] else ''}")
    return ", ".join(parts) or "unknown versions"
