"""The original package's `mnist1d.data`: its names, arguments, dicts and files, on this package's generator.

New code uses `mnist1d.make_dataset` and `mnist1d.load_dataset`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from mnist1d import dataset as _dataset
from mnist1d import digits as _digits
from mnist1d.config import DataConfig
from mnist1d.transform import transform as transform
from mnist1d.utils import ObjectView, from_pickle, set_seed, to_pickle

URL = "https://github.com/greydanus/mnist1d/raw/master/mnist1d_data.pkl"  # only a key that old code may read: nothing is fetched


def get_dataset_args(as_dict: bool = False) -> ObjectView | dict[str, Any]:
    """Return the default settings as an object with attributes to set, or as a dict."""
    args = {**DataConfig().to_dict(), "url": URL}
    args["padding"] = list(args["padding"])
    return args if as_dict else ObjectView(args)


def get_templates() -> dict[str, np.ndarray]:
    """Return the ten templates: a dict of x (10, 12), t (12,), y (10,)."""
    return {**_digits.templates()}


def make_dataset(args: Any = None, template: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make a data set: a dict of x, x_test, y, y_test, t (float64, int64) and templates.

    args: an object with the settings as attributes. Seeds Python's and NumPy's global generators with args.seed and leaves
    them where the original does, which notebooks rely on. Errors: UsageError for an illegal setting.
    """
    knobs = vars(get_dataset_args() if args is None else args)
    known = DataConfig().to_dict()
    config = DataConfig(**{name: value for name, value in knobs.items() if name in known})
    set_seed(config.seed)
    data = _dataset.assemble(config, _digits.as_templates(template), np.random.mtrand._rand, "float64")
    templates = get_templates() if template is None else template
    return {**{name: data[name] for name in ("x", "x_test", "y", "y_test", "t")}, "templates": templates}


def get_dataset(
    args: Any = None, path: str | None = None, verbose: bool = True, download: bool = True, regenerate: bool = False, **kwargs: Any
) -> dict[str, Any]:
    """Return the set that lies at `path`, else the frozen set (download=True) or one made from `args`, and write it there.

    No network is used: the frozen set is regenerated. As with the original a file wins over the settings; unlike it, that
    is said in a warning, and a file that cannot be read is an error and stays as it is. kwargs go to make_dataset.
    """
    if download and regenerate:
        raise AssertionError("download and regenerate exclude each other: set one of them to False")
    args = get_dataset_args() if args is None else args
    path = "./mnist1d_data.pkl" if path is None else path
    if os.path.exists(path) and not regenerate:
        data = from_pickle(path)
        if verbose:
            print(f"Successfully loaded data from {path}")
    else:
        data = make_dataset(**kwargs) if download else make_dataset(args, **kwargs)
        to_pickle(data, path)
        if verbose:
            print(f"Made {'the frozen' if download else 'a'} data set and saved it to {path}")
    _warn_if_other(data, args, path)
    return data


def _warn_if_other(data: dict[str, Any], args: Any, path: str) -> None:
    """Say so where the set that comes back cannot be the one that `args` ask for."""
    classes = len(data["templates"]["y"]) if "templates" in data else 10
    found = (len(data["x"]) + len(data["x_test"]), np.shape(data["x"])[1])
    asked = (args.num_samples // classes * classes, args.final_seq_length)
    if found != asked:
        warnings.warn(
            f"the set of {path} has (num_samples, final_seq_length) = {found}, the settings ask for {asked}: "
            "pass download=False and regenerate=True to make it anew",
            stacklevel=3,
        )
