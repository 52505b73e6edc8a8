"""The fresh test: signals that no model was trained on, with the ideal observer's posteriors.

Signals of the endless stream have an index, and the blocks from `draws.TEST_BLOCK` on are reserved:
no data set or training stream can reach them. The fresh test is the first signals of that range
under the default seed. It is the same for every data seed, so all models are tested on the same
signals.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mnist1d.checks import check_whole
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digits import Templates
from mnist1d.draws import block_size, reserved_blocks
from mnist1d.errors import UsageError
from mnist1d.moments import expected_moments
from mnist1d.observer.components import NoDensityError
from mnist1d.observer.ideal import IdealObserver
from mnist1d.observer.kept import Tell, key_of, posteriors
from mnist1d.signals import Pipeline

NUM_SIGNALS = 100_000
MAX_SIGNALS = 1_000_000
SHIPPED = "fresh.npz"


class FreshTest(NamedTuple):
    """Test signals in the form of a data set: standardised with its mean and standard deviation,
    with its order of positions."""

    x: np.ndarray  # (n, time) float32
    y: np.ndarray  # (n,) int64
    exact: np.ndarray | None  # (n, classes) float64, in the order of templates.y; None: no density
    reason: str = ""  # why there are no exact probabilities


def fresh_test(data: Dataset, n: int = NUM_SIGNALS, *, tell: Tell | None = None) -> FreshTest:
    """Return the first n reserved signals of a data set's settings, and the exact posterior of
    each.

    tell: called with a progress message if computing the posteriors takes long; default: print to
    stderr. Errors: UsageError for a data set without a config, or with some classes of its
    templates missing.
    """
    n = check_whole(n, 1, "the number of fresh test signals")
    if n > MAX_SIGNALS:
        raise UsageError(f"the fresh test has at most {MAX_SIGNALS:,} signals, got {n:,}")
    config, templates = settings_of(data)
    raw, label = _signals(config, templates, n)
    mean, std = data.mean, data.std
    if mean is None or std is None:
        mean, std = expected_moments(config, templates)
    x = (raw - np.float32(mean)) / np.float32(std)
    if data.positions is not None:
        x = x[:, data.positions]
    try:
        exact, reason = _exact(config, templates, n, tell), ""
    except NoDensityError as error:
        exact, reason = None, str(error)
    return FreshTest(x, templates.y[label].astype(np.int64), exact, reason)


def settings_of(data: Dataset) -> tuple[DataConfig, Templates]:
    """Return what the fresh signals of a data set depend on: its config with the seed, sizes and
    order of positions at their defaults, and its templates."""
    if data.config is None:
        raise UsageError(
            "fresh test signals need the settings that made the data set, and its config is None: "
            "pass data=DataConfig(...), or a data set that holds its config"
        )
    clean = data.y if data.y_clean is None else data.y_clean
    missing = sorted(set(data.templates.y.tolist()) - set(clean.tolist()))
    if missing:
        raise UsageError(
            f"fresh test signals come from all templates, but the classes {missing} are missing "
            "from the training signals: use data.subset(classes, relabel=True)"
        )
    d = DataConfig()
    same = {"seed": d.seed, "num_samples": d.num_samples, "train_split": d.train_split}
    return data.config.replace(**same, shuffle_seq=False), data.templates


@lru_cache(maxsize=1)
def _signals(config: DataConfig, templates: Templates, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return raw signals (n, time) float32 and their rows of the templates (n,)."""
    pipeline, num_classes = Pipeline(templates, config), len(templates.y)
    blocks = reserved_blocks(config, num_classes, 0, -(-n // block_size(num_classes)))
    parts = [(pipeline(draws), draws.label) for draws in blocks]
    raw, label = (np.concatenate(column)[:n] for column in zip(*parts, strict=True))
    return raw, label


def _exact(config: DataConfig, templates: Templates, n: int, tell: Tell | None) -> np.ndarray:
    raw, label = _signals(config, templates, n)
    return posteriors(
        key_of("fresh", config, templates),
        raw,
        label,
        len(templates.y),
        lambda: IdealObserver(config, templates, mean=0.0, std=1.0),
        shipped=SHIPPED,
        tell=tell,
    )
