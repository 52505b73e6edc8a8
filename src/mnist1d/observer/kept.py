"""The ideal observer's posteriors, computed once per configuration. Those of the default settings
come with the package; others are stored in the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import numpy as np

from mnist1d.config import DataConfig
from mnist1d.digests import sha256
from mnist1d.digits import Templates
from mnist1d.errors import FileFormatError, UsageError
from mnist1d.observer import answers
from mnist1d.observer.ideal import IdealObserver

BLOCK = 1000  # signals between two checks of the clock
Tell = Callable[[str], None]


def posteriors(
    key: str,
    x: np.ndarray,
    label: np.ndarray,
    num_classes: int,
    make_observer: Callable[[], IdealObserver],
    *,
    shipped: str = "",
    tell: Tell | None = None,
) -> np.ndarray:
    """Return the exact posteriors (n, classes) of signals x (n, time), read or computed.

    key: the identity of the signals; x may be only their first part. label (n,): their rows of the
    templates. shipped: the file of the package that may contain them. tell: called with a progress
    message if computing takes long; default: print to stderr. Errors: as for `make_observer`.
    """
    tell = tell or _to_stderr
    path = cache_folder() / f"{key[:32]}.npz"
    kept = _read(key, path, shipped, tell)
    if kept is None or kept.n < len(x):
        kept = _compute(x, label, kept, make_observer(), path, key, tell)
    return kept.dense(label, num_classes)


def key_of(what: str, config: DataConfig, templates: Templates) -> str:
    """Return the identity of signals: SHA-256 over their kind, config and templates."""
    shapes = {"x": sha256(templates.x), "y": templates.y.tolist()}
    text = json.dumps([answers.FORMAT, what, config.id, shapes], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def cache_folder() -> Path:
    """Return the cache folder for posteriors: mnist1d/observer under XDG_CACHE_HOME or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "mnist1d" / "observer"


def _read(key: str, path: Path, shipped: str, tell: Tell) -> answers.Kept | None:
    """Return the longer of the package's posteriors and those in the cache, or None."""
    found = []
    with _shipped_file(shipped) as file:
        for candidate in (file, path):
            if candidate is not None and candidate.is_file():
                try:
                    found.append(answers.read(candidate, key))
                except FileFormatError as error:
                    if candidate == path:
                        tell(f"{error}: computing the posteriors again")
    return max(found, key=lambda kept: kept.n, default=None)


@contextmanager
def _shipped_file(name: str) -> Iterator[Path | None]:
    if not name:
        yield None
        return
    with resources.as_file(resources.files("mnist1d.observer").joinpath(name)) as file:
        yield file


def _compute(
    x: np.ndarray,
    label: np.ndarray,
    kept: answers.Kept | None,
    observer: IdealObserver,
    path: Path,
    key: str,
    tell: Tell,
) -> answers.Kept:
    """Return the posteriors of x, reusing stored ones. Store them, also the finished part after an
    interruption."""
    n, kept = len(x), kept or answers.EMPTY
    first, begin, told = kept.n, time.monotonic(), 0.0
    try:
        while kept.n < n:
            rows = slice(kept.n, min(kept.n + BLOCK, n))
            p = observer.predict_proba(x[rows].astype(np.float64))
            kept = answers.joined(kept, answers.without_one_hot(p, label[rows], rows.start))
            spent = time.monotonic() - begin
            left = spent * (n - kept.n) / (kept.n - first)
            if left > 5 and (spent - told > 10 or not told):
                told = spent
                tell(
                    f"ideal observer: {kept.n:,} of {n:,} signals, about {left:.0f} s left (the "
                    "result is stored)"
                )
    finally:
        if kept.n > first:
            _keep(path, kept, key, tell)
    return kept


def _keep(path: Path, kept: answers.Kept, key: str, tell: Tell) -> None:
    """Write posteriors into the cache; if that fails, print a message, and compute them again next
    time."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        answers.write(path, kept, key)
    except (OSError, UsageError) as error:
        tell(f"the ideal observer's posteriors could not be stored for next time: {error}")


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
