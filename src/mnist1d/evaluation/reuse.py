"""Warn if a test is used with several settings, because choosing the best of them overfits the
test."""

from __future__ import annotations

from collections import defaultdict

from mnist1d.errors import ReusedTestWarning, warn
from mnist1d.evaluation.protocol import Config

# model, test and data -> the settings that this process measured there
_looks: defaultdict[tuple[object, ...], set[tuple[object, ...]]] = defaultdict(set)


def note_look(config: Config) -> None:
    """Record the settings of a measurement on a test; warn if this process has measured the same
    model on the same test with other settings."""
    if config.test == "validation":
        return
    settings = _looks[config.model, config.test, config.data, config.data_sha256]
    now = config.protocol, config.own_training, config.tuned_on
    if now in settings:  # repeating the same settings is not a choice
        return
    settings.add(now)
    if len(settings) > 1:
        warn(advice(config.model, config.test, len(settings), "validation=500"), ReusedTestWarning)


def forget_looks() -> None:
    """Forget all measurements of this process."""
    _looks.clear()


def advice(model: str, test: str, count: int, option: str) -> str:
    """Return the advice for a model that was measured on a test with several settings."""
    return (
        f"{model} has been measured on the {test} test with {count} different settings. Choosing "
        f"the best of them overfits the test set: choose on held-out training signals, {option}, "
        "and "
        "test once"
    )
