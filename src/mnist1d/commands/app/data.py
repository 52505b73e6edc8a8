"""Commands on data sets: generate, verify, show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Unpack

from cyclopts import Parameter

from mnist1d.commands.app.options import Json, with_knobs
from mnist1d.config import DataConfig, Knobs


@with_knobs
def generate(
    *,
    output: Annotated[
        Path, Parameter(["--output", "-o"], help="file to write: .npz, .csv or .parquet")
    ],
    mode: Annotated[
        str,
        Parameter(
            help="exact: the original package's signals bit for bit; fast: other signals from "
            "the same distribution, generated faster"
        ),
    ] = "exact",
    dtype: Annotated[
        str | None,
        Parameter(help="float32 or float64 (default: float64 in exact mode, float32 in fast mode)"),
    ] = None,
    **knobs: Unpack[Knobs],
) -> int:
    """Generate a data set and write it to a file, with its settings and a checksum."""
    from mnist1d.commands import data

    return data.generate(output, DataConfig(**knobs), mode=mode, dtype=dtype)


def verify(
    file: Annotated[Path, Parameter(help="file to check: .npz, .csv, .parquet or .pkl")],
    /,
    *,
    json_: Json = False,
) -> int:
    """Check whether a file holds the published data set. Exit status 1 if it does not."""
    from mnist1d.commands import data

    return data.verify(file, as_json=json_)


@with_knobs
def show(
    what: Annotated[str, Parameter(help="templates, samples, stages or animation")],
    /,
    *,
    output: Annotated[
        Path,
        Parameter(
            ["--output", "-o"],
            help="file to write: .png, .pdf or .svg; for an animation, .gif or .mp4",
        ),
    ],
    digit: Annotated[
        int | None, Parameter(help="digit whose stages are drawn (default: 3)")
    ] = None,
    **knobs: Unpack[Knobs],
) -> int:
    """Draw the templates, some samples, the stages of one signal, or an animation of the
    stages."""
    from mnist1d.commands import data

    return data.show(what, output, DataConfig(**knobs), digit=digit)


COMMANDS = {"generate": generate, "verify": verify, "show": show}
