"""Put the results of runs at the published settings into the package: its settled results.

    python -m docs.settle RUNS [-o FILE]

Takes the latest sweep of every study at the preset `paper`, leaves out what no table, figure or
claim reads, and compresses the store. Then run `python -m docs.generate`.
"""

from __future__ import annotations

import argparse
import lzma
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from mnist1d import results
from mnist1d.files import atomic_path
from mnist1d.results.settled import FILE, PRESET
from mnist1d.runs.store import DATABASE, open_store

PATH = Path(results.__file__).with_name(FILE)


def compact(runs: Path, path: Path) -> None:
    """Write the settled results in a folder of runs into one compressed file."""
    with TemporaryDirectory() as name:
        copy = Path(name) / DATABASE
        with open_store(runs, create=False) as store:
            wanted = [sweep for study in store.studies() for sweep in store.latest(study, PRESET)]
            keep = {trial for sweep in wanted for trial in sweep.wanted}
            numbers = [sweep.sweep for sweep in wanted]
        source = sqlite3.connect(f"{(runs / DATABASE).resolve().as_uri()}?mode=ro", uri=True)
        target = sqlite3.connect(copy, isolation_level=None)
        source.backup(target)
        source.close()
        target.execute("PRAGMA journal_mode = DELETE")
        drop = [i for i, t in target.execute("SELECT id, trial FROM trials") if t not in keep]
        for number in drop:
            for table in ("measurements", "seeds", "calls"):
                target.execute(f"DELETE FROM {table} WHERE trial_id = ?", (number,))
            target.execute("DELETE FROM trials WHERE id = ?", (number,))
        target.execute(f"DELETE FROM sweeps WHERE sweep NOT IN ({','.join(map(str, numbers))})")
        target.execute("VACUUM")
        target.close()
        content = lzma.compress(copy.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    with atomic_path(path) as part:
        part.write_bytes(content)
    print(f"{path}: {len(keep)} trials of {len(numbers)} studies, {len(content) / 1e6:.2f} MB")


def main() -> None:
    """Read the command line, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, help="folder of runs")
    parser.add_argument("-o", "--output", type=Path, default=PATH, help=f"default: {PATH.name}")
    options = parser.parse_args()
    compact(options.runs, options.output)


if __name__ == "__main__":
    main()
