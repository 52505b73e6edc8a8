"""Options that several commands share, and an option for every setting of the data."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from mnist1d.config import DataConfig

RUNS = Path("mnist1d-runs")

Runs = Annotated[Path, Parameter(help="folder that holds the results of your runs")]
Json = Annotated[bool, Parameter("--json", help="print one JSON document on stdout")]
Preset = Annotated[str, Parameter(help="smoke, quick or paper")]
Executor = Annotated[
    str | None,
    Parameter(help="here, processes or dask (default: processes for more than one trial)"),
]
Scheduler = Annotated[
    str | None, Parameter(help="address of a Dask scheduler, like tcp://10.0.0.1:8786")
]
Device = Annotated[str | None, Parameter(help="cpu, gpu or tpu (default: chosen by JAX)")]
Workers = Annotated[int | None, Parameter(help="number of processes (default: number of cores)")]
Mnist = Annotated[
    str | None,
    Parameter(help="MNIST as a .npz file or a folder of idx files, or openml to download it"),
]
DryRun = Annotated[bool, Parameter(help="list the trials and their estimated time; run nothing")]
RetryFailed = Annotated[bool, Parameter(help="also run trials that failed in an earlier run")]
UntilDecided = Annotated[
    bool,
    Parameter(help="with --preset paper: add seeds (4, 8, 16, 32) until every claim is decided"),
]
Shard = Annotated[
    str | None, Parameter(help="run only part i of n of the trials, like 1/4; see mnist1d merge")
]
MaxSeeds = Annotated[
    int | None, Parameter(help="with --until-decided: largest number of seeds to try")
]
Budget = Annotated[
    str | None,
    Parameter(
        help="with --until-decided: time limit, like 30m or 1h30m; checked before seeds are added"
    ),
]

Command = Callable[..., int]
SETTINGS = Group("Settings of the data", sort_key=10)
KINDS = {"int": int, "float": float, "bool": bool, "range": tuple[int, int]}


def with_knobs(command: Command, *, given_only: bool = False) -> Command:
    """Add one option per field of DataConfig to a command that ends in `**knobs`, with the field's
    effect as the help. given_only: an option that is not given is None, not the field's default."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    parameters = [*own, *(_option(knob, given_only) for knob in dataclasses.fields(DataConfig))]
    annotations = {p.name: p.annotation for p in parameters}
    vars(command)["__signature__"] = signature.replace(parameters=parameters)
    command.__annotations__ = annotations | {"return": signature.return_annotation}
    return command


def _option(knob: dataclasses.Field[object], given_only: bool) -> inspect.Parameter:
    kind, default = KINDS[knob.metadata["kind"]], knob.default
    if given_only:
        kind, default = kind | None, None
    parameter = Parameter(help=knob.metadata["effect"], group=SETTINGS)
    return inspect.Parameter(
        knob.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, parameter],
    )
