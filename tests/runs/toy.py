"""A study without science, for tests of the machinery: it does what its config says, and logs every
run that comes to its end.

As a program it is a command line of ours that knows this study: python tests/runs/toy.py run toy
--runs DIR
"""

from __future__ import annotations

import os
import signal
import sys
import time
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist1d import experiments
from mnist1d.checks import check_name
from mnist1d.config import DataConfig
from mnist1d.errors import MissingDataError, UsageError
from mnist1d.experiments.claims import above
from mnist1d.experiments.published import Published
from mnist1d.experiments.rows import Row
from mnist1d.experiments.study import Info

INFO = Info(
    name="toy",
    title="Toy: nothing is learnt here",
    question="Is anything learnt here?",
    published=(Published("one", 1.0, "nowhere", ""),),
    seeds={"smoke": 2, "quick": 2, "paper": 3},
    cost={"smoke": 1.0, "quick": 2.0, "paper": 3.0},
)
LOG = (
    "TOY_LOG"  # environment: the file that gains a line "trial seeds pid" for every run that ended
)


@dataclass(frozen=True)
class Config:
    action: str = "ok"
    size: int = 1
    rate: float = 0.5
    pair: tuple[int, int] = (1, 2)
    limit: int | None = None
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_name(self.action, ("ok", "fail", "die", "skip", "short"), "action")
        if self.size < 1:
            raise UsageError(f"size must be at least 1, got {self.size}")


def grid(preset):
    return [Config(size=size) for size in range(1, {"smoke": 4, "quick": 7, "paper": 9}[preset])]


def run(config, seeds):
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
    if config.action == "fail":
        raise RuntimeError("the toy broke")
    if config.action == "skip":
        raise MissingDataError("the toy's data is not here: get it from the shop")
    if config.action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get(LOG):
        with open(os.environ[LOG], "a", encoding="utf-8") as log:
            log.write(f"{config.size} {','.join(map(str, seeds))} {os.getpid()}\n")
    rows = [
        Row(seed, "one", step, config.size + seed / 10 + step) for seed in seeds for step in (0, 10)
    ]
    rows += [Row(seed, "image", None, np.full((2, config.size), seed)) for seed in seeds]
    rows += [Row(seed, "nothing", None, float("nan")) for seed in seeds]
    return rows[:-1] if config.action == "ok" else [row for row in rows if row.seed == seeds[0]]


def measured(rows):
    sizes = rows.unique("size")
    return {"one": rows.where(size=sizes[0]).final("one")} if sizes else {}


def figures(rows):
    from mnist1d.plots import style

    figure, ax = style.figure()
    for size in rows.unique("size"):
        style.band(ax, *rows.where(size=size).curve("one"), label=str(size))
    return {"lines": (figure, "One line per size.")}


def claims(rows):
    sizes = rows.unique("size")
    return (
        [above("one is above 0", "one", rows.where(size=sizes[0]).final("one"), published="> 0")]
        if sizes
        else []
    )


def register() -> None:
    """Register the study under its name, in this process."""
    experiments.STUDIES["toy"] = "toy_of_the_tests"
    sys.modules["toy_of_the_tests"] = sys.modules[__name__]


def start(runs: Path, *options: str, **environment: str):
    """Start `mnist1d run toy` in a process of its own."""
    import subprocess

    command = [sys.executable, __file__, "run", "toy", "--runs", str(runs), *options]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def use_as_program() -> None:
    """Register the study in this process for good, and leave out what would take most of the time:
    importing JAX, and drawing."""
    register()
    compilation = types.ModuleType("mnist1d.learning.compilation")
    compilation.enable_compilation_cache = lambda: None
    sys.modules |= {
        "mnist1d.learning": types.ModuleType("mnist1d.learning"),
        compilation.__name__: compilation,
    }
    globals()["figures"] = lambda rows: {}


if __name__ in ("__main__", "__mp_main__"):  # the second: in a spawned worker
    use_as_program()
if __name__ == "__main__":
    from mnist1d.cli import main

    sys.exit(main())
