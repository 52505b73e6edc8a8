"""Models, losses and the training loop, on JAX."""

from mnist1d.learning.compilation import enable_compilation_cache
from mnist1d.learning.models import MODELS, Model, num_params
from mnist1d.learning.training import Fit, Settings, Split, fit_seeds, make_fit

__all__ = ["MODELS", "Fit", "Model", "Settings", "Split", "enable_compilation_cache", "fit_seeds", "make_fit", "num_params"]
