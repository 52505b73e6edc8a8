"""The commands doctor and merge. Each function returns the exit status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mnist1d.errors import UsageError
from mnist1d.results.progress import say
from mnist1d.results.text import listing, plural
from mnist1d.runs.doctor import examine
from mnist1d.runs.lock import alone
from mnist1d.runs.merge import merge as merge_stores
from mnist1d.runs.store import open_store

MAX_LINES = 20
MAX_ORIGINS = 3  # of versions that a warning names


def doctor(runs: Path, *, mend: bool) -> int:
    """Examine a store and print what was found; 1 if anything was damaged, repaired or not."""

    def waiting(owner: str) -> None:
        say(f"a sweep is using {runs} ({owner}); waiting")

    found = examine(runs, mend=mend, waiting=waiting)
    counts = f"{found.trials} trials, {found.seeds} finished seeds, {found.rows} rows"
    if found.leftovers:
        print(f"removed {found.leftovers} temporary files of killed processes")
    for line in found.removed[:MAX_LINES]:
        print(f"damaged: {line}; the seed was removed and will run again")
    if not found.problems:
        print(
            f"{runs}: {'nothing else is damaged' if found.removed else 'no damage found'}; {counts}"
        )
        return 1 if found.removed else 0
    for line in found.problems[:MAX_LINES]:
        print(f"damaged: {line}")
    if len(found.problems) > MAX_LINES:
        print(f"... and {len(found.problems) - MAX_LINES} more")
    if found.is_mended:
        print(f"repaired: {runs} now holds all intact rows: {counts}")
        print(f"the damaged store is kept as {found.kept}")
        print("run your command again to run the seeds whose rows were lost")
    elif not mend:
        print(f"intact: {counts}. To repair the store: mnist1d doctor --runs {runs}")
    elif not found.trials:
        print("no intact row is left: choose another folder with --runs")
    return 1


def merge(folders: Sequence[Path], runs: Path) -> int:
    """Merge stores into the store of `runs` and print what was copied; 1 if any rows conflict."""
    if not folders:
        raise UsageError("pass the folders to merge: mnist1d merge DIR... --runs DIR")
    for folder in folders:  # before anything is written
        open_store(folder, create=False).close()
    open_store(runs).close()
    with alone(runs, lambda owner: say(f"a sweep is using {runs} ({owner}); waiting")):
        found = merge_stores(folders, runs)
    copied = f"{plural(found.copied, 'seed')} copied"
    print(f"{runs}: {copied}, {found.equal} already present with equal rows")
    if len(found.origins) > 1:
        shown = list(found.origins.items())[:MAX_ORIGINS]
        places = "; ".join(f"{listing(list(map(str, v)))}: {k}" for k, v in shown)
        if len(found.origins) > MAX_ORIGINS:
            places += f"; and {len(found.origins) - MAX_ORIGINS} more"
        print(
            "warning: the rows come from different versions or processors, so their last digits "
            "may differ; for exact comparisons, run the different shards again with the same "
            f"versions ({places})"
        )
    if found.missing:
        lacking = [f"{n} of {plural(of, 'trial')} of {k}" for k, (n, of) in found.missing.items()]
        print(
            f"warning: {listing(lacking)} have not run for all seeds: merge the other shards into "
            f"{runs} too, or run the study with --runs {runs}, which runs only what is missing"
        )
    for study, trial, seed, folder in found.conflicts[:MAX_LINES]:
        print(
            f"conflict: {study} trial {trial[:12]}, seed {seed}: {folder} has different rows; "
            "skipped"
        )
    if found.conflicts:
        print(
            f"{plural(len(found.conflicts), 'conflict')}: the rows merged first were kept. To "
            "keep the others, merge again into a new folder and leave out the folder that you "
            "do not trust"
        )
    return 1 if found.conflicts else 0
