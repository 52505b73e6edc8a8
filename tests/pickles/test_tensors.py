"""PyTorch's tensors and state dicts, written by another process: rebuilt from bytes, and from
nothing else."""

import collections
import pickle
import subprocess
import sys

import numpy as np
import pytest

from mnist1d import FileFormatError, from_pickle
from mnist1d.pickles.builders import Harmless
from mnist1d.pickles.machine import Machine
from mnist1d.pickles.operations import run

torch = pytest.importorskip("torch", reason="PyTorch is optional")


def machine_reads(content):
    return run(Machine(content, Harmless()))


def alike(one, other):
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(alike, one.values(), other.values()))
    return (
        type(one) is type(other)
        and one.dtype == other.dtype
        and one.stride() == other.stride()
        and one.requires_grad == other.requires_grad
        and torch.equal(one, other)
    )


TENSORS = {
    **{str(dtype): torch.arange(6).to(dtype).reshape(2, 3) for dtype in (
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32,
        torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64,
    )},
    "transposed": torch.randn(3, 4).T, "sliced": torch.arange(20)[3:15:4],
    "expanded": torch.ones(1, 3).expand(5, 3), "scalar": torch.tensor(2.5),
    "empty": torch.empty(0, 3), "with gradient": torch.ones(2, requires_grad=True),
    "parameter": torch.nn.Parameter(torch.randn(2, 2)),
    "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
}  # fmt: skip


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", TENSORS)
def test_tensors_come_back(name, protocol):
    found = machine_reads(pickle.dumps({"it": TENSORS[name]}, protocol))["it"]
    assert alike(found, TENSORS[name])
    if not found.requires_grad and found.numel():
        found.view(-1) if found.is_contiguous() else found.fill_(0)  # memory of its own


def test_a_state_dict_comes_back_and_fits():
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )
    state = machine_reads(pickle.dumps(model.state_dict(), 3))
    assert type(state) is collections.OrderedDict and alike(state, model.state_dict())
    other = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )
    other.load_state_dict(state)
    x = torch.randn(5, 3)
    assert torch.equal(model.eval()(x), other.eval()(x))


def test_one_tensor_in_two_places_stays_one():
    whole = torch.zeros(4)
    found = machine_reads(pickle.dumps([whole, {"again": whole}]))
    assert found[1]["again"] is found[0]


def test_without_pytorch_it_says_what_to_write(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(torch.ones(2)))
    code = f"import mnist1d; mnist1d.from_pickle({str(tmp_path / 'a.pkl')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "holds PyTorch tensors: run `import torch` before you read it" in done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"cpu", b"cu0"), "holds a tensor on the device"),
        ((b"FloatStorage", b"DoubleStorage"[1:]), "asks for torch.oubleStorage"),
        ((b"\x6c\xfc\x9c\x46", b"\x6c\xfc\x9c\x47"), "damaged: not the storage"),
    ],
)
def test_a_changed_stream(tmp_path, change, message):
    content = pickle.dumps(torch.arange(3.0), 3)
    assert change[0] in content
    (tmp_path / "a.pkl").write_bytes(content.replace(*change))
    with pytest.raises(FileFormatError, match=message):
        from_pickle(tmp_path / "a.pkl")


def rebuilt(*arguments):
    """A pickle that rebuilds a tensor from a storage of three numbers with these arguments."""
    good = pickle.dumps(torch.arange(3.0), 3)
    start = good.index(b"K\x00K\x03\x85")
    ends = good.index(b"\x89", start)
    body = b"".join(pickle.dumps(argument, 2)[2:-1] for argument in arguments)
    return good[:start] + body + good[ends:]


@pytest.mark.parametrize(
    "arguments",
    [(0, (4,), (1,)), (1, (3,), (1,)), (0, (2,), (3,)), (-1, (3,), (1,)), (0, (3,), (-1,)),
     (0, (2**62,), (0,)), (0, (3,), (1, 1)), (0, (2**33, 2**33), (0, 0)), ("0", (3,), (1,)),
     (0, 3, (1,))],
)  # fmt: skip
def test_a_tensor_beyond_its_storage(tmp_path, arguments):
    (tmp_path / "a.pkl").write_bytes(rebuilt(*arguments))
    with pytest.raises(FileFormatError, match="is not a pickle, or is damaged"):
        from_pickle(tmp_path / "a.pkl")
    (tmp_path / "a.pkl").write_bytes(rebuilt(0, (3,), (1,)))
    assert from_pickle(tmp_path / "a.pkl").tolist() == [0, 1, 2]


def test_damaged_tensors_crash_nothing(tmp_path):
    state = {
        "a": torch.randn(3, 2).T,
        "b": torch.arange(5),
        "c": torch.nn.Parameter(torch.ones(2)),
        "d": torch.ones(3) > 0,
    }
    content, rng, refused = pickle.dumps(state, 3), np.random.default_rng(0), 0
    for _ in range(400):
        bad = bytearray(content)
        for place in rng.integers(len(bad), size=rng.integers(1, 4)):
            bad[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "a.pkl").write_bytes(bad)
        try:
            found = from_pickle(tmp_path / "a.pkl")
        except FileFormatError:
            refused += 1
            continue
        str(found)
    assert refused > 100


@pytest.mark.parametrize(
    "thing", [torch.nn.Linear(2, 2), torch.device("cpu"), torch.float32, torch.ones(2).to_sparse()]
)
def test_what_is_more_than_a_tensor_needs_trust(tmp_path, thing):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(thing))
    with pytest.raises(FileFormatError, match=r"asks for torch.*trusted=True\)"):
        from_pickle(tmp_path / "a.pkl")
    assert type(from_pickle(tmp_path / "a.pkl", trusted=True)) is type(thing)
