"""A sum of two power laws and a constant, fitted to losses: how losses fall with size and data."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import optimize

INSIDE = 1e-9  # a start must lie within the bounds


class PowerLaws(NamedTuple):
    """loss = floor + a * size**-size_exponent + b * data**-data_exponent.

    by_size, by_data: the two falling terms at the geometric means of size and data.
    """

    floor: float
    by_size: float
    size_exponent: float
    by_data: float
    data_exponent: float

    @property
    def allocation(self) -> float:
        """The power of compute (size * data) with which the best size grows."""
        return self.data_exponent / (self.size_exponent + self.data_exponent)


def fit_power_laws(
    size: np.ndarray, data: np.ndarray, loss: np.ndarray, near: PowerLaws | None = None
) -> PowerLaws:
    """Fit the five numbers to losses (n,) at sizes (n,) and numbers of signals (n,), by least
    squares of the logarithms; all five are kept above 0.

    near: a fit of similar losses to start from; default: two starts, with a low and a high floor.
    """
    low_size, low_data = (np.log(x) - np.log(x).mean() for x in (size, data))

    def terms(theta: np.ndarray) -> np.ndarray:  # (3, n)
        floor, by_size, p, by_data, q = np.exp(theta)
        falling = by_size * np.exp(-p * low_size), by_data * np.exp(-q * low_data)
        return np.stack([np.full(len(loss), floor), *falling])

    def gap(theta: np.ndarray) -> np.ndarray:
        return np.log(terms(theta).sum(axis=0)) - np.log(loss)

    def jacobian(theta: np.ndarray) -> np.ndarray:  # (n, 5)
        floor, by_size, by_data = (parts := terms(theta)) / parts.sum(axis=0)
        p, q = np.exp(theta[[2, 4]])
        columns = floor, by_size, -p * low_size * by_size, by_data, -q * low_data * by_data
        return np.stack(columns, axis=1)

    least, spread = loss.min(), np.ptp(loss)
    starts = [(share * least, spread / 4, 0.5, spread / 4, 0.5) for share in (0.3, 0.95)]
    starts = starts if near is None else [near]
    lower = [least * 1e-3, spread * 1e-6, 1e-2, spread * 1e-6, 1e-2]
    upper = [least, 10 * loss.max(), 5, 10 * loss.max(), 5]
    bounds = np.log(lower), np.log(upper)
    options: dict[str, Any] = {"jac": jacobian, "bounds": bounds}
    inside = bounds[0] + INSIDE, bounds[1] - INSIDE
    found = [optimize.least_squares(gap, np.clip(np.log(s), *inside), **options) for s in starts]
    return PowerLaws(*np.exp(min(found, key=lambda one: one.cost).x).tolist())


def fit_each(size: np.ndarray, data: np.ndarray, losses: np.ndarray) -> list[PowerLaws]:
    """Return the fit of each line of losses (lines, n), starting from the fit of their mean: a
    fifth of the time of separate fits."""
    mean = fit_power_laws(size, data, losses.mean(axis=0))
    return [fit_power_laws(size, data, loss, mean) for loss in losses]


def bootstrap_floor(
    size: np.ndarray, data: np.ndarray, losses: np.ndarray, resamples: int = 100
) -> tuple[float, float]:
    """Return the 95% interval of the floor by resampling seeds: losses (seeds, n)."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(losses), (resamples, len(losses)))
    floors = [fit.floor for fit in fit_each(size, data, losses[picks].mean(axis=1))]
    low, high = np.quantile(floors, [0.025, 0.975])
    return float(low), float(high)
