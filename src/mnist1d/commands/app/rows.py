"""Commands that show stored results: report, results, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mnist1d.commands.app.options import RUNS, Json, Runs
from mnist1d.errors import UsageError


def report(
    *,
    runs: Annotated[
        Path | None,
        Parameter(help=f"folder that holds the results of your runs (default: {RUNS})"),
    ] = None,
    output: Annotated[
        Path | None,
        Parameter(
            ["--output", "-o"], help="file to write (default: report.html in the folder of runs)"
        ),
    ] = None,
    preset: Annotated[
        str | None,
        Parameter(help="smoke, quick or paper (default: the latest sweep of each study)"),
    ] = None,
    settled: Annotated[
        bool, Parameter(help="show the results that come with the package; run nothing")
    ] = False,
) -> int:
    """Write the report and all figures from the stored results: one self-contained HTML file."""
    from mnist1d.commands import results

    if not settled:
        return results.report(runs or RUNS, output, preset)
    for name, value in (("--runs", runs), ("--preset", preset)):
        if value is not None:
            raise UsageError(
                f"--settled shows the results that come with the package: leave out {name} {value}"
            )
    return results.report_settled(output)


def results(
    *,
    runs: Runs = RUNS,
    study: Annotated[str | None, Parameter(help="only this study")] = None,
    preset: Annotated[str | None, Parameter(help="only smoke, quick or paper")] = None,
    where: Annotated[
        list[str] | None,
        Parameter(help="only rows with field=value,value; repeat for more fields"),
    ] = None,
    metric: Annotated[str | None, Parameter(help="only this metric")] = None,
    seed: Annotated[int | None, Parameter(help="only this seed")] = None,
    format: Annotated[
        str | None,
        Parameter(help="table, csv, json or parquet (default: by the file's ending, else table)"),
    ] = None,
    output: Annotated[
        Path | None,
        Parameter(["--output", "-o"], help="file to write, with arrays beside it (default: print)"),
    ] = None,
) -> int:
    """Export stored results: one row per measurement, one column per field of the config."""
    from mnist1d.commands import results

    return results.results(
        runs,
        format,
        output,
        study=study,
        preset=preset,
        metric=metric,
        seed=seed,
        where=where or (),
    )


def compare(
    a: Annotated[str, Parameter(help="a setting, like model=cnn or model=cnn,num_steps=500")],
    b: Annotated[str, Parameter(help="the setting to compare with")],
    /,
    *,
    metric: Annotated[str, Parameter(help="metric to compare")] = "test_acc",
    study: Annotated[
        str | None, Parameter(help="the study (default: the one that has these fields)")
    ] = None,
    preset: Annotated[
        str | None, Parameter(help="smoke, quick or paper (default: the latest sweep)")
    ] = None,
    runs: Runs = RUNS,
    json_: Json = False,
) -> int:
    """Compare two settings of a study: both means, and the paired difference with its 95%
    confidence interval."""
    from mnist1d.commands import results

    return results.compare(runs, a, b, metric, study, preset, json_)


COMMANDS = {"report": report, "results": results, "compare": compare}
