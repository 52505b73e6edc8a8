"""The original package's `mnist1d.utils`: seeds, pickles, the attribute view, the row of ten plots,
as old code expects."""

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
    """Seed Python's and NumPy's global generators; None draws a fresh seed. Errors: UsageError for
    anything but a whole number from 0 to 2**32 - 1."""
    seed = None if seed is None else check_whole(seed, 0, "seed", 2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)


def to_pickle(thing: Any, path: str | PathLike[str]) -> None:
    """Write a pickle, atomically. New code keeps data sets with `Dataset.save`, which any version
    and language can read."""
    content = pickle.dumps(thing, protocol=3)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    pickles.remember(content)


def from_pickle(path: str | PathLike[str], trusted: bool = False) -> Any:
    """Read a pickle of arrays, numbers, text and plain containers, or one that this process wrote.

    trusted: read any pickle. Python's unpickler then runs whatever code the pickle holds: for files
    of people you trust. Errors: FileFormatError for a damaged pickle, and for one that is not
    trusted and holds anything else; MissingFileError, also a FileNotFoundError.
    """
    return pickles.load(path, trusted=trusted)


class ObjectView:
    """A dict seen as an object: its keys are attributes, and setting an attribute sets the key."""

    def __init__(self, d: dict[str, Any]):
        self.__dict__ = d


pickles.admit_plain_object(ObjectView)


def plot_signals(
    xs: Sequence[np.ndarray],
    t: np.ndarray,
    labels: Sequence[int] | None = None,
    args: Any = None,
    ratio: float = 2.6,
    do_transform: bool = False,
    dark_mode: bool = False,
    zoom: float = 1,
) -> Any:
    """Show the first ten signals in a row, value to the right and time downward, and return the
    figure. Needs matplotlib.

    do_transform: draw each as `transform` makes it, with the settings `args`.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("plot_signals needs matplotlib: pip install matplotlib") from None
    if do_transform and args is None:
        raise AssertionError("do_transform needs args, the settings: args=get_dataset_args()")
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
