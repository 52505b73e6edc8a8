"""Data set files: npz, csv and parquet, with settings and a digest over the whole content; old
pickles."""

from __future__ import annotations

import difflib
import json
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d import tables
from mnist1d.atomic import atomic_path as atomic_path
from mnist1d.atomic import hold_interrupts
from mnist1d.checks import Json, check_path, words_of
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digests import describe, sha256, verify
from mnist1d.digits import Templates
from mnist1d.errors import FileFormatError, MissingExtraError, MissingFileError, UsageError, warn
from mnist1d.memory import check_memory
from mnist1d.parts import PARTS
from mnist1d.pickles import load

FORMAT, OLD_FORMAT = "mnist1d/2", "mnist1d/1"
WRITABLE, READABLE = (".npz", ".csv", ".parquet"), (".npz", ".csv", ".parquet", ".pkl")
PLAIN_DTYPE = re.compile(r"[<|](b1|[iu][1248]|f[248])")


def save(data: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a data set; the extension sets the format (.npz, .csv, .parquet). The write is atomic:
    if it fails, an existing file stays.

    Errors: UsageError for an unknown extension, a folder that is missing or not writable, or arrays
    that do not fit together; MissingExtraError without pyarrow.
    """
    path = check_path(path)
    ending = _check_ending(path, WRITABLE, "write")
    data = _plain_labels(data)
    arrays = _arrays(data)
    settings = describe(arrays, _facts(data))
    rest = {name: arrays[name].tolist() for name in arrays if _is_of_the_set(name)}
    with atomic_path(path) as temporary:
        if ending == ".npz":
            # pass an open file: given a name, NumPy may change the extension
            with temporary.open("wb") as file, hold_interrupts():
                # no array is called allow_pickle
                np.savez_compressed(file, settings=json.dumps(settings), **arrays)  # type: ignore
        else:
            text = json.dumps({**settings, "values": rest}, sort_keys=True)
            write = tables.write_csv if ending == ".csv" else tables.write_parquet
            write(data, text, temporary)


def read(path: str | os.PathLike[str]) -> Dataset:
    """Read a data set from a file; the file's ending determines the format.

    Args:
      path: a .npz, .csv or .parquet file that `Dataset.save` wrote, or a .npz or .pkl file with the
        original package's arrays.

    Returns:
      The set, checked against the digest in the file.

    Raises:
      UsageError: for an unknown ending or a missing file.
      FileFormatError: if the file is truncated, in an unknown format or changed since it was
        written, or is a pickle with anything but arrays and plain containers.
      MissingExtraError: for .parquet without PyArrow.

    Warns:
      SuspiciousValueWarning: if the file has no digest: a pickle, or a file of an older version.

    Examples:
      >>> from mnist1d import make_dataset
      >>> make_dataset(num_samples=100, mode="fast").save("signals.npz")
      >>> read("signals.npz").x.shape
      (80, 40)
    """
    path = check_path(path)
    ending = _check_ending(path, READABLE, "read")
    _check_file(path)
    try:
        data, what = _read(path, ending)
        data.check()
    except (FileFormatError, MissingExtraError):
        raise
    except PermissionError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except Exception as error:  # a damaged file can raise anything
        raise FileFormatError(
            f"{path} is not a data set written by mnist1d, or is damaged: {words_of(error)}"
        ) from None
    if what and not verify(data):
        warn(f"{path} {what}. Check it with mnist1d.verify, and save it again to add a digest")
    return data


def _read(path: Path, ending: str) -> tuple[Dataset, str]:
    """Return the data set, and a warning about its digest ("" for none)."""
    if ending == ".pkl":
        return _from_pickle(load(path), path), (
            "is a pickle, which has no digest, so it may be incomplete or changed"
        )
    if ending == ".npz":
        arrays = _read_npz(path)
        if "settings" not in arrays:
            data = _from_original(
                arrays, {n: arrays.get(f"templates_{n}") for n in ("x", "t", "y")}
            )
            return data, "has no digest, so it may be incomplete or changed"
        text = str(arrays.pop("settings"))
    else:
        read_table = tables.read_csv if ending == ".csv" else tables.read_parquet
        arrays, text = read_table(
            path, lambda text: {n: k["dtype"] for n, k in _described(text).items()}
        )
    settings = json.loads(text)
    if settings["format"] == OLD_FORMAT:
        return _from_old(arrays, settings), (
            "was written by an older version: its digest does not cover settings, templates, mean "
            "and std"
        )
    known = _described(text)
    for name, value in settings.pop("values", {}).items():
        arrays[name] = np.array(value, known[name]["dtype"]).reshape(known[name]["shape"])
    return _checked(arrays, settings), ""


# ------------------------------------------------------------------ sets, arrays, facts


def _arrays(data: Dataset) -> dict[str, np.ndarray]:
    """Return every array of a set, by its name in a file."""
    arrays = {
        name + end: column
        for end in PARTS.values()
        for name, column in tables.flat(data.part(end)).items()
    }
    arrays["t"] = data.t
    arrays |= {f"templates_{name}": np.asarray(data.templates[name]) for name in ("x", "t", "y")}
    if data.positions is not None:
        arrays["positions"] = data.positions.astype(np.int64)
    return {
        name: np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")) for name, a in arrays.items()
    }


def _is_of_the_set(name: str) -> bool:
    """Whether an array belongs to the whole set, not to its signals."""
    return name in ("t", "positions") or name.startswith("templates_")


def _facts(data: Dataset) -> Json:
    return {
        "format": FORMAT,
        "config": data.config.to_dict() if data.config else None,
        "mode": data.mode,
        "mean": data.mean,
        "std": data.std,
    }


def _checked(arrays: dict[str, np.ndarray], settings: Json) -> Dataset:
    """Return the data set of the arrays and settings, after checking their digests."""
    facts = {name: settings[name] for name in ("format", "config", "mode", "mean", "std")}
    found = describe(arrays, facts)
    if found != settings:
        wrong = [
            name
            for name in {**found["arrays"], **settings["arrays"]}
            if found["arrays"].get(name) != settings["arrays"].get(name)
        ]
        raise FileFormatError(
            f"{wrong[0] if wrong else 'the text of the settings'} does not match its digest: the "
            "file "
            "was changed or damaged"
        )
    shapes = {name: arrays.pop(f"templates_{name}") for name in ("x", "t", "y")}
    config = DataConfig(**facts["config"]) if facts["config"] else None
    return Dataset(
        **tables.nest(arrays),
        templates=Templates(**shapes),
        config=config,
        **{name: facts[name] for name in ("mode", "mean", "std")},
    )


def _described(text: str) -> Json:
    """Return dtype and shape of each array by its name, as the settings tell them."""
    settings = json.loads(text)
    if settings.get("format") == OLD_FORMAT:
        kinds = {"x": settings["dtype"], "y": "<i8", "n": "|b1"}  # of x, y, noise_mask and the like
        return {name: {"dtype": kinds[name[0]]} for name in settings["sha256"] if name != "t"}
    if settings.get("format") != FORMAT:
        raise FileFormatError(
            f"the file says format {settings.get('format')!r}, "
            f"this version reads {FORMAT!r} and {OLD_FORMAT!r}"
        )
    for name, known in settings["arrays"].items():
        if not PLAIN_DTYPE.fullmatch(known["dtype"]):
            raise FileFormatError(
                f"{name} is of type {known['dtype']!r}, which is not a plain number"
            )
    return settings["arrays"]


def _plain_labels(data: Dataset) -> Dataset:
    """Return the set with labels of the same type in every format. Errors: UsageError."""
    if not isinstance(data, Dataset):
        raise UsageError(f"a data set must be a Dataset, got {type(data).__name__}")
    data.check()
    labels = {n: getattr(data, n) for n in ("y", "y_test", "y_val", "y_clean")}
    labels = {name: a for name, a in labels.items() if a is not None}
    if any(a.dtype.kind == "u" and (a > np.iinfo(np.int64).max).any() for a in labels.values()):
        raise UsageError("labels must be below 2**63")
    return data.replace(**{name: a.astype(np.int64) for name, a in labels.items()})


# ------------------------------------------------------------------ paths


def _check_ending(path: Path, known: tuple[str, ...], verb: str) -> str:
    ending = path.suffix.lower()
    if ending not in known:
        near = difflib.get_close_matches(ending, known, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise UsageError(
            f"cannot {verb} {path.name!r}: the extension must be one of {', '.join(known)}{hint}"
        )
    return ending


def _check_file(path: Path) -> None:
    """Raise UsageError unless the path is a readable file."""
    try:
        if path.is_file():
            return
        if path.is_dir():
            raise UsageError(f"{path} is a folder: name a file in it")
        if path.exists():
            raise UsageError(f"{path} is a device or a pipe: copy its content into a file first")
    except OSError as error:  # in a folder without access, or a name that is too long
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    raise MissingFileError(f"no such file: {path}")


# ----------------------------------------------------------------- npz, older files, the original's


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        with zipfile.ZipFile(file) as archive:
            num_bytes = sum(member.file_size for member in archive.infolist())
        check_memory(3 * num_bytes, f"reading {path}", "the number of signals in the file")
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}


def _from_old(arrays: Mapping[str, np.ndarray], settings: Json) -> Dataset:
    """Return the set of a file of the first format, in which only the arrays have digests."""
    dtype, shapes = settings["dtype"], settings["templates"]
    data = Dataset(
        **{name: a.astype(dtype) if name.startswith("x") else a for name, a in arrays.items()},
        t=np.array(settings["t"]).astype(dtype),
        templates=Templates(**{name: np.array(shapes[name]) for name in ("x", "t", "y")}),
        config=DataConfig(**settings["config"]) if settings["config"] else None,
        **{name: settings[name] for name in ("mode", "mean", "std")},
        positions=None if settings["positions"] is None else np.array(settings["positions"]),
    )
    for name, digest in settings["sha256"].items():
        if sha256(getattr(data, name)) != digest:
            raise FileFormatError(
                f"{name} does not match its digest: the file was changed or damaged"
            )
    return data


def _from_original(arrays: Mapping[str, Any], shapes: Any) -> Dataset:
    """Return the set of the original package's arrays, which come without settings."""
    if not isinstance(shapes, Mapping) or any(shapes.get(n) is None for n in ("x", "t", "y")):
        shapes = {"x": np.empty((0, 0)), "t": np.empty(0), "y": np.empty(0, int)}
    parts = {name: arrays[name] for name in ("x", "y", "x_test", "y_test", "t")}
    return Dataset(**parts, templates=Templates(**{name: shapes[name] for name in ("x", "t", "y")}))


def _from_pickle(content: object, path: Path) -> Dataset:
    if isinstance(content, Dataset):
        return content
    if not isinstance(content, dict) or not {"x", "y", "x_test", "y_test", "t"} <= set(content):
        raise FileFormatError(
            f"{path} does not hold the original package's dict with x, y, x_test, y_test and t"
        )
    return _from_original(content, content.get("templates"))
