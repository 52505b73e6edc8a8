"""Put the results of runs at the published settings into the package: its settled results.

    python -m docs.settle RUNS [-o FILE]

Takes the latest sweep of every study at the preset `paper`, leaves out what no table, figure or
claim reads, and compresses the store. Then run `python -m docs.generate`.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from mnist1d import results
from mnist1d.experiments import load
from mnist1d.files import atomic_path
from mnist1d.results.settled import FILE, PRESET
from mnist1d.runs.contents import CallLine, contents, refuse
from mnist1d.runs.identity import trial_id
from mnist1d.runs.merge import Merged, copy_trial
from mnist1d.runs.store import DATABASE, Sweep, open_store

PATH = Path(results.__file__).with_name(FILE)


def compact(runs: Path, path: Path) -> None:
    """Write the settled results in a folder of runs into one compressed file."""
    with TemporaryDirectory() as name:
        copy = Path(name) / DATABASE
        with open_store(runs, create=False) as source, open_store(name) as target:
            latest = [sweep for study in source.studies() for sweep in source.latest(study, PRESET)]
            wanted = [sweep for sweep in latest if is_published_setting(sweep)]
            keep = {trial for sweep in wanted for trial in sweep.wanted}
            for content in contents(source.db, refuse(source.db)):
                if content.trial in keep:
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


def is_published_setting(sweep: Sweep) -> bool:
    """Return whether every trial is one of the study's preset as it is now; tell where not."""
    study = load(sweep.study)
    known = {trial_id(sweep.study, config) for config in study.trials(PRESET)}
    if set(sweep.wanted) <= known:
        return True
    print(f"{sweep.study}: left out, its settings have changed since; run it again")
    return False


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
