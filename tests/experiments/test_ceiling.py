"""The study ceiling: the ideal observer beside the models, the sweep over the knobs, verdicts."""

import numpy as np
import pytest

from mnist1d import DataConfig, UsageError
from mnist1d.experiments import ceiling
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.learning import MODELS, models_of
from mnist1d.runs import flat


def records(config, seeds, **metrics):
    return [
        Record(repr(config), flat(config), s, name, None, float(v))
        for name, values in metrics.items()
        for s, v in zip(seeds, values, strict=True)
    ]


def test_the_paper_preset_turns_every_knob_ten_times():
    trials = ceiling.grid("paper")
    for knob, values in ceiling.KNOBS.items():
        assert len(values) == 10 and getattr(DataConfig(), knob) not in values
        turned = [t for t in trials if t.knob == knob]
        assert {t.what for t in turned} == {"observer", "mlp", "cnn"} and len(turned) == 30
        assert {getattr(t.data, knob) for t in turned} == set(values)
        assert all(
            t.data.replace(**{knob: getattr(DataConfig(), knob)}) == DataConfig() for t in turned
        )
    assert {t.what for t in trials if not t.knob} == {"observer", *MODELS}
    early = {"observer", *models_of("quick")}
    assert {(t.what, t.knob) for t in ceiling.grid("quick")} == {
        (t.what, t.knob) for t in trials if t.what in early and t.knob in ("", *ceiling.QUICK)
    }


def test_a_knob_is_read_in_order_with_the_default_in_it():
    rows = []
    for value, acc in ((0.25, 0.9), (1.0, 0.5), (0.1, 0.95)):
        knob = "" if value == 0.25 else "corr_noise_scale"
        rows += records(
            ceiling.Config(what="cnn", knob=knob, data=DataConfig(corr_noise_scale=value)),
            (0, 1),
            test_acc=[acc, acc + 0.01],
        )
    found = ceiling.turned(Rows(rows), "cnn", "corr_noise_scale")
    assert list(found) == [0.1, 0.25, 1.0]
    np.testing.assert_allclose(found[0.1], [0.95, 0.96])
    assert not ceiling.turned(Rows(rows), "mlp", "corr_noise_scale")


def test_verdicts_follow_the_rows():
    def verdicts(cnn_far):
        seeds = (0, 1, 2, 3)
        ideal = {"expected_acc": [0.999, 0.9995, 0.9999, 0.9992], "test_acc": [0.999] * 4}
        rows = records(ceiling.Config(), seeds, **ideal)
        right = np.arange(1000) % 500 != 0  # the observer on the signals of seed 0
        array = np.stack([right, right, np.ones(1000)]).astype(np.uint8)
        first = rows[0]
        rows.append(Record(first.trial, first.config, 0, "predictions", None, array))
        rows += records(
            ceiling.Config(what="cnn"),
            seeds,
            test_acc=[0.93, 0.931, 0.932, 0.931],
            confidence=[0.97, 0.971, 0.97, 0.972],
        )
        noisy = {"knob": "corr_noise_scale", "data": DataConfig(corr_noise_scale=4.0)}
        rows += records(ceiling.Config(**noisy), seeds, expected_acc=[0.95, 0.951, 0.952, 0.951])
        rows += records(
            ceiling.Config(what="cnn", **noisy),
            seeds,
            test_acc=[cnn_far, cnn_far + 0.001, cnn_far, cnn_far + 0.001],
        )
        return {c.text: c.verdict for c in ceiling.claims(Rows(rows))}

    found = verdicts(0.4)
    assert set(found.values()) == {HOLDS} and len(found) == 5
    assert verdicts(0.92)["correlated noise costs the CNN more accuracy than the observer"] == FAILS


def test_wrong_settings():
    for bad in ({"what": "human"}, {"knob": "seed"}, {"num_signals": 1}):
        with pytest.raises(UsageError):
            ceiling.Config(**bad)
