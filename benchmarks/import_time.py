"""How long `import mnist1d` takes beyond `import numpy, scipy.ndimage`, which it needs; prints one
JSON line.

    python benchmarks/import_time.py

The two run alternately, each in new processes with warm files; the figures are medians. Both wall
time and processor seconds are reported, because a busy machine changes wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib import metadata

from generate import processor

STATEMENTS = {"mnist1d": "import mnist1d", "numpy and scipy": "import numpy, scipy.ndimage"}


def measure(statement: str) -> tuple[float, float]:
    """Return the seconds that a new process takes for a statement: wall time and processor time."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", statement],
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    clock, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    for statement in STATEMENTS.values():
        measure(statement)  # compiles and warms the files
    times = {name: [] for name in STATEMENTS}
    for i in range(rounds):
        for name in sorted(STATEMENTS, reverse=bool(i % 2)):
            times[name].append(measure(STATEMENTS[name]))

    def extra(kind: int) -> float:
        pairs = zip(times["mnist1d"], times["numpy and scipy"], strict=True)
        return round(statistics.median(ours[kind] - theirs[kind] for ours, theirs in pairs), 4)

    result = {
        "benchmark": "import_time",
        "seconds": {
            name: round(statistics.median(clock for clock, _ in values), 4)
            for name, values in times.items()
        },
        "extra_seconds": extra(0),
        "extra_processor_seconds": extra(1),
        "bar": 0.1,
        "rounds": rounds,
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in ("numpy", "scipy", "mnist1d-lab")},
        "processor": processor(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
