"""Models, losses and the training loop, on JAX."""

from mnist1d.learning.compilation import enable_compilation_cache, jit_once
from mnist1d.learning.models import MODELS, Model, num_params
from mnist1d.learning.training import Fit, Settings, Split, compile_seeds, fit_seeds, make_fit

__all__ = [
    "MODELS",
    "Fit",
    "Model",
    "Settings",
    "Split",
    "compile_seeds",
    "enable_compilation_cache",
    "fit_seeds",
    "jit_once",
    "make_fit",
    "num_params",
]
