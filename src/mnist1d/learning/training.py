"""The one training loop: `make_fit(model, settings)` builds `fit(key, split)`, a pure function with
one scan inside.

>>> from jax import random
>>> from mnist1d import load_dataset
>>> from mnist1d.learning import Settings, Split, fit_seeds, make_fit, resolve
>>> fit = make_fit(resolve("mlp").make(), Settings(num_steps=50, eval_every=25))
>>> result = fit_seeds(fit, random.split(random.key(0), 5), Split.of(load_dataset()))
>>> result.curves["test_acc"].shape  # (seeds, evaluations), at settings.eval_steps
(5, 3)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple, Protocol, TypedDict, Unpack, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax, random

from mnist1d.checks import check_flag, check_name, check_real, check_whole, check_wholes, show
from mnist1d.errors import UsageError
from mnist1d.learning.batches import Sampler, Split, batches, drawn
from mnist1d.learning.compilation import jit_once, timed
from mnist1d.learning.evaluation import evaluate
from mnist1d.learning.layers import Params, PyTree
from mnist1d.learning.losses import CONFIDENCES, LOSSES
from mnist1d.learning.model import Model
from mnist1d.learning.optimizers import OPTIMIZERS, SCHEDULES, schedule

MAX_RATE = 3e38  # the largest number of float32
Carry = tuple[Params, Params, PyTree]  # weights, state of the model, moments of the optimizer


@dataclass(frozen=True)
class Settings:
    """How to train; the defaults are the protocol of the benchmark table.

    Args:
      num_steps: training steps.
      batch_size: signals per step.
      learning_rate: step size.
      optimizer: name of the optimizer.
      eval_every: steps between evaluations.
      reshuffle: draw a new order of the signals every epoch; False: one fixed order.
      loss: "cross_entropy" or "mse".
      eval_at: steps at which to evaluate, in place of `eval_every`.
      weight_decay: strength of the decay.
      schedule: "constant", "linear" or "cosine".
      warmup_steps: steps over which the learning rate rises from 0.
      snapshot_at: step whose params are kept; 0: none.

    Raises:
      UsageError: for a value out of its range.

    Examples:
      >>> Settings(num_steps=500).eval_steps
      array([  0, 250, 500])

    References:
      Greydanus and Kobak, 2024, appendix.
    """

    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01
    optimizer: str = "adam"  # a key of OPTIMIZERS
    eval_every: int = 250  # steps
    # False: batch i starts at row batch_size * i mod n; True: a new order every epoch
    reshuffle: bool = False
    loss: str = "cross_entropy"  # a key of LOSSES
    eval_at: tuple[int, ...] = ()  # evaluate after these numbers of steps, instead of eval_every
    weight_decay: float = 0.0  # as in PyTorch: decoupled for adamw and muon, L2 for the others
    schedule: str = "constant"  # a key of SCHEDULES: how the learning rate falls to 0
    warmup_steps: int = 0  # steps over which the learning rate rises linearly
    snapshot_at: int = 0  # number of steps after which params are kept as Fit.snapshot; 0: none

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "eval_every"):
            check_whole(getattr(self, name), 1, name)
        for name in ("snapshot_at", "warmup_steps"):
            check_whole(getattr(self, name), 0, name)
        if self.snapshot_at > self.num_steps:
            rule = f"snapshot_at must be between 0 and num_steps = {self.num_steps}"
            raise UsageError(f"{rule}, got {self.snapshot_at}")
        known = {"optimizer": OPTIMIZERS, "loss": LOSSES, "schedule": SCHEDULES}
        for name, names in known.items():
            check_name(getattr(self, name), names, name)
        for name in ("learning_rate", "weight_decay"):
            check_real(getattr(self, name), 0, MAX_RATE, name)
        check_flag(self.reshuffle, "reshuffle")
        if not isinstance(self.eval_at, tuple):
            raise UsageError(f"eval_at must be a tuple of whole numbers, got {show(self.eval_at)}")
        check_wholes(self.eval_at, 0, "eval_at")
        if self.warmup_steps >= self.num_steps:
            raise UsageError(
                f"warmup_steps must be in [0, num_steps) = [0, {self.num_steps}), "
                f"got {self.warmup_steps}"
            )

    @property
    def eval_steps(self) -> np.ndarray:
        """Numbers of steps taken at each evaluation, with 0 and num_steps."""
        marks = self.eval_at or range(0, self.num_steps, self.eval_every)
        between = {step for step in (*marks, self.snapshot_at) if 0 < step < self.num_steps}
        return np.array(sorted({0, *between, self.num_steps}))


class Fit(NamedTuple):
    """What training returns.

    Attributes:
      params: the final params.
      steps: steps taken at each evaluation (evaluations,).
      curves: train_loss, train_acc, test_loss and test_acc, (evaluations,) each.
      predictions: on the test signals at the end, as from `predict`.
      snapshot: the params after settings.snapshot_at steps, or None.
    """

    params: Params
    steps: Array
    curves: dict[str, Array]
    predictions: Array
    snapshot: Params | None = None


class TimedFit(NamedTuple):
    """A Fit of many seeds, as NumPy arrays with a leading seeds axis (except `steps`), the seconds
    of training (seeds,), and the seconds of compiling the one program for all seeds."""

    fit: Fit
    seconds: np.ndarray
    compile_seconds: float


Probe = Callable[[Params, Split], dict[str, Array]]  # what else to measure at each evaluation


class Numbers(TypedDict, total=False):
    """What a `fit` takes by name besides its key, its signals and its first weights."""

    mask: Params | None
    learning_rate: Array | float | None
    weight_decay: Array | float | None


class Given(Numbers, total=False):
    """What a `fit` takes by name besides its key and its signals."""

    params: Params | None


class FitFunction(Protocol):
    """What `make_fit` builds."""

    init: Callable[[Array], Params]

    def __call__(
        self,
        key: Array,
        split: Split,
        *,
        params: Params | None = None,
        mask: Params | None = None,
        learning_rate: Array | float | None = None,
        weight_decay: Array | float | None = None,
    ) -> Fit:
        """Train from one key."""
        ...


def make_fit(
    model: Model,
    settings: Settings,
    sampler: Sampler | None = None,
    probe: Probe | None = None,
) -> FitFunction:
    """Build the training function of a model: pure, to be jitted and mapped over seeds.

    The result is `fit(key, split, *, params, mask, learning_rate, weight_decay) -> Fit`. params:
    start from these. mask: a pytree like the weights; weights at 0 stay exactly 0. learning_rate,
    weight_decay: override the settings and may be traced; the rate may be one per step.

    Args:
      model: the model.
      settings: how to train.
      sampler: sampler(key) -> (x, y) draws each batch, in place of the training signals.
      probe: probe(params, split) -> {name: array}, measured at each evaluation.

    Returns:
      The function; equal arguments give the same function, which compiles once.

    Raises:
      UsageError: for an argument of the wrong kind.

    Examples:
      >>> import jax
      >>> from mnist1d import make_dataset
      >>> from mnist1d.learning.batches import Split
      >>> from mnist1d.learning.registry import resolve
      >>> model = resolve("logistic").make(num_inputs=40, num_outputs=10)
      >>> fit = make_fit(model, Settings(num_steps=10, batch_size=10))
      >>> data = Split.of(make_dataset(num_samples=100, mode="fast"))
      >>> fit_seeds(fit, jax.random.split(jax.random.key(0), 2), data).curves["test_acc"].shape
      (2, 2)
    """
    for argument, kind, name in ((model, Model, "model"), (settings, Settings, "settings")):
        if not isinstance(argument, kind):
            raise UsageError(f"{name} must be a {kind.__name__}, got {show(argument)}")
    for function, name in ((sampler, "sampler"), (probe, "probe")):
        if function is not None and not callable(function):
            raise UsageError(f"{name} must be a function, got {show(function)}")
    return _make_fit(model, settings, sampler, probe)


@cache
def _make_fit(
    model: Model, settings: Settings, sampler: Sampler | None, probe: Probe | None
) -> FitFunction:
    optimizer, loss_of = OPTIMIZERS[settings.optimizer], LOSSES[settings.loss]
    confidence_of = CONFIDENCES[settings.loss]
    eval_steps = settings.eval_steps

    def loss(
        weights: Params, state: Params, x: Array, y: Array, key: Array | None
    ) -> tuple[Array, Params]:
        if model.train is None:
            return loss_of(model.apply(weights, x), y), state
        assert key is not None  # always given if the model has `train`
        outputs = model.train(model.join(weights, state), x, key)
        logits, state = outputs if model.stateful else (outputs, state)
        return loss_of(logits, y), state

    def fit(
        key: Array,
        split: Split,
        *,
        params: Params | None = None,
        mask: Params | None = None,
        learning_rate: Array | float | None = None,
        weight_decay: Array | float | None = None,
    ) -> Fit:
        order_key = random.split(key)[1]
        params = init(key) if params is None else params
        masked = (lambda tree: tree) if mask is None else partial(jax.tree.map, jnp.multiply, mask)
        rates = _rates(settings, learning_rate)
        decay = settings.weight_decay if weight_decay is None else weight_decay
        has_decay = not isinstance(decay, float) or decay != 0
        batch_at = (
            batches(order_key, split, settings) if sampler is None else drawn(sampler, order_key)
        )
        train_key = None if model.train is None else random.split(key, 3)[2]

        def decayed(tree: Params, weights: Params) -> Params:
            return jax.tree.map(lambda leaf, weight: leaf + decay * weight, tree, weights)

        def step(i: Array, carry: Carry) -> Carry:
            weights, state, moments = carry
            x, y = batch_at(i)
            step_key = None if train_key is None else random.fold_in(train_key, i)
            grads, state = jax.grad(loss, has_aux=True)(weights, state, x, y, step_key)
            if has_decay and not optimizer.decoupled:
                grads = decayed(grads, weights)
            directions, moments = optimizer.direction.update(masked(grads), moments, weights)
            if optimizer.mixes:
                directions = masked(directions)
            if has_decay and optimizer.decoupled:
                directions = decayed(directions, weights)
            weights = jax.tree.map(lambda w, d: w - rates[i] * d, weights, directions)
            return weights, state, moments

        def until_next_evaluation(
            carry: tuple[Carry, Params | None], bounds: tuple[Array, Array]
        ) -> tuple[tuple[Carry, Params | None], tuple[dict[str, Array], Array]]:
            state, snapshot = carry
            state = lax.fori_loop(*bounds, step, state)
            params = model.join(*state[:2])
            if snapshot is not None:
                is_due = bounds[1] == settings.snapshot_at
                snapshot = jax.tree.map(partial(jnp.where, is_due), params, snapshot)
            curves, predictions = evaluate(
                partial(model.apply, params), split, loss_of, confidence_of
            )
            if probe is not None:
                curves |= probe(params, split)
            return (state, snapshot), (curves, predictions)

        weights, state = model.split(params)
        weights = masked(weights)
        # The first segment is empty: evaluation before training
        bounds = jnp.asarray(np.append(0, eval_steps[:-1])), jnp.asarray(eval_steps)
        start = weights, state, optimizer.direction.init(weights)
        snapshot = model.join(weights, state) if settings.snapshot_at else None
        ((weights, state, _), snapshot), (curves, predictions) = lax.scan(
            until_next_evaluation, (start, snapshot), bounds
        )
        params = model.join(weights, state)
        return Fit(params, jnp.asarray(eval_steps), curves, predictions[-1], snapshot)

    def init(key: Array) -> Params:
        return model.init(random.split(key)[0])

    fit.init = init  # pyright: ignore[reportFunctionMemberAccess]
    return cast(FitFunction, fit)


def _rates(settings: Settings, learning_rate: Array | float | None) -> Array:
    """Return the learning rate of every step, (num_steps,)."""
    rate = settings.learning_rate if learning_rate is None else learning_rate
    rates = jnp.broadcast_to(jnp.asarray(rate, jnp.float32), (settings.num_steps,))
    if settings.schedule == "constant" and not settings.warmup_steps:
        return rates
    return rates * schedule(settings.schedule, settings.num_steps, settings.warmup_steps)


def fit_seeds(fit: FitFunction, keys: Array, split: Split, **given: Unpack[Given]) -> Fit:
    """Run a training function once per key, in one call; do not call it inside jit.

    Args:
      fit: what `make_fit` returned.
      keys: one JAX random key per seed (seeds,).
      split: training and test signals.
      **given: params, mask, learning_rate or weight_decay, the same for all seeds.

    Returns:
      A `Fit` whose params and curves have a leading seeds axis.

    Examples:
      See `make_fit`.
      >>> "seeds" in fit_seeds.__name__
      True
    """
    return _fit_seeds(fit, keys, split, *_starts(fit, keys, **given))


def fit_each(
    fit: FitFunction, keys: Array, splits: Sequence[Split], **given: Unpack[Given]
) -> TimedFit:
    """Run a `fit` of make_fit once per key, each with its own split, and time each run.

    One program is compiled for all seeds, so the splits must have equal shapes. given: as for
    `fit_seeds`. A seed's numbers do not depend on the other seeds of the call. Do not call this
    inside jit.
    """
    params, others = _starts(fit, keys, **given)
    starts = [jax.tree.map(lambda leaf, i=i: leaf[i], params) for i in range(len(keys))]
    calls = [(*each, others) for each in zip(keys, splits, starts, strict=True)]
    found = timed(partial(_fit_one, fit), calls)
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *found.results)
    stacked = stacked._replace(steps=found.results[0].steps)
    return TimedFit(stacked, np.array(found.seconds), found.compile_seconds)


def _starts(
    fit: FitFunction, keys: Array, params: Params | None = None, **given: Unpack[Numbers]
) -> tuple[Params, Numbers]:
    """Return each seed's initial params and the other arguments. A separate program draws the
    params, because it compiles in a third of the time."""
    if params is None:
        drawn = [_initial(fit.init, key) for key in keys]
        return jax.tree.map(lambda *leaves: np.stack(leaves), *drawn), given
    return jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (len(keys), *jnp.shape(leaf))), params
    ), given


@partial(jit_once, static_argnums=0)
def _initial(init: Callable[[Array], Params], key: Array) -> Params:
    """Return a seed's initial params, by a program that does not depend on the number of seeds: a
    loop over that many keys would round differently for one key, where XLA unrolls it."""
    both = lax.map(init, jnp.stack([key, key]))
    return jax.tree.map(lambda leaf: leaf[0], both)


def _fit_one(fit: FitFunction, key: Array, split: Split, params: Params, given: Numbers) -> Fit:
    return fit(key, split, params=params, **given)


@partial(jax.jit, static_argnums=0)
def _fit_seeds(fit: FitFunction, keys: Array, split: Split, params: Params, given: Numbers) -> Fit:
    result = lax.map(lambda seed: fit(seed[0], split, params=seed[1], **given), (keys, params))
    return result._replace(steps=result.steps[0])
