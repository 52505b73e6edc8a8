"""Indices of the endless stream: whatever the ranks, workers and epochs, none comes twice.

Signal i is row i % size of block i // size, so an index is a pair of a block and a row, and back. A
block's numbers come from a generator seeded by (seed, block): NumPy's SeedSequence mixes the block
into its first word by a function that has an inverse for blocks below 2**32, so no two blocks begin
with the same state. Here the states themselves are compared, of all blocks of the first 10**8
signals; and the ranges of indices that every rank and worker asks for must lie side by side.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from unittest import mock

import numpy as np

from tests.faults.counting import Found, Piece

CLASSES = 10


def states(seed: int, blocks: range) -> set[bytes]:
    """Return the states in which the generators of some blocks start."""
    return {
        np.random.SeedSequence(seed, spawn_key=(0, block)).generate_state(3, np.uint64).tobytes()
        for block in blocks
    }


def distinct_blocks(count: int, seed: int) -> Found:
    """Compare the generators of all blocks of `count` signals."""
    from mnist1d import draws
    from mnist1d.config import DataConfig

    size = draws.block_size(CLASSES)
    blocks = range(count // size)
    found = Found(cases=count)
    if len(states(seed, blocks)) < len(blocks):
        found.fail(f"two blocks of seed {seed} start alike")
    for block in random.Random(seed).sample(blocks, 3):  # the package's own generators
        with mock.patch.object(np.random, "SFC64", side_effect=start) as made:
            try:
                draws.draw_fast(DataConfig(seed=seed), CLASSES, block * size, block * size + 1)
            except Started as started:
                (sequence,) = started.args
        assert made.call_count == 1
        expected = np.random.SeedSequence(seed, spawn_key=(0, block))
        if (sequence.generate_state(3) != expected.generate_state(3)).any():
            found.fail(f"block {block} of seed {seed} is seeded by something else")
    found.note("blocks with generators of their own", len(blocks))
    return found


class Started(Exception):
    """Raised instead of making a generator; holds its SeedSequence."""


def start(sequence: np.random.SeedSequence) -> None:
    """Replace the constructor of a generator."""
    raise Started(sequence)


def ranges(stream: object, worker: int, workers: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of indices that a worker's iteration asks for."""
    import torch

    from mnist1d.adapters import torch as guest

    asked: list[tuple[int, int]] = []

    def signals(lo: int, hi: int) -> tuple[object, list[int], dict[str, object]]:
        asked.append((lo, hi))
        return [0], [0], {}

    info = mock.Mock(id=worker, num_workers=workers)
    with (
        mock.patch.object(guest, "_Signals", lambda stream: signals),
        mock.patch.object(torch.utils.data, "get_worker_info", lambda: info),
    ):
        for _ in stream:  # type: ignore[attr-defined]
            yield asked.pop()


def side_by_side(count: int, seed: int) -> Found:
    """Share `count` indices among ranks, workers and epochs; together they are 0 to count - 1."""
    from mnist1d.adapters.torch import MNIST1DStream

    luck, found = random.Random(f"ranges {seed}"), Found(cases=count)
    world, epochs = luck.choice([1, 2, 4, 5]), luck.choice([1, 2, 5])
    batch = luck.choice([1000, 2500, 10_000])
    asked = []
    for rank in range(world):
        workers = luck.choice([1, 2, 3, 8])
        stream = MNIST1DStream(
            batch_size=batch, num_samples=count // epochs, rank=rank, world_size=world
        )
        for epoch in range(epochs):
            for worker in range(workers):
                stream.set_epoch(epoch)
                asked += ranges(stream, worker, workers)
    asked.sort()
    if asked[0][0] != 0 or asked[-1][1] != count or any(a[1] != b[0] for a, b in pairwise(asked)):
        found.fail(f"seed {seed}: indices missing, or asked for twice, of {len(asked)} ranges")
    found.note("ranges", len(asked))
    return found


def pieces(is_long: bool) -> list[Piece]:
    """Return the first 10**8 indices, of three seeds, and shared in six ways; or fewer of one."""
    count, seeds = (10**8, (0, 42, 2**32 - 1)) if is_long else (10**6, (42,))
    made = [Piece("indices", "a generator per block", count, distinct_blocks, s) for s in seeds]
    ways = range(6 if is_long else 0)  # these import PyTorch
    return made + [
        Piece("indices", "ranks, workers, epochs", count, side_by_side, way) for way in ways
    ]
