"""Gradients through training equal finite differences; the inner loops equal NumPy's."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.learning import Split
from mnist1d.learning.activations import HAND_MADE, hand_made, learned
from mnist1d.learning.unrolled import (
    Inner,
    Outer,
    activation_learner,
    batch_rows,
    inner_loop,
    mlp_init,
    rmsprop,
    sgd_objective,
)
from tests.precision import float64

RNG = np.random.default_rng(0)
G = {
    "dense1": {"w": RNG.normal(size=(1, 7)), "b": RNG.normal(size=7)},
    "dense2": {"w": RNG.normal(size=(7, 1)), "b": RNG.normal(size=1)},
}
SMALL = Inner(num_steps=5, batch_size=8, hidden=6, learning_rate=0.01, decay=0.4, noise=0.1)
OUTER = Outer(num_steps=1, learning_rate=1.0, clip=0.1, hidden=7, objective_steps=3)
X, Y = RNG.normal(size=(20, 4)), RNG.integers(0, 10, 20)
SPLIT = Split(X.astype("float32"), Y, X.astype("float32"), Y)


@pytest.fixture(autouse=True)
def double_precision():
    with float64():
        yield


def directional(function, params, direction, h=1e-6):
    """The derivative along a direction by central differences."""
    at = [
        function(jax.tree.map(lambda p, d, sign=sign: p + sign * h * d, params, direction))
        for sign in (1, -1)
    ]
    return (at[0] - at[1]) / (2 * h)


def test_meta_gradient_through_all_steps_equals_finite_differences():
    inner, key = inner_loop(SMALL, X, Y), jax.random.key(0)
    objective = jax.jit(lambda params: inner(learned, params, key)[1][-3:].mean())  # of five
    direction = jax.tree.map(lambda p: RNG.normal(size=p.shape), G)
    grads = jax.grad(objective)(G)
    along = sum(jax.tree.leaves(jax.tree.map(lambda g, d: (g * d).sum(), grads, direction)))
    np.testing.assert_allclose(along, directional(objective, G, direction), rtol=1e-6)


def test_inner_loop_is_the_formula_and_its_noise_is_shared_over_the_batch():
    key = jax.random.key(4)
    init_key, noise_key = jax.random.split(key)
    weights = jax.tree.map(lambda w: np.array(w, float), mlp_init(init_key, 4, 6))
    noises = 0.1 * np.asarray(
        jax.random.uniform(noise_key, (5, 6), minval=-1, maxval=1)
    )  # one value per step and unit, shared by all signals
    squares, losses = jax.tree.map(np.ones_like, weights), []
    for step in range(5):
        rows = np.arange(step * 8, step * 8 + 8) % 20
        z = X[rows] @ weights["dense1"]["w"] + weights["dense1"]["b"]
        h = np.maximum(z, 0) + noises[step]
        logits = h @ weights["dense2"]["w"] + weights["dense2"]["b"]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses.append(-np.log(p[np.arange(8), Y[rows]]).mean())
        d_logits = (p - np.eye(10)[Y[rows]]) / 8
        d_z = (d_logits @ weights["dense2"]["w"].T) * (z > 0)
        grads = {
            "dense1": {"w": X[rows].T @ d_z, "b": d_z.sum(axis=0)},
            "dense2": {"w": h.T @ d_logits, "b": d_logits.sum(axis=0)},
        }
        squares = jax.tree.map(lambda s, g: 0.4 * s + 0.6 * g**2, squares, grads)
        weights = jax.tree.map(
            lambda w, g, s: w - 0.01 * g / (np.sqrt(s) + 1e-8), weights, grads, squares
        )
    found, found_losses = inner_loop(SMALL, X, Y)(hand_made, HAND_MADE.index("relu"), key)
    np.testing.assert_allclose(found_losses, losses, rtol=1e-9)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12), found, weights
    )


def test_rmsprop_by_hand():
    weights, squares = rmsprop({"w": 1.0}, {"w": 1.0}, {"w": 2.0}, 0.01, 0.4)
    assert float(squares["w"]) == pytest.approx(0.4 + 0.6 * 4)
    assert float(weights["w"]) == pytest.approx(1 - 0.01 * 2 / np.sqrt(2.8))


def test_outer_step_clips_every_entry_of_the_gradient():
    outer = dataclasses.replace(OUTER, clip=0.003)
    params, start, _ = activation_learner(SMALL, outer)(jax.random.key(1), SPLIT)
    moves = np.concatenate(
        [np.ravel(leaf) for leaf in jax.tree.leaves(jax.tree.map(jnp.subtract, params, start))]
    )
    clipped = np.isclose(np.abs(moves), 0.003, rtol=1e-3)
    assert (
        clipped.any() and not clipped.all() and np.abs(moves).max() < 0.00301
    )  # the outer rate is 1


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    params = {
        name: {"w": rng.normal(size=shape) / 3, "b": np.zeros(shape[1])}
        for name, shape in (("dense1", (6, 5)), ("dense2", (5, 3)))
    }
    return rng.normal(size=(30, 6)), rng.integers(0, 3, 30), params


def numpy_objective(rate, params, x, y, num_steps, batch_size):
    """The mean loss over gradient descent, gradients written out by hand."""
    (w1, b1), (w2, b2) = (
        (params[name]["w"].copy(), params[name]["b"].copy()) for name in ("dense1", "dense2")
    )
    losses = []
    for step in range(num_steps):
        rows = np.arange(step * batch_size, (step + 1) * batch_size) % len(x)
        h = np.tanh(x[rows] @ w1 + b1)
        logits = h @ w2 + b2
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses.append(-np.log(p[np.arange(batch_size), y[rows]]).mean())
        d_logits = (p - np.eye(3)[y[rows]]) / batch_size
        d_z = d_logits @ w2.T * (1 - h**2)
        w2, b2 = w2 - rate * h.T @ d_logits, b2 - rate * d_logits.sum(axis=0)
        w1, b1 = w1 - rate * x[rows].T @ d_z, b1 - rate * d_z.sum(axis=0)
    return np.mean(losses)


def test_objective_is_gradient_descent_and_its_gradient_finite_differences(problem):
    x, y, params = problem
    with float64():
        # 12 steps of 10 wrap around the 30 signals
        objective = sgd_objective(num_steps=12, batch_size=10)
        value, slope = jax.value_and_grad(objective)(0.7, params, x, y)
        np.testing.assert_allclose(value, numpy_objective(0.7, params, x, y, 12, 10), rtol=1e-12)
        h = 1e-5
        above, below = (objective(0.7 + step, params, x, y) for step in (h, -h))
        numeric = (above - below) / (2 * h)
    np.testing.assert_allclose(slope, numeric, rtol=1e-7)


def test_a_batch_larger_than_the_training_set():
    with pytest.raises(UsageError, match="at most the number of training signals, got 9 for 8"):
        batch_rows(8, 3, 9)
