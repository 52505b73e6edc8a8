"""Named shifts of the distribution, in the spirit of MNIST-C: settings that change one cause of the
signals, each with its exact ceiling.

>>> from mnist1d import make_dataset
>>> train = make_dataset()
>>> test = make_dataset(shift_config("noisier")).standardise(train.mean, train.std)
>>> read_ceiling("noisier").acc  # the best that any classifier can reach there
0.99925

Signals keep their number of points, so a model trained on one setting can be tested on another.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from mnist1d.checks import check_name, check_whole
from mnist1d.config import DataConfig, as_config
from mnist1d.errors import UsageError


class Shift(NamedTuple):
    """A knob, and what it is multiplied by at severity 1, 2 and 3."""

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
    "farther": Shift("max_translation", (1.17, 1.33, 1.5), "digits that lie farther to the right"),
}
SEVERITIES = (1, 2, 3)


class Ceiling(NamedTuple):
    """What can be reached under a shift of the default settings, measured on n fresh signals.

    acc: expected accuracy of the ideal observer of the shifted settings, the ceiling, with its 95 %
    interval low, high. unaware: accuracy on the shifted signals of the ideal observer of the
    default settings, which knows nothing of the shift, with the standard error unaware_error.
    """

    acc: float
    low: float
    high: float
    unaware: float
    unaware_error: float
    n: int


def shift_config(name: str, severity: int = 2, config: DataConfig | None = None) -> DataConfig:
    """Return a config (default: the default settings) under a named shift of severity 1, 2 or 3.

    Errors: UsageError for an unknown shift or severity, or a knob that is 0 and stays so.
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
    """Return the ceiling of the default settings under a named shift, which comes with the package.

    For other settings: `observer.measure_shift`. Errors: UsageError for an unknown shift or
    severity.
    """
    _check(name, severity)
    return Ceiling(**_ceilings()[name][severity - 1])


def _check(name: str, severity: int) -> tuple[Shift, int]:
    check_name(name, SHIFTS, "shift")
    return SHIFTS[name], check_whole(severity, 1, "severity", len(SEVERITIES)) - 1


@cache
def _ceilings() -> dict[str, list[dict[str, Any]]]:
    return json.loads(
        resources.files("mnist1d").joinpath("shifts.json").read_text(encoding="utf-8")
    )
