"""The original package's `mnist1d.utils`: seeds, pickles, ObjectView and plot_signals, as old code
expects."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from mnist1d import pickles
from mnist1d.atomic import atomic_path
from mnist1d.checks import check_whole
from mnist1d.errors import MissingExtraError
from mnist1d.transform import transform


def set_seed(seed: int | None) -> None:
    """Seed the global random generators of Python and NumPy, as the original package does.

    Args:
      seed: a whole number from 0 to 2**32 - 1; None draws fresh randomness.

    Raises:
      UsageError: for any other seed.

    Examples:
      >>> import numpy as np
      >>> set_seed(0)
      >>> np.random.randint(100)
      44
    """
    seed = None if seed is None else check_whole(seed, 0, "seed", 2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)


def to_pickle(thing: object, path: str | PathLike[str]) -> None:
    """Write a pickle, atomically; in new code, save data sets with `Dataset.save`.

    Args:
      thing: what to write.
      path: the file.

    Raises:
      UsageError: if the file cannot be written.

    Examples:
      >>> to_pickle({"a": 1}, "thing.pkl")
      >>> from_pickle("thing.pkl")
      {'a': 1}
    """
    content = pickle.dumps(thing, protocol=3)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    pickles.remember(content)


def from_pickle(path: str | PathLike[str], trusted: bool = False) -> Any:
    """Read a pickle of arrays, numbers, text and plain containers.

    Args:
      path: the file.
      trusted: read any pickle. Python then runs whatever code the pickle holds, so use it only for
        files from people you trust. Pickles that this process wrote need no trust.

    Returns:
      The content of the pickle.

    Raises:
      FileFormatError: if the pickle is damaged, or is not trusted and holds anything else.
      MissingFileError: if there is no such file; also a FileNotFoundError.

    Examples:
      >>> to_pickle([1, 2], "numbers.pkl")
      >>> from_pickle("numbers.pkl")
      [1, 2]
    """
    return pickles.load(path, trusted=trusted)


class ObjectView:
    """Show a dict as an object: its keys are attributes, and setting an attribute sets the key.

    Args:
      d: the dict, which is shared and not copied.

    Examples:
      >>> settings = {"seed": 42}
      >>> view = ObjectView(settings)
      >>> view.seed = 7
      >>> settings
      {'seed': 7}
    """

    def __init__(self, d: dict[str, object]):
        self.__dict__ = d


pickles.admit_plain_object(ObjectView)


def plot_signals(
    xs: Sequence[np.ndarray],
    t: np.ndarray,
    labels: Sequence[int] | None = None,
    args: object = None,
    ratio: float = 2.6,
    do_transform: bool = False,
    dark_mode: bool = False,
    zoom: float = 1,
) -> Any:
    """Draw the first ten signals in a row, value to the right and time downward.

    Args:
      xs: signals (samples, time), ten or more.
      t: time axis (time,).
      labels: titles, one per signal.
      args: settings for `transform`, if do_transform is set.
      ratio: width of the figure relative to its height.
      do_transform: draw each signal as `transform` makes it.
      dark_mode: white lines on black.
      zoom: range of values shown, relative to the default.

    Returns:
      The Matplotlib figure.

    Raises:
      MissingExtraError: without Matplotlib.

    Examples:
      >>> from mnist1d import get_templates
      >>> digits = get_templates()
      >>> figure = plot_signals(digits["x"], digits["t"], labels=digits["y"])
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("plot_signals needs matplotlib: pip install matplotlib") from None
    if do_transform and args is None:
        raise AssertionError("do_transform needs the settings: pass args=get_dataset_args()")
    figure, axes = plt.subplots(1, 10, figsize=(15, 1.5 * ratio), dpi=60, squeeze=False)
    for i, ax in enumerate(axes[0]):
        x, time = transform(xs[i], t, args) if do_transform else (xs[i], t)
        ax.plot(
            x,
            time,
            **(
                {"color": "w", "marker": "o", "ls": "", "lw": 6}
                if dark_mode
                else {"color": "k", "lw": 2}
            ),
        )
        if dark_mode:
            ax.set_facecolor("k")
        if labels is not None:
            ax.set_title(f"label={labels[i]}", fontsize=22)
        ax.set(xlim=(-zoom, zoom), ylim=(zoom, -zoom), xticks=[], yticks=[])
    figure.subplots_adjust(wspace=0, hspace=0)
    figure.tight_layout()
    plt.show()
    return figure
