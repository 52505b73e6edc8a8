"""The store's rows as one long table, to be used elsewhere: table, csv, json or parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.checks import check_name
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.files import atomic_path
from mnist1d.runs.store import Store, open_store

FORMATS = ("table", "csv", "json", "parquet")
Line = dict[str, Any]


def write_results(
    runs: Path, study: str | None = None, format: str = "table", output: Path | None = None
) -> None:
    """Print the rows, or write them to a file. Errors: UsageError for an unknown format or study,
    or parquet without a file."""
    check_name(format, FORMATS, "format")
    if format == "parquet" and output is None:
        raise UsageError("parquet is a binary format: name a file, -o rows.parquet")
    with open_store(runs, create=False) as store:
        if study is not None:
            check_name(study, store.studies(), "study in these runs")
        lines = long_table(store, study)
    if format == "parquet":
        return _write_parquet(lines, output)
    text = {"table": _as_table, "csv": _as_csv, "json": _as_json}[format](lines)
    if output is None:
        sys.stdout.write(text)
    else:
        with atomic_path(output) as part:
            part.write_text(text, encoding="utf-8")


def long_table(store: Store, study: str | None = None) -> list[Line]:
    """Return one line a row: study, trial, seed, metric, step, value, array (its shape, the value
    being None), the config's fields."""
    lines = []
    for name in store.studies() if study is None else [study]:
        for r in store.all_rows(name):
            is_array = isinstance(r.value, np.ndarray)
            shape = "x".join(map(str, r.value.shape)) if is_array else None
            value = None if is_array or math.isnan(r.value) else r.value
            fields = {
                key: ":".join(map(str, v)) if isinstance(v, tuple) else v
                for key, v in r.config.items()
            }
            lines.append(
                {
                    "study": name,
                    "trial": r.trial,
                    "seed": r.seed,
                    "metric": r.metric,
                    "step": r.step,
                    "value": value,
                    "array": shape,
                    **fields,
                }
            )
    columns = dict.fromkeys(key for line in lines for key in line)
    return [{key: line.get(key) for key in columns} for line in lines]


def _as_csv(lines: list[Line]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _as_json(lines: list[Line]) -> str:
    finite = [
        {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in line.items()}
        for line in lines
    ]
    return json.dumps(finite, allow_nan=False) + "\n"


def _as_table(lines: list[Line]) -> str:
    """Only the columns that a person reads: fields that do not vary within the table are left out,
    ids are cut."""
    always = ("study", "trial", "seed", "metric", "step", "value", "array")
    columns = [
        key
        for key in (lines[0] if lines else ())
        if key in always or len({line[key] for line in lines}) > 1
    ]
    cells = [
        [
            ""
            if line[c] is None
            else f"{line[c]:.4g}"
            if isinstance(line[c], float)
            else str(line[c])[:16]
            for c in columns
        ]
        for line in lines
    ]
    widths = [max(len(row[i]) for row in [columns, *cells]) for i in range(len(columns))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in [columns, *cells]
    )


def _write_parquet(lines: list[Line], output: Path) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtraError(
            "parquet needs pyarrow: pip install pyarrow, or choose csv or json"
        ) from None
    columns = list(lines[0]) if lines else []
    arrays = {}
    for name in columns:
        values = [line[name] for line in lines]
        kinds = {type(v) for v in values} - {type(None)}
        arrays[name] = pa.array(
            values
            if len(kinds) <= 1 or kinds == {int, float}
            else [None if v is None else str(v) for v in values]
        )
    with atomic_path(output) as part:
        parquet.write_table(pa.table(arrays), part)
