"""The registry: entries, outside names, and a fifth model in every study with no other edit."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.text import Text

from mnist1d.errors import UsageError
from mnist1d.experiments import ceiling, endless, spatial_priors
from mnist1d.experiments.rows import Record, Rows
from mnist1d.learning import MODELS, Entry, check_model, in_order, models_of, resolve
from mnist1d.runs import open_store
from mnist1d.runs.identity import flat, trial_id
from mnist1d.runs.sweep import plan

OUTSIDE = Path(__file__).with_name("outside.py")
FIFTH = Entry("fifth", "Fifth model", "#123456", f"{OUTSIDE}:linear", cost=3.0)


@pytest.fixture
def fifth(monkeypatch):
    """A fifth model: one entry, nothing else."""
    monkeypatch.setitem(MODELS, "fifth", FIFTH)


def rows_of(module, configs, seeds=(0, 1)):
    """Run trials and return their rows as the store gives them back."""
    return Rows(
        [
            Record(
                trial_id(module.INFO.name, config), flat(config), r.seed, r.metric, r.step, r.value
            )
            for config in configs
            for r in module.run(config, seeds)
        ]
    )


def drawn(module, rows, slug):
    """All texts of a study's figure, and the colours of its lines."""
    figure, _ = module.figures(rows)[slug]
    lines = [line for ax in figure.axes for line in ax.get_lines()]
    texts = {text.get_text() for text in figure.findobj(Text)}
    return texts | {line.get_label() for line in lines}, {line.get_color() for line in lines}


@pytest.mark.parametrize("name", MODELS)
def test_entries_are_complete(name):
    entry = MODELS[name]
    assert entry.name == name and entry.label and entry.cost > 0
    assert re.fullmatch("#[0-9a-f]{6}", entry.color)
    assert set(entry.presets) <= {"smoke", "quick", "paper"} and "paper" in entry.presets
    assert callable(entry.load())


def test_colors_and_labels_distinguish_models():
    for part in ("label", "color"):
        assert len({getattr(entry, part) for entry in MODELS.values()}) == len(MODELS)


def test_a_model_from_outside_has_an_entry_before_its_code_is_loaded():
    entry = resolve("nowhere/my_models.py:transformer")
    assert entry.label == "my_models.py:transformer" and re.fullmatch("#[0-9a-f]{6}", entry.color)
    assert resolve(entry.name) == entry
    with pytest.raises(UsageError, match="cannot read nowhere/my_models.py"):
        entry.make()


def test_a_pair_becomes_a_model_made_once():
    entry = resolve(f"{OUTSIDE}:linear")
    model = entry.make(num_inputs=20)
    assert model is entry.make(num_inputs=20) and model is not entry.make(num_inputs=21)


def test_order_is_the_registrys_then_the_alphabet():
    names = ["z.py:b", "gru", "a.py:b", "mlp"]
    assert in_order(names) == ["mlp", "gru", "a.py:b", "z.py:b"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mpl", "unknown model 'mpl': did you mean 'mlp'"),
        ("observr", "unknown model 'observr': did you mean 'observer'"),
        (f"{OUTSIDE}:pair", "outside.py:pair must be a function that returns a model"),
        (f"{OUTSIDE}:fixed", r"must take num_inputs and num_outputs by name: def fixed\(\*, num_"),
        (f"{OUTSIDE}:linaer", "has no 'linaer': did you mean 'linear'"),
    ],
)
def test_a_wrong_name_is_reported_before_anything_runs(name, message):
    with pytest.raises(UsageError, match=message):
        check_model(name, also=("observer",))


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("columns", r"outside.py:columns: apply must return .* = \(7, 10\) .* got \(7, 11\)"),
        ("not_a_number", "outside.py:not_a_number: apply must return finite logits; .* 7 of 7"),
        ("no_model", r"outside.py:no_model must return a Model or a pair \(init, apply\)"),
    ],
)
def test_wrong_outputs_are_reported_with_file_part_and_rule(factory, message):
    with pytest.raises(UsageError, match=message):
        resolve(f"{OUTSIDE}:{factory}").make()


def test_what_a_models_own_code_raises_passes():
    with pytest.raises(RuntimeError, match="no such layer"):
        resolve(f"{OUTSIDE}:raising").make()


def test_divergence_fails_the_trial():
    config = spatial_priors.Config(model=f"{OUTSIDE}:diverging", num_steps=3)
    with pytest.raises(UsageError, match="diverging: the loss is NaN .* from seed 0, 1: lower"):
        spatial_priors.run(config, (0, 1))


def test_a_fifth_model_is_in_the_grids_of_all_presets(fifth):
    assert models_of("smoke")[-1] == "fifth"
    for preset in ("smoke", "quick", "paper"):
        assert [c.model for c in spatial_priors.grid(preset)].count("fifth") == 2
    assert "fifth" in [c.model for c in endless.grid("paper")]
    assert "fifth" in [c.what for c in ceiling.grid("quick")]
    assert [task.config.model for task in plan("endless", "quick", overrides=["model=fifth"])]


def test_a_fifth_model_in_the_table(fifth):
    trials = [c for c in spatial_priors.grid("smoke") if c.model in ("mlp", "fifth")]
    rows = rows_of(spatial_priors, [c for c in trials if c.dataset == "mnist1d"])
    assert [line[0] for line in spatial_priors.table(rows)[1]] == ["MLP", "Fifth model", "human"]
    texts, colors = drawn(spatial_priors, rows, "accuracy")
    assert "Fifth model" in texts and FIFTH.color in colors
    assert "fifth shuffled" in spatial_priors.measured(rows)
    spatial_priors.claims(rows)
    assert spatial_priors.weight(trials[-1]) > spatial_priors.weight(trials[0])


def test_a_fifth_model_on_endless_data(fifth):
    config = endless.Config(model="fifth", num_samples=2000, num_test=100)
    rows = rows_of(endless, [config])
    assert [line[0] for line in endless.table(rows)[1]] == ["Fifth model", "human"]
    texts, colors = drawn(endless, rows, "error")
    assert "Fifth model" in texts and FIFTH.color in colors
    endless.claims(rows)


def test_a_fifth_model_below_the_ceiling(fifth):
    rows = rows_of(ceiling, [ceiling.Config(what="fifth", num_signals=40, num_steps=20)])
    assert [line[0] for line in ceiling.table(rows)[1]] == ["Fifth model", "human"]
    texts, colors = drawn(ceiling, rows, "calibration")
    assert "Fifth model" in texts and FIFTH.color in colors
    assert ceiling.claims(rows)


def mnist1d(*words, cwd):
    command = [sys.executable, "-m", "mnist1d.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


@pytest.mark.slow
def test_a_model_from_a_file_by_the_command_line(tmp_path):
    (tmp_path / "mine.py").write_text(OUTSIDE.read_text())
    named = ["--set", "model=mine:linear,mine.py:raising", "--set", "dataset=mnist1d"]
    words = ["run", "spatial-priors", "--preset", "smoke", "--executor", "processes"]
    named += ["--set", "num_steps=20", "--set", "vary=frozen"]
    found = mnist1d(*words, *named, "--runs", "runs", cwd=tmp_path)
    assert found.returncode == 1, found.stderr
    assert "mine:linear" in found.stdout and "no such layer" in found.stderr
    with open_store(tmp_path / "runs") as store:
        failed, done = (
            [call for call in store.calls() if call.status == status]
            for status in ("failed", "done")
        )
    assert len(done) == 2 and all("Traceback" in call.error for call in failed)
    digest = hashlib.sha256((tmp_path / "mine.py").read_bytes()).hexdigest()
    assert failed[0].provenance["files"]["mine.py"] == digest


def test_a_missing_file_is_a_wrong_command_line(tmp_path):
    words = ["run", "spatial-priors", "--preset", "smoke", "--set", "model=mine.py:net"]
    found = mnist1d(*words, "--runs", "runs", cwd=tmp_path)
    assert found.returncode == 2 and "cannot read mine.py" in found.stderr
    assert "Traceback" not in found.stderr
