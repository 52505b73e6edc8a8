"""Rows and values: coordinates are refused where none has them, and pairs are made by key."""

import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments.rows import Record, Rows, paired
from mnist1d.experiments.values import Values, pair


def table(*cells, metric="test_acc"):
    """Rows of (model, size, seed, value)."""
    return Rows(
        Record(f"{model}-{size}", {"model": model, "data.size": size}, seed, metric, None, value)
        for model, size, seed, value in cells
    )


def test_an_unknown_coordinate_is_refused():
    rows = table(("cnn", 1, 0, 0.9))
    with pytest.raises(UsageError, match="'modle': did you mean 'model'"):
        rows.where(modle="cnn")
    with pytest.raises(UsageError, match="'data.sise': did you mean 'data.size'"):
        rows.where(data__sise=1)
    with pytest.raises(UsageError, match="'sed': did you mean 'seed'"):
        rows.unique("sed")
    assert len(rows.where(model="gru")) == 0  # a value that no row has is no mistake
    assert len(Rows([]).where(model="cnn")) == 0  # nor a name, where there is nothing to know


def test_where_on_a_field_that_only_some_rows_have():
    human = Record("h", {"layout": "line"}, 0, "acc", None, 0.9)
    rows = Rows([*table(("cnn", 1, 0, 0.9)), human])
    assert [r.trial for r in rows.where(layout="line")] == ["h"]
    assert [r.trial for r in rows.where(model="cnn", seed=0)] == ["cnn-1"]


def test_last_values_by_seed():
    steps = [(1, 10, 0.2), (0, 20, 0.5), (0, 10, 0.1), (1, 20, 0.6)]
    rows = Rows(Record("t", {}, seed, "acc", step, value) for seed, step, value in steps)
    assert rows.by_seed("acc").keys == (0, 1) and rows.final("acc").tolist() == [0.5, 0.6]
    assert rows.curve("acc")[1].tolist() == [[0.1, 0.5], [0.2, 0.6]]
    with pytest.raises(LookupError, match="exactly one trial, got 2"):
        table(("cnn", 1, 0, 0.9), ("mlp", 1, 0, 0.6)).by_seed("test_acc")


def test_pairs_are_made_by_seed():
    """The sides stand in another order, and each has a seed that the other lacks."""
    a = table(("cnn", 1, 2, 0.92), ("cnn", 1, 0, 0.90), ("cnn", 1, 5, 0.95))
    b = table(("mlp", 1, 0, 0.60), ("mlp", 1, 1, 0.61), ("mlp", 1, 2, 0.62))
    pairs = paired(a, b, "test_acc")
    assert pairs.keys == (0, 2) and pairs.lacking == {1, 5}
    assert pairs.a.tolist() == [0.90, 0.92] and pairs.b.tolist() == [0.60, 0.62]
    assert np.allclose(pairs.difference, [0.3, 0.3])


def test_pairs_over_a_field_that_varies_in_both():
    a = table(*(("cnn", size, seed, size + seed / 10) for seed in (1, 0) for size in (100, 200)))
    b = table(*(("mlp", size, seed, size + seed / 10) for seed in (0, 1) for size in (200, 100)))
    pairs = paired(a, b, "test_acc")
    assert len(pairs.keys) == 4 and not pairs.lacking and not np.any(pairs.difference.array)
    with pytest.raises(LookupError, match=r"data\.size varies on one side only"):
        paired(a, b.where(data__size=100), "test_acc")


def test_two_metrics_of_the_same_rows():
    other = table(("cnn", 1, 0, 0.7), metric="confidence")
    rows = Rows([*table(("cnn", 1, 0, 0.9)), *other])
    assert np.allclose(paired(rows, rows, "test_acc", "confidence").difference, [0.2])


def test_arithmetic_goes_by_key():
    a, b, c = (Values(keys, range(1, 4)) for keys in ([0, 1, 2], [2, 1, 0], [1, 2, 3]))
    assert (a - b).array.tolist() == [-2, 0, 2] and (a - b).left_out == 0
    assert (a - c).keys == (1, 2) and (a - c).lacking == {0, 3}
    both = (a - c) - (b - c)
    assert both.lacking == {0, 3}  # one that lacks twice is one
    assert (1 - a).array.tolist() == [0, -1, -2] and (a / 2 + a * 0.5).array.tolist() == [1, 2, 3]
    assert (-a).map(np.abs).array.tolist() == [1, 2, 3] and np.mean(a) == 2 and list(a) == [1, 2, 3]
    kept = a.keep([True, False, True])
    assert kept.keys == (0, 2) and kept.lacking == {1} and kept[2] == 3
    with pytest.raises(TypeError, match="an array has no keys"):
        a - np.array([1, 2, 3])
    with pytest.raises(TypeError, match="an array has no keys"):
        np.array([1, 2, 3]) - a
    with pytest.raises(ValueError, match="keys that differ"):
        Values([0, 0], [1, 2])
    assert pair(Values([], []), a).keys == ()


def test_to_pandas():
    pytest.importorskip("pandas")
    frame = table(("cnn", 1, 0, 0.9), ("mlp", 1, 3, 0.6)).to_pandas()
    assert list(frame) == ["trial", "seed", "metric", "step", "value", "model", "data.size"]
    assert frame.groupby("model")["value"].mean().to_dict() == {"cnn": 0.9, "mlp": 0.6}
    assert frame["step"].isna().all() and len(Rows([]).to_pandas()) == 0


def test_filtering_looks_at_a_config_once_per_trial():
    """Stores are large and filtered often: a field is looked up per trial, not per record."""

    class Counted(dict):
        looked_up = 0

        def get(self, *key):
            Counted.looked_up += 1
            return super().get(*key)

    configs = [Counted(size=size) for size in range(20)]
    rows = Rows(
        Record(str(config["size"]), config, seed, "acc", step, 0.5)
        for config in configs
        for seed in range(5)
        for step in range(20)
    )
    assert len(rows.where(size=3, seed=0)) == 20 and Counted.looked_up == 20


def test_pairs_of_selections():
    def rows(seeds, value=0.5, metric="acc"):
        return Rows(Record(f"of {metric}", {}, seed, metric, None, value) for seed in seeds)

    pairs = rows([0]).paired(rows([0, 1]), rows([1, 2], 0.25), "acc")
    assert pairs.keys == (1,) and pairs.difference.array.tolist() == [0.25]
    with pytest.raises(UsageError, match="unknown metric 'loss'"):
        Rows.paired(rows([0]), rows([0]), "loss")
    with pytest.raises(UsageError, match="acc is an array for each seed"):
        Rows.paired(rows([0], np.ones(3)), rows([0]), "acc")
    with pytest.raises(UsageError, match="pair two selections of Rows, got 5"):
        Rows.paired(rows([0]), 5, "acc")
