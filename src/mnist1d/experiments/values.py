"""Numbers by key. Claims subtract them by key, so a pair is always two measurements of the same
seed (or signal), never two numbers that happen to have the same position."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

Operand: TypeAlias = "Values | float"


class Values:
    """Numbers by key: one per seed, per signal, or per setting and seed. Arithmetic matches keys,
    never positions; a key that is missing on one side is left out, and kept in `lacking`.

    >>> cnn, mlp = Values([0, 1, 2], [0.93, 0.94, 0.92]), Values([2, 0, 7], [0.62, 0.63, 0.66])
    >>> gain = cnn - mlp
    >>> gain.keys, gain.array.round(2), sorted(gain.lacking)
    ((0, 2), array([0.3, 0.3]), [1, 7])
    """

    __array_priority__ = 1000  # we refuse `array - values`; NumPy would broadcast it

    def __init__(
        self, keys: Iterable[Hashable], array: ArrayLike, lacking: Iterable[Hashable] = ()
    ):
        self.keys, self.array = tuple(keys), np.asarray(array, dtype=float)
        self.lacking = frozenset(lacking)
        if self.array.shape != (len(self.keys),) or len(set(self.keys)) != len(self.keys):
            got = f"{len(self.keys)} keys ({len(set(self.keys))} distinct)"
            rule = "values need one number per key, and keys that differ"
            raise ValueError(f"{rule}; got {got} for the shape {self.array.shape}")

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[float]:
        return iter(self.array.tolist())

    def __getitem__(self, key: Hashable) -> float:
        return float(self.array[self.keys.index(key)])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.array, dtype=dtype)

    def __repr__(self) -> str:
        return f"Values({dict(zip(self.keys, self.array.tolist(), strict=True))})"

    @property
    def left_out(self) -> int:
        """The number of keys that had no partner."""
        return len(self.lacking)

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Values:
        """Apply a function of arrays to the numbers."""
        return Values(self.keys, function(self.array), self.lacking)

    def keep(self, which: ArrayLike) -> Values:
        """Keep the numbers where `which` (keys,) is true; the other keys are left out."""
        kept = np.asarray(which, dtype=bool)
        out = [key for key, keep in zip(self.keys, kept, strict=True) if not keep]
        keys = [key for key, keep in zip(self.keys, kept, strict=True) if keep]
        return Values(keys, self.array[kept], self.lacking.union(out))

    def __add__(self, other: Operand) -> Values:
        return _combine(np.add, self, other)

    def __sub__(self, other: Operand) -> Values:
        return _combine(np.subtract, self, other)

    def __rsub__(self, other: Operand) -> Values:
        return _combine(np.subtract, other, self)

    def __mul__(self, other: Operand) -> Values:
        return _combine(np.multiply, self, other)

    def __truediv__(self, other: Operand) -> Values:
        return _combine(np.divide, self, other)

    def __neg__(self) -> Values:
        return self.map(np.negative)

    __radd__, __rmul__ = __add__, __mul__


NONE = Values((), ())  # nothing was measured


class Pairs(NamedTuple):
    """Two measurements of the same keys, (pairs,) each, and the keys that only one side had."""

    keys: tuple[Hashable, ...]
    a: np.ndarray
    b: np.ndarray
    lacking: frozenset[Hashable]

    @property
    def difference(self) -> Values:
        """a - b by key."""
        return Values(self.keys, self.a - self.b, self.lacking)


def pair(a: Values, b: Values) -> Pairs:
    """Pair values by key, in the order of a."""
    at_a, at_b = ({key: i for i, key in enumerate(of.keys)} for of in (a, b))
    keys = tuple(key for key in a.keys if key in at_b)
    lacking = a.lacking | b.lacking | (set(at_a).symmetric_difference(at_b))
    return Pairs(keys, a.array[[at_a[k] for k in keys]], b.array[[at_b[k] for k in keys]], lacking)


def _combine(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray], a: Operand, b: Operand
) -> Values:
    if isinstance(a, Values) and isinstance(b, Values):
        pairs = pair(a, b)
        return Values(pairs.keys, function(pairs.a, pairs.b), pairs.lacking)
    either = a if isinstance(a, Values) else b
    for side in (a, b):
        if not isinstance(side, Values) and np.ndim(side):
            raise TypeError("values combine with values or a number; an array has no keys")
    assert isinstance(either, Values)
    arrays = (np.asarray(side, dtype=float) for side in (a, b))
    return Values(either.keys, function(*arrays), either.lacking)


def joint(function: Callable[..., np.ndarray], values: Sequence[Values]) -> Values:
    """Apply a function such as np.mean or np.ptp, which takes `axis`, over several values of each
    key; a key that one of them lacks is left out.

    >>> joint(np.ptp, [Values([0, 1], [0.6, 0.7]), Values([1, 0], [0.9, 0.95])]).array.round(2)
    array([0.35, 0.2 ])
    """
    keys, array = stack(values)
    lacking = {key for of in values for key in (*of.lacking, *of.keys)}.difference(keys)
    return Values(keys, function(array, axis=0), lacking)


def stack(values: Sequence[Values]) -> tuple[tuple[Hashable, ...], np.ndarray]:
    """Return the keys that all values have, and their numbers, (values, keys)."""
    shared = set.intersection(*(set(of.keys) for of in values)) if values else set()
    keys = tuple(key for key in (values[0].keys if values else ()) if key in shared)
    places = [{key: i for i, key in enumerate(of.keys)} for of in values]
    rows = [of.array[[at[key] for key in keys]] for of, at in zip(values, places, strict=True)]
    return keys, np.array(rows).reshape(len(values), len(keys))
