"""The exact ceiling under a named shift, and the table of ceilings that comes with the package.

To measure the table again takes some minutes:
python -c "from mnist1d.observer.shifts import write_ceilings; write_ceilings()"
"""

from __future__ import annotations

import json
import math
import warnings
from importlib import resources
from pathlib import Path

import numpy as np

from mnist1d.atomic import atomic_path
from mnist1d.checks import check_whole
from mnist1d.config import DataConfig, as_config
from mnist1d.errors import SuspiciousValueWarning
from mnist1d.observer.ideal import IdealObserver
from mnist1d.observer.measure import fresh_signals
from mnist1d.shifts import SEVERITIES, SHIFTS, Ceiling, shift_config

NUM_SIGNALS, SEED = 4000, 20201129


def measure_shift(
    name: str,
    severity: int = 2,
    config: DataConfig | None = None,
    n: int = 2000,
    *,
    seed: int = SEED,
) -> Ceiling:
    """Measure the best possible accuracy under a named shift, on fresh signals.

    Args:
      name: a key of `mnist1d.shifts.SHIFTS`.
      severity: 1, 2 or 3.
      config: the settings that are shifted; default: `DataConfig()`.
      n: number of signals, at least 2.
      seed: seed of the signals.

    Returns:
      A `mnist1d.shifts.Ceiling`.

    Raises:
      UsageError: for an unknown shift or severity, n below 2, or settings without a density.

    Examples:
      >>> measure_shift("grainier", n=2).n
      2
    """
    config = as_config(config, {}).replace(shuffle_seq=False)
    shifted, n = shift_config(name, severity, config), check_whole(n, 2, "n")
    x, label = fresh_signals(shifted, n, seed)
    best = IdealObserver(shifted, mean=0.0, std=1.0).predict_proba(x)  # (n, classes)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", SuspiciousValueWarning
        )  # these signals do not match the observer's config
        unaware = IdealObserver(config, mean=0.0, std=1.0).predict_proba(x)
    acc, half = best.max(axis=1).mean(), 1.96 * best.max(axis=1).std(ddof=1) / math.sqrt(n)
    hits = (unaware.argmax(axis=1) == label).mean()
    return Ceiling(
        acc=float(acc),
        low=float(acc - half),
        high=float(min(1.0, acc + half)),
        unaware=float(hits),
        unaware_error=float(np.sqrt(hits * (1 - hits) / n)),
        n=n,
    )


def write_ceilings() -> None:
    """Measure the default settings under every shift and write shifts.json."""
    table = {
        name: [
            {k: round(v, 5) for k, v in measure_shift(name, step, n=NUM_SIGNALS)._asdict().items()}
            for step in SEVERITIES
        ]
        for name in SHIFTS
    }
    with atomic_path(Path(str(resources.files("mnist1d").joinpath("shifts.json")))) as temporary:
        temporary.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
