"""Ceilings under shifts: those in the package equal what the package measures."""

import pytest

pytest.importorskip("jax", reason="the ideal observer needs JAX")
from mnist1d import DataConfig, UsageError  # noqa: E402
from mnist1d.observer import measure_ceiling, measure_shift  # noqa: E402
from mnist1d.shifts import SEVERITIES, SHIFTS, read_ceiling, shift_config  # noqa: E402


def check(name, severity, n, seed):
    kept, found = read_ceiling(name, severity), measure_shift(name, severity, n=n, seed=seed)
    half = (
        1.96 * ((1 - kept.acc) / n) ** 0.5 + (kept.high - kept.low) / 2
    )  # spread at most that of hits
    assert abs(found.acc - kept.acc) < 2 * half + 1e-3
    assert abs(found.unaware - kept.unaware) < 4 * (found.unaware_error + kept.unaware_error) + 1e-3
    return found


def test_a_sample_of_the_table():
    found = check("steeper", 3, 300, 1)
    assert found.low < found.acc < found.high and found.n == 300
    plain = measure_ceiling(shift_config("steeper", 3), 300, seed=1)
    assert (found.acc, found.low) == pytest.approx((plain["acc"], plain["low"]), abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", SHIFTS)
def test_the_whole_table(name, severity):
    check(name, severity, 1000, 2)


def test_wrong_arguments():
    with pytest.raises(UsageError, match="n must be a whole number, at least 2, got 1"):
        measure_shift("noisier", n=1)
    with pytest.raises(UsageError, match="no ideal observer exists"):
        measure_shift("noisier", config=DataConfig(iid_noise_scale=0), n=10)
