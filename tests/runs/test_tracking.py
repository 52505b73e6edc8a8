"""Rows for a tracker, with a module that records its calls."""

import types

import numpy as np
import pytest

from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.experiments.rows import Row
from mnist1d.runs import open_store, plan, sweep
from mnist1d.runs.tracking import Tracker, by_step


@pytest.fixture
def fake():
    module = types.SimpleNamespace(calls=[])
    module.init = lambda **given: module.calls.append(("init", given))
    module.log = lambda values, **given: module.calls.append(("log", values, given))
    module.finish = lambda: module.calls.append(("finish",))
    return module


def test_one_run_per_trial_and_seed(fake, tmp_path):
    tasks = plan("learning-rate", "smoke", seeds=2)
    with open_store(tmp_path) as store:
        summary = sweep(store, tasks, progress=Tracker(fake, project="course"))
        rows = store.rows("learning-rate")
    assert not summary.failed
    starts = [call[1] for call in fake.calls if call[0] == "init"]
    assert len(starts) == 4 == sum(call[0] == "finish" for call in fake.calls)
    assert {start["project"] for start in starts} == {"course"}
    assert {start["config"]["initial_rate"] for start in starts} == {1.5, 0.15}
    assert {start["config"]["seed"] for start in starts} == {0, 1}
    assert len({start["name"] for start in starts}) == 4
    sent = sum(len(call[1]) for call in fake.calls if call[0] == "log")
    numbers = sum(not isinstance(record.value, np.ndarray) for record in rows)
    assert sent == numbers > 10


def test_steps_are_in_order_and_arrays_stay_behind():
    rows = [
        Row(0, "loss", 20, 0.5),
        Row(0, "loss", 10, 1.0),
        Row(0, "acc", 10, 0.1),
        Row(0, "seconds", None, 3.0),
        Row(0, "grid", None, np.zeros(3)),
        Row(1, "loss", 10, 9.0),
    ]
    assert by_step(rows, 0) == [
        (10, {"loss": 1.0, "acc": 0.1}),
        (20, {"loss": 0.5}),
        (None, {"seconds": 3.0}),
    ]


def test_a_failed_trial_sends_nothing(fake):
    outcome = types.SimpleNamespace(status="failed", rows=[])
    Tracker(fake).end(None, outcome)
    assert fake.calls == []


def test_a_tracker_that_fails_does_not_end_the_sweep(fake, tmp_path):
    def refuse(**given):
        fake.calls.append(("init", given))
        raise ConnectionError("no network")

    fake.init = refuse
    tasks = plan("learning-rate", "smoke", seeds=1)
    with open_store(tmp_path) as store:
        with pytest.warns(RuntimeWarning, match="no network.*saves all of them"):
            summary = sweep(store, tasks, progress=Tracker(fake))
        assert summary.done == 2 == len(store.rows("learning-rate").trials())
    assert len(fake.calls) == 1  # it is not asked again


def test_wrong_trackers():
    with pytest.raises(MissingExtraError, match="pip install no_such_tracker"):
        Tracker("no_such_tracker")
    with pytest.raises(UsageError, match="init is missing"):
        Tracker("math")
