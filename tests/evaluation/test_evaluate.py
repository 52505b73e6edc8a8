"""Anybody's model in the table: seeds, failures, data, tests, Ctrl-C, and wrong arguments."""

import json
import math

import numpy as np
import pytest

import mnist1d
from mnist1d import DataConfig
from mnist1d.errors import Mnist1dError, ReusedTestWarning, UsageError
from mnist1d.evaluation import evaluate as module
from mnist1d.evaluation.evaluate import Interrupted
from mnist1d.evaluation.table import measured
from tests.evaluation.models import Stub

pytestmark = pytest.mark.usefixtures("no_observer")


def run(model, seeds=2, **options):
    return mnist1d.evaluate(model, seeds, **{"shuffled": False, "num_steps": 30, **options})


def test_import_stays_light_and_unknown_names_are_refused():
    assert "evaluate" in mnist1d.__all__ and mnist1d.evaluate is module.evaluate
    with pytest.raises(AttributeError, match="has no attribute 'evaluated'"):
        _ = mnist1d.evaluated


def test_a_classifier_lands_in_the_table():
    pytest.importorskip("sklearn")
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
    found = mnist1d.evaluate(model, 2, name="kNN")
    assert found.acc()[0] == found.acc()[1] == pytest.approx(0.556, abs=0.02)
    others = sorted((line.acc["frozen"][0], line.name) for line in measured())
    above = next(name for acc, name in others if acc > found.acc()[0])
    assert found.place.startswith(f"between logistic (31.3%) and {above} (")
    header, lines = found.table()
    order = [name for _, name in others[::-1]]
    assert {"human", "CNN", "GRU", "MLP"} <= set(order) and order[-1] == "logistic"
    assert [line[1] for line in lines] == [*order[:-1], "kNN", "logistic"]
    assert [line[0] for line in lines] == [*[""] * (len(order) - 1), "*", ""]
    assert header[3] == "test accuracy, % [95% CI]" and lines[-1][3] == "31.3 [31.3, 31.4]"
    assert all(len(line) == len(header) for line in lines)
    for part in ("kNN", "frozen, positions shuffled, 1,000 signals", "95% CI over 2 of 2 seeds"):
        assert part in repr(found)


def test_a_failing_seed_is_recorded_and_the_others_count():
    told = []
    found = mnist1d.evaluate(Stub(fails=(1,)), 3, name="stub", progress=told.append)
    assert len(told) == 6 and [r.seed for r in found.ok()] == [0, 2] and len(found.failed) == 2
    assert "in fit" in found.failed[0].error
    assert found.failed[0].error.endswith("RuntimeError: no luck with 1\n")
    assert "2 of 3 seeds" in repr(found)
    assert "failed: seed 1, shuffled: RuntimeError: no luck with 1" in repr(found)
    summary = found.to_dict()["tests"]["frozen"]["plain"]
    assert (summary["ok"], summary["failed"]) == (2, 1)
    assert [summary["acc"], summary["low"]] == pytest.approx([found.acc().mean()] * 2)


def test_all_seeds_failing_is_an_error_with_the_reason():
    message = "stub: all 2 seeds failed; the first: RuntimeError: no luck with 0"
    with pytest.raises(Mnist1dError, match=message):
        run(Stub(fails=(0, 1)), name="stub")


def test_ctrl_c_keeps_the_seeds_that_ended():
    class Slow(Stub):
        def fit(self, x, y):
            if self.seed == 2:
                raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run(Slow(), 5)
    assert [r.seed for r in caught.value.evaluation.runs] == [0, 1]
    assert caught.value.evaluation.acc() == pytest.approx([0.1, 0.1], abs=0.02)
    with pytest.raises(KeyboardInterrupt) as bare:  # nothing had ended: nothing to keep
        run(Slow(), [2, 3])
    assert not isinstance(bare.value, Interrupted)


def test_json_holds_everything_and_is_strict():
    document = json.loads(json.dumps(run(Stub(), 1).to_dict(), allow_nan=False))
    plain = document["tests"]["frozen"]["plain"]
    assert plain["acc"] == pytest.approx(0.1, abs=0.02) and plain["low"] is None
    assert document["place"] == "below logistic (31.3%)"
    assert document["runs"][0]["tests"]["frozen"]["excess_bits"] == pytest.approx(0, abs=1e-9)


def test_figure_shows_every_row_and_the_model_in_bold():
    pytest.importorskip("matplotlib")
    found = run(Stub(), 3, name="mine", shuffled=True)
    (ax,) = found.figure().axes
    labels = ax.get_yticklabels()
    names = [label.get_text() for label in labels]
    others = sorted(measured(), key=lambda line: line.acc["frozen"][0])
    assert names == ["mine", *(line.name for line in others)]
    assert [label.get_fontweight() for label in labels].index("bold") == 0
    assert "95.8" in {text.get_text() for text in ax.texts}


# ------------------------------------------------------------------ the data and the tests


def recorder(seen):
    def train(model, x, y, seed):
        seen.append((x.copy(), y.copy(), seed))

    return train


def test_own_training_sees_copies_of_the_training_signals_only():
    seen = []
    run(Stub(), train=recorder(seen))
    assert [(x.shape, y.shape, seed) for x, y, seed in seen] == [
        ((4000, 40), (4000,), 0),
        ((4000, 40), (4000,), 1),
    ]

    def spoil(model, x, y, seed):
        x[:], y[:] = 0, 0

    run(Stub(), train=spoil)
    assert run(Stub(), 1, train=recorder(seen)) and seen[-1][0].any()


def test_data_as_knobs_config_or_data_set():
    config = DataConfig(num_samples=200, final_seq_length=20)
    by_knobs = {"num_samples": 200, "final_seq_length": 20}
    noisy = mnist1d.make_dataset(config, dtype="float32").with_label_noise(0.5)
    for data, shape in ((config, (160, 20)), (by_knobs, (160, 20)), (noisy, (160, 20))):
        seen = []
        found = mnist1d.evaluate(Stub(), 1, data=data, train=recorder(seen))
        assert [x.shape for x, _, _ in seen] == [shape, shape]
        plain, shuffled = (np.sort(x, axis=1) for x, _, _ in seen)
        np.testing.assert_allclose(plain, shuffled, atol=1e-6)  # the same signals, permuted
        assert not np.array_equal(seen[0][0], seen[1][0])
        assert found.configs["frozen"].data == config and not found.is_ranked
        assert bool(found.configs["frozen"].data_sha256) == (data is noisy)
        assert "place" not in repr(found) and found.to_dict()["place"] is None
        with pytest.raises(UsageError, match="the table holds models trained on the frozen set"):
            found.table()
    np.testing.assert_array_equal(seen[0][1], noisy.y)


def test_validation_holds_out_training_signals_and_looks_at_no_test():
    seen, answered = [], []

    class Watched(Stub):
        def predict(self, x):
            answered.append(x)
            return super().predict(x)

    found = run(Watched(), 1, validation=500, train=recorder(seen))
    data = mnist1d.load_dataset().split(500)
    np.testing.assert_array_equal(seen[0][0], data.x)
    assert len(answered) == 1
    np.testing.assert_array_equal(answered[0], data.x_val)
    assert found.tests == ["validation"] and found.configs["validation"].num_test == 500
    assert not found.is_ranked
    with pytest.raises(UsageError, match="choose settings with the first, then test once"):
        run(Stub(), validation=500, test="fresh")


def test_a_second_look_at_a_test_with_other_settings_warns():
    look = lambda **options: run(Stub(), 1, shuffled=False, **options)  # noqa: E731
    look()
    look()  # the same again is no choice
    look(validation=500, num_steps=7)
    look(data={"seed": 1}, num_steps=7)  # other signals
    with pytest.warns(ReusedTestWarning, match="Stub .* frozen test with 2 different settings"):
        look(num_steps=7)
    look(num_steps=7)
    with pytest.warns(ReusedTestWarning, match="with 3 different .* validation=500, and test once"):
        look(learning_rate=0.1)


def test_fresh_test_beside_the_frozen_one():
    found = run(Stub(), 1, test="both", num_fresh=1000)
    assert found.tests == ["frozen", "fresh"] and found.configs["fresh"].num_test == 1000
    ceiling = found.ceilings["fresh"]
    assert ceiling.n == 1000 and 0.99 < ceiling.acc <= 1 and 0.99 < ceiling.expected_acc <= 1
    (score,) = found.scores("fresh")
    assert score.acc == 0.1  # classes come equally often
    assert score.excess_bits == pytest.approx(math.log2(10), abs=0.02)
    assert score.avoidable == pytest.approx(ceiling.expected_acc - 0.1, abs=0.01)
    assert "ideal observer on the same signals" in repr(found)


def test_fresh_signals_at_shuffled_positions_and_of_own_templates():
    data = mnist1d.make_dataset(num_samples=300, dtype="float32").subset([7, 3], relabel=True)
    answered = []

    class Watched(Stub):
        def predict(self, x):
            answered.append(x)
            return np.zeros(len(x), int)

        def predict_proba(self, x):
            return np.full((len(x), 2), 0.5)

    found = mnist1d.evaluate(Watched(), 1, data=data, test="fresh", num_fresh=40)
    plain, shuffled = answered
    order = data.shuffled(seed=0).positions
    np.testing.assert_array_equal(shuffled, plain[:, order])
    assert found.acc() == [0.5] and found.ceilings["fresh"].acc > 0.9
    assert found.scores("fresh")[0].excess_bits == found.scores("fresh", True)[0].excess_bits


def test_settings_without_a_density_have_no_ceiling(monkeypatch):
    monkeypatch.undo()  # the real observer
    data = {"iid_noise_scale": 0.0, "corr_noise_scale": 0.0, "num_samples": 100}
    found = run(Stub(), 1, data=data, test="both", num_fresh=100)
    assert not found.ceilings and set(found.reasons) == {"frozen", "fresh"}
    assert found.excess_bits is None and found.scores("fresh")[0].loss_bits is not None
    assert "no ceiling, accuracy only: no ideal observer exists" in repr(found)
    json.dumps(found.to_dict(), allow_nan=False)


# ------------------------------------------------------------------ what is stored


def test_rows_by_test_and_positions():
    found = mnist1d.evaluate(Stub(fails=(1,)), 2, test="both", num_fresh=100, name="m")
    parts = list(found.rows())
    assert [(c.test, c.num_test, c.data.shuffle_seq) for c, _, _ in parts] == [
        ("frozen", 0, False),
        ("frozen", 0, True),
        ("fresh", 100, False),
        ("fresh", 100, True),
    ]
    for config, rows, failed in parts:
        assert config.model == "m" and [run.seed for run in failed] == [1]
        values = {row.metric: row.value for row in rows}
        assert set(values) >= {"test_acc", "excess_bits", "seconds", "answers", "confidence"}
        assert len(values["answers"]) == (config.num_test or 1000)


# ------------------------------------------------------------------ wrong arguments


@pytest.mark.parametrize(
    "seeds", [0, -1, [], [1, 1], [0.5], [-1], True, "12", None, 10**300, [True], {}]
)
def test_seeds_are_checked(seeds):
    with pytest.raises(UsageError, match="must be a number of seeds, 1 to 100000, or distinct"):
        run(Stub(), seeds)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"num_steps": 0}, "num_steps"),
        ({"num_steps": "5"}, "num_steps"),
        ({"num_steps": 10**300}, "num_steps must be a whole number, at most"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"learning_rate": 10**400}, "learning_rate"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"optimizer": "adma"}, "did you mean 'adam'"),
        ({"optimizer": None}, "optimizer"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"weight_decay": -1}, "weight_decay must be a number, at least 0"),
        ({"train": 3}, "train must be a function"),
        ({"progress": 3}, "progress must be a function"),
        ({"test": "forzen"}, "did you mean 'frozen'"),
        ({"test": None}, "test must be one of frozen, fresh, both"),
        ({"shuffled": "no"}, "shuffled must be True or False"),
        ({"name": ""}, "name must be a string"),
        ({"name": 3}, "name must be a string"),
        ({"data": 3}, "data must be None"),
        ({"data": {"sede": 3}}, "did you mean 'seed'"),
        ({"validation": 0}, "validation must leave signals on both sides"),
        ({"validation": "x"}, "validation must leave signals on both sides"),
        ({"test": "fresh", "num_fresh": 0}, "fresh test signals must be a whole number"),
        ({"test": "fresh", "num_fresh": 10**9}, "at most 1,000,000"),
    ],
)
def test_settings_are_checked_before_the_first_seed(settings, rule):
    def never(*_):
        raise AssertionError("a model was trained")

    with pytest.raises(UsageError, match=rule):
        mnist1d.evaluate(Stub(), 1, **{"train": never, **settings})


def test_data_that_fresh_signals_cannot_match():
    data = mnist1d.make_dataset(num_samples=100, dtype="float32")
    for wrong, rule in (
        (data.subset([1, 2]), r"relabel=True"),
        (data.replace(config=None), "its config is None"),
    ):
        with pytest.raises(UsageError, match=rule):
            run(Stub(), data=wrong, test="fresh", num_fresh=10)
