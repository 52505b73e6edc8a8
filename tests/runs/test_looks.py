"""Until decided: looks end once every claim is decided or the seeds or the budget are used up;
failures are counted; verdicts know their looks."""

import dataclasses
import json
import types

import numpy as np
import pytest

from mnist1d.cli import main
from mnist1d.errors import UsageError
from mnist1d.experiments import STUDIES, load
from mnist1d.experiments.claims import FAILS, HOLDS, UNDECIDED, above
from mnist1d.experiments.rows import Row
from mnist1d.experiments.sequential import LOOKS, levels
from mnist1d.experiments.study import Info
from mnist1d.results.document import command_of, latest
from mnist1d.results.text import span
from mnist1d.runs import open_store
from mnist1d.runs.executors import Here
from mnist1d.runs.looks import (
    BUDGET_SPENT,
    DECIDED,
    NO_CLAIMS,
    SEEDS_SPENT,
    seconds_of,
    until_decided,
)
from mnist1d.runs.sweep import Progress, sweep
from mnist1d.runs.tasks import plan
from mnist1d.runs.verdicts import label_with, looks_of, overrides_of


@dataclasses.dataclass(frozen=True)
class Config:
    effect: float = 0.0
    failing: int = -1  # the seed that fails
    size: int = 0


def run(config, seeds):
    if config.failing in seeds:
        raise RuntimeError("a seed broke")
    noise = {s: float(np.random.default_rng(1000 + s).normal()) for s in seeds}
    return [Row(s, "gain", None, config.effect + noise[s]) for s in seeds]


def study(effects, cost=100.0, **parts):
    """A study with a claim per effect, in standard deviations of one seed."""
    info = Info(
        "looks", "Looks", "Does it show?", cost=dict.fromkeys(("smoke", "quick", "paper"), cost)
    )
    module = types.ModuleType("looks_of_the_tests")
    module.INFO, module.Config, module.run = info, Config, run
    module.grid = lambda preset: [
        Config(effect=effect, size=(preset == "paper"), **parts) for effect in effects
    ]
    module.claims = lambda rows: [
        above(f"effect {effect}", "gain", rows.where(effect=effect).final("gain"), published="> 0")
        for effect in rows.unique("effect")
    ]
    return module


@pytest.fixture
def known(monkeypatch):
    """Register a study for the time of a test."""

    def register(module):
        monkeypatch.setitem(STUDIES, "looks", module.__name__)
        monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
        load.cache_clear() if hasattr(load, "cache_clear") else None

    return register


class Told(Progress):
    """Keeps what a run reports after each look."""

    def __init__(self):
        self.looks = []

    def looked(self, group, next_cost):
        self.looks.append((group.seeds, len(group.open), group.failed, group.ended, next_cost > 0))


def decide(folder, **given):
    told = Told()
    with open_store(folder) as store, Here() as pool:
        summary, groups = until_decided(store, ["looks"], pool, progress=told, **given)
    return summary, groups[0], told.looks


def test_a_large_effect_stops_early_and_none_goes_on_to_the_end(known, tmp_path):
    known(study([9.0]))
    summary, group, looks = decide(tmp_path / "large")
    assert looks == [(4, 1, 0, "", True), (8, 0, 0, DECIDED, False)]
    assert group.claims[0].verdict == HOLDS and summary.done == 2 and summary.ok
    assert group.claims[0].confidence == pytest.approx(1 - levels(LOOKS)[1])
    known(study([9.0, 0.0, -9.0]))
    summary, group, looks = decide(tmp_path / "none")
    assert [(n, open_) for n, open_, *_ in looks] == [(4, 3), (8, 1), (16, 1), (32, 1)]
    assert looks[-1][3] == SEEDS_SPENT
    assert [claim.verdict for claim in group.claims] == [HOLDS, UNDECIDED, FAILS]
    assert group.claims[1].power > 0 and group.claims[1].n == 32


def test_only_trials_behind_open_claims_get_more_seeds(known, tmp_path):
    """The effect of 9 is decided at 8 seeds; nothing is claimed about the trial without effect."""
    module = study([9.0, 0.5, 0.0])
    module.claims = lambda rows: [
        above(f"effect {effect}", "gain", rows.where(effect=effect).final("gain"))
        for effect in rows.unique("effect")
        if effect
    ]
    known(module)
    _, group, looks = decide(tmp_path)
    assert [(n, open_) for n, open_, *_ in looks] == [(4, 2), (8, 1), (16, 1), (32, 1)]
    assert [claim.n for claim in group.claims] == [8, 32]
    with open_store(tmp_path) as store:
        (found,) = latest(store, "looks")
        counts = [len(store.rows("looks").where(effect=e)) for e in (9.0, 0.5, 0.0)]
    assert found.document.seed_counts == [4, 8, 32]
    assert span([4, 8, 32], "seed") == "4 to 32 seeds" and span([1, 1], "seed") == "1 seed"
    assert counts == [8, 32, 4] and [claim.n for claim in found.document.claims] == [8, 32]
    assert [claim.verdict for claim in found.document.claims] == [HOLDS, UNDECIDED]
    with open_store(
        tmp_path
    ) as store:  # more seeds of the trial without a claim, by another command
        sweep(store, [task for task in plan("looks", "paper", 16) if not task.config.effect])
    summary, group, again = decide(tmp_path)
    assert len(group.last) == 3 and [len(task.seeds) for task in group.last.values()] == [8, 32, 16]
    assert summary.done == 0 and [look[:2] for look in again] == [look[:2] for look in looks]


def test_a_study_whose_claims_need_every_trial(known, tmp_path):
    def claims(rows):
        one, other = (rows.where(effect=e).final("gain") for e in rows.unique("effect"))
        return [above("more", "gain", one + other)]

    module = study([0.5, 0.0])
    module.claims = claims  # raises without one of the trials
    known(module)
    decide(tmp_path, max_seeds=8)
    with open_store(tmp_path) as store:
        assert len(store.rows("looks")) == 16


def test_what_is_stored_is_not_run_again_and_the_looks_are_remembered(known, tmp_path):
    known(study([9.0]))
    decide(tmp_path)
    summary, group, looks = decide(tmp_path)
    assert summary.done == 0 and summary.ok and looks[-1][0] == 8
    with open_store(tmp_path) as store:
        (found,) = latest(store, "looks")
    (claim,) = found.document.claims
    assert claim.confidence == pytest.approx(1 - levels(LOOKS)[1]) and claim.n == 8
    assert found.document.label == "paper until-decided=4,8,16,32"
    assert found.document.shown_label == "paper"
    assert found.document.command == "mnist1d run looks --preset paper --until-decided"
    assert found.document.preset == "paper"


def test_the_last_look_ends_at_max_seeds(known, tmp_path):
    known(study([0.0]))
    _, group, looks = decide(tmp_path, max_seeds=10)
    assert [n for n, *_ in looks] == [4, 8, 10] and group.ended == SEEDS_SPENT
    assert group.claims[0].confidence == pytest.approx(1 - levels((4, 8, 10))[2])


def test_the_budget_buys_looks_until_it_is_spent(known, tmp_path):
    known(study([0.0], cost=800.0))  # the estimate before the first look: 100 seconds per seed
    with pytest.raises(UsageError, match=r"is too small: .* \(4 seeds\) takes about 400 s.*8m"):
        decide(tmp_path, budget=300.0)
    _, group, looks = decide(tmp_path, budget=450.0)
    assert len(looks) == 4 and group.ended == SEEDS_SPENT  # it was much faster than estimated


def test_a_look_that_does_not_fit_is_not_begun(known, tmp_path, monkeypatch):
    known(study([0.0]))
    clock = iter([0.0, 0.0, 50.0, 100.0, 100.0])  # the start, before each round, and the end
    fake = types.SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr("mnist1d.runs.looks.time", fake)
    monkeypatch.setattr("mnist1d.runs.looks._speed", lambda *_: 1.0)
    _, group, looks = decide(tmp_path, budget=110.0)  # looks cost 50 seconds, 50 and 100
    assert [n for n, *_ in looks] == [4, 8] and group.ended == BUDGET_SPENT


def test_seeds_that_fail_inside_a_look_are_counted_and_left_out(known, tmp_path):
    known(study([9.0], failing=5))
    summary, group, looks = decide(tmp_path)
    assert not summary.ok and len(summary.failed) == 1
    assert looks[1][2] == 4  # seeds 4 to 7 ran together, and 5 failed for all of them
    assert [claim.n for claim in group.claims] == [12] and group.ended == DECIDED
    assert len(summary.earlier) == 0  # later looks meet the same failure: it counts once


def test_studies_without_claims(known, tmp_path):
    module = study([0.0])
    del module.claims
    known(module)
    with pytest.raises(UsageError, match="needs a study with claims; looks has none: use --seeds"):
        decide(tmp_path)
    module = study([0.0])
    module.claims = lambda rows: []
    known(module)
    _, group, looks = decide(tmp_path)
    assert len(looks) == 1 and group.ended == NO_CLAIMS


def test_settings_that_are_not_the_papers(known, tmp_path):
    known(study([0.0]))
    with pytest.raises(
        UsageError, match="needs the paper's settings, which alone decide claims: drop --set size=7"
    ):
        decide(tmp_path, overrides=["size=7"])


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172800)]
)
def test_budgets(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["30", "m", "", "-5m", "30 minutes", "0m"])
def test_no_budgets(text):
    with pytest.raises(UsageError, match="a budget"):
        seconds_of(text)


def test_labels():
    label = label_with("paper size=2", (4, 8))
    assert looks_of(label) == (4, 8) and overrides_of(label) == ["size=2"]
    assert looks_of("paper size=2") == ()
    assert command_of("toy", label) == "mnist1d run toy --preset paper --set size=2 --until-decided"


def told(capsys, *words):
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_says_what_is_open_and_what_comes_next(known, tmp_path, capsys):
    known(study([9.0, 0.0]))
    words = ["run", "looks", "--preset", "paper", "--until-decided", "--max-seeds", 16]
    words += ["--runs", tmp_path, "--executor", "here"]
    status, out, err = told(capsys, *words, "--json")
    assert status == 0, err
    assert "looks, 8 seeds: 1 of 2 claims decided" in err and "open: effect 0.0" in err
    assert "next look: 16 seeds, about" in err and "stops: no more seeds" in err
    (document,) = json.loads(out)["studies"]
    assert [claim["verdict"] for claim in document["claims"]] == [HOLDS, UNDECIDED]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--until-decided"], "add --preset paper; got --preset quick"),
        (
            ["--preset", "paper", "--until-decided", "--seeds", "8"],
            "use --max-seeds instead of --seeds",
        ),
        (["--preset", "paper", "--budget", "5m"], "--budget 5m needs --until-decided"),
        (["--preset", "paper", "--max-seeds", "9"], "--max-seeds 9 needs --until-decided"),
        (["--preset", "paper", "--until-decided", "--budget", "soon"], "a budget is a time like"),
        (
            ["--preset", "paper", "--until-decided", "--max-seeds", "2"],
            "at least 4, the first look",
        ),
        (["--preset", "paper", "--until-decided", "--budget", "1s"], "is too small"),
    ],
)
def test_wrong_command_lines(known, tmp_path, capsys, words, message):
    known(study([0.0]))
    status, _, err = told(capsys, "run", "looks", *words, "--runs", tmp_path)
    assert status == 2 and message in err and "Traceback" not in err
