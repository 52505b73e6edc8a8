"""Programs here run for a moment only: compile them with little optimisation, in a third of the
time."""

import pytest


@pytest.fixture(autouse=True, scope="package")
def quick_compilation():
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
