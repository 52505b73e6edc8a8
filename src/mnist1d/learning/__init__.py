"""Models, losses and the training loop, in JAX. The registry of models is light; everything else is
imported on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from mnist1d.learning.registry import (
    MODELS,
    Entry,
    check_model,
    in_order,
    models_of,
    resolve,
)

if TYPE_CHECKING:
    from mnist1d.learning.batches import Split
    from mnist1d.learning.compilation import enable_compilation_cache, jit_once
    from mnist1d.learning.evaluation import predict
    from mnist1d.learning.model import Model, num_params
    from mnist1d.learning.training import (
        Fit,
        Settings,
        TimedFit,
        fit_each,
        fit_seeds,
        make_fit,
    )

_LATER = {
    "enable_compilation_cache": "compilation",
    "jit_once": "compilation",
    "Model": "model",
    "num_params": "model",
    "Fit": "training",
    "Settings": "training",
    "Split": "batches",
    "TimedFit": "training",
    "fit_each": "training",
    "fit_seeds": "training",
    "make_fit": "training",
    "predict": "evaluation",
}

__all__ = [
    "MODELS",
    "Entry",
    "Fit",
    "Model",
    "Settings",
    "Split",
    "TimedFit",
    "check_model",
    "enable_compilation_cache",
    "fit_each",
    "fit_seeds",
    "in_order",
    "jit_once",
    "make_fit",
    "models_of",
    "num_params",
    "predict",
    "resolve",
]


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return __all__
