"""PyTorch modules: x (batch, time) float32 to logits (batch, classes)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.errors import UsageError
from mnist1d.evaluation.answers import Answer, answer_of_logits, check_batch
from mnist1d.evaluation.protocol import Protocol
from mnist1d.evaluation.trainers import Task, Trained, copied, own_trained

if TYPE_CHECKING:
    import torch

SMALL = 100_000  # parameters; smaller models are not faster with more threads
CHUNK = 2000  # signals predicted at once
FOLLOWS_PROTOCOL: bool = True


def takes(model: object) -> bool:
    """Return whether the object is an nn.Module; then torch is already imported."""
    if "torch" not in sys.modules:
        return False
    import torch

    return isinstance(model, torch.nn.Module)


def train(model: torch.nn.Module, task: Task) -> Trained:
    """Train a module, or a copy of an instance with new weights."""
    if not task.is_factory:
        model = _reset_copy(model)
    if task.own is not None:
        model = own_trained(model, task)
    else:
        with _one_thread_for_small(model):
            _fit(model, task)
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return Trained(lambda x: _answer(model, x, task.classes), count)


def _fit(model: torch.nn.Module, task: Task) -> None:
    import torch

    protocol, device = task.protocol, _device(model)
    x = torch.tensor(task.data.x, dtype=torch.float32, device=device)
    y = torch.tensor(task.targets, device=device)
    optimizers = _optimizers(model, protocol)
    model.train()
    for step in range(protocol.num_steps):
        first = step * protocol.batch_size
        rows = torch.arange(first, first + protocol.batch_size, device=device) % len(x)
        logits = _tensor(model(x[rows]))
        check_batch(tuple(logits.shape), len(rows), len(task.classes))
        loss = torch.nn.functional.cross_entropy(logits, y[rows])
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = protocol.rate_at(step)
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()


def _optimizers(model: torch.nn.Module, protocol: Protocol) -> list[torch.optim.Optimizer]:
    """Return the optimizer. For Muon these are two: Muon for matrices, AdamW for all other
    parameters."""
    from torch import optim

    rate, decay = protocol.learning_rate, protocol.weight_decay
    params = [p for p in model.parameters() if p.requires_grad]
    if not params:
        raise UsageError("the model has no parameters to train: pass train=... or use test alone")
    if protocol.optimizer == "muon":
        matrices, others = ([p for p in params if (p.ndim == 2) == flag] for flag in (True, False))
        found: list[optim.Optimizer] = []
        if matrices:
            # updates as large as Adam's, so that one learning rate fits both
            same_rate = "match_rms_adamw"
            muon = optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn=same_rate)
            found.append(muon)
        if others:
            found.append(optim.AdamW(others, lr=rate, weight_decay=decay))
        return found
    make = {
        "adam": lambda: optim.Adam(params, lr=rate, weight_decay=decay),
        "adamw": lambda: optim.AdamW(params, lr=rate, weight_decay=decay),
        "momentum": lambda: optim.SGD(params, lr=rate, momentum=0.9, weight_decay=decay),
        "nesterov": lambda: optim.SGD(
            params, lr=rate, momentum=0.9, nesterov=True, weight_decay=decay
        ),
        "rmsprop": lambda: optim.RMSprop(params, lr=rate, weight_decay=decay),
        "sgd": lambda: optim.SGD(params, lr=rate, weight_decay=decay),
    }
    return [make[protocol.optimizer]()]


def _answer(model: torch.nn.Module, x: np.ndarray, classes: np.ndarray) -> Answer:
    import torch

    device, parts = _device(model), []
    model.eval()
    with torch.no_grad():
        for start in range(0, len(x), CHUNK):
            part = torch.tensor(x[start : start + CHUNK], dtype=torch.float32, device=device)
            parts.append(_tensor(model(part)).double().cpu().numpy())
    logits = np.concatenate(parts) if all(p.ndim == 2 for p in parts) else parts[0]
    return answer_of_logits(logits, len(x), classes)


def _tensor(outputs: object) -> torch.Tensor:
    import torch

    if not isinstance(outputs, torch.Tensor):
        raise UsageError(
            f"a model's output must be one tensor of logits, got {type(outputs).__name__}"
        )
    return outputs


def _device(model: torch.nn.Module) -> torch.device | str:
    parameter = next(model.parameters(), None)
    return "cpu" if parameter is None else parameter.device


def _reset_copy(model: torch.nn.Module) -> torch.nn.Module:
    """Return a copy whose modules have drawn new weights from the seeded stream."""
    model = copied(model)
    for name, module in model.named_modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
        elif next(module.parameters(recurse=False), None) is not None:
            raise UsageError(
                f"module {name or 'itself'!r} cannot draw new weights for each seed: "
                "pass a factory, evaluate(lambda: Net(...))"
            )
    return model


@contextlib.contextmanager
def _one_thread_for_small(model: torch.nn.Module) -> Iterator[None]:
    """Let PyTorch use one thread for a small model, because more threads wait for each other on a
    busy machine."""
    import torch

    before = torch.get_num_threads()
    if sum(p.numel() for p in model.parameters()) < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
