"""Hugging Face: a DatasetDict with named classes and fixed-length signals, and a folder ready to
upload to the hub."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.adapters.responsible import RESPONSIBLE, size_category
from mnist1d.atomic import atomic_path
from mnist1d.checks import check_path
from mnist1d.dataset import Dataset
from mnist1d.digests import sha256
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.generate import load_dataset
from mnist1d.parts import PARTS
from mnist1d.tables import SPLIT, to_columns

if TYPE_CHECKING:
    from types import ModuleType

    import datasets

CROISSANT_TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform"
)
CROISSANT_KINDS = {  # of the columns, in their order
    "x": "sc:Float",
    "y": "sc:Integer",
    "y_clean": "sc:Integer",
    "noise_mask": "sc:Boolean",
    "padding": "sc:Integer",
    "shift": "sc:Integer",
    "factor": "sc:Float",
    "slope": "sc:Float",
    "digit_mask": "sc:Boolean",
    "y_soft": "sc:Float",
}
COLUMN_TYPES = {"padding": "int32", "shift": "int32", "noise_mask": "bool", "digit_mask": "bool"}
COLUMN_WORDS = {
    "x": "the signal, standardised",
    "y": "the class",
    "y_clean": "the true class",
    "noise_mask": "whether the label was redrawn (label noise)",
    "padding": "zeros appended to the template: more zeros make the digit smaller",
    "shift": "circular shift to the right, in points of the working length",
    "factor": "amplitude of the digit",
    "slope": "slope of the ramp that is subtracted",
    "digit_mask": "points to which the digit contributes",
    "y_soft": "exact probability of each class",
}
PAPER = "https://arxiv.org/abs/2011.14439"


def to_hf(data: Dataset | Mapping[str, object] | None = None) -> datasets.DatasetDict:
    """Return a data set as a `datasets.DatasetDict`, one entry per split.

    Args:
      data: a Dataset or a mapping with its arrays; default: the frozen set.

    Returns:
      Splits with columns x, float32 lists of fixed length, and y, a ClassLabel. A set with label
      noise adds y_clean and noise_mask; one with causes adds padding, shift, factor, slope and
      digit_mask; one with soft labels adds y_soft.

    Raises:
      UsageError: if `data` is not a data set.
      MissingExtraError: without the package `datasets`.

    Examples:
      >>> to_hf()["test"].num_rows
      1000
    """
    datasets = _datasets()
    data = load_dataset() if data is None else Dataset.from_dict(data)
    labels = data.templates.y if len(data.templates.y) else np.unique(data.y)
    index = {
        label: i for i, label in enumerate(labels.tolist())
    }  # a ClassLabel counts from 0, whatever the labels are called
    label = datasets.ClassLabel(names=[str(i) for i in labels])
    table, result = to_columns(data), {}
    for split, end in PARTS.items():
        if not data.part(end):
            continue
        rows, columns, features = table[SPLIT] == split, {}, {}
        for name in [name for name in CROISSANT_KINDS if name in table]:
            column = table[name][rows]
            kind = datasets.Value(COLUMN_TYPES.get(name, "float32"))
            if name in ("y", "y_clean"):
                kind, column = label, np.array([index[i] for i in column.tolist()], dtype=int)
            is_wide = column.ndim == 2
            features[name] = datasets.List(kind, length=column.shape[1]) if is_wide else kind
            columns[name] = list(column) if is_wide else column
        result[split] = datasets.Dataset.from_dict(columns, features=datasets.Features(features))
    return datasets.DatasetDict(result)


def export_hf(
    folder: str | os.PathLike[str], data: Dataset | Mapping[str, object] | None = None
) -> list[Path]:
    """Write a folder that can be uploaded to the Hugging Face Hub.

    Args:
      folder: where to write; made if it is missing.
      data: a Dataset or a mapping with its arrays; default: the frozen set.

    Returns:
      The files written, each atomically: one Parquet file per split, a data card README.md, and
      croissant.json.

    Raises:
      UsageError: if the folder cannot be made.
      MissingExtraError: without the package `datasets`.

    Examples:
      >>> sorted(path.name for path in export_hf("hub"))
      ['README.md', 'croissant.json', 'test.parquet', 'train.parquet']
    """
    data = load_dataset() if data is None else Dataset.from_dict(data)
    folder, splits = check_path(folder, "folder"), to_hf(data)
    import pyarrow.parquet  # comes with datasets

    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from None
    written = []
    for split, dataset in splits.items():
        path = folder / "data" / f"{split}.parquet"
        with atomic_path(path) as temporary:
            pyarrow.parquet.write_table(
                dataset.data.table, temporary
            )  # its schema carries the features
        written.append(path)
    texts = {
        "README.md": _card(data, splits),
        "croissant.json": json.dumps(_croissant(splits, written, folder), indent=2) + "\n",
    }
    for name, text in texts.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written


def _datasets() -> ModuleType:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError(
            "this function needs Hugging Face's datasets: pip install 'datasets>=4'"
        ) from None
    return datasets


def _card(data: Dataset, splits: datasets.DatasetDict) -> str:
    files = "\n".join(f"  - split: {split}\n    path: data/{split}.parquet" for split in splits)
    features = next(iter(splits.values())).features
    columns = "\n".join(f"* `{name}`: {COLUMN_WORDS[name]}" for name in features)
    counts = "\n".join(f"| {split} | {len(dataset):,} |" for split, dataset in splits.items())
    size = size_category(sum(len(dataset) for dataset in splits.values()))
    settings = data.config.to_json() if data.config else "unknown (not recorded in the file)"
    return f"""---
license: apache-2.0
pretty_name: MNIST-1D
task_categories:
- tabular-classification
size_categories:
- {size}
source_datasets:
- original
tags:
- mnist1d
- synthetic
- time-series-classification
configs:
- config_name: default
  data_files:
{files}
---
# MNIST-1D

Signals of {data.x.shape[1]} points in {len(data.templates.y)} digit-like classes, generated by a
known process and standardised over all signals. The data set of
[Scaling Down Deep Learning with MNIST-1D]({PAPER}) (S. Greydanus and D. Kobak, ICML 2024),
made by mnist1d-lab.

| split | signals |
|---|---|
{counts}

{columns}

* settings: `{settings}`
* mode: {data.mode or "unknown"}
* SHA-256 of all signals as float32: `{sha256(np.concatenate([data.x, data.x_test]).astype("<f4"))}`
"""


def _croissant(splits: datasets.DatasetDict, files: list[Path], folder: Path) -> dict[str, object]:
    def field(split: str, name: str, kind: str, **more: object) -> dict[str, object]:
        source = {"fileObject": {"@id": f"{split}.parquet"}, "extract": {"column": name}}
        return {
            "@type": "cr:Field",
            "@id": f"{split}/{name}",
            "name": name,
            "dataType": kind,
            **more,
            "source": source,
        }

    record_sets = []
    for split, dataset in splits.items():
        fields = []
        for name in [name for name in CROISSANT_KINDS if name in dataset.features]:
            length = getattr(dataset.features[name], "length", None)
            wide = {"cr:isArray": True, "cr:arrayShape": str(length)} if length else {}
            fields.append(field(str(split), name, CROISSANT_KINDS[name], **wide))
        record_sets.append({"@type": "cr:RecordSet", "@id": split, "name": split, "field": fields})
    return {
        "@context": {
            "@language": "en",
            "@vocab": "https://schema.org/",
            "sc": "https://schema.org/",
            "cr": "http://mlcommons.org/croissant/",
            "rai": "http://mlcommons.org/croissant/RAI/",
            "prov": "http://www.w3.org/ns/prov#",
            "dct": "http://purl.org/dc/terms/",
            "conformsTo": "dct:conformsTo",
            "data": {"@id": "cr:data", "@type": "@json"},
            "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
            "examples": {"@id": "cr:examples", "@type": "@json"},
            **{term: f"cr:{term}" for term in CROISSANT_TERMS.split()},
        },
        "@type": "sc:Dataset",
        "name": "mnist1d",
        "description": "MNIST-1D: procedurally generated signals of ten digit-like classes.",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.0",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        **RESPONSIBLE,
        "citeAs": "S. Greydanus and D. Kobak, Scaling Down Deep Learning with MNIST-1D, "
        "ICML 2024, arXiv 2011.14439",
        "datePublished": "2020-11-29",
        "version": "1.0.0",
        "license": "https://spdx.org/licenses/Apache-2.0.html",
        "url": PAPER,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": path.name,
                "name": path.name,
                "contentUrl": path.relative_to(folder).as_posix(),
                "encodingFormat": "application/x-parquet",
                "sha256": sha256(np.frombuffer(path.read_bytes(), np.uint8)),
            }
            for path in files
        ],
        "recordSet": record_sets,
    }
