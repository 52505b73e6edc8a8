"""The operations of a pickle by their byte, all protocols (the reference: CPython's
`pickletools`)."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from types import FunctionType

from mnist1d.pickles.machine import (
    DICT_BYTES,
    LIST_BYTES,
    MAX_OPERATIONS,
    SET_BYTES,
    Machine,
    Pending,
    refuse,
)

U2, U4, I4, F8 = (struct.Struct(f) for f in ("<H", "<I", "<i", ">d"))
STOP = ord(".")


def _text_int(m: Machine) -> object:
    line = m.line()
    return {b"00": False, b"01": True}.get(line) if line in (b"00", b"01") else int(line)


def _text_long(m: Machine) -> object:
    return int(m.line().removesuffix(b"L"))


def _text_string(m: Machine) -> object:
    line = m.line().strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise ValueError("a string without quotes")
    return codecs.escape_decode(line[1:-1])[0].decode("latin-1")  # type: ignore


def _proto(m: Machine) -> None:
    if m.take(1)[0] > 5:
        refuse("has a protocol that this version does not know")


def _binary(size: int, decode: Callable[[bytes], object]) -> Callable[[Machine], None]:
    """Push the next item: its length in `size` bytes, then its content."""

    def push(m: Machine) -> None:
        start = m.position + size
        end = start + int.from_bytes(m.data[m.position : start], "little")
        m.position = start
        m.stack.append(decode(m.take(end - start)))

    return push


def _float(m: Machine) -> None:
    m.stack.append(F8.unpack_from(m.data, m.position)[0])
    m.position += 8


def _byte(m: Machine) -> None:
    m.stack.append(m.data[m.position])
    m.position += 1


def _put_byte(m: Machine) -> None:
    m.position += 1
    m.put(m.data[m.position - 1])


def _push(read: Callable[[Machine], object]) -> Callable[[Machine], None]:
    return lambda m: m.stack.append(read(m))


def _empty(kind: Callable[[], object], num_bytes: int) -> Callable[[Machine], None]:
    def push(m: Machine) -> None:
        m.charge(num_bytes)
        m.stack.append(kind())

    return push


def _whole(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _utf8(data: bytes) -> str:
    return str(data, "utf-8", "surrogatepass")


def _latin1(data: bytes) -> str:  # a string of Python 2, which is bytes
    return str(data, "latin-1")


def _last(count: int) -> Callable[[Machine], None]:
    def push(m: Machine) -> None:
        items = tuple(m.stack[-count:])
        if len(items) < count:
            raise IndexError("the stack is empty")
        del m.stack[-count:]
        m.push_tuple(items)

    return push


def _dict(m: Machine) -> None:
    items = m.since_mark()
    m.charge(DICT_BYTES)
    m.stack.append({})
    m.set_items(m.stack[-1], items)


def _list(m: Machine) -> None:
    m.charge(LIST_BYTES)
    m.stack.append(m.since_mark())


def _frozenset(m: Machine) -> None:
    items = m.since_mark()
    found: set = set()
    m.charge(SET_BYTES)
    m.add(found, items)
    m.stack.append(frozenset(found))


def _one(add: Callable[[Machine, object, list], None], count: int) -> Callable[[Machine], None]:
    def apply(m: Machine) -> None:
        items = m.stack[-count:]
        del m.stack[-count:]
        add(m, m.stack[-1], items)

    return apply


def _many(add: Callable[[Machine, object, list], None]) -> Callable[[Machine], None]:
    def apply(m: Machine) -> None:
        items = m.since_mark()
        add(m, m.stack[-1], items)

    return apply


def _global(m: Machine) -> None:
    module, name = m.line().decode(), m.line().decode()
    m.stack.append(m.admitted.find(module, name))


def _stack_global(m: Machine) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise TypeError("a name that is no text")
    m.stack.append(m.admitted.find(module, name))


def _unknown(m: Machine) -> None:
    refuse(f"has the operation {m.data[m.position - 1 : m.position]!r}, which is not admitted")


OPERATIONS: list[Callable[[Machine], object]] = [_unknown] * 256
for _code, _operation in {
    "\x80": _proto,
    "\x95": lambda m: m.take(8),  # a frame: its bytes follow as usual
    "N": _push(lambda m: None),
    "\x88": _push(lambda m: True),
    "\x89": _push(lambda m: False),
    "I": _push(_text_int),
    "L": _push(_text_long),
    "J": _push(lambda m: m.unpack(I4)),
    "K": _byte,
    "M": _push(lambda m: m.unpack(U2)),
    "\x8a": _binary(1, _whole),
    "\x8b": _binary(4, _whole),
    "F": _push(lambda m: float(m.line())),
    "G": _float,
    "S": _push(_text_string),
    "T": _binary(4, _latin1),
    "U": _binary(1, _latin1),
    "C": _binary(1, bytes),
    "B": _binary(4, bytes),
    "\x8e": _binary(8, bytes),
    "\x96": _binary(8, bytearray),
    "V": _push(lambda m: str(m.line(), "raw-unicode-escape")),
    "\x8c": _binary(1, _utf8),
    "X": _binary(4, _utf8),
    "\x8d": _binary(8, _utf8),
    "]": _empty(list, LIST_BYTES),
    "}": _empty(dict, DICT_BYTES),
    "\x8f": _empty(set, SET_BYTES),
    ")": _push(lambda m: ()),
    "(": Machine.mark,
    "0": lambda m: m.stack.pop(),
    "1": Machine.since_mark,
    "2": lambda m: m.stack.append(m.stack[-1]),
    "t": lambda m: m.push_tuple(tuple(m.since_mark())),
    "\x85": _last(1),
    "\x86": _last(2),
    "\x87": _last(3),
    "l": _list,
    "d": _dict,
    "\x91": _frozenset,
    "a": _one(Machine.extend, 1),
    "e": _many(Machine.extend),
    "s": _one(Machine.set_items, 2),
    "u": _many(Machine.set_items),
    "\x90": _many(Machine.add),
    "p": lambda m: m.put(int(m.line())),
    "q": _put_byte,
    "r": lambda m: m.put(int(m.unpack(U4))),
    "\x94": lambda m: m.put(len(m.memo)),
    "g": _push(lambda m: m.memo[int(m.line())]),
    "h": _push(lambda m: m.memo[m.take(1)[0]]),
    "j": _push(lambda m: m.memo[int(m.unpack(U4))]),
    "c": _global,
    "\x93": _stack_global,
    "R": Machine.call,
    "\x81": Machine.call,
    "b": Machine.build,
    "Q": lambda m: m.stack.append(m.admitted.persistent(m.stack.pop())),
}.items():
    OPERATIONS[ord(_code)] = _operation


def run(machine: Machine) -> object:
    """Run a pickle to its end and return its object; the machine's `position` is then after the
    pickle."""
    data, budget = machine.data, machine.budget
    while (code := data[machine.position]) != STOP:
        machine.position += 1
        OPERATIONS[code](machine)
        budget.operations -= 1
        if budget.operations < 0:
            refuse(f"holds more than {MAX_OPERATIONS:,} objects")
    machine.position += 1
    result = machine.stack.pop()
    if machine.unfinished or isinstance(result, Pending | FunctionType):
        raise ValueError("a name or an array without its content")
    return result
