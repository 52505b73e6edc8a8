"""`mnist1d evaluate`: finding the model, keeping the rows, the exit status."""

import json

import numpy as np
import pytest

from mnist1d.cli import main
from mnist1d.commands.evaluate import STUDY, keep, resolve
from mnist1d.errors import UsageError
from mnist1d.evaluation import protocol as evaluation
from mnist1d.runs.identity import trial_id
from mnist1d.runs.store import open_store

THEIRS = """
import numpy as np

class Constant:
    unlucky = ()
    def get_params(self, deep=True): return {"random_state": None}
    def set_params(self, random_state): self.seed = random_state; return self
    def __sklearn_clone__(self): return type(self)()
    def fit(self, x, y):
        if self.seed in self.unlucky: raise RuntimeError("no luck")
    def predict(self, x): return np.full(len(x), 3)

class Unlucky(Constant):
    unlucky = (1,)

def broken(): raise OSError("no weights")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of theirs, as the current one, with a module of a name that no other test has
    imported."""
    name = f"models_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(THEIRS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(evaluation, "_exact", lambda: np.full((1000, 10), 0.1))
    return name


def test_a_name_is_found_from_the_current_folder(here):
    assert resolve(f"{here}:Constant").__name__ == "Constant"
    assert resolve(f"{here}:Constant.unlucky") == ()


def test_names_that_are_not_there(here, tmp_path):
    for target, message in {
        here: "a model is named module:factory, like my_models:make_cnn; got",
        f"{here}:Constat": "has no 'Constat': did you mean 'Constant'?",
        f"{here}.py:Constant": "write the name without .py",
        "nowhere_at_all:x": "no module 'nowhere_at_all' here .* go to the folder that holds nowhere_at_all.py",
    }.items():
        with pytest.raises(UsageError, match=message):
            resolve(target)


def test_what_their_module_raises_is_told_in_one_line(here, tmp_path):
    for i, (text, message) in enumerate(
        {
            "import nonesuch_here": "No module named 'nonesuch_here'",
            "x = 1 / 0": "ZeroDivisionError",
        }.items()
    ):
        (tmp_path / f"bad_{i}_{here}.py").write_text(f"\n{text}\n")
        with pytest.raises(UsageError, match=f"cannot be imported: .*{message}.*line 2") as caught:
            resolve(f"bad_{i}_{here}:x")
        assert "\n" not in str(caught.value)


def test_command_keeps_rows_and_failures_draws_and_prints_json(here, tmp_path, capsys):
    command = [
        "evaluate",
        f"{here}:Unlucky",
        "--seeds",
        "3",
        "--runs",
        "runs",
        "-o",
        "table.svg",
        "--json",
    ]
    assert main(command) == 1  # a seed failed
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["plain"]["ok"] == 2 and [f["seed"] for f in document["failures"]] == [1, 1]
    assert (
        "seed 1: failed: RuntimeError: no luck" in err
        and (tmp_path / "table.svg").stat().st_size > 1000
    )
    with open_store(tmp_path / "runs", create=False) as store:
        rows = store.rows(STUDY)
        assert rows.where(data__shuffle_seq=False).final("test_acc") == pytest.approx(
            [0.1, 0.1], abs=0.02
        )
        assert rows.unique("seed") == [0, 2]
        calls = store.calls(STUDY)
        assert [(c.status, c.seeds) for c in calls] == [("done", (0, 2)), ("failed", (1,))] * 2
        assert "no luck" in calls[1].error and calls[0].config["model"] == f"{here}:Unlucky"


def test_command_succeeds_and_shows_the_table(here, capsys):
    assert main(["evaluate", f"{here}:Constant", "--seeds", "2", "--no-shuffled"]) == 0
    out = capsys.readouterr().out
    assert "below logistic" in out and "nothing was selected on the test set" in out


def test_exit_status_of_a_model_that_never_works_and_of_a_wrong_name(here, capsys):
    assert main(["evaluate", f"{here}:broken"]) == 1
    assert "none of 5 runs ended well; the first: OSError: no weights" in capsys.readouterr().err
    assert main(["evaluate", f"{here}:brokn"]) == 2


def test_every_setting_makes_another_trial(tmp_path):
    config = evaluation.Config("m")
    others = [
        evaluation.Config(**{"model": "m", **change})
        for change in ({"num_steps": 1}, {"own_training": True}, {"learning_rate": 1.0})
    ]
    assert len({trial_id(STUDY, c) for c in [config, *others]}) == 4


def test_keeping_twice_adds_nothing(tmp_path):
    found = evaluation.Evaluation(
        "m", evaluation.Config("m"), (evaluation.Run(0, False, 0.5, None, 3, 1.0),)
    )
    for _ in range(2):
        keep(found, tmp_path)
    with open_store(tmp_path, create=False) as store:
        assert len(store.rows(STUDY).where(metric="test_acc")) == 1
