"""The study epochs: how dip and peak are found, what is measured, and its verdicts."""

import numpy as np
import pytest

from mnist1d import DataConfig, UsageError
from mnist1d.experiments import epochs as study
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat


def test_the_peak_stands_above_what_comes_before_and_after():
    assert study.dip_and_peak(np.array([0.9, 0.4, 0.3, 0.6, 0.35, 0.38])) == (2, 3)
    assert study.dip_and_peak(np.array([0.9, 0.3, 0.5, 0.2, 0.6, 0.55])) == (1, 2)
    falling = np.array([0.9, 0.5, 0.3, 0.2])
    dip, peak = study.dip_and_peak(falling)
    assert falling[peak] < falling[dip]  # no peak: the rise is negative
    rising = np.array([0.9, 0.3, 0.25, 0.3, 0.4, 0.5])
    assert study.dip_and_peak(rising) == (2, 4)  # no peak: it rises, and does not fall again


def test_noise_within_a_seed_is_not_a_peak():
    """Dip and peak of seed 0 are those of the other seeds."""
    errors = np.array(
        [[0.5, 0.1, 0.2, 0.9, 0.2], [0.5, 0.2, 0.4, 0.3, 0.2], [0.5, 0.2, 0.4, 0.3, 0.2]]
    )
    rise, fall = study.rise_and_fall(rows_of(study.Config(), {"test_acc": 1 - errors}))
    np.testing.assert_allclose(rise.array[0], 0.1)
    np.testing.assert_allclose(fall.array[0], 0.0, atol=1e-12)


def rows_of(config, curves):
    """Rows of one trial from curves (seeds, evaluations)."""
    return Rows(
        Record(repr(config), flat(config), seed, name, 10 * step, float(value))
        for name, curve in curves.items()
        for seed, of_seed in enumerate(curve)
        for step, value in enumerate(of_seed)
    )


def all_rows(noisy, clean, ratio, loss):
    """Rows of 4 seeds that differ a little: errors of both networks, sharpness and loss."""
    wobble = 1e-3 * np.arange(4)[:, None]
    records = []
    for config in study.grid("paper"):
        if config.method == study.ADAM:
            errors = np.array(noisy if config.label_noise else clean)
            rise = np.arange(len(errors)) == errors.argmax()
            curves = {"test_acc": 1 - (errors + wobble * rise)}
        else:
            sharp = np.array(ratio) * 2 / config.learning_rate
            curves = {"sharpness": sharp * (1 + wobble), "train_loss": np.array(loss) + wobble}
        records += rows_of(config, curves)
    return Rows(records)


def test_verdicts_follow_the_rows():
    down, bump = (0.8, 0.5, 0.4, 0.35), (0.6, 0.4, 0.7, 0.45)
    there = all_rows(bump, down, (0.3, 0.8, 1.02, 1.05), (1, 0.5, 0.3, 0.1))
    claims = study.claims(there)
    assert len(claims) == 7 and [c.verdict for c in claims] == [HOLDS] * 7
    not_there = all_rows(down, bump, (1.5, 1.4, 0.5, 0.5), (0.1, 0.2, 0.3, 0.5))
    assert [c.verdict for c in study.claims(not_there)] == [FAILS] * 7


def test_sharpness_is_measured_for_gradient_descent_only():
    pytest.importorskip("jax", reason="training needs JAX")
    data = DataConfig(num_samples=60, train_split=0.5)
    found = {}
    for method in (study.ADAM, study.DESCENT):
        config = study.Config(method, width=4, num_epochs=2, data=data)
        found[method] = {(r.metric, r.step) for r in study.run(config, [0])}
    assert ("sharpness", 2) in found[study.DESCENT]
    assert not any(metric == "sharpness" for metric, _ in found[study.ADAM])


def test_wrong_settings():
    for bad in ({"method": "sgd"}, {"network": "gru"}, {"label_noise": 2.0}, {"num_epochs": 0}):
        with pytest.raises(UsageError):
            study.Config(**bad)
