"""Fits of a sum of two power laws and a floor."""

import numpy as np
import pytest

from mnist1d.experiments.power_laws import bootstrap_floor, fit_each, fit_power_laws

SIZE, DATA = (a.ravel() for a in np.meshgrid([10.0, 40, 160, 640], [1e3, 4e3, 1.6e4, 6.4e4]))
LOSS = 0.3 + 2 * SIZE**-0.6 + 20 * DATA**-0.4


def test_exact_power_laws_are_found_again():
    fit = fit_power_laws(SIZE, DATA, LOSS)
    assert fit.floor == pytest.approx(0.3, rel=1e-3)
    assert (fit.size_exponent, fit.data_exponent) == pytest.approx((0.6, 0.4), rel=1e-2)
    assert fit.allocation == pytest.approx(0.4, rel=1e-2)


def test_the_bootstrap_holds_the_floor():
    rng = np.random.default_rng(0)
    losses = LOSS * np.exp(rng.normal(0, 0.01, (8, len(LOSS))))
    low, high = bootstrap_floor(SIZE, DATA, losses, 40)
    assert low < 0.3 < high and high - low < 0.1


def test_fits_that_start_from_the_mean_are_those_of_each_alone():
    losses = LOSS * np.exp(np.random.default_rng(1).normal(0, 0.01, (5, len(LOSS))))
    alone = [fit_power_laws(SIZE, DATA, loss) for loss in losses]
    np.testing.assert_allclose(fit_each(SIZE, DATA, losses), alone, rtol=1e-3)
