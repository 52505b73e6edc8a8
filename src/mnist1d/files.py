"""Files: npz, csv and parquet with the settings and digest inside; old pickles, read by an
unpickler that admits arrays only."""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.atomic import atomic_path as atomic_path
from mnist1d.checks import check_path
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digests import sha256, verify
from mnist1d.digits import Templates
from mnist1d.errors import FileFormatError, MissingExtraError, UsageError, warn
from mnist1d.pickles import load

FORMAT = "mnist1d/1"
PARTS = {"train": ("x", "y"), "validation": ("x_val", "y_val"), "test": ("x_test", "y_test")}


def save(data: Dataset, path: str | Path) -> None:
    """Write a data set, format by ending (.npz, .csv, .parquet): atomically, so that a failed write
    leaves what was there.

    Errors: UsageError for an unknown ending or a folder that is missing or not writable;
    MissingExtraError without pyarrow.
    """
    path = check_path(path)
    write = _by_ending(
        path, {".npz": _write_npz, ".csv": _write_csv, ".parquet": _write_parquet}, "write"
    )
    data = data.replace(
        **{
            name: getattr(data, name).astype(np.int64)
            for name in data.keys()
            if name.startswith("y")
        }
    )  # in every format
    with atomic_path(path) as temporary:
        write(data, temporary)


def read(path: str | Path) -> Dataset:
    """Read a data set, format by ending (.npz, .csv, .parquet, .pkl).

    A pickle, or an npz without settings, holds the original package's arrays: x, y, x_test, y_test,
    t. Errors: UsageError for an unknown ending or a missing file; FileFormatError for one that is
    truncated, foreign, changed since it was written, or a pickle that holds anything but arrays and
    plain containers; MissingExtraError without pyarrow.
    """
    path = check_path(path)
    parse = _by_ending(
        path,
        {".npz": _read_npz, ".csv": _read_csv, ".parquet": _read_parquet, ".pkl": _read_pickle},
        "read",
    )
    try:
        if not path.is_file():
            raise UsageError(
                f"{path} is a folder: name a file in it"
                if path.is_dir()
                else f"no such file: {path}"
            )
    except OSError as error:  # below a closed folder, or a name too long
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    try:
        data = _consistent(parse(path))
    except (FileFormatError, MissingExtraError):
        raise
    except PermissionError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except Exception as error:  # a damaged file can raise anything
        raise FileFormatError(
            f"{path} is not a data set written by mnist1d, or is damaged: {error or type(error).__name__}"
        ) from None
    if parse is _read_pickle and not verify(data):
        warn(
            f"{path} is a pickle, which carries no digest: nothing proves that it is whole and unchanged. "
            "It is not the published set either (mnist1d.verify); save it as .npz to have a digest"
        )
    return data


def _by_ending(path: Path, known: Mapping[str, Callable], verb: str) -> Callable:
    if path.suffix.lower() not in known:
        near = difflib.get_close_matches(path.suffix.lower(), known, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise UsageError(
            f"cannot {verb} {path.name!r}: the ending must be one of {', '.join(known)}{hint}"
        )
    return known[path.suffix.lower()]


def _settings(data: Dataset) -> str:
    """What travels in every file beside the signals, as JSON."""
    digests = {name: sha256(getattr(data, name)) for name in data.keys() if name != "templates"}
    return json.dumps(
        {
            "format": FORMAT,
            "config": data.config.to_dict() if data.config else None,
            "mode": data.mode,
            "mean": data.mean,
            "std": data.std,
            "dtype": data.x.dtype.name,
            "t": data.t.astype(float).tolist(),
            "templates": {
                name: np.asarray(data.templates[name]).tolist() for name in data.templates.keys()
            },
            "positions": None if data.positions is None else data.positions.tolist(),
            "sha256": digests,
        },
        sort_keys=True,
    )


def _dataset(arrays: Mapping[str, np.ndarray], text: str) -> Dataset:
    """Build the data set from its arrays and settings, and check the digests that travel with
    it."""
    settings = json.loads(text)
    if settings.get("format") != FORMAT:
        raise FileFormatError(
            f"the file says format {settings.get('format')!r}, this version reads {FORMAT!r}"
        )
    dtype, shapes = settings["dtype"], settings["templates"]
    data = Dataset(
        **{name: a.astype(dtype) if name.startswith("x") else a for name, a in arrays.items()},
        t=np.array(settings["t"]).astype(dtype),
        templates=Templates(
            x=np.array(shapes["x"]), t=np.array(shapes["t"]), y=np.array(shapes["y"])
        ),
        config=DataConfig(**settings["config"]) if settings["config"] else None,
        mode=settings["mode"],
        mean=settings["mean"],
        std=settings["std"],
        positions=None if settings["positions"] is None else np.array(settings["positions"]),
    )
    for name, digest in settings["sha256"].items():
        if sha256(getattr(data, name)) != digest:
            raise FileFormatError(
                f"{name} does not have the digest that was written with it: the file was changed or damaged"
            )
    return data


def _consistent(data: Dataset) -> Dataset:
    """Return the data set; ValueError where its arrays do not fit together."""
    shapes = data.templates
    if not isinstance(shapes, Templates):
        raise ValueError("its templates are none")
    arrays = {f"templates.{name}": shapes[name] for name in shapes.keys()}
    arrays |= {name: data[name] for name in data.keys() if name != "templates"}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is a {type(array).__name__}, not an array")
    for x, y in PARTS.values():
        signals, labels = getattr(data, x), getattr(data, y)
        if (signals is None) != (labels is None) or signals is None and x != "x_val":
            raise ValueError(f"it lacks {x} or {y}")
        if signals is not None and (signals.dtype.kind != "f" or labels.dtype.kind not in "iu"):
            raise ValueError(
                f"{x} must hold floats and {y} whole numbers, got {signals.dtype} and {labels.dtype}"
            )
        if signals is not None and (
            signals.shape != (len(labels), len(data.t)) or labels.ndim != 1 or data.t.ndim != 1
        ):
            raise ValueError(
                f"{x} {signals.shape}, {y} {labels.shape} and t {data.t.shape} do not fit together"
            )
    return data


def _plain(arrays: Mapping[str, Any], shapes: Any) -> Dataset:
    """Build the data set from the original package's arrays, which say nothing of their
    settings."""
    shapes = shapes or {"x": np.empty((0, 0)), "t": np.empty(0), "y": np.empty(0, int)}
    parts = {name: arrays[name] for name in ("x", "y", "x_test", "y_test", "t")}
    return Dataset(**parts, templates=Templates(**{name: shapes[name] for name in ("x", "t", "y")}))


def _arrays(data: Dataset) -> dict[str, np.ndarray]:
    return {name: getattr(data, name) for name in data.keys() if name not in ("t", "templates")}


def _write_npz(data: Dataset, path: Path) -> None:
    with path.open("wb") as file:  # an open file: given a name, NumPy may change its ending
        np.savez_compressed(file, settings=np.array(_settings(data)), **_arrays(data))


def _read_npz(path: Path) -> Dataset:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if "settings" not in arrays:
        shapes = {name: arrays.get(f"templates_{name}") for name in ("x", "t", "y")}
        return _plain(arrays, None if any(a is None for a in shapes.values()) else shapes)
    return _dataset(arrays, str(arrays.pop("settings")))


def _columns(data: Dataset) -> dict[str, Any]:
    """The set as columns, one row a signal: split, y, y_clean, noise_mask, x (n, time)."""
    parts = {part: names for part, names in PARTS.items() if getattr(data, names[0]) is not None}
    y = np.concatenate([getattr(data, y) for _, y in parts.values()])
    columns: dict[str, Any] = {
        "split": np.repeat(list(parts), [len(getattr(data, y)) for _, y in parts.values()]),
        "y": y,
    }
    if data.y_clean is not None and data.noise_mask is not None:
        rest = len(y) - len(data.y)
        columns["y_clean"] = np.concatenate([data.y_clean, y[len(data.y) :]])
        columns["noise_mask"] = np.concatenate([data.noise_mask, np.zeros(rest, bool)])
    columns["x"] = np.concatenate([getattr(data, x) for x, _ in parts.values()])
    return columns


def _from_columns(columns: Mapping[str, np.ndarray], settings: str) -> Dataset:
    arrays: dict[str, np.ndarray] = {}
    for part, (x, y) in PARTS.items():
        rows = columns["split"] == part
        if part != "validation" or rows.any():
            arrays[x], arrays[y] = columns["x"][rows], columns["y"][rows]
            if part == "train":
                arrays |= {
                    name: columns[name][rows]
                    for name in ("y_clean", "noise_mask")
                    if name in columns
                }
    return _dataset(arrays, settings)


def _write_csv(data: Dataset, path: Path) -> None:
    columns = _columns(data)
    x = columns.pop("x")
    flat = {name: c.astype(int) if c.dtype == bool else c for name, c in columns.items()}
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(f"# {_settings(data)}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*flat, *(f"x{i}" for i in range(x.shape[1]))])
        for i, signal in enumerate(x):
            writer.writerow(
                [*(c[i] for c in flat.values()), *map(str, signal)]
            )  # str gives the shortest digits that read back the same


def _read_csv(path: Path) -> Dataset:
    with path.open(encoding="utf-8", newline="") as file:
        first = file.readline()
        if not first.startswith("# {"):
            raise FileFormatError(f"{path} lacks the line of settings that mnist1d writes first")
        header, *lines = csv.reader(file)
    ragged = next((i for i, line in enumerate(lines) if len(line) != len(header)), None)
    if ragged is not None:
        raise FileFormatError(
            f"{path}, line {ragged + 3}: {len(lines[ragged])} values where the header has {len(header)}"
        )
    table = dict(zip(header, map(np.array, zip(*lines, strict=True)), strict=True))
    names = [name for name in header if name not in ("split", "y", "y_clean", "noise_mask")]
    dtype = json.loads(first[2:])["dtype"]
    columns = {
        "split": table["split"],
        "x": np.stack([table[name].astype(dtype) for name in names], axis=1),
    }
    columns |= {name: table[name].astype(np.int64) for name in ("y", "y_clean") if name in table}
    if "noise_mask" in table:
        columns["noise_mask"] = table["noise_mask"] == "1"
    return _from_columns(columns, first[2:])


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("parquet files need pyarrow: pip install pyarrow") from None
    return pyarrow


def _write_parquet(data: Dataset, path: Path) -> None:
    pa, columns = _pyarrow(), _columns(data)
    x = columns.pop("x")
    table = pa.table(
        {**columns, "x": pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), x.shape[1])}
    )
    pa.parquet.write_table(table.replace_schema_metadata({"mnist1d": _settings(data)}), path)


def _read_parquet(path: Path) -> Dataset:
    pa = _pyarrow()
    try:
        table = pa.parquet.read_table(path)
    except pa.ArrowException as error:
        raise FileFormatError(f"{path} is not a parquet file, or is damaged: {error}") from None
    settings = (table.schema.metadata or {}).get(b"mnist1d")
    if settings is None:
        raise FileFormatError(
            f"{path} lacks the settings that mnist1d writes; a foreign parquet file is read with pyarrow"
        )
    columns = {name: table[name].to_numpy() for name in table.column_names if name != "x"}
    columns["x"] = np.stack(table["x"].to_numpy())
    return _from_columns(columns, settings.decode())


def _read_pickle(path: Path) -> Dataset:
    content = load(path)
    if isinstance(content, Dataset):
        return content
    if not isinstance(content, dict) or not {"x", "y", "x_test", "y_test", "t"} <= set(content):
        raise FileFormatError(
            f"{path} does not hold the original package's dict with x, y, x_test, y_test and t"
        )
    return _plain(content, content.get("templates"))
