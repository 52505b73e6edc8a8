"""Export the store's rows as one long table: text, csv, json or parquet.

Two passes over the rows, each with one trial in memory: the first finds the columns, the second
writes the lines.
"""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

import numpy as np

from mnist1d.checks import as_utf8, check_name
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.files import atomic_path
from mnist1d.results.progress import say
from mnist1d.results.selection import Line, Selection
from mnist1d.results.text import field_value, plural
from mnist1d.runs.store import Store, open_store

FORMATS = ("table", "csv", "json", "parquet")
OWN = ("study", "preset", "trial", "seed", "metric", "step", "value", "array", "shape")
GROUP = 50_000  # lines in one row group of a parquet file
MAX_CELL = 16  # characters of a cell in the table: ids are shortened
Cells = dict[str, object]


class Columns:
    """The result of the first pass: the columns in order, the types of their values, whether a
    column varies, the width of its text; and the numbers of lines and arrays."""

    def __init__(self, lines: Iterable[Line]):
        self.kinds: dict[str, set[type]] = {name: set() for name in OWN}
        self.first: Cells = {}
        self.varying: set[str] = set()
        self.widths: dict[str, int] = {}
        self.lines = self.arrays = 0
        config = None
        for line in lines:
            own = own_cells(line)
            self.arrays += own["shape"] is not None
            self._see(own)
            if line.record.config is not config:  # else as on the line before
                config = line.record.config
                self._see(field_cells(config))
            self.lines += 1

    def _see(self, cells: Cells) -> None:
        for name, value in cells.items():
            self._see_value(name, value)

    def _see_value(self, name: str, value: object) -> None:
        if name not in self.kinds and self.lines:
            self.varying.add(name)  # the lines before do not have it
        kinds = self.kinds.setdefault(name, set())
        if value is not None:
            kinds.add(type(value))
        if self.first.setdefault(name, value) != value:
            self.varying.add(name)
        width = max(self.widths.get(name, len(name)), len(_text(value)))
        self.widths[name] = width

    @property
    def names(self) -> list[str]:
        """The columns, starting with our own."""
        return list(self.kinds)


def write_results(
    runs: Path,
    selection: Selection | None = None,
    format: str | None = None,
    output: Path | None = None,
) -> None:
    """Print the selected rows, or write them to a file and each array to a .npy file in a folder
    beside it; the column `array` names that file. A device or a FIFO gets no arrays.

    format: default: by the file's ending, else table. Errors: UsageError for an unknown format,
    study, preset, metric or field, for a file with the ending of another format, for no rows at
    all, or for parquet without a file.
    """
    selection, format = selection or Selection(), _format(format, output)
    if format == "parquet" and output is None:
        raise UsageError("parquet is a binary format: name a file, -o rows.parquet")
    with open_store(runs, create=False) as store:
        columns = Columns(selection.lines(store))
        if not columns.lines:
            _explain_nothing(selection, store)
        lines = selection.lines(store)
        is_file = output is not None and (output.is_file() or not output.exists())
        if columns.arrays and not is_file:
            which = "is an array" if columns.arrays == 1 else "are arrays"
            values = plural(columns.arrays, "value")
            say(f"{values} {which}: to get .npy files, write to a file, -o")
        if output is None:
            _print(format, columns, map(cells_of, lines))
            return
        with atomic_path(output) as part:
            has_arrays = columns.arrays and is_file
            made = _with_arrays(lines, output.resolve()) if has_arrays else map(cells_of, lines)
            if format == "parquet":
                _write_parquet(columns, made, part)
            else:
                with part.open("w", encoding="utf-8", newline="") as file:
                    WRITERS[format](columns, made, file)


def _format(format: str | None, output: Path | None) -> str:
    """Return the format to write: the one that was asked for, or that of the file's ending."""
    ending = "" if output is None else output.suffix.lower().removeprefix(".")
    implied = ending if ending in FORMATS else None
    if format is None:
        return implied or "table"
    check_name(format, FORMATS, "format")
    if implied not in (None, format):
        raise UsageError(f"{output} has the ending of {implied}, but --format is {format}")
    return format


def cells_of(line: Line) -> Cells:
    """Return one line of the table: our own columns, then the fields of the config."""
    return own_cells(line) | field_cells(line.record.config)


def own_cells(line: Line) -> Cells:
    """Return a line's own columns. An array's value is None and its shape a text like 2x40."""
    record, value = line.record, line.record.value
    is_array = isinstance(value, np.ndarray)
    shape = "x".join(map(str, value.shape)) if is_array else None
    number = None if isinstance(value, np.ndarray) or math.isnan(value) else float(value)
    own = (line.study, line.preset, record.trial, record.seed, record.metric, record.step, number)
    return dict(zip(OWN, (*own, None, shape), strict=True))


def field_cells(config: Mapping[str, object]) -> Cells:
    """Return the columns of a config."""
    return {name: field_value(v) if isinstance(v, tuple) else v for name, v in config.items()}


def _with_arrays(lines: Iterable[Line], output: Path) -> Iterator[Cells]:
    """Yield the lines' cells and write each array to a .npy file; the column `array` names it
    relative to the output's folder."""
    folder = output.with_name(f"{as_utf8(output.stem)}-arrays")
    for line in lines:
        cells, record = cells_of(line), line.record
        if isinstance(record.value, np.ndarray):
            step = "" if record.step is None else f"-{record.step}"
            metric = re.sub(r"[^\w.]+", "-", record.metric, flags=re.ASCII)
            name = f"{line.study}-{record.trial[:16]}-seed{record.seed}-{metric}{step}.npy"
            folder.mkdir(exist_ok=True)
            with atomic_path(folder / name) as part, part.open("wb") as file:
                np.lib.format.write_array(file, record.value, allow_pickle=False)
            cells["array"] = f"{folder.name}/{name}"
        yield cells


def _explain_nothing(selection: Selection, store: Store) -> None:
    """Explain why no rows were selected: an unknown field or metric (with the nearest name), or
    values that no row has."""
    fields: dict[str, None] = {}
    metrics: dict[str, None] = {}
    for line in Selection(selection.study).lines(store):
        fields |= dict.fromkeys(line.record.config)
        metrics[line.record.metric] = None
    for name in selection.where:
        check_name(name, fields, "field")
    if selection.metric is not None:
        check_name(selection.metric, metrics, "metric")
    wanted = [f"{name}={','.join(values)}" for name, values in selection.where.items()]
    for name in ("study", "preset", "metric", "seed"):
        if getattr(selection, name) is not None:
            wanted.append(f"{name}={getattr(selection, name)}")
    if wanted:
        raise UsageError(
            f"no rows in {store.folder} have {', '.join(wanted)}: remove a condition, or list "
            "all rows with `mnist1d results`"
        )


def _print(format: str, columns: Columns, lines: Iterable[Cells]) -> None:
    WRITERS[format](columns, lines, sys.stdout)


def _write_csv(columns: Columns, lines: Iterable[Cells], file: IO[str]) -> None:
    writer = csv.DictWriter(file, columns.names, restval=None, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)


def _write_json(columns: Columns, lines: Iterable[Cells], file: IO[str]) -> None:
    empty = dict.fromkeys(columns.names)
    separator = "["
    for cells in lines:
        finite = {k: v for k, v in cells.items() if not isinstance(v, float) or math.isfinite(v)}
        file.write(separator + json.dumps({**empty, **finite}, allow_nan=False))
        separator = ",\n"
    file.write("]\n" if separator != "[" else "[]\n")


def _write_table(columns: Columns, lines: Iterable[Cells], file: IO[str]) -> None:
    """Write only the columns that matter to a reader: fields that do not vary are left out."""
    names = [name for name in columns.names if name in OWN or name in columns.varying]
    for cells in [dict(zip(names, names, strict=True))]:
        _write_line(cells, names, columns, file)
    for cells in lines:
        _write_line(cells, names, columns, file)


def _write_line(
    cells: Mapping[str, object], names: list[str], columns: Columns, file: IO[str]
) -> None:
    texts = (_text(cells.get(name)).ljust(columns.widths.get(name, len(name))) for name in names)
    file.write("  ".join(texts).rstrip() + "\n")


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:MAX_CELL]


def _write_parquet(columns: Columns, lines: Iterable[Cells], path: Path) -> None:
    """Write row groups of GROUP lines each."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtraError(
            "parquet needs pyarrow: pip install pyarrow, or choose csv or json"
        ) from None
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    fields = []
    for name, kinds in columns.kinds.items():
        (kind,) = kinds if len(kinds) == 1 else [float if kinds == {int, float} else str]
        fields.append(pa.field(name, types.get(kind, pa.string())))
    schema = pa.schema(fields)

    def cell(value: object, field: pa.Field) -> object:
        is_text = pa.types.is_string(field.type)
        return str(value) if is_text and value is not None else value

    def write(group: list[Cells]) -> None:
        arrays = [pa.array([cell(c.get(f.name), f) for c in group], f.type) for f in schema]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with parquet.ParquetWriter(path, schema) as writer:
        group: list[Cells] = []
        for cells in lines:
            group.append(cells)
            if len(group) == GROUP:
                write(group)
                group = []
        write(group)


WRITERS: dict[str, Callable[[Columns, Iterable[Cells], IO[str]], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
}
