"""A test that is looked at more than once: choosing the best of several settings overfits it."""

from __future__ import annotations

from collections import defaultdict

from mnist1d.errors import ReusedTestWarning, warn
from mnist1d.evaluation.protocol import Config

# model, test and data -> the settings that this process measured there
_looks: defaultdict[tuple[object, ...], set[tuple[object, ...]]] = defaultdict(set)


def note_look(config: Config) -> None:
    """Remember the settings of a look at a test; warn where this process measured the same model
    on the same test with other settings before."""
    if config.test == "validation":
        return
    settings = _looks[config.model, config.test, config.data, config.data_sha256]
    now = config.protocol, config.own_training, config.tuned_on
    if now in settings:  # the same again is no choice
        return
    settings.add(now)
    if len(settings) > 1:
        warn(advice(config.model, config.test, len(settings), "validation=500"), ReusedTestWarning)


def forget_looks() -> None:
    """Forget all looks of this process."""
    _looks.clear()


def advice(model: str, test: str, count: int, option: str) -> str:
    """Say that a model was measured on a test with so many settings, and what to do instead."""
    return (
        f"{model} has been measured on the {test} test with {count} different settings. Choosing "
        f"the best of them overfits the test: choose on held-out training signals, {option}, and "
        "test once"
    )
