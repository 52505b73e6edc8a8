"""The original package's `mnist1d.data`: its names, arguments, dicts and files, on this package's
generator.

New code uses `mnist1d.make_dataset` and `mnist1d.load_dataset`.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mnist1d import digits as _digits
from mnist1d import generate as _generate
from mnist1d.config import DataConfig
from mnist1d.draws import legacy_stream
from mnist1d.errors import UsageError, warn
from mnist1d.transform import transform as transform
from mnist1d.utils import ObjectView, from_pickle, set_seed, to_pickle

URL = "https://github.com/greydanus/mnist1d/raw/master/mnist1d_data.pkl"  # only a key that old code may read: nothing is fetched
ARRAYS = ("x", "x_test", "y", "y_test", "t")


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

    args: an object with the settings as attributes. Seeds Python's and NumPy's global generators
    with args.seed and leaves them where the original does, which notebooks rely on. Errors:
    UsageError for an illegal setting.
    """
    config = _config(args)
    set_seed(config.seed)
    data = _generate.assemble(
        config, _digits.as_templates(template), np.random.get_bit_generator(), "float64"
    )
    templates = get_templates() if template is None else template
    return {**{name: data[name] for name in ARRAYS}, "templates": templates}


def get_dataset(
    args: Any = None,
    path: str | None = None,
    verbose: bool = True,
    download: bool = True,
    regenerate: bool = False,
    **kwargs: Any,
) -> dict[str, Any]:
    """Return the set that lies at `path`, else the frozen set (download=True) or one made from
    `args`, and write it there.

    No network is used: the frozen set is regenerated. As with the original a file wins over the
    settings, and download=True (the default) too; unlike it, a warning says so where the set is not
    the one that the settings ask for, and a file that cannot be read is an error and stays as it
    is. kwargs go to make_dataset.
    """
    if download and regenerate:
        raise AssertionError("download and regenerate exclude each other: set one of them to False")
    path = "./mnist1d_data.pkl" if path is None else path
    found = os.path.exists(path) and not regenerate
    if found:
        data = from_pickle(path)
        if verbose:
            print(f"Successfully loaded data from {path}")
    else:
        data = make_dataset(**kwargs) if download else make_dataset(args, **kwargs)
        to_pickle(data, path)
        if verbose:
            print(f"Made {'the frozen' if download else 'a'} data set and saved it to {path}")
    if (found or download) and not _is_asked_for(data, args, **kwargs):
        reason = (
            f"the file {path} holds another one" if found else "download=True gives the frozen set"
        )
        warn(
            f"this is not the set that the settings ask for, {reason}: pass download=False and regenerate=True to make it"
        )
    return data


def _config(args: Any) -> DataConfig:
    """Return the settings that `args` holds, as attributes or as a mapping; say so where a name
    looks misspelled."""
    args = get_dataset_args() if args is None else args
    values, known = (
        args if isinstance(args, Mapping) else getattr(args, "__dict__", {}),
        DataConfig().to_dict(),
    )
    for name in values:
        near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.8)
        if near and name not in known:
            warn(f"the setting {name!r} is not used: did you mean {near[0]!r}?")
    if not isinstance(args, Mapping):
        if not hasattr(args, "__dict__") and not any(hasattr(args, name) for name in known):
            raise UsageError(
                f"args must hold the settings as attributes, as get_dataset_args() does; got {args!r:.60}"
            )
        values = {
            name: getattr(args, name) for name in known if hasattr(args, name)
        }  # those of the class too
    return DataConfig(**{name: values[name] for name in known if name in values})


def _is_asked_for(data: Any, args: Any, template: Mapping[str, Any] | None = None) -> bool:
    """Whether a set is the one that the settings give, but for the rounding of another platform."""
    config = _config(args)
    asked = _generate.assemble(
        config, _digits.as_templates(template), legacy_stream(config.seed), "float64"
    )
    try:
        return all(
            isinstance(data[name], np.ndarray)
            and data[name].shape == asked[name].shape
            and np.allclose(data[name], asked[name], atol=1e-9)
            for name in ARRAYS
        )
    except (KeyError, TypeError, IndexError):
        return False
