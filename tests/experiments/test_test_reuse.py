"""The study test-reuse: what a leaderboard shows, and its verdicts."""

import numpy as np
import pytest

from mnist1d.experiments import test_reuse as study
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat


def test_reading_a_leaderboard():
    scores = np.array([[0.90, 0.92, 0.96, 0.91], [0.91, 0.93, 0.92, 0.90]])
    found = study.reading(scores)
    assert (found["score"], found["fresh"]) == (0.96, 0.92)
    assert found["optimism"] == pytest.approx(0.04 - 0.0075)
    assert found["regret"] == pytest.approx(0.01)
    assert found["luck"] == pytest.approx(1 - np.corrcoef(scores)[0, 1] ** 2)
    assert np.isnan(study.luck(np.array([[0.9, 0.9], [0.8, 0.9]])))


def test_configurations_differ_and_are_those_of_the_seed():
    config = study.Config(num_configurations=50, num_steps=10)
    first, again, other = (study.draws(config, seed) for seed in (0, 0, 1))
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])
    rates = first["learning_rate"]
    assert rates.shape == (50, 10) and 1e-3 <= rates[:, 0].min() < rates[:, 0].max() <= 0.03
    falling = rates[:, -1] < rates[:, 0]
    assert 10 < falling.sum() < 40 and np.ptp(rates[~falling], axis=1).max() == 0
    assert 1e-3 <= first["weight_decay"].min() < first["weight_decay"].max() <= 1


def rows_with(spread, noise):
    """Rows of 4 seeds: accuracies with a spread, and scores that differ from them by noise."""
    config, records = study.Config("mlp"), []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        fresh = 0.6 + spread * rng.normal(size=200)
        scores = np.stack([fresh + noise * rng.normal(size=200), fresh])
        records.append(Record(repr(config), flat(config), seed, "scores", None, scores))
    return Rows(records)


def test_verdicts_follow_the_rows():
    skill = study.claims(rows_with(0.05, 0.001))
    assert [c.verdict for c in skill][::2] == [HOLDS, FAILS]
    chance = study.claims(rows_with(0.005, 0.02))
    assert [c.verdict for c in chance] == [FAILS, HOLDS, HOLDS]


def test_two_accuracies_per_configuration():
    pytest.importorskip("jax", reason="training needs JAX")
    rows = study.run(study.Config("logistic", 5, 20, num_fresh=100), [1])
    scores = next(r.value for r in rows if r.metric == "scores")
    assert scores.shape == (2, 5) and len(np.unique(scores)) > 3 and (scores > 0).all()
    on_test, on_fresh = scores * np.array([[1000], [100]])
    np.testing.assert_allclose(on_test, np.rint(on_test), atol=1e-6)
    np.testing.assert_allclose(on_fresh, np.rint(on_fresh), atol=1e-6)
