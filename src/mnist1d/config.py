"""DataConfig: every knob of the generator, its default, its effect, its range; JSON and
identity."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import numbers
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mnist1d.checks import check_name
from mnist1d.errors import UsageError, warn

SCHEMA = (
    "mnist1d-data/1"  # part of the identity: a change in what a config means must change every id
)


def _knob(
    default: Any,
    kind: str,
    effect: str,
    low: float = 0,
    high: float = math.inf,
    usual: tuple[float, float] | None = None,
) -> Any:
    """A field with its kind (int, float, bool, range), its legal values [low, high] and the range
    beyond which we warn."""
    return field(
        default=default,
        metadata={"kind": kind, "effect": effect, "low": low, "high": high, "usual": usual},
    )


@dataclass(frozen=True)
class DataConfig:
    """The settings of one data set; names and defaults are those of the original package (spec: the
    paper, appendix A).

    Errors: UsageError for an unknown knob or a value out of its range; SuspiciousValueWarning for a
    legal one far outside the usual range.
    """

    num_samples: int = _knob(
        5000, "int", "signals in all; a remainder over the number of classes is dropped", low=1
    )
    train_split: float = _knob(
        0.8, "float", "share of the signals that train; the rest test", high=1
    )
    template_len: int = _knob(
        12, "int", "points of a template, as counted in the working length", low=1
    )
    padding: tuple[int, int] = _knob(
        (36, 60), "range", "fewest and most zeros appended: how small the digit is in the signal"
    )
    scale_coeff: float = _knob(
        0.4,
        "float",
        "spread of the amplitude: the factor is uniform in 1 ± half of it",
        usual=(0, 2),
    )
    max_translation: int = _knob(
        48, "int", "circular shift, uniform in 0 .. one less than it", low=1, high=2**32 - 1
    )
    corr_noise_scale: float = _knob(
        0.25, "float", "smooth noise where the digit is not", usual=(0, 5)
    )
    iid_noise_scale: float = _knob(2e-2, "float", "white noise everywhere", usual=(0, 1))
    shear_scale: float = _knob(
        0.75, "float", "slope of an added ramp, uniform in ± half of it", usual=(0, 10)
    )
    shuffle_seq: bool = _knob(
        False, "bool", "permute the positions, one permutation for the whole set"
    )
    final_seq_length: int = _knob(40, "int", "points of a finished signal", low=1)
    seed: int = _knob(42, "int", "seed of every random draw", high=2**32 - 1)

    def __new__(
        cls, *args: Any, **knobs: Any
    ) -> DataConfig:  # before __init__, which would answer with a bare TypeError
        known = [f.name for f in dataclasses.fields(cls)]
        for name in knobs:
            check_name(name, known, "knob")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            value = _checked(f.name, getattr(self, f.name), f.metadata)
            object.__setattr__(self, f.name, value)
        if self.working_length < 2:
            raise UsageError(
                f"template_len + padding[1] must be at least 2 points, got {self.template_len} + {self.padding[1]}"
            )

    @property
    def working_length(self) -> int:
        """L: the points of a signal between the first resampling and the last."""
        return self.template_len + self.padding[1]

    def replace(self, **knobs: Any) -> DataConfig:
        """Return a copy with other values for the given knobs; errors as for the constructor."""
        return DataConfig(**{**self.to_dict(), **knobs})

    def to_dict(self) -> dict[str, Any]:
        """Return all knobs as plain Python values."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Return the canonical JSON: all knobs, sorted, no spaces."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> DataConfig:
        """Read what `to_json` wrote, or any JSON object of knobs; UsageError says what is wrong
        with it."""
        try:
            knobs = json.loads(text)
        except (
            ValueError,
            RecursionError,
        ) as error:  # not JSON, a number of too many digits, too deep
            raise UsageError(f'a config must be JSON, like {{"seed": 7}}: {error}') from None
        if not isinstance(knobs, dict):
            raise UsageError(
                f'a config must be a JSON object of knobs, like {{"seed": 7}}, got {type(knobs).__name__}'
            )
        return cls(**knobs)

    @property
    def id(self) -> str:
        """SHA-256 over all knobs, defaults included, and the schema version; 64 hexadecimal
        digits."""
        return hashlib.sha256(f"{SCHEMA} {self.to_json()}".encode()).hexdigest()


def _checked(name: str, value: Any, rule: dict[str, Any]) -> Any:
    """Return `value` as a plain Python value of the knob's kind, or raise UsageError."""
    kind, low, high = rule["kind"], rule["low"], rule["high"]
    if kind == "range":
        return _checked_padding(name, value)
    if kind == "bool":
        if not isinstance(value, (bool, np.bool_)) and not (
            isinstance(value, numbers.Integral) and value in (0, 1)
        ):
            raise UsageError(f"{name} must be True or False, got {value!r}")
        return bool(value)
    wanted = numbers.Integral if kind == "int" else numbers.Real
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise UsageError(
            f"{name} must be {'a whole number' if kind == 'int' else 'a number'}, got {value!r} ({type(value).__name__})"
        )
    try:
        value = int(value) if kind == "int" else float(value)
    except OverflowError:
        value = math.inf  # a whole number beyond all floats
    if not (low <= value <= high) or not math.isfinite(value):  # NaN fails the comparison
        bounds = f"at least {low:g}" if math.isinf(high) else f"between {low:.10g} and {high:.10g}"
        raise UsageError(f"{name} must be finite and {bounds}, got {value!r}")
    if rule["usual"] and not rule["usual"][0] <= value <= rule["usual"][1]:
        usual = f"{rule['usual'][0]:g} to {rule['usual'][1]:g}"
        warn(
            f"{name}={value:g} is legal but outside the usual range {usual}; the default is {_default(name):g}"
        )
    return value


def _checked_padding(name: str, value: Any) -> tuple[int, int]:
    try:
        low, high = value
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be two whole numbers (low, high), got {value!r}") from None
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, numbers.Integral):
            raise UsageError(f"{name} must be two whole numbers (low, high), got {value!r}")
    if not 0 <= low <= high:
        fix = f"write {name}=({high}, {low})" if 0 <= high < low else "neither may be negative"
        raise UsageError(f"{name}=(low, high) needs 0 <= low <= high, got ({low}, {high}): {fix}")
    return int(low), int(high)


def _default(name: str) -> Any:
    return next(f.default for f in dataclasses.fields(DataConfig) if f.name == name)
