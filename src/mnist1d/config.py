"""DataConfig: the settings of the generator with their defaults, effects and ranges; JSON and
identity."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import numbers
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, TypeVar, Unpack, cast

import numpy as np

from mnist1d.checks import check_name, show
from mnist1d.errors import UsageError, warn

# part of the identity: if the meaning of a config changes, every id must change
SCHEMA = "mnist1d-data/1"
MAX_POINTS = 10**6  # of a template, a padding, a signal
MIN_SCALE, MAX_SCALE = (
    1e-9,
    1e9,
)  # of a scale that is not 0: outside this range, squares overflow or underflow


V = TypeVar("V")


class StreamKnobs(TypedDict, total=False):
    """The settings of single signals, as keyword arguments."""

    template_len: int
    padding: tuple[int, int]
    scale_coeff: float
    max_translation: int
    corr_noise_scale: float
    iid_noise_scale: float
    shear_scale: float
    shuffle_seq: bool
    final_seq_length: int
    seed: int


class Knobs(StreamKnobs, total=False):
    """All settings as keyword arguments: the fields of DataConfig."""

    num_samples: int
    train_split: float


class Rule(TypedDict):
    """What a knob's field says of its values, in its metadata."""

    kind: Literal["int", "float", "bool", "range"]
    effect: str
    low: float
    high: float
    usual: tuple[float, float] | None
    least: float


def _knob(
    default: V,
    kind: Literal["int", "float", "bool", "range"],
    effect: str,
    low: float = 0,
    high: float = math.inf,
    usual: tuple[float, float] | None = None,
    least: float = 0,
) -> V:
    """A field with its kind (int, float, bool, range), its legal values [low, high] (values above 0
    must be at least `least`), and the usual range, outside which we warn."""
    rule = Rule(kind=kind, effect=effect, low=low, high=high, usual=usual, least=least)
    return field(default=default, metadata=rule)


def _scale(default: float, effect: str, usual: float) -> float:
    """A field that is 0 or a positive number within [MIN_SCALE, MAX_SCALE]."""
    return _knob(default, "float", effect, high=MAX_SCALE, usual=(0, usual), least=MIN_SCALE)


@dataclass(frozen=True)
class DataConfig:
    """Hold the settings of one data set; names and defaults are those of the original package.

    A config is immutable. Two configs with equal settings are equal and have the same `id`.

    Args:
      num_samples: number of signals, rounded down to a multiple of the number of classes.
      train_split: fraction of the signals used for training; the rest are the test set.
      template_len: nominal length of a template; the working length is template_len + padding[1].
      padding: range (fewest, most) of zero-padding in points: more padding makes the digit smaller.
      scale_coeff: spread of the amplitude: the factor is uniform in 1 ± scale_coeff / 2.
      max_translation: circular shift in points, drawn uniformly from [0, max_translation).
      corr_noise_scale: standard deviation of the smooth noise around the digit.
      iid_noise_scale: standard deviation of the white noise everywhere.
      shear_scale: slope of an added ramp, drawn uniformly from ± shear_scale / 2.
      shuffle_seq: permute the positions, one permutation for the whole set.
      final_seq_length: number of points of a finished signal.
      seed: seed of every random draw.

    Raises:
      UsageError: for an unknown setting or a value out of its range.

    Warns:
      SuspiciousValueWarning: for a valid value far outside the usual range.

    Examples:
      >>> config = DataConfig(num_samples=1000, seed=7)
      >>> config.replace(seed=8).seed
      8
      >>> DataConfig(paddding=(36, 60))
      Traceback (most recent call last):
      mnist1d.errors.UsageError: unknown setting 'paddding': did you mean 'padding'?

    References:
      Greydanus and Kobak, *Scaling Down Deep Learning with MNIST-1D*, 2024, appendix A.
    """

    num_samples: int = _knob(
        5000,
        "int",
        "number of signals, rounded down to a multiple of the number of classes",
        low=1,
        high=10**9,
    )
    train_split: float = _knob(
        0.8,
        "float",
        "fraction of the signals used for training; the rest are the test set",
        high=1,
    )
    template_len: int = _knob(
        12,
        "int",
        "nominal length of a template; the working length is template_len + padding[1]",
        low=1,
        high=MAX_POINTS,
    )
    padding: tuple[int, int] = _knob(
        (36, 60),
        "range",
        "range of zero-padding: more padding makes the digit smaller",
        high=MAX_POINTS,
    )
    scale_coeff: float = _scale(
        0.4, "spread of the amplitude: the factor is uniform in 1 ± scale_coeff / 2", usual=2
    )
    max_translation: int = _knob(
        48,
        "int",
        "circular shift in points, drawn uniformly from [0, max_translation)",
        low=1,
        high=2**32 - 1,
    )
    corr_noise_scale: float = _scale(0.25, "smooth noise around the digit", usual=5)
    iid_noise_scale: float = _scale(2e-2, "white noise everywhere", usual=1)
    shear_scale: float = _scale(
        0.75, "slope of an added ramp, drawn uniformly from ± shear_scale / 2", usual=10
    )
    shuffle_seq: bool = _knob(
        False, "bool", "permute the positions, one permutation for the whole set"
    )
    final_seq_length: int = _knob(
        40, "int", "number of points of a finished signal", low=1, high=MAX_POINTS
    )
    seed: int = _knob(42, "int", "seed of every random draw", high=2**32 - 1)

    def __new__(
        cls, *args: object, **knobs: object
    ) -> DataConfig:  # before __init__, which would raise a plain TypeError
        known = [f.name for f in dataclasses.fields(cls)]
        for name in knobs:
            check_name(name, known, "setting")
        if len(args) > len(known):
            raise UsageError(
                f"a DataConfig has {len(known)} settings, got {len(args)} values: pass them by name"
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            value = _check_knob(f.name, getattr(self, f.name), cast(Rule, f.metadata))
            object.__setattr__(self, f.name, value)
        if self.working_length < 2:
            raise UsageError(
                f"template_len + padding[1] must be at least 2 points, "
                f"got {self.template_len} + {self.padding[1]}"
            )

    @property
    def working_length(self) -> int:
        """Number of points of a signal between the first and the last resampling."""
        return self.template_len + self.padding[1]

    def replace(self, **knobs: Unpack[Knobs]) -> DataConfig:
        """Return a copy with other values for some settings.

        Args:
          **knobs: the settings to change, by name.

        Returns:
          A new config, checked like any other.

        Raises:
          UsageError: for an unknown setting or a value out of its range.
        """
        both: Knobs = {**self.to_dict(), **knobs}
        return DataConfig(**both)

    def to_dict(self) -> Knobs:
        """Return all settings as plain Python values.

        Returns:
          A dict from name to value, with lists instead of tuples.
        """
        return cast(Knobs, dataclasses.asdict(self))

    def to_json(self) -> str:
        """Return the canonical JSON of all settings: sorted by name, without spaces.

        Returns:
          A text that `from_json` reads.
        """
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> DataConfig:
        """Read what `to_json` wrote, or any JSON object of settings.

        Args:
          text: the JSON; settings that it leaves out have their defaults.

        Returns:
          The config.

        Raises:
          UsageError: if the text is not JSON, or a setting is unknown or out of its range.
        """
        if not isinstance(text, str | bytes):
            raise UsageError(
                f"a config must be JSON text, like '{{\"seed\": 7}}', got {show(text)}"
            )
        try:
            knobs = json.loads(text)
        except (
            ValueError,
            RecursionError,
        ) as error:  # not JSON, a number of too many digits, too deep
            raise UsageError(f'a config must be JSON, like {{"seed": 7}}: {error}') from None
        if not isinstance(knobs, dict):
            raise UsageError(
                f'a config must be a JSON object of settings, like {{"seed": 7}}, got '
                f"{type(knobs).__name__}"
            )
        return cls(**knobs)

    @property
    def id(self) -> str:
        """SHA-256 of all settings, defaults included, and the schema version, in hexadecimal."""
        return hashlib.sha256(f"{SCHEMA} {self.to_json()}".encode()).hexdigest()


def as_config(config: DataConfig | None, knobs: Mapping[str, object]) -> DataConfig:
    """Return a config (None: the default) with some settings replaced. Errors: UsageError for
    anything but a DataConfig."""
    if config is not None and not isinstance(config, DataConfig):
        raise UsageError(
            f"config must be a DataConfig, got {type(config).__name__}; pass settings by name: "
            "make_dataset(num_samples=1000)"
        )
    config = config or DataConfig()
    return config.replace(**knobs) if knobs else config  # type: ignore[arg-type]


def as_stream_config(config: DataConfig | None, knobs: Mapping[str, object]) -> DataConfig:
    """Return `as_config(config, knobs)` for a stream. Errors: UsageError also for the settings that
    only a finite set has."""
    for name in ("num_samples", "train_split"):
        if name in knobs:
            raise UsageError(f"a stream has no {name}, since it does not end: leave it out")
    return as_config(config, knobs)


def _check_knob(name: str, value: Any, rule: Rule) -> float | tuple[int, int]:
    """Return `value` as a plain Python value of the setting's kind, or raise UsageError."""
    kind, low, high, usual = rule["kind"], rule["low"], rule["high"], rule["usual"]
    if kind == "range":
        return _check_padding(name, value, int(high))
    if kind == "bool":
        if not isinstance(value, (bool, np.bool_)) and not (
            isinstance(value, numbers.Integral) and value in (0, 1)
        ):
            raise UsageError(f"{name} must be True or False, got {show(value)}")
        return bool(value)
    wanted: type = numbers.Integral if kind == "int" else numbers.Real
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise UsageError(
            f"{name} must be {'a whole number' if kind == 'int' else 'a number'}, "
            f"got {show(value)} ({type(value).__name__})"
        )
    if not low <= value <= high:  # NaN fails the comparison
        raise UsageError(f"{name} must be between {low:.10g} and {high:.10g}, got {show(value)}")
    number = (
        int(value) if isinstance(value, numbers.Integral) and kind == "int" else float(value) + 0.0
    )  # -0.0 becomes 0.0
    if 0 < number < rule["least"]:
        raise UsageError(
            f"{name} must be 0 or at least {rule['least']:g}, got {number!r}: write {name}=0"
        )
    if usual and not usual[0] <= number <= usual[1]:
        warn(
            f"{name}={number:g} is legal but outside the usual range {usual[0]:g} to {usual[1]:g}; "
            f"the default is {_default(name):g}"
        )
    return number


def _check_padding(name: str, value: Any, most: int) -> tuple[int, int]:
    try:
        low, high = value
        if isinstance(low, bool) or isinstance(high, bool):
            raise TypeError
        low, high = operator.index(low), operator.index(high)
    except (TypeError, ValueError):
        raise UsageError(
            f"{name} must be two whole numbers (low, high), got {show(value)}"
        ) from None
    if not 0 <= low <= high:
        fix = (
            f"write {name}=({high}, {low})" if 0 <= high < low < most else "neither may be negative"
        )
        raise UsageError(
            f"{name}=(low, high) needs 0 <= low <= high, got ({show(low)}, {show(high)}): {fix}"
        )
    if high > most:
        raise UsageError(f"{name}=(low, high) needs high <= {most}, got {show(high)}")
    return low, high


def _default(name: str) -> Any:
    return next(f.default for f in dataclasses.fields(DataConfig) if f.name == name)
