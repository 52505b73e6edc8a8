"""Entries of the table: one JSON file per model, with its accuracies by seed and a checksum.

The entries in experiments/table/ ship with the package; `python -m benchmarks.table` measures them
again. Write an entry for your own model with `mnist1d evaluate MODEL --test both --submit
FILE.json`. The checksum reveals an edited file; it does not show who wrote the file. A test
measures the smallest shipped entry again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from mnist1d.atomic import atomic_path
from mnist1d.errors import FileFormatError, UsageError

SCHEMA = "mnist1d-entry/1"
TESTS = ("frozen", "frozen_shuffled", "fresh", "fresh_shuffled")
# by the protocol; with settings chosen on held-out training signals; with settings or training code
# of the submitter's own
HOW = ("protocol", "tuned", "own")
MAX_BYTES = 1_000_000
MIN_SEEDS = 4
MAX_TEXT = 200  # characters of a name


@dataclass(frozen=True)
class Entry:
    """One model in the table: how it was trained, and its final accuracies by seed on TESTS."""

    name: str  # as the table shows it
    model: str  # a name of the registry, or "module:factory"
    how: str  # a key of HOW
    seeds: tuple[int, ...]
    acc: Mapping[str, tuple[float, ...]]  # by test, one per seed
    excess_bits: tuple[float, ...] | None  # above the exact posterior on the fresh test, by seed
    calibration_error: tuple[float, ...] | None = None  # in [0, 1], on the fresh test, by seed
    num_params: int | None = None
    seconds: float | None = None  # of training, the fastest seed's
    by: str = ""  # who submitted it
    link: str = ""  # to the code or the paper
    settings: Mapping[str, object] = field(default_factory=dict)
    origin: Mapping[str, object] = field(default_factory=dict)  # command, date, versions, processor

    def __post_init__(self) -> None:
        _check(self)


def write_entry(path: Path, entry: Entry) -> None:
    """Write an entry as JSON with its checksum. Errors: UsageError if it cannot be written."""
    content = {"schema": SCHEMA, **dataclasses.asdict(entry)}
    content["sha256"] = _digest(content)
    with atomic_path(path) as part:
        part.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_entry(path: Path) -> Entry:
    """Read an entry and check it.

    Errors: UsageError for a file that cannot be read; FileFormatError for a file that is not an
    entry, has another schema, or was edited after it was written.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileFormatError(f"{path} is no entry of the table: it has over {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FileFormatError(f"{path} is no entry of the table: it is not UTF-8") from None
    return _parse(text, str(path))


@cache
def shipped() -> tuple[Entry, ...]:
    """Return the entries that ship with the package, by file name."""
    folder = resources.files("mnist1d.experiments").joinpath("table")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return tuple(_parse(file.read_text(encoding="utf-8"), file.name) for file in files)


def frozen_acc() -> dict[str, float]:
    """Return the mean accuracy on the frozen test of each shipped model that was trained by the
    protocol, by its name in the registry."""
    found = [entry for entry in shipped() if entry.how == "protocol"]
    return {e.model: math.fsum(e.acc["frozen"]) / len(e.seeds) for e in found}


def _parse(text: str, where: str) -> Entry:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{where} is no entry of the table: {error}") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        found = content.get("schema") if isinstance(content, dict) else type(content).__name__
        rule = f"its schema must be {SCHEMA!r}, got {found!r:.60}"
        raise FileFormatError(f"{where} is no entry of the table: {rule}")
    if content.get("sha256") != _digest(content):
        raise FileFormatError(
            f"{where} was edited after it was written (its checksum does not match): measure the "
            "model again, mnist1d evaluate MODEL --test both --submit FILE.json"
        )
    names = {f.name for f in dataclasses.fields(Entry)}
    fields = {key: value for key, value in content.items() if key not in ("schema", "sha256")}
    if fields.keys() != names:
        different = sorted(fields.keys() ^ names)
        raise FileFormatError(f"{where} must hold the fields {sorted(names)}; check {different}")
    try:
        return Entry(**{key: _tuples(value) for key, value in fields.items()})
    except UsageError as error:
        raise FileFormatError(f"{where}: {error}") from None


def _digest(content: Mapping[str, object]) -> str:
    plain = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _tuples(value: object) -> Any:
    if isinstance(value, dict):
        return {str(key): _tuples(inner) for key, inner in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _check(entry: Entry) -> None:
    """Raise UsageError unless every field is what it should be."""
    for name in ("name", "model", "by", "link"):
        value = getattr(entry, name)
        needed = name in ("name", "model")
        if not isinstance(value, str) or len(value) > MAX_TEXT or (needed and not value.strip()):
            rule = f"{name} must be a text of at most {MAX_TEXT} characters"
            raise UsageError(f"{rule}: {value!r:.80}")
    if entry.link and not re.fullmatch(r"https?://\S+", entry.link):
        raise UsageError(f"link must begin with https://, got {entry.link!r:.80}")
    if entry.how not in HOW:
        raise UsageError(f"how must be one of {', '.join(HOW)}, got {entry.how!r:.80}")
    seeds = entry.seeds
    whole = isinstance(seeds, tuple) and all(_is_whole(seed) for seed in seeds)
    if not whole or len(set(seeds)) < len(seeds) or len(seeds) < MIN_SEEDS:
        raise UsageError(f"an entry needs at least {MIN_SEEDS} different seeds, got {seeds!r:.80}")
    if not isinstance(entry.acc, Mapping) or set(entry.acc) != set(TESTS):
        raise UsageError(f"acc must hold the accuracies on {', '.join(TESTS)}")
    for test, values in entry.acc.items():
        if not _are_numbers(values, len(seeds), 1):
            raise UsageError(f"acc[{test!r}] must hold one number in [0, 1] per seed")
    error = entry.calibration_error
    if entry.excess_bits is not None and not _are_numbers(entry.excess_bits, len(seeds), 100):
        raise UsageError("excess_bits must hold one number, at least 0, per seed, or be null")
    if error is not None and not _are_numbers(error, len(seeds), 1):
        raise UsageError("calibration_error must hold one number in [0, 1] per seed, or be null")
    if entry.num_params is not None and not _is_whole(entry.num_params):
        raise UsageError(f"num_params must be a whole number or null, got {entry.num_params!r:.80}")
    if entry.seconds is not None and not _are_numbers((entry.seconds,), 1, 1e9):
        raise UsageError(f"seconds must be a number or null, got {entry.seconds!r:.80}")
    for name in ("settings", "origin"):
        if not isinstance(getattr(entry, name), Mapping):
            raise UsageError(f"{name} must be a JSON object")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _are_numbers(values: object, n: int, high: float) -> bool:
    if not isinstance(values, tuple) or len(values) != n:
        return False
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    return len(numbers) == n and all(math.isfinite(v) and 0 <= v <= high for v in numbers)
