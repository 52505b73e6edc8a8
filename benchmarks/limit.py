"""How far each study's training is from the processor's limit and from a plain PyTorch loop, per
seed at the paper's settings; prints one JSON line.

    python benchmarks/limit.py [--threads 2] > limit.json
    python benchmarks/limit.py --table limit.json  # the table of docs/speed.md, nothing measured

Both sides run alternately in this process, with one thread each. The benchmark counts processor
seconds, which other programs on the machine hardly change; with --threads, it counts wall time. It
runs a few steps and scales to the number of steps of the paper. The limit is the time of the
operations alone, at the rate of large matrix products: XLA counts the operations of a step's
gradient; the optimizer and the evaluations come on top. The cases of `loops.py` count their matrix
products.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from benchmarks.loops import Loop, Measure
    from mnist1d.dataset import Dataset
    from mnist1d.learning import Model

ROUNDS = 3  # both sides alternately; the best round of each counts
SCALE_UP = 1.5  # times the warm-up's estimate, so that a measurement is not too short


@dataclass(frozen=True)
class Case:
    """One network of a study. num_steps: of one seed at the paper's settings. eval_every: steps."""

    study: str
    network: str
    num_steps: int
    batch_size: int
    learning_rate: float
    eval_every: int
    optimizer: str
    ours: Callable[[], Model]
    peers: Callable[[], torch.nn.Module]
    reshuffle: bool = False  # a new order every epoch
    exact: Callable[[], Model] | None = None  # the model whose operations count, if ours is padded
    loop: Callable[[Case, Dataset], Measure] | None = None  # ours, if not the one training loop


def loops() -> list[Loop]:
    """Return every measured loop."""
    from benchmarks.loops import Loop, own_loops

    return own_loops() + [
        Loop(
            case.study,
            case.network,
            case.num_steps,
            partial(case.loop or our_seconds, case),
            partial(peer_seconds, case),
            partial(operations, case),
        )
        for case in cases()
    ]


def cases() -> list[Case]:
    """Return the cases of the one training loop, with sizes and steps from the studies' own
    Configs."""
    from torch import nn

    from benchmarks.loops import pruned_seconds
    from benchmarks.training import torch_model
    from mnist1d.experiments import double_descent, lottery, pooling, spatial_priors
    from mnist1d.learning import MODELS
    from mnist1d.learning.models.benchmark import mlp
    from mnist1d.learning.models.pooled import pooled_cnn
    from mnist1d.learning.narrow import network

    def plain(*widths: int) -> Callable[[], torch.nn.Module]:
        layers = [nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False)]
        parts = [part for layer in layers for part in (layer, nn.ReLU())]
        return lambda: nn.Sequential(*parts[:-1])

    def wide_cnn(channels: int) -> torch.nn.Module:
        sizes = ((1, 5), (channels, 3), (channels, 3))
        convs = [nn.Conv1d(n, channels, kernel, stride=2, padding=1) for n, kernel in sizes]
        parts = [part for conv in convs for part in (conv, nn.ReLU())]
        return nn.Sequential(
            nn.Unflatten(1, (1, 40)), *parts, nn.Flatten(), nn.Linear(5 * channels, 10)
        )

    def pooled(channels: int) -> torch.nn.Module:
        parts = []
        for inputs in (1, channels):
            parts += [nn.Conv1d(inputs, channels, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2)]
        return nn.Sequential(
            nn.Unflatten(1, (1, 40)), *parts, nn.Flatten(), nn.Linear(10 * channels, 10)
        )

    class Residual(nn.Module):
        def __init__(self, hidden: int) -> None:
            super().__init__()
            sizes = ((40, hidden), (hidden, hidden), (hidden, 10))
            self.first, self.second, self.last = (nn.Linear(a, b) for a, b in sizes)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.first(x).relu()
            return self.last(h + self.second(h).relu())

    prior, ticket = spatial_priors.Config(), lottery.Config()
    descent, pool = double_descent.Config(), pooling.Config()
    padded_width = double_descent.padded_width
    adam = (prior.num_steps, prior.batch_size, prior.learning_rate, prior.eval_every, "adam")
    found = [
        Case(
            "spatial-priors",
            name,
            *adam,
            lambda name=name: MODELS[name].make(),
            lambda name=name: torch_model(name),
        )
        for name in ("logistic", "mlp", "cnn", "gru")
    ]
    pruning = ticket.num_steps * ticket.num_rounds
    rate, size = ticket.learning_rate, ticket.ticket_batch_size
    follow_up = (ticket.ticket_steps, size, rate, ticket.ticket_eval_every, "adam")
    dense = (lambda: mlp(hidden=ticket.hidden), lambda: Residual(ticket.hidden))
    found += [
        Case(
            "lottery",
            "pruning",
            pruning,
            ticket.batch_size,
            rate,
            ticket.num_steps,
            "adam",
            *dense,
            loop=pruned_seconds,
        ),
        Case("lottery", "dense, follow-up", *follow_up, *dense),
    ]
    num_train = int(descent.data.num_samples * descent.data.train_split)
    num_steps = descent.num_epochs * num_train // descent.batch_size
    sgd = (num_steps, descent.batch_size, descent.learning_rate, num_steps, "momentum")
    for width in (16, 300):
        peers = plain(40, width, width, 10)
        found.append(
            Case(
                "double-descent",
                f"MLP, width {width}",
                *sgd,
                lambda w=width: network("mlp", padded_width("mlp", w)),
                peers,
                reshuffle=True,
                exact=lambda w=width: network("mlp", w),
            )
        )
    for width in (16, 100):
        found.append(
            Case(
                "double-descent",
                f"CNN, {width} channels",
                *sgd,
                lambda w=width: network("cnn", padded_width("cnn", w)),
                lambda w=width: wide_cnn(w),
                reshuffle=True,
                exact=lambda w=width: network("cnn", w),
            )
        )
    steps = (pool.num_steps, pool.batch_size, pool.learning_rate, pool.eval_every, "adam")
    channels = pool.channels
    found.append(
        Case(
            "pooling",
            "max",
            *steps,
            lambda: pooled_cnn("max", channels, 40),
            lambda: pooled(channels),
        )
    )
    return found


def our_seconds(case: Case, data: Dataset) -> Callable[[int], float]:
    """Return a function that measures our loop: from a number of steps to processor seconds per
    step."""
    import jax

    from benchmarks.loops import clock
    from mnist1d.learning import Settings, Split, make_fit

    split, programs = Split.of(data), {}

    def seconds_of(num_steps: int) -> float:
        if num_steps not in programs:
            evaluate = min(case.eval_every, num_steps)
            rate = case.learning_rate
            sizes = num_steps, case.batch_size, rate, case.optimizer, evaluate
            settings = Settings(*sizes, reshuffle=case.reshuffle)
            fit = make_fit(case.ours(), settings)
            programs[num_steps] = jax.jit(fit).lower(jax.random.key(0), split).compile()
        begin = clock()
        jax.block_until_ready(programs[num_steps](jax.random.key(0), split))
        return clock() - begin

    def measure(num_steps: int) -> float:
        if num_steps >= case.eval_every:
            return seconds_of(num_steps) / num_steps
        # With few of many steps, the evaluations at both ends would count too much
        return (seconds_of(num_steps) - seconds_of(1)) / (num_steps - 1)

    return measure


def peer_seconds(case: Case, data: Dataset) -> Callable[[int], float]:
    """Return a function that measures the loop that a PyTorch user writes. It reads the loss of
    every step, as the published notebooks do, and evaluates on both parts as often as ours."""
    import torch

    from benchmarks.loops import clock

    x, y, x_test, y_test = (torch.as_tensor(a) for a in (data.x, data.y, data.x_test, data.y_test))
    model, loss_of = case.peers(), torch.nn.CrossEntropyLoss()
    if case.optimizer == "adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(model.parameters(), case.learning_rate)
    else:
        optimizer = torch.optim.SGD(model.parameters(), case.learning_rate, momentum=0.9)

    def measure(num_steps: int) -> float:
        begin, losses, order = clock(), [], torch.arange(len(x))
        for step in range(num_steps):
            first = step * case.batch_size % (len(x) // case.batch_size * case.batch_size)
            rows = slice(first, first + case.batch_size)
            if case.reshuffle:
                if first == 0:
                    order = torch.randperm(len(x))
                rows = order[rows]
            loss = loss_of(model(x[rows]), y[rows])
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if (step + 1) % case.eval_every == 0:
                with torch.no_grad():
                    for inputs, labels in ((x, y), (x_test, y_test)):
                        logits = model(inputs)
                        losses += [
                            loss_of(logits, labels).item(),
                            (logits.argmax(1) == labels).float().mean().item(),
                        ]
        return (clock() - begin) / num_steps

    return measure


def operations(case: Case) -> float:
    """Return the floating-point operations of one step's gradient, as XLA counts them."""
    import jax
    import jax.numpy as jnp

    from mnist1d.learning.losses import LOSSES

    model, size = (case.exact or case.ours)(), case.batch_size
    x, y = jnp.zeros((size, 40)), jnp.zeros(size, int)
    params = model.init(jax.random.key(0))
    gradient = jax.grad(lambda params: LOSSES["cross_entropy"](model.apply(params, x), y))
    found: Any = jax.jit(gradient).lower(params).compile().cost_analysis()
    return float((found[0] if isinstance(found, list) else found)["flops"])


def machine() -> dict[str, float]:
    """Return the speed of this processor with these threads: GFLOP/s of matrix products, GB/s read
    from and written to memory (with one thread), and millions of normal numbers per second; each
    the best of several runs."""
    import jax
    import numpy as np

    source = np.ones(2**26, np.float32)
    target, normals = np.empty_like(source), jax.jit(lambda key: jax.random.normal(key, (10**6,)))
    jax.block_until_ready(normals(jax.random.key(0)))
    best = {
        "gflops": gflops(),
        "gbytes": 2 * source.nbytes / 1e9 / best_seconds(lambda: np.copyto(target, source)),
        "mnormals": 1 / best_seconds(lambda: jax.block_until_ready(normals(jax.random.key(1)))),
    }
    return {name: round(value, 1) for name, value in best.items()}


def gflops() -> float:
    """Return the rate of 1024 x 1024 matrix products, the better one of PyTorch's and XLA's."""
    import jax
    import torch

    a, product = torch.randn(1024, 1024), jax.jit(lambda a: a @ a)
    b = jax.numpy.asarray(a)
    jax.block_until_ready(product(b))
    calls = (lambda: a @ a, lambda: jax.block_until_ready(product(b)))
    return 2 * 1024**3 / 1e9 / min(map(best_seconds, calls))


def best_seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Return the seconds of a call, the best of several."""
    from benchmarks.loops import clock

    found = []
    for _ in range(repeats):
        begin = clock()
        call()
        found.append(clock() - begin)
    return min(found)


def measure(loop: Loop, data: Dataset, seconds: float) -> dict[str, Any]:
    """Return a loop's figures per step; seconds: about how long each measurement takes."""
    ours, peers = loop.ours(data), loop.peers(data)
    for warm_up, num_steps in ((ours, 20), (peers, 5)):
        warm_up(num_steps)
    steps = max(20, int(min(loop.num_steps, SCALE_UP * seconds / ours(20))))
    peer_steps = max(20, int(min(loop.num_steps, SCALE_UP * seconds / peers(10))))
    pairs = [(ours(steps), peers(peer_steps)) for _ in range(ROUNDS)]
    best = [min(side) for side in zip(*pairs, strict=True)]
    return {
        "study": loop.study,
        "network": loop.network,
        "num_steps": loop.num_steps,
        "flops": loop.operations(),
        "gflops": gflops(),  # measured now, because a busy machine is slower at everything
        "ours": best[0],
        "peers": best[1],
    }


def table(document: dict[str, Any]) -> str:
    """Return the table of docs/speed.md."""
    lines = [
        "| study | network | steps | GFLOP | limit, s | ours, s | PyTorch, "
        "s | ours / limit | PyTorch / ours |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case in document["cases"]:
        steps, limit = case["num_steps"], case["flops"] / 1e9 / case["gflops"]
        cells = [
            case["study"],
            case["network"],
            f"{steps:,}",
            f"{steps * case['flops'] / 1e9:,.0f}",
            *(f"{steps * value:,.1f}" for value in (limit, case["ours"], case["peers"])),
            f"{case['ours'] / limit:.1f}",
            f"{case['peers'] / case['ours']:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print, or print the table of an earlier measurement."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement")
    parser.add_argument("--threads", type=int, default=1, help="of each side")
    parser.add_argument("--only", default="", help="cases whose study or network contains this")
    parser.add_argument("--table", type=Path, help="print the table of this JSON file")
    options = parser.parse_args(words)
    if options.table:
        print(table(json.loads(options.table.read_text(encoding="utf-8"))))
        return
    from mnist1d.runs.threads import one_thread

    if options.threads == 1:  # before either library starts its threads
        os.environ |= one_thread()
    else:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
    import jax
    import torch

    from mnist1d import load_dataset
    from mnist1d.runs import provenance

    torch.set_num_threads(options.threads)
    data, found = load_dataset(), []
    for loop in loops():
        if options.only in f"{loop.study} {loop.network}":
            found.append(measure(loop, data, options.seconds))
            print(f"{found[-1]}", file=sys.stderr, flush=True)
    versions = {"jax": jax.__version__, "torch": torch.__version__}
    about = {"threads": options.threads, "processor": provenance.processor(), "versions": versions}
    print(json.dumps({"benchmark": "limit", "machine": machine(), "cases": found, **about}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # for the other benchmarks
    main()
