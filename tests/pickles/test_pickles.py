"""Pickles: what is harmless comes back as it was, what is not runs nothing, crashes nothing and
takes neither all time nor all memory."""

import argparse
import collections
import json
import os
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest

import mnist1d
from mnist1d import FileFormatError, SuspiciousValueWarning, UsageError
from mnist1d.pickles.builders import Harmless
from mnist1d.pickles.machine import MAX_OPERATIONS, Machine
from mnist1d.pickles.operations import run
from mnist1d.utils import ObjectView, from_pickle, to_pickle
from tests.pickles import crafted

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
HARMLESS = {
    "none": None, "true": True, "integer": -5, "a large integer": 10**40, "float": 0.1,
    "nan": float("nan"), "complex": 1 - 2j, "text": "näïve \U0001f600 \ud800",
    "bytes": bytes(range(256)), "bytearray": bytearray(b"ab"), "list": [1, [2, [3]]],
    "tuple": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)), "dict": {"a": {1: (2.5, None)}},
    "set": {1, "a", (2, 3)}, "frozenset": {frozenset({1, 2}): 3}, "range": range(3, 20, 4),
    "slice": slice(1, None, 3), "ordered": collections.OrderedDict([("b", 1), ("a", [2])]),
    "counter": collections.Counter("abca"), "default": collections.defaultdict(list, {"a": [1]}),
    "deque": collections.deque([1, 2, 3], 5), "namespace": argparse.Namespace(seed=3),
    "simple": types.SimpleNamespace(lr=0.1), "view": ObjectView({"seed": 3}),
    "config": mnist1d.DataConfig(seed=3, padding=(3, 4)),
}  # fmt: skip
ARRAYS = {
    **{f"array of {code}": np.arange(6).astype(code).reshape(2, 3) for code in (
        "?", "i1", "u2", ">i4", "<u8", "f2", "f4", ">f8", "c8", "c16", "U3", ">U2", "S4",
    )},
    "longdouble": np.arange(3).astype(np.longdouble),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "empty": np.empty((0, 3)),
    "of no dimension": np.array(3.5), "strided": np.arange(10)[::2], "float32": np.float32(1.5),
    "int64": np.int64(-3), "bool_": np.bool_(True), "str_": np.str_("ab"), "type": np.dtype("f4"),
    "swapped type": np.dtype(">u2"),
}  # fmt: skip


def alike(one, other):
    """Whether two things are equal, of the same types, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return (
            one.dtype == other.dtype and np.array_equal(one, other) and one.strides == other.strides
        )
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and alike(list(one.values()), list(other.values()))
    if isinstance(one, ObjectView | argparse.Namespace | types.SimpleNamespace):
        return alike(vars(one), vars(other))
    return one == other or one != one


def machine_reads(content):
    return run(Machine(content, Harmless()))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_objects_come_back(name, protocol):
    thing = HARMLESS[name]
    assert alike(machine_reads(pickle.dumps(thing, protocol)), thing)
    both = machine_reads(pickle.dumps([thing, {"again": thing}], protocol))
    assert alike(both, [thing, {"again": thing}])
    if isinstance(thing, list | dict | set | bytearray):
        assert both[0] is both[1]["again"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back(name, protocol):
    thing = ARRAYS[name]
    found, twice = machine_reads(pickle.dumps([thing, (thing, thing)], protocol))
    expected = pickle.loads(pickle.dumps(thing, protocol))
    assert alike(found, expected) and twice[0] is twice[1]
    assert not isinstance(found, np.ndarray) or found.flags.writeable


def test_what_another_numpy_wrote():
    array = np.arange(6.0).reshape(2, 3)
    for names in ((b"numpy._core", b"numpy.core"), (b"numpy.core", b"numpy._core")):
        assert alike(machine_reads(pickle.dumps(array, 2).replace(*names)), array)


def test_what_python_2_wrote():
    """Arrays whose bytes are a string, and names of modules that were renamed since."""
    array = crafted.array(crafted.dtype("f8"), [2], b"U\x10" + np.array([1.5, -2]).tobytes())
    np.testing.assert_array_equal(machine_reads(array + b"."), [1.5, -2])
    assert machine_reads(b"c__builtin__\nset\n((lI1\naI2\natR.") == {1, 2}
    assert machine_reads(b"c__builtin__\nxrange\n(I1\nI5\ntR.") == range(1, 5)
    assert machine_reads(b"S'a\\tb'\n.") == "a\tb"


def test_a_list_in_itself():
    loop = [1]
    loop.append(loop)
    found = machine_reads(pickle.dumps(loop))
    assert found[0] == 1 and found[1] is found


def test_a_data_set_comes_back(tmp_path):
    data = mnist1d.make_dataset(num_samples=100, latents=True)
    data = data.with_label_noise(0.2).split(10).shuffled()
    (tmp_path / "set.pkl").write_bytes(pickle.dumps(data))
    with pytest.warns(SuspiciousValueWarning, match="a pickle, which has no digest"):
        again = mnist1d.read(tmp_path / "set.pkl")
    for name in set(vars(data)) - {"templates"}:
        assert alike(getattr(again, name), getattr(data, name)), name
    assert alike(vars(again.templates), vars(data.templates))


def test_a_million_numbers():
    numbers = [float(i) for i in range(1_000_000)]
    assert machine_reads(pickle.dumps(numbers)) == numbers


# --------------------------------------------------------- what this process wrote, what is trusted


class Model:
    """A class of the user's own, with a tensor-like part."""

    def __init__(self):
        self.weights, self.criterion = np.ones(3), lambda x: x

    def __reduce__(self):
        return _make_model, ()


def _make_model():
    return Model()


def test_what_this_process_wrote_is_read_again(tmp_path):
    """The original's lottery notebook, cells 41 and 42: models and settings, written and read."""
    things = [Model(), ObjectView({"seed": 1}), {"results": [Model()]}, np.array([None, {}])]
    to_pickle(things, path=str(tmp_path / "lottery_analysis.pkl"))
    model, args, results, objects = from_pickle(path=str(tmp_path / "lottery_analysis.pkl"))
    assert isinstance(model, Model) and args.seed == 1 and isinstance(results["results"][0], Model)
    assert objects.tolist() == [None, {}]


def test_what_another_process_wrote_needs_trust(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps([Model()]) + b" ")  # as another process would: not remembered
    with pytest.raises(
        FileFormatError,
        match=r"asks for .*_make_model.* if you trust its author: from_pickle\('.*', "
        r"trusted=True\)",
    ):
        from_pickle(path)
    assert isinstance(from_pickle(path, trusted=True)[0], Model)


def test_a_changed_file_is_no_longer_what_this_process_wrote(tmp_path):
    path = tmp_path / "model.pkl"
    to_pickle([Model(), "abc"], path)
    path.write_bytes(path.read_bytes().replace(b"abc", b"abd"))
    with pytest.raises(FileFormatError, match="asks for"):
        from_pickle(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"cno.such\nthing\n.", b"\x80\x04."])
def test_a_trusted_file_that_is_not_a_pickle(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(FileFormatError, match="a.pkl cannot be unpickled: "):
        from_pickle(tmp_path / "a.pkl", trusted=True)


def test_wrong_calls(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file: .*none.pkl"):
        from_pickle(tmp_path / "none.pkl")
    with pytest.raises(UsageError, match="cannot read .*: Is a directory"):
        from_pickle(tmp_path)
    for wrong in (3, None, b"a.pkl"):
        with pytest.raises(UsageError, match="path must be a string or a Path"):
            from_pickle(wrong)
    to_pickle([1], tmp_path / "a.pkl")
    with pytest.raises(UsageError, match="trusted must be True or False, got 'yes'"):
        from_pickle(tmp_path / "a.pkl", trusted="yes")


def test_a_failed_pickle_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "a.pkl"
    to_pickle([1], path)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        to_pickle(lambda: 0, path)
    assert from_pickle(path) == [1] and os.listdir(tmp_path) == ["a.pkl"]


# ------------------------------------------------------------------ what is refused


def test_a_pickle_proves_nothing_and_says_so(tmp_path):
    frozen = {
        name: mnist1d.load_dataset("float64")[name] for name in ("x", "y", "x_test", "y_test", "t")
    }
    to_pickle(frozen, tmp_path / "set.pkl")
    assert mnist1d.verify(mnist1d.read(tmp_path / "set.pkl"))  # the published set: nothing to say
    frozen["x"][0, 0] += 1e-3
    to_pickle(frozen, tmp_path / "set.pkl")
    with pytest.warns(
        SuspiciousValueWarning,
        match="so it may be incomplete or changed.*mnist1d.verify",
    ) as caught:
        mnist1d.read(tmp_path / "set.pkl")
    assert caught[0].filename == __file__


def run_corpus(count):
    """Read every crafted pickle twice in a process of its own; return what came of each."""
    if not os.path.exists("/proc/self/status"):
        pytest.skip("this system does not tell a process's peak memory")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", crafted.__file__, str(count)],
        capture_output=True,
        text=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"crashed at {lines[-1]}: {done.stderr[-2000:]}"
    return [name | result for name, result in zip(lines[::2], lines[1::2], strict=True)]


def check(results):
    wrong = [r for r in results if not r["outcome"].startswith(("read", "refused"))]
    assert not wrong, wrong[:3]
    slow = [r for r in results if r["seconds"] > 2 or r["megabytes"] > 500]
    assert not slow, slow[:3]


@pytest.fixture(scope="module")
def answers():
    return run_corpus(200)


def test_no_crash_no_code_run_no_hang(answers):
    check(answers)
    assert len({r["name"] for r in answers}) > 700 and len(answers) > 1400


def test_what_is_read_of_the_crafted_ones_holds_data_only(answers):
    read = {r["name"] for r in answers if r["outcome"] == "read"}
    read = {name for name in read if not name.startswith(("damaged", "instance of"))}
    assert read <= {  # odd, but nothing but what they say
        "float type made one of objects", "a type of all sizes", "memo past all memory",
        "memo of any number", "a number of a million bytes as key", "lists in lists",
        "a list of 2**60 items", "a data set of 2**60 items",
    }  # fmt: skip


@pytest.mark.slow
def test_no_crash_no_code_run_no_hang_at_length():
    check(run_corpus(20_000))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_code_deep_inside_is_not_run(tmp_path, protocol):
    mark = tmp_path / "mark"

    class Runs:
        def __reduce__(self):
            return os.mkdir, (str(mark),)

    for thing in (
        Runs(),
        {"x": [(Runs(),)]},
        {"x": np.array([Runs()], dtype=object)},
        {1: {2: Runs()}},
    ):
        (tmp_path / "set.pkl").write_bytes(pickle.dumps(thing, protocol))
        for read in (mnist1d.read, from_pickle):
            with pytest.raises(
                FileFormatError, match="the pickle (asks for|holds an array of type)"
            ):
                read(tmp_path / "set.pkl")
    np.savez(tmp_path / "set.npz", x=np.array([Runs()], dtype=object))  # a pickle inside an npz
    with pytest.raises(FileFormatError):
        mnist1d.read(tmp_path / "set.npz")
    assert not mark.exists()


def test_classes_stay_as_they_are(tmp_path):
    """BUILD with (None, {"extra": 1}) would be setattr(class, "extra", 1)."""
    for name in ("mnist1d.utils ObjectView", "numpy ndarray", "builtins set", "_codecs encode"):
        module, attribute = name.split()
        state = b"N}X\x05\x00\x00\x00extraK\x01s\x86b."
        with pytest.raises(FileFormatError, match="the pickle sets attributes of a"):
            machine_reads(b"\x80\x02c%b\n%b\n" % (module.encode(), attribute.encode()) + state)
        assert not hasattr(getattr(__import__(module, fromlist=["x"]), attribute), "extra")


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ([None] * (MAX_OPERATIONS + 1), f"holds more than {MAX_OPERATIONS:,} objects"),
        ({tuple(range(65)): 1}, "has a key of more than 64 parts"),
        (np.array([{}]), "holds an array of type 'O8', which is not a plain number or text"),
        (np.zeros(3, "f8,i4"), "holds an array of type 'V12', which is not a plain number or text"),
        (np.zeros(3, "M8[s]"), "holds an array of type 'M8', which is not a plain number or text"),
        (np.ma.zeros(3), "asks for numpy.ma"),
        (collections.defaultdict(Model), "asks for .*Model"),
        (len, "asks for builtins.len"),
    ],
)
def test_refused_objects_are_named(tmp_path, thing, message):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(thing))
    with pytest.raises(FileFormatError, match=rf"a.pkl: the pickle {message}.*trusted=True\)"):
        from_pickle(tmp_path / "a.pkl")


def test_more_bytes_than_are_read_untrusted(tmp_path, monkeypatch):
    monkeypatch.setattr("mnist1d.pickles.reading.MAX_BYTES", 10)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps("x" * 20))
    with pytest.raises(FileFormatError, match=r"has more than 10 bytes.*trusted=True"):
        from_pickle(tmp_path / "a.pkl")
    assert from_pickle(tmp_path / "a.pkl", trusted=True) == "x" * 20
