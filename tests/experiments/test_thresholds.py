"""Thresholds: definitions on hand-made curves, claims on hand-made rows."""

import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments.rows import Record, Rows
from mnist1d.experiments.thresholds import Config, claims, growth, run, threshold
from mnist1d.learning import num_params
from mnist1d.learning.narrow import plain_mlp


def test_threshold_on_hand_made_curves():
    numbers = np.array([10, 100, 1000])
    assert threshold(numbers, np.array([1.0, 0.1, 0.001]), 0.1) == pytest.approx(100)
    assert threshold(numbers, np.array([1.0, 0.1, 0.001]), 0.01) == pytest.approx(
        100 * 10**0.5
    )  # halfway in both logarithms
    assert threshold(numbers, np.array([0.05, 0.01, 0.0]), 0.1) == 10
    assert np.isnan(threshold(numbers, np.array([1.0, 0.9, 0.8]), 0.1))
    assert 100 < threshold(numbers, np.array([1.0, 0.9, 0.0]), 0.1) < 1000


def test_chance_is_the_loss_of_the_best_constant_answer():
    labels = np.eye(4)
    constant = np.full((4, 4), 0.25)
    assert Config(loss="mse", num_classes=4).chance == pytest.approx(
        np.square(constant - labels).sum(axis=1).mean()
    )
    assert Config(loss="cross_entropy", num_classes=4).chance == pytest.approx(
        -np.log(constant[labels == 1]).mean()
    )


def made(of_mse, of_nll, peak=1.1):
    return Rows(
        Record(
            f"{loss} {k}",
            {"loss": loss, "num_classes": k, "num_train": 1000},
            seed,
            metric,
            None,
            value * (1 + 0.01 * seed) * factor,
        )
        for loss, of in (("mse", of_mse), ("cross_entropy", of_nll))
        for k in (2, 5, 10)
        for seed, value in enumerate([of(k)] * 4)
        for metric, factor in (("threshold", 1), ("peak", peak))
    )


def test_growth_and_claims_on_hand_made_rows():
    rows = made(lambda k: 300 * k, lambda k: 800)
    slope, exponent = growth(rows, "mse")
    np.testing.assert_allclose(slope, [300, 303, 306, 309])
    np.testing.assert_allclose(exponent, 1)
    assert [claim.verdict for claim in claims(rows)] == ["holds"] * 5
    other = claims(made(lambda k: 300 * k, lambda k: 90 * k, peak=8))
    assert [claim.verdict for claim in other] == [
        "holds",
        "does not hold",
        "holds",
        "does not hold",
        "does not hold",
    ]


def test_run_gives_a_row_for_every_width_and_a_seed_does_not_depend_on_the_others():
    from mnist1d.config import DataConfig

    config = Config(
        num_classes=2,
        num_train=60,
        num_steps=10,
        batch_size=20,
        widest=6,
        num_widths=3,
        data=DataConfig(num_samples=800),
    )
    both, alone = run(config, (0, 1)), run(config, (1,))
    assert {row.step for row in both if row.metric == "train_loss"} == {
        num_params(plain_mlp(width, num_outputs=2)) for width in config.widths.tolist()
    }
    values = [
        {(r.metric, r.step): r.value for r in rows if r.seed == 1 and "seconds" not in r.metric}
        for rows in (both, alone)
    ]
    assert values[0].keys() == values[1].keys()
    for name in values[0]:
        np.testing.assert_allclose(values[0][name], values[1][name], rtol=1e-5, equal_nan=True)


def test_settings_are_checked():
    with pytest.raises(UsageError, match="num_classes must be a whole number, at least 2, got 1"):
        Config(num_classes=1)
    with pytest.raises(UsageError, match="needs more signals"):
        run(Config(num_train=100_000), (0,))
