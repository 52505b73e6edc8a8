"""Files: every set is read back bit for bit; a failed write changes nothing; a bad file is refused
and runs nothing."""

import csv
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mnist1d
from benchmarks.peer import ROOT
from mnist1d import FileFormatError, MissingExtraError, UsageError, files, tables
from mnist1d.files import FORMAT
from mnist1d.utils import to_pickle
from tests.strategies import configs, examples, own_templates

OLD = ROOT / "tests" / "old"
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
        one, other = getattr(a, name), getattr(b, name)
        assert (one is None) == (other is None), name
        if one is not None:
            if name.startswith("latents"):
                one, other = (
                    np.rec.fromarrays(causes, names=causes._fields) for causes in (one, other)
                )
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
    "causes": lambda d: mnist1d.make_dataset(num_samples=30, latents=True, mode="fast").split(5),
    "soft": lambda d: d.replace(
        y_soft=np.full((48, 10), 0.1), y_soft_test=np.linspace(0, 1, 120).reshape(12, 10)
    ),
    "one point": lambda d: mnist1d.make_dataset(
        num_samples=20, final_seq_length=1, shuffle_seq=True
    ),
    "old": lambda d: mnist1d.Dataset.from_dict(
        {n: d[n] for n in ("x", "y", "x_test", "y_test", "t")}
    ),
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
        with path.open(newline="") as file:
            header, first = (line for line, _ in zip(csv.reader(file), range(2), strict=False))
        assert header[-1] == "settings"
        return json.loads(first[-1])
    import pyarrow.parquet

    return json.loads(pyarrow.parquet.read_schema(path).metadata[b"mnist1d"])


@pytest.mark.parametrize("ending", ENDINGS)
def test_settings_and_one_digest_travel_in_the_file(data, tmp_path, ending):
    path = tmp_path / f"set.{ending}"
    shuffled = data.shuffled()
    shuffled.save(path)
    found = settings_in(path)
    assert found["format"] == FORMAT == "mnist1d/2" and found["mode"] == "exact"
    assert mnist1d.DataConfig(**found["config"]) == data.config
    assert (found["mean"], found["std"]) == (data.mean, data.std)
    arrays = {name: shuffled[name] for name in ("x", "y", "x_test", "y_test", "t")}
    arrays |= {f"templates_{name}": data.templates[name] for name in ("x", "t", "y")}
    arrays["positions"] = shuffled.positions
    assert found["arrays"] == {
        name: {"dtype": a.dtype.str, "shape": list(a.shape), "sha256": mnist1d.digests.sha256(a)}
        for name, a in arrays.items()
    }
    digest = found.pop("digest")  # the SHA-256 of all of this but itself, as canonical JSON
    found.pop("values", None)
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == digest


def test_the_digest_is_the_same_in_every_format(data, tmp_path):
    endings = ENDINGS if importlib.util.find_spec("pyarrow") else ["npz", "csv"]
    for ending in endings:
        data.save(tmp_path / f"set.{ending}")
    assert len({settings_in(tmp_path / f"set.{ending}")["digest"] for ending in endings}) == 1


ALONE = """
import sys
sys.modules["mnist1d"] = None  # this package is hidden
import numpy as np
"""


def alone(code, folder):
    """Run code without this package, in a folder."""
    subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE + code], cwd=folder, check=True, timeout=120
    )


def test_numpy_alone_reads_everything_in_an_npz(data, tmp_path):
    data.shuffled().save(tmp_path / "set.npz")
    np.savez(tmp_path / "expected.npz", x=data.shuffled().x, t=data.t, templates=data.templates.x)
    alone(
        """
with np.load("set.npz", allow_pickle=False) as file, np.load("expected.npz") as expected:
    assert np.array_equal(file["x"], expected["x"]) and np.array_equal(file["t"], expected["t"])
    assert np.array_equal(file["templates_x"], expected["templates"])
    assert sorted(file["positions"]) == list(range(40))
    assert file["templates_y"].tolist() == list(range(10))
""",
        tmp_path,
    )


@pytest.mark.parametrize("package", ["pandas", "polars", "numpy"])
def test_csv_files_are_read_as_they_are(data, tmp_path, package):
    pytest.importorskip(package, reason=f"{package} is optional")
    noisy = data.with_label_noise(0.2)
    noisy.save(tmp_path / "set.csv")
    np.save(tmp_path / "x.npy", np.concatenate([data.x, data.x_test]))
    np.save(tmp_path / "y.npy", np.concatenate([noisy.y, data.y_test]))
    read = {
        "pandas": """
import pandas
table = pandas.read_csv("set.csv")
y, split = table["y"].to_numpy(), table["split"].tolist()
x = table[[f"x{i}" for i in range(40)]].to_numpy()
assert table.columns[-1] == "settings"
assert table["y_clean"].dtype == table["noise_mask"].dtype == "int64"
""",
        "polars": """
import polars
table = polars.read_csv("set.csv")
y, split = table["y"].to_numpy(), table["split"].to_list()
x = table[[f"x{i}" for i in range(40)]].to_numpy()
""",
        "numpy": """
columns = {"delimiter": ",", "skiprows": 1, "quotechar": '"'}
x = np.loadtxt("set.csv", **columns, usecols=range(4, 44))
y = np.loadtxt("set.csv", **columns, usecols=1, dtype=int)
split = np.loadtxt("set.csv", **columns, usecols=0, dtype=str).tolist()
""",
    }[package]
    check = """
assert np.allclose(x, np.load("x.npy"), rtol=1e-15, atol=0) and x.dtype == float
assert np.array_equal(y, np.load("y.npy")) and split == ["train"] * 48 + ["test"] * 12
"""
    alone(read + check, tmp_path)


def test_parquet_is_read_by_others(data, tmp_path):
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="parquet needs pyarrow, which is optional"
    )
    data.save(tmp_path / "set.parquet")
    table = parquet.read_table(tmp_path / "set.parquet")
    assert (
        table.column_names == ["split", "y", "x"]
        and table["split"].to_pylist() == ["train"] * 48 + ["test"] * 12
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_of_the_first_format_are_still_read(ending):
    """Written by the previous version; a warning says what they lack. Another NumPy may have
    rounded their signals differently: docs/data.md has the tolerance."""
    with pytest.warns(
        mnist1d.SuspiciousValueWarning,
        match="older version: its digest does not cover settings.*save it again",
    ) as caught:
        data = mnist1d.read(OLD / f"format-1.{ending}")
    assert caught[0].filename == __file__
    expected = mnist1d.make_dataset(num_samples=30, final_seq_length=8, seed=5, shuffle_seq=True)
    expected = expected.with_label_noise(0.3, seed=1).split(6)
    names = ("x", "x_test", "x_val", "mean", "std")
    signals = {name: getattr(expected, name) for name in names}
    for name, values in signals.items():
        np.testing.assert_allclose(getattr(data, name), values, rtol=0, atol=1e-14)
    same(data.replace(**signals), expected)


@pytest.mark.filterwarnings("ignore:.*older version")
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_changed_signal_in_a_file_of_the_first_format_is_seen(tmp_path, ending):
    content = (OLD / f"format-1.{ending}").read_bytes()
    rng, seen = np.random.default_rng(0), 0
    for _ in range(40):
        bad = bytearray(content)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        (tmp_path / f"a.{ending}").write_bytes(bad)
        try:
            again = mnist1d.read(tmp_path / f"a.{ending}")
        except FileFormatError:
            seen += 1
            continue
        for name in ("x", "y", "x_test", "y_test", "x_val", "y_val", "y_clean", "noise_mask", "t"):
            np.testing.assert_array_equal(
                again[name], mnist1d.read(OLD / f"format-1.{ending}")[name]
            )
    assert seen > 5


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

    def fails(*arguments, **_):
        if ending == "npz":
            arguments[0].write(b"half a file")
        else:
            arguments[-1].write_bytes(b"half a file")
        raise error()

    where = (np, "savez_compressed") if ending == "npz" else (tables, f"write_{ending}")
    monkeypatch.setattr(*where, fails)
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
def test_labels_up_to_the_largest_of_64_bits(data, tmp_path, ending):
    largest = np.full(len(data.y), 2**63 - 1, np.uint64)
    data.replace(y=largest).save(tmp_path / f"set.{ending}")
    assert (mnist1d.read(tmp_path / f"set.{ending}").y == 2**63 - 1).all()
    with pytest.raises(UsageError, match=r"labels must be below 2\*\*63"):
        data.replace(y=largest + np.uint64(1)).save(tmp_path / f"set.{ending}")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_name_that_is_too_long_to_look_up(ending):
    with pytest.raises(UsageError, match="cannot read n+.*: File name too long"):
        mnist1d.read("n" * 300 + f".{ending}")


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
        UsageError, match=r"cannot write '.*': the extension must be one of \.npz, \.csv, \.parquet"
    ):
        data.save(tmp_path / name)
    assert os.listdir(tmp_path) == []
    if name != "set.pkl":
        with pytest.raises(
            UsageError,
            match=r"cannot read '.*': the extension must be one of \.npz, \.csv, \.parquet, \.pkl",
        ):
            mnist1d.read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "near"), [("set.npy", ".npz"), ("set.parqet", ".parquet"), ("set.cvs", ".csv")]
)
def test_a_misspelled_ending_names_the_nearest(data, tmp_path, name, near):
    for call in (data.save, mnist1d.read):
        with pytest.raises(
            UsageError, match=rf"the extension must be one of .*: did you mean '\{near}'\?"
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


def damage(content, rng):
    """Return a file's bytes with some of them changed, lost, repeated or moved."""
    bad, where = bytearray(content), int(rng.integers(len(content)))
    kind, length = int(rng.integers(7)), int(rng.integers(1, 200))
    if kind <= 2:  # one to three bits
        for place in rng.integers(len(bad), size=kind + 1):
            bad[place] ^= 1 << int(rng.integers(8))
    elif kind == 3:  # one digit for another, where there are digits
        digits = [i for i in range(where, min(where + 3000, len(bad))) if chr(bad[i]).isdecimal()]
        for place in digits[:1]:
            bad[place] = ord("0") + (bad[place] - ord("0") + int(rng.integers(1, 10))) % 10
    elif kind == 4:
        del bad[where : where + length]
    elif kind == 5:
        bad[where:where] = bad[where : where + length]
    else:
        bad[where : where + length] = bytes(length)
    return bytes(bad[: len(content)] if kind == 4 and rng.random() < 0.5 else bad)


def read_damaged(content, ending, path, expected, count, seed):
    """Read `count` damaged files; return how many were refused. Those that were read must hold the
    very same set."""
    rng, refused = np.random.default_rng(seed), 0
    for _ in range(count):
        path.write_bytes(damage(content, rng))
        try:
            again = mnist1d.read(path)
        except FileFormatError:
            refused += 1
            continue
        same(again, expected)
    return refused


@pytest.fixture(scope="module")
def rich(data):
    """A set with everything that a set can hold."""
    made = mnist1d.make_dataset(num_samples=60, seed=5, latents=True).with_label_noise(0.2).split(9)
    soft = {
        f"y_soft{end}": np.full((n, 10), 0.1) for end, n in {"": 39, "_val": 9, "_test": 12}.items()
    }
    return made.shuffled(seed=1).replace(**soft)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_damaged_file_is_never_taken_for_good(rich, tmp_path, ending):
    rich.save(tmp_path / f"set.{ending}")
    content = (tmp_path / f"set.{ending}").read_bytes()
    assert read_damaged(content, ending, tmp_path / f"bad.{ending}", rich, 60, 1) > 30


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_damaged_file_of_very_many_is_taken_for_good(rich, tmp_path, ending):
    rich.save(tmp_path / f"set.{ending}")
    content = (tmp_path / f"set.{ending}").read_bytes()
    assert read_damaged(content, ending, tmp_path / f"bad.{ending}", rich, 3000, 2) > 1500


def edited(path, change):
    """Rewrite a csv file with other settings in it."""
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    found = json.loads(lines[1][-1])
    change(found)
    lines[1][-1] = json.dumps(found)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(mean=s["mean"] + 1e-9),
        lambda s: s.update(std=s["std"] * 1.1),
        lambda s: s.update(mode="fast"),
        lambda s: s["config"].update(seed=6),
        lambda s: s["config"].update(shear_scale=0.8),
        lambda s: s.update(config=None),
        lambda s: s["values"]["templates_x"][3].__setitem__(2, 0.5),
        lambda s: s["values"]["templates_y"].__setitem__(0, 7),
        lambda s: s["values"]["positions"].reverse(),
        lambda s: s["values"]["t"].__setitem__(0, 0.0),
        lambda s: s["arrays"]["x"].update(dtype="<f4"),
        lambda s: s.update(digest="0" * 64),
        lambda s: s.update(note="mine"),
    ],
)
def test_a_changed_setting_is_seen(rich, tmp_path, change):
    """One changed digit of the mean would make the ideal observer wrong on nearly every signal."""
    rich.save(tmp_path / "set.csv")
    edited(tmp_path / "set.csv", lambda s: None)
    same(mnist1d.read(tmp_path / "set.csv"), rich)
    edited(tmp_path / "set.csv", change)
    with pytest.raises(FileFormatError, match="does not match its digest"):
        mnist1d.read(tmp_path / "set.csv")


def test_a_hostile_npz_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("mnist1d.memory.free_bytes", lambda: 1e9)
    with zipfile.ZipFile(tmp_path / "set.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(600_000_000))
    with pytest.raises(FileFormatError, match="needs about 1.8 GB of memory, and 1.0 GB are free"):
        mnist1d.read(tmp_path / "set.npz")


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
    for column, value in {1: str((int(cells[1]) + 1) % 10), -2: "0.5", 0: "test"}.items():
        changed = list(cells)
        changed[column] = value
        (tmp_path / "set.csv").write_text(
            "\n".join([*lines[:5], ",".join(changed), *lines[6:]]) + "\n"
        )
        with pytest.raises(
            FileFormatError,
            match="does not match its digest: the file was changed or damaged",
        ):
            mnist1d.read(tmp_path / "set.csv")
    (tmp_path / "set.csv").write_text(
        "\n".join([*lines[:5], ",".join(cells[:-1]), *lines[6:]]) + "\n"
    )
    with pytest.raises(FileFormatError, match="line 6: 44 values, but the header has 45"):
        mnist1d.read(tmp_path / "set.csv")


def test_a_file_of_a_later_version(data, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FORMAT", "mnist1d/3")
    data.save(tmp_path / "set.npz")
    monkeypatch.undo()
    with pytest.raises(
        FileFormatError,
        match="the file says format 'mnist1d/3', this version reads 'mnist1d/2' and 'mnist1d/1'",
    ):
        mnist1d.read(tmp_path / "set.npz")


def test_a_file_whose_settings_are_not_legal(data, tmp_path):
    def illegal(settings, name, value):
        settings["config"].pop(name, None)
        settings["config"]["sed" if name == "sed" else name] = value
        known = {n: settings[n] for n in ("format", "config", "mode", "mean", "std", "arrays")}
        text = json.dumps(known, sort_keys=True, separators=(",", ":"))
        settings["digest"] = hashlib.sha256(
            text.encode()
        ).hexdigest()  # a valid digest of the edited content

    for name, value in {"seed": -5, "sed": 5, "padding": [60, 36]}.items():
        data.save(tmp_path / "set.csv")
        edited(tmp_path / "set.csv", lambda s, name=name, value=value: illegal(s, name, value))
        with pytest.raises(
            FileFormatError,
            match="set.csv is not a data set written by mnist1d, or is damaged: .*(seed|padding)",
        ):
            mnist1d.read(tmp_path / "set.csv")


def test_a_plain_npz_is_read_like_a_pickle(data, tmp_path):
    arrays = {name: data[name] for name in ("x", "y", "x_test", "y_test", "t")}
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.warns(mnist1d.SuspiciousValueWarning, match="set.npz has no digest, so it may be"):
        again = mnist1d.read(tmp_path / "set.npz")
    np.testing.assert_array_equal(again.x, data.x)
    assert again.config is None and again.mode is None and len(again.templates.y) == 0
    np.savez(
        tmp_path / "set.npz",
        **arrays,
        **{f"templates_{name}": data.templates[name] for name in ("x", "t", "y")},
    )
    with pytest.warns(mnist1d.SuspiciousValueWarning, match="save it again to add a digest"):
        again = mnist1d.read(tmp_path / "set.npz")
    np.testing.assert_array_equal(again.templates.x, data.templates.x)


@pytest.mark.filterwarnings("ignore:.*is a pickle")
def test_pickles_of_a_set_and_of_arrays_without_templates(data, tmp_path):
    to_pickle(data, tmp_path / "set.pkl")
    same(mnist1d.read(tmp_path / "set.pkl"), data)
    arrays = {name: data[name] for name in ("x", "y", "x_test", "y_test", "t")}
    to_pickle(arrays, tmp_path / "set.pkl")
    bare = mnist1d.read(tmp_path / "set.pkl")
    np.testing.assert_array_equal(bare.x_test, data.x_test)
    assert [bare.templates[name].shape for name in ("x", "t", "y")] == [(0, 0), (0,), (0,)]


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
