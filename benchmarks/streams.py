"""Speed and memory of the streams: the original generator, the JAX stream and the PyTorch stream,
in one run on one core; one JSON line.

    python benchmarks/streams.py                     5,000 signals of the original, 10 million of
    the JAX stream

Every part runs in a separate process with one thread. The JAX stream is drawn as in a training
loop: 100,000 signals per jitted scan, again and again. Memory is the growth of the process from the
first million signals to the last. The benchmark counts processor seconds, which other programs on
the machine hardly change, without compilation and warm-up.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib import metadata, util
from pathlib import Path

import peer

ONE_THREAD = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PJRT_NPROC")
} | {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
CALL = 100_000  # signals in one call of the JAX stream


def original(n: int) -> dict:
    """Make one set with the original package."""
    import time

    import mnist1d.data

    args = mnist1d.data.get_dataset_args()
    args.num_samples = n
    begin = time.process_time()
    mnist1d.data.make_dataset(args)
    return {"seconds": time.process_time() - begin, "file": mnist1d.data.__file__}


def jax_stream(n: int) -> dict:
    """Draw n signals and reduce them to their sum, as training reduces them to a loss; return
    memory after the first million and at the end."""
    import resource
    import time

    import jax

    from mnist1d.adapters.jax import sample

    @jax.jit
    def many(key, i):
        x, y = sample(jax.random.fold_in(key, i), CALL)
        return x.sum() + y.sum()

    key, calls, memory = jax.random.key(0), max(1, n // CALL), {}
    jax.block_until_ready(many(key, calls))
    begin = time.process_time()
    for i in range(calls):
        jax.block_until_ready(many(key, i))
        memory[(i + 1) * CALL] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, first = time.process_time() - begin, memory.get(1_000_000, min(memory.values()))
    return {
        "seconds": seconds,
        "growth_mebibytes": max(memory.values()) - first,
        "peak_mebibytes": max(memory.values()),
    }


def torch_stream(n: int) -> dict:
    """Draw n signals in batches of 1,000, in this process."""
    import itertools
    import time

    import torch

    from mnist1d.adapters.torch import MNIST1DStream

    torch.set_num_threads(1)
    batches = iter(MNIST1DStream(batch_size=1000))
    next(batches)
    begin = time.process_time()
    for x, _ in itertools.islice(batches, n // 1000):
        x.sum()
    return {"seconds": time.process_time() - begin}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--peer", type=int, default=5000, metavar="N", help="signals of the original"
    )
    parser.add_argument(
        "--jax", type=int, default=10_000_000, metavar="N", help="signals of the JAX stream"
    )
    parser.add_argument(
        "--torch", type=int, default=100_000, metavar="N", help="signals of the PyTorch stream"
    )
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        part, n = options.work
        print(
            json.dumps({"peer": original, "jax": jax_stream, "torch": torch_stream}[part](int(n)))
        )
        return
    sizes, parts = {"peer": options.peer, "jax": options.jax, "torch": options.torch}, {}
    for part, n in sizes.items():
        if part == "torch" and util.find_spec("torch") is None:
            continue
        path = peer.install() if part == "peer" else peer.ROOT / "src"
        found = json.loads(
            peer.run(Path(__file__), "--work", part, str(n), path=path, **ONE_THREAD, timeout=1200)
        )
        parts[part] = {**found, "num_samples": n, "signals_a_second": round(n / found["seconds"])}
    if not parts["peer"].pop("file").startswith(str(peer.FOLDER)):
        raise RuntimeError("the package measured as the original is not the original")
    rate = parts["peer"]["signals_a_second"]
    result = {
        "benchmark": "streams",
        **parts,
        "jax_ratio": round(parts["jax"]["signals_a_second"] / rate, 1),
        "torch_ratio": round(parts["torch"]["signals_a_second"] / rate, 1)
        if "torch" in parts
        else None,
        "bars": {"jax_ratio": 80},
        "versions": {"python": platform.python_version(), "peer": peer.VERSION}
        | {name: metadata.version(name) for name in ("numpy", "jax", "mnist1d-lab")},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
