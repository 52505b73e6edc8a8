"""Show a sweep on a terminal: its progress while it runs, and its summary at the end. All output
goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from mnist1d.errors import last_words
from mnist1d.results.summary import effect
from mnist1d.results.text import plural
from mnist1d.runs.executors import MAX_RUNS
from mnist1d.runs.sweep import Progress as Quiet
from mnist1d.runs.sweep import Summary, Task
from mnist1d.runs.work import Outcome

if TYPE_CHECKING:
    from mnist1d.runs.looks import Group

NOT_SHOWN = "results are saved but could not be displayed"


def say(message: str) -> None:
    """Write a message to stderr."""
    print(message, file=sys.stderr, flush=True)


class Shown(Quiet):
    """A sweep's progress on stderr: on a terminal, one bar with the time left; otherwise one line
    per trial."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False)
        self.bar: Progress | None = None

    def waiting(self, owner: str) -> None:
        say(f"another sweep is using this folder ({owner}); waiting")

    def start(self, summary: Summary, todo: Sequence[Task], workers: int) -> None:
        self.workers, self.count = workers, len(todo)
        self.total = sum(task.estimate for task in todo) or 1.0
        self.ended, self.seconds_done = 0, 0.0
        self.running: dict[int, str] = {}
        if summary.stored:
            say(f"{summary.stored} of {summary.wanted} trials are already saved")
        if self.console.is_terminal and todo:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True)),
            )
            self.bar = Progress(*columns, console=self.console, transient=True)
            self.bar.start()
            self.row = self.bar.add_task("starting", total=len(todo), left="")

    def changed(self, line: str) -> None:
        say(line)

    def looked(self, group: Group, next_cost: float) -> None:
        """Report the undecided claims and the failures after a look, and the cost of the next
        look."""
        of = f"{group.study.INFO.name}, {plural(group.seeds, 'seed')}"
        decided = len(group.claims) - len(group.open)
        line = f"{of}: {decided} of {plural(len(group.claims), 'claim')} decided"
        if group.failed:
            missing = plural(group.failed, "run")
            line += f"; {missing} failed and {'are' if group.failed > 1 else 'is'} left out"
        say(line)
        for claim in group.open:
            say(f"  open: {claim.text} ({effect(claim)}, n = {claim.n})")
        if group.ended:
            say(f"  stops: {group.ended}")
        else:
            following = plural(group.looks[group.place], "seed")
            say(f"  next look: {following}, about {max(1, round(next_cost))} s")

    def begin(self, task: Task) -> None:
        self.running[id(task)] = task.study
        self._redraw()

    def again(self, task: Task, reason: str, runs: int) -> None:
        self._tell(f"{describe(task)}: {reason}; running it again (run {runs} of {MAX_RUNS})")

    def end(self, task: Task, outcome: Outcome) -> None:
        self.ended += 1
        self.running.pop(id(task), None)
        status = f"{outcome.status}, {outcome.seconds:.1f} s"
        line = f"[{self.ended}/{self.count}] {describe(task)}: {status}"
        if outcome.status == "failed":
            line = f"{line}\n{outcome.error}"
        if self.bar is None or outcome.status != "done":
            self._tell(line)  # the reason is reported once, at the end
        if self.bar is None:
            return
        self.seconds_done += task.estimate
        self.bar.advance(self.row)
        self._redraw()

    def stop(self, summary: Summary) -> None:
        if self.bar:
            self.bar.stop()
            self.bar = None

    def _tell(self, line: str) -> None:
        if self.bar:
            self.bar.console.print(Text(line, overflow="fold"))
        else:
            say(line)

    def _redraw(self) -> None:
        if self.bar:
            elapsed = self.bar.tasks[self.row].elapsed or 0.0
            done = self.seconds_done / self.total
            left = elapsed * (1 - done) / done if done else self.total / self.workers
            running = ", ".join(dict.fromkeys(self.running.values()))
            self.bar.update(self.row, description=running, left=f"about {left:.0f} s left")


def describe(task: Task) -> str:
    """Return a short description of a trial: the study, the fields that differ from the defaults,
    the seeds."""
    from mnist1d.runs.identity import flat

    try:
        usual = flat(type(task.config)())
    except TypeError:  # a field without a default
        usual = {}
    different = [f"{k}={v}" for k, v in flat(task.config).items() if usual.get(k, ...) != v]
    seeds = plural(len(task.seeds), "seed")
    return f"{task.study} {' '.join(different) or '(default settings)'}, {seeds}"


def show_summary(summary: Summary, again: str) -> None:
    """Report the result of a sweep, and the next command if a trial failed."""
    parts = [f"{summary.done} done in {summary.seconds:.1f} s", f"{summary.stored} already saved"]
    for what, word in ((summary.failed, "failed"), (summary.skipped, "skipped")):
        if trials := {task.trial for task, _ in what}:
            parts.append(f"{len(trials)} {word}")
    say(", ".join(parts))
    for reason in dict.fromkeys(reason for _, reason in summary.skipped):
        tasks = [task for task, other in summary.skipped if other == reason]
        studies = ", ".join(dict.fromkeys(task.study for task in tasks))
        count = len({task.trial for task in tasks})
        what = describe(tasks[0]) if len(tasks) == 1 else f"{plural(count, 'trial')} of {studies}"
        say(f"skipped {what}: {reason}")
    for task, error in summary.failed:
        say(f"failed {describe(task)}: {last_words(error)}")
    for task in summary.earlier:
        say(f"failed before and not tried again: {describe(task)}")
    if not summary.ok:
        say(f"to run the failed trials again: {again} --retry-failed")
