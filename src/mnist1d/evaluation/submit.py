"""Turn an evaluation into an entry of the board."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.errors import UsageError
from mnist1d.evaluation.protocol import NUM_FRESH, Config, Protocol
from mnist1d.experiments.entries import MIN_SEEDS, TESTS, Entry, write_entry

if TYPE_CHECKING:
    from mnist1d.evaluation.result import Evaluation

PACKAGES = ("mnist1d-lab", "numpy", "jax", "optax", "torch", "keras", "scikit-learn")
DIGITS = 5  # of an accuracy on 100,000 signals
COMMAND = "mnist1d evaluate MODEL --test both --submit FILE.json"


def submit(
    found: Evaluation, path: Path, *, name: str | None = None, by: str = "", link: str = ""
) -> Entry:
    """Write an evaluation as an entry of the board, and return it; errors as `entry_of` and
    `write_entry`."""
    entry = entry_of(found, name=name, by=by, link=link)
    write_entry(path, entry)
    return entry


def entry_of(found: Evaluation, *, name: str | None = None, by: str = "", link: str = "") -> Entry:
    """Return the entry of an evaluation.

    Errors: UsageError unless it was measured with the default data on both tests, plain and
    shuffled, with enough seeds and no failures.
    """
    _check_complete(found)
    config = found.configs["frozen"]
    fresh = found.scores("fresh")
    return Entry(
        name=name or found.name,
        model=config.model,
        how=how_of(config),
        seeds=tuple(run.seed for run in found.ok()),
        acc={
            test: _by_seed(found.acc(test.endswith("shuffled"), test.partition("_")[0]))
            for test in TESTS
        },
        excess_bits=_all_seeds([score.excess_bits for score in fresh]),
        calibration_error=_all_seeds([score.calibration_error for score in fresh]),
        num_params=found.num_params,
        seconds=round(found.seconds, 3),
        by=by,
        link=link,
        settings={
            **asdict(config.protocol),
            "own_training": config.own_training,
            "tuned_on": config.tuned_on,
        },
        origin=_origin(),
    )


def how_of(config: Config) -> str:
    """Return how the model's settings were chosen, a key of `entries.HOW`."""
    if config.tuned_on:
        return "tuned"
    return "protocol" if config.protocol == Protocol() and not config.own_training else "own"


def check_options(test: str, shuffled: bool, seeds: int, has_own_data: bool) -> None:
    """Raise UsageError, before the training, for options that cannot give an entry."""
    if test != "both" or not shuffled or has_own_data or seeds < MIN_SEEDS:
        raise UsageError(
            "an entry needs both tests, plain and with shuffled positions, the default data and at "
            f"least {MIN_SEEDS} seeds: write {COMMAND}"
        )


def _check_complete(found: Evaluation) -> None:
    has_own_data = bool(found.ok()) and not found.is_ranked
    both = set(found.tests) == {"frozen", "fresh"}
    shuffled = bool(found.runs_of(shuffled=True))
    check_options("both" if both else "", shuffled, len(found.runs_of(False)), has_own_data)
    if found.failed:
        raise UsageError(f"an entry needs all seeds to succeed; {len(found.failed)} runs failed")
    if found.configs["fresh"].num_test < NUM_FRESH:
        raise UsageError(f"an entry needs all {NUM_FRESH:,} fresh signals: write {COMMAND}")


def _by_seed(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in values)


def _all_seeds(values: Sequence[float | None]) -> tuple[float, ...] | None:
    """Return the values, rounded; None if a seed has none."""
    known = [value for value in values if value is not None]
    return _by_seed(np.array(known)) if len(known) == len(values) else None


def _origin() -> dict[str, object]:
    versions = {}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
    }
