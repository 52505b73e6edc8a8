"""The fresh test: signals that nobody has trained on, with the ideal observer's answers.

The endless stream of a config is addressed by index, and its blocks from `draws.TEST_BLOCK` on are
reserved: no data set and no stream that one trains on can reach them. The fresh test is the first
signals of that range under the default seed, the same for every data seed, so that all models are
tested on equal signals.

The observer takes about a second per 1,000 signals. Its answers for the default settings ship with
the package; those for other settings are computed once and kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist1d.checks import check_whole
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digests import sha256
from mnist1d.digits import Templates
from mnist1d.draws import block_size, reserved_blocks
from mnist1d.errors import FileFormatError, UsageError
from mnist1d.moments import expected_moments
from mnist1d.observer import answers
from mnist1d.observer.components import NoDensityError
from mnist1d.observer.ideal import IdealObserver
from mnist1d.signals import Pipeline

NUM_SIGNALS = 100_000
MAX_SIGNALS = 1_000_000
SHIPPED = "fresh.npz"
Tell = Callable[[str], None]


class FreshTest(NamedTuple):
    """Test signals as a data set shows its own: standardised by its mean and standard deviation, at
    its positions."""

    x: np.ndarray  # (n, time) float32
    y: np.ndarray  # (n,) int64
    exact: np.ndarray | None  # (n, classes) float64, in the order of templates.y; None: no density
    reason: str = ""  # why there are no exact probabilities


def fresh_test(data: Dataset, n: int = NUM_SIGNALS, *, tell: Tell | None = None) -> FreshTest:
    """Return the first n reserved signals of a data set's settings, and the exact posterior of
    each.

    tell: called with a line of text where computing the posteriors takes long; default: stderr.
    Errors: UsageError for a data set that does not say how it was made or lacks some of its
    templates' classes.
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
        exact, reason = _exact(config, templates, n, tell or _to_stderr), ""
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
            f"fresh test signals come from all templates, but the training signals lack the "
            f"classes {missing}: take data.subset(classes, relabel=True)"
        )
    d = DataConfig()
    same = {"seed": d.seed, "num_samples": d.num_samples, "train_split": d.train_split}
    return data.config.replace(**same, shuffle_seq=False), data.templates


def cache_folder() -> Path:
    """Return the folder that keeps answers: mnist1d/observer under XDG_CACHE_HOME or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "mnist1d" / "observer"


def key_of(config: DataConfig, templates: Templates) -> str:
    """Return the identity of the signals: SHA-256 over config and templates."""
    shapes = {"x": sha256(templates.x), "y": templates.y.tolist()}
    text = json.dumps([answers.FORMAT, config.id, shapes], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _signals(config: DataConfig, templates: Templates, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return raw signals (n, time) float32 and their rows of the templates (n,)."""
    pipeline, num_classes = Pipeline(templates, config), len(templates.y)
    blocks = reserved_blocks(config, num_classes, 0, -(-n // block_size(num_classes)))
    parts = [(pipeline(draws), draws.label) for draws in blocks]
    raw, label = (np.concatenate(column)[:n] for column in zip(*parts, strict=True))
    return raw, label


def _exact(config: DataConfig, templates: Templates, n: int, tell: Tell) -> np.ndarray:
    key = key_of(config, templates)
    path = cache_folder() / f"{key[:32]}.npz"
    kept = _read(key, path, tell)
    if kept is None or kept.n < n:
        kept = _compute(config, templates, n, kept, tell, lambda k: _keep(path, k, key, tell))
    return kept.dense(_signals(config, templates, n)[1], len(templates.y))


def _read(key: str, path: Path, tell: Tell) -> answers.Kept | None:
    """Return the answers that ship with the package or lie in the cache; None where there are
    none."""
    shipped = resources.files("mnist1d.observer").joinpath(SHIPPED)
    found: list[answers.Kept] = []
    with resources.as_file(shipped) as file:
        for candidate in (file, path):
            if candidate.is_file():
                try:
                    found.append(answers.read(candidate, key))
                except FileFormatError as error:
                    if candidate == path:
                        tell(f"{error}: computing the answers again")
    return max(found, key=lambda kept: kept.n, default=None)


def _compute(
    config: DataConfig,
    templates: Templates,
    n: int,
    kept: answers.Kept | None,
    tell: Tell,
    keep: Callable[[answers.Kept], None],
) -> answers.Kept:
    """Return the answers on n signals, those held already taken over; keep them, and also the part
    that was ready when interrupted."""
    observer = IdealObserver(config, templates, mean=0.0, std=1.0)
    raw, label = _signals(config, templates, n)
    empty = answers.Kept(0, *(np.empty(0, kind) for kind in (np.uint32, np.uint16, np.float32)))
    kept, size = kept or empty, block_size(len(templates.y))
    first, begin, told = kept.n, time.monotonic(), -10.0
    try:
        while kept.n < n:
            rows = slice(kept.n, min(kept.n + size, n))
            p = observer.predict_proba(raw[rows].astype(np.float64))
            kept = answers.joined(kept, answers.without_one_hot(p, label[rows], rows.start))
            spent = time.monotonic() - begin
            if spent - told > 10 and kept.n < n:
                told, left = spent, spent * (n - kept.n) / (kept.n - first)
                tell(f"ideal observer: {kept.n:,} of {n:,} signals, about {left:.0f} s left (once)")
    finally:
        if kept.n > first:
            keep(kept)
    return kept


def _keep(path: Path, kept: answers.Kept, key: str, tell: Tell) -> None:
    """Write answers into the cache; where that fails, say so: they are computed again next time."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        answers.write(path, kept, key)
    except (OSError, UsageError) as error:
        tell(f"the ideal observer's answers cannot be kept for the next time: {error}")


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
