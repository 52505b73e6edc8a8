"""Metalearning an activation: derivatives against finite differences, the inner loop against NumPy,
the fit, the bump."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments.activation import (
    HAND_MADE,
    Config,
    bump,
    grid,
    init_mlp,
    make_inner,
    make_learn,
    rmsprop,
)
from mnist1d.learning import Split, activations, layers
from mnist1d.learning.activations import (
    hand_made,
    learned,
    piecewise_fit,
    tabulated,
    value_and_slope,
)

RNG = np.random.default_rng(0)
G = {
    "dense1": {"w": RNG.normal(size=(1, 7)), "b": RNG.normal(size=7)},
    "dense2": {"w": RNG.normal(size=(7, 1)), "b": RNG.normal(size=1)},
}
SMALL = Config(
    num_steps=5,
    batch_size=8,
    hidden=6,
    objective_steps=3,
    outer_steps=1,
    meta_hidden=7,
    outer_rate=1.0,
)
X, Y = RNG.normal(size=(20, 4)), RNG.integers(0, 10, 20)
SPLIT = Split(X.astype("float32"), Y, X.astype("float32"), Y)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def directional(function, params, direction, h=1e-6):
    """The derivative along a direction by central differences."""
    at = [
        function(jax.tree.map(lambda p, d, sign=sign: p + sign * h * d, params, direction))
        for sign in (1, -1)
    ]
    return (at[0] - at[1]) / (2 * h)


def test_value_and_slope_are_those_of_the_mlp_and_so_are_their_derivatives():
    def plain(params, z):
        return jax.jvp(
            lambda z: layers.dense(
                params["dense2"], jnp.tanh(layers.dense(params["dense1"], z[..., None]))
            )[..., 0],
            (z,),
            (1 + 0 * z,),
        )

    z, weight = jnp.asarray(RNG.normal(size=(3, 5))), jnp.asarray(RNG.normal(size=(2, 3, 5)))
    ours, theirs = (
        jax.value_and_grad(
            lambda params, z, f=f: sum(
                (weight[i] * part).sum() for i, part in enumerate(f(params, z))
            ),
            argnums=(0, 1),
        )(G, z)
        for f in (value_and_slope, plain)
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12), ours, theirs
    )


@pytest.mark.parametrize("z", [np.linspace(-2, 3, 11), np.linspace(-2, 3, 1400).reshape(2, 700)])
def test_learned_function_is_elu_and_a_fifth_of_g_whatever_the_shape(z):
    value, slope = learned(G, jnp.asarray(z))
    g = (
        np.tanh(z[..., None] * G["dense1"]["w"][0] + G["dense1"]["b"]) @ G["dense2"]["w"][:, 0]
        + G["dense2"]["b"]
    )
    np.testing.assert_allclose(value, np.where(z > 0, z, np.expm1(z)) + 0.2 * g, rtol=1e-12)
    h = 1e-6
    np.testing.assert_allclose(
        slope, (learned(G, z + h)[0] - learned(G, z - h)[0]) / (2 * h), rtol=1e-5, atol=1e-5
    )


def test_meta_gradient_through_all_steps_equals_finite_differences():
    inner, key = make_inner(SMALL, X, Y), jax.random.key(0)
    objective = jax.jit(lambda params: inner(learned, params, key)[1][-3:].mean())  # of five
    direction = jax.tree.map(lambda p: RNG.normal(size=p.shape), G)
    grads = jax.grad(objective)(G)
    along = sum(jax.tree.leaves(jax.tree.map(lambda g, d: (g * d).sum(), grads, direction)))
    np.testing.assert_allclose(along, directional(objective, G, direction), rtol=1e-6)


def test_inner_loop_is_the_formula_and_its_noise_is_shared_over_the_batch():
    key = jax.random.key(4)
    init_key, noise_key = jax.random.split(key)
    weights = jax.tree.map(lambda w: np.array(w, float), init_mlp(init_key, 4, 6))
    noises = 0.1 * np.asarray(
        jax.random.uniform(noise_key, (5, 6), minval=-1, maxval=1)
    )  # one value a step and unit, none a signal
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
    found, found_losses = make_inner(SMALL, X, Y)(hand_made, HAND_MADE.index("relu"), key)
    np.testing.assert_allclose(found_losses, losses, rtol=1e-9)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12), found, weights
    )


def test_hand_made_functions_are_those_that_their_names_say():
    assert activations.HAND_MADE == HAND_MADE
    z, by_hand = (
        np.linspace(-3, 3, 12),
        {
            "relu": lambda z: np.maximum(z, 0),
            "swish": lambda z: z / (1 + np.exp(-z)),
            "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
            "tanh": np.tanh,
            "softplus": lambda z: np.log1p(np.exp(z)),
            "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        },
    )
    for index, name in enumerate(HAND_MADE):
        value, slope = hand_made(index, jnp.asarray(z))
        np.testing.assert_allclose(value, by_hand[name](z), rtol=1e-10, err_msg=name)
        np.testing.assert_allclose(
            slope,
            (by_hand[name](z + 1e-6) - by_hand[name](z - 1e-6)) / 2e-6,
            atol=1e-8,
            err_msg=name,
        )


def test_rmsprop_by_hand():
    weights, squares = rmsprop({"w": 1.0}, {"w": 1.0}, {"w": 2.0}, 0.01, 0.4)
    assert float(squares["w"]) == pytest.approx(0.4 + 0.6 * 4)
    assert float(weights["w"]) == pytest.approx(1 - 0.01 * 2 / np.sqrt(2.8))


def test_outer_step_clips_every_entry_of_the_gradient():
    config = Config(**{**SMALL.__dict__, "clip": 0.003})
    params, start, _ = make_learn(config)(jax.random.key(1), SPLIT)
    moves = np.concatenate(
        [np.ravel(leaf) for leaf in jax.tree.leaves(jax.tree.map(jnp.subtract, params, start))]
    )
    clipped = np.isclose(np.abs(moves), 0.003, rtol=1e-3)
    assert (
        clipped.any() and not clipped.all() and np.abs(moves).max() < 0.00301
    )  # the outer rate is 1


def test_table_is_exact_on_straight_lines_and_goes_on_beyond_its_ends():
    x = np.linspace(-2, 2, 9)
    value, slope = tabulated(
        (jnp.asarray(np.maximum(x, 0)), -2.0, 2.0), jnp.asarray([-5.0, -0.3, 0.3, 1.7, 9.0])
    )
    np.testing.assert_allclose(value, [0, 0, 0.3, 1.7, 9], atol=1e-12)
    np.testing.assert_allclose(slope, [0, 0, 1, 1, 1], atol=1e-12)


def test_piecewise_fit_finds_the_knots_of_a_piecewise_function():
    x = np.linspace(-3, 3, 61)
    knots = np.array([0, 11, 29, 44, 60])
    f = np.interp(x, x[knots], [1.0, -0.5, 2.0, 2.2, -1.0])
    assert piecewise_fit(x, f, 4).tolist() == knots.tolist()
    fewer = piecewise_fit(x, f, 3)
    assert len(fewer) == 4 and set(fewer) <= set(range(61))
    assert not np.allclose(np.interp(x, x[fewer], f[fewer]), f)


def test_bump_needs_a_valley_on_both_sides():
    x = np.linspace(-6, 6, 241)
    height, place = bump(
        np.stack([x, np.exp(-((x + 2.5) ** 2)) + 0.1 * (x - 0.2) ** 2 * (x > 0.2)])
    )
    assert height > 0.8 and place == pytest.approx(0.2, abs=0.3)
    assert bump(np.stack([x, (x - 0.2) ** 2]))[0] <= 0  # falls all the way


def test_settings_are_checked_and_the_presets_name_every_function():
    with pytest.raises(UsageError, match="objective_steps must be at most num_steps = 100"):
        Config(num_steps=100)
    with pytest.raises(UsageError, match="relu"):
        Config(function="rely")
    assert [config.function for config in grid("paper")] == [
        "learned",
        "relu",
        "swish",
        "elu",
        "tanh",
        "softplus",
        "sigmoid",
    ]
