"""The study distillation: what its students are given, and its verdicts."""

import numpy as np
import pytest

from mnist1d import UsageError
from mnist1d.experiments import distillation as study
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat


def test_both_students_see_the_same_signals_and_posteriors_are_exact():
    pytest.importorskip("jax", reason="training needs JAX")
    sizes = {"num_train": 60, "num_test": 30, "model": "logistic"}
    hard, soft = (study.splits_of(study.Config(k, **sizes), [2], 1) for k in study.LABELS)
    (on_labels,), (on_posteriors,) = hard[0], soft[0]
    np.testing.assert_array_equal(on_labels.x, on_posteriors.x)
    assert on_labels.y.shape == (60,) and on_posteriors.y.shape == (60, 10)
    np.testing.assert_allclose(on_posteriors.y.sum(axis=1), 1, rtol=1e-5)
    right = np.take_along_axis(on_posteriors.y, np.asarray(on_labels.y)[:, None], 1)[:, 0]
    confidence = np.asarray(on_posteriors.y).max(axis=1)
    assert 0.5 < confidence.mean() < 0.98  # labels are in doubt ...
    assert abs(right.mean() - np.square(on_posteriors.y).sum(axis=1).mean()) < 0.15  # ... as much
    assert soft[1].shape == (30, 10)
    (other,), _ = study.splits_of(study.Config("hard", **sizes), [2], 0)
    assert not np.array_equal(other.x, on_labels.x)
    np.testing.assert_array_equal(other.y_test, on_labels.y_test)


def rows_with(acc, **changes):
    """Rows of 4 seeds: acc of labels by size, and by how much posteriors change each metric."""
    records = []
    for size, of_labels in acc.items():
        for labels in study.LABELS:
            config, soft = study.Config(labels, size), labels == "soft"
            base = {"test_acc": of_labels, "calibration_error": 0.3, "variance": 0.4}
            for seed in range(4):
                for name, value in base.items():
                    value += 1e-3 * seed * (1 + soft) + changes.get(name, 0) * soft
                    records.append(Record(repr(config), flat(config), seed, name, None, value))
    return Rows(records)


ACC = {125: 0.2, 250: 0.3, 500: 0.4, 1000: 0.5, 2000: 0.6}


def test_verdicts_follow_the_rows():
    helps = rows_with(ACC, test_acc=0.05, variance=-0.1, calibration_error=-0.1)
    assert [c.verdict for c in study.claims(helps)] == [HOLDS] * 4
    harms = rows_with(ACC, test_acc=-0.05, variance=0.1, calibration_error=0.1)
    assert [c.verdict for c in study.claims(harms)] == [FAILS] * 4


def test_the_worth_of_a_posterior_in_labels():
    """Half way between the accuracies of 500 and 1,000 labels lie 707."""
    factor = study.data_factor(rows_with(ACC, test_acc=0.05), 500)
    assert len(factor) == 4
    np.testing.assert_allclose(factor.array, 2**0.5, rtol=0.03)
    most = study.data_factor(rows_with(ACC, test_acc=0.9), 500).array
    np.testing.assert_allclose(most, 4)


def test_wrong_settings():
    for bad in ({"labels": "smooth"}, {"num_train": 10}, {"num_train": 4001}, {"model": "svm"}):
        with pytest.raises(UsageError):
            study.Config(**bad)
