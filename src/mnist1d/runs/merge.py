"""Merge the rows of several stores, such as the shards of one sweep, into one store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnist1d.checks import Json
from mnist1d.errors import UsageError
from mnist1d.runs import checksums
from mnist1d.runs.checksums import Cell
from mnist1d.runs.contents import Content, Problem, contents, places, refuse, sweeps
from mnist1d.runs.database import Database
from mnist1d.runs.store import Store, open_store
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
    """The result of merging: the number of seeds copied, the number that both sides already had
    with equal rows, and the seeds whose rows differ, as (study, trial, seed, folder). origins: for
    each combination of versions and processor, as text, the folders with such rows. missing: for
    each study of which trials have not run for all seeds, their number and the number of all."""

    copied: int = 0
    equal: int = 0
    conflicts: list[tuple[str, str, int, Path]] = field(default_factory=list)
    origins: dict[str, list[Path]] = field(default_factory=dict)
    missing: dict[str, tuple[int, int]] = field(default_factory=dict)


def merge(folders: Sequence[Path], runs: Path) -> Merged:
    """Copy the contents of several stores into the store of the folder `runs`, which is created if
    it does not exist.

    A folder that a sweep is writing is copied as it is at one moment.

    A seed that is already there with equal rows (times aside) is counted and skipped. A seed with
    different rows is a conflict: the existing rows are kept. Errors: UsageError if a folder has no
    store or is `runs` itself; FileFormatError, before anything is copied, if a store is damaged.
    """
    for folder in folders:
        if folder.resolve() == runs.resolve():
            raise UsageError(f"{folder} is the folder to merge into: name only the others")
        with open_store(folder, create=False) as source, source.db.snapshot():
            for _ in contents(source.db, refuse(source.db)):
                pass
    result = Merged()
    with open_store(runs) as target:
        for folder in folders:
            with open_store(folder, create=False) as source, source.db.snapshot():
                copy(source.db, folder, target.db, result, refuse(source.db))
        target.db.sync()
        result.missing = _missing(target)
    return result


def _missing(store: Store) -> dict[str, tuple[int, int]]:
    """Return for each study how many of the trials that its sweeps asked for have not run for all
    their seeds, and the number of these trials; nothing for a study without such trials."""
    standing, wanted = store.standing(), {}
    tried = {trial: set(seeds) for trial, seeds in standing.done.items()}
    for trial, seeds in standing.failed.items():
        tried.setdefault(trial, set()).update(seeds)
    for call in store.calls(status="skipped"):
        tried.setdefault(call.trial, set()).update(call.seeds)
    for sweep in {(sweep.study, sweep.label): sweep for sweep in store.sweeps()}.values():
        of_study = wanted.setdefault(sweep.study, {})
        for trial, seeds in sweep.wanted.items():
            of_study.setdefault(trial, set()).update(seeds)
    found = {}
    for study, trials in wanted.items():
        lacking = sum(not seeds <= tried.get(trial, set()) for trial, seeds in trials.items())
        if lacking:
            found[study] = lacking, len(trials)
    return found


def copy(
    source: Database, folder: Path, target: Database, result: Merged, problem: Problem
) -> None:
    """Copy the intact content of one database into another, one transaction per trial; call
    `problem` for everything else. folder: the source's folder."""
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
    """Copy one trial into a database, within the caller's transaction. folder: where it is from."""
    number = insert_trial(db, content.trial, content.study, content.config)
    known = db.execute("SELECT checksum FROM attempts WHERE trial_id = ?", (number,)).fetchall()
    for call, line in content.calls.items():
        seeds = list(line.seeds)
        if line.status == "done":
            seeds = [seed for seed in seeds if content.call_of.get(seed) == call]
            if gone := sorted(set(line.seeds) - set(seeds)):
                lost = line._replace(status="lost", error=LOST)
                insert_call(db, number, content.trial, gone, *lost[1:])
            seeds = _new_seeds(content, seeds, db, number, folder, result)
        key = of_call(content.trial, json.dumps(seeds), *line[1:5], checksums.of(line.provenance))
        if not seeds or (key,) in known:
            continue
        made = insert_call(db, number, content.trial, seeds, *line[1:])
        if line.status == "done":
            _note_origin(folder, line.provenance, result)
            for seed in seeds:
                insert_seed(db, number, content.trial, seed, made, content.cells[seed])
            result.copied += len(seeds)


def _new_seeds(
    content: Content, seeds: list[int], db: Database, number: int, folder: Path, result: Merged
) -> list[int]:
    """Return the seeds missing in the target, and count the others. number: the trial's number in
    the target."""
    there = {seed for (seed,) in db.execute(OF_TRIAL, (number,))}
    new = []
    for seed in seeds:
        if seed not in there:
            new.append(seed)
        elif _without_times(db.execute(CELLS, (number, seed))) == _without_times(
            content.cells[seed]
        ):
            result.equal += 1
        else:
            result.conflicts.append((content.study, content.trial, seed, folder))
    return new


def _without_times(cells: Iterable[Cell]) -> list[Cell]:
    """Return the measurements except the times: those that a second run reproduces."""
    return [cell for cell in cells if not cell[0].endswith("seconds")]


def _note_origin(folder: Path, provenance: str, result: Merged) -> None:
    folders = result.origins.setdefault(origin_of(json.loads(provenance)), [])
    if folder not in folders:
        folders.append(folder)


def origin_of(provenance: Json) -> str:
    """Return as text what determines the last bits of rows: our version and commit, JAX, NumPy,
    Python and the processor."""
    versions = provenance.get("versions") or {}
    names = ("mnist1d-lab", "jax", "jaxlib", "numpy")
    parts = [f"{name} {versions[name]}" for name in names if name in versions]
    if provenance.get("python"):
        parts.append(f"Python {provenance['python']}")
    if git := provenance.get("git"):
        parts.append(f"commit {git['commit'][:12]}{' with changes' if git['dirty'] else ''}")
    if provenance.get("processor"):
        parts.append(provenance["processor"])
    return ", ".join(parts) or "unknown versions"


OF_TRIAL = "SELECT seed FROM seeds WHERE trial_id = ?"
CELLS = (
    "SELECT metric, step, value, array FROM measurements WHERE trial_id = ? AND seed = ? "
    "ORDER BY place"
)
