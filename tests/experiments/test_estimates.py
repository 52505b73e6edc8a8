"""Estimates: intervals stay in range, hold the mean, and cover the truth as often as stated."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mnist1d.experiments.estimates import (
    POINTS,
    SHARE,
    estimate,
    mean_interval,
    rank_correlation,
    wilson,
)
from mnist1d.experiments.values import Values
from mnist1d.intervals import TIMES

SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=12)


@given(SHARES)
def test_an_accuracy_stays_in_range_and_in_its_interval(values):
    mean, low, high = mean_interval(values, SHARE)
    assert 0 <= low <= mean + 1e-12 and mean - 1e-12 <= high <= 1


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12))
def test_a_difference_of_accuracies_stays_in_range(values):
    mean, low, high = mean_interval(values, POINTS)
    assert -1 <= low <= mean + 1e-12 and mean - 1e-12 <= high <= 1


@pytest.mark.parametrize("unit", ["units", "channels", TIMES])
@given(values=st.lists(st.floats(0.01, 1e4), min_size=2, max_size=12))
def test_a_width_or_a_factor_stays_above_zero(unit, values):
    mean, low, high = mean_interval(values, unit)
    assert 0 <= low <= mean * (1 + 1e-9) and mean * (1 - 1e-9) <= high


def test_without_a_range_it_is_students_interval():
    values = [1.0, 2.0, 4.0, 4.5]
    expected = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    np.testing.assert_allclose(mean_interval(values)[1:], expected)
    np.testing.assert_allclose(
        mean_interval(values, confidence=0.99)[1:],
        stats.t.interval(0.99, 3, np.mean(values), stats.sem(values)),
    )


def test_far_from_its_ends_an_accuracys_interval_is_students():
    values = [0.642, 0.648, 0.651, 0.64]
    expected = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    np.testing.assert_allclose(mean_interval(values, SHARE)[1:], expected, atol=2e-4)


@pytest.mark.parametrize("unit", ["", SHARE, POINTS, TIMES])
def test_the_interval_covers_the_mean_as_often_as_it_says(unit):
    draws = np.random.default_rng(0).normal(0.9, 0.01, (4000, 5))
    ends = np.array([mean_interval(row, unit)[1:] for row in draws])
    covered = ((ends[:, 0] <= 0.9) & (0.9 <= ends[:, 1])).mean()
    assert covered == pytest.approx(0.95, abs=0.012)


@given(SHARES, st.floats(0.01, 0.99))
def test_the_level_is_where_the_interval_meets_the_line(values, line):
    for unit in ("", SHARE, POINTS, TIMES):
        found = estimate(values, unit)
        level = found.level(line)
        if 1e-6 < level < 1 - 1e-6 and found.error > 1e-9:
            low, high = found.interval(1 - level)
            assert min(abs(low - line), abs(high - line)) < 1e-6


def test_noise_of_the_other_side_widens_the_interval():
    plain, noisy = (estimate([0.1, 0.12, 0.11, 0.1], POINTS, noise=n) for n in (0.0, 0.05))
    assert noisy.value == plain.value and noisy.error == math.hypot(plain.error, 0.05)
    low, high = noisy.interval()  # nearly all of it is the known noise: a normal interval
    assert (high - low) / 2 == pytest.approx(1.96 * noisy.error, rel=0.01)


def test_what_is_missing_is_counted_and_what_is_absent_has_no_interval():
    paired = Values([0, 1, 2], [1.0, 2.0, math.nan]) - Values([0, 1, 2, 7], [0.0, 0.5, 1.0, 1.0])
    found = estimate(paired)
    assert (found.n, found.left_out, found.value) == (2, 2, 1.25)
    assert estimate([math.nan]).n == 0 and math.isnan(estimate([]).interval()[0])
    assert estimate([0.4], SHARE).interval() == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="a vector, one value per seed; got the shape"):
        estimate(np.zeros((2, 3)))


def test_power_is_the_distance_that_is_decided_four_times_in_five():
    rng, n = np.random.default_rng(1), 8
    spread = estimate(rng.normal(0, 1, 100_000)).error * math.sqrt(100_000)
    found = estimate(np.array([-1, 1] * (n // 2)) * spread * math.sqrt((n - 1) / n))
    draws = rng.normal(found.detectable(), 1, (20_000, n))
    t = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / math.sqrt(n))
    assert (t > stats.t.ppf(0.975, n - 1)).mean() == pytest.approx(0.8, abs=0.03)


def test_wilsons_interval():
    low, high = wilson(383, 400)
    assert (round(low, 4), round(high, 4)) == (0.933, 0.9733)
    assert wilson(10, 10)[1] == pytest.approx(1) and wilson(0, 10)[0] == pytest.approx(0)


def test_rank_correlation():
    assert rank_correlation([1, 2, 30], [0.1, 0.5, 0.6]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3, 4], [4, 3, 1, 2]) == pytest.approx(-0.8)
    assert np.isnan(rank_correlation([1, 2], [3, 3]))
    assert np.isnan(rank_correlation([1, np.nan, 3], [1, 2, 3]))


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-1e9, 1e9)), min_size=2, max_size=20))
def test_rank_correlation_is_spearmans(pairs):
    a, b = zip(*pairs, strict=True)
    if len(set(a)) > 1 and len(set(b)) > 1:
        wanted = stats.spearmanr(a, b).statistic
        assert rank_correlation(a, b) == pytest.approx(wanted, abs=1e-12)
