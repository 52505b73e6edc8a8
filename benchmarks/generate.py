"""Speed of the generator: the original, our exact mode and our fast mode, in one run on one core;
prints one JSON line.

    python benchmarks/generate.py                     5,000 signals exact, 100,000 fast, five rounds

Every round runs the three one after the other, each in a separate process with one thread. The
benchmark counts processor seconds, which other programs on the machine hardly change. The original
makes 5,000 signals; its rate holds for larger sets too, because it works signal by signal. Memory
is the peak of the process minus what it used before. It is measured at two sizes, and their
difference is the growth.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path

import peer

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def work(which: str, num_samples: int) -> None:
    """Make one set, after a small one as a warm-up; print seconds, peak memory and the digest of
    the training signals."""
    import hashlib
    import resource

    import mnist1d
    import mnist1d.data

    def make(n: int):
        if which == "fast":
            return mnist1d.make_dataset(num_samples=n, mode="fast")
        if which == "exact":
            return mnist1d.make_dataset(num_samples=n)
        args = mnist1d.data.get_dataset_args()
        args.num_samples = n
        return mnist1d.data.make_dataset(args)

    make(1000)
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    data = make(num_samples)
    seconds, after = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    digest = hashlib.sha256(data["x"].tobytes()).hexdigest()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "mebibytes": (after - before) / 1024,
                "sha256": digest,
                "file": mnist1d.__file__,
            }
        )
    )


def measure(which: str, num_samples: int, path: Path) -> dict:
    """Run `work` in a separate process, with the package in the folder `path`."""
    result = json.loads(
        peer.run(Path(__file__), "--work", which, str(num_samples), path=path, **ONE_THREAD)
    )
    if not result["file"].startswith(str(path)):
        raise RuntimeError(f"measured {result['file']} in place of the package in {path}")
    return result


def processor() -> str:
    """Return the processor's name, if the system reports it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(
                line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--exact",
        type=int,
        default=5000,
        metavar="N",
        help="signals of the original and of exact mode",
    )
    parser.add_argument(
        "--fast", type=int, default=100_000, metavar="N", help="signals of fast mode"
    )
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(options.work[0], int(options.work[1]))
    original, ours = peer.install(), peer.ROOT / "src"
    rounds = []
    for i in range(options.rounds):
        print(f"round {i + 1} of {options.rounds}", file=sys.stderr)
        sizes = {
            "peer": (options.exact, original),
            "exact": (options.exact, ours),
            "fast": (options.fast, ours),
        }
        rounds.append({which: measure(which, n, path) for which, (n, path) in sizes.items()})
    double = measure("fast", 2 * options.fast, ours)

    def median(figure) -> float:
        return round(statistics.median(figure(r) for r in rounds), 4)

    result = {
        "benchmark": "generate",
        "num_samples": {"peer": options.exact, "exact": options.exact, "fast": options.fast},
        "seconds": {
            which: median(lambda r, which=which: r[which]["seconds"])
            for which in ("peer", "exact", "fast")
        },
        "exact_ratio": median(lambda r: r["peer"]["seconds"] / r["exact"]["seconds"]),
        "fast_ratio": median(
            lambda r: (r["peer"]["seconds"] / options.exact) / (r["fast"]["seconds"] / options.fast)
        ),
        "bars": {"exact_ratio": 20, "fast_ratio": 60},
        "same_bits": all(r["peer"]["sha256"] == r["exact"]["sha256"] for r in rounds),
        "fast_memory": {
            "peak_mebibytes": median(lambda r: r["fast"]["mebibytes"]),
            "output_mebibytes": round(options.fast * (40 * 4 + 8) / 2**20, 1),
            "growth_per_output": round(
                (double["mebibytes"] - median(lambda r: r["fast"]["mebibytes"]))
                / (options.fast * (40 * 4 + 8) / 2**20),
                2,
            ),
        },
        "rounds": options.rounds,
        "versions": {"python": platform.python_version(), "peer": peer.VERSION}
        | {name: metadata.version(name) for name in ("numpy", "scipy", "mnist1d-lab")},
        "processor": processor(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
