"""MNIST-1D: the published data set, bit for bit, and a laboratory for experiments on it.

>>> import mnist1d
>>> data = mnist1d.load_dataset()                            # the frozen benchmark set
>>> data = mnist1d.make_dataset(num_samples=50_000, seed=7)  # any setting by name

The import is light on purpose (NumPy and SciPy); heavier packages are imported where they are used.
"""

# first, because it distinguishes this file from the original package's (clash.py)
__version__ = "1.0.0rc1"

from typing import TYPE_CHECKING

from mnist1d.adapters.sklearn import load_mnist1d, make_mnist1d
from mnist1d.config import DataConfig
from mnist1d.data import get_dataset, get_dataset_args, get_templates
from mnist1d.dataset import Dataset
from mnist1d.digests import verify
from mnist1d.digits import Templates
from mnist1d.errors import (
    FileFormatError,
    MissingExtraError,
    Mnist1dError,
    ReusedTestWarning,
    SuspiciousValueWarning,
    UsageError,
)
from mnist1d.files import read
from mnist1d.generate import explain, load_dataset, make_dataset
from mnist1d.transform import transform
from mnist1d.utils import ObjectView, from_pickle, plot_signals, set_seed, to_pickle

if TYPE_CHECKING:  # these need the lab: imported when asked for
    from mnist1d.evaluation.evaluate import evaluate
    from mnist1d.evaluation.tune import tune


def __getattr__(name: str):
    if name == "evaluate":
        from mnist1d.evaluation.evaluate import evaluate

        return evaluate
    if name == "tune":
        from mnist1d.evaluation.tune import tune

        return tune
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "DataConfig",
    "Dataset",
    "FileFormatError",
    "MissingExtraError",
    "Mnist1dError",
    "ObjectView",
    "ReusedTestWarning",
    "SuspiciousValueWarning",
    "Templates",
    "UsageError",
    "evaluate",
    "explain",
    "from_pickle",
    "get_dataset",
    "get_dataset_args",
    "get_templates",
    "load_dataset",
    "load_mnist1d",
    "make_dataset",
    "make_mnist1d",
    "plot_signals",
    "read",
    "set_seed",
    "to_pickle",
    "transform",
    "tune",
    "verify",
]
