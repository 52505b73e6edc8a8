"""The studies, one file each, in the paper's order; `load(name)` imports one."""

from __future__ import annotations

import importlib
from types import ModuleType

from mnist1d.checks import check_name

STUDIES = {
    "spatial-priors": "spatial_priors",
    "lottery": "lottery",
    "double-descent": "double_descent",
    "thresholds": "thresholds",
    "learning-rate": "learning_rate",
    "activation": "activation",
    "pooling": "pooling",
    "self-supervised": "self_supervised",
    "tsne": "tsne",
    "ceiling": "ceiling",
    "endless": "endless",
}
PRESETS = ("smoke", "quick", "paper")


def load(name: str) -> ModuleType:
    """Return the module of a study; UsageError names the nearest known one."""
    check_name(name, STUDIES, "study")
    return importlib.import_module(f"{__name__}.{STUDIES[name]}")
