"""Rebuild PyTorch's tensors in a pickle from their bytes, without PyTorch's own reader.

A tensor refers to its storage, whose bytes are a separate stream: five pickles, then for each
storage its number of elements and its raw content (torch.serialization, the format before zip).
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from mnist1d.pickles.machine import Machine, refuse
from mnist1d.pickles.operations import run

if TYPE_CHECKING:
    from types import ModuleType

    import torch

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
MAX_ELEMENTS = 2**31  # elements of a tensor, which may have more elements than its storage
DTYPES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}


class Kind:
    """Represents a class of storages."""

    def __init__(self, name: str):
        self.dtype = DTYPES[name]


class Storage:
    """A storage: its number of elements, and its flat tensor once its bytes are read."""

    def __init__(self, kind: Kind, count: int):
        self.kind, self.count, self.flat = kind, count, None


class Stream:
    """The names allowed in a storage's stream: storages, and nothing that can be called."""

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}

    def find(self, module: str, name: str) -> object:
        """Return the Kind for a class of storages."""
        if module != "torch" or name not in DTYPES:
            refuse(f"asks for {module}.{name}")
        return Kind(name)

    def call(self, machine: Machine, what: object, arguments: tuple) -> object:
        """Raise FileFormatError: calls are not allowed here."""
        refuse("calls something to make a tensor's storage")

    def set_state(self, thing: object, state: object) -> None:
        """Raise FileFormatError: states are not allowed here."""
        refuse("sets attributes of a tensor's storage")

    def persistent(self, key: object) -> object:
        """Return the storage of a key ("storage", class, name, device, count, view)."""
        _, kind, name, device, count, view = key  # type: ignore[misc]
        if not isinstance(kind, Kind) or not isinstance(name, str) or type(count) is not int:
            raise TypeError("a storage without its class, name and size")
        if device != "cpu" or view is not None:
            refuse(f"holds a tensor on the device {device!r:.40}")
        return self.storages.setdefault(name, Storage(kind, count))


def load_from_bytes(m: Machine, content: object) -> Storage:
    """Return the storage in a stream."""
    torch = _torch()
    if not isinstance(content, bytes):
        raise TypeError("a storage without its bytes")
    m.charge(2 * len(content))
    stream, position, found = Stream(), 0, []
    for _ in range(5):
        part = Machine(content, stream, position=position, budget=m.budget)
        found.append(run(part))
        position = part.position
    magic, protocol, _, storage, names = found
    if magic != MAGIC or protocol != PROTOCOL or not isinstance(storage, Storage):
        raise ValueError("not the storage of a tensor")
    for name in names:  # type: ignore[union-attr]
        known = stream.storages[name]
        dtype = getattr(torch, known.kind.dtype)
        count = int.from_bytes(content[position : position + 8], "little")
        end = position + 8 + count * dtype.itemsize
        if count != known.count or end > len(content):
            raise ValueError("a storage of another size")
        raw = bytearray(content[position + 8 : end])
        if dtype is torch.bool and raw and max(raw) > 1:
            raise ValueError("a truth value that is neither 0 nor 1")
        known.flat = torch.frombuffer(raw, dtype=dtype) if count else torch.empty(0, dtype=dtype)
        position = end
    if storage.flat is None:
        raise ValueError("a storage without its content")
    return storage


def rebuild_tensor(
    _: Machine,
    storage: object,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: object,
    hooks: object,
) -> torch.Tensor:
    """Return a tensor that is a view of a storage."""
    numbers = (offset, *size, *stride)
    if not isinstance(storage, Storage) or not all(type(n) is int and n >= 0 for n in numbers):
        raise TypeError("a tensor without its storage, size and stride")
    last, elements = offset, 1
    for length, step in zip(size, stride, strict=True):
        last, elements = last + (length - 1) * step, elements * length
    if elements > MAX_ELEMENTS or (elements and last >= storage.count):
        raise ValueError("a tensor beyond its storage")
    tensor = storage.flat.as_strided(size, stride, offset)  # type: ignore[union-attr]
    return _finish(tensor, requires_grad, hooks)


def rebuild_parameter(
    _: Machine, data: object, requires_grad: object, hooks: object
) -> torch.Tensor:
    """Return a parameter of a network."""
    torch = _torch()
    if not isinstance(data, torch.Tensor):
        raise TypeError("a parameter without its tensor")
    return _finish(torch.nn.Parameter(data, requires_grad=False), requires_grad, hooks)


def _finish(tensor: torch.Tensor, requires_grad: object, hooks: object) -> torch.Tensor:
    if not isinstance(requires_grad, bool) or not isinstance(hooks, OrderedDict) or hooks:
        refuse("holds a tensor with hooks, which are code")
    return tensor.requires_grad_(requires_grad)


def _torch() -> ModuleType:
    """Return PyTorch, if the program has imported it."""
    if "torch" not in sys.modules:
        refuse("holds PyTorch tensors: run `import torch` before you read it")
    return sys.modules["torch"]


NAMES: dict[tuple[str, str], Callable[..., object]] = {
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    ("torch.storage", "_load_from_bytes"): load_from_bytes,
}
