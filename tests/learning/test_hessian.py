"""The largest eigenvalue of a Hessian, against one that is known."""

import jax
import jax.numpy as jnp
import numpy as np

from mnist1d.learning import Model, Split
from mnist1d.learning.hessian import largest_eigenvalue, sharpness


def test_the_largest_eigenvalue_of_a_quadratic():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.normal(size=(30, 30)))
    eigenvalues = np.append(np.linspace(-2, 1, 29), 3.0)
    hessian = jnp.asarray(basis @ np.diag(eigenvalues) @ basis.T, jnp.float32)

    def loss(params):
        vector = jnp.concatenate([params["w"].ravel(), params["b"]])
        return 0.5 * vector @ hessian @ vector

    params = {"w": jnp.ones((5, 5)), "b": jnp.ones(5)}
    found = largest_eigenvalue(loss, params, jax.random.key(0))
    np.testing.assert_allclose(found, 3.0, rtol=1e-4)


def test_the_sharpness_of_a_linear_model_is_that_of_its_signals():
    """Squared error of x w is a quadratic: its Hessian is twice the signals' second moment."""
    rng = np.random.default_rng(1)
    x = jnp.asarray(rng.normal(size=(40, 6)), jnp.float32)
    y = jnp.asarray(rng.integers(0, 10, 40), jnp.int32)
    model = Model(lambda key: jnp.zeros((6, 10)), lambda params, x: x @ params)
    found = sharpness(model, 20, "mse")(model.init(None), Split(x, y, x, y))["sharpness"]
    wanted = 2 * np.linalg.eigvalsh(np.asarray(x[:20].T @ x[:20]) / 20)[-1]
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
