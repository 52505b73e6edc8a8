"""Soft labels: the exact probability of each class, beside every signal of a data set."""

from __future__ import annotations

from mnist1d.dataset import Dataset
from mnist1d.observer.ideal import IdealObserver
from mnist1d.parts import PARTS


def soft_labels(data: Dataset) -> Dataset:
    """Return a data set with exact class probabilities as soft labels.

    It takes about a second per 1,000 signals. Label noise changes nothing: these are the
    probabilities of the true class.

    Args:
      data: a set that knows its config. For a subset of the classes, use subset(..., relabel=True).

    Returns:
      The set with y_soft, y_soft_test and, after a split, y_soft_val: (samples, classes), columns
      in the order of templates.y.

    Raises:
      UsageError: if the set does not say how it was made, or its signals have no density.

    Examples:
      >>> from mnist1d import make_dataset
      >>> soft_labels(make_dataset(num_samples=20, mode="fast")).y_soft.shape
      (16, 10)
    """
    observer = IdealObserver.of(data)
    parts = [end for end in PARTS.values() if getattr(data, f"x{end}") is not None]
    return data.replace(
        **{f"y_soft{end}": observer.predict_proba(getattr(data, f"x{end}")) for end in parts}
    )
