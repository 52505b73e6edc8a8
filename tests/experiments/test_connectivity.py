"""The study connectivity: barriers, matching tickets, and its verdicts."""

import numpy as np
import pytest

from mnist1d import UsageError
from mnist1d.experiments import connectivity as study
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat

SPARSITY = (0.0, 0.5, 0.9, 0.95)


def rows_with(acc, barrier):
    """Rows of 4 seeds that differ a little; acc, barrier: {step: value per round}."""
    records = []
    for step in acc:
        config = study.Config(step, num_rounds=4)
        for seed in range(4):
            for name, of in (
                ("sparsity", SPARSITY),
                ("test_acc", acc[step]),
                ("barrier", barrier[step]),
            ):
                wobble = 1e-3 * seed * step * (name != "sparsity")
                records += [
                    Record(repr(config), flat(config), seed, name, at, value * (1 + 1e-4 * wobble))
                    for at, value in enumerate(of)
                ]
    return Rows(records)


def test_the_highest_matching_sparsity():
    rows = rows_with(
        {0: (0.6, 0.7, 0.59, 0.5), 15: (0.6, 0.5, 0.6, 0.5)}, {0: [0] * 4, 15: [0] * 4}
    )
    found = study.tickets_of(rows)
    np.testing.assert_allclose(found[0].matching.array, 0.5)
    np.testing.assert_allclose(found[15].matching.array, 0.9)


def test_verdicts_follow_the_rows():
    worse, better = (0.6, 0.5, 0.4, 0.3), (0.6, 0.65, 0.62, 0.5)
    middle = (0.6, 0.6, 0.5, 0.4)
    apart, near, between = [0.1] * 4, [0.0] * 4, [0.05] * 4
    steps = {0: (worse, apart), 60: (middle, between), 300: (better, near)}
    rows = rows_with({k: a for k, (a, _) in steps.items()}, {k: b for k, (_, b) in steps.items()})
    np.testing.assert_allclose(study.agreement(study.tickets_of(rows)).array, 1)
    assert [c.verdict for c in study.claims(rows)] == [HOLDS] * 5
    other = {0: (better, near), 60: (middle, between), 300: (worse, apart)}
    rows = rows_with({k: a for k, (a, _) in other.items()}, {k: b for k, (_, b) in other.items()})
    # the barrier predicts the error in this order of the steps too
    assert [c.verdict for c in study.claims(rows)] == [FAILS] * 4 + [HOLDS]


def test_copies_share_their_start_and_tickets_their_density():
    pytest.importorskip("jax", reason="training needs JAX")
    config = study.Config(3, hidden=8, num_rounds=3, num_steps=9, kept=0.5)
    rows = study.run(config, [0])
    found = {(r.metric, r.step): r.value for r in rows}
    assert [found["sparsity", i] for i in range(3)] == pytest.approx([0, 0.5, 0.75], abs=0.01)
    assert all(found["barrier", i] >= 0 for i in range(3))
    predictions = next(r.value for r in rows if r.metric == "predictions")
    assert predictions.shape == (3, 3, 1000)
    short = study.Config(8, hidden=8, num_rounds=1, num_steps=9)  # one step apart
    (barrier,) = (r.value for r in study.run(short, [0]) if r.metric == "barrier")
    assert barrier < 0.05


def test_wrong_settings():
    for bad in ({"rewind_step": 1500}, {"kept": 0.0}, {"kept": 1.0}, {"num_rounds": 0}):
        with pytest.raises(UsageError):
            study.Config(**bad)
