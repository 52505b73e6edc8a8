"""Pooling against NumPy, and the shapes and sizes of the five variants."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the studies need JAX")

from mnist1d.errors import UsageError  # noqa: E402
from mnist1d.experiments.pooling import POOLINGS  # noqa: E402
from mnist1d.learning import num_params  # noqa: E402
from mnist1d.learning.models.pooled import pool, pooled_cnn  # noqa: E402

H = (
    np.random.default_rng(0).normal(size=(3, 9, 2)).astype(np.float32)
)  # (channels, time, batch), an odd length


@pytest.mark.parametrize(
    "kind, of_pair", [("max", np.maximum), ("average", lambda a, b: (a + b) / 2), ("l2", np.hypot)]
)
def test_pooling_equals_numpy(kind, of_pair):
    np.testing.assert_allclose(pool(H, kind), of_pair(H[:, 0:8:2], H[:, 1:8:2]), rtol=1e-6)


@pytest.mark.parametrize("kind", ["none", "stride"])
def test_no_pooling_leaves_things_alone(kind):
    assert pool(H, kind) is H


def test_l2_pooling_has_a_gradient_at_zero():
    gradient = jax.grad(lambda h: pool(h, "l2").sum())(np.zeros((1, 4, 1), np.float32))
    np.testing.assert_array_equal(gradient, 0)


def test_variants_share_their_sizes_where_they_should():
    sizes = {kind: num_params(pooled_cnn(kind, 20, 40)) for kind in POOLINGS}
    convolutions = (3 * 1 + 1) * 20 + (3 * 20 + 1) * 20
    assert (
        sizes["max"]
        == sizes["average"]
        == sizes["l2"]
        == sizes["stride"]
        == convolutions + (20 * 10 + 1) * 10
    )
    assert sizes["none"] == convolutions + (20 * 40 + 1) * 10


def test_one_seed_gives_all_poolings_their_weights():
    first = pooled_cnn("max", 20, 40).init(jax.random.key(3))
    for kind in ("average", "l2", "none", "stride"):
        other = pooled_cnn(kind, 20, 40).init(jax.random.key(3))
        np.testing.assert_array_equal(first["conv1"]["w"], other["conv1"]["w"])


def test_a_signal_too_short_to_pool():
    with pytest.raises(UsageError, match="pooling needs at least 2 points, got 1"):
        pooled_cnn("max", 4, 3).init(jax.random.key(0))
    assert pooled_cnn("max", 4, 4).init(jax.random.key(0))
