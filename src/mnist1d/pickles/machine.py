"""The pickle machine: its stack, its memo, and the operations on them.

Differences from Python's unpickler: a called name must have a builder; attributes are set only on
plain objects; keys are checked before they are hashed; time and memory are limited by the number of
operations and their allocations.
"""

from __future__ import annotations

import struct
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

import numpy as np

from mnist1d.errors import FileFormatError

MAX_OPERATIONS = 2_000_000
CALL_OPERATIONS = 5  # that a call counts for
MAX_DEPTH = 500  # depth of nested containers
MAX_KEY_PARTS = 64  # parts of a tuple used as a key: hashing and comparing visit all of them
MAX_COLLISIONS = 64  # keys with the same hash: a dict compares a new key with each of them
FREE_BYTES = 200_000_000  # bytes that a pickle may allocate beyond a small multiple of its own size
MEMO_BYTES, LIST_BYTES, DICT_BYTES, SET_BYTES = 100, 56, 64, 216  # of an entry, of an empty one
SMALL_INT = 2**60  # an integer below this is its own hash
SAFE_KEYS = {str, bytes, float, bool, type(None)}  # types whose hashes cannot be made to collide


@dataclass
class Budget:
    """The remaining budget of a pickle: operations, and bytes that it may allocate."""

    operations: int
    num_bytes: int


class Pending:
    """An object that a later operation completes; it must not be used before.

    build: called with the state, returns the finished object, which replaces this one everywhere.
    """

    def __init__(self, build: Callable[[object], object]):
        self.build = build
        self.memo: list[int] = []


class Admitted(Protocol):
    """The names and calls that a pickle may use; each method raises FileFormatError for anything
    else."""

    def find(self, module: str, name: str) -> object:
        """Return the object for a global name."""
        ...

    def call(self, machine: Machine, what: object, arguments: tuple) -> object:
        """Return the result of calling `what`, from `find`, with the arguments."""
        ...

    def set_state(self, thing: object, state: object) -> None:
        """Set the attributes of a plain object."""
        ...

    def persistent(self, key: object) -> object:
        """Return the object for a persistent id."""
        ...


class Machine:
    """The state of a run over the pickle in `data`, from `position` on.

    Errors: FileFormatError for operations that are not admitted; any other exception means a
    damaged pickle.
    """

    def __init__(
        self, data: bytes, admitted: Admitted, *, position: int = 0, budget: Budget | None = None
    ):
        self.data, self.position, self.admitted = data, position, admitted
        self.budget = budget or Budget(MAX_OPERATIONS, FREE_BYTES + 4 * len(data))
        self.stack: list = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.unfinished = 0
        self._depths: dict[int, int] = {}  # of tuples, by id
        self._tuples: list[tuple] = []  # keeps the objects with these ids alive
        self._by_hash: dict[int, dict] = {}

    def charge(self, num_bytes: int) -> None:
        """Count bytes before they are allocated."""
        self.budget.num_bytes -= num_bytes
        if self.budget.num_bytes < 0:
            refuse("needs far more memory than its size")

    # -------------------------------------------------------------- reading

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        start, self.position = self.position, self.position + size
        if self.position > len(self.data):
            raise ValueError("the pickle ends too early")
        return self.data[start : self.position]

    def unpack(self, layout: struct.Struct) -> int | float:
        """Return the next number."""
        return layout.unpack(self.take(layout.size))[0]

    def line(self) -> bytes:
        """Return the next line, without its end."""
        end = self.data.index(b"\n", self.position)
        start, self.position = self.position, end + 1
        return self.data[start:end]

    # -------------------------------------------------------------- the stack

    def mark(self) -> None:
        """Begin a collection."""
        self.marks.append(len(self.stack))
        if len(self.marks) > MAX_DEPTH:
            refuse(f"nests more than {MAX_DEPTH} containers")

    def since_mark(self) -> list:
        """Pop everything pushed since the last mark."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def put(self, index: int) -> None:
        """Remember the topmost object."""
        top = self.memo[index] = self.stack[-1]
        budget = self.budget
        budget.num_bytes -= MEMO_BYTES
        if budget.num_bytes < 0:
            self.charge(0)
        if type(top) is Pending:
            top.memo.append(index)

    def push_tuple(self, items: tuple) -> None:
        """Push a tuple. Its depth is limited, because hashing recurses without a check."""
        depth = 1 + max((self._depths.get(id(i), 1) for i in items if type(i) is tuple), default=0)
        if depth > MAX_DEPTH:
            refuse(f"nests more than {MAX_DEPTH} containers")
        if depth > 1:
            self.charge(MEMO_BYTES)
            self._depths[id(items)] = depth
            self._tuples.append(items)
        self.stack.append(items)

    # -------------------------------------------------------------- containers

    def check_key(self, key: object) -> None:
        """Raise FileFormatError unless `key` is hashed and compared in little time."""
        if type(key) is int and -SMALL_INT < key < SMALL_INT:
            return
        left = MAX_KEY_PARTS
        parts = [key]
        while parts:
            part = parts.pop()
            left -= 1
            if left < 0:
                refuse(f"has a key of more than {MAX_KEY_PARTS} parts")
            if type(part) in (tuple, frozenset):
                parts.extend(part)  # type: ignore
            elif not isinstance(
                part, str | bytes | int | float | complex | range | np.generic | None
            ):
                raise TypeError(f"a {type(part).__name__} cannot be a key")
        self.budget.operations -= MAX_KEY_PARTS - left
        self.charge(4 * MEMO_BYTES)
        same_hash = self._by_hash.setdefault(hash(key), {})
        same_hash[key] = None
        if len(same_hash) > MAX_COLLISIONS:
            refuse(f"has more than {MAX_COLLISIONS} keys of one hash")

    def set_items(self, target: object, items: list) -> None:
        """Add keys and values, which alternate in `items`."""
        if type(target) not in (dict, OrderedDict, defaultdict):
            raise TypeError(f"items for a {type(target).__name__}")
        keys = items[::2]
        for key in keys:
            if type(key) not in SAFE_KEYS:
                self.check_key(key)
        target.update(zip(keys, items[1::2], strict=True))  # type: ignore

    def extend(self, target: object, items: list) -> None:
        """Add items to a list."""
        if type(target) not in (list, deque):
            raise TypeError(f"items for a {type(target).__name__}")
        target.extend(items)  # type: ignore

    def add(self, target: object, items: list) -> None:
        """Add items to a set."""
        if type(target) is not set:
            raise TypeError(f"items for a {type(target).__name__}")
        self.charge(SET_BYTES // 8 * len(items))
        for item in items:
            if type(item) not in SAFE_KEYS:
                self.check_key(item)
        target.update(items)

    # -------------------------------------------------------------- objects

    def call(self) -> None:
        """Pop a function or class and its arguments, and push the result of the call."""
        arguments, what = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, tuple):
            raise TypeError("arguments that are no tuple")
        self.budget.operations -= CALL_OPERATIONS
        made = self.admitted.call(self, what, arguments)
        self.unfinished += isinstance(made, Pending)
        self.stack.append(made)

    def build(self) -> None:
        """Complete the topmost object with its state."""
        state, top = self.stack.pop(), self.stack[-1]
        if not isinstance(top, Pending):
            return self.admitted.set_state(top, state)
        made = top.build(state)
        self.unfinished -= 1
        self.stack[-1] = made
        for index in top.memo:
            if self.memo.get(index) is top:
                self.memo[index] = made


def refuse(what: str) -> NoReturn:
    """Raise FileFormatError for something that is not admitted."""
    raise FileFormatError(f"the pickle {what}")
