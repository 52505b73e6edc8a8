"""Put the results of runs at the published settings into the package: its settled results.

    python -m docs.settle RUNS [-o FILE]

Takes the latest complete sweep of every study at the preset `paper`, with --until-decided or
without, leaves out the arrays that its document does not need (predictions that no claim reads, the
maps of seeds that no figure shows), and compresses the store. Then run `python -m docs.generate`.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

from mnist1d import results
from mnist1d.experiments import load
from mnist1d.experiments.rows import Record, Rows
from mnist1d.files import atomic_path
from mnist1d.plots import style
from mnist1d.results.document import of_rows
from mnist1d.results.settled import FILE, PRESET
from mnist1d.runs.contents import CallLine, Content, contents, refuse
from mnist1d.runs.identity import trial_id
from mnist1d.runs.merge import Merged, copy_trial
from mnist1d.runs.store import DATABASE, Store, Sweep, open_store
from mnist1d.runs.verdicts import shown_label

PATH = Path(results.__file__).with_name(FILE)
Idle = dict[str, frozenset[int]]  # metric: seeds whose arrays are left out


def compact(runs: Path, path: Path) -> None:
    """Write the settled results in a folder of runs into one compressed file."""
    with TemporaryDirectory() as name:
        copy = Path(name) / DATABASE
        with open_store(runs, create=False) as source, open_store(name) as target:
            latest = [sweep for study in source.studies() for sweep in latest_of(source, study)]
            wanted = [s for s in latest if is_published_setting(s) and is_complete(source, s)]
            keep = {trial for sweep in wanted for trial in sweep.wanted}
            idle = {sweep.study: idle_arrays(source, sweep) for sweep in wanted}
            for content in contents(source.db, refuse(source.db)):
                if content.trial in keep:
                    drop(content, idle[content.study])
                    content.calls = {n: impersonal(line) for n, line in content.calls.items()}
                    with target.db.transaction():
                        copy_trial(content, runs, target.db, Merged())
            for sweep in wanted:
                asked = sweep.wanted, without_folder(sweep.command), sweep.started
                target.record_sweep(sweep.study, sweep.label, *asked)
        packed = sqlite3.connect(copy, isolation_level=None)
        packed.execute("PRAGMA journal_mode = DELETE")
        packed.execute("VACUUM")
        packed.close()
        data = lzma.compress(copy.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    with atomic_path(path) as part:
        part.write_bytes(data)
    print(f"{path}: {len(keep)} trials of {len(wanted)} studies, {len(data) / 1e6:.2f} MB")


def latest_of(store: Store, study: str) -> list[Sweep]:
    """Return the latest sweep of a study at the published settings; none if there is none."""
    return [sweep for sweep in store.sweeps(study) if shown_label(sweep.label) == PRESET][-1:]


def is_published_setting(sweep: Sweep) -> bool:
    """Return whether every trial is one of the study's preset as it is now; tell where not."""
    study = load(sweep.study)
    known = {trial_id(sweep.study, config) for config in study.trials(PRESET)}
    if set(sweep.wanted) <= known:
        return True
    print(f"{sweep.study}: left out, its settings have changed since; run it again")
    return False


def is_complete(store: Store, sweep: Sweep) -> bool:
    """Return whether every seed that the sweep wants is done; tell where not."""
    missing = sum(len(set(seeds) - store.done(trial)) for trial, seeds in sweep.wanted.items())
    if missing:
        print(f"{sweep.study}: left out, {missing} of its seeds have not run yet")
    return not missing


def idle_arrays(store: Store, sweep: Sweep) -> Idle:
    """Return the arrays that the study's document does not need: {metric: seeds}.

    Each metric is left out on a trial basis, first for all seeds, then for all but the first; it
    stays out if tables, claims, captions and the pixels of the figures come out the same.
    """
    records = store.all_rows(sweep.study, sweep.wanted).records
    seeds = sorted({r.seed for r in records})
    idle: Idle = {}
    whole = content_of(sweep, records, idle)
    for metric in sorted({r.metric for r in records if isinstance(r.value, np.ndarray)}):
        for fewer in (seeds, seeds[1:]):
            tried = idle | {metric: frozenset(fewer)}
            if content_of(sweep, records, tried) == whole:
                idle = tried
                break
    return idle


def content_of(sweep: Sweep, records: Sequence[Record], idle: Idle) -> tuple[str, list[bytes]]:
    """Return all that a sweep's document shows without some arrays: its text as JSON, and its
    figures as pixels."""
    kept = [r for r in records if r.seed not in idle.get(r.metric, ())]
    document, figures = of_rows(load(sweep.study), Rows(kept), sweep.label)
    pixels = [style.rendered(figure, "png", dpi=50) for figure in figures.values()]
    plt.close("all")
    return json.dumps(document.to_dict(), sort_keys=True), pixels


def drop(content: Content, idle: Idle) -> None:
    """Leave the idle arrays out of a trial."""
    for seed, cells in content.cells.items():
        content.cells[seed] = [cell for cell in cells if seed not in idle.get(cell[0], ())]


def impersonal(line: CallLine) -> CallLine:
    """Return a call whose provenance names no folder of the machine it ran on."""
    provenance = json.loads(line.provenance)
    provenance["command"] = without_folder(provenance.get("command", ""))
    return line._replace(provenance=json.dumps(provenance))


def without_folder(command: str) -> str:
    """Return a command line without the folder of runs."""
    return re.sub(r" --runs \S+", "", command)


def main() -> None:
    """Read the command line, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, help="folder of runs")
    parser.add_argument("-o", "--output", type=Path, default=PATH, help=f"default: {PATH.name}")
    options = parser.parse_args()
    compact(options.runs, options.output)


if __name__ == "__main__":
    main()
