"""Models from outside the package, as users write them; some are wrong."""

import jax.numpy as jnp
from jax import random


def linear(*, num_inputs=40, num_outputs=10):
    """A fifth model: a pair of pure functions."""

    def init(key):
        return 0.1 * random.normal(key, (num_inputs, num_outputs))

    return init, lambda params, x: x @ params


def columns(*, num_inputs=40, num_outputs=10):
    """Returns one column too many."""
    init, apply = linear(num_inputs=num_inputs, num_outputs=num_outputs + 1)
    return init, apply


def not_a_number(*, num_inputs=40, num_outputs=10):
    """Returns NaN."""
    init, apply = linear(num_inputs=num_inputs, num_outputs=num_outputs)
    return init, lambda params, x: jnp.log(-jnp.abs(apply(params, x)))


def diverging(*, num_inputs=40, num_outputs=10):
    """Is finite at the start only: the gradient of the root at 0 is not."""
    init, apply = linear(num_inputs=num_inputs, num_outputs=num_outputs)
    return init, lambda params, x: apply(params, x) + jnp.sqrt(0 * apply(params, x))


def raising(*, num_inputs=40, num_outputs=10):
    """Raises in apply."""
    init, _ = linear(num_inputs=num_inputs, num_outputs=num_outputs)

    def apply(params, x):
        raise RuntimeError("no such layer")

    return init, apply


def fixed():
    """Takes no sizes."""
    return linear()


def no_model(*, num_inputs=40, num_outputs=10):
    """Returns something else."""
    return {"inputs": num_inputs, "outputs": num_outputs}


pair = linear()
