"""The commands run, reproduce and list. Each function returns the exit status."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist1d.errors import UsageError
from mnist1d.experiments import PRESETS, STUDIES, Reference, load
from mnist1d.experiments.sequential import looks_up_to
from mnist1d.results import console, figures
from mnist1d.results.document import Document, latest
from mnist1d.results.progress import NOT_SHOWN, Shown, describe, say, show_summary
from mnist1d.results.report import write_report
from mnist1d.results.text import plural
from mnist1d.runs.devices import VARIABLE, check_device, choose_device
from mnist1d.runs.executors import check_executor, cores, make_executor
from mnist1d.runs.looks import seconds_of, until_decided
from mnist1d.runs.shards import parse_shard, tasks_of
from mnist1d.runs.store import DATABASE, Standing, Store, open_store
from mnist1d.runs.sweep import Summary, Task, plan, sweep


def run(
    studies: Sequence[str],
    preset: str,
    seeds: int | None,
    overrides: Iterable[str],
    runs: Path,
    *,
    executor: str | None = None,
    workers: int | None = None,
    mnist_source: str | None = None,
    dry_run: bool = False,
    retry_failed: bool = False,
    fail_fast: bool = False,
    as_json: bool = False,
    report: Path | None = None,
    until: Until | None = None,
    shard: str | None = None,
    scheduler: str | None = None,
    device: str | None = None,
) -> int:
    """Sweep studies, write their figures into the folder of runs, optionally write the report, and
    print the results.

    until: add seeds until every claim is decided. shard: run only a part of the trials, such as
    "1/4", without figures and report. scheduler: address of a Dask scheduler, for the executor
    dask. device: cpu, gpu or tpu; JAX's own choice by default.
    """
    overrides, part = list(overrides), None if shard is None else parse_shard(shard)
    wanted = _located(studies, runs)
    if until is not None:
        until.check(preset, seeds)
        if shard is not None:
            raise UsageError(
                "--until-decided needs the rows of all trials, but a shard has only its own: "
                "leave out --until-decided or --shard"
            )
    tasks = []
    for study in wanted:
        most = seeds if until is None else until.most_seeds(study)
        tasks += plan(study, preset, most, overrides)
    _check_names(tasks)
    names = list(dict.fromkeys(task.study for task in tasks))
    _use_mnist(mnist_source, scheduler)
    own = tasks if part is None else tasks_of(part, tasks)
    _use_device(device, scheduler)
    if executor is None and device not in (None, "cpu"):
        # one process uses all devices; several processes would share each device's memory
        executor = "here"
    if executor is None:
        several = "processes" if workers or (len(own) > 1 and cores() > 1) else "here"
        executor = several if scheduler is None else "dask"
    if dry_run:
        check_executor(executor, workers, scheduler)
        used = 1 if executor == "here" else min(workers or cores(), cores())
        return _dry_run(own, runs, used, as_json)
    pool = make_executor(executor, workers, scheduler)
    with open_store(runs) as store, pool:
        if store.lost:
            lost = f"the arrays of {len(store.lost)} finished seeds are missing or damaged"
            say(f"{runs}: {lost}; these seeds will run again")
        if device is not None:
            say(f"device: {pool.submit(check_device, device).result()}")
        if until is None:
            how = {"retry_failed": retry_failed, "fail_fast": fail_fast, "progress": Shown()}
            summary = sweep(store, own, pool, whole=tasks, **how)
        else:
            how = {"max_seeds": until.max_seeds, "budget": until.budget, "overrides": overrides}
            how |= {"retry_failed": retry_failed, "progress": Shown()}
            summary, groups = until_decided(store, wanted, pool, **how)
            names = list(dict.fromkeys(group.study.INFO.name for group in groups))
        found = []
        if part is None:
            found = _shown(store, names, runs, as_json, draw=report is None)
            if report:
                # other machines may not see the folder of runs
                write_report(runs, report, pool=None if executor == "dask" else pool)
    if as_json:
        studies_found = [document.to_dict() for document in found]
        content = {"summary": _counts(summary), "preset": preset, "studies": studies_found}
        print(json.dumps(content, allow_nan=False))
    if part is None:
        say(f"figures: {(runs / 'figures').resolve()} (png, pdf, svg)")
    else:
        say(
            f"shard {part}: {plural(len(own), 'trial')} of {len(tasks)}, in {runs}. After the "
            f"last shard, join all folders: mnist1d merge DIR... --runs ALL, "
            "then mnist1d report --runs ALL"
        )
    words = ["run", str(wanted[0])] if len(wanted) == 1 else ["reproduce"]
    if until is not None:
        words.append("--until-decided")
    show_summary(summary, _again(words, preset, seeds, overrides, runs))
    if report and part is None:
        say(f"report: {report.resolve()}")
    return 0 if summary.ok and not any(document.error for document in found) else 1


def _located(studies: Sequence[str], runs: Path) -> list[str | Reference]:
    """Replace each name that only the folder of runs knows by the file or module last run under
    it."""
    if all(name in STUDIES for name in studies) or not (runs / DATABASE).is_file():
        return list(studies)
    with open_store(runs, create=False) as store:
        return [name if name in STUDIES else store.reference(name) or name for name in studies]


def _again(
    words: Sequence[str],
    preset: str,
    seeds: int | None,
    overrides: Iterable[str],
    runs: Path,
) -> str:
    """Return the command that runs the same trials again."""
    more = ["--preset", preset, *(["--seeds", str(seeds)] if seeds else [])]
    more += [word for override in overrides for word in ("--set", override)]
    return shlex.join(["mnist1d", *words, *more, "--runs", str(runs)])


@dataclass(frozen=True)
class Until:
    """Limits of --until-decided: seeds of the last look (None: the study's own number), and
    wall-clock seconds."""

    max_seeds: int | None = None
    budget: float = math.inf

    def most_seeds(self, study: str | Reference) -> int:
        """Return the seeds of the last look. Errors: UsageError for fewer than the first look."""
        looks = load(study).INFO.looks
        return looks_up_to(looks[-1] if self.max_seeds is None else self.max_seeds, looks)[-1]

    def check(self, preset: str, seeds: int | None) -> None:
        """Raise UsageError for options that do not work with --until-decided."""
        if preset != "paper":
            raise UsageError(
                "--until-decided needs the paper's settings, which alone decide claims: add "
                f"--preset paper; got --preset {preset}"
            )
        if seeds is not None:
            raise UsageError(
                "--until-decided chooses the number of seeds: use --max-seeds instead of --seeds"
            )


def until_given(wanted: bool, max_seeds: int | None, budget: str | None) -> Until | None:
    """Combine --until-decided, --max-seeds and --budget."""
    if wanted:
        return Until(max_seeds, math.inf if budget is None else seconds_of(budget))
    for name, value in (("--max-seeds", max_seeds), ("--budget", budget)):
        if value is not None:
            raise UsageError(f"{name} {value} needs --until-decided")
    return None


def _shown(
    store: Store, studies: Sequence[str], runs: Path, as_json: bool, draw: bool
) -> list[Document]:
    """Print the studies' results and draw their figures; return the documents."""
    documents = []
    for study in studies:
        for found in latest(store, study):
            document = figures.save_all(found, runs / "figures")[0] if draw else found.document
            documents.append(document)
            if not as_json:
                console.show(document)
            elif document.error:
                say(f"{study}: {NOT_SHOWN}\n{document.error}")
    return documents


def listing(studies: Sequence[str] = ()) -> None:
    """Print the registered studies and those given as files or modules: for each preset its trials,
    seeds and estimated time on this machine."""
    lines = []
    for name in [*STUDIES, *studies]:
        try:
            study = load(name)
            cells = [name, study.INFO.question]
            for preset in PRESETS:
                cost = study.INFO.cost.get(preset)
                estimate = f", {duration(cost / cores())}" if cost else ""
                cells.append(f"{len(study.trials(preset))} x {study.INFO.seeds[preset]}{estimate}")
        except UsageError as error:
            if name in studies:
                raise
            # a broken study of another package must not hide the others
            cells = [name, str(error), *[""] * len(PRESETS)]
        lines.append(cells)
    console.stdout().print(
        console.table(
            ["study", "question", *(f"{p}: trials x seeds, time" for p in PRESETS)], lines
        )
    )


def _check_names(tasks: Sequence[Task]) -> None:
    """Raise UsageError for two studies with the same name in one command."""
    found: dict[str, object] = {}
    for task in tasks:
        if found.setdefault(task.study, task.reference) != task.reference:
            raise UsageError(
                f"{found[task.study]} and {task.reference} both have the name {task.study!r}: "
                "choose another INFO.name in one of them"
            )


def duration(seconds: float) -> str:
    """Return a time in words: 40 s, 12 min, 1.5 h."""
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def _use_mnist(source: str | None, scheduler: str | None) -> None:
    """Set the location of MNIST for this process and its child processes."""
    if source is not None:
        from mnist1d import mnist

        _refuse_remote(f"--mnist {source}", scheduler, mnist.VARIABLE)
        if source != "openml" and not Path(source).exists():
            raise UsageError(f"--mnist must be an existing file or folder, or openml; got {source}")
        os.environ[mnist.VARIABLE] = source if source == "openml" else str(Path(source).resolve())


def _use_device(device: str | None, scheduler: str | None) -> None:
    """Set JAX's device for this process and its child processes."""
    if device is None:
        return
    _refuse_remote(f"--device {device}", scheduler, VARIABLE)
    choose_device(device)


def _refuse_remote(option: str, scheduler: str | None, variable: str) -> None:
    """Raise UsageError for an option that would not reach the workers of a scheduler."""
    if scheduler is not None:
        raise UsageError(
            f"{option} only affects this machine, not the workers of {scheduler}: leave out "
            f"{option.partition(' ')[0]}, and set {variable} when you start the workers"
        )


def _dry_run(tasks: Sequence[Task], runs: Path, workers: int, as_json: bool) -> int:
    """Show each trial with the seeds that are missing, and the estimated time."""
    known = Standing()
    if (runs / DATABASE).is_file():
        with open_store(runs, create=False) as store:
            known = store.standing()
    trials = []
    for task in tasks:
        missing = sorted(set(task.seeds) - known.done.get(task.trial, set()))
        cost = task.estimate * len(missing) / len(task.seeds)
        found = {"study": task.study, "trial": task.trial, "config": describe(task)}
        trials.append(found | {"seeds_to_run": missing, "core_seconds": cost})
    seconds = sum(trial["core_seconds"] for trial in trials)
    if as_json:
        print(json.dumps({"trials": trials, "core_seconds": seconds, "cores": workers}))
        return 0
    lines = [
        [t["trial"][:12], t["config"], len(t["seeds_to_run"]), f"{t['core_seconds']:.1f}"]
        for t in trials
    ]
    console.stdout().print(
        console.table(["trial", "config", "seeds to run", "core-seconds"], lines)
    )
    plural = "s" * (workers > 1)
    say(
        f"{len(tasks)} trials, about {duration(seconds / workers)} on {workers} core{plural}; "
        "nothing was run"
    )
    return 0


def _counts(summary: Summary) -> dict[str, object]:
    parts = {
        "failed": [task for task, _ in summary.failed],
        "skipped": [task for task, _ in summary.skipped],
        "earlier": summary.earlier,
    }
    counts = {name: len({task.trial for task in tasks}) for name, tasks in parts.items()}
    return {
        "wanted": summary.wanted,
        "stored": summary.stored,
        "done": summary.done,
        **counts,
        "seconds": summary.seconds,
    }
