"""Pickles made to do harm: run code, corrupt memory, take all time or memory. `corpus` names them.

Run as a program it reads each with the package, one line of JSON a pickle: what came of it, the
seconds of the processor, the peak of memory so far.
"""

import collections
import json
import pickle
import struct
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

MARK = b"the mark that code leaves"
RUNNERS = [
    "os system", "posix system", "nt system", "subprocess Popen", "subprocess check_output",
    "builtins eval", "builtins exec", "builtins getattr", "builtins __import__", "builtins open",
    "builtins compile", "builtins map", "__builtin__ eval", "functools partial", "runpy run_path",
    "pickle loads", "_pickle loads", "code InteractiveInterpreter", "importlib import_module",
    "operator attrgetter", "operator methodcaller", "types FunctionType", "types CodeType",
    "ctypes CDLL", "shutil rmtree", "webbrowser open", "pdb run", "timeit timeit", "pty spawn",
    "numpy load", "numpy.lib.npyio load", "numpy fromfile", "numpy memmap", "numpy vectorize",
    "numpy.core.multiarray fromfile", "numpy.testing._private.utils runstring",
    "numpy.f2py compile", "numpy ndarray.tofile", "mnist1d.files read", "mnist1d.utils from_pickle",
    "mnist1d.utils set_seed", "mnist1d.utils pickle.loads", "mnist1d.utils ObjectView.__init__",
    "mnist1d.config DataConfig.replace", "copyreg __newobj__", "copyreg add_extension",
    "_codecs decode", "_codecs lookup", "torch load", "torch.storage _load_from_bytes",
    "torch.hub load", "joblib load",
]  # fmt: skip


def text(value):
    return b"\x8c" + bytes([len(value.encode())]) + value.encode()


def named(module, name):
    return text(module) + text(name) + b"\x93"


STATE = b"K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"  # of a plain dtype


def dtype(code, state=STATE):
    """A NumPy dtype with its state."""
    return named("numpy", "dtype") + text(code) + b"\x89\x88\x87R(" + state + b"tb"


def array(kind, shape, content, version=b"K\x01", is_fortran=b"\x89"):
    """An ndarray: its dtype and its content as pickle operations."""
    made = named("numpy._core.multiarray", "_reconstruct") + named("numpy", "ndarray")
    made += b"K\x00\x85C\x01b\x87R"
    shape = b"(" + b"".join(whole(n) for n in shape) + b"t"
    return made + b"(" + version + shape + kind + is_fortran + content + b"tb"


def whole(n):
    content = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(content)]) + content


def buffer(content):
    return b"B" + struct.pack("<I", len(content)) + content


def runners(mark):
    """Every way to call a function or to set what is called later."""
    command = f"touch {mark}"
    for name in RUNNERS:
        module, attribute = name.split()
        argument = text(command)
        by_line = f"c{module}\n{attribute}\n".encode()
        yield f"reduce {name}", by_line + b"(S'" + command.encode() + b"'\ntR."
        yield f"stack global {name}", b"\x80\x04" + named(module, attribute) + argument + b"\x85R."
        yield f"inst {name}", f"(S'{command}'\ni{module}\n{attribute}\n.".encode()
        yield f"obj {name}", b"(" + by_line + argument + b"o."
        yield f"newobj {name}", by_line + argument + b"\x85\x81."
        yield f"newobj_ex {name}", by_line + argument + b"\x85}\x92."
        yield f"build {name}", by_line + b"}" + text("__setstate__") + by_line + b"sb."
        yield f"name alone {name}", by_line + b"."
    for kind in ("mnist1d.utils ObjectView", "argparse Namespace", "collections OrderedDict"):
        cls = named(*kind.split())
        for attribute in ("__setstate__", "__class__", "__dict__", "__reduce__", "extra"):
            state = b"}" + text(attribute) + named("mnist1d.utils", "ObjectView") + b"s"
            yield f"class {kind} gets {attribute}", cls + b"N" + state + b"\x86b."
            yield f"instance of {kind} gets {attribute}", cls + b")\x81" + state + b"b."
    yield "extension", b"\x82\x01."
    yield "persistent id", b"Pmark\n."
    yield "binary persistent id", text("mark") + b"Q."
    yield "buffer out of band", b"\x97."
    yield "read-only buffer", b"\x97\x98."
    yield (
        "reconstructor of a base",
        named("copyreg", "_reconstructor")
        + (named("mnist1d.utils", "ObjectView") + named("builtins", "dict") + b"}\x87R."),
    )


def memory():
    """What makes NumPy read or write where nothing is."""
    objects = dtype("O8", b"K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?")
    yield "object array from bytes", array(objects, [12], buffer(b"\x41" * 96)) + b"."
    yield "object array from a list", array(objects, [3], b"](K\x01K\x02K\x03e") + b"."
    yield "object array without a list", array(objects, [3], b"]") + b"."
    scalar = named("numpy._core.multiarray", "scalar")
    yield "object scalar", scalar + objects + buffer(b"\x41" * 8) + b"\x86R."
    yield (
        "float type made one of objects",
        array(dtype("f8", b"K\x03" + text("|") + b"NNNK\x08K\x08K?"), [12], buffer(b"\x41" * 96))
        + b".",
    )
    fields = b"(" + text("a") + b"t}" + text("a") + objects + b"K\x00\x86s"
    yield (
        "records of objects",
        array(
            dtype("V8", b"K\x03" + text("|") + b"N" + fields + b"K\x08K\x01K\x1b"),
            [1],
            buffer(b"A" * 8),
        )
        + b".",
    )
    yield (
        "fields in a float",
        array(
            dtype("f8", b"K\x03" + text("|") + b"N" + fields + b"K\x08K\x01K\x1b"),
            [1],
            buffer(b"A" * 8),
        )
        + b".",
    )
    yield (
        "subarrays",
        array(
            dtype("f8", b"K\x03" + text("|") + objects + b"K\x08\x85\x86NNK\x08K\x01K\x1b"),
            [1],
            buffer(b"A" * 8),
        )
        + b".",
    )
    f8 = dtype("f8")
    for name, shape, content in [
        ("too few bytes", [1000], b"A" * 8), ("too many bytes", [1], b"A" * 800),
        ("a negative length", [-1], b"A" * 8), ("two negative lengths", [-2, -2], b"A" * 32),
        ("a length past all memory", [2**62], b"A" * 8),
        ("lengths that wrap", [2**32, 2**32, 2], b""),
        ("nothing of very much", [0, 2**62, 2**62], b""), ("ninety dimensions", [1] * 90, b"A" * 8),
    ]:  # fmt: skip
        yield f"array of {name}", array(f8, shape, buffer(content)) + b"."
        frombuffer = named("numpy._core.numeric", "_frombuffer") + b"(" + buffer(content) + f8
        frombuffer += b"(" + b"".join(map(whole, shape)) + b"t" + text("C") + b"tR."
        yield f"buffer of {name}", frombuffer
    yield "lengths that are no numbers", array(f8, [], text("x")) + b"."
    yield "a type of no size", array(dtype("S0"), [10**9], buffer(b"")) + b"."
    yield "a type of all sizes", array(dtype("S999999999"), [0, 10**9], buffer(b"")) + b"."
    yield "text past the last character", array(dtype("U2"), [2], buffer(b"\xff" * 16)) + b"."
    yield "truth past 1", array(dtype("b1"), [64], buffer(b"\xff" * 64)) + b"."
    for code in (
        "O",
        "V8",
        "M8",
        "m8",
        "f3",
        "i3",
        "T",
        "f8,O",
        "(2,)O",
        "object",
        "a5",
        "?",
        ">O",
    ):
        yield f"type {code}", array(dtype(code), [1], buffer(b"A" * 8)) + b"."
    yield (
        "an array twice",
        array(f8, [1], buffer(b"A" * 8))
        + b"(K\x01K\x02\x85"
        + f8
        + b"\x89"
        + (buffer(b"A" * 16) + b"tb."),
    )
    yield (
        "an array of no content",
        named("numpy._core.multiarray", "_reconstruct")
        + (named("numpy", "ndarray") + b"K\x00\x85C\x01b\x87R."),
    )
    yield "a huge empty array", named("numpy", "ndarray") + whole(10**12) + b"\x85\x81."
    yield (
        "a matrix",
        named("numpy._core.multiarray", "_reconstruct")
        + (named("numpy", "matrix") + b"K\x00\x85C\x01b\x87R."),
    )
    yield (
        "a type that changes after use",
        dtype("f8") + b"q\x00(" + (b"K\x03" + text(">") + b"NNNK\x08K\x08K\x00tb."),
    )
    yield (
        "an unfinished type inside",
        b"]" + named("numpy", "dtype") + text("f8") + b"\x89\x88\x87Ra.",
    )


def bombs():
    """What takes all time or all memory."""
    yield "memo past all memory", b"Nr\xff\xff\xff\x7f."
    yield "memo of any number", b"Np99999999999999999999\n."
    for code in (b"B", b"X", b"T", b"\x8b"):
        yield f"length past the end {code!r}", code + b"\xff\xff\xff\x7fabc."
    for code in (b"\x8e", b"\x8d", b"\x96", b"\x95"):
        yield f"length past all memory {code!r}", code + b"\xff" * 7 + b"\x7fabc."
    yield "digits", b"I" + b"9" * 1_000_000 + b"\n."
    yield "long digits", b"L" + b"9" * 1_000_000 + b"L\n."
    yield (
        "a number of a million bytes as key",
        b"}\x8b\x40\x42\x0f\x00" + b"\x7f" * 1_000_000 + b"Ns.",
    )
    pairs = b"".join(b"q%ch%ch%c\x86" % (i, i, i) for i in range(100))
    yield "a key that takes for ever to hash", b"}K\x01" + pairs + b"Ns."
    yield "a set of what takes for ever to hash", b"\x8f(K\x01" + pairs + b"\x90."
    one, other = (b"K\x01" + pairs, b"K\x01" + b"".join(
        b"q%ch%ch%c\x86" % (100 + i, 100 + i, 100 + i) for i in range(100)
    ))  # fmt: skip
    yield "two keys that take for ever to compare", b"}" + one + b"Ns" + other + b"Ns."
    minus = (b"J\xff\xff\xff\xff", b"J\xfe\xff\xff\xff")  # -1 and -2 have one hash
    same = b"".join(
        b"(" + b"".join(minus[i >> bit & 1] for bit in range(14)) + b"tN" for i in range(2**14)
    )
    yield "keys of one hash", b"}(" + same + b"u."
    yield "members of one hash", b"\x8f(" + same.replace(b"tN", b"t") + b"\x90."
    prime = 2**61 - 1
    yield (
        "numbers of one hash",
        b"}(" + b"".join(whole(i * prime) + b"N" for i in range(50_000)) + b"u.",
    )
    for name, code in {"lists": b"]", "sets": b"\x8f", "dicts": b"}"}.items():
        yield f"very many {name}", code * 2_100_000 + b"."
    yield "very many marks", b"(" * 2_100_000 + b"."
    yield "very many memos", b"N" + b"\x94" * 2_100_000 + b"."
    yield "very many operations", b"N0" * 1_100_000 + b"."
    yield (
        "bytes copied again and again",
        buffer(b"x" * 1_000_000)
        + b"q\x000"
        + (named("builtins", "bytearray") + b"q\x010](" + b"h\x01h\x00\x85R" * 10_000 + b"e."),
    )
    yield (
        "lists copied again and again",
        b"]("
        + b"N" * 200_000
        + b"eq\x000"
        + (named("collections", "deque") + b"q\x010](" + b"h\x01h\x00\x85R" * 10_000 + b"e."),
    )
    array = named("numpy._core.numeric", "_frombuffer") + b"(h\x00h\x01" + whole(10**6)
    array += b"\x85" + text("C") + b"tR"
    shared = buffer(b"\0" * 8_000_000) + b"q\x000" + dtype("f8") + b"q\x010]("
    yield "arrays of one buffer", shared + array * 1000 + b"e."
    yield "a huge bytearray", named("builtins", "bytearray") + whole(10**12) + b"\x85R."
    yield (
        "a huge list of a range",
        named("builtins", "list") + (named("builtins", "range") + whole(10**12) + b"\x85R\x85R."),
    )
    yield (
        "a huge set of a range",
        named("builtins", "set") + (named("builtins", "range") + whole(10**12) + b"\x85R\x85R."),
    )
    yield "lists in lists", b"]" * 400_000 + b"a" * 399_999 + b"."
    yield "tuples in tuples", b")" + b"\x85" * 400_000 + b"."
    yield "tuples in tuples as a key", b"})" + b"\x85" * 400_000 + b"Ns."
    laughs = (
        b"](K\x00" + b"K\x00e" + b"".join(b"q%c]h%ca" % (i, i) + b"h%ca" % i for i in range(60))
    )
    yield "a list of 2**60 items", laughs + b"."
    parts = b"".join(text(name) + b"h\xff" for name in ("x", "y", "x_test", "y_test", "t"))
    yield "a data set of 2**60 items", laughs + b"q\xff0}(" + parts + b"u."
    nested = pickle.dumps([collections.OrderedDict(a=1)] * 3)
    yield "protocol of the future", b"\x80\x09" + nested[2:]


def damaged(count, seed=0):
    """Valid pickles with a few bits changed, or cut."""
    rng = np.random.default_rng(seed)
    thing = {
        "x": np.arange(12.0).reshape(3, 4), "names": np.array(["ab", "c"]),
        "view": [{1, 2}, (1.5, None)],
        "more": collections.OrderedDict(a=range(3), b=np.float32(2), c=1 + 2j, d=bytearray(b"abc")),
    }  # fmt: skip
    for i in range(count):
        content = bytearray(pickle.dumps(thing, protocol=int(rng.integers(6))))
        for _ in range(rng.integers(1, 5)):
            content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        yield (
            f"damaged {i}",
            bytes(content[: rng.integers(1, len(content) + 1)] if i % 4 == 0 else content),
        )


def corpus(mark, count=300):
    """Return every crafted pickle by its name."""
    parts = [*runners(mark), *memory(), *bombs(), *damaged(count)]
    assert len(dict(parts)) == len(parts), "a name occurs twice"
    return dict(parts)


def peak_memory():
    """Peak memory of this process in megabytes; getrusage would count that of its parent too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM"))


def main(count):
    import mnist1d
    from mnist1d import FileFormatError

    with tempfile.TemporaryDirectory() as folder:
        mark, path = Path(folder) / "mark", Path(folder) / "set.pkl"
        for name, content in corpus(mark, count).items():
            path.write_bytes(content)
            for read in (mnist1d.from_pickle, mnist1d.read)[: 1 if len(content) > 10**5 else 2]:
                print(
                    json.dumps({"name": name, "reader": read.__name__}), flush=True
                )  # before it crashes
                begin, outcome = time.process_time(), "read"
                try:
                    found = read(path)
                    del found
                except FileFormatError as error:
                    outcome = f"refused: {error}"
                except Exception as error:
                    outcome = f"{type(error).__name__}: {error}"
                print(json.dumps({
                    "outcome": "code run" if mark.exists() else outcome,
                    "seconds": time.process_time() - begin,
                    "megabytes": peak_memory(),
                }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
