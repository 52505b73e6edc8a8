"""Exported rows: filtered, complete, in every format, in little memory."""

import csv
import io
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments.rows import Record
from mnist1d.results.export import write_results
from mnist1d.results.selection import Selection, matches, parse_where
from mnist1d.runs import open_store, plan, sweep
from mnist1d.runs.store import Store


@pytest.fixture
def runs(toy, tmp_path):
    with open_store(tmp_path / "runs") as store:
        sweep(store, plan("toy", "smoke"))
        sweep(store, plan("toy", "quick", None, ["size=3,5", "rate=0.25"]))
    return tmp_path / "runs"


def exported(runs, path, **selection):
    write_results(runs, Selection(**selection), path.suffix[1:], path)
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text())))
    if path.suffix == ".json":
        return json.loads(path.read_text())
    parquet = pytest.importorskip("pyarrow.parquet")
    return parquet.read_table(path).to_pylist()


SELECTIONS = [
    ({}, 5 * 2 * 4 - 5),
    ({"preset": "smoke"}, 3 * 7),
    ({"preset": "paper"}, None),
    ({"metric": "one"}, 5 * 2 * 2),
    ({"metric": "one", "seed": 1}, 5 * 2),
    ({"where": {"size": ["3"]}}, 2 * 7),
    ({"where": {"size": ["3", "5"], "rate": ["0.25"]}}, 2 * 7),
    ({"where": {"data.padding": ["36:60"], "action": ["ok"]}, "study": "toy"}, 35),
]


@pytest.mark.parametrize(("selection", "count"), SELECTIONS)
@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_selections_in_every_format(runs, tmp_path, selection, count, ending):
    if count is None:
        with pytest.raises(UsageError, match="no rows in .* have preset=paper"):
            exported(runs, tmp_path / f"rows.{ending}", **selection)
        assert not (tmp_path / f"rows.{ending}").exists()
        return
    assert len(exported(runs, tmp_path / f"rows.{ending}", **selection)) == count


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_the_array_column_is_the_file_to_open(runs, tmp_path, ending):
    lines = exported(runs, tmp_path / f"rows.{ending}", metric="image", seed=1)
    assert len(lines) == 5
    for line in lines:
        array = np.load(tmp_path / line["array"], allow_pickle=False)
        assert "x".join(map(str, array.shape)) == line["shape"] == f"2x{line['size']}"
        assert (array == 1).all()
    names = {path.name for path in (tmp_path / "rows-arrays").iterdir()}
    assert names == {line["array"].partition("/")[2] for line in lines}


def test_on_stdout_arrays_are_reported(runs, capsys):
    write_results(runs, Selection(metric="image"), "csv")
    told = capsys.readouterr()
    assert "10 values are arrays" in told.err and "-o" in told.err and "2x3" in told.out
    write_results(runs, Selection(metric="one"), "csv")
    assert not capsys.readouterr().err


def test_the_format_is_that_of_the_ending(runs, tmp_path):
    for ending in ("csv", "json"):
        named, plain = tmp_path / f"named.{ending}", tmp_path / f"plain.{ending}"
        write_results(runs, format=ending, output=named)
        write_results(runs, output=plain)
        assert plain.read_text().replace("plain", "named") == named.read_text()


def test_a_device_gets_no_arrays(runs, tmp_path, capsys):
    (tmp_path / "link").symlink_to("/dev/null")
    write_results(runs, format="csv", output=tmp_path / "link")
    assert "to get .npy files" in capsys.readouterr().err
    assert not Path("/dev/null-arrays").exists() and not (tmp_path / "link-arrays").exists()


def test_arrays_lie_beside_the_target_of_a_link(runs, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "here.csv").symlink_to(tmp_path / "there" / "rows.csv")
    write_results(runs, output=tmp_path / "here.csv")
    assert {path.name for path in (tmp_path / "there").iterdir()} == {"rows.csv", "rows-arrays"}


def test_a_trial_of_two_presets_names_both(toy, tmp_path):
    with open_store(tmp_path / "runs") as store:
        sweep(store, plan("toy", "smoke"))
        sweep(store, plan("toy", "quick"))
    lines = exported(tmp_path / "runs", tmp_path / "rows.csv", where={"size": ["1"]})
    assert {line["preset"] for line in lines} == {"smoke quick"}


def test_not_a_number_is_empty(runs, tmp_path):
    for ending, empty in (("csv", ""), ("json", None), ("parquet", None)):
        lines = exported(runs, tmp_path / f"rows.{ending}", metric="nothing")
        assert {line["value"] for line in lines} == {empty}


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"study": "tyo"}, "did you mean 'toy'"),
        ({"preset": "qick"}, "did you mean 'quick'"),
        ({"where": {"sise": ["1"]}}, "unknown field 'sise': did you mean 'size'"),
        ({"metric": "won"}, "did you mean 'one'"),
        ({"where": {"size": ["77"]}, "seed": 0}, "have size=77, seed=0"),
    ],
)
def test_what_is_not_there(runs, selection, message):
    with pytest.raises(UsageError, match=message):
        write_results(runs, Selection(**selection), "csv")


@pytest.mark.parametrize("item", ["size", "=3", "size=", ""])
def test_conditions_are_field_equals_value(item):
    with pytest.raises(UsageError, match="field=value"):
        parse_where([item])


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        (0.1, "1e-1", True),
        (3, "3.0", True),
        (True, "true", True),
        (True, "1", False),
        (None, "none", True),
        ((36, 60), "36:60", True),
        ("cnn", "CNN", True),
        ("cnn", "mlp", False),
        (3, "three", False),
    ],
)
def test_values_as_people_type_them(value, text, expected):
    assert matches(value, text) is expected


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_memory_does_not_grow_with_the_rows(runs, tmp_path, monkeypatch, format):
    if format == "parquet":
        pytest.importorskip("pyarrow.parquet")
        monkeypatch.setattr("mnist1d.results.export.GROUP", 1000)

    def peak(count):
        def rows(*_):
            return (Record(f"{i:064}", {"size": i}, 0, "one", None, 0.5) for i in range(count))

        monkeypatch.setattr(Store, "each_row", rows)
        write_results(runs, None, format, tmp_path / f"rows.{format}")  # imports are not counted
        tracemalloc.start()
        write_results(runs, None, format, tmp_path / f"rows.{format}")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = peak(1500), peak(6000)
    assert many < 1.3 * few + 200_000
