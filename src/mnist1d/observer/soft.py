"""Soft labels: the exact probability of each class, beside every signal of a data set."""

from __future__ import annotations

from mnist1d.dataset import Dataset
from mnist1d.observer.ideal import IdealObserver
from mnist1d.parts import PARTS


def soft_labels(data: Dataset) -> Dataset:
    """Return a data set with y_soft, y_soft_test and, after a split, y_soft_val: (n, classes).

    Column i is the probability of the class templates.y[i], by the settings that the set was made
    with. Label noise changes nothing: they are the probabilities of the true class. Of a subset of
    the classes, take that with relabel=True. Takes about a second per 1,000 signals. Errors:
    UsageError for a set that does not say how it was made, or whose signals have no density.
    """
    observer = IdealObserver.of(data)
    parts = [end for end in PARTS.values() if getattr(data, f"x{end}") is not None]
    return data.replace(
        **{f"y_soft{end}": observer.predict_proba(getattr(data, f"x{end}")) for end in parts}
    )
