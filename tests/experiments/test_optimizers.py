"""The study optimizers: what is chosen, by what, and its verdicts."""

import numpy as np
import pytest

from mnist1d import UsageError
from mnist1d.experiments import optimizers as study
from mnist1d.experiments.claims import FAILS, HOLDS, UNDECIDED
from mnist1d.experiments.judging import judge
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat


def rows_with(fresh, validation=(0.5, 0.9, 0.9), optimizers=("adam", "sgd")):
    """Rows of 4 seeds: accuracies at three learning rates, those on fresh signals per optimizer."""
    records = []
    for name in optimizers:
        config = study.Config(name, num_rates=3)
        for seed in range(4):
            curves = {"learning_rate": config.rates}
            for schedule in study.SCHEDULES:
                better = 0.01 * (schedule == "cosine")
                curves[f"{schedule} validation_acc"] = np.add(validation, better)
                curves[f"{schedule} fresh_acc"] = np.add(fresh[name], 1e-3 * seed) + better
            records += [
                Record(repr(config), flat(config), seed, metric, step, float(value))
                for metric, curve in curves.items()
                for step, value in enumerate(curve)
            ]
    return Rows(records)


def test_the_choice_is_made_by_validation_alone():
    """The lower of two equally good rates and cosine win, whatever the fresh signals say."""
    for of_fresh in ((0.1, 0.2, 0.3), (0.3, 0.2, 0.1), (0.9, 0.2, 0.9)):
        trial = rows_with({"adam": of_fresh}, optimizers=("adam",))
        assert study.choices(trial) == {seed: ("cosine", 1) for seed in range(4)}
        wanted = 0.21 + 1e-3 * np.arange(4)
        np.testing.assert_allclose(study.tuned_acc(trial).array, wanted)


def test_validation_and_fresh_signals_are_not_trained_on():
    pytest.importorskip("jax", reason="training needs JAX")
    config = study.Config(
        "sgd", 0.03, 2, "logistic", num_steps=30, num_fresh=300, num_validation=3900
    )
    found = {(r.metric, r.step): r.value for r in study.run(config, [0])}
    assert found["learning_rate", 1] == pytest.approx(0.03 * 10**0.5)
    on_both = [found[f"constant {part}_acc", 1] for part in ("validation", "fresh")]
    # 100 training signals: the network knows neither part, and is as good on both
    assert abs(on_both[0] - on_both[1]) < 0.1 and max(on_both) < 0.5


def test_verdicts_follow_the_rows():
    fresh = {"adam": (0.1, 0.9, 0.1), "sgd": (0.1, 0.8, 0.1)}
    assert [c.verdict for c in study.claims(rows_with(fresh))] == [HOLDS]
    exchanged = {"adam": fresh["sgd"], "sgd": fresh["adam"]}
    assert [c.verdict for c in study.claims(rows_with(exchanged))] == [FAILS]


def test_pairs_are_all_compared_and_corrected():
    rng = np.random.default_rng(0)
    fresh = {name: rng.normal(0.9, 1e-9, 3) for name in study.LOWEST}
    claims = study.claims(rows_with(fresh, optimizers=tuple(fresh)))
    assert len(claims) == 10 and len({c.text for c in claims}) == 10
    assert all(c.adjusted in (HOLDS, FAILS, UNDECIDED) for c in judge(claims))


def test_wrong_settings():
    for bad in (
        {"optimizer": "lion"},
        {"num_validation": 3950},
        {"num_rates": 0},
        {"lowest_rate": 0.0},
    ):
        with pytest.raises(UsageError):
            study.Config(**bad)
