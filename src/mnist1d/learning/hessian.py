"""The largest eigenvalue of the Hessian of a loss, from Hessian-vector products."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
from jax import Array, lax, random
from jax.flatten_util import ravel_pytree

from mnist1d.learning.layers import Params
from mnist1d.learning.losses import LOSSES
from mnist1d.learning.model import Model
from mnist1d.learning.training import Probe, Split


def largest_eigenvalue(
    loss: Callable[[Params], Array], params: Params, key: Array, iterations: int = 15
) -> Array:
    """Return the largest eigenvalue of the Hessian of loss(params), by the method of Lanczos.

    Each iteration takes one Hessian-vector product. The basis is fully reorthogonalised, so that
    rounding creates no copies of an eigenvalue. The result approaches the eigenvalue from below.
    key: draws the first vector.
    """
    flat, unravel = ravel_pytree(params)
    gradient = jax.grad(lambda vector: loss(unravel(vector)))
    start = random.normal(key, flat.shape, flat.dtype)
    basis = jnp.zeros((iterations + 1, flat.size), flat.dtype)
    basis = basis.at[0].set(start / jnp.linalg.norm(start))

    def step(i: Array, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        basis, diagonal, beside = carry
        vector = jax.jvp(gradient, (flat,), (basis[i],))[1]  # Hessian times basis[i]
        diagonal = diagonal.at[i].set(vector @ basis[i])
        for _ in range(2):  # a single pass leaves rounding errors
            vector = vector - basis.T @ (basis @ vector)
        length = jnp.linalg.norm(vector)
        basis = basis.at[i + 1].set(vector / jnp.maximum(length, 1e-20))
        return basis, diagonal, beside.at[i].set(length)

    zeros = jnp.zeros(iterations, flat.dtype)
    _, diagonal, beside = lax.fori_loop(0, iterations, step, (basis, zeros, zeros))
    off = jnp.diag(beside[:-1], 1)
    return jnp.linalg.eigvalsh(jnp.diag(diagonal) + off + off.T)[-1]


@cache
def sharpness(
    model: Model, num_signals: int, loss_name: str = "cross_entropy", iterations: int = 15
) -> Probe:
    """Return the probe that measures `sharpness`, the largest eigenvalue of the Hessian of the
    training loss (a key of LOSSES) on the first num_signals training signals."""

    def probe(params: Params, split: Split) -> dict[str, Array]:
        x, y = split.x[:num_signals], split.y[:num_signals]
        weights, state = model.split(params)

        def loss(weights: Params) -> Array:
            return LOSSES[loss_name](model.apply(model.join(weights, state), x), y)

        return {"sharpness": largest_eigenvalue(loss, weights, random.key(0), iterations)}

    return probe
