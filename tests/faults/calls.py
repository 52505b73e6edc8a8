"""Wrong calls of public functions ("doors"), with every kind of wrong value for every argument.

The answer must be one of the package's own errors, in one line; or a TypeError that names the
argument, as Python's own for one that is missing or unknown.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from mnist1d import Mnist1dError
from tests.faults.counting import Found, Piece, split
from tests.faults.isolation import Answer, try_cases
from tests.test_wrong_calls import DOORS, SMALL, THINGS, by_name

Door = Callable[[Any], Any]
NEW = itertools.count()
LIGHT = {f"data: {name}": door for name, door in DOORS.items()}


def open_nowhere(**given: Any) -> None:
    from mnist1d.runs import open_store

    open_store(**{"folder": "store", **given}).close()


def add(**given: Any) -> None:
    """Add a row of a new seed to a separate store."""
    from mnist1d.experiments.rows import Row
    from mnist1d.runs import open_store
    from tests.runs.toy import Config

    seed = next(NEW)
    row = {name: given.pop(name) for name in Row._fields if name in given and name != "seed"}
    rows = [Row(given.pop("row_seed", seed), "one", 0, 1.0)._replace(**row)]
    call = {"study": "toy", "config": Config(), "seeds": [seed], "rows": rows}
    with open_store("store-add") as store:
        store.add(**{**call, **given})


@cache
def run_doors() -> dict[str, Door]:
    """Return the doors of runs and of the old names: NumPy and SQLite suffice."""
    import mnist1d
    from mnist1d.experiments import load
    from mnist1d.runs import open_store, plan, sweep
    from tests.runs import toy

    toy.register()
    store, tasks = open_store("store"), plan("toy", "smoke")[:1]
    sweep(store, tasks)
    return {
        "load": load,
        **by_name(plan, ["study", "preset", "seeds", "overrides"], study="ceiling", preset="smoke"),
        **by_name(
            sweep,
            ["store", "tasks", "executor", "workers", "whole", "retry_failed", "fail_fast"],
            store=store,
            tasks=tasks,
        ),
        **by_name(open_nowhere, ["folder", "create"]),
        **by_name(add, ["study", "config", "seeds", "rows", "status", "seconds", "error"]),
        **by_name(add, ["provenance", "started", "row_seed", "metric", "step", "value"]),
        **{
            f"store.{name}": lambda v, name=name: getattr(store, name)(v)
            for name in ("rows", "all_rows", "done", "failed", "sweeps", "calls", "reference")
        },
        **by_name(
            mnist1d.transform,
            ["x", "y", "args"],
            x=SMALL.x[0],
            y=SMALL.t,
            args=mnist1d.get_dataset_args(),
        ),
        **by_name(mnist1d.set_seed, ["seed"]),
    }


@cache
def heavy_doors() -> dict[str, Door]:
    """Return the doors that need JAX or PyTorch: streams, adapters, learning, the observer."""
    import jax
    import torch

    import mnist1d
    from mnist1d.adapters import jax as stream
    from mnist1d.adapters import torch as guest
    from mnist1d.adapters.huggingface import to_hf
    from mnist1d.learning import registry, training
    from mnist1d.observer import IdealObserver, measure_ceiling

    torch.set_num_threads(1)
    key, model = jax.random.key(0), registry.resolve("mlp").make()
    settings = training.Settings(num_steps=1, eval_every=1)
    observer = IdealObserver(mnist1d.DataConfig(num_samples=20))
    looks = ("predict_proba", "predict", "log_likelihood", "posterior", "explain_signal")
    return {
        **by_name(stream.sample, ["key", "n", "config", "templates", "latents"], key=key, n=2),
        **by_name(guest.MNIST1D, ["root", "train", "transform", "target_transform"]),
        **by_name(
            guest.MNIST1DStream, ["config", "seed", "templates", "length", "batch_size", "latents"]
        ),
        **by_name(to_hf, ["data"]),
        **by_name(IdealObserver, ["config", "templates"]),
        **{f"observer.{name}": lambda v, name=name: getattr(observer, name)(v) for name in looks},
        **by_name(measure_ceiling, ["config", "n", "seed"], config=mnist1d.DataConfig(), n=2),
        "IdealObserver.of": IdealObserver.of,
        **by_name(training.Settings, [f.name for f in dataclasses.fields(training.Settings)]),
        **by_name(
            training.make_fit,
            ["model", "settings", "sampler", "probe"],
            model=model,
            settings=settings,
        ),
        "Split.of": training.Split.of,
        "resolve": registry.resolve,
        **by_name(
            mnist1d.evaluate,
            ["model", "seeds", "test", "data", "num_steps", "batch_size", "optimizer", "runs"],
            model="nope",
            seeds=1,
        ),
    }


def call(door: Door, name: str, thing: Any) -> Answer:
    """Call a door with some value, and judge the answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            door(thing)
        except Mnist1dError as error:
            is_short = len(str(error)) <= 1000 and "\n" not in str(error).strip()
            return "own error", "" if is_short else "too long an error"
        except TypeError as error:
            argument = re.search(r"(\w+)=?\W*$", name)
            is_named = argument is not None and argument.group(1) in str(error)
            return "TypeError", "" if is_named else f"TypeError: {str(error)[:200]}"
        except KeyError as error:  # as of every mapping
            return "KeyError", "" if "[" in name else f"KeyError: {error}"
    return "accepted", ""


def try_calls(count: int, seed: int, doors: Callable[[], dict[str, Door]]) -> Found:
    """Call random doors with random values."""
    generator = random.Random(f"calls {seed}")
    choices = [(generator.random(), generator.randrange(len(THINGS))) for _ in range(count)]

    def pick(number: int) -> tuple[str, Door, Any]:
        known = doors()
        share, thing = choices[number]
        name = list(known)[int(share * len(known))]
        return name, known[name], THINGS[thing]

    def case(number: int) -> Answer:
        name, door, thing = pick(number)
        note, what = call(door, name, thing)
        return note, f"{name}, {type(thing).__name__}: {what}" if what else ""

    return try_cases(count, case, lambda i: f"call {seed}, {i}, thing {choices[i][1]}", seconds=60)


def light_doors() -> dict[str, Door]:
    """Return the doors of the data side."""
    return LIGHT


def pieces(is_long: bool) -> list[Piece]:
    """Return wrong calls of all kinds of doors."""
    kinds = {  # with their numbers in the long form and in the short one
        "data": (light_doors, 5_500, 300),
        "runs": (run_doors, 2_000, 200),
        "streams, observer, learning": (heavy_doors, 2_500, 0),
    }
    made = []
    for kind, (doors, long, short) in kinds.items():
        work = partial(try_calls, doors=doors)
        made += split("calls", kind, long if is_long else short, work, 500)
    return made
