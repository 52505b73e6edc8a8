"""Training speed: seconds per seed of our loop and of a plain PyTorch loop, with equal models, data
and protocol; prints one JSON line.

    python benchmarks/training.py --num-steps 6000

Both run in this process, one after the other. With `--threads single`, both use one thread on one
core, and processor seconds are counted, so that a busy machine does not change the ratio. With
`--threads default`, each uses its default number of threads, and wall time is counted. Compilation
is reported separately.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

MODELS = ("mlp", "cnn", "gru")


def torch_model(name: str) -> Any:
    """Return the benchmark table's model as a PyTorch user writes it."""
    import torch
    from torch import nn

    class MLP(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense1, self.dense2, self.dense3 = (
                nn.Linear(40, 100),
                nn.Linear(100, 100),
                nn.Linear(100, 10),
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.dense1(x).relu()
            return self.dense3(h + self.dense2(h).relu())

    class CNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv1d(1, 25, 5, stride=2, padding=1)
            self.conv2 = nn.Conv1d(25, 25, 3, stride=2, padding=1)
            self.conv3 = nn.Conv1d(25, 25, 3, stride=2, padding=1)
            self.dense = nn.Linear(125, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.conv1(x[:, None]).relu()
            return self.dense(self.conv3(self.conv2(h).relu()).relu().flatten(1))

    class GRU(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru, self.dense = (
                nn.GRU(1, 6, batch_first=True, bidirectional=True),
                nn.Linear(480, 10),
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.dense(self.gru(x[:, :, None])[0].flatten(1))

    return {"logistic": lambda: nn.Linear(40, 10), "mlp": MLP, "cnn": CNN, "gru": GRU}[name]()


def torch_train(
    model: Any, data: Any, num_steps: int, eval_every: int = 250
) -> dict[str, list[float]]:
    """Train as the original's notebooks do: Adam 0.01, batches of 100 in order, accuracy of both
    parts every `eval_every` steps."""
    import torch

    x, y, x_test, y_test = (torch.as_tensor(a) for a in (data.x, data.y, data.x_test, data.y_test))
    criterion, optimizer = (
        torch.nn.CrossEntropyLoss(),
        torch.optim.Adam(model.parameters(), lr=0.01),
    )
    curves: dict[str, list[float]] = {
        "train_loss": [],
        "train_acc": [],
        "test_loss": [],
        "test_acc": [],
    }
    for step in range(num_steps + 1):
        begin = step * 100 % len(x)
        loss = criterion(model(x[begin : begin + 100]), y[begin : begin + 100])
        curves["train_loss"].append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % eval_every == 0:
            with torch.no_grad():
                logits, test_logits = model(x), model(x_test)
            curves["test_loss"].append(criterion(test_logits, y_test).item())
            curves["train_acc"].append((logits.argmax(1) == y).float().mean().item())
            curves["test_acc"].append((test_logits.argmax(1) == y_test).float().mean().item())
    return curves


def ours(name: str, data: Any, num_steps: int) -> tuple[Callable[[], Any], float]:
    """Return a call that trains one seed, and the seconds spent compiling it."""
    import jax

    from mnist1d.learning import MODELS, Settings, Split, make_fit

    split, key = Split.of(data), jax.random.key(0)
    begin = time.perf_counter()
    fit = make_fit(MODELS[name].make(), Settings(num_steps=num_steps))
    train = jax.jit(fit).lower(key, split).compile()
    return lambda: jax.block_until_ready(train(key, split)), time.perf_counter() - begin


def seconds(call: Callable[[], Any], single: bool) -> float:
    """Return the seconds that a call takes: processor seconds for a single thread, otherwise wall
    time."""
    clock = time.process_time if single else time.perf_counter
    begin = clock()
    call()
    return clock() - begin


def processor_name() -> str:
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
    parser.add_argument("--num-steps", type=int, default=6000)
    parser.add_argument("--models", nargs="+", choices=("logistic", *MODELS), default=MODELS)
    parser.add_argument("--threads", choices=("single", "default"), default="single")
    options = parser.parse_args()
    from mnist1d.runs.threads import one_thread

    single = options.threads == "single"
    if single:  # before either library starts its threads
        os.environ |= one_thread()
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import jax
    import numpy as np

    import mnist1d

    try:
        import torch
    except ImportError:
        torch = None
    data, figures = mnist1d.load_dataset(), {}
    for name in options.models:
        call, compile_seconds = ours(name, data, options.num_steps)
        call()
        figures[name] = {"ours": seconds(call, single), "compile": compile_seconds}
        if torch:
            torch.manual_seed(0)
            model = torch_model(name)
            torch_train(model, data, 20)
            figures[name]["torch"] = seconds(
                lambda model=model: torch_train(model, data, options.num_steps), single
            )
            figures[name]["ratio"] = figures[name]["torch"] / figures[name]["ours"]
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "jax": jax.__version__,
    }
    document = {
        "benchmark": "training",
        "num_steps": options.num_steps,
        "seconds_a_seed": {
            name: {key: round(value, 3) for key, value in found.items()}
            for name, found in figures.items()
        },
        "bar": {"mlp": 3, "cnn": 3, "gru": 6},
        "threads": options.threads,
        "torch_threads": torch and torch.get_num_threads(),
        "versions": versions | ({"torch": torch.__version__} if torch else {}),
        "device": jax.devices()[0].platform,
        "processor": processor_name(),
        "cores": os.cpu_count(),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
