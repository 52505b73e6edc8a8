"""The study scaling: its floor, and its verdicts."""

import numpy as np
import pytest

from mnist1d.experiments import scaling as study
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat


def rows_with(excess, floor=0.3):
    """Rows of 4 seeds on the grid of the paper preset: excess(parameters, signals) in nats."""
    records, rng = [], np.random.default_rng(0)
    for config in study.grid("paper"):
        size = 10.0 * config.width**2
        for seed in range(4):
            kl = excess(size, config.num_samples) * np.exp(rng.normal(0, 1e-3))
            for name, value in (("kl", kl), ("bayes_loss", floor), ("num_params", size)):
                records.append(Record(repr(config), flat(config), seed, name, None, value))
    return Rows(records)


def test_verdicts_follow_the_rows():
    clean = rows_with(lambda size, data: size**-0.5 + 30 * data**-0.5)
    assert [c.verdict for c in study.claims(clean)][::2] == [HOLDS, HOLDS]
    above_floor = rows_with(lambda size, data: 0.1 + size**-0.5 + 30 * data**-0.5)
    assert study.claims(above_floor)[0].verdict == FAILS  # the fit finds 0.4, not 0.3
    bent = rows_with(lambda size, data: np.exp(-data / 1e5))
    assert study.claims(bent)[1].verdict == FAILS
    straight = rows_with(lambda size, data: 30 * data**-0.5)
    assert study.claims(straight)[1].verdict == HOLDS
    slow = rows_with(lambda size, data: size**-0.2 + 3e4 * data**-1.0)
    assert study.claims(slow)[2].verdict == FAILS


def test_the_excess_is_above_the_entropy_of_the_exact_posterior():
    pytest.importorskip("jax", reason="training needs JAX")
    rows = study.run(study.Config(2, 200, 40), [0, 1])
    found = {(r.seed, r.metric): r.value for r in rows}
    assert found[0, "bayes_loss"] == found[1, "bayes_loss"] > 0.05
    assert found[0, "kl"] != found[1, "kl"] and min(found[0, "kl"], found[1, "kl"]) > 0.5
