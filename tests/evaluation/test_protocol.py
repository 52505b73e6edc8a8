"""Anybody's model in the table: each kind of model, failures, and what comes out."""

import json
import math

import numpy as np
import pytest

import mnist1d
from mnist1d.errors import Mnist1dError, UsageError
from mnist1d.evaluation import protocol as evaluation
from mnist1d.evaluation.protocol import Config, Evaluation, Run, bits_lost
from mnist1d.evaluation.trainers import check_probabilities
from mnist1d.experiments.benchmark import interval_of, reference


@pytest.fixture(autouse=True, scope="module")
def no_wait_for_the_observer():
    """A stand-in for the exact probabilities, so that these tests do not run the observer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_exact", lambda: np.full((1000, 10), 0.1))
        yield


class Stub:
    """An estimator that answers what it is told to."""

    def __init__(self, answer=None, fails=()):
        self.answer, self.fails = answer, fails

    def get_params(self, deep=True):
        return {"answer": self.answer, "fails": self.fails, "random_state": None}

    def set_params(self, random_state):
        self.seed = random_state
        return self

    def __sklearn_clone__(self):
        return Stub(self.answer, self.fails)

    def fit(self, x, y):
        if self.seed in self.fails:
            raise RuntimeError(f"no luck with {self.seed}")

    def predict(self, x):
        return np.full(len(x), 3)

    def predict_proba(self, x):
        if self.answer is None:
            return np.full((len(x), 10), 0.1)
        return self.answer(x)


def evaluated(model, seeds=2, **options):
    return mnist1d.evaluate(model, seeds, **{"shuffled": False, "num_steps": 30, **options})


def test_import_stays_light_and_unknown_names_are_refused():
    assert "evaluate" in mnist1d.__all__ and mnist1d.evaluate is evaluation.evaluate
    with pytest.raises(AttributeError, match="has no attribute 'evaluated'"):
        _ = mnist1d.evaluated


def test_estimators_land_in_the_table():
    pytest.importorskip("sklearn")
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = mnist1d.evaluate(
        make_pipeline(StandardScaler(), KNeighborsClassifier(5)), 2, name="kNN"
    )
    assert found.acc()[0] == found.acc()[1] == pytest.approx(0.556, abs=0.02)
    assert [row["name"] for row in found.neighbours] == ["logistic", "MLP"]
    assert (
        "kNN" in repr(found)
        and "between logistic" in repr(found)
        and "nothing was selected on the test set" in repr(found)
    )
    header, lines = found.table()
    assert [line[1] for line in lines] == ["human", "CNN", "GRU", "MLP", "kNN", "logistic"]
    assert [line[0] for line in lines] == ["", "", "", "", "*", ""] and all(
        len(line) == len(header) for line in lines
    )


def test_each_seed_grows_another_forest_and_the_same_again():
    pytest.importorskip("sklearn")
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(5)
    first, second = evaluated(model), evaluated(model, [1])
    assert first.acc()[0] != first.acc()[1] == second.acc()[0]
    assert not hasattr(model, "estimators_")  # theirs is left as it was


def test_torch_modules_and_factories():
    pytest.importorskip("torch")
    from benchmarks.training import torch_model

    by_factory = evaluated(lambda: torch_model("cnn"), num_steps=60, name="CNN in PyTorch")
    again = evaluated(torch_model("cnn"), [1], num_steps=60)
    assert (
        by_factory.num_params == 5210
        and 0.2 < by_factory.acc().min()
        and by_factory.acc()[0] != by_factory.acc()[1]
    )
    assert again.num_params == 5210
    assert evaluated(lambda: torch_model("cnn"), [1], num_steps=60).acc()[0] == by_factory.acc()[1]


def test_torch_random_stream_of_the_caller_is_left_alone():
    torch = pytest.importorskip("torch")
    before = torch.random.get_rng_state()
    evaluated(lambda: torch.nn.Linear(40, 10), 1, num_steps=1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_jax_pairs():
    from mnist1d.learning import MODELS

    found = evaluated(tuple(MODELS["logistic"].make()), num_steps=200)
    assert found.num_params == 410 and found.acc() == pytest.approx([0.3, 0.3], abs=0.04)


def test_own_training_sees_the_training_signals_only_and_gives_params_back():
    seen = []

    def train(pair, x, y, seed):
        seen.append((x.shape, y.shape, seed))
        return np.eye(40, 10, dtype=np.float32)

    found = evaluated((lambda key: None, lambda params, x: x @ params), train=train)
    assert (
        seen == [((4000, 40), (4000,), 0), ((4000, 40), (4000,), 1)] and found.config.own_training
    )
    with pytest.raises(
        Mnist1dError,
        match=r"train must return the trained params for a JAX pair \(init, apply\), got None",
    ):
        evaluated((lambda key: None, lambda params, x: x @ params), train=lambda *_: None)


def test_a_failing_seed_is_recorded_and_the_others_count():
    told = []
    found = mnist1d.evaluate(Stub(fails=(1,)), 3, name="stub", progress=told.append)
    assert len(told) == 6 and [run.seed for run in found.ok()] == [0, 2] and len(found.failed) == 2
    assert "in fit" in found.failed[0].error and found.failed[0].error.endswith(
        "RuntimeError: no luck with 1\n"
    )
    assert "2 of 3 seeds ok" in repr(
        found
    ) and "failed: seed 1, shuffled: RuntimeError: no luck with 1" in repr(found)
    assert found.to_dict()["plain"] == {
        "acc": pytest.approx(found.acc().mean()),
        "low": pytest.approx(found.acc().mean()),
    } | {
        "high": pytest.approx(found.acc().mean()),
        "ok": 2,
        "failed": 1,
    }


def test_all_seeds_failing_is_an_error_with_the_reason():
    with pytest.raises(
        Mnist1dError,
        match="stub: none of 2 runs ended well; the first: RuntimeError: no luck with 0",
    ) as caught:
        evaluated(Stub(fails=(0, 1)), name="stub")
    assert isinstance(caught.value.__cause__, RuntimeError)


def raising():
    raise OSError("no weights")


BAD = [
    (
        3,
        "a model must be a torch nn.Module or a factory of one, a scikit-learn estimator, or a JAX pair .*; got int",
    ),
    (raising, "the first: OSError: no weights"),
    (
        Stub(lambda x: np.full((len(x), 10), 0.2)),
        "must lie in .0, 1. and sum to 1: take the softmax of logits; the sums run from 2 to 2",
    ),
    (
        Stub(lambda x: np.full((len(x), 9), 1 / 9)),
        r"predict_proba must return \(samples, classes\)",
    ),
    (
        Stub(lambda x: np.full((len(x), 10), np.nan)),
        "outputs must be finite; 1000 of 1000 rows hold NaN",
    ),
    (
        (lambda key: 0.0, lambda params, x: x),
        r"must have the shape \(batch, classes\) = \(7, 10\), got \(7, 40\)",
    ),
    (
        (lambda key: 0.0, lambda params, x: params + x[:, :10] * np.nan),
        "finite; 1000 of 1000 .* try learning_rate=0.001",
    ),
]


@pytest.mark.parametrize(("model", "message"), BAD)
def test_bad_models_hear_the_rule_the_value_and_the_fix(model, message):
    with pytest.raises(Mnist1dError, match=message):
        evaluated(model, 1)


def test_a_wrong_shape_of_torch_is_told_at_the_first_step():
    torch = pytest.importorskip("torch")
    with pytest.raises(
        Mnist1dError,
        match=r"\(100, 10\), got \(100, 9\): it gets x \(batch, time\) and ends in a linear layer to 10",
    ):
        evaluated(lambda: torch.nn.Linear(40, 9), 1, num_steps=10**9)


@pytest.mark.parametrize("seeds", [0, -1, [], [1, 1], [0.5], [-1], True])
def test_seeds_are_checked(seeds):
    with pytest.raises(
        UsageError, match="seeds must be a number, at least 1, or distinct whole numbers"
    ):
        evaluated(Stub(), seeds)


def test_bits_lost_is_the_divergence_from_the_exact_probabilities():
    exact = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert bits_lost(exact, exact) == pytest.approx(0, abs=1e-3)
    assert bits_lost(exact, np.array([[0.5, 0.5], [0.5, 0.5]])) == pytest.approx(0.5)
    assert bits_lost(exact[:1], np.array([[0.0, 1.0]])) == pytest.approx(math.log2(1e4), rel=1e-3)


def test_bits_lost_come_from_probabilities_on_the_plain_signals():
    found = mnist1d.evaluate(Stub(lambda x: np.eye(10)[np.zeros(len(x), int)] * 0.5 + 0.05), 1)
    assert [run.bits_lost is None for run in found.runs] == [False, True]
    assert found.bits_lost == pytest.approx(-(0.9 * math.log2(0.5) + 0.1 * math.log2(5.5)))


def test_probabilities_are_made_to_sum_to_one():
    given = np.full((4, 10), 0.10001)
    np.testing.assert_allclose(check_probabilities(given, 4, 10).sum(axis=1), 1, rtol=1e-12)


def made(acc, **options):
    runs = [
        Run(seed, shuffled, a, 0.5, 7, 1.0)
        for shuffled in (False, True)
        for seed, a in enumerate(acc)
    ]
    return Evaluation("mine", Config("mine"), tuple(runs), **options)


@pytest.mark.parametrize(
    ("acc", "place"), [(0.1, "below logistic (31.3 %)"), (0.99, "above human (95.8 %)")]
)
def test_place_at_the_ends(acc, place):
    assert made([acc, acc]).place == place


def test_rows_go_by_the_signals_they_were_measured_on():
    found = Evaluation(
        "mine",
        Config("mine"),
        (*made([0.5, 0.6]).runs, Run(2, True, error="Traceback\nValueError: x\n")),
    )
    (plain, plain_rows, none), (shuffled, shuffled_rows, failed) = found.rows()
    assert not plain.data.shuffle_seq and shuffled.data.shuffle_seq and plain.model == "mine"
    assert [row.value for row in plain_rows if row.metric == "test_acc"] == [0.5, 0.6]
    assert {row.metric for row in plain_rows} == {"test_acc", "seconds", "num_params", "bits_lost"}
    assert (
        not none and [run.seed for run in failed] == [2] and len(shuffled_rows) == len(plain_rows)
    )


def test_json_holds_everything_and_is_strict():
    document = json.loads(json.dumps(made([0.5]).to_dict(), allow_nan=False))
    assert document["plain"] == {"acc": 0.5, "low": None, "high": None, "ok": 1, "failed": 0}
    assert (
        document["below"] == "logistic"
        and document["above"] == "MLP"
        and "nothing was selected" in document["note"]
    )
    assert len(document["runs"]) == 2 and document["bits_lost"] == 0.5


def test_figure_shows_every_row_and_the_model_in_bold():
    pytest.importorskip("matplotlib")
    (ax,) = made([0.5, 0.52, 0.54]).figure().axes
    labels = ax.get_yticklabels()
    assert [label.get_text() for label in labels] == [
        "logistic",
        "mine",
        "MLP",
        "GRU",
        "CNN",
        "human",
    ]
    assert [label.get_fontweight() for label in labels].index("bold") == 1
    assert {"52.0", "95.8"} <= {text.get_text() for text in ax.texts}


def test_the_table_that_ships_is_the_published_one_within_tolerance():
    rows, published = (
        {row["model"]: row for row in reference()["rows"]},
        {p.name: p for p in _published()},
    )
    for name, row in rows.items():
        assert interval_of(row)[0] == pytest.approx(
            published[name].value, abs=published[name].tolerance
        )
        assert name == "human" or len(row["acc"]) == len(row["shuffled_acc"]) == len(
            reference()["seeds"]
        )
    assert (
        reference()["command"] == "python -m benchmarks.table --preset paper --seeds 8"
        and "jax" in reference()["versions"]
    )


def _published():
    from mnist1d.experiments.spatial_priors import PUBLISHED

    return PUBLISHED


@pytest.mark.slow
def test_a_torch_cnn_lies_within_the_interval_of_ours():
    pytest.importorskip("torch")
    from benchmarks.training import torch_model

    found = mnist1d.evaluate(lambda: torch_model("cnn"), 5, shuffled=False)
    ours = next(row for row in reference()["rows"] if row["model"] == "cnn")
    low, high = (
        found.acc().mean() - found.acc().std(ddof=1),
        found.acc().mean() + found.acc().std(ddof=1),
    )
    assert low <= interval_of(ours)[0] <= high


@pytest.mark.parametrize("wrong", [float("nan"), 0.5, 10, "a"])
def test_predictions_that_are_no_labels_are_a_failure(wrong):
    base = pytest.importorskip("sklearn.base", reason="an estimator is scikit-learn's")

    class Wrong(base.ClassifierMixin, base.BaseEstimator):
        def fit(self, x, y):
            return self

        def predict(self, x):
            return np.full(len(x), wrong)

    with pytest.raises(Mnist1dError, match="predict must return labels, 0 .. 9, got"):
        mnist1d.evaluate(Wrong(), seeds=1, shuffled=False)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"num_steps": 0}, "num_steps"),
        ({"num_steps": "5"}, "num_steps"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"train": 3}, "train must be a function"),
    ],
)
def test_settings_are_checked_before_the_first_seed(settings, rule):
    with pytest.raises(UsageError, match=rule):
        mnist1d.evaluate((lambda key: {}, lambda params, x: x), seeds=1, **settings)
