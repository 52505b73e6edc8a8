"""Seconds per outer step of the metalearned activation, ours and the same loop in plain PyTorch;
prints one JSON line.

    python benchmarks/activation.py --torch-steps 100

An outer step is 301 inner steps and the gradient through all of them. Both run in this process, one
after the other, with one thread on one core; processor seconds are counted, so that a busy machine
does not change the ratio. PyTorch keeps the graph of every step, so it runs `--torch-steps` inner
steps, and its time is scaled to 301.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from typing import Any

SINGLE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
BAR = 1.5


def ours(data: Any, repeats: int) -> tuple[float, float]:
    """Return the seconds per outer step, the best of several, and the seconds to compile."""
    import dataclasses

    import jax
    import jax.numpy as jnp

    from mnist1d.experiments.activation import Config, make_learn

    config = dataclasses.replace(Config(), outer_steps=1)
    begin = time.perf_counter()
    learn = (
        jax.jit(make_learn(config, jnp.asarray(data.x), jnp.asarray(data.y, jnp.int32)))
        .lower(jax.random.key(0))
        .compile()
    )
    compile_seconds, found = time.perf_counter() - begin, []
    for seed in range(repeats):
        begin = time.process_time()
        jax.block_until_ready(learn(jax.random.key(seed)))
        found.append(time.process_time() - begin)
    return min(found), compile_seconds


def peers(data: Any, num_steps: int) -> float:
    """Return seconds of one outer step with `num_steps` inner steps, in a user's PyTorch."""
    import torch

    x, y = torch.as_tensor(data.x), torch.as_tensor(data.y)
    torch.manual_seed(0)
    g = [
        p.requires_grad_()
        for layer in (torch.nn.Linear(1, 100), torch.nn.Linear(100, 1))
        for p in (layer.weight.data, layer.bias.data)
    ]
    weights = [
        p.detach()
        for layer in (torch.nn.Linear(40, 128), torch.nn.Linear(128, 10))
        for p in (layer.weight, layer.bias)
    ]
    weights = [p.requires_grad_() for p in weights]
    squares, losses = [torch.ones_like(p) for p in weights], []
    linear = torch.nn.functional.linear
    begin = time.process_time()
    for step in range(num_steps):
        rows = slice(step * 100 % len(x), step * 100 % len(x) + 100)
        z = linear(x[rows], weights[0], weights[1])
        f = torch.nn.functional.elu(z) + 0.2 * linear(
            torch.tanh(linear(z.reshape(-1, 1), g[0], g[1])), g[2], g[3]
        ).reshape(z.shape)
        h = f + 0.1 * (2 * torch.rand(1, 128) - 1)
        loss = torch.nn.functional.cross_entropy(linear(h, weights[2], weights[3]), y[rows])
        grads = torch.autograd.grad(loss, weights, create_graph=True)
        squares = [0.4 * s + 0.6 * grad**2 for s, grad in zip(squares, grads, strict=True)]
        weights = [
            w - 0.01 * grad / (s.sqrt() + 1e-8)
            for w, grad, s in zip(weights, grads, squares, strict=True)
        ]
        losses.append(loss)
    torch.autograd.grad(torch.stack(losses[-200:]).mean(), g)
    return time.process_time() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--torch-steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.environ |= {
        "XLA_FLAGS": SINGLE_THREAD,
        "OMP_NUM_THREADS": "1",
    }  # before either library starts its threads
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import jax

    import mnist1d

    try:
        import torch
    except ImportError:
        torch = None
    data = mnist1d.make_dataset(num_samples=10_000, dtype="float32")
    seconds, compile_seconds = ours(data, options.repeats)
    document = {
        "benchmark": "activation",
        "seconds_an_outer_step": round(seconds, 3),
        "bar": BAR,
        "compile": round(compile_seconds, 2),
    }
    if torch:
        peers(data, 3)
        theirs = peers(data, options.torch_steps) * 301 / options.torch_steps
        document |= {
            "torch": round(theirs, 2),
            "torch_steps": options.torch_steps,
            "ratio": round(theirs / seconds, 1),
        }
    versions = {"python": platform.python_version(), "jax": jax.__version__} | (
        {"torch": torch.__version__} if torch else {}
    )
    print(
        json.dumps(
            document
            | {
                "threads": 1,
                "cores": os.cpu_count(),
                "versions": versions,
                "device": jax.devices()[0].platform,
            }
        )
    )


if __name__ == "__main__":
    main()
