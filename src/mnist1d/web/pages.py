"""The files of the page: the folder site/, and data from the package (settings, templates, the
published test set) as JSON and binary."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np

from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.evaluation.table import measured
from mnist1d.files import FORMAT
from mnist1d.generate import make_dataset

LABELS = {  # the settings' names on the page
    "num_samples": "Number of signals",
    "train_split": "Training fraction",
    "template_len": "Template length",
    "padding": "Padding",
    "scale_coeff": "Amplitude spread",
    "max_translation": "Translation",
    "corr_noise_scale": "Correlated noise",
    "iid_noise_scale": "White noise",
    "shear_scale": "Slope",
    "shuffle_seq": "Shuffled positions",
    "final_seq_length": "Signal length",
    "seed": "Seed",
}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".bin": "application/octet-stream",
    ".txt": "text/plain; charset=utf-8",
}


@cache
def files() -> dict[str, bytes]:
    """Return the whole static site: {path relative to its root, with forward slashes: content}."""
    found = dict(_walk(resources.files("mnist1d.web").joinpath("site"), ""))
    made = {
        "data/site.json": _json(description()),
        "data/test.bin": test_set(),
    }
    return found | made


def description() -> dict[str, object]:
    """Return the package's data for the page: settings, templates, the frozen set, the benchmark
    table."""
    data, shuffled = frozen(), frozen(shuffled=True)
    assert shuffled.positions is not None
    return {
        "results": False,  # whether data/results.json exists
        "runs": None,  # the folder that stores quizzes, if this package's server serves the page
        "file_format": FORMAT,
        "knobs": [knob(field) for field in dataclasses.fields(DataConfig)],
        "templates": {
            name: getattr(data.templates, name).tolist() for name in data.templates.keys()
        },
        "frozen": {
            "mean": data.mean,
            "std": data.std,
            "positions": np.asarray(shuffled.positions).tolist(),
            "num_test": len(data.x_test),
        },
        "benchmark": benchmark(),
        "reference": json.loads(
            resources.files("mnist1d.web").joinpath("reference.json").read_text(encoding="utf-8")
        ),
    }


def knob(field: dataclasses.Field) -> dict[str, object]:
    """Return one setting as JSON: its name, label, kind, default, effect, bounds (null: none) and
    usual range."""
    rule = field.metadata
    high = None if math.isinf(rule["high"]) else rule["high"]
    return {
        "name": field.name,
        "label": LABELS[field.name],
        "default": field.default,
        **{k: rule[k] for k in ("kind", "effect", "low", "usual")},
        "high": high,
    }


def benchmark() -> Sequence[Mapping[str, object]]:
    """Return the benchmark table, best first: name, and mean, low, high of the plain and the
    shuffled accuracy (null: not measured)."""
    lines = sorted(measured(), key=lambda line: line.acc["frozen"][0], reverse=True)
    parts = {"acc": "frozen", "shuffled_acc": "frozen_shuffled"}
    return [
        {"name": line.name, "of": line.sample}
        | {part: list(line.acc[test]) if test in line.acc else None for part, test in parts.items()}
        for line in lines
    ]


@cache
def frozen(shuffled: bool = False) -> Dataset:
    """Return the frozen set in float64, optionally with permuted positions."""
    return make_dataset(DataConfig(shuffle_seq=shuffled))


def test_set() -> bytes:
    """Return the frozen test set for the quiz: its signals as float32, little-endian, then its
    labels as bytes."""
    data = frozen()
    return data.x_test.astype("<f4").tobytes() + data.y_test.astype("u1").tobytes()


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _walk(item, f"{prefix}{item.name}/")
        elif not item.name.startswith("."):
            found.append((prefix + item.name, item.read_bytes()))
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
