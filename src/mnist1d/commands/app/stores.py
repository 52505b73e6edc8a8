"""Commands on folders of runs: merge, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mnist1d.commands.app.options import RUNS, Runs


def merge(
    *folders: Annotated[Path, Parameter(help="folders of runs, such as the shards of one sweep")],
    runs: Annotated[Path, Parameter(help="folder to merge them into")] = RUNS,
) -> int:
    """Merge the results of several folders of runs into one."""
    from mnist1d.commands import stores

    return stores.merge(folders, runs)


def doctor(
    *,
    runs: Runs = RUNS,
    dry_run: Annotated[bool, Parameter(help="only look for damage; repair nothing")] = False,
) -> int:
    """Check a folder of runs for damage, and repair what can be repaired.

    Exit status 1 if anything was damaged.
    """
    from mnist1d.commands import stores

    return stores.doctor(runs, mend=not dry_run)


COMMANDS = {"merge": merge, "doctor": doctor}
