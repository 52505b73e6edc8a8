"""Named distribution shifts, in the spirit of MNIST-C: each changes one setting of the generator
and has an exact ceiling.

>>> from mnist1d import make_dataset
>>> train = make_dataset()
>>> test = make_dataset(shift_config("noisier")).standardise(train.mean, train.std)
>>> read_ceiling("noisier").acc  # the highest accuracy that any classifier can reach
0.99925

Signals keep their number of points, so a model trained on one setting can be tested on another.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import NamedTuple

from mnist1d.checks import Json, check_name, check_whole
from mnist1d.config import DataConfig, as_config
from mnist1d.errors import UsageError


class Shift(NamedTuple):
    """A setting, and what it is multiplied by at each severity.

    Attributes:
      knob: name of the setting.
      factors: its factors at severity 1, 2 and 3.
      effect: what changes, in words.
    """

    knob: str
    factors: tuple[float, float, float]
    effect: str


SHIFTS = {
    "noisier": Shift("corr_noise_scale", (1.5, 2, 3), "more smooth noise around the digit"),
    "grainier": Shift("iid_noise_scale", (2.5, 5, 10), "more white noise everywhere"),
    "steeper": Shift("shear_scale", (2, 4, 8), "a steeper ramp under the signal"),
    "smaller": Shift("padding", (1.5, 2, 3), "a smaller digit"),
    "larger": Shift("padding", (0.75, 0.5, 0.25), "a larger digit"),
    "uneven": Shift("scale_coeff", (2, 3, 4), "amplitudes that vary more"),
    "farther": Shift("max_translation", (1.17, 1.33, 1.5), "digits farther to the right"),
}
SEVERITIES = (1, 2, 3)


class Ceiling(NamedTuple):
    """The best accuracy under a shift of the default settings, measured on n fresh signals.

    Attributes:
      acc: expected accuracy, a fraction, of the ideal observer of the shifted settings.
      low: lower end of its 95% interval.
      high: upper end of the interval.
      unaware: accuracy on the shifted signals of the ideal observer of the default settings.
      unaware_error: its standard error.
      n: number of signals.
    """

    acc: float
    low: float
    high: float
    unaware: float
    unaware_error: float
    n: int


def shift_config(name: str, severity: int = 2, config: DataConfig | None = None) -> DataConfig:
    """Return settings under a named shift.

    Args:
      name: a key of `SHIFTS`.
      severity: 1, 2 or 3.
      config: the settings to shift; default: `DataConfig()`.

    Returns:
      The shifted config.

    Raises:
      UsageError: for an unknown shift or severity, or a setting that is 0 and stays 0.

    Examples:
      >>> shift_config("grainier", severity=1).iid_noise_scale > 0.02
      True
    """
    config = as_config(config, {})
    shift, step = _check(name, severity)
    before = getattr(config, shift.knob)
    if shift.knob == "padding":
        value = tuple(round(bound * shift.factors[step]) for bound in before)
    else:
        value = type(before)(before * shift.factors[step])
    if value == before:
        raise UsageError(
            f"the shift {name!r} multiplies {shift.knob}, which stays {before}: "
            f"choose a larger {shift.knob}"
        )
    return config.replace(**{shift.knob: value})  # type: ignore[arg-type]


def read_ceiling(name: str, severity: int = 2) -> Ceiling:
    """Return the stored best accuracy of the default settings under a named shift.

    For other settings, call `mnist1d.observer.measure_shift`.

    Args:
      name: a key of `SHIFTS`.
      severity: 1, 2 or 3.

    Returns:
      A `Ceiling`.

    Raises:
      UsageError: for an unknown shift or severity.

    Examples:
      >>> 0 < read_ceiling("grainier", severity=3).acc <= 1
      True
    """
    _check(name, severity)
    return Ceiling(**_ceilings()[name][severity - 1])


def _check(name: str, severity: int) -> tuple[Shift, int]:
    check_name(name, SHIFTS, "shift")
    return SHIFTS[name], check_whole(severity, 1, "severity", len(SEVERITIES)) - 1


@cache
def _ceilings() -> dict[str, list[Json]]:
    return json.loads(
        resources.files("mnist1d").joinpath("shifts.json").read_text(encoding="utf-8")
    )
