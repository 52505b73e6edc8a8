"""Commands that run studies: list, run, reproduce."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mnist1d.commands.app.options import (
    RUNS,
    Budget,
    Device,
    DryRun,
    Executor,
    Json,
    MaxSeeds,
    Mnist,
    Preset,
    RetryFailed,
    Runs,
    Scheduler,
    Shard,
    UntilDecided,
    Workers,
)


def list_(
    *studies: Annotated[str, Parameter(help="studies to add: file.py or package.module")],
) -> int:
    """List the studies: their presets, number of trials, and estimated time on this machine."""
    from mnist1d.commands.studies import listing

    listing(studies)
    return 0


def run(
    study: Annotated[str, Parameter(help="a name from `mnist1d list`, file.py, or package.module")],
    /,
    *,
    preset: Preset = "quick",
    seeds: Annotated[int | None, Parameter(help="number of seeds (default: the preset's)")] = None,
    set_: Annotated[
        list[str] | None,
        Parameter(
            "--set",
            help="name=value,value for any field of the config; a tuple as data.padding=36:60",
        ),
    ] = None,
    runs: Runs = RUNS,
    executor: Executor = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    device: Device = None,
    mnist: Mnist = None,
    dry_run: DryRun = False,
    retry_failed: RetryFailed = False,
    fail_fast: Annotated[bool, Parameter(help="start no more trials after a failure")] = False,
    until_decided: UntilDecided = False,
    max_seeds: MaxSeeds = None,
    budget: Budget = None,
    shard: Shard = None,
    json_: Json = False,
) -> int:
    """Run one study, print its table and claims, and draw its figures. Trials whose results are
    already stored do not run again.
    """
    from mnist1d.commands import studies

    return studies.run(
        [study],
        preset,
        seeds,
        set_ or (),
        runs,
        executor=executor,
        workers=workers,
        scheduler=scheduler,
        device=device,
        mnist_source=mnist,
        dry_run=dry_run,
        retry_failed=retry_failed,
        fail_fast=fail_fast,
        until=studies.until_given(until_decided, max_seeds, budget),
        shard=shard,
        as_json=json_,
    )


def reproduce(
    *,
    study: Annotated[
        list[str] | None,
        Parameter(help="only this study; repeat for more (default: the paper's studies)"),
    ] = None,
    all_: Annotated[
        bool, Parameter("--all", help="every study that `mnist1d list` shows, not only the paper's")
    ] = False,
    preset: Preset = "quick",
    runs: Runs = RUNS,
    executor: Executor = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    device: Device = None,
    mnist: Mnist = None,
    dry_run: DryRun = False,
    retry_failed: RetryFailed = False,
    until_decided: UntilDecided = False,
    max_seeds: MaxSeeds = None,
    budget: Budget = None,
    shard: Shard = None,
    json_: Json = False,
) -> int:
    """Run the paper's studies, then write report.html into the folder of runs."""
    from mnist1d.commands import studies
    from mnist1d.experiments.registry import reproduced

    return studies.run(
        study or reproduced(all_),
        preset,
        None,
        (),
        runs,
        executor=executor,
        workers=workers,
        scheduler=scheduler,
        device=device,
        mnist_source=mnist,
        dry_run=dry_run,
        retry_failed=retry_failed,
        until=studies.until_given(until_decided, max_seeds, budget),
        shard=shard,
        as_json=json_,
        report=runs / "report.html",
    )


COMMANDS = {"list": list_, "run": run, "reproduce": reproduce}
