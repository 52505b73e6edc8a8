"""`mnist1d.tune`: chosen on held-out signals only; spaces, failures, wrong arguments."""

import numpy as np
import pytest

import mnist1d
from mnist1d.errors import Mnist1dError, UsageError
from mnist1d.evaluation.submit import how_of
from mnist1d.evaluation.tune import SPACE, tune
from tests.evaluation.models import Stub

pytestmark = pytest.mark.usefixtures("no_observer")
optuna = pytest.importorskip("optuna")


class Votes(Stub):
    """An estimator that is right on as many signals as `skill` says, whatever it is shown."""

    seen: list = []

    def __init__(self, skill=0.5):
        self.skill = skill

    def get_params(self, deep=True):
        return {"skill": self.skill, "random_state": None}

    def __sklearn_clone__(self):
        return Votes(self.skill)

    def fit(self, x, y):
        if self.skill > 0.9:
            raise ValueError("diverged")
        self.x, self.y = x, y

    def predict(self, x):
        Votes.seen.append(len(x))
        return np.full(len(x), int(10 * self.skill) % 10)

    predict_proba = None


def test_the_best_settings_by_accuracy_on_held_out_signals():
    data = mnist1d.make_dataset(num_samples=400, dtype="float32")
    held_out = data.split(100).y_val
    Votes.seen.clear()
    found = tune(Votes, 25, space={"skill": (0.05, 0.89)}, validation=100, data=data)
    assert set(Votes.seen) == {100}  # neither the 80 test signals nor fresh ones
    for trial in found.trials:
        answer = int(10 * trial.settings["skill"])
        assert trial.acc == pytest.approx((held_out == answer).mean())
    assert found.settings in [t.settings for t in found.trials if t.acc == found.acc]
    assert found.acc == max(t.acc for t in found.trials) and len(found.trials) == 25
    again = tune(Votes, 25, space={"skill": (0.05, 0.89)}, validation=100, data=data)
    assert again.settings == found.settings  # the search is seeded


def test_the_final_evaluation_trains_on_everything_and_is_labelled():
    found = tune(Votes, 2, space={"skill": [0.31]}, validation=500)
    final = found.evaluate(1, shuffled=False)
    config = final.configs["frozen"]
    assert config.tuned_on == 500 and how_of(config) == "tuned" and final.name == "Votes, tuned"
    assert Votes.seen[-1] == 1000 and final.acc() == pytest.approx([0.1], abs=0.02)


def test_protocol_settings_are_searched_by_default():
    told = []
    found = tune("logistic", 2, num_steps=20, progress=told.append)
    assert set(found.settings) == set(SPACE) and len(told) == 2
    assert found.fixed == {"num_steps": 20, "optimizer": "adamw"}
    low, high = SPACE["learning_rate"]
    assert all(low <= t.settings["learning_rate"] <= high for t in told)
    final = found.evaluate(1, shuffled=False)
    protocol = final.configs["frozen"].protocol
    assert protocol.num_steps == 20 and protocol.optimizer == "adamw"
    assert protocol.learning_rate == found.settings["learning_rate"]


def test_failed_trials_are_reported_and_left_out():
    space = {"skill": [0.31, 0.95]}
    found = tune(Votes, 8, space=space)
    failed = [t for t in found.trials if t.acc is None]
    assert failed and all(t.settings["skill"] == 0.95 for t in failed)
    assert found.settings["skill"] == 0.31
    with pytest.raises(Mnist1dError, match="Votes: all 2 trials failed"):
        tune(Votes, 2, space={"skill": [0.95]})


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"trials": 0}, "trials must be a whole number"),
        ({"validation": 0}, "validation must be a whole number"),
        ({"validation": 4000}, "validation must leave signals on both sides"),
        ({"space": {}}, "space must name what to search"),
        ({"space": {"skil": (0, 1)}}, "the factory takes skill"),
        ({"space": {"skill": 3}}, "must be a range"),
        ({"space": {"skill": (2, 1)}}, "must be a range"),
        ({"space": {"skill": []}}, "must be a range"),
        ({"space": {"optimizer": ["adma"]}}, "must be a list of values from adam, "),
        ({"space": {"num_steps": (1, 2)}, "num_steps": 3}, "is both searched and fixed"),
        ({"num_steps": 0}, "num_steps"),
        ({"sampler_seed": -1}, "sampler_seed"),
        ({"seeds": 0}, "seeds"),
    ],
)
def test_wrong_arguments(settings, rule):
    with pytest.raises(UsageError, match=rule):
        tune(Votes, **{"trials": 2, "space": {"skill": [0.3]}, **settings})


def test_optunas_own_settings_are_left_as_they_were():
    before = optuna.logging.get_verbosity()
    tune(Votes, 1, space={"skill": [0.3]})
    assert optuna.logging.get_verbosity() == before
