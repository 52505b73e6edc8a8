"""The benchmark table's MNIST column: rows where MNIST is given, skipped in one line where it is
not; table and claim on hand-made rows."""

import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.errors import MissingDataError, UsageError
from mnist1d.experiments.rows import Record, Rows
from mnist1d.experiments.spatial_priors import CLAIMED, Config, claims, grid, measured, run, table
from mnist1d.learning.registry import models_of
from mnist1d.results.document import latest
from mnist1d.results.progress import show_summary
from mnist1d.runs import open_store, sweep
from mnist1d.runs.sweep import plan


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """Made-up images whose class is the row that is bright."""
    rng = np.random.default_rng(0)
    labels = np.arange(350) % 10
    images = rng.random((350, 28, 28)) * 0.1
    images[np.arange(350), 2 * labels + 3] += 0.8
    np.savez(tmp_path / "digits.npz", images=(255 * images).astype(np.uint8), labels=labels)
    monkeypatch.setenv("MNIST1D_MNIST", str(tmp_path / "digits.npz"))


@pytest.mark.parametrize("model", CLAIMED)
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


@pytest.mark.parametrize("preset", ["smoke", "quick", "paper"])
def test_the_column_is_a_trial_per_model(preset):
    images, series = (
        [c for c in grid(preset) if c.dataset == name] for name in ("mnist", "mnist1d")
    )
    assert [config.model for config in images] == list(CLAIMED)  # the paper's models
    assert len(series) == 2 * len(models_of(preset)) + 2 * len(CLAIMED)
    assert {c.eval_every for c in images} == {c.eval_every for c in series}
    assert max(c.num_steps for c in images) <= min(c.num_steps for c in series)


def test_the_paper_preset_trains_alike_on_both():
    assert {(c.num_steps, c.batch_size, c.learning_rate, c.eval_every) for c in grid("paper")} == {
        (6000, 100, 0.01, 250)
    }
    alone = [task.config for task in plan("spatial-priors", "paper", overrides=["dataset=mnist"])]
    assert [config for config in alone if config.model in CLAIMED] == [
        config for config in grid("paper") if config.dataset == "mnist"
    ]


def test_a_trial_on_mnist_is_one_whatever_mnist1d_is():
    assert Config(dataset="mnist", data=DataConfig(seed=7, shuffle_seq=True)) == Config(
        dataset="mnist"
    )
    assert Config(data=DataConfig(seed=7)) != Config()


def test_each_copy_of_the_table_names_the_column(digits, tmp_path):
    tasks = plan("spatial-priors", "smoke", 1, ["model=logistic", "num_steps=20", "data.seed=1,2"])
    with open_store(tmp_path) as store:
        summary = sweep(store, tasks)
        shown = [found.document for found in latest(store, "spatial-priors")]
    assert summary.done == 9 and len(shown) == 2
    assert [document.table.lines[0][8] != "" for document in shown] == [True, True]


def test_without_mnist_the_column_is_skipped_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MNIST1D_MNIST", raising=False)
    with pytest.raises(MissingDataError, match="pass --mnist FILE"):
        run(Config(dataset="mnist"), (0,))
    with open_store(tmp_path) as store:
        tasks = [
            task for task in plan("spatial-priors", "smoke", 1) if task.config.dataset == "mnist"
        ]
        summary = sweep(store, tasks)
    assert summary.ok and len(summary.skipped) == 4
    show_summary(summary, "")
    told = capsys.readouterr().err
    assert told.count("pass --mnist FILE") == 1 and "skipped 4 trials of spatial-priors" in told


def test_an_unknown_dataset_is_named():
    with pytest.raises(UsageError, match="did you mean 'mnist1d'"):
        Config(dataset="mnist1")


SEEDS = (0, 1, 2, 3)


def rows_of_all(series, images, series_seeds=SEEDS, images_seeds=SEEDS, num_steps=10):
    """Return rows of final accuracies {model: accuracy of a seed}, as functions of the seed; those
    on MNIST-1D also across data sets."""
    records = []
    for dataset, vary, accs, seeds in (
        ("mnist1d", "frozen", series, series_seeds),
        ("mnist1d", "data", series, series_seeds),
        ("mnist", "frozen", images, images_seeds),
    ):
        for model, acc in accs.items():
            config = {
                "model": model,
                "dataset": dataset,
                "num_steps": num_steps,
                "vary": vary,
                "data.shuffle_seq": False,
            }
            for seed in seeds:
                found = (
                    ("test_acc", 0, 0.1),
                    ("test_acc", num_steps, acc(seed)),
                    ("num_params", None, 9.0),
                    ("seconds", None, 1.0),
                )
                records += [
                    Record(f"{model} {dataset} {vary} {num_steps}", config, seed, *values)
                    for values in found
                ]
    return Rows(records)


def same(**accs):
    return {model: lambda seed, acc=acc: acc for model, acc in accs.items()}


SERIES = same(logistic=0.31, mlp=0.64, cnn=0.94, gru=0.9)
IMAGES = same(logistic=0.92, mlp=0.97, cnn=0.98, gru=0.96)


def spread(rows):
    return next((claim for claim in claims(rows) if "differ more on MNIST-1D" in claim.text), None)


def test_the_column_of_the_table():
    header, lines = table(rows_of_all(SERIES, IMAGES))
    at = next(i for i, name in enumerate(header) if name.startswith("MNIST"))
    means = ("92.0", "97.0", "98.0", "96.0")
    assert [line[at] for line in lines] == [*means, ""]  # seeds that agree have no interval
    assert measured(rows_of_all(SERIES, IMAGES))["cnn on MNIST"] == pytest.approx([0.98] * 4)
    assert [line[at] for line in table(rows_of_all(SERIES, {}))[1]] == [""] * 5
    alone = table(
        Rows([*rows_of_all({}, IMAGES), *rows_of_all({}, same(logistic=0.5, mlp=0.5), num_steps=5)])
    )[1]
    assert [(line[0], line[2], line[at]) for line in alone[:2]] == [
        ("logistic", "", "92.0"),
        ("MLP", "", "97.0"),
    ]


def test_the_claim_pairs_the_three_models_by_seed():
    claim = spread(rows_of_all(SERIES, IMAGES))
    assert claim.verdict == "holds" and claim.estimate == pytest.approx(
        (0.94 - 0.64) - (0.98 - 0.96)
    )
    assert spread(rows_of_all(SERIES, same(mlp=0.5, cnn=0.99, gru=0.98))).verdict == "does not hold"
    series = {
        "mlp": lambda seed: 0.5 + seed / 10,
        "cnn": lambda seed: 0.9,
        "gru": lambda seed: 0.9,
    }  # apart by 0.4, 0.3, 0.2
    images = {
        "mlp": lambda seed: 0.6 + seed / 10,
        "cnn": lambda seed: 0.9,
        "gru": lambda seed: 0.9,
    }  # apart by 0.3, 0.2, 0.1
    paired = spread(rows_of_all(series, images, images_seeds=(1, 2, 7)))
    assert (
        paired.n == 2 and paired.estimate == pytest.approx(0.1) and paired.low == pytest.approx(0.1)
    )


@pytest.mark.parametrize("images", [{}, same(mlp=0.97, cnn=0.98)])
def test_no_claim_where_mnist_was_not_measured(images):
    assert spread(rows_of_all(SERIES, images)) is None
