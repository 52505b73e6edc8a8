"""Measure the benchmark table anew, 8 seeds of the spatial priors' paper preset, and write it into
the package.

    python -m benchmarks.table

Everybody's model is placed among these rows (`mnist1d.evaluate`), and the page's quiz quotes them.
Prints the file as one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks.training import processor_name
from mnist1d import experiments
from mnist1d.experiments import spatial_priors as study
from mnist1d.files import atomic_path
from mnist1d.learning import resolve

PATH = Path(experiments.__file__).with_name("benchmark.json")


def measured(preset: str, seeds: list[int]) -> list[dict]:
    """Return a row a model: final test accuracies by seed, plain and shuffled, parameters and
    seconds a seed."""
    table: dict[str, dict] = {}
    frozen = (c for c in study.grid(preset) if c.dataset == "mnist1d" and c.vary == "frozen")
    for config in frozen:
        rows = study.run(config, seeds)
        last = max(r.step for r in rows if r.metric == "test_acc")
        acc = [round(r.value, 4) for r in rows if r.metric == "test_acc" and r.step == last]
        entry = table.setdefault(
            config.model, {"model": config.model, "name": resolve(config.model).label}
        )
        if config.data.shuffle_seq:
            entry["shuffled_acc"] = acc
        else:
            scalars = {r.metric: r.value for r in rows if r.step is None}
            entry |= {
                "num_params": int(scalars["num_params"]),
                "acc": acc,
                "seconds": round(scalars["seconds"], 3),
            }
    return list(table.values())


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--seeds", type=int, default=study.INFO.seeds["paper"])
    parser.add_argument("-o", "--output", type=Path, default=PATH)
    options = parser.parse_args()
    seeds = list(range(options.seeds))
    document = {
        "what": "final test accuracy by seed, after the last step: nothing is selected on the test set",
        "command": f"python -m benchmarks.table --preset {options.preset} --seeds {options.seeds}",
        "seeds": seeds,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("mnist1d-lab", "numpy", "jax", "optax")},
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "rows": measured(options.preset, seeds),
    }
    with atomic_path(options.output) as part:
        part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(document))


if __name__ == "__main__":
    main()
