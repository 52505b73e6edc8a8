"""Commands that show stored results: report, results, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mnist1d.commands.app.options import RUNS, Json, Runs


def report(
    *,
    runs: Runs = RUNS,
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

    return results.report_settled(output) if settled else results.report(runs, output, preset)


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
    format: Annotated[str, Parameter(help="table, csv, json or parquet")] = "table",
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
