"""The models, one file per family: factories of pairs of pure functions (see
`mnist1d.learning.model`). `mnist1d.learning.registry` lists them by name."""

from mnist1d.learning.models.benchmark import CNN_LAYERS, cnn, gru, logistic, mlp

__all__ = ["CNN_LAYERS", "cnn", "gru", "logistic", "mlp"]
