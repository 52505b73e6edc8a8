"""Errors on the line between two networks."""

import jax.numpy as jnp
import numpy as np

from mnist1d.learning import Model
from mnist1d.learning.paths import errors_between


def test_errors_on_the_line():
    """Two signals, one per class; the weights move from right over a tie to wrong."""
    model = Model(lambda key: None, lambda params, x: x * params)
    x, y = jnp.array([[2.0, 1.0], [1.0, 3.0]]), jnp.array([0, 1])
    found = errors_between(model, jnp.array(1.0), jnp.array(-1.0), x, y, np.array([0, 0.25, 1]))
    np.testing.assert_allclose(found, [0, 0, 1])
