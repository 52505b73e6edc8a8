"""Cases of `limit.py`: the studies that do not use the one training loop, in our version and as a
PyTorch user writes them.

In a loop with a gradient through it, a step is an inner step with its share of that gradient. t-SNE
is not a case, because the study calls scikit-learn.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from benchmarks.limit import Case
    from mnist1d.dataset import Dataset

Measure = Callable[[int], float]  # from a number of steps to seconds per step


def clock() -> float:
    """Return processor seconds if each side has one thread, because a busy machine hardly changes
    them; with more threads, wall time."""
    one = os.environ["OMP_NUM_THREADS"] == "1"
    return time.process_time() if one else time.perf_counter()


@dataclass(frozen=True)
class Loop:
    """A loop of a study; num_steps: of one seed at the paper's settings. operations() counts those
    of one step."""

    study: str
    network: str
    num_steps: int
    ours: Callable[[Dataset], Measure]
    peers: Callable[[Dataset], Measure]
    operations: Callable[[], float]


def own_loops() -> list[Loop]:
    """Return the loops, sizes and steps from the studies' own Configs."""
    from mnist1d.experiments import activation, learning_rate, self_supervised

    rate, function, views = learning_rate.Config(), activation.Config(), self_supervised.Config()
    num_train = int(views.data.num_samples * views.data.train_split)
    num_steps = views.num_epochs * (num_train // views.batch_size)
    return [
        Loop(
            "learning-rate",
            "MLP, 50 units, one of two trials",
            rate.num_steps * (rate.outer_steps + 1),
            lambda data: in_runs(partial(_rate_slope, rate, data), rate.num_steps),
            lambda data: _peer_rate(rate, data),
            lambda: products(partial(_rate_slope, rate, None), rate.num_steps),
        ),
        Loop(
            "activation",
            "MLP, 128 units, learned activation",
            function.num_steps * function.outer_steps,
            lambda data: in_runs(partial(_learn_function, function, data), function.num_steps),
            lambda data: _peer_function(function, data),
            lambda: products(partial(_learn_function, function, None), function.num_steps),
        ),
        Loop(
            "self-supervised",
            "CNN, 25 channels, projector",
            num_steps,
            lambda data: in_runs(partial(_contrast, views, data), num_steps),
            lambda data: _peer_contrast(views, data),
            lambda: products(partial(_contrast, views, None), num_steps),
        ),
    ]


def pruned_seconds(case: Case, data: Dataset) -> Measure:
    """Return a function that measures the lottery's pruning: every tenth round, at the size that
    its masks leave. The evaluations at both ends of these short rounds are left out."""
    import jax

    from mnist1d.experiments import lottery
    from mnist1d.learning import Settings, Split
    from mnist1d.learning.pruning import PrunedTraining, prune

    split, trained = Split.of(data), {}
    initial = jax.device_get(case.ours().init(jax.random.key(0)))
    sparsities = lottery.Config().sparsities[::10]

    def seconds_of(num_steps: int) -> float:
        if num_steps not in trained:
            sizes = num_steps, case.batch_size, case.learning_rate, case.optimizer, num_steps
            cycle = PrunedTraining(Settings(*sizes, snapshot_at=num_steps))
            trained[num_steps] = partial(cycle, 0, split)
            prune(trained[num_steps], initial, sparsities, 0)  # compiles
        begin = clock()
        prune(trained[num_steps], initial, sparsities, 0)
        return clock() - begin

    def measure(num_steps: int) -> float:
        of_round = max(2, num_steps // len(sparsities))
        added = seconds_of(of_round) - seconds_of(1)
        return added / (len(sparsities) * (of_round - 1))

    return measure


def in_runs(build: Callable[[int], tuple[Callable[..., Any], tuple, int]], longest: int) -> Measure:
    """Return a function that measures build(num_steps) = (function, arguments, steps), compiled: at
    most `longest` steps per call, and more calls for more steps."""
    import jax

    programs: dict[int, Any] = {}

    def measure(num_steps: int) -> float:
        of_call = min(num_steps, longest)
        function, arguments, steps = build(of_call)
        if of_call not in programs:
            programs[of_call] = jax.jit(function).lower(*arguments).compile()
        repeats = max(1, num_steps // steps)
        begin = clock()
        for _ in range(repeats):
            jax.block_until_ready(programs[of_call](*arguments))
        return (clock() - begin) / (repeats * steps)

    return measure


def products(build: Callable[[int], tuple[Callable[..., Any], tuple, int]], longest: int) -> float:
    """Return the operations of one step's matrix products: XLA does not count those in loops."""
    import jax

    function, arguments, steps = build(longest)
    return _products(jax.make_jaxpr(function)(*arguments).jaxpr) / steps


def _products(jaxpr: Any) -> float:
    total = 0.0
    for equation in jaxpr.eqns:
        parameters = equation.params
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = parameters["dimension_numbers"]
            shape = equation.invars[0].aval.shape
            total += 2 * math.prod(shape[i] for i in contracted) * equation.outvars[0].aval.size
        repeats = parameters["length"] if equation.primitive.name == "scan" else 1
        for value in parameters.values():
            for part in value if isinstance(value, tuple | list) else (value,):
                if hasattr(inner := getattr(part, "jaxpr", part), "eqns"):
                    total += repeats * _products(inner)
    return total


def _arrays(data: Dataset | None) -> tuple[Any, Any]:
    """Return the training signals and labels; zeros in place of None."""
    import jax.numpy as jnp

    if data is None:
        return jnp.zeros((4000, 40)), jnp.zeros(4000, int)
    return jnp.asarray(data.x), jnp.asarray(data.y)


def _rate_slope(config: Any, data: Dataset | None, num_steps: int) -> tuple[Any, tuple, int]:
    import jax

    from mnist1d.learning.unrolled import mlp_init, sgd_objective

    objective = sgd_objective(num_steps, config.batch_size)
    params = mlp_init(jax.random.key(0), 40, config.hidden)
    return jax.value_and_grad(objective), (config.initial_rate, params, *_arrays(data)), num_steps


def _learn_function(config: Any, data: Dataset | None, num_steps: int) -> tuple[Any, tuple, int]:
    import jax

    from mnist1d.learning import Split
    from mnist1d.learning.unrolled import Inner, Outer, activation_learner

    sizes = num_steps, config.batch_size, config.hidden
    inner = Inner(*sizes, config.learning_rate, config.decay, config.noise)
    outer = Outer(1, config.outer_rate, config.clip, config.meta_hidden, config.objective_steps)
    x, y = _arrays(data)
    split = Split(x, y, x[:1], y[:1])
    return activation_learner(inner, outer), (jax.random.key(0), split), num_steps


def _contrast(config: Any, data: Dataset | None, num_steps: int) -> tuple[Any, tuple, int]:
    import jax

    from mnist1d.experiments.self_supervised import PROJECTORS
    from mnist1d.learning.contrastive import encoder, simclr

    x, _ = _arrays(data)
    of_epoch = len(x) // config.batch_size
    num_epochs = max(1, num_steps // of_epoch)
    init, layers = encoder(PROJECTORS[config.variant], x.shape[1])
    train = simclr(
        layers,
        num_epochs=num_epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        temperature=config.temperature,
    )
    key = jax.random.key(0)
    return train, (key, init(key), x), num_epochs * of_epoch


def _peer_rate(config: Any, data: Dataset) -> Measure:
    import torch

    x, y, size = torch.as_tensor(data.x), torch.as_tensor(data.y), config.batch_size
    start = _weights(40, config.hidden, 10)
    linear, loss_of = torch.nn.functional.linear, torch.nn.functional.cross_entropy

    def run(num_steps: int) -> None:
        rate = torch.tensor(config.initial_rate, requires_grad=True)
        weights, losses = start, []
        for step in range(num_steps):
            rows = slice(step * size % len(x), step * size % len(x) + size)
            h = torch.tanh(linear(x[rows], weights[0], weights[1]))
            losses.append(loss_of(linear(h, weights[2], weights[3]), y[rows]))
            grads = torch.autograd.grad(losses[-1], weights, create_graph=True)
            weights = [w - rate * grad for w, grad in zip(weights, grads, strict=True)]
        torch.autograd.grad(torch.stack(losses).mean(), rate)

    return _peer_runs(run, config.num_steps)


def _peer_function(config: Any, data: Dataset) -> Measure:
    import torch

    x, y, size = torch.as_tensor(data.x), torch.as_tensor(data.y), config.batch_size
    f, start = _weights(1, config.meta_hidden, 1), _weights(40, config.hidden, 10)
    linear, loss_of = torch.nn.functional.linear, torch.nn.functional.cross_entropy

    def activation(z: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(linear(z.reshape(-1, 1), f[0], f[1]))
        return torch.nn.functional.elu(z) + linear(hidden, f[2], f[3]).reshape(z.shape)

    def run(num_steps: int) -> None:
        weights, losses = start, []
        squares = [torch.ones_like(w) for w in weights]
        for step in range(num_steps):
            rows = slice(step * size % len(x), step * size % len(x) + size)
            h = activation(linear(x[rows], weights[0], weights[1]))
            h = h + config.noise * (2 * torch.rand(1, config.hidden) - 1)
            losses.append(loss_of(linear(h, weights[2], weights[3]), y[rows]))
            grads = torch.autograd.grad(losses[-1], weights, create_graph=True)
            pairs = zip(squares, grads, strict=True)
            squares = [config.decay * s + (1 - config.decay) * g**2 for s, g in pairs]
            weights = [
                w - config.learning_rate * grad / (s.sqrt() + 1e-8)
                for w, grad, s in zip(weights, grads, squares, strict=True)
            ]
        torch.autograd.grad(torch.stack(losses[-config.objective_steps :]).mean(), f)

    return _peer_runs(run, config.num_steps)


def _peer_contrast(config: Any, data: Dataset) -> Measure:
    import torch
    from torch import nn

    from mnist1d.experiments.self_supervised import PROJECTORS
    from mnist1d.learning.contrastive import CHANNELS, NUM_SHIFTS, OFFSET_STD, SLOPE_STD

    x, size = torch.as_tensor(data.x), config.batch_size
    parts: list[nn.Module] = [nn.Unflatten(1, (1, 40))]
    for inputs, kernel in ((1, 5), (CHANNELS, 3), (CHANNELS, 3)):
        parts += [nn.Conv1d(inputs, CHANNELS, kernel, stride=2, padding=1), nn.ReLU()]
    sizes = (5 * CHANNELS, *PROJECTORS[config.variant])
    parts.append(nn.Flatten())
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        parts += [nn.Linear(inputs, outputs), nn.ReLU()]
    model = nn.Sequential(*parts[:-1])
    optimizer = torch.optim.Adam(model.parameters(), config.learning_rate)
    ramp = torch.arange(40) - 19.5
    places = torch.arange(size)

    def view(x: torch.Tensor) -> torch.Tensor:
        x = x - x.mean(1, keepdim=True)
        x = x - (x @ ramp / (ramp @ ramp))[:, None] * ramp
        shifts = torch.randint(NUM_SHIFTS, (len(x), 1))
        x = x.gather(1, (torch.arange(40) - shifts) % 40)
        return x + SLOPE_STD * torch.randn(len(x), 1) * ramp + OFFSET_STD * torch.randn(len(x), 1)

    def run(num_steps: int) -> None:
        order = torch.arange(len(x))
        for step in range(num_steps):
            place = step * size % (len(x) // size * size)
            if place == 0:
                order = torch.randperm(len(x))
            batch = x[order[place : place + size]]
            a, b = nn.functional.normalize(model(torch.cat([view(batch), view(batch)]))).split(size)
            loss = nn.functional.cross_entropy(a @ b.T / config.temperature, places)
            loss.item()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return _peer_runs(run, 10**9)


def _weights(num_inputs: int, hidden: int, num_outputs: int) -> list[torch.Tensor]:
    import torch

    layers = torch.nn.Linear(num_inputs, hidden), torch.nn.Linear(hidden, num_outputs)
    return [part.detach().requires_grad_() for of in layers for part in (of.weight, of.bias)]


def _peer_runs(run: Callable[[int], None], longest: int) -> Measure:
    """Return a function that measures run(steps), at most `longest` steps per call."""

    def measure(num_steps: int) -> float:
        steps = min(num_steps, longest)
        repeats = max(1, num_steps // steps)
        begin = clock()
        for _ in range(repeats):
            run(steps)
        return (clock() - begin) / (repeats * steps)

    return measure
