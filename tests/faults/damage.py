"""Damaged files: four formats of data sets, and malicious pickles.

A damaged npz, csv or parquet file must be refused, or contain exactly the same set (if a bit of
padding changed, for example). A pickle carries no digest: it must be refused in the package's own
words, or be read with a warning.
"""

from __future__ import annotations

import pickle
import warnings
from functools import partial
from pathlib import Path

import numpy as np

import mnist1d
from mnist1d import FileFormatError, Mnist1dError, SuspiciousValueWarning
from tests.faults.counting import Found, Piece, split
from tests.faults.isolation import Answer, try_cases
from tests.pickles import crafted
from tests.test_files import damage, same

SECONDS = 2  # of the processor, that a crafted pickle may take
ENDINGS = ("npz", "csv", "parquet", "pkl")
PARTS = ("x", "y", "x_test", "y_test", "t")
FOUND = [("npz", 2, 59), ("pkl", 1, 198)]  # damage that once had an error of 1,000 characters
MARK = Path("mark")


def rich_set() -> mnist1d.Dataset:
    """Return a set with every part that a set can hold."""
    made = mnist1d.make_dataset(num_samples=60, seed=5, latents=True)
    return made.with_label_noise(0.2).split(9).shuffled(seed=1)


def write(ending: str) -> None:
    """Write an intact file into this folder."""
    data = rich_set()
    if ending == "pkl":
        content = pickle.dumps({name: data[name] for name in PARTS})
        Path("set.pkl").write_bytes(content)
    else:
        data.save(f"set.{ending}")


def read_damaged(number: int, ending: str, seed: int) -> Answer:
    """Damage the file, read it, and compare."""
    path = Path(f"bad.{ending}")
    content = Path(f"set.{ending}").read_bytes()
    path.write_bytes(damage(content, np.random.default_rng([seed, number, len(ending)])))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = mnist1d.read(path)
        except FileFormatError as error:
            return "refused", "" if len(str(error)) < 1000 else "too long an error"
    if ending == "pkl":
        is_told = any(issubclass(warning.category, SuspiciousValueWarning) for warning in told)
        return "read, with a warning", "" if is_told else "read without a warning"
    try:
        same(found, rich_set())
    except AssertionError as error:
        return "other data", f"read as other data: {error}"
    return "read, and equal", ""


def damaged(count: int, seed: int, ending: str) -> Found:
    """Read damaged files of one format."""
    case = partial(read_damaged, ending=ending, seed=seed)
    describe = lambda i: f"damage {seed}, {i} of .{ending}"  # noqa: E731
    return try_cases(count, case, describe, partial(write, ending))


def found_once(count: int, seed: int) -> Found:
    """Read the damaged files that once revealed an error."""

    def prepare() -> None:
        for ending, _, _ in FOUND:
            write(ending)

    def case(number: int) -> Answer:
        ending, seed, place = FOUND[number]
        return read_damaged(place, ending, seed)

    return try_cases(len(FOUND), case, lambda i: str(FOUND[i]), prepare)


def read_crafted(number: int, corpus: list[tuple[str, bytes]]) -> Answer:
    """Read a malicious pickle."""
    Path("bad.pkl").write_bytes(corpus[number][1])
    try:
        mnist1d.from_pickle("bad.pkl")
        note = "read"
    except Mnist1dError as error:
        note = "refused" if len(str(error)) < 1000 else "refused at length"
    return note, "code was run" if MARK.exists() else ""


def crafted_pickles(count: int, seed: int) -> Found:
    """Read the crafted pickles: all of them, or `count` spread over them."""
    corpus = list(crafted.corpus(MARK, 300).items())
    corpus = corpus[:: max(1, len(corpus) // count)][:count]
    return try_cases(
        len(corpus),
        partial(read_crafted, corpus=corpus),
        lambda i: corpus[i][0],
        seconds=SECONDS,
    )


def pieces(is_long: bool) -> list[Piece]:
    """Return damaged files of each format, and the crafted pickles."""
    made = []
    for ending in ENDINGS:
        work = partial(damaged, ending=ending)
        made += split("files", f"damaged .{ending}", 1_500 if is_long else 40, work, 250)
    made += split("files", "damaged, once told wrongly", len(FOUND), found_once, len(FOUND))
    number = len(crafted.corpus(MARK, 300)) if is_long else 60
    return made + split("files", "crafted pickles", number, crafted_pickles, number)
