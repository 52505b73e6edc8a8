"""Gradients through training: inner loops short enough to differentiate through all of their steps,
with respect to a learning rate or an activation function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax, random

from mnist1d.learning.activations import Activation, learned
from mnist1d.learning.batches import Split, check_batch_size
from mnist1d.learning.evaluation import predict
from mnist1d.learning.layers import Params, dense, dense_init
from mnist1d.learning.losses import accuracy, cross_entropy, softmax_confidence


def mlp_init(key: Array, num_inputs: int, hidden: int, num_outputs: int = 10) -> Params:
    """Return the weights of an MLP with one hidden layer."""
    keys = random.split(key)
    return {
        "dense1": dense_init(keys[0], num_inputs, hidden),
        "dense2": dense_init(keys[1], hidden, num_outputs),
    }


def batch_rows(num_signals: int, num_steps: int, batch_size: int) -> np.ndarray:
    """Return the rows of each batch in fixed order, (steps, batch); UsageError if a batch is larger
    than the training set."""
    check_batch_size(batch_size, num_signals)
    return np.arange(num_steps * batch_size).reshape(num_steps, -1) % num_signals


def sgd_objective(
    num_steps: int, batch_size: int
) -> Callable[[Array, Params, Array, Array], Array]:
    """Return objective(rate, params, x, y) -> mean loss over all steps of gradient descent on a
    tanh MLP; each loss is computed before its step. x (n, time), y (n,)."""

    def loss(params: Params, x: Array, y: Array) -> Array:
        return cross_entropy(dense(params["dense2"], jnp.tanh(dense(params["dense1"], x))), y)

    def objective(rate: Array, params: Params, x: Array, y: Array) -> Array:
        def step(params: Params, batch: tuple[Array, Array]) -> tuple[Params, Array]:
            value, grads = jax.value_and_grad(loss)(params, *batch)
            return jax.tree.map(lambda p, g: p - rate * g, params, grads), value

        rows = batch_rows(len(x), num_steps, batch_size)
        return lax.scan(step, params, (jnp.asarray(x)[rows], jnp.asarray(y)[rows]))[1].mean()

    return objective


def rate_learner(
    objective: Callable[[Array, Params, Array, Array], Array], num_steps: int, outer_rate: float
) -> Callable[[Params, Array, Array, Array, Array], tuple[Array, Array, Array]]:
    """Return learn(params, x, y, initial_rate, rates) -> (the rate at each outer step, the
    objective there, (num_steps + 1,) each; the objective at fixed rates). The outer loop is
    gradient descent on the rate."""

    def learn(
        params: Params, x: Array, y: Array, initial_rate: Array, rates: Array
    ) -> tuple[Array, Array, Array]:
        def step(rate: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
            value, slope = jax.value_and_grad(objective)(rate, params, x, y)
            return rate - outer_rate * slope, (rate, value)

        # One extra step: the last one only evaluates the objective
        _, (path, values) = lax.scan(step, initial_rate, None, num_steps + 1)
        return path, values, lax.map(lambda rate: objective(rate, params, x, y), rates)

    return learn


@dataclass(frozen=True)
class Inner:
    """RMSProp on an MLP with one hidden layer. Uniform noise is added to the hidden values: one
    draw per step and unit, shared across the batch."""

    num_steps: int
    batch_size: int
    hidden: int
    learning_rate: float
    decay: float
    noise: float


@dataclass(frozen=True)
class Outer:
    """Gradient descent on the activation's own MLP, each entry of the gradient clipped; the
    objective is the mean of the last inner losses."""

    num_steps: int
    learning_rate: float
    clip: float
    hidden: int
    objective_steps: int


def inner_loop(
    inner: Inner, x: Array, y: Array
) -> Callable[[Activation, Params, Array], tuple[Params, Array]]:
    """Return train(f, params, key) -> (weights, losses (steps,)) for an activation f.

    The chain rule at the activation is written by hand, because the gradient of a gradient would
    evaluate f more often. The result is differentiable with respect to params.
    """
    rows = batch_rows(len(x), inner.num_steps, inner.batch_size)
    batches = x[rows], y[rows]  # (steps, batch, time), (steps, batch)

    def train(f: Activation, params: Params, key: Array) -> tuple[Params, Array]:
        init_key, noise_key = random.split(key)
        initial = mlp_init(init_key, x.shape[1], inner.hidden)
        weights = jax.tree.map(lambda w: w.astype(x.dtype), initial)
        shape = inner.num_steps, inner.hidden
        # Drawn flat, because that compiles faster
        flat = random.uniform(noise_key, (shape[0] * shape[1],), x.dtype, -1, 1)
        noises = inner.noise * flat.reshape(shape)

        def step(
            state: tuple[Params, Params], batch: tuple[Array, Array, Array]
        ) -> tuple[tuple[Params, Params], Array]:
            weights, squares = state
            xb, yb, noise = batch
            z, z_back = jax.vjp(lambda layer: dense(layer, xb), weights["dense1"])
            h, slope = f(params, z)
            loss, (d_h, d_dense2) = jax.value_and_grad(
                lambda h, layer: cross_entropy(dense(layer, h + noise), yb), argnums=(0, 1)
            )(h, weights["dense2"])
            grads = {"dense1": z_back(d_h * slope)[0], "dense2": d_dense2}
            return rmsprop(weights, squares, grads, inner.learning_rate, inner.decay), loss

        start = weights, jax.tree.map(jnp.ones_like, weights)
        (weights, _), losses = lax.scan(step, start, (*batches, noises))
        return weights, losses

    return train


def rmsprop(
    weights: Params, squares: Params, grads: Params, rate: float, decay: float
) -> tuple[Params, Params]:
    """Return weights and the running mean of squared gradients after one step of RMSProp."""
    squares = jax.tree.map(lambda s, g: decay * s + (1 - decay) * g * g, squares, grads)
    moved = jax.tree.map(
        lambda w, g, s: w - rate * g / (jnp.sqrt(s) + 1e-8), weights, grads, squares
    )
    return moved, squares


def activation_learner(
    inner: Inner, outer: Outer
) -> Callable[[Array, Split], tuple[Params, Params, Array]]:
    """Return learn(key, split) -> (params of the learned activation, those at the start, objective
    (outer steps,)); each outer step has fresh initial weights."""

    def learn(key: Array, split: Split) -> tuple[Params, Params, Array]:
        train = inner_loop(inner, split.x, split.y)

        def objective(params: Params, key: Array) -> Array:
            return train(learned, params, key)[1][-outer.objective_steps :].mean()

        def step(params: Params, key: Array) -> tuple[Params, Array]:
            value, grads = jax.value_and_grad(objective)(params, key)
            clipped = jax.tree.map(lambda g: jnp.clip(g, -outer.clip, outer.clip), grads)
            return jax.tree.map(lambda p, g: p - outer.learning_rate * g, params, clipped), value

        init_key, steps_key = random.split(key)
        start = mlp_init(init_key, 1, outer.hidden, 1)
        params, values = lax.scan(step, start, random.split(steps_key, outer.num_steps))
        return params, start, values

    return learn


def activation_measure(
    inner: Inner, num_inits: int
) -> Callable[[Activation, Params, Array, Split], tuple[Array, Array]]:
    """Return measure(f, params, key, split) -> test accuracy after the last inner step, without
    noise, mean over fresh initial weights; and the predictions (inits, 3, test signals)."""

    def measure(f: Activation, params: Params, key: Array, split: Split) -> tuple[Array, Array]:
        train = inner_loop(inner, split.x, split.y)

        def once(key: Array) -> tuple[Array, Array]:
            weights, _ = train(f, params, key)
            h, _ = f(params, dense(weights["dense1"], split.x_test))
            logits = dense(weights["dense2"], h)
            predicted = predict(logits, split.y_test, softmax_confidence)
            return accuracy(logits, split.y_test), predicted

        accs, predictions = lax.map(once, random.split(key, num_inits))
        return accs.mean(), predictions

    return measure
