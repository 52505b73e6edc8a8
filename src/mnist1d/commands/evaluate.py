"""`mnist1d evaluate MODEL`: measure a model, save its rows in a folder of runs, show the table."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnist1d.checks import Json
from mnist1d.errors import UsageError, last_words
from mnist1d.evaluation.evaluate import Interrupted, evaluate
from mnist1d.evaluation.result import Evaluation, Run
from mnist1d.evaluation.reuse import advice
from mnist1d.evaluation.submit import check_options
from mnist1d.results.progress import say
from mnist1d.runs import provenance
from mnist1d.runs.store import Store, open_store

STUDY = "evaluate"


def evaluate_named(
    target: str,
    *,
    runs: Path | None = None,
    output: Path | None = None,
    submit: Path | None = None,
    by: str = "",
    link: str = "",
    as_json: bool = False,
    **options: Any,
) -> int:
    """Evaluate a model given by name or "module:factory". Save its rows in the folder of runs, draw
    the table to `output`, write its entry for the board to `submit`, and print the table. options:
    as for `mnist1d.evaluate`.

    Return the exit status: 1 if a seed failed, 130 after Ctrl-C. Errors: as `evaluate`.
    """
    _check_targets(output, runs, submit, options)
    status = 0
    with _stdout_kept_clean(as_json):
        try:
            found = evaluate(target, progress=_tell, **options)
        except Interrupted as interrupt:
            found, status = interrupt.evaluation, 130
            kept = "are saved" if runs is not None else "are shown below"
            say(f"\nInterrupted. The {len(found.runs)} finished runs {kept}.")
        if runs is not None:
            keep(found, runs)
        if output is not None:
            _draw(found, output)
        if submit is not None and not status:
            found.submit(submit, by=by, link=link)
    print(json.dumps(found.to_dict(), allow_nan=False) if as_json else found)
    return status or (1 if found.failed else 0)


def keep(found: Evaluation, runs: Path) -> None:
    """Save an evaluation in the store of a folder as the study "evaluate", with failed seeds as
    failed calls. Warn if the same test was used before. Errors: as `open_store`."""
    origin = {**provenance.of_this_process(), "command": provenance.command_line()}
    with open_store(runs) as store:
        wanted = {}
        for config, rows, failed in found.rows():
            ok = sorted({row.seed for row in rows})
            spent = sum(float(row.value) for row in rows if row.metric == "seconds")
            if ok:
                trial = store.add(STUDY, config, ok, rows, seconds=spent, provenance=origin)
                wanted[trial] = ok
            for run in failed:
                trial = store.add(
                    STUDY, config, [run.seed], status="failed", error=run.error, provenance=origin
                )
                wanted[trial] = sorted([*wanted.get(trial, ()), run.seed])
        store.record_sweep(STUDY, found.name, wanted, provenance.command_line())
        for test in found.tests:
            _tell_looks(store, found.name, test)


def looks(store: Store, name: str, test: str) -> int:
    """Return the number of different settings with which a model was measured on a test (frozen or
    fresh)."""
    settings = set()
    for call in store.calls(STUDY):
        config = dict(call.config)
        tested = config.get("test", "frozen") == test and not config.get("data.shuffle_seq")
        if call.status == "done" and config.get("model") == name and tested:
            settings.add(call.trial)
    return len(settings)


def _tell_looks(store: Store, name: str, test: str) -> None:
    count = looks(store, name, test)
    if test != "validation" and count > 1:
        say(f"warning: {advice(name, test, count, '--validation 500')}")


def _check_targets(
    output: Path | None, runs: Path | None, submit: Path | None, options: Json
) -> None:
    """Raise errors that would prevent saving the result before the training, not after it."""
    if output is not None:
        from mnist1d.plots import style

        style.ending_of(output, style.STILLS)
        _check_folder(output)
        if options.get("data") or options.get("validation") is not None:
            raise UsageError(
                "-o draws the table of models trained on the frozen set: leave out -o, or leave "
                "out --validation and the settings of the data"
            )
    if submit is not None:
        _check_folder(submit)
        has_own_data = bool(options.get("data")) or options.get("validation") is not None
        check_options(options["test"], options["shuffled"], options["seeds"], has_own_data)
    if runs is not None:
        open_store(runs).close()


def _check_folder(path: Path) -> None:
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write in the folder {path.parent}: create it, or choose another")


def _draw(found: Evaluation, output: Path) -> None:
    from mnist1d.plots import style

    style.save(found.figure(), output)


@contextlib.contextmanager
def _stdout_kept_clean(is_wanted: bool) -> Iterator[None]:
    """Redirect everything printed inside the block to stderr, including output of libraries and
    child processes."""
    if not is_wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        with contextlib.suppress(OSError, TypeError, AttributeError):  # no such library here
            ctypes.CDLL(None).fflush(None)  # flush the buffer of C code
        os.dup2(kept, 1)
        os.close(kept)


def _tell(run: Run) -> None:
    found = ", ".join(f"{name} {100 * score.acc:.1f}%" for name, score in run.scores.items())
    what = f"failed: {last_words(run.error)}" if run.error else f"{found}, {run.seconds:.1f} s"
    say(f"seed {run.seed}{', shuffled' * run.shuffled}: {what}")
