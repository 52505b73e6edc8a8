"""All randomness of the data: the random draws for each signal, as plain arrays.

Exact mode makes the same draws in the same order as the original, on NumPy's legacy stream, which
NumPy guarantees never to change. Fast mode draws blocks of signals from independent streams, so
that signal i depends only on (seed, i).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from mnist1d.checks import check_whole
from mnist1d.config import DataConfig, as_config
from mnist1d.errors import UsageError

BLOCK_POINTS = 200_000  # numbers of one kind in a block of exact mode
BLOCK = 1000  # signals drawn together: hides Python's overhead and fits in the cache
TEST_BLOCK = 2**52  # the stream's blocks from here on are test signals, never used for training


class Draws(NamedTuple):
    """The random draws of n signals, one row per signal; L is the config's working length.

    NumPy arrays; inside the JAX stream, JAX arrays.
    """

    label: np.ndarray  # (n,) row of the templates
    padding: np.ndarray  # (n,) zeros appended
    factor: np.ndarray  # (n,) amplitude
    shift: np.ndarray  # (n,) circular shift to the right, in points
    corr_noise: np.ndarray  # (n, L) standard normals, to be smoothed and scaled
    iid_noise: np.ndarray  # (n, L) standard normals, to be scaled
    slope: np.ndarray  # (n,) coefficient of the ramp

    def rows(self, index: slice | np.ndarray) -> Draws:
        """Return the draws of the signals chosen by `index`."""
        return Draws(*(column[index] for column in self))


class Order(NamedTuple):
    """The order of the finished signals and points: row i of the set is signal `samples[i]`, and
    its point j is the point `positions[j]`."""

    samples: np.ndarray | None  # (n,); None: as drawn
    positions: np.ndarray | None  # (final_seq_length,); None: as drawn


def samples_per_class(config: DataConfig, num_classes: int) -> int:
    """Return num_samples // num_classes. Errors: UsageError if that is 0."""
    if config.num_samples < num_classes:
        raise UsageError(
            f"num_samples must allow one signal for each of the {num_classes} classes: at least "
            f"{num_classes}, got {config.num_samples}"
        )
    return config.num_samples // num_classes


def draw_exact(config: DataConfig, num_classes: int = 10) -> tuple[Draws, Order]:
    """Draw a whole set like the original: n signals, class by class, then their order."""
    bits = legacy_stream(config.seed)
    chunks = list(exact_chunks(config, num_classes, bits))
    return Draws(*map(np.concatenate, zip(*chunks, strict=True))), exact_order(
        config, num_classes, bits
    )


def legacy_stream(seed: int) -> np.random.BitGenerator:
    """Return the bits that `numpy.random.RandomState(seed)` draws from."""
    bits = np.random.MT19937()
    bits.state = np.random.RandomState(seed).get_state(legacy=False)  # type: ignore[assignment]
    return bits


def exact_chunks(
    config: DataConfig, num_classes: int, bits: np.random.BitGenerator
) -> Iterator[Draws]:
    """Yield the draws of all signals in order, `exact_block` at a time; leave `bits` in the same
    state as the original."""
    length, per_class = config.working_length, samples_per_class(config, num_classes)
    low, high = config.padding
    rng = np.random.RandomState(bits)
    uniform, integer, normal = (
        rng.random_sample,
        _integers(bits, config.max_translation),
        rng.standard_normal,
    )
    n = per_class * num_classes
    for start in range(0, n, exact_block(config)):
        size = min(exact_block(config), n - start)
        # in this order; the two noises in one call, which leaves the stream as it is
        rows = [
            (uniform(), uniform(), integer(), normal(2 * length), uniform()) for _ in range(size)
        ]
        u1, u2, shift, normals, u3 = map(np.array, zip(*rows, strict=True))
        yield Draws(
            label=np.arange(start, start + size) // per_class,
            padding=low + (u1 * (high - low + 1)).astype(np.int64),
            factor=1 + config.scale_coeff * (u2 - 0.5),
            shift=shift,
            corr_noise=normals[:, :length],
            iid_noise=normals[:, length:],
            slope=config.shear_scale * (u3 - 0.5),
        )


def exact_block(config: DataConfig) -> int:
    """Return how many signals exact mode draws together: BLOCK, or fewer if they are very long."""
    return max(1, min(BLOCK, BLOCK_POINTS // config.working_length))


def exact_order(config: DataConfig, num_classes: int, bits: np.random.BitGenerator) -> Order:
    """Draw the order of signals and, for a shuffled set, of positions. Call it after the last
    chunk."""
    rng = np.random.RandomState(bits)
    samples = rng.permutation(num_classes * samples_per_class(config, num_classes))
    return Order(samples, rng.permutation(config.final_seq_length) if config.shuffle_seq else None)


def _integers(bits: np.random.BitGenerator, high: int) -> Callable[[], int]:
    """Return a function that draws like `RandomState(bits).randint(0, high)`, in a fifth of the
    time: mask 32 bits and repeat until the number is below `high`."""
    if high == 1:
        return lambda: 0  # which takes no bits
    raw, last, mask = bits.random_raw, high - 1, 2 ** (high - 1).bit_length() - 1

    def draw() -> int:
        while (value := raw() & mask) > last:
            pass
        return value

    return draw


def draw_fast(
    config: DataConfig, num_classes: int = 10, start: int = 0, stop: int | None = None
) -> Draws:
    """Draw signals start to stop - 1 of the endless stream of config.seed; float32, the same for
    any batch size.

    stop: default config.num_samples. Each group of num_classes signals contains every class once,
    in random order.
    """
    config, num_classes = as_config(config, {}), check_whole(num_classes, 1, "num_classes", 10**6)
    start = check_whole(start, 0, "start")
    stop = config.num_samples if stop is None else check_whole(stop, 0, "stop")
    return Draws(
        *map(np.concatenate, zip(*fast_chunks(config, num_classes, start, stop), strict=True))
    )


def fast_chunks(config: DataConfig, num_classes: int, start: int, stop: int) -> Iterator[Draws]:
    """Yield the draws of signals start to stop - 1, at most one block at a time.

    Errors: UsageError for an empty range, or a range that includes reserved test signals.
    """
    if not 0 <= start < stop:
        raise UsageError(
            f"a range of signals needs 0 <= start < stop, got start={start}, stop={stop}"
        )
    size = block_size(num_classes)
    if stop > TEST_BLOCK * size:
        raise UsageError(
            f"signals from {TEST_BLOCK * size} on are reserved for testing (test='fresh'): "
            f"a stream must end before, got stop={stop}"
        )
    for block in range(start // size, -(-stop // size)):
        first = block * size
        yield _fast_block(config, num_classes, block, size).rows(
            slice(max(start - first, 0), stop - first)
        )


def reserved_blocks(config: DataConfig, num_classes: int, first: int, last: int) -> Iterator[Draws]:
    """Yield blocks first to last - 1 of the reserved test signals, `block_size` signals each.

    This is the only access to these signals; `fast_chunks` yields the signals before them, so no
    model trains on them.
    """
    for block in range(first, last):
        yield _fast_block(config, num_classes, TEST_BLOCK + block, block_size(num_classes))


def block_size(num_classes: int) -> int:
    """Return how many signals fast mode draws together: about BLOCK, with balanced classes.

    In float32 the last bit of a signal may depend on the number of signals processed together, so
    process whole blocks and cut afterwards.
    """
    return num_classes * max(1, BLOCK // num_classes)


def fast_order(config: DataConfig) -> Order:
    """Draw the permutation of positions of a shuffled set. The stream's signals are already in
    random order."""
    rng = np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=(1,)))
    return Order(None, rng.permutation(config.final_seq_length) if config.shuffle_seq else None)


def _fast_block(config: DataConfig, num_classes: int, block: int, size: int) -> Draws:
    rng = np.random.Generator(
        np.random.SFC64(np.random.SeedSequence(config.seed, spawn_key=(0, block)))
    )
    low, high = config.padding
    normals = rng.standard_normal((2, size, config.working_length), dtype=np.float32)
    factor, slope = rng.random((2, size), dtype=np.float32) - np.float32(0.5)
    groups = np.tile(np.arange(num_classes), (size // num_classes, 1))
    return Draws(
        label=rng.permuted(groups, axis=1).ravel(),
        padding=rng.integers(low, high, size, endpoint=True),
        factor=1 + np.float32(config.scale_coeff) * factor,
        shift=rng.integers(0, config.max_translation, size),
        corr_noise=normals[0],
        iid_noise=normals[1],
        slope=np.float32(config.shear_scale) * slope,
    )
