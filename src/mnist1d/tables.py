"""A data set as a table, one row per signal: csv and parquet files, which other programs can read
directly."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.dataset import Dataset
from mnist1d.errors import FileFormatError, MissingExtraError, UsageError
from mnist1d.memory import check_memory
from mnist1d.parts import COLUMNS, PARTS, Columns
from mnist1d.signals import Latents

SPLIT, SETTINGS = "split", "settings"  # the first column of a csv file, and its last
WIDE = {"x": "x", "digit_mask": "mask", "y_soft": "soft"}  # and the beginning of their csv columns
TRAINING_ONLY = {"y_clean": "y", "noise_mask": None}  # and its value for other signals


def to_columns(data: Dataset) -> dict[str, np.ndarray]:
    """Return the set as columns over the signals of all parts: split, then the existing columns of
    COLUMNS, one column per latent variable, x last. Errors: UsageError for a column that is missing
    in some parts."""
    parts = {part: flat(data.part(end)) for part, end in PARTS.items()}
    parts = {part: columns for part, columns in parts.items() if columns}
    sizes = [len(columns["y"]) for columns in parts.values()]
    result = {SPLIT: np.repeat(list(parts), sizes)}
    names = dict.fromkeys(name for columns in parts.values() for name in columns)
    for name in sorted(names, key=lambda name: name in WIDE):
        pieces = []
        for part, columns in parts.items():
            if name not in columns and name not in TRAINING_ONLY:
                raise UsageError(
                    f"a table needs {name} for every signal, but the {part} part has none: save "
                    "as .npz"
                )
            other = columns.get(TRAINING_ONLY.get(name) or "", np.zeros(len(columns["y"]), bool))
            pieces.append(columns.get(name, other))
        result[name] = np.concatenate(pieces)
    result["x"] = result.pop("x")
    return result


def from_columns(columns: Mapping[str, np.ndarray], names: Mapping[str, object]) -> Columns:
    """Return the arrays called `names` (column and suffix of the part) from the columns."""
    found = {}
    for part, end in PARTS.items():
        rows = columns[SPLIT] == part
        for name in columns:
            if name != SPLIT and name + end in names:
                found[name + end] = columns[name][rows]
    return found


def flat(part: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the columns of a part, with one column per latent variable."""
    result: dict[str, np.ndarray] = {}
    for name in COLUMNS:
        if name in part:
            result |= part[name]._asdict() if name == "latents" else {name: part[name]}
    return result


def nest(arrays: Mapping[str, Any]) -> Columns:
    """Undo `flat` for all parts: put the latent variables back into `Latents`."""
    result = dict(arrays)
    for end in PARTS.values():
        causes = {name: result.pop(name + end, None) for name in Latents._fields}
        if all(column is not None for column in causes.values()):
            result[f"latents{end}"] = Latents(**causes)
    return result


# ------------------------------------------------------------------ csv


def write_csv(data: Dataset, settings: str, path: Path) -> None:
    """Write a csv file: a header, one row per signal, and the settings as JSON in the last cell of
    the first row. Errors: UsageError for a set without signals."""
    columns = to_columns(data)
    if not len(columns["y"]):
        raise UsageError("a csv file needs at least one signal: save as .npz")
    header, cells = [], []
    for name, column in columns.items():
        column = column.astype(int) if column.dtype == bool else column
        if name in WIDE:
            header += [f"{WIDE[name]}{i}" for i in range(column.shape[1])]
            cells += list(column.T)
        else:
            header.append(name)
            cells.append(column)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*header, SETTINGS])
        for i, row in enumerate(zip(*cells, strict=True)):
            # str gives the shortest digits that read back the same
            writer.writerow([*map(str, row), "" if i else settings])


def read_csv(path: Path, parse: Callable[[str], Mapping[str, str]]) -> tuple[Columns, str]:
    """Return the arrays of a csv file and its settings, read by `parse`."""
    header, lines, old = _read_lines(path)
    text = old or lines[0][-1]
    names = header if old else header[:-1]
    if not old and header[-1:] != [SETTINGS]:
        raise FileFormatError(f"{path} lacks the column {SETTINGS!r} that mnist1d writes last")
    if not old and any(line[-1] for line in lines[1:]):
        raise FileFormatError(f"{path} has values in the column {SETTINGS!r} below the settings")
    described = parse(text)
    table = dict(zip(names, map(np.array, zip(*lines, strict=True)), strict=False))
    columns: dict[str, np.ndarray] = {SPLIT: table.pop(SPLIT)}
    for name, beginning in WIDE.items():
        wide = [
            n for n in table if n.removeprefix(beginning).isdecimal() and n.startswith(beginning)
        ]
        if wide:
            columns[name] = np.stack([table.pop(n) for n in wide], axis=1)
    columns |= table
    found = from_columns(columns, described)
    return {name: _typed(column, described[name]) for name, column in found.items()}, text


def _read_lines(path: Path) -> tuple[list[str], list[list[str]], str]:
    """Return the header, the rows, and the first line of a file from an older version (otherwise
    "")."""
    before = csv.field_size_limit(sys.maxsize)  # the settings may be long
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.readline()
            old = start[2:] if start.startswith("# {") else ""
            if not old:
                file.seek(0)
            header, *lines = csv.reader(file)
    finally:
        csv.field_size_limit(before)
    ragged = next((i for i, line in enumerate(lines) if len(line) != len(header)), None)
    if ragged is not None:
        raise FileFormatError(
            f"{path}, line {ragged + (3 if old else 2)}: {len(lines[ragged])} values, but the "
            f"header has {len(header)}"
        )
    if not lines:
        raise FileFormatError(f"{path} contains no signals")
    return header, lines, old


def _typed(column: np.ndarray, dtype: str) -> np.ndarray:
    """Return text as numbers of a type; a boolean is 0 or 1."""
    if np.dtype(dtype) != bool:
        return column.astype(dtype)
    if not np.isin(column, ["0", "1"]).all():
        raise ValueError("a boolean that is neither 0 nor 1")
    return column == "1"


# ------------------------------------------------------------------ parquet


def pyarrow() -> Any:
    """Return pyarrow with its parquet module; MissingExtraError without it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("parquet files need pyarrow: pip install pyarrow") from None
    return pyarrow


def write_parquet(data: Dataset, settings: str, path: Path) -> None:
    """Write a parquet file: one row per signal, x and other wide columns as fixed-length lists, and
    the settings as JSON in its metadata under `mnist1d`."""
    pa, columns = pyarrow(), to_columns(data)
    table = pa.table(
        {
            name: pa.FixedSizeListArray.from_arrays(pa.array(column.ravel()), column.shape[1])
            if name in WIDE
            else column
            for name, column in columns.items()
        }
    )
    pa.parquet.write_table(
        table.replace_schema_metadata({"mnist1d": settings}), path, write_page_checksum=True
    )


def read_parquet(path: Path, parse: Callable[[str], Mapping[str, str]]) -> tuple[Columns, str]:
    """Return the arrays of a parquet file and its settings, read by `parse`."""
    pa = pyarrow()
    try:
        with path.open("rb") as source:  # opened once, because another process may replace it
            file = pa.parquet.ParquetFile(source, page_checksum_verification=True)
            settings = (file.schema_arrow.metadata or {}).get(b"mnist1d")
            if settings is None:
                raise FileFormatError(
                    f"{path} lacks the settings that mnist1d writes; "
                    "read a foreign parquet file with pyarrow"
                )
            described = parse(settings.decode())
            num_bytes = sum(
                file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)
            )
            check_memory(
                4 * max(num_bytes, 0), f"reading {path}", "the number of signals in the file"
            )
            table = file.read()
    except pa.ArrowException as error:
        raise FileFormatError(f"{path} is not a parquet file, or is damaged: {error}") from None
    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if column.null_count:
            raise ValueError(f"{name} lacks values")
        if name in WIDE:
            width = column.type.list_size
            columns[name] = column.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return from_columns(columns, described), settings.decode()
