"""Shapes of curves: dip and peak of a double descent, the bump of an activation function."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FITTED = 0.02  # a network interpolates at this training error or less


class Shape(NamedTuple):
    """What one seed's errors show: the widths at the threshold (NaN: never fitted), first dip and
    peak; the test errors there and at the largest width; the training errors at dip and peak."""

    threshold: float
    dip: float
    peak: float
    dip_error: float
    peak_error: float
    last_error: float
    dip_train: float
    peak_train: float


def shape_of(widths: np.ndarray, train: np.ndarray, test: np.ndarray) -> Shape:
    """Find threshold, dip and peak, as the study defines them, in one seed's errors (widths,)."""
    fitted = widths[train <= FITTED]
    threshold = fitted[0] if len(fitted) else np.nan
    below = np.flatnonzero(widths < fitted[0]) if len(fitted) else np.arange(len(widths))
    dip = int(test[below].argmin()) if len(below) else 0
    peak = dip + 1 + int(test[dip + 1 :].argmax()) if dip + 1 < len(test) else dip
    errors = test[dip], test[peak], test[-1], train[dip], train[peak]
    return Shape(threshold, widths[dip], widths[peak], *errors)


def dip_and_peak(errors: np.ndarray) -> tuple[int, int]:
    """Return the indices of dip and peak in a curve (evaluations,): at the peak the error is
    highest above the lowest error before it and the lowest after it, whichever is higher.

    Without a peak the dip is the lowest error before the last evaluation, and the peak the highest
    between the two: a curve that still rises at the end falls by less than 0 after it, and one that
    falls throughout rises by less than 0.
    """
    before = np.minimum.accumulate(errors)
    after = np.minimum.accumulate(errors[::-1])[::-1]
    height = errors - np.maximum(before, after)
    if height.max() > 0:
        peak = int(height.argmax())
        return int(errors[:peak].argmin()), peak
    dip = int(errors[:-1].argmin())
    between = errors[dip + 1 : -1]
    return dip, dip + 1 + (int(between.argmax()) if len(between) else 0)


def bump(function: np.ndarray) -> tuple[float, float]:
    """Return the height of the bump between -4 and -1, and the place of the minimum to its right.

    function (2, n) holds x and f(x). The height is measured from the higher of the two valleys
    beside the bump, so a slope without a bump has a height of 0 or less.
    """
    x, f = function
    inside = np.flatnonzero((x >= -4) & (x <= -1))
    top = int(inside[f[inside].argmax()])
    right = top + int(f[top:].argmin())
    return float(f[top] - max(f[: top + 1].min(), f[right])), float(x[right])
