"""JAX in double precision, for comparisons that float32 is too coarse for."""

import contextlib

import jax


@contextlib.contextmanager
def float64():
    """Compute in float64 inside the block, with every supported JAX."""
    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
