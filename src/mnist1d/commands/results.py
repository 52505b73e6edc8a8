"""What the commands report, results and compare do. Each returns the exit status."""

from __future__ import annotations

from pathlib import Path

from mnist1d.results.progress import NOT_SHOWN, say
from mnist1d.results.report import write_report


def report(runs: Path, output: Path | None, preset: str | None) -> int:
    """Write the report and print its path; 1 where a study could not be displayed."""
    output = output or runs / "report.html"
    broken = [d for d in write_report(runs, output, preset) if d.error]
    print(output.resolve())
    for document in broken:
        say(f"{document.study} ({document.label}): {NOT_SHOWN}\n{document.error}")
    return 1 if broken else 0
