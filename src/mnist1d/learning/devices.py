"""Spread calls over several devices: GPUs, TPUs, or parts of one processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec

from mnist1d.learning.layers import PyTree


def spread(
    function: Callable[..., PyTree], calls: Sequence[tuple], num_devices: int
) -> tuple[Callable[..., PyTree], list[tuple]]:
    """Return a function that makes `num_devices` calls at once, one per device, and its calls.

    Every leaf of the arguments and results has a leading axis over the devices. If the number of
    calls is not a multiple of the number of devices, the last call is repeated; drop the extra
    results.
    """
    mesh = jax.make_mesh((num_devices,), ("calls",), devices=jax.local_devices()[:num_devices])
    spec = PartitionSpec("calls")

    def on_each(*arguments: PyTree) -> PyTree:
        results = function(*jax.tree.map(lambda leaf: leaf[0], arguments))
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], results)

    together = jax.shard_map(on_each, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
    groups = []
    for first in range(0, len(calls), num_devices):
        chosen = [calls[min(first + i, len(calls) - 1)] for i in range(num_devices)]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *chosen)
        groups.append(jax.device_put(stacked, NamedSharding(mesh, spec)))
    return together, groups
