"""scikit-learn classifiers, and other objects with `fit` and `predict`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, cast

import numpy as np

from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.evaluation.answers import Answer, check_probabilities
from mnist1d.evaluation.trainers import Task, Trained, copied, own_trained

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FOLLOWS_PROTOCOL: bool = False  # the estimator's own `fit` does the training


class Estimator(Protocol):
    """What every estimator has: `fit` and `predict`."""

    def fit(self, x: np.ndarray, y: np.ndarray, /) -> object: ...
    def predict(self, x: np.ndarray, /) -> ArrayLike: ...


def takes(model: object) -> TypeGuard[Estimator]:
    """Return whether it is an instance with `fit` and `predict`."""
    methods = (getattr(model, name, None) for name in ("fit", "predict"))
    return not isinstance(model, type) and all(map(callable, methods))


def train(model: Estimator, task: Task) -> Trained:
    """Fit an unfitted copy whose every random_state is the seed."""
    model = _seeded_clone(model, task.seed)
    if task.own is not None:
        model = own_trained(model, task)
    else:
        found = model.fit(task.data.x, task.data.y)
        model = found if takes(found) else model  # a `fit` may return nothing, or its history
    return Trained(lambda x: _answer(model, x, task.classes), None)


def _answer(model: Estimator, x: np.ndarray, classes: np.ndarray) -> Answer:
    labels = np.asarray(model.predict(x))
    if labels.shape != (len(x),):
        raise UsageError(
            f"predict must return one label per signal, shape ({len(x)},), got {labels.shape}"
        )
    if labels.dtype.kind not in "iuf" or not np.isin(labels, classes).all():
        wrong = next(p for p in labels.tolist() if p not in classes.tolist())
        raise UsageError(
            f"predict must return labels between {classes.min()} and {classes.max()}, "
            f"got {wrong!r}: is the estimator a classifier?"
        )
    labels = labels.astype(np.int64)
    if not callable(getattr(model, "predict_proba", None)):
        return Answer(labels, None)
    found = np.asarray(model.predict_proba(x))  # type: ignore[attr-defined]
    columns = np.asarray(getattr(model, "classes_", classes))
    known = set(classes.tolist())
    if found.shape != (len(x), len(columns)) or not set(columns.tolist()) <= known:
        raise UsageError(
            f"predict_proba must return (samples, classes) = ({len(x)}, {len(columns)}), "
            f"got {found.shape}"
        )
    # a class that is missing from the training labels has probability 0
    whole = np.zeros((len(x), len(classes)))
    order = np.argsort(classes)
    whole[:, order[np.searchsorted(classes, columns, sorter=order)]] = found
    return Answer(labels, check_probabilities(whole, len(x), len(classes)))


def _seeded_clone(model: Estimator, seed: int) -> Estimator:
    if not callable(getattr(model, "get_params", None)):
        return copied(model)
    try:
        from sklearn.base import clone
    except ImportError:
        raise MissingExtraError(
            "a scikit-learn estimator needs scikit-learn: pip install scikit-learn"
        ) from None
    whole: Any = clone(cast(Any, model))
    names = [n for n in whole.get_params() if n == "random_state" or n.endswith("__random_state")]
    return whole.set_params(**dict.fromkeys(names, seed))
