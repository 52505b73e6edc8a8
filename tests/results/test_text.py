"""Numbers as a reader sees them."""

import math

import pytest

from mnist1d.intervals import interval
from mnist1d.results.text import number, printed, with_interval


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.6439, "%", "64.4%"),
        (0.6585, "%", "65.9%"),  # 65.84999999999999 in floats
        (-0.6375, "points", "-63.8 points"),
        (-0.0004, "points", "0.0 points"),
        (-0.0006, "points", "-0.1 points"),
        (1234567.0, "", "1,234,567"),
        (0.012345, "bits", "0.0123 bits"),
        (0.979, "correlation", "0.979"),
        (math.nan, "%", "–"),
    ],
)
def test_a_number_has_the_digits_worth_reading(value, unit, text):
    assert number(value, unit) == text


def test_a_correlation_is_never_above_1():
    low, high = interval(0.979, 0.02, 7, "correlation")
    assert high == 1 and low < 0.979


def test_a_number_and_its_interval_end_at_the_same_digit():
    assert with_interval(0.2812, 0.2319, 0.3378) == "0.28 [0.23, 0.34]"
    assert with_interval(0.021, -0.002, 0.042, "points") == "2.1 points [-0.2, 4.2]"
    assert with_interval(1.7078, 1.7012, 1.7149, "nats") == "1.708 nats [1.701, 1.715]"


def test_an_interval_shows_on_which_side_of_0_it_ends():
    assert with_interval(0.021, -0.0002, 0.042, "points") == "2.10 points [-0.02, 4.20]"
    assert with_interval(-0.0018, -0.0032, -0.00004, "points") == "-0.180 points [-0.320, -0.004]"
    assert with_interval(1.2, 0.004, 2.4, "nats") == "1.200 nats [0.004, 2.400]"
    assert with_interval(0.021, 0.0, 0.042, "points") == "2.1 points [0.0, 4.2]"
    assert with_interval(0.021, 1e-9, 0.042, "points") == "2.1 points [0.0, 4.2]"


def test_accuracies_have_one_decimal_except_near_0_and_100():
    assert with_interval(0.31338, 0.31294, 0.31381, "%") == "31.3% [31.3, 31.4]"
    assert with_interval(0.99979, 0.99955, 0.99992, "%") == "99.979% [99.955, 99.992]"


def test_a_published_number_keeps_its_digits():
    assert printed(1.716, "nats") == "1.716 nats" and printed(0.94, "%") == "94.0%"
