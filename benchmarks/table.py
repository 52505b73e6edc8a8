"""Measure the models of the registry by the protocol and write their entries into the package.

    nice python -m benchmarks.table [--models logistic,mlp] [--seeds 8] [--tuned 12]

`mnist1d.evaluate` ranks your model among these entries, `mnist1d board` sorts them, and the quiz on
the page quotes them. Everything runs on one thread, as the studies' workers do, so that both give
the same accuracies. Seconds are processor time, which other programs on the machine hardly change.
An entry that already exists with all its seeds is left as it is, unless you pass --again. One with
fewer seeds gains the missing ones, provided that versions and settings are the same.

With --tuned TRIALS, `mnist1d.tune` first chooses learning rate, weight decay and schedule on 1,000
held-out training signals, one seed per trial, and the entry goes to NAME-tuned.json. Prints one
JSON line per model: mean accuracies, seconds, processor, cores.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.models import fastest, ours
from benchmarks.training import processor_name
from mnist1d import experiments
from mnist1d.errors import UsageError
from mnist1d.evaluation.evaluate import evaluate
from mnist1d.evaluation.protocol import Protocol
from mnist1d.evaluation.submit import entry_of
from mnist1d.evaluation.tune import Choice, Trial, tune
from mnist1d.experiments.entries import Entry, read_entry, write_entry
from mnist1d.learning.registry import MODELS
from mnist1d.runs.threads import one_thread

SPACE: dict[str, Choice] = {  # narrower than tune's own: few trials
    "learning_rate": (1e-3, 3e-2),
    "weight_decay": (1e-5, 1e-1),
    "schedule": ["constant", "cosine"],
}
FOLDER = Path(experiments.__file__).with_name("table")


def measure(name: str, seeds: Sequence[int], trials: int = 0) -> Entry:
    """Measure one model on both tests, plain and shuffled, and return its entry; trials: of the
    search for its settings."""
    label, chosen = MODELS[name].label, None
    if trials:
        chosen = tune(name, trials, space=SPACE, optimizer="adamw", progress=_tell)
        found = chosen.evaluate(seeds, test="both", name=name)
        label += ", tuned"
    else:
        found = evaluate(name, seeds, test="both")
    entry = entry_of(found, name=label, by="mnist1d-lab")
    settings = dict(entry.settings)
    if chosen:
        settings |= {"trials": trials, "space": SPACE, "validation_acc": chosen.acc}
    return dataclasses.replace(
        entry,
        seconds=round(seconds_of_training(name), 3),
        settings=settings,
        origin={**entry.origin, "processor": processor_name()},
    )


def joined(old: Entry, new: Entry) -> Entry:
    """Return the entry `new` with the seeds of `old` before its own.

    Errors: UsageError where both were not measured in the same way.
    """
    for name in ("model", "how", "settings", "num_params"):
        if (a := getattr(old, name)) != (b := getattr(new, name)):
            raise UsageError(f"{old.name}: its {name} was {a} and is {b}: measure it --again")
    before, now = old.origin["versions"], new.origin["versions"]
    for package in before.keys() & now.keys():
        if (a := before[package]) != (b := now[package]):
            raise UsageError(f"{old.name}: {package} was {a} and is {b}: measure it --again")
    both = [(old.excess_bits, new.excess_bits), (old.calibration_error, new.calibration_error)]
    bits, errors = (a + b if a is not None and b is not None else None for a, b in both)
    return dataclasses.replace(
        new,
        seeds=old.seeds + new.seeds,
        acc={test: old.acc[test] + values for test, values in new.acc.items()},
        excess_bits=bits,
        calibration_error=errors,
    )


def _tell(trial: Trial) -> None:
    print(f"  {dict(trial.settings)}: {trial.acc}", file=sys.stderr, flush=True)


def seconds_of_training(name: str, num_steps: int = 100) -> float:
    """Return the processor seconds of one training by the protocol, from the fastest of 5 timings
    of a short one."""
    train, *_ = ours(name, num_steps)
    return fastest({name: train}, rounds=5)[name] / num_steps * Protocol().num_steps


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--tuned", type=int, default=0, help="trials of the search for settings")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER)
    parser.add_argument("--again", action="store_true", help="measure existing entries too")
    options = parser.parse_args()
    os.environ |= one_thread()  # before JAX starts
    for name in options.models.split(","):
        path = options.output / f"{name}{'-tuned' if options.tuned else ''}.json"
        old = read_entry(path) if path.exists() and not options.again else None
        todo = [seed for seed in range(options.seeds) if old is None or seed not in old.seeds]
        if not todo:
            continue
        entry = measure(name, todo, options.tuned)
        entry = entry if old is None else joined(old, entry)
        write_entry(path, entry)
        print(json.dumps(summary(entry)), flush=True)


def summary(entry: Entry) -> dict[str, object]:
    """Return the means of an entry, and the machine's processor."""
    means = {test: round(sum(acc) / len(acc), 5) for test, acc in entry.acc.items()}
    machine = {"processor": processor_name(), "cores": os.cpu_count()}
    return {"model": entry.model, **means, "seconds": entry.seconds, **machine}


if __name__ == "__main__":
    main()
