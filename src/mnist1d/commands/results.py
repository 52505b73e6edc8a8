"""The commands report, results and compare. Each function returns the exit status."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mnist1d.errors import UsageError
from mnist1d.results import console
from mnist1d.results.compare import compare as compare_settings
from mnist1d.results.export import write_results
from mnist1d.results.progress import NOT_SHOWN, say
from mnist1d.results.report import write_report
from mnist1d.results.selection import Selection, parse_where
from mnist1d.results.settled import settled_runs
from mnist1d.results.text import listing, plural
from mnist1d.runs.store import open_store


def report(runs: Path, output: Path | None, preset: str | None) -> int:
    """Write the report and print its path. Return 1 if a study could not be displayed."""
    output = output or runs / "report.html"
    return _print_report(runs, output, preset)


def report_settled(output: Path | None) -> int:
    """Write the report on the settled results. Return 1 if a study could not be displayed."""
    with settled_runs() as runs:
        return _print_report(runs, output or Path("report.html"), None, settled=True)


def _print_report(runs: Path, output: Path, preset: str | None, settled: bool = False) -> int:
    documents = write_report(runs, output, preset, settled=settled)
    broken = [document for document in documents if document.error]
    print(output.resolve())
    for document in broken:
        say(f"{document.study} ({document.label}): {NOT_SHOWN}\n{document.error}")
    return 1 if broken else 0


def results(
    runs: Path,
    format: str | None,
    output: Path | None,
    *,
    study: str | None,
    preset: str | None,
    metric: str | None,
    seed: int | None,
    where: Sequence[str],
) -> int:
    """Print the selected rows, or write them to a file."""
    selection = Selection(study, preset, metric, seed, parse_where(where))
    write_results(runs, selection, format, output)
    return 0


def compare(
    runs: Path,
    a: str,
    b: str,
    metric: str,
    study: str | None,
    preset: str | None,
    as_json: bool,
) -> int:
    """Print two settings side by side with the paired difference."""
    if a == b:
        raise UsageError(f"A and B are both {a!r}: pass two different settings")
    with open_store(runs, create=False) as store:
        found = compare_settings(store, a, b, metric, study, preset)
    if as_json:
        print(json.dumps(found.to_dict(), allow_nan=False))
        return 0
    title = f"{found.study} ({found.preset}): {found.metric}, paired by {listing(found.by)}"
    out = console.stdout()
    out.print(console.table(["setting", "mean", "95% interval", "n"], found.lines(), title))
    out.print(found.words)
    if found.left_out:
        say(f"{plural(found.left_out, 'value')} had no partner and were left out")
    return 0
