"""Metalearning an activation: the bump of the learned function, and the settings."""

import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments.activation import Config, grid
from mnist1d.experiments.shapes import bump


def test_bump_needs_a_valley_on_both_sides():
    x = np.linspace(-6, 6, 241)
    height, place = bump(
        np.stack([x, np.exp(-((x + 2.5) ** 2)) + 0.1 * (x - 0.2) ** 2 * (x > 0.2)])
    )
    assert height > 0.8 and place == pytest.approx(0.2, abs=0.3)
    assert bump(np.stack([x, (x - 0.2) ** 2]))[0] <= 0  # falls all the way


def test_settings_are_checked_and_the_presets_name_every_function():
    with pytest.raises(UsageError, match="objective_steps must be at most num_steps = 100"):
        Config(num_steps=100)
    with pytest.raises(UsageError, match="relu"):
        Config(function="rely")
    assert [config.function for config in grid("paper")] == [
        "learned",
        "relu",
        "swish",
        "elu",
        "tanh",
        "softplus",
        "sigmoid",
    ]
