"""Digests: check whether a data set is the published one, and compute one SHA-256 over the whole
set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mnist1d.checks import Json, words_of
from mnist1d.dataset import Dataset

FROZEN_SHA256 = {  # of the little-endian C-order bytes, training signals then test signals
    "x": "0b2b548d14a498bf71ce4d5e7df61d47851b3e5dd7e7f581a1011383cb03467c",  # as float32
    "y": "4f5f4160c519e3c47f9d3e196c161336fcd32126a9efffe4153d6e7c8b73f963",  # as uint8
    "t": "0352efd10cd28e71a0f722fade89db2c326ee004a7dcf8c9704a5adaf0bad6c8",  # as float32
}
FROZEN_SHAPES = {"x": (4000, 40), "y": (4000,), "x_test": (1000, 40), "y_test": (1000,), "t": (40,)}
FROZEN_SUMS = (
    445.71846,
    -59.61947,
)  # sum of x[i] * cos(k * i) over all values of x, for k = 1 and 2


@dataclass(frozen=True)
class Verification:
    """Say whether a data set is the published one; true in a condition.

    Attributes:
      digests: maps x, y and t to their SHA-256 (found, published).
      problem: why the arrays could not be compared; "" if they could.
    """

    digests: Mapping[str, tuple[str, str]]
    problem: str = ""

    def __bool__(self) -> bool:
        return not self.problem and all(
            found == published for found, published in self.digests.values()
        )

    def __str__(self) -> str:
        if self:
            return "the published set: x, y and t have the published digests"
        different = [
            name for name, (found, published) in self.digests.items() if found != published
        ]
        same = [name for name in self.digests if name not in different]
        words = f"{', '.join(different)} differ{'s' * (len(different) == 1)}"
        if same:
            words += f"; {', '.join(same)} {'is' if len(same) == 1 else 'are'} as published"
        return "not the published set: " + (self.problem or words)


def verify(data: Dataset | Mapping[str, np.ndarray]) -> Verification:
    """Compare a data set with the published one by SHA-256 digests.

    Args:
      data: a Dataset, or a mapping with x, y, x_test, y_test and t.

    Returns:
      A `Verification`: true if all arrays, rounded to float32, are the published ones. Printing it
      names the arrays that differ. A mismatch never raises an exception.

    Examples:
      >>> from mnist1d import make_dataset
      >>> bool(verify(make_dataset()))
      True
      >>> print(verify(make_dataset().with_label_noise(0.15)))
      not the published set: y differs; x, t are as published
    """
    try:
        given = {name: np.asarray(data[name]) for name in FROZEN_SHAPES}
        for name, array in given.items():
            if array.dtype.kind == "c":
                problem = f"{name} must hold real numbers, got {array.dtype}"
                return Verification({}, problem)
        with np.errstate(all="ignore"):  # values that do not fit float32 give another digest
            arrays = {
                "x": np.concatenate([given["x"], given["x_test"]]).astype("<f4"),
                "y": np.concatenate([given["y"], given["y_test"]]),
                "t": given["t"].astype("<f4"),
            }
    except Exception as error:  # any mapping may be given, such as a damaged file of NumPy's
        why = words_of(error)
        return Verification({}, problem=f"it lacks x, y, x_test, y_test or t as arrays ({why})")
    if arrays["y"].dtype.kind not in "iu" or (arrays["y"] < 0).any() or (arrays["y"] > 255).any():
        return Verification({}, problem="its labels are not whole numbers from 0 to 255")
    arrays["y"] = arrays["y"].astype("u1")
    found = Verification({name: (sha256(a), FROZEN_SHA256[name]) for name, a in arrays.items()})
    for name, shape in FROZEN_SHAPES.items():
        if found and given[name].shape != shape:  # the same numbers, divided otherwise
            problem = f"{name} has the shape {given[name].shape}, not {shape}"
            return Verification(found.digests, problem)
    return found


def is_close(x: np.ndarray) -> bool:
    """Return whether all signals (samples, time) are the published ones but for rounding.

    Weighted sums stand in for the published values, which the package does not contain: rounding
    in float32 changes them by less than 0.001, another value at any one point by more.
    """
    i = np.arange(x.size)
    found = [np.dot(x.ravel().astype(np.float64), np.cos(k * i)) for k in (1, 2)]
    return bool(np.allclose(found, FROZEN_SUMS, rtol=0, atol=1e-3))


def sha256(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def describe(arrays: Mapping[str, np.ndarray], facts: Mapping[str, object]) -> Json:
    """Return a set's description and its digest. The description holds its settings (JSON values)
    and the dtype, shape and SHA-256 of every array; the digest is the SHA-256 of the description as
    canonical JSON."""
    described = {
        name: {"dtype": a.dtype.str, "shape": list(a.shape), "sha256": sha256(a)}
        for name, a in arrays.items()
    }
    known = {**facts, "arrays": described}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"))
    return {**known, "digest": hashlib.sha256(text.encode()).hexdigest()}
