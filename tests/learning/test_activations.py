"""Activation functions and their slopes; tables and piecewise-linear fits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.experiments import activation
from mnist1d.learning import layers
from mnist1d.learning.activations import (
    HAND_MADE,
    hand_made,
    learned,
    piecewise_fit,
    tabulated,
    value_and_slope,
)
from tests.precision import float64

RNG = np.random.default_rng(0)
G = {
    "dense1": {"w": RNG.normal(size=(1, 7)), "b": RNG.normal(size=7)},
    "dense2": {"w": RNG.normal(size=(7, 1)), "b": RNG.normal(size=1)},
}


@pytest.fixture(autouse=True)
def double_precision():
    with float64():
        yield


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


def test_hand_made_functions_are_those_that_their_names_say():
    assert activation.HAND_MADE == HAND_MADE  # said twice, since this module needs JAX
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
