"""Each framework's models: recognised, seeded, trained by the protocol; errors say what is wrong
with their outputs."""

import random

import numpy as np
import pytest

import mnist1d
from mnist1d.errors import Mnist1dError
from mnist1d.evaluation.protocol import DECOUPLED, OPTIMIZERS, SCHEDULES, Protocol
from mnist1d.evaluation.seeding import seeded
from mnist1d.evaluation.trainers import Task, is_factory, trainer_of
from mnist1d.generate import make_dataset
from tests.evaluation.models import Stub

pytestmark = pytest.mark.usefixtures("no_observer")
SMALL = {"num_samples": 400}


def run(model, seeds=2, **options):
    return mnist1d.evaluate(model, seeds, **{"shuffled": False, "num_steps": 30, **options})


def raising():
    raise OSError("no weights")


def with_a_checkpoint_that_does_not_fit():
    torch = pytest.importorskip("torch")
    net = torch.nn.Linear(40, 10)
    net.load_state_dict(torch.nn.Linear(40, 12).state_dict())
    return net


BAD = [
    (3, "a model must be a PyTorch nn.Module, a Keras model, .*; got int"),
    (None, "a model must be .*; got NoneType"),
    ("cnnn", "unknown model 'cnnn': did you mean 'cnn'"),
    (raising, "raising: the factory failed: OSError: no weights"),
    (
        with_a_checkpoint_that_does_not_fit,
        "does_not_fit: the factory failed: RuntimeError: .*size mismatch for weight",
    ),
    (
        Stub(lambda x: np.full((len(x), 10), 0.2)),
        "must be in .0, 1. and sum to 1: take the softmax of logits; the sums range from 2 to 2",
    ),
    (
        Stub(lambda x: np.full((len(x), 9), 1 / 9)),
        r"predict_proba must return \(samples, classes\)",
    ),
    (
        Stub(lambda x: np.full((len(x), 10), np.nan)),
        "outputs must be finite; 1000 of 1000 rows hold NaN or infinity$",
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
def test_errors_give_the_rule_the_value_and_the_fix(model, message):
    with pytest.raises(Mnist1dError, match=f"(?s){message}"):
        run(model, 1)


def test_names_are_those_of_the_training_loop():
    from mnist1d.learning import optimizers

    assert set(OPTIMIZERS) == set(optimizers.OPTIMIZERS)
    assert set(SCHEDULES) == set(optimizers.SCHEDULES)
    assert set(DECOUPLED) == {name for name, o in optimizers.OPTIMIZERS.items() if o.decoupled}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_settings_reach_every_framework(name):
    """The same steps from the same weights give the same network, whatever the framework."""
    torch = pytest.importorskip("torch")
    data = make_dataset(**SMALL, dtype="float32")
    rng = np.random.default_rng(0)
    w, b = rng.normal(size=(40, 10)).astype("f4") / 6, np.zeros(10, "f4")
    pair = (lambda key: (w, b), lambda p, x: x @ p[0] + p[1])
    schedule = SCHEDULES[OPTIMIZERS.index(name) % len(SCHEDULES)]
    # Muon's two implementations orthogonalise with other coefficients, one of them in bfloat16
    tolerance = 0.02 if name == "muon" else 2e-4
    for decay in (0.0, 0.1):
        protocol = Protocol(25, 64, 0.01, name, decay, schedule)
        task = Task(data, 0, protocol, None, is_factory=True)
        layer = torch.nn.Linear(40, 10)
        with torch.no_grad():
            layer.weight[:], layer.bias[:] = torch.tensor(w.T), torch.tensor(b)
        ours = trainer_of(pair).train(pair, task).answer(data.x_test).probabilities
        theirs = trainer_of(layer).train(layer, task).answer(data.x_test).probabilities
        np.testing.assert_allclose(ours, theirs, atol=tolerance, err_msg=f"{protocol}")


# ------------------------------------------------------------------ PyTorch


def test_torch_modules_and_factories():
    pytest.importorskip("torch")
    from benchmarks.training import torch_model

    by_factory = run(lambda: torch_model("cnn"), num_steps=60, name="CNN in PyTorch")
    again = run(torch_model("cnn"), [1], num_steps=60)
    assert by_factory.num_params == again.num_params == 5210
    assert 0.2 < by_factory.acc().min() and by_factory.acc()[0] != by_factory.acc()[1]
    repeated = run(lambda: torch_model("cnn"), [1], num_steps=60)
    assert repeated.acc()[0] == by_factory.acc()[1]


def test_random_streams_of_the_caller_are_left_alone():
    torch = pytest.importorskip("torch")
    before = torch.random.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    run(lambda: torch.nn.Linear(40, 10), 1, num_steps=1)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])


def test_the_streams_inside_are_those_of_the_seed():
    torch = pytest.importorskip("torch")
    draws = lambda: (random.random(), np.random.random(), float(torch.rand(1)))  # noqa: E731
    with seeded(1):
        first = draws()
    with seeded(1):
        assert draws() == first
    with seeded(2):
        assert all(a != b for a, b in zip(draws(), first, strict=True))


def test_a_wrong_shape_in_torch_is_reported_at_the_first_step():
    torch = pytest.importorskip("torch")
    with pytest.raises(Mnist1dError, match=r"\(100, 10\), got \(100, 9\): the model takes x"):
        run(lambda: torch.nn.Linear(40, 9), 1, num_steps=10**8)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_torch_learns_with_every_optimizer(name):
    torch = pytest.importorskip("torch")
    net = lambda: torch.nn.Sequential(  # noqa: E731
        torch.nn.Linear(40, 20), torch.nn.ReLU(), torch.nn.Linear(20, 10)
    )
    rate = 0.1 if name == "sgd" else 0.01
    found = run(net, 1, num_steps=150, optimizer=name, learning_rate=rate, schedule="cosine")
    assert found.acc()[0] > 0.2, name


def test_a_factory_gets_the_sizes_that_it_takes():
    torch = pytest.importorskip("torch")
    found = run(
        lambda num_inputs, num_outputs=3: torch.nn.Linear(num_inputs, num_outputs),
        1,
        data={"final_seq_length": 20, "num_samples": 300},
    )
    assert found.num_params == 210


# ------------------------------------------------------------------ JAX


def test_jax_pairs_by_value_factory_and_name():
    from mnist1d.learning import MODELS

    pair = MODELS["logistic"].make()
    found = run(tuple(pair), num_steps=200)
    assert found.num_params == 410 and found.acc() == pytest.approx([0.3, 0.3], abs=0.04)
    assert run("logistic", num_steps=200).acc() == pytest.approx(found.acc())
    calls = []
    assert run(lambda: calls.append(1) or pair, num_steps=200).acc() == pytest.approx(found.acc())
    assert len(calls) == 1  # a pair is pure: made once, compiled once


def test_own_training_of_a_pair_returns_params():
    pair = (lambda key: None, lambda params, x: x @ params)
    found = run(pair, train=lambda *_: np.eye(40, 10, dtype=np.float32))
    assert found.configs["frozen"].own_training and found.num_params == 400
    message = r"train must return the trained params for a JAX pair \(init, apply\), got None"
    with pytest.raises(Mnist1dError, match=message):
        run(pair, train=lambda *_: None)


def test_labels_that_are_not_their_places():
    data = make_dataset(num_samples=3000, dtype="float32").subset([7, 3], relabel=True)
    templates = type(data.templates)(data.templates.x, data.templates.t, np.array([9, 4]))
    relabel = np.array([9, 4])
    data = data.replace(y=relabel[data.y], y_test=relabel[data.y_test], templates=templates)
    assert run("mlp", 1, data=data, num_steps=100, batch_size=20).acc()[0] > 0.75
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression

    found = run(LogisticRegression(), 1, data=data)
    (score,) = found.scores()
    assert score.acc > 0.6 and score.loss_bits < 1.2 and set(score.labels) == {4, 9}


# ------------------------------------------------------------------ scikit-learn


def test_each_seed_grows_another_forest_and_the_same_again():
    pytest.importorskip("sklearn")
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(5)
    first, second = run(model), run(model, [1])
    assert first.acc()[0] != first.acc()[1] == second.acc()[0]
    assert not hasattr(model, "estimators_")  # the user's own is left as it was
    assert is_factory(RandomForestClassifier) and run(RandomForestClassifier, 1, data=SMALL)


@pytest.mark.parametrize("wrong", [float("nan"), 0.5, 10, "a"])
def test_predictions_that_are_not_labels_are_a_failure(wrong):
    class Wrong(Stub):
        def predict(self, x):
            return np.full(len(x), wrong)

    with pytest.raises(Mnist1dError, match="predict must return labels between 0 and 9, got"):
        run(Wrong(), 1)


def test_a_fit_that_returns_its_history_is_not_a_model():
    class History:
        history = {"loss": [1.0]}

    class Fits(Stub):
        def fit(self, x, y):
            return History()

    assert run(Fits(), 1).acc() == pytest.approx([0.1], abs=0.02)
    assert run(Stub(), 1, train=lambda *_: History()).acc() == pytest.approx([0.1], abs=0.02)


def test_models_without_probabilities_have_an_accuracy():
    class Bare:
        def fit(self, x, y):
            pass

        def predict(self, x):
            return np.full(len(x), 3)

    (score,) = run(Bare(), 1).scores()
    assert score.acc == pytest.approx(0.1, abs=0.02) and score.loss_bits is None
    assert score.avoidable == pytest.approx(0, abs=1e-9)  # of the stand-in's posteriors


@pytest.mark.slow
def test_a_torch_cnn_lies_within_the_interval_of_ours():
    pytest.importorskip("torch")
    from benchmarks.training import torch_model

    ours = mnist1d.evaluate("cnn", 5, shuffled=False).acc()
    theirs = mnist1d.evaluate(lambda: torch_model("cnn"), 5, shuffled=False).acc()
    assert abs(ours.mean() - theirs.mean()) < theirs.std(ddof=1) + ours.std(ddof=1)
