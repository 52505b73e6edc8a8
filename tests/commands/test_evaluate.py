"""`mnist1d evaluate`: rows in the store, looks at a test, stdout for JSON alone, Ctrl-C, the exit
status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnist1d.cli import main
from mnist1d.commands.evaluate import STUDY, keep, looks
from mnist1d.errors import UsageError
from mnist1d.evaluation import testsets
from mnist1d.evaluation.protocol import Config, Protocol
from mnist1d.evaluation.result import Evaluation, Run
from mnist1d.evaluation.scores import Score
from mnist1d.runs.identity import trial_id
from mnist1d.runs.store import open_store

ROOT = Path(__file__).resolve().parents[2]
THEIRS = """
import os
import numpy as np

print("printed on import")

class Constant:
    unlucky = ()
    def get_params(self, deep=True): return {"random_state": None}
    def set_params(self, random_state): self.seed = random_state; return self
    def __sklearn_clone__(self): return type(self)()
    def fit(self, x, y):
        print("printed by fit")
        os.system("echo printed by a child")
        if self.seed in self.unlucky: raise RuntimeError("no luck")
    def predict(self, x): return np.full(len(x), 3)

class Unlucky(Constant):
    unlucky = (1,)

class Stopped(Constant):
    def fit(self, x, y):
        if self.seed == 2: raise KeyboardInterrupt

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
    monkeypatch.setattr(testsets, "_exact", lambda data, x: (np.full((len(x), 10), 0.1), ""))
    return name


def test_command_keeps_rows_and_failures_draws_and_prints_json(here, tmp_path, capfd):
    command = ["evaluate", f"{here}:Unlucky", "--seeds", "3", "--runs", "runs"]
    assert main([*command, "-o", "table.svg", "--json"]) == 1  # a seed failed
    out, err = capfd.readouterr()
    document = json.loads(out)  # nothing that the model prints comes before or after
    assert document["tests"]["frozen"]["plain"]["ok"] == 2
    assert [failure["seed"] for failure in document["failures"]] == [1, 1]
    for text in ("on import", "by fit", "by a child"):
        assert f"printed {text}" in err
    assert "seed 1: failed: RuntimeError: no luck" in err
    assert (tmp_path / "table.svg").stat().st_size > 1000
    with open_store(tmp_path / "runs", create=False) as store:
        rows = store.rows(STUDY)
        plain = rows.where(data__shuffle_seq=False)
        assert plain.final("test_acc") == pytest.approx([0.1, 0.1], abs=0.02)
        assert rows.unique("seed") == [0, 2]
        assert plain.array("answers", 2).tolist() == [3] * 1000
        calls = store.calls(STUDY)
        assert [(c.status, c.seeds) for c in calls] == [("done", (0, 2)), ("failed", (1,))] * 2
        assert "no luck" in calls[1].error and calls[0].config["model"] == f"{here}:Unlucky"


def test_json_alone_reaches_a_real_stdout(here, tmp_path):
    words = ["evaluate", f"{here}:Constant", "--seeds", "1", "--no-shuffled", "--json"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{tmp_path}"}
    process = subprocess.run(
        [sys.executable, "-m", "mnist1d.cli", *words, "--iid-noise-scale", "0"],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert "no ideal observer exists" in json.loads(process.stdout)["tests"]["frozen"]["no_ceiling"]
    assert "printed by a child" in process.stderr


def test_command_succeeds_and_shows_the_table(here, capsys):
    assert main(["evaluate", f"{here}:Constant", "--seeds", "2", "--no-shuffled"]) == 0
    out = capsys.readouterr().out
    assert "below logistic" in out and "no step was selected on the test signals" in out


def test_options_reach_the_evaluation(here, capsys):
    words = "--validation 500 --no-shuffled --seeds 1 --json --seed 7 --optimizer adamw".split()
    more = "--weight-decay 0.1 --batch-size 10 --num-steps 20 --schedule cosine".split()
    assert main(["evaluate", f"{here}:Constant", *words, *more]) == 0
    settings = json.loads(capsys.readouterr().out)["tests"]["validation"]["settings"]
    assert settings["data"]["seed"] == 7 and settings["num_test"] == 500
    assert settings["protocol"] == {
        "num_steps": 20,
        "batch_size": 10,
        "learning_rate": 0.01,
        "optimizer": "adamw",
        "weight_decay": 0.1,
        "schedule": "cosine",
    }


def test_ctrl_c_saves_the_seeds_that_had_ended(here, tmp_path, capsys):
    assert main(["evaluate", f"{here}:Stopped", "--runs", "runs", "--seeds", "5"]) == 130
    out, err = capsys.readouterr()
    assert "Interrupted. The 2 finished runs are saved." in err and "2 of 2 seeds" in out
    with open_store(tmp_path / "runs", create=False) as store:
        assert store.rows(STUDY).unique("seed") == [0, 1]


def test_exit_status_of_a_model_that_never_works_and_of_a_wrong_name(here, capsys):
    assert main(["evaluate", f"{here}:broken"]) == 1
    assert "broken: the factory failed: OSError: no weights" in capsys.readouterr().err
    assert main(["evaluate", f"{here}:brokn"]) == 2
    assert main(["evaluate", "cnnn"]) == 2
    assert "did you mean 'cnn'" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::mnist1d.errors.ReusedTestWarning")  # the same process
def test_a_second_look_at_a_test_gives_a_warning(here, tmp_path, capsys):
    words = ["evaluate", f"{here}:Constant", "--seeds", "1", "--no-shuffled", "--runs", "runs"]
    held_out = [*words, "--validation", "500"]
    assert main(words) == main(words) == main(held_out) == 0  # the same again is no choice
    assert "different settings" not in capsys.readouterr().err
    assert main([*words, "--num-steps", "10"]) == 0
    err = capsys.readouterr().err
    assert "has been measured on the frozen test with 2 different settings" in err
    assert "--validation 500" in err
    assert main([*held_out, "--num-steps", "10"]) == 0
    assert "different settings" not in capsys.readouterr().err
    with open_store(tmp_path / "runs", create=False) as store:
        assert looks(store, f"{here}:Constant", "frozen") == 2
        assert looks(store, f"{here}:Constant", "fresh") == looks(store, "x", "frozen") == 0


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["-o", "table.txt"], "table.txt"),
        (["-o", "nowhere/table.png"], "cannot write in the folder nowhere"),
        (["-o", "table.png", "--validation", "500"], "leave out -o"),
        (["-o", "table.png", "--seed", "3"], "leave out -o"),
        (["--num-steps", "9" * 300], "num_steps"),
        (["--test", "fersh"], "did you mean 'fresh'"),
    ],
)
def test_what_cannot_work_is_reported_before_training(here, capsys, words, rule):
    assert main(["evaluate", f"{here}:Stopped", "--seeds", "1", *words]) == 2
    assert rule in capsys.readouterr().err


def test_every_setting_makes_another_trial():
    changes = (
        {},
        {"protocol": Protocol(num_steps=1)},
        {"protocol": Protocol(learning_rate=1.0)},
        {"own_training": True},
        {"test": "fresh", "num_test": 100_000},
        {"data_sha256": "0"},
    )
    assert len({trial_id(STUDY, Config("m", **change)) for change in changes}) == len(changes)


def test_keeping_twice_adds_nothing(tmp_path):
    run = Run(0, False, {"frozen": Score(0.5)}, 3, 1.0)
    found = Evaluation("m", {"frozen": Config("m")}, (run,))
    for _ in range(2):
        keep(found, tmp_path)
    with open_store(tmp_path, create=False) as store:
        assert len(store.rows(STUDY).where(metric="test_acc")) == 1


def test_names_of_missing_models_are_usage_errors(here):
    import mnist1d

    for target in (f"{here}:nothing", "nowhere_at_all:x", f"{here}.Constant"):
        with pytest.raises(UsageError):
            mnist1d.evaluate(target)
