"""Files: what is written is read again to the bit; a failed write changes nothing; a bad file is
refused and runs nothing."""

import importlib.util
import json
import os
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mnist1d
from mnist1d import FileFormatError, MissingExtraError, UsageError, files
from mnist1d.files import FORMAT
from mnist1d.utils import to_pickle
from tests.strategies import configs, examples, own_templates

ENDINGS = ["npz", "csv", "parquet"]


@pytest.fixture(scope="module")
def data():
    return mnist1d.make_dataset(num_samples=60, seed=5)


@pytest.fixture(autouse=True)
def needs_pyarrow(request):
    if "parquet" in request.node.name and "missing" not in request.node.name:
        pytest.importorskip("pyarrow", reason="parquet needs pyarrow, which is optional")


def same(a, b):
    assert a.keys() == b.keys() and (a.config, a.mode, a.mean, a.std) == (
        b.config,
        b.mode,
        b.mean,
        b.std,
    )
    for name in [*(name for name in a.keys() if name != "templates"), "positions"]:
        if a.positions is not None or name != "positions":
            one, other = getattr(a, name), getattr(b, name)
            assert one.dtype == other.dtype, name
            np.testing.assert_array_equal(one, other, err_msg=name)
    for name in ("x", "t", "y"):
        np.testing.assert_array_equal(a.templates[name], b.templates[name])


# ------------------------------------------------------------------ round trips


BENT = {
    "plain": lambda d: d,
    "single": lambda d: d.replace(
        x=d.x.astype(np.float32), x_test=d.x_test.astype(np.float32), t=d.t.astype(np.float32)
    ),
    "noisy": lambda d: d.with_label_noise(0.3, seed=1),
    "split": lambda d: d.split(7),
    "noisy and split": lambda d: d.with_label_noise(0.3, seed=1).split(7),
    "shuffled": lambda d: d.shuffled(seed=2),
    "subset": lambda d: d.subset([3, 1]),
    "no test signals": lambda d: mnist1d.make_dataset(num_samples=20, train_split=1.0),
    "no training signals": lambda d: mnist1d.make_dataset(num_samples=20, train_split=0.0),
    "fast": lambda d: mnist1d.make_dataset(num_samples=20, mode="fast", shuffle_seq=True),
}


@pytest.mark.parametrize("ending", [*ENDINGS, "NPZ"])
@pytest.mark.parametrize("bend", BENT)
def test_round_trip(data, tmp_path, ending, bend):
    bent, path = BENT[bend](data), tmp_path / f"set.{ending}"
    bent.save(path)
    same(mnist1d.read(path), bent)
    assert os.listdir(tmp_path) == [path.name]


@settings(examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    configs(), own_templates(), st.sampled_from(["exact", "fast"]), st.sampled_from(["npz", "csv"])
)
def test_round_trip_whatever_the_settings(tmp_path, config, shapes, mode, ending):
    made = mnist1d.make_dataset(config, templates=shapes, mode=mode)
    made.save(tmp_path / f"set.{ending}")
    same(mnist1d.read(str(tmp_path / f"set.{ending}")), made)


@pytest.mark.parametrize("ending", ENDINGS)
def test_labels_of_any_whole_type_come_back_as_int64(data, tmp_path, ending):
    small = data.replace(y=data.y.astype(np.uint8), y_test=data.y_test.astype(np.int32))
    small.save(tmp_path / f"set.{ending}")
    again = mnist1d.read(tmp_path / f"set.{ending}")
    np.testing.assert_array_equal(again.y, data.y)
    assert again.y.dtype == again.y_test.dtype == np.int64


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_frozen_set_is_still_itself_in_a_file(tmp_path, ending):
    mnist1d.load_dataset().save(tmp_path / f"set.{ending}")
    assert mnist1d.verify(mnist1d.read(tmp_path / f"set.{ending}"))


def settings_in(path):
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return json.loads(str(file["settings"]))
    if path.suffix == ".csv":
        return json.loads(path.read_text().splitlines()[0].removeprefix("# "))
    import pyarrow.parquet

    return json.loads(pyarrow.parquet.read_schema(path).metadata[b"mnist1d"])


@pytest.mark.parametrize("ending", ENDINGS)
def test_settings_and_digests_travel_in_the_file(data, tmp_path, ending):
    path = tmp_path / f"set.{ending}"
    data.save(path)
    found = settings_in(path)
    assert found["format"] == FORMAT == "mnist1d/1" and found["mode"] == "exact"
    assert mnist1d.DataConfig(**found["config"]) == data.config
    assert found["sha256"] == {
        name: mnist1d.digests.sha256(data[name]) for name in ("x", "y", "x_test", "y_test", "t")
    }
    np.testing.assert_array_equal(found["templates"]["x"], data.templates.x)


def test_others_read_the_files_without_this_package(data, tmp_path):
    data.save(tmp_path / "set.npz")
    with np.load(tmp_path / "set.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["x"], data.x)
    data.save(tmp_path / "set.csv")
    table = np.loadtxt(
        tmp_path / "set.csv", delimiter=",", skiprows=2, usecols=range(1, 42)
    )  # numpy skips the comment itself
    np.testing.assert_array_equal(table[:, 1:], np.concatenate([data.x, data.x_test]))
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="parquet needs pyarrow, which is optional"
    )
    data.save(tmp_path / "set.parquet")
    table = parquet.read_table(tmp_path / "set.parquet")
    assert (
        table.column_names == ["split", "y", "x"]
        and table["split"].to_pylist() == ["train"] * 48 + ["test"] * 12
    )


# ------------------------------------------------------------------ a failed write changes nothing


class DiskFull(OSError):
    def __init__(self):
        super().__init__(28, "No space left on device")


@pytest.mark.parametrize("error", [DiskFull, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failed_write_leaves_the_file_that_was_there(data, tmp_path, monkeypatch, ending, error):
    path = tmp_path / f"set.{ending}"
    data.save(path)
    before = path.read_bytes()

    def fails(data, path):
        path.write_bytes(b"half a file")
        raise error()

    monkeypatch.setattr(files, f"_write_{ending}", fails)
    with pytest.raises(
        UsageError if error is DiskFull else error,
        match="No space left" if error is DiskFull else None,
    ):
        data.with_label_noise(0.5).save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]
    with pytest.raises(UsageError if error is DiskFull else error):
        data.save(tmp_path / f"new.{ending}")
    assert os.listdir(tmp_path) == [path.name]


def test_the_file_appears_whole_or_not_at_all(data, tmp_path, monkeypatch):
    path, seen = tmp_path / "set.npz", []
    replace = os.replace

    def watched(temporary, target):
        seen.append(
            (
                path.exists(),
                mnist1d.read(temporary).x.shape,
                os.path.dirname(temporary) == str(tmp_path),
            )
        )
        replace(temporary, target)

    monkeypatch.setattr(os, "replace", watched)
    data.save(path)
    assert seen == [(False, (48, 40), True)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_folder(data, tmp_path, ending):
    with pytest.raises(
        UsageError, match=r"cannot write in the folder .*nowhere: No such file or directory"
    ):
        data.save(tmp_path / "nowhere" / f"set.{ending}")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write in the folder .*file: Not a directory"):
        data.save(tmp_path / "file" / f"set.{ending}")
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_in_place_of_a_file(data, tmp_path):
    (tmp_path / "a.npz").mkdir()
    with pytest.raises(UsageError, match="a.npz is a folder: name a file in it"):
        data.save(tmp_path / "a.npz")
    with pytest.raises(UsageError, match="a.npz is a folder: name a file in it"):
        mnist1d.read(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["set", "set.np", "set.txt", "set.npz.gz", ".npz", "set.pkl"])
def test_an_unknown_ending(data, tmp_path, name):
    with pytest.raises(
        UsageError, match=r"cannot write '.*': the ending must be one of \.npz, \.csv, \.parquet"
    ):
        data.save(tmp_path / name)
    assert os.listdir(tmp_path) == []
    if name != "set.pkl":
        with pytest.raises(
            UsageError,
            match=r"cannot read '.*': the ending must be one of \.npz, \.csv, \.parquet, \.pkl",
        ):
            mnist1d.read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "near"), [("set.npy", ".npz"), ("set.parqet", ".parquet"), ("set.cvs", ".csv")]
)
def test_a_misspelled_ending_names_the_nearest(data, tmp_path, name, near):
    for call in (data.save, mnist1d.read):
        with pytest.raises(
            UsageError, match=rf"the ending must be one of .*: did you mean '\{near}'\?"
        ):
            call(tmp_path / name)


def test_parquet_with_pyarrow_missing(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (data.save, mnist1d.read):
        (tmp_path / "there.parquet").write_bytes(b"PAR1")
        with pytest.raises(MissingExtraError) as error:
            call(tmp_path / "there.parquet")
        assert str(error.value) == "parquet files need pyarrow: pip install pyarrow"
    assert (
        os.listdir(tmp_path) == ["there.parquet"]
        and (tmp_path / "there.parquet").read_bytes() == b"PAR1"
    )


# ------------------------------------------------------------------ bad files


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match="no such file: .*set.npz"):
        mnist1d.read(tmp_path / "set.npz")


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    """The bytes of the set in every format that can be written here."""
    folder, formats = tmp_path_factory.mktemp("written"), ["npz", "csv"]
    if importlib.util.find_spec("pyarrow"):
        formats.append("parquet")
    noisy = data.with_label_noise(0.2).split(9)
    for ending in formats:
        noisy.save(folder / f"set.{ending}")
    to_pickle(
        {name: data[name] for name in ("x", "y", "x_test", "y_test", "t")}, folder / "set.pkl"
    )
    return {ending: (folder / f"set.{ending}").read_bytes() for ending in [*formats, "pkl"]}


@pytest.mark.parametrize("ending", [*ENDINGS, "pkl"])
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file(written, tmp_path, ending, share):
    path = tmp_path / f"set.{ending}"
    path.write_bytes(written[ending][: int(share * len(written[ending]))])
    with pytest.raises(FileFormatError) as error:
        mnist1d.read(path)
    assert "set." in str(error.value) and "\n" not in str(error.value).strip()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_changed_file_is_never_taken_for_the_old_one(data, written, tmp_path, ending):
    rng, path, good = np.random.default_rng(1), tmp_path / f"set.{ending}", written[ending]
    noisy = data.with_label_noise(0.2).split(9)
    for _ in range(60):
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        path.write_bytes(bad)
        try:
            again = mnist1d.read(path)
        except FileFormatError:
            continue
        for name in (
            "x",
            "y",
            "x_test",
            "y_test",
            "x_val",
            "y_val",
            "y_clean",
            "noise_mask",
            "t",
        ):  # not one digit differs, unseen
            np.testing.assert_array_equal(again[name], noisy[name])


@pytest.mark.parametrize("ending", [*ENDINGS, "pkl"])
@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"\x00" * 100,
        b"PK\x03\x04 no zip",
        b"PAR1 no parquet PAR1",
        b"\x80\x04.",
        b"# {}\n",
        b"# [1]\nx\n1\n",
    ],
)
def test_a_foreign_file(tmp_path, ending, content):
    path = tmp_path / f"set.{ending}"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        mnist1d.read(path)


def test_a_value_changed_in_a_csv_is_seen(written, tmp_path):
    lines = written["csv"].decode().splitlines()
    cells = lines[5].split(",")
    for column, value in {1: str((int(cells[1]) + 1) % 10), -1: "0.5", 0: "test"}.items():
        changed = list(cells)
        changed[column] = value
        (tmp_path / "set.csv").write_text(
            "\n".join([*lines[:5], ",".join(changed), *lines[6:]]) + "\n"
        )
        with pytest.raises(
            FileFormatError,
            match="does not have the digest that was written with it: the file was changed or damaged",
        ):
            mnist1d.read(tmp_path / "set.csv")
    (tmp_path / "set.csv").write_text(
        "\n".join([*lines[:5], ",".join(cells[:-1]), *lines[6:]]) + "\n"
    )
    with pytest.raises(FileFormatError, match="line 6: 43 values where the header has 44"):
        mnist1d.read(tmp_path / "set.csv")


def test_a_file_of_a_later_version(data, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FORMAT", "mnist1d/2")
    data.save(tmp_path / "set.npz")
    monkeypatch.undo()
    with pytest.raises(
        FileFormatError, match="the file says format 'mnist1d/2', this version reads 'mnist1d/1'"
    ):
        mnist1d.read(tmp_path / "set.npz")


def test_a_file_whose_settings_are_not_legal(data, tmp_path):
    data.save(tmp_path / "set.csv")
    text = (tmp_path / "set.csv").read_text()
    for old, new in {
        '"seed": 5': '"seed": -5',
        '"seed"': '"sed"',
        '"padding": [36, 60]': '"padding": [60, 36]',
    }.items():
        assert old in text
        (tmp_path / "set.csv").write_text(text.replace(old, new))
        with pytest.raises(
            FileFormatError,
            match="set.csv is not a data set written by mnist1d, or is damaged: .*(seed|padding)",
        ):
            mnist1d.read(tmp_path / "set.csv")


def test_a_plain_npz_is_read_like_a_pickle(data, tmp_path):
    arrays = {name: data[name] for name in ("x", "y", "x_test", "y_test", "t")}
    np.savez(tmp_path / "set.npz", **arrays)
    again = mnist1d.read(tmp_path / "set.npz")
    np.testing.assert_array_equal(again.x, data.x)
    assert again.config is None and again.mode is None and len(again.templates.y) == 0
    np.savez(
        tmp_path / "set.npz",
        **arrays,
        **{f"templates_{name}": data.templates[name] for name in ("x", "t", "y")},
    )
    np.testing.assert_array_equal(mnist1d.read(tmp_path / "set.npz").templates.x, data.templates.x)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": None}, "'?x"),
        ({"x": np.zeros((5, 39))}, r"x \(5, 39\), y \(48,\) and t \(40,\) do not fit together"),
        ({"y_test": np.zeros((12, 1), int)}, r"y_test \(12, 1\) .* do not fit together"),
        ({"t": np.zeros(39)}, "do not fit together"),
        ({"y": np.zeros(48)}, "y whole numbers, got float64 and float64"),
        ({"x_test": np.array(["a"] * 12)}, "x_test must hold floats"),
        ({"x": np.array([[{}] * 40] * 48)}, "x must hold floats|pickle"),
    ],
)
@pytest.mark.parametrize("ending", ["npz", "pkl"])
def test_arrays_that_do_not_fit_together(data, tmp_path, change, message, ending):
    arrays = {name: data[name] for name in ("x", "y", "x_test", "y_test", "t")} | change
    arrays = {name: a for name, a in arrays.items() if a is not None}
    if ending == "npz":
        np.savez(tmp_path / "set.npz", **arrays)
    else:
        to_pickle(arrays, tmp_path / "set.pkl")
    with pytest.raises(FileFormatError, match=message):
        mnist1d.read(tmp_path / f"set.{ending}")
