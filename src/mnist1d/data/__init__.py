"""The original package's `mnist1d.data`: the same names, arguments, dicts and files, with this
package's generator.

New code uses `mnist1d.make_dataset` and `mnist1d.load_dataset`.
"""

from __future__ import annotations

import difflib
import importlib
import os
import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from mnist1d import digits as _digits
from mnist1d import generate as _generate
from mnist1d.checks import check_path, check_real, show
from mnist1d.clash import check_installation
from mnist1d.config import DataConfig
from mnist1d.draws import legacy_stream
from mnist1d.errors import UsageError, warn
from mnist1d.parts import Columns
from mnist1d.transform import transform as transform
from mnist1d.utils import ObjectView, from_pickle, set_seed, to_pickle

# only a key that old code may read; nothing is downloaded
URL = "https://github.com/greydanus/mnist1d/raw/master/mnist1d_data.pkl"
ARRAYS = ("x", "x_test", "y", "y_test", "t")
_transform = importlib.import_module("mnist1d.transform")  # `mnist1d.transform` is the function
_OURS = {  # functions that old code may replace and then expects to be called
    name: getattr(_transform, name)
    for name in ("pad", "shear", "translate", "corr_noise_like", "iid_noise_like", "interpolate")
}

check_installation()  # here, because this module runs whichever package was installed last


def get_dataset_args(as_dict: bool = False) -> ObjectView | Columns:
    """Return the default settings, as the original package does.

    Args:
      as_dict: return a dict in place of an object with attributes.

    Returns:
      An object whose attributes you can set, or a dict.

    Examples:
      >>> get_dataset_args().num_samples
      5000
    """
    config = DataConfig()
    args = {**config.to_dict(), "padding": list(config.padding), "url": URL}
    return args if as_dict else ObjectView(args)


def get_templates() -> dict[str, np.ndarray]:
    """Return the ten templates, as the original package does.

    Returns:
      A dict of x (10, 12), t (12,) and y (10,).

    Examples:
      >>> get_templates()["x"].shape
      (10, 12)
    """
    return {**_digits.templates()}


def make_dataset(args: Any = None, template: Mapping[str, Any] | None = None) -> Columns:
    """Make a data set: a dict of x, x_test, y, y_test, t (float64, int64) and templates.

    args: an object with the settings as attributes; seed=None draws fresh randomness. Seeds
    Python's and NumPy's global generators with args.seed and leaves them in the same state as the
    original, because notebooks rely on it. If you have replaced `get_templates`, `transform` or one
    of its steps, your version is called. Errors: UsageError for an invalid setting.
    """
    args = get_dataset_args() if args is None else args
    config, seed, train_split = _config(args)
    templates = get_templates() if template is None else template
    set_seed(seed)
    x, y, t = _signals(args, config, templates)
    split = int(len(y) * train_split)
    parts = {"x": x[:split], "x_test": x[split:], "y": y[:split], "y_test": y[split:]}
    return {**parts, "t": t, "templates": templates}


def _signals(
    args: Any, config: DataConfig, templates: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all signals (n, time), standardised and in their final order, labels (n,) and t, drawn
    from NumPy's global generator."""
    is_ours = transform is _TRANSFORM and set_seed is _SET_SEED
    if is_ours and all(getattr(_transform, name) is step for name, step in _OURS.items()):
        bits = np.random.get_bit_generator()  # type: ignore[attr-defined]  # not in the stubs
        data = _generate.assemble(
            config, _digits.as_templates(templates, distinct=False), bits, "float64"
        )
        return data.x, data.y, data.t
    if isinstance(args, Mapping):
        args = ObjectView(dict(args))
    per_class = config.num_samples // len(templates["y"])
    rows = [i for i in range(len(templates["y"])) for _ in range(per_class)]
    signals = [transform(templates["x"][i], templates["t"], args) for i in rows]
    order = np.random.permutation(len(rows))
    x, y = np.stack([x for x, _ in signals])[order], np.asarray(templates["y"])[rows][order]
    if config.shuffle_seq:
        x = x[..., np.random.permutation(config.final_seq_length)]
    return (x - x.mean()) / x.std(), y, signals[-1][1] / x.std()


_TRANSFORM, _SET_SEED = transform, set_seed


def get_dataset(
    args: Any = None,
    path: str | None = None,
    verbose: bool = True,
    download: bool = True,
    regenerate: bool = False,
    **kwargs: Any,
) -> Columns:
    """Return the set in the file at `path`, or make it and write it there.

    No network is used: the frozen set is generated. As in the original package, an existing file
    takes precedence over the settings, and so does download=True. Unlike the original, this
    function warns if the set is not the one that the settings describe.

    Args:
      args: an object with the settings as attributes; default: `get_dataset_args()`.
      path: a pickle; default: "./mnist1d_data.pkl".
      verbose: print what happens.
      download: return the frozen set if there is no file; False: make a set from `args`.
      regenerate: make a new set even if there is a file.
      **kwargs: `template` goes to the generator; anything else is ignored with a warning.

    Returns:
      A dict of x, x_test, y, y_test, t and templates.

    Raises:
      UsageError: for an invalid setting.
      FileFormatError: if the file cannot be read; the file stays unchanged.

    Examples:
      >>> sorted(get_dataset(verbose=False))
      ['t', 'templates', 'x', 'x_test', 'y', 'y_test']
    """
    if download and regenerate:
        raise AssertionError("download and regenerate exclude each other: set one of them to False")
    template = kwargs.pop("template", None)
    for name in kwargs:
        warn(f"get_dataset has no argument {name!r}; it is ignored")
    path = "./mnist1d_data.pkl" if path is None else path
    check_path(path)
    found = os.path.exists(path) and not regenerate
    if found:
        data = from_pickle(path)
        if verbose:
            print(f"Successfully loaded data from {path}")
    else:
        data = _make_frozen() if download else make_dataset(args, template)
        to_pickle(data, path)
        if verbose:
            print(f"Made {'the frozen' if download else 'a'} data set and saved it to {path}")
    if (found or download) and not _is_asked_for(data, args, template):
        reason = (
            f"the file {path} holds another set" if found else "download=True gives the frozen set"
        )
        warn(
            f"this data set does not match the settings, because {reason}: pass download=False "
            "and regenerate=True to make it"
        )
    return data


def _make_frozen() -> Columns:
    """Make the frozen set and leave the global generators as a download would: untouched."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        return make_dataset()
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def _config(args: Any) -> tuple[DataConfig, int | None, float]:
    """Return the settings in `args` (attributes or a mapping) with all signals in one part; the
    seed (None: a fresh one); and the train_split, which may be above 1.

    Warns where a name looks misspelled.
    """
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
                "args must have the settings as attributes, like get_dataset_args(); got "
                f"{show(args)}"
            )
        values = {
            name: getattr(args, name) for name in known if hasattr(args, name)
        }  # including class attributes
    given: Columns = {**known, **{name: values[name] for name in known if name in values}}
    seed, train_split = given["seed"], given["train_split"]
    check_real(train_split, -1e9, 1e9, "train_split")
    if not 0 <= train_split <= 1:
        warn(
            f"train_split={train_split:g} is not between 0 and 1; as in the original package, the "
            f"training part is x[:int({train_split:g} * n)] of all n signals"
        )
    given["train_split"] = 1.0
    try:
        given["shuffle_seq"] = bool(given["shuffle_seq"])
    except ValueError:  # an array of several
        pass
    given["seed"] = 0 if seed is None else seed
    config = DataConfig(**given)
    return config, None if seed is None else config.seed, train_split


def _is_asked_for(data: Any, args: Any, template: Mapping[str, Any] | None = None) -> bool:
    """Whether a set matches the settings, except for rounding on another platform."""
    config, seed, train_split = _config(args)
    if seed is None:
        return True  # any set matches
    given = get_templates() if template is None else template
    templates = _digits.as_templates(given, distinct=False)
    asked = _generate.assemble(config, templates, legacy_stream(config.seed), "float64")
    split = int(len(asked.y) * train_split)
    parts = {"x": asked.x[:split], "x_test": asked.x[split:], "t": asked.t}
    parts |= {"y": asked.y[:split], "y_test": asked.y[split:]}
    try:
        return all(
            isinstance(data[name], np.ndarray)
            and data[name].shape == parts[name].shape
            and np.allclose(data[name], parts[name], atol=1e-9)
            for name in ARRAYS
        )
    except (KeyError, TypeError, IndexError):
        return False
