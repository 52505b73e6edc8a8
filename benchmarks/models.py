"""Training speed of recent models: our loop against plain PyTorch, one thread each; one JSON line
per model.

    taskset -c 1 python -m benchmarks.models

Both train with Adam on batches of 100, alternately in this process. The benchmark counts processor
time, the fastest of several rounds, which other programs on the machine hardly change. Compilation
is reported separately. The peer is the same network, with the same weights, as a PyTorch user
writes it (torch_models.py). The limit is the time of the gradient's matrix products alone, at the
rate of large ones.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

from benchmarks.training import processor_name
from mnist1d.runs.threads import one_thread

BAR = 2.0  # times as fast as PyTorch


def ours(name: str, num_steps: int) -> tuple[Callable[[], Any], float, int]:
    """Return a call that trains num_steps steps, its compile time, and the parameters."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning import Settings, Split, make_fit, num_params, resolve

    model, settings = resolve(name).make(), Settings(num_steps=num_steps, eval_every=num_steps)
    x, y = jax.random.normal(jax.random.key(1), (100, 40)), jnp.arange(100) % 10
    split = Split(x, y, x[:1], y[:1])  # evaluation on so few signals takes no time
    key, begin = jax.random.key(0), time.perf_counter()
    train = jax.jit(make_fit(model, settings)).lower(key, split).compile()
    compile_seconds = time.perf_counter() - begin
    return lambda: jax.block_until_ready(train(key, split)), compile_seconds, num_params(model)


def theirs(name: str, num_steps: int) -> Callable[[], None]:
    """Return a call that trains PyTorch's model num_steps steps."""
    import torch

    from benchmarks.torch_models import TORCH_MODELS

    torch.manual_seed(0)
    network, criterion = TORCH_MODELS[name](), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    x, y = torch.randn(100, 40), torch.arange(100) % 10

    def train() -> None:
        for _ in range(num_steps):
            loss = criterion(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return train


def limit(name: str) -> float:
    """Return the seconds of one step's matrix products at the rate of large ones."""
    import jax
    import jax.numpy as jnp

    from benchmarks.limit import gflops
    from benchmarks.loops import products
    from mnist1d.learning import resolve
    from mnist1d.learning.losses import LOSSES

    model, x, y = resolve(name).make(), jnp.zeros((100, 40)), jnp.zeros(100, int)
    gradient = jax.grad(lambda params: LOSSES["cross_entropy"](model.apply(params, x), y))
    params = model.init(jax.random.key(0))
    return products(lambda _: (gradient, (params,), 1), 1) / 1e9 / gflops()


def fastest(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the processor seconds of each call in its fastest round; the calls alternate."""
    for call in calls.values():
        call()  # warm up
    found = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for who, call in calls.items():
            begin = time.process_time()
            call()
            found[who] = min(found[who], time.process_time() - begin)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", help="default: all that have a peer in PyTorch")
    parser.add_argument("--num-steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    # Before either library starts its threads
    os.environ |= one_thread()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import jax
    import torch

    from benchmarks.torch_models import TORCH_MODELS

    for name in options.models or TORCH_MODELS:
        train, compile_seconds, size = ours(name, options.num_steps)
        calls = {"ours": train, "torch": theirs(name, options.num_steps)}
        ms = {
            who: 1000 * seconds / options.num_steps
            for who, seconds in fastest(calls, options.rounds).items()
        }
        document = {
            "benchmark": "models",
            "model": name,
            "num_params": size,
            "ours_ms_per_step": round(ms["ours"], 3),
            "torch_ms_per_step": round(ms["torch"], 3),
            "limit_ms_per_step": round(1000 * limit(name), 3),
            "ratio": round(ms["torch"] / ms["ours"], 2),
            "bar": BAR,
            "compile_seconds": round(compile_seconds, 1),
            "torch_threads": torch.get_num_threads(),
            "versions": {
                "python": platform.python_version(),
                "jax": jax.__version__,
                "torch": torch.__version__,
            },
            "device": jax.devices()[0].platform,
            "processor": processor_name(),
        }
        print(json.dumps(document), flush=True)


if __name__ == "__main__":
    main()
