"""The benchmark table's MNIST column: rows where MNIST is given, skipped in one line where it is not; claims on hand-made rows."""

import numpy as np
import pytest

from mnist1d.errors import MissingDataError, UsageError
from mnist1d.experiments.rows import Record, Rows
from mnist1d.experiments.spatial_priors import MODELS, Config, claims, grid, measured, run, table
from mnist1d.runs import open_store, sweep
from mnist1d.runs.console import show_summary
from mnist1d.runs.sweep import plan


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """A hundred made-up images whose class is the row that is bright."""
    rng = np.random.default_rng(0)
    labels = np.arange(350) % 10
    images = rng.random((350, 28, 28)) * 0.1
    images[np.arange(350), 2 * labels + 3] += 0.8
    np.savez(tmp_path / "digits.npz", images=(255 * images).astype(np.uint8), labels=labels)
    monkeypatch.setenv("MNIST1D_MNIST", str(tmp_path / "digits.npz"))


@pytest.mark.parametrize("model", MODELS)
def test_every_model_reads_images(digits, model):
    rows = run(Config(model=model, dataset="mnist", num_steps=60, eval_every=30), (0, 1))
    final = [row.value for row in rows if row.metric == "test_acc" and row.step == 60]
    assert len(final) == 2 and min(final) > 0.8
    sizes = {
        "logistic": 7850,
        "mlp": 784 * 100 + 100 + 10100 + 1010,
        "cnn": 28 * 5 * 25 + 25 + 2 * (75 * 25 + 25) + 1010,
        "gru": 2 * 648 + 3370,
    }
    assert {row.value for row in rows if row.metric == "num_params"} == {sizes[model]}


def test_the_grid_has_one_column_of_mnist():
    for preset in ("smoke", "quick", "paper"):
        images = [config for config in grid(preset) if config.dataset == "mnist"]
        assert [config.model for config in images] == list(MODELS) and not any(config.data.shuffle_seq for config in images)
    assert len(grid("paper")) == 12 and {config.num_steps for config in grid("paper")} == {6000}


def test_without_mnist_the_column_is_skipped_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MNIST1D_MNIST", raising=False)
    with pytest.raises(MissingDataError, match="give --mnist FILE"):
        run(Config(dataset="mnist"), (0,))
    with open_store(tmp_path) as store:
        tasks = [task for task in plan("spatial-priors", "smoke", 1) if task.config.dataset == "mnist"]
        summary = sweep(store, tasks)
    assert summary.ok and len(summary.skipped) == 4
    show_summary(summary, "")
    told = capsys.readouterr().err
    assert told.count("give --mnist FILE") == 1 and "skipped 4 trials of spatial-priors" in told


def test_an_unknown_dataset_is_named():
    with pytest.raises(UsageError, match="did you mean 'mnist1d'"):
        Config(dataset="mnist1")


def record(model, dataset, seed, value, shuffled=False):
    config = {"model": model, "dataset": dataset, "data.shuffle_seq": shuffled}
    return [
        Record(f"{model} {dataset} {shuffled}", config, seed, name, None, v)
        for name, v in (("test_acc", value), ("num_params", 9), ("seconds", 1.0))
    ]


def rows_with(mnist):
    accs = {"logistic": 0.31, "mlp": 0.64, "cnn": 0.94, "gru": 0.9}
    made = [r for seed in (0, 1, 2) for model in MODELS for r in record(model, "mnist1d", seed, accs[model] + seed / 1000)]
    made += [r for seed in (0, 1, 2) for model, acc in mnist.items() for r in record(model, "mnist", seed, acc - seed / 1000)]
    made += [Record(r.trial, r.config, r.seed, "test_acc", 10, r.value) for r in made if r.metric == "test_acc"]
    return Rows(r for r in made if not (r.metric == "test_acc" and r.step is None))


def test_the_column_and_its_claim():
    def spread(mnist):
        return next((claim for claim in claims(rows_with(mnist)) if "MNIST hardly" in claim.text), None)

    near = dict.fromkeys(MODELS, 0.98) | {"logistic": 0.92}
    header, lines = table(rows_with(near))
    at = header.index("MNIST %")
    assert [line[at] for line in lines] == ["91.9", "97.9", "97.9", "97.9", ""]
    assert measured(rows_with(near))["cnn on MNIST"] == pytest.approx([0.98, 0.979, 0.978])
    assert spread(near).verdict == "holds" and spread(near).estimate == pytest.approx(0.63 - 5 * 0.06, abs=1e-6)
    assert spread(dict.fromkeys(MODELS, 0.98) | {"logistic": 0.5}).verdict == "does not hold"
    assert spread({}) is None and [line[at] for line in table(rows_with({}))[1]] == [""] * 5
