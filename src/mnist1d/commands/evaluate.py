"""`mnist1d evaluate module:factory`: find the model by its name, measure it, keep its rows, show
the table."""

from __future__ import annotations

import difflib
import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from mnist1d.errors import UsageError, last_words
from mnist1d.evaluation.protocol import Evaluation, Run, evaluate
from mnist1d.results.console import say
from mnist1d.runs import provenance
from mnist1d.runs.store import open_store

STUDY = "evaluate"


def evaluate_named(
    target: str,
    *,
    seeds: int = 5,
    shuffled: bool = True,
    num_steps: int = 6000,
    learning_rate: float = 0.01,
    runs: Path | None = None,
    output: Path | None = None,
    as_json: bool = False,
) -> int:
    """Evaluate the model that "module:factory" names; keep its rows in the folder of runs, draw it
    into `output`, and print it.

    Return the exit status: 1 where a seed failed. Errors: as `resolve` and `evaluate`.
    """
    model = resolve(target)
    if output is not None:  # what cannot be kept is told before the training, not after it
        from mnist1d.plots import style

        style.ending_of(output, style.STILLS)
        if not os.access(output.parent, os.W_OK | os.X_OK):
            raise UsageError(
                f"cannot write in the folder {output.parent}: make it, or name another with -o"
            )
    if runs is not None:
        open_store(runs).close()
    found = evaluate(
        model,
        seeds,
        shuffled=shuffled,
        name=target,
        num_steps=num_steps,
        learning_rate=learning_rate,
        progress=_told,
    )
    print(json.dumps(found.to_dict(), allow_nan=False) if as_json else found)
    if runs is not None:
        keep(found, runs)
    if output is not None:
        style.save(found.figure(), output)
    return 1 if found.failed else 0


def resolve(target: str) -> Any:
    """Import what "module:name" names, the current folder first on the path; a name may have dots.

    Errors: UsageError in one line for a missing colon, a module that cannot be imported, or a
    missing name, with the nearest one.
    """
    module_name, colon, path = target.partition(":")
    if not (colon and module_name and path):
        raise UsageError(
            f"a model is named module:factory, like my_models:make_cnn; got {target!r}"
        )
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    importlib.invalidate_caches()
    try:
        found = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever stands in their file
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(
            f"{error.name}."
        ):
            top = module_name.split(".")[0]
            fix = (
                "write the name without .py"
                if module_name.endswith(".py")
                else f"go to the folder that holds {top}.py"
            )
            raise UsageError(
                f"no module {module_name!r} here ({os.getcwd()}) or installed: {fix}"
            ) from None
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise UsageError(
            f"{module_name} cannot be imported: {type(error).__name__}: {error} ({last.filename}, line {last.lineno})"
        ) from None
    for name in path.split("."):
        if not hasattr(found, name):
            near = difflib.get_close_matches(name, dir(found), n=1)
            public = (
                ", ".join(known for known in vars(found) if not known.startswith("_"))
                if hasattr(found, "__dict__")
                else ""
            )
            raise UsageError(
                f"{module_name} has no {name!r}: "
                + (f"did you mean {near[0]!r}?" if near else f"it has {public}")
            )
        found = getattr(found, name)
    return found


def keep(found: Evaluation, runs: Path) -> None:
    """Write an evaluation into the store of a folder: study "evaluate", failed seeds as failed
    calls. Errors: as `open_store`."""
    origin = {**provenance.of_this_process(), "command": provenance.command_line()}
    with open_store(runs) as store:
        wanted = {}
        for config, rows, failed in found.rows():
            ok = sorted({row.seed for row in rows})
            spent = sum(row.value for row in rows if row.metric == "seconds")
            if ok:
                trial = store.add(STUDY, config, ok, rows, seconds=spent, provenance=origin)
            for run in failed:
                trial = store.add(
                    STUDY, config, [run.seed], status="failed", error=run.error, provenance=origin
                )
            wanted[trial] = sorted([*ok, *(run.seed for run in failed)])
        store.record_sweep(STUDY, found.name, wanted, provenance.command_line())


def _told(run: Run) -> None:
    what = (
        "failed: " + last_words(run.error)
        if run.error
        else f"{100 * run.acc:.1f} %, {run.seconds:.1f} s"
    )
    say(f"seed {run.seed}{', shuffled' * run.shuffled}: {what}")
