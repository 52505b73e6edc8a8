"""The training and test signals: the user's `data`, plain and shuffled, and the tests by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.errors import UsageError
from mnist1d.generate import load_dataset, make_dataset


class TestSet(NamedTuple):
    """Test signals, and the ideal observer's posterior if there is one."""

    __test__ = False  # for pytest

    name: str  # frozen, fresh or validation
    x: np.ndarray  # (n, time) float32
    y: np.ndarray  # (n,) labels
    classes: np.ndarray  # (classes,) labels in the order of a network's outputs
    exact: np.ndarray | None = None  # (n, classes)
    reason: str = ""  # why there is no posterior

    def rows_of(self, labels: np.ndarray) -> np.ndarray:
        """Return the indices of labels (n,) in `classes`."""
        order = np.argsort(self.classes)
        return order[np.searchsorted(self.classes, labels, sorter=order)]


def data_of(given: object) -> tuple[Dataset, DataConfig, str]:
    """Return the user's data set, its settings, and the SHA-256 of its training part if a Dataset
    was given (otherwise "").

    given: None (the frozen set), a Dataset, a DataConfig, or a mapping of settings. Errors:
    UsageError for anything else.
    """
    if isinstance(given, Dataset):
        digest = hashlib.sha256()
        for array in (given.x, given.y):
            digest.update(np.ascontiguousarray(array).tobytes())
        return given, given.config or DataConfig(), digest.hexdigest()
    config = _config_of(given)
    return _made(config), config, ""


def shuffled_data_of(given: object) -> Dataset:
    """Return the same data with its positions permuted: a config's shuffled set, or a Dataset's
    signals permuted with seed 0."""
    if isinstance(given, Dataset):
        return given.shuffled(seed=0)
    return _made(_config_of(given).replace(shuffle_seq=True))


def _config_of(given: object) -> DataConfig:
    if given is None:
        return DataConfig()
    if isinstance(given, Mapping):
        return DataConfig(**{str(name): value for name, value in given.items()})
    if isinstance(given, DataConfig):
        return given
    raise UsageError(
        "data must be None (the frozen set), a Dataset, a DataConfig, or settings as "
        f"data={{'corr_noise_scale': 0.5}}; got {type(given).__name__}"
    )


def make_test(data: Dataset, name: str, num_fresh: int) -> TestSet:
    """Return a test by name, for a model trained on `data`.

    frozen: the data set's own test signals (for the frozen set, the official 1,000). fresh:
    reserved signals of the endless stream. validation: training signals held out by `data.split`.
    """
    from mnist1d.observer.fresh import fresh_test

    classes = data.templates.y
    if name == "fresh":
        found = fresh_test(data, num_fresh)
        return TestSet(name, found.x, found.y, classes, found.exact, found.reason)
    x, y = (data.x_val, data.y_val) if name == "validation" else (data.x_test, data.y_test)
    if x is None or y is None or not len(x):
        raise UsageError(f"this data has no {name} signals: {_fix(name)}")
    x = x.astype(np.float32, copy=False)
    return TestSet(name, x, y, classes, *_exact(data, x))


def _fix(name: str) -> str:
    return "write evaluate(model, validation=500)" if name == "validation" else "use test='fresh'"


def _exact(data: Dataset, x: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Return the exact posteriors of signals x (n, time), or None and the reason."""
    from mnist1d.observer.components import NoDensityError
    from mnist1d.observer.ideal import IdealObserver

    config = data.config
    if config is None:
        return None, "this data set does not say how it was made (its config is None)"
    try:
        if data is _made(config) and len(x) == len(data.x_test):
            return _of_own_test(config), ""
        return IdealObserver.of(data).predict_proba(x), ""
    except NoDensityError as error:
        return None, str(error)


def _of_own_test(config: DataConfig) -> np.ndarray:
    """Return the posteriors of a config's own test signals, (n, classes), from the cache if
    possible. The shuffled set has the same signals with other positions."""
    from mnist1d.observer.ideal import IdealObserver
    from mnist1d.observer.kept import key_of, posteriors

    config = config.replace(shuffle_seq=False)
    data, templates = _made(config), _made(config).templates
    return posteriors(
        key_of("own test", config, templates),
        data.x_test,
        np.searchsorted(templates.y, data.y_test),
        len(templates.y),
        lambda: IdealObserver.of(data),
        shipped="frozen.npz",
    )


@cache
def _frozen() -> Dataset:
    return load_dataset()


@cache
def _made(config: DataConfig) -> Dataset:
    return _frozen() if config == DataConfig() else make_dataset(config, dtype="float32")
