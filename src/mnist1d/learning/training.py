"""The one training loop: `make_fit(model, settings)` builds `fit(key, split)`, a pure function with
one scan inside.

>>> fit = make_fit(models.mlp(), Settings())
>>> result = fit_seeds(fit, random.split(random.key(0), 5), Split.of(load_dataset()))
>>> result.curves["test_acc"]        # (seeds, evaluations), at settings.eval_steps
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax, random

from mnist1d.errors import UsageError
from mnist1d.learning.compilation import jit_once
from mnist1d.learning.layers import Params
from mnist1d.learning.losses import LOSSES, accuracy
from mnist1d.learning.model import Model

# Directions without the learning rate, which stays a traced number; the other settings are
# PyTorch's defaults.
OPTIMIZERS = {
    "adam": optax.scale_by_adam(),
    "sgd": optax.identity(),
    "momentum": optax.trace(decay=0.9),
    "rmsprop": optax.scale_by_rms(decay=0.99, eps=1e-8, eps_in_sqrt=False),
}
EVAL_CHUNK = 1000  # signals evaluated at once: bounds memory, stays in the processor's cache


class Split(NamedTuple):
    """Training and test signals as JAX arrays: x (n, time) float32, y (n,) int32."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array

    @classmethod
    def of(cls, data: Any) -> Split:
        """Take x, y, x_test, y_test from a Dataset."""
        as_x, as_y = partial(jnp.asarray, dtype=jnp.float32), partial(jnp.asarray, dtype=jnp.int32)
        return cls(as_x(data.x), as_y(data.y), as_x(data.x_test), as_y(data.y_test))


@dataclass(frozen=True)
class Settings:
    """How to train. Defaults: the benchmark's protocol (the paper, appendix; study 1)."""

    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01
    optimizer: str = "adam"  # a key of OPTIMIZERS
    eval_every: int = 250  # steps
    reshuffle: bool = False  # False: batch i is rows batch_size * i mod n onward; True: in a new order every epoch
    loss: str = "cross_entropy"  # a key of LOSSES
    eval_at: tuple[int, ...] = ()  # numbers of steps taken, in place of eval_every

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "eval_every"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name, known in (("optimizer", OPTIMIZERS), ("loss", LOSSES)):
            if getattr(self, name) not in known:
                raise UsageError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )

    @property
    def eval_steps(self) -> np.ndarray:
        """The numbers of steps taken at each evaluation: 0, eval_every, ... (or those of eval_at),
        num_steps."""
        marks = self.eval_at or range(0, self.num_steps, self.eval_every)
        return np.array(
            sorted({0, *(step for step in marks if 0 < step < self.num_steps), self.num_steps})
        )


class Fit(NamedTuple):
    """The outcome of training: final params; steps (evaluations,); curves of train and test loss
    and acc, (evaluations,) each."""

    params: Params
    steps: Array
    curves: dict[str, Array]


@cache
def make_fit(
    model: Model, settings: Settings, sampler: Callable[[Array], tuple[Array, Array]] | None = None
) -> Callable[..., Fit]:
    """Build fit(key, split, *, params=None, mask=None, learning_rate=None) -> Fit: pure, to be
    jitted and mapped.

    params: start from these instead of fit.init(key), the model's initial params. mask: a pytree
    like params of 0 and 1; weights at 0 are 0 from the start and stay exactly 0. learning_rate:
    overrides the setting; a number, or a schedule (num_steps,); may be traced. sampler(key) -> x,
    y: draws each batch, in place of the split's training signals, which are then evaluated only.
    Cached: equal arguments give the same function, thus one compilation.
    """
    optimizer, loss_of = OPTIMIZERS[settings.optimizer], LOSSES[settings.loss]
    eval_steps = settings.eval_steps

    def fit(
        key: Array,
        split: Split,
        *,
        params: Params | None = None,
        mask: Params | None = None,
        learning_rate: Array | float | None = None,
    ) -> Fit:
        order_key = random.split(key)[1]
        params = fit.init(key) if params is None else params
        masked = (lambda tree: tree) if mask is None else partial(jax.tree.map, jnp.multiply, mask)
        rate = settings.learning_rate if learning_rate is None else learning_rate
        rates = jnp.broadcast_to(jnp.asarray(rate, jnp.float32), (settings.num_steps,))
        batch_at = (
            _batches(order_key, split, settings)
            if sampler is None
            else lambda i: sampler(random.fold_in(order_key, i))
        )

        def step(i: Array, state: tuple[Params, Any]) -> tuple[Params, Any]:
            params, moments = state
            x, y = batch_at(i)
            grads = jax.grad(lambda params: loss_of(model.apply(params, x), y))(params)
            directions, moments = optimizer.update(masked(grads), moments)
            return jax.tree.map(lambda p, d: p - rates[i] * d, params, directions), moments

        def until_next_evaluation(
            state: tuple[Params, Any], bounds: tuple[Array, Array]
        ) -> tuple[Any, dict[str, Array]]:
            state = lax.fori_loop(*bounds, step, state)
            return state, _evaluate(partial(model.apply, state[0]), split, loss_of)

        params = masked(params)
        starts, stops = (
            np.append(0, eval_steps[:-1]),
            eval_steps,
        )  # the first stretch is empty: evaluation before training
        state, curves = lax.scan(
            until_next_evaluation,
            (params, optimizer.init(params)),
            (jnp.asarray(starts), jnp.asarray(stops)),
        )
        return Fit(state[0], jnp.asarray(eval_steps), curves)

    fit.init = lambda key: model.init(random.split(key)[0])
    return fit


def fit_seeds(fit: Callable[..., Fit], keys: Array, split: Split, **given: Any) -> Fit:
    """Run a `fit` of make_fit once a key, in one call: params and curves gain a leading seeds axis,
    `steps` does not.

    given: params, mask or learning_rate for `fit`, the same for all seeds. Not to be called inside
    jit: a program of its own draws the initial params.
    """
    return _fit_seeds(fit, keys, split, *_starts(fit, keys, **given))


def compile_seeds(
    fit: Callable[..., Fit], keys: Array, split: Split, **given: Any
) -> Callable[[], Fit]:
    """Compile `fit_seeds` with these arguments and return it, to be run without any: for who tells
    the seconds of each."""
    arguments = keys, split, *_starts(fit, keys, **given)
    return partial(_fit_seeds.lower(fit, *arguments).compile(), *arguments)


def _starts(
    fit: Callable[..., Fit], keys: Array, params: Params | None = None, **given: Any
) -> tuple[Params, dict[str, Any]]:
    """Return each seed's initial params, drawn by a program of their own, which compiles in a third
    of the time; and the rest."""
    if params is None:
        return _initial(fit.init, keys), given
    return jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (len(keys), *jnp.shape(leaf))), params
    ), given


@partial(jit_once, static_argnums=0)
def _initial(init: Callable[[Array], Params], keys: Array) -> Params:
    return lax.map(init, keys)


@partial(jax.jit, static_argnums=0)
def _fit_seeds(
    fit: Callable[..., Fit], keys: Array, split: Split, params: Params, given: dict[str, Any]
) -> Fit:
    result = lax.map(lambda seed: fit(seed[0], split, params=seed[1], **given), (keys, params))
    return result._replace(steps=result.steps[0])


def apply_in_chunks(apply: Callable[[Array], Array], x: Array, chunk: int = EVAL_CHUNK) -> Array:
    """Return apply(x) for x (n, time), `chunk` rows at a time."""
    n = len(x)
    num_chunks = -(-n // chunk)
    if num_chunks == 1:
        return apply(x)
    padded = jnp.pad(x, ((0, num_chunks * chunk - n), (0, 0)))
    outputs = lax.map(apply, padded.reshape(num_chunks, chunk, -1))  # (chunks, chunk, ...)
    return outputs.reshape(num_chunks * chunk, *outputs.shape[2:])[:n]


def _batches(
    key: Array, split: Split, settings: Settings
) -> Callable[[Array], tuple[Array, Array]]:
    """Return the function from a step to its batch, x (batch, time) and y (batch,)."""
    n, size = len(split.x), settings.batch_size
    if size > n:
        raise UsageError(
            f"batch_size must be at most the number of training signals, got {size} for {n} signals"
        )
    if settings.reshuffle:
        per_epoch = n // size  # a remainder is left out, another one each epoch
        epochs = -(-settings.num_steps // per_epoch)
        orders = lax.map(partial(random.permutation, x=n), random.split(key, epochs))  # (epochs, n)
        rows = orders[:, : per_epoch * size].reshape(-1, size)  # (steps, batch)
        return lambda i: (split.x[rows[i]], split.y[rows[i]])
    wrap = size if n % size else 0  # a batch that passes the end goes on at the start
    x, y = (jnp.concatenate([a, a[:wrap]]) for a in (split.x, split.y))
    return lambda i: (
        lax.dynamic_slice_in_dim(x, i * size % n, size),
        lax.dynamic_slice_in_dim(y, i * size % n, size),
    )


def _evaluate(
    apply: Callable[[Array], Array], split: Split, loss_of: Callable[[Array, Array], Array]
) -> dict[str, Array]:
    logits = apply_in_chunks(apply, jnp.concatenate([split.x, split.x_test]))
    curves = {}
    for part, outputs, labels in (
        ("train", logits[: len(split.x)], split.y),
        ("test", logits[len(split.x) :], split.y_test),
    ):
        curves |= {
            f"{part}_loss": loss_of(outputs, labels),
            f"{part}_acc": accuracy(outputs, labels),
        }
    return curves
