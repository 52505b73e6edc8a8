"""Soft labels: the exact probability of each class, beside every signal of a data set."""

from __future__ import annotations

from mnist1d.dataset import Dataset
from mnist1d.observer.ideal import IdealObserver
from mnist1d.parts import PARTS


def soft_labels(data: Dataset) -> Dataset:
    """Return a data set with y_soft, y_soft_test and, after a split, y_soft_val: (n, classes).

    Column i is the probability of the class templates.y[i] under the settings of the data set.
    Label noise changes nothing: these are probabilities of the true class. For a subset of the
    classes, use relabel=True. This takes about a second per 1,000 signals. Errors: UsageError for a
    set that does not say how it was made, or whose signals have no density.
    """
    observer = IdealObserver.of(data)
    parts = [end for end in PARTS.values() if getattr(data, f"x{end}") is not None]
    return data.replace(
        **{f"y_soft{end}": observer.predict_proba(getattr(data, f"x{end}")) for end in parts}
    )
