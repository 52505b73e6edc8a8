"""Anybody's model under the benchmark's protocol: PyTorch modules, scikit-learn estimators, JAX
(init, apply) pairs.

The protocol: train on the 4,000 training signals of the frozen set, plain and with shuffled
positions, from several seeds; report the accuracy on the 1,000 test signals after the last step.
Nothing is ever selected on the test set.
"""

from __future__ import annotations

import contextlib
import copy
import math
import numbers
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mnist1d.checks import check_whole
from mnist1d.dataset import Dataset
from mnist1d.errors import MissingExtraError, UsageError

TrainFunction = Callable[[Any, np.ndarray, np.ndarray, int], Any]


@dataclass(frozen=True)
class Protocol:
    """How a network is trained (the paper, section 2); an estimator with a `fit` of its own ignores
    it."""

    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size"):
            check_whole(getattr(self, name), 1, name)
        rate = self.learning_rate
        if (
            isinstance(rate, bool)
            or not isinstance(rate, numbers.Real)
            or not (math.isfinite(rate) and rate > 0)
        ):
            raise UsageError(f"learning_rate must be a positive number, got {rate!r}")


class Outcome(NamedTuple):
    """What one seed gave: predictions on the test set, probabilities where the model gives them,
    and its cost."""

    predictions: np.ndarray  # (samples,) labels
    probabilities: np.ndarray | None  # (samples, classes)
    num_params: int | None
    seconds: float


def kind_of(model: Any) -> str:
    """Return "torch", "sklearn" or "jax" for a model or a factory of one; UsageError says what is
    taken."""
    if isinstance(model, tuple) and len(model) >= 2 and all(map(callable, model[:2])):
        return "jax"
    if _is_torch(model):
        return "torch"
    if callable(getattr(model, "fit", None)) and callable(getattr(model, "predict", None)):
        return "sklearn"
    raise UsageError(
        "a model must be a torch nn.Module or a factory of one, a scikit-learn estimator, or a JAX pair (init, apply); "
        f"got {type(model).__name__}"
    )


def made(model: Any) -> Any:
    """Return what a factory makes; classes and functions without arguments are called, everything
    else is returned as it is."""
    is_pair = isinstance(model, tuple)
    is_estimator = not isinstance(model, type) and hasattr(model, "fit")
    if callable(model) and not is_pair and not is_estimator and not _is_torch(model):
        return model()
    return model


def train_and_test(
    model: Any, data: Dataset, seed: int, protocol: Protocol, train: TrainFunction | None = None
) -> Outcome:
    """Train a model (or what a factory makes) from one seed, and test it.

    train: their own training, `train(model, x, y, seed)`, which returns the trained model, or None
    where it trains in place. Errors: UsageError for outputs of the wrong shape, that are not
    finite, or probabilities that do not sum to 1.
    """
    begin = time.perf_counter()
    with _torch_seeded(model, seed):
        instance = made(model)
        run = {"torch": _run_torch, "sklearn": _run_sklearn, "jax": _run_jax}[kind_of(instance)]
        outputs, probabilities, num_params = run(
            instance, data, seed, protocol, train, fresh=instance is model
        )
    seconds = time.perf_counter() - begin
    if probabilities is not None:
        probabilities = check_probabilities(probabilities, len(data.x_test), len(data.templates.y))
    return Outcome(outputs, probabilities, num_params, seconds)


def check_outputs(outputs: np.ndarray, num_samples: int, num_classes: int) -> np.ndarray:
    """Return logits (samples, classes) as float64, or raise UsageError for a wrong shape or values
    that are not finite."""
    outputs = np.asarray(outputs, dtype=np.float64)
    if outputs.shape != (num_samples, num_classes):
        raise UsageError(
            f"a model's output must have the shape (samples, classes) = ({num_samples}, {num_classes}), got {outputs.shape}: "
            f"end it in a linear layer to {num_classes}"
        )
    if not np.isfinite(outputs).all():
        bad = (~np.isfinite(outputs)).any(axis=1).sum()
        raise UsageError(
            f"a model's outputs must be finite; {bad} of {num_samples} rows hold NaN or infinity: try learning_rate=0.001"
        )
    return outputs


def check_probabilities(
    probabilities: np.ndarray, num_samples: int, num_classes: int
) -> np.ndarray:
    """Return probabilities (samples, classes), or raise UsageError unless they lie in [0, 1] and
    sum to 1 within 1e-3."""
    probabilities = check_outputs(probabilities, num_samples, num_classes)
    total = probabilities.sum(axis=1)
    if (probabilities < -1e-6).any() or np.abs(total - 1).max() > 1e-3:
        raise UsageError(
            "class probabilities must lie in [0, 1] and sum to 1: take the softmax of logits; "
            f"the sums run from {total.min():.4g} to {total.max():.4g}"
        )
    return np.clip(probabilities, 0, None) / np.clip(probabilities, 0, None).sum(
        axis=1, keepdims=True
    )


def _run_torch(
    model: Any,
    data: Dataset,
    seed: int,
    protocol: Protocol,
    train: TrainFunction | None,
    fresh: bool,
) -> tuple:
    import torch

    if fresh:  # an instance, not a factory: every seed needs weights of its own
        model = _reset_copy(model)
    if train is not None:
        model = train(model, data.x, data.y, seed) or model
    else:
        with _one_thread_for_small(model):
            _train_torch(model, data, protocol)
    model.eval()
    with torch.no_grad():
        logits = model(torch.tensor(data.x_test, dtype=torch.float32)).double().cpu().numpy()
    logits = check_outputs(logits, len(data.x_test), len(data.templates.y))
    return (
        logits.argmax(axis=1),
        _softmax(logits),
        sum(p.numel() for p in model.parameters() if p.requires_grad),
    )


def _train_torch(model: Any, data: Dataset, protocol: Protocol) -> None:
    import torch

    x, y = torch.tensor(data.x, dtype=torch.float32), torch.tensor(data.y)
    optimizer = torch.optim.Adam(model.parameters(), lr=protocol.learning_rate)
    model.train()
    for step in range(protocol.num_steps):
        rows = torch.arange(step * protocol.batch_size, (step + 1) * protocol.batch_size) % len(x)
        logits = model(x[rows])
        check_outputs_shape(tuple(logits.shape), len(rows), len(data.templates.y))
        loss = torch.nn.functional.cross_entropy(logits, y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@contextlib.contextmanager
def _one_thread_for_small(model: Any) -> Iterator[None]:
    """Let PyTorch use one thread below 100,000 parameters: more gain nothing there and on a busy
    machine wait for each other."""
    import torch

    before = torch.get_num_threads()
    if sum(p.numel() for p in model.parameters()) < 100_000:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_outputs_shape(shape: tuple[int, ...], num_samples: int, num_classes: int) -> None:
    """Raise UsageError unless a batch's logits have the shape (samples, classes): at the first
    step, not after the last."""
    if shape != (num_samples, num_classes):
        raise UsageError(
            f"a model's output must have the shape (batch, classes) = ({num_samples}, {num_classes}), got {shape}: "
            f"it gets x (batch, time) and ends in a linear layer to {num_classes}"
        )


def _reset_copy(model: Any) -> Any:
    model = copy.deepcopy(model)
    for name, module in model.named_modules():
        if callable(getattr(module, "reset_parameters", None)):
            module.reset_parameters()
        elif next(module.parameters(recurse=False), None) is not None:
            raise UsageError(
                f"module {name or 'itself'!r} cannot draw new weights for each seed: pass a factory, evaluate(lambda: Net(...))"
            )
    return model


def _run_sklearn(
    model: Any,
    data: Dataset,
    seed: int,
    protocol: Protocol,
    train: TrainFunction | None,
    fresh: bool,
) -> tuple:
    del protocol, fresh
    model = _seeded_clone(model, seed)
    model = (
        (train(model, data.x, data.y, seed) or model)
        if train is not None
        else (model.fit(data.x, data.y) or model)
    )
    predictions = np.asarray(model.predict(data.x_test))
    if predictions.shape != data.y_test.shape:
        raise UsageError(
            f"predict must return one label a signal, shape {data.y_test.shape}, got {predictions.shape}"
        )
    if predictions.dtype.kind not in "iuf" or not np.isin(predictions, data.templates.y).all():
        wrong = next(p for p in predictions.tolist() if p not in data.templates.y.tolist())
        raise UsageError(
            f"predict must return labels, {data.templates.y.min()} .. {data.templates.y.max()}, got {wrong!r}: is it a classifier?"
        )
    if not callable(getattr(model, "predict_proba", None)):
        return predictions, None, None
    found = np.asarray(model.predict_proba(data.x_test))
    classes = np.asarray(getattr(model, "classes_", data.templates.y))
    if found.shape != (len(data.x_test), len(classes)) or not set(classes.tolist()) <= set(
        data.templates.y.tolist()
    ):
        raise UsageError(
            f"predict_proba must return (samples, classes) = ({len(data.x_test)}, {len(classes)}), got {found.shape}"
        )
    probabilities = np.zeros((len(data.x_test), len(data.templates.y)))
    probabilities[:, np.searchsorted(data.templates.y, classes)] = (
        found  # a class that never came in training has probability 0
    )
    return predictions, probabilities, None


def _seeded_clone(model: Any, seed: int) -> Any:
    """Return an unfitted copy whose every random_state is the seed."""
    if not callable(getattr(model, "get_params", None)):
        return copy.deepcopy(model)
    try:
        from sklearn.base import clone
    except ImportError:
        raise MissingExtraError(
            "a scikit-learn estimator needs scikit-learn: pip install scikit-learn"
        ) from None
    model = clone(model)
    seeded = {
        name: seed
        for name in model.get_params()
        if name == "random_state" or name.endswith("__random_state")
    }
    return model.set_params(**seeded)


def _run_jax(
    model: Any,
    data: Dataset,
    seed: int,
    protocol: Protocol,
    train: TrainFunction | None,
    fresh: bool,
) -> tuple:
    del fresh
    import jax

    from mnist1d.learning import Model, Settings, Split, make_fit

    pair = Model(*model)
    key = jax.random.key(seed)
    if train is not None:
        params = train(model, data.x, data.y, seed)
        if params is None:
            raise UsageError(
                "train must return the trained params for a JAX pair (init, apply), got None"
            )
    else:
        shape = jax.eval_shape(
            lambda key, x: pair.apply(pair.init(key), x),
            key,
            jax.ShapeDtypeStruct((7, data.x.shape[1]), "float32"),
        ).shape
        check_outputs_shape(shape, 7, len(data.templates.y))
        settings = Settings(
            num_steps=protocol.num_steps,
            batch_size=protocol.batch_size,
            learning_rate=protocol.learning_rate,
            eval_every=protocol.num_steps,
        )
        params = jax.jit(make_fit(pair, settings))(key, Split.of(data)).params
    logits = check_outputs(
        np.asarray(pair.apply(params, data.x_test.astype(np.float32))),
        len(data.x_test),
        len(data.templates.y),
    )
    num_params = sum(leaf.size for leaf in jax.tree.leaves(params))
    return logits.argmax(axis=1), _softmax(logits), num_params


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


@contextlib.contextmanager
def _torch_seeded(model: Any, seed: int) -> Iterator[None]:
    """Seed PyTorch's random stream, from which modules draw their weights, and give the caller's
    back afterwards."""
    if isinstance(model, tuple):
        yield
        return
    if not _torch_loaded():
        made(model)  # a factory may be the first to import PyTorch
    if not _torch_loaded():
        yield
        return
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _torch_loaded() -> bool:
    return "torch" in sys.modules


def _is_torch(model: Any) -> bool:
    if not _torch_loaded():  # whoever passes a module has imported torch
        return False
    import torch

    return isinstance(model, torch.nn.Module)
