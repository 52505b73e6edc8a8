"""Label noise; threshold, dip and peak on curves made by hand."""

import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments import double_descent as study
from mnist1d.experiments.double_descent import (
    Config,
    claims,
    measured,
)
from mnist1d.experiments.rows import Record, Rows
from mnist1d.experiments.shapes import shape_of
from mnist1d.generate import make_dataset


def test_widths_are_the_published_ones():
    assert len(study.MLP_WIDTHS) == 19 and study.MLP_WIDTHS[0] == 2 and study.MLP_WIDTHS[-1] == 300
    assert len(study.CNN_WIDTHS) == 29 and study.CNN_WIDTHS[13:16] == (28, 30, 35)
    assert len(study.grid("paper")) == 2 * 19 + 29


def test_training_labels_are_redrawn_at_the_rate_and_for_each_seed():
    data = make_dataset(num_samples=4000, dtype="float32")
    noisy = [data.with_label_noise(0.15, seed=seed) for seed in range(4)]
    changed = np.array([(n.y != data.y).mean() for n in noisy])
    assert changed.mean() == pytest.approx(0.15 * 0.9, abs=4 * (0.135 * 0.865 / (4 * 3200)) ** 0.5)
    assert (noisy[0].y != noisy[1].y).any() and all(
        np.array_equal(n.y_test, data.y_test) for n in noisy
    )


def test_a_seed_does_not_hang_on_the_others_and_noise_changes_the_result():
    config = Config("mlp", 4, num_epochs=1, batch_size=50, data=DataConfig(num_samples=200))
    both, alone = study.run(config, (3, 5)), study.run(config, (5,))
    value = {(r.seed, r.metric): r.value for r in both}
    for r in alone:
        if "seconds" not in r.metric:
            np.testing.assert_array_equal(value[5, r.metric], r.value)
    clean = study.run(
        Config("mlp", 4, 0.0, num_epochs=1, batch_size=50, data=DataConfig(num_samples=200)), (5,)
    )
    losses = [next(r.value for r in rows if r.metric == "train_loss") for rows in (alone, clean)]
    assert losses[0] != losses[1]


def test_shape_of_a_curve_made_by_hand():
    widths = np.array([2, 4, 8, 16, 32, 64])
    train = np.array([0.6, 0.4, 0.2, 0.05, 0.01, 0.0])
    test = np.array([0.7, 0.5, 0.52, 0.6, 0.65, 0.4])
    shape = shape_of(widths, train, test)
    assert shape == (32, 4, 32, 0.5, 0.65, 0.4, 0.4, 0.01)
    assert np.isnan(shape_of(widths, train + 0.1, test).threshold)


def test_claims_on_rows_made_by_hand():
    test = {2: 0.7, 4: 0.5, 8: 0.52, 16: 0.6, 32: 0.65, 64: 0.4}
    records = [
        Record(
            f"{noise}{w}",
            {"model": "mlp", "width": w, "label_noise": noise},
            seed,
            metric,
            None,
            1 - error - seed * 1e-3,
        )
        for noise in (0.0, 0.15)
        for w in test
        for seed in range(4)
        for metric, error in (
            ("test_acc", test[w] - (0.1 if w == 32 and not noise else 0)),
            ("train_acc", 0.0 if w >= 32 else 0.3),
        )
    ]
    assert [c.verdict for c in claims(Rows(records))] == ["holds"] * 3
    threshold = measured(Rows(records))["MLP with noise, interpolation threshold"]
    assert dict(zip(threshold.keys, threshold, strict=True)) == dict.fromkeys(range(4), 32)
    partial = Rows(r for r in records if r.config["width"] == 2)
    assert (
        claims(partial) == []
        and measured(partial) == {}
        and list(study.figures(partial)) == ["error"]
    )


def test_settings_name_the_rule():
    with pytest.raises(UsageError, match="width must be a whole number, at least 1"):
        Config(width=0)
    with pytest.raises(UsageError, match="unknown model"):
        Config("gru")
