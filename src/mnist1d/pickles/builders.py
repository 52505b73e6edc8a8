"""The types that a pickle may rebuild, each from arguments that are checked before Python or NumPy
gets them."""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable

import numpy as np

from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digits import Templates
from mnist1d.pickles import tensors
from mnist1d.pickles.machine import DICT_BYTES, SET_BYTES, Machine, Pending, refuse
from mnist1d.signals import Latents

PLAIN_DTYPE = re.compile(r"b1|[iu][1248]|f[248]|f16|c8|c16|c32|[SU][1-9]\d{0,8}")
ORDERS = ("<", ">", "|", "=")
MAX_DIMENSIONS = 32
FACTORIES = (list, dict, set, tuple, int, float, str, bool)  # of a defaultdict


# ------------------------------------------------------------------ containers and numbers


def _sequence(given: object) -> Iterable:
    if type(given) not in (list, tuple):
        raise TypeError(f"items in a {type(given).__name__}")
    return given  # type: ignore


def _set(m: Machine, items: object = ()) -> set:
    found: set = set()
    m.charge(SET_BYTES)
    m.add(found, list(_sequence(items)))
    return found


def _frozenset(m: Machine, items: object = ()) -> frozenset:
    return frozenset(_set(m, items))


def _ordered_dict(m: Machine, items: object = ()) -> OrderedDict:
    m.charge(4 * DICT_BYTES)
    made: OrderedDict = OrderedDict()
    m.set_items(made, [part for pair in _sequence(items) for part in _pair(pair)])
    return made


def _pair(given: object) -> Iterable:
    key, value = _sequence(given)
    return key, value


def _defaultdict(m: Machine, factory: object = None) -> defaultdict:
    if factory is not None and factory not in FACTORIES:
        refuse(f"has a defaultdict of {factory!r:.80}")
    m.charge(2 * DICT_BYTES)
    return defaultdict(factory)  # type: ignore


def _counter(m: Machine, counts: object) -> Counter:
    if type(counts) is not dict or not all(type(n) in (int, float) for n in counts.values()):
        raise TypeError("a Counter of something else than counts")
    m.charge(DICT_BYTES * (1 + len(counts)))
    return Counter(counts)


def _deque(m: Machine, items: object = (), maxlen: object = None) -> deque:
    if maxlen is not None and type(maxlen) is not int:
        raise TypeError("a deque of no whole length")
    items = list(_sequence(items))
    m.charge(8 * len(items) + 10 * DICT_BYTES)
    return deque(items, maxlen)  # type: ignore


def _range(_: Machine, *bounds: object) -> range:
    return range(*_integers(bounds))


def _slice(_: Machine, *bounds: object) -> slice:
    if not all(bound is None or type(bound) is int for bound in bounds):
        raise TypeError("a slice of something else than whole numbers")
    return slice(*bounds)


def _complex(_: Machine, real: object, imaginary: object) -> complex:
    if type(real) is not float or type(imaginary) is not float:
        raise TypeError("a complex number of something else than floats")
    return complex(real, imaginary)


def _bytearray(m: Machine, content: object = b"", encoding: object = "latin-1") -> bytearray:
    content = _bytes(m, content, encoding)
    m.charge(len(content))
    return bytearray(content)


def _bytes(m: Machine, content: object = b"", encoding: object = "latin-1") -> bytes:
    """Return bytes that a pickle stores as text, as in its first protocols."""
    if type(content) is str and encoding in ("latin1", "latin-1"):
        m.charge(len(content))
        return content.encode("latin-1")
    if not isinstance(content, bytes):
        raise TypeError(f"bytes in a {type(content).__name__}")
    return content


def _integers(values: object) -> tuple[int, ...]:
    if type(values) not in (tuple, list) or not all(type(v) is int for v in values):  # type: ignore
        raise TypeError("whole numbers are expected")
    return tuple(values)  # type: ignore


# ------------------------------------------------------------------ arrays


def _dtype(_: Machine, code: object, *_flags: object) -> Pending:
    if type(code) is not str or not PLAIN_DTYPE.fullmatch(code):
        refuse(f"holds an array of type {code!r:.40}, which is not a plain number or text")

    def build(state: object) -> np.dtype:
        if type(state) is not tuple or len(state) < 5 or state[1] not in ORDERS:
            raise ValueError("a type without its byte order")
        if any(part is not None for part in state[2:5]):
            refuse("holds an array of records, which is not a plain number or text")
        return np.dtype(state[1] + code)

    return Pending(build)


def _array(
    m: Machine, content: object, dtype: object, shape: object, is_fortran: bool
) -> np.ndarray:
    """Return the array whose bytes are `content`; its type, size and values are checked."""
    shape = _integers(shape)
    if not isinstance(dtype, np.dtype) or not isinstance(content, bytes | bytearray):
        raise TypeError("an array needs a plain type and bytes")
    if len(shape) > MAX_DIMENSIONS or min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape}")
    size = math.prod(shape)
    if size * dtype.itemsize != len(content) or math.prod(filter(None, shape)) > 2**40:
        raise ValueError(f"an array of shape {shape} and type {dtype} has {len(content)} bytes")
    m.charge(len(content) + DICT_BYTES)
    flat = np.frombuffer(content, dtype) if size else np.empty(0, dtype)
    if dtype.kind == "b" and size and flat.view(np.uint8).max() > 1:
        raise ValueError("a truth value that is neither 0 nor 1")
    if (
        dtype.kind == "U"
        and size
        and flat.view(np.dtype("u4").newbyteorder(dtype.byteorder)).max() > 0x10FFFF
    ):
        raise ValueError("text with a character that does not exist")
    return flat.copy().reshape(shape, order="F" if is_fortran else "C")


def _reconstruct(m: Machine, kind: object, *_: object) -> Pending:
    if kind is not np.ndarray:
        refuse("holds a special kind of array")

    def build(state: object) -> np.ndarray:
        if type(state) is not tuple or len(state) not in (4, 5):
            raise ValueError("an array without its content")
        shape, dtype, is_fortran, content = state[-4:]
        if isinstance(content, str):  # bytes of Python 2
            content = _bytes(m, content)
        made = _array(m, content, dtype, shape, bool(is_fortran))
        return made.astype(made.dtype.newbyteorder("="), copy=False)  # as NumPy does

    return Pending(build)


def _frombuffer(
    m: Machine, content: object, dtype: object, shape: object, order: object
) -> np.ndarray:
    if order not in ("C", "F"):
        raise ValueError("an array of no known order")
    return _array(m, content, dtype, shape, order == "F")


def _scalar(m: Machine, dtype: object, content: object) -> object:  # a NumPy number
    if isinstance(content, str):
        content = _bytes(m, content)
    return _array(m, content, dtype, (), False)[()]


# ------------------------------------------------------------------ plain objects


def _new(m: Machine, kind: object, base: object = object, state: object = None) -> object:
    """Make a plain object without attributes, as in protocols 0 and 1."""
    if base is not object or state is not None:
        refuse("makes an object in a way that is not admitted")
    return _plain(m, kind)


def _plain(m: Machine, kind: object) -> object:
    if kind not in PLAIN_OBJECTS:
        refuse(f"makes a {kind!r:.80}")
    m.charge(4 * DICT_BYTES)
    return kind.__new__(kind)  # type: ignore


def _set_attributes(thing: object, state: object) -> None:
    """Set the attributes of a plain object; a dataclass accepts only its own fields, and a config
    runs its checks."""
    if type(state) is not dict or not all(type(name) is str for name in state):
        raise TypeError("attributes that are no dict")
    if dataclasses.is_dataclass(thing):
        names = {f.name for f in dataclasses.fields(thing)}
        if not set(state) <= names or vars(thing):
            raise ValueError(f"a {type(thing).__name__} with other fields")
        checked = DataConfig(**state) if type(thing) is DataConfig else type(thing)(**state)
        state = vars(checked)
    vars(thing).update(state)


PLAIN_OBJECTS: set[type] = {
    argparse.Namespace,
    types.SimpleNamespace,
    DataConfig,
    Dataset,
    Templates,
}


def admit_plain_object(kind: type) -> None:
    """Admit a class whose instances have only attributes."""
    PLAIN_OBJECTS.add(kind)


def _latents(_: Machine, *columns: object) -> Latents:
    if not all(isinstance(column, np.ndarray) for column in columns):
        raise TypeError("causes that are no arrays")
    return Latents(*columns)  # type: ignore[arg-type]


# ------------------------------------------------------------------ the table

BUILDERS: dict[object, Callable[..., object]] = {
    set: _set,
    frozenset: _frozenset,
    range: _range,
    slice: _slice,
    complex: _complex,
    bytearray: _bytearray,
    bytes: _bytes,
    OrderedDict: _ordered_dict,
    defaultdict: _defaultdict,
    Counter: _counter,
    deque: _deque,
    np.dtype: _dtype,
    Latents: _latents,
    **{function: function for function in (_bytes, _reconstruct, _scalar, _frombuffer, _new)},
}
NAMES: dict[tuple[str, str], object] = {
    **{("builtins", kind.__name__): kind for kind in (*FACTORIES, frozenset, range, slice)},
    **{("builtins", kind.__name__): kind for kind in (complex, bytearray, bytes, object)},
    **{("collections", k.__name__): k for k in (OrderedDict, defaultdict, Counter, deque)},
    ("builtins", "xrange"): range,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    (Latents.__module__, "Latents"): Latents,
    ("_codecs", "encode"): _bytes,
    ("copyreg", "_reconstructor"): _new,
}
NAMES |= tensors.NAMES
BUILDERS |= {function: function for function in tensors.NAMES.values()}
for _core in ("numpy.core", "numpy._core"):  # before NumPy 2, and since
    NAMES[_core + ".multiarray", "_reconstruct"] = _reconstruct
    NAMES[_core + ".multiarray", "scalar"] = _scalar
    NAMES[_core + ".numeric", "_frombuffer"] = _frombuffer
PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}


class Harmless:
    """The table of admitted names, for a `Machine`."""

    def find(self, module: str, name: str) -> object:
        """Return the builder for a global name."""
        key = (PYTHON_2.get(module, module), name)
        if key in NAMES:
            return NAMES[key]
        for kind in PLAIN_OBJECTS:
            if key == (kind.__module__, kind.__qualname__):
                return kind
        refuse(f"asks for {module}.{name}")

    def call(self, machine: Machine, what: object, arguments: tuple) -> object:
        """Return the result of a class or one of our builders for the arguments."""
        if what in PLAIN_OBJECTS and not arguments:
            return _plain(machine, what)
        build = BUILDERS.get(what)
        if build is None:
            refuse(f"calls {getattr(what, '__qualname__', what)!r:.80}")
        return build(machine, *arguments)

    def set_state(self, thing: object, state: object) -> None:
        """Set the attributes of a plain object."""
        if type(thing) not in PLAIN_OBJECTS and type(thing) is not OrderedDict:
            refuse(f"sets attributes of a {type(thing).__name__}")
        _set_attributes(thing, state)

    def persistent(self, key: object) -> object:
        """Raise FileFormatError: references outside the pickle are not supported."""
        refuse("refers to objects outside it")
