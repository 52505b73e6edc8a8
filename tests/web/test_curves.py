"""Curves and names of runs, as the page has them."""

import numpy as np

from mnist1d.experiments.rows import Record, Rows
from mnist1d.web.curves import MAX_POINTS, curves_of, run_colors, run_names


def curve_records(trial, config, seeds=(0, 1, 2), steps=range(3)):
    return [
        Record(trial, config, seed, "test_acc", step, 0.1 * seed + 0.01 * step)
        for seed in seeds
        for step in steps
    ]


def test_means_and_intervals_of_each_run():
    mlp, cnn = {"model": "mlp", "width": 4}, {"model": "cnn", "width": 4}
    rows = Rows([*curve_records("a", mlp), *curve_records("b", cnn, seeds=(0,))])
    content = curves_of(rows)
    assert [run["name"] for run in content["runs"]] == ["MLP", "CNN"]
    assert [run["color"] for run in content["runs"]] == ["#d55e00", "#0072b2"]
    several, single = content["curves"]
    np.testing.assert_allclose(several["mean"], [0.1, 0.11, 0.12])
    assert several["unit"] == "%" and several["low"][0] >= 0
    assert single["seeds"] == 1 and single["low"] == [None] * 3  # no interval over one seed


def test_values_that_are_not_finite_and_single_values_are_left_out():
    rows = Rows(
        [
            Record("a", {}, 0, "loss", 0, float("inf")),
            Record("a", {}, 0, "loss", 1, 2.0),
            Record("a", {}, 0, "time", None, 2.0),
            Record("a", {}, 0, "map", 1, np.ones(3)),
            Record("b", {"x": 1}, 0, "time", None, 2.0),
        ]
    )
    content = curves_of(rows)
    assert len(content["runs"]) == 1
    assert [(c["metric"], c["mean"]) for c in content["curves"]] == [("loss", [None, 2.0])]


def test_long_curves_are_thinned_to_what_a_chart_shows():
    content = curves_of(Rows(curve_records("a", {}, seeds=(0,), steps=range(1000))))
    steps = content["curves"][0]["steps"]
    assert len(steps) == MAX_POINTS and (steps[0], steps[-1]) == (0, 999)


def test_names_distinguish_runs_and_leave_out_shared_settings():
    usual = {"corr": 0.25, "points": 40, "model": "mlp"}
    configs = {
        "a": usual,
        "b": usual | {"model": "observer"},
        "c": usual | {"points": 20},
        "d": usual | {"corr": 1.0},
    }
    assert run_names(configs) == {
        "a": "MLP",
        "b": "ideal observer",
        "c": "MLP, points=20",
        "d": "MLP, corr=1.0",
    }
    assert run_names({"a": usual}) == {"a": "the only setting"}
    texts = {name: {"model": "mlp", "dataset": "own", "corr": name} for name in "abc"}
    texts["d"] = {"model": "cnn", "dataset": "mnist", "corr": "a"}
    # what most share is left out, but never a model
    assert run_names(texts)["b"] == "MLP, corr=b"
    assert run_names(texts)["d"] == "CNN, dataset=mnist, corr=a"
    twins = run_names({"a" * 9: {"x": 1.0}, "b" * 9: {"x": 1}, "c": {"x": 2}})
    assert len(set(twins.values())) == 3


def test_a_colour_per_model_else_one_after_the_other():
    assert run_colors({"a": {"model": "cnn"}, "b": {"model": "mine"}}) == {
        "a": "#0072b2",
        "b": "#6e6e6e",
    }
    assert len(set(run_colors({str(i): {"x": i} for i in range(7)}).values())) == 7
