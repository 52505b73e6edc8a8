"""What the commands report, results and compare do. Each returns the exit status."""

from __future__ import annotations

from pathlib import Path

from mnist1d.results.progress import NOT_SHOWN, say
from mnist1d.results.report import write_report
from mnist1d.results.settled import settled_runs


def report(runs: Path, output: Path | None, preset: str | None) -> int:
    """Write the report and print its path; 1 where a study could not be displayed."""
    output = output or runs / "report.html"
    return _print_report(runs, output, preset)


def report_settled(output: Path | None) -> int:
    """Write the report on the settled results; 1 where a study could not be displayed."""
    with settled_runs() as runs:
        return _print_report(runs, output or Path("report.html"), None)


def _print_report(runs: Path, output: Path, preset: str | None) -> int:
    broken = [d for d in write_report(runs, output, preset) if d.error]
    print(output.resolve())
    for document in broken:
        say(f"{document.study} ({document.label}): {NOT_SHOWN}\n{document.error}")
    return 1 if broken else 0
