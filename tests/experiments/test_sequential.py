"""Looks at growing data: the levels add up, and simulated studies decide wrongly no more often than
they may."""

import numpy as np
import pytest
from scipy import stats

from mnist1d.errors import UsageError
from mnist1d.experiments.sequential import LOOKS, level_at, levels, looks_up_to, spent

STUDIES = 20_000


def decisions(effect, looks=LOOKS, seed=0):
    """The share of simulated studies that decide by the last look, and that decide upward."""
    values = np.random.default_rng(seed).normal(effect, 1, (STUDIES, looks[-1]))
    open_, upward = np.ones(STUDIES, bool), np.zeros(STUDIES, bool)
    for look, level in zip(looks, levels(looks), strict=True):
        seen = values[:, :look]
        t = seen.mean(axis=1) / (seen.std(axis=1, ddof=1) / look**0.5)
        decides = open_ & (np.abs(t) > stats.t.isf(level / 2, look - 1))
        upward |= decides & (t > 0)
        open_ &= ~decides
    return 1 - open_.mean(), upward.mean()


@pytest.mark.parametrize("looks", [LOOKS, (4, 8, 16), (4, 8, 16, 32, 64)])
def test_at_most_five_percent_of_null_studies_decide(looks):
    wrong, upward = decisions(0.0, looks)
    assert 0.03 < wrong <= 0.05 and upward == pytest.approx(wrong / 2, abs=0.005)


def test_an_effect_of_one_standard_deviation_is_decided():
    decided, upward = decisions(1.0)
    assert decided >= 0.9 and upward >= 0.9


def test_five_percent_at_every_look_would_decide_too_often():
    """What the levels are for: the same simulation without them."""
    values = np.random.default_rng(0).normal(0, 1, (STUDIES, 32))
    wrong = np.zeros(STUDIES, bool)
    for look in LOOKS:
        seen = values[:, :look]
        t = seen.mean(axis=1) / (seen.std(axis=1, ddof=1) / look**0.5)
        wrong |= np.abs(t) > stats.t.isf(0.025, look - 1)
    assert wrong.mean() > 0.1


def test_levels_add_up_to_alpha_and_grow():
    for alpha in (0.05, 0.01):
        found = levels(LOOKS, alpha)
        assert sum(found) == pytest.approx(alpha) and list(found) == sorted(found)
        assert found[0] < 1e-6  # next to nothing after 4 of 32 seeds
    assert levels((8,)) == pytest.approx((0.05,)) and spent(1.0) == pytest.approx(0.05)


def test_the_level_of_a_look_is_that_of_the_seeds_it_has():
    found = levels(LOOKS)
    assert [level_at(n, LOOKS) for n in (3, 4, 8, 9, 31, 32, 40)] == [
        found[i] for i in (0, 0, 1, 1, 2, 3, 3)
    ]


@pytest.mark.parametrize(
    ("most", "looks"),
    [(32, LOOKS), (20, (4, 8, 16, 20)), (4, (4,)), (100, (4, 8, 16, 32, 64, 100))],
)
def test_looks_end_at_the_most_seeds(most, looks):
    assert looks_up_to(most) == looks


def test_fewer_seeds_than_the_first_look():
    with pytest.raises(UsageError, match="max_seeds must be at least 4, the first look, got 3"):
        looks_up_to(3)
