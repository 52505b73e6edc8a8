"""The study deep-bootstrap: its two worlds, its stopping time, and its verdicts."""

import numpy as np
import pytest

from mnist1d.experiments import deep_bootstrap as study
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat


def test_both_worlds_start_alike_and_train_on_other_signals():
    pytest.importorskip("jax", reason="training needs JAX")
    sizes = {"num_steps": 20, "num_test": 50}
    worlds = [
        {(r.metric, r.step): r.value for r in study.run(study.Config("logistic", n, **sizes), [3])}
        for n in (100, study.ENDLESS)
    ]
    (real, ideal), names = worlds, ("test_loss", "test_soft_error")
    start = [[world[name, 0] for name in names] for world in (real, ideal)]
    np.testing.assert_allclose(*start, rtol=1e-6)  # by two programs, which may round differently
    assert real["test_loss", 20] != ideal["test_loss", 20]
    assert ("train_soft_error", 20) in real and ("train_soft_error", 20) not in ideal


def test_the_soft_error_is_the_probability_of_the_wrong_classes():
    jnp = pytest.importorskip("jax.numpy", reason="training needs JAX")
    from mnist1d.learning import Model, Split
    from mnist1d.learning.evaluation import soft_errors

    model = Model(lambda key: {}, lambda params, x: x)  # signals are their own logits
    x, y = jnp.log(jnp.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]])), jnp.array([0, 2])
    found = soft_errors(model)({}, Split(x, y, x[:1], y[:1]))
    np.testing.assert_allclose(found["train_soft_error"], (0.3 + 0.75) / 2, rtol=1e-5)
    np.testing.assert_allclose(found["test_soft_error"], 0.3, rtol=1e-5)


def rows_with(gap, ideal):
    """Rows of 4 seeds: training fits at step 10, where the real world is `gap` above the ideal."""
    records = []
    for model, error in ideal.items():
        for size in (4000, study.ENDLESS):
            config, real = study.Config(model, size), size != study.ENDLESS
            for seed in range(4):
                wobble = 1e-3 * seed * (1 + real)
                curves = {"test_soft_error": (0.9, error + wobble + gap * real, 0.5 + 0.1 * real)}
                if real:
                    curves["train_soft_error"] = (0.9, 0.01, 0.0)
                records += [
                    Record(repr(config), flat(config), seed, name, step, value)
                    for name, curve in curves.items()
                    for step, value in zip((0, 10, 20), curve, strict=True)
                ]
    return Rows(records)


def test_the_gap_is_read_when_the_training_set_is_first_fitted():
    real, ideal = study.at_stop(rows_with(0.03, {"cnn": 0.1}), "cnn", 4000)
    np.testing.assert_allclose((real - ideal).array, 0.03 + 1e-3 * np.arange(4))


def test_verdicts_follow_the_rows():
    errors = {"logistic": 0.6, "mlp": 0.3, "cnn": 0.1}
    small = [c.verdict for c in study.claims(rows_with(0.001, errors))]
    assert small == [HOLDS, HOLDS, HOLDS]
    large = [c.verdict for c in study.claims(rows_with(0.05, errors))]
    assert large == [FAILS, HOLDS, HOLDS]
    worse = study.claims(rows_with(0.001, {"logistic": 0.1, "mlp": 0.1, "cnn": 0.3}))
    assert worse[-1].verdict == FAILS
