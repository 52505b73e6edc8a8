"""What a sweep and its results look like on a terminal; messages go to stderr, results to
stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from mnist1d.errors import last_words
from mnist1d.results.document import Results, interval, number
from mnist1d.runs.sweep import Progress as Quiet
from mnist1d.runs.sweep import Summary, Task
from mnist1d.runs.work import Outcome

MARKS = {"holds": "✓", "does not hold": "✗", "undecided": "?"}


def say(message: str) -> None:
    """Write a message to stderr."""
    print(message, file=sys.stderr, flush=True)


class Shown(Quiet):
    """A sweep's progress on stderr: one bar with the time left on a terminal, else a plain line for
    each trial."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bar: Progress | None = None

    def waiting(self, owner: str) -> None:
        say(f"another sweep works on these runs ({owner}): waiting for it to end")

    def start(self, summary: Summary, todo: Sequence[Task], workers: int) -> None:
        self.workers, self.total, self.count = (
            workers,
            sum(t.estimate for t in todo) or 1.0,
            len(todo),
        )
        self.ended, self.running = 0, {}
        if summary.stored:
            say(f"{summary.stored} of {summary.wanted} trials are here already")
        if self.console.is_terminal and todo:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True)),
            )
            self.bar = Progress(*columns, console=self.console, transient=True)
            self.bar.start()
            self.row = self.bar.add_task("starting", total=len(todo), left="")
            self.seconds_done = 0.0

    def changed(self, line: str) -> None:
        say(line)

    def begin(self, task: Task) -> None:
        self.running[id(task)] = task.study
        self._redraw()

    def end(self, task: Task, outcome: Outcome) -> None:
        self.ended += 1
        self.running.pop(id(task), None)
        line = f"[{self.ended}/{self.count}] {describe(task)}: {outcome.status}, {outcome.seconds:.1f} s"
        if outcome.status != "done":
            say_error = self.bar.console.print if self.bar else say
            say_error(
                f"{line}\n{outcome.error}" if outcome.status == "failed" else line
            )  # why it was skipped: once, at the end
        elif not self.bar:
            say(line)
        if self.bar:
            self.seconds_done += task.estimate
            self.bar.advance(self.row)
            self._redraw()

    def stop(self, summary: Summary) -> None:
        if self.bar:
            self.bar.stop()
            self.bar = None

    def _redraw(self) -> None:
        if self.bar:
            elapsed = self.bar.tasks[self.row].elapsed or 0.0
            done = self.seconds_done / self.total
            left = elapsed * (1 - done) / done if done else self.total / self.workers
            self.bar.update(
                self.row,
                description=", ".join(dict.fromkeys(self.running.values())),
                left=f"about {left:.0f} s left",
            )


def describe(task: Task) -> str:
    """Return a trial in a few words: the study, what distinguishes its config from the defaults,
    the seeds."""
    from mnist1d.runs.identity import flat

    try:
        usual = flat(type(task.config)())
    except TypeError:  # a field without a default
        usual = {}
    different = [f"{k}={v}" for k, v in flat(task.config).items() if usual.get(k, ...) != v]
    return f"{task.study} {' '.join(different) or 'as published'}, {len(task.seeds)} seed{'s' * (len(task.seeds) > 1)}"


def show_summary(summary: Summary, again: str) -> None:
    """Say what a sweep did, and how to go on where a trial failed."""
    parts = [f"{summary.done} done in {summary.seconds:.1f} s", f"{summary.stored} here before"]
    parts += [
        f"{len(what)} {word}"
        for what, word in ((summary.failed, "failed"), (summary.skipped, "skipped"))
        if what
    ]
    say(", ".join(parts))
    for reason in dict.fromkeys(reason for _, reason in summary.skipped):
        tasks = [task for task, other in summary.skipped if other == reason]
        what = (
            describe(tasks[0])
            if len(tasks) == 1
            else f"{len(tasks)} trials of {', '.join(dict.fromkeys(t.study for t in tasks))}"
        )
        say(f"skipped {what}: {reason}")
    for task, error in summary.failed:
        say(f"failed {describe(task)}: {last_words(error)}")
    for task in summary.earlier:
        say(f"failed before and not tried again: {describe(task)}")
    if not summary.ok:
        say(f"to try the failed ones again: {again} --retry-failed")


def show_results(results: Results, console: Console | None = None) -> None:
    """Print a study's tables and claims to stdout."""
    console = console or Console(
        highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 160
    )
    if results.table:
        console.print(table(*results.table, title=f"{results.study.INFO.title} ({results.label})"))
    lines = [
        [m.published.name, number(m.published.value, m.published.unit), number(m.mean, m.published.unit),
         interval(m.low, m.high, m.published.unit) if m.n else "", str(m.n), {True: "yes", False: "no", None: ""}[m.within]]
        for m in results.measured
    ]  # fmt: skip
    if any(m.n for m in results.measured):
        console.print(
            table(
                ["", "published", "measured", "95 % interval", "n", "within tolerance"],
                lines,
                title="Published beside measured",
            )
        )
    if results.claims:
        lines = [
            [
                MARKS[c.verdict],
                c.verdict,
                c.text,
                c.published,
                c.quantity,
                number(c.estimate),
                interval(c.low, c.high),
                str(c.n),
            ]
            for c in results.claims
        ]
        console.print(
            table(
                ["", "verdict", "claim", "published", "measured", "estimate", "95 % interval", "n"],
                lines,
                title="Claims",
            )
        )


def table(header: Sequence[str], lines: Sequence[Sequence[Any]], title: str | None = None) -> Table:
    """Return a plain table, numbers to the right."""
    result = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for i, name in enumerate(header):
        cells = [str(line[i]) for line in lines]
        numeric = bool(cells) and all(not c or c[0].isdigit() or c[0] in "-–" for c in cells)
        result.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for line in lines:
        result.add_row(*(str(cell).replace("[", "\\[") for cell in line))
    return result
