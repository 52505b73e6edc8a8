"""The original package's `mnist1d.transform`: one signal at a time, with NumPy's global generator,
as old code expects.

New code draws and applies whole sets: `mnist1d.draws`, `mnist1d.signals`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from mnist1d.checks import show
from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.signals import EPS, SMOOTHING_STD

SETTINGS = (
    "template_len",
    "padding",
    "scale_coeff",
    "max_translation",
    "corr_noise_scale",
    "iid_noise_scale",
    "shear_scale",
    "final_seq_length",
)  # that `transform` reads


def pad(x: np.ndarray, padding: tuple[int, int]) -> np.ndarray:
    """Append zeros to the last axis of x; their number is uniform between the two bounds,
    inclusive."""
    low, high = padding
    count = low + int(np.random.rand() * (high - low + 1))
    return np.concatenate([x, np.zeros((*x.shape[:-1], count))], axis=-1)


def shear(x: np.ndarray, scale: float = 10) -> np.ndarray:
    """Subtract a ramp whose slope is uniform in ± scale / 2 from x (time,)."""
    return x - scale * (np.random.rand() - 0.5) * np.linspace(-0.5, 0.5, len(x))


def translate(x: np.ndarray, max_translation: int) -> np.ndarray:
    """Shift x (time,) circularly to the right by 0 to max_translation - 1 points. A shift beyond
    the length leaves x unchanged."""
    k = np.random.choice(max_translation)
    return np.roll(x, k, axis=0) if k <= len(x) else x.copy()


def corr_noise_like(x: np.ndarray, scale: float) -> np.ndarray:
    """Return smooth noise of x's shape."""
    return gaussian_filter(scale * np.random.randn(*x.shape), SMOOTHING_STD)


def iid_noise_like(x: np.ndarray, scale: float) -> np.ndarray:
    """Return white noise of x's shape."""
    return scale * np.random.randn(*x.shape)


def interpolate(x: np.ndarray, N: int) -> np.ndarray:
    """Resample x (time, ...) linearly to N points along its first axis."""
    x, old, new = np.asarray(x, dtype=float), np.linspace(0, 1, len(x)), np.linspace(0, 1, N)
    if x.ndim == 1:
        return np.interp(new, old, x)  # as SciPy does it
    from scipy.interpolate import interp1d  # its rounding depends on SciPy's version

    return interp1d(old, x, axis=0)(new)


def transform(
    x: np.ndarray, y: np.ndarray, args: Any, eps: float = EPS
) -> tuple[np.ndarray, np.ndarray]:
    """Turn a template into a signal, as the original package does, with NumPy's global generator.

    Args:
      x: template (length,).
      y: its time axis (length,).
      args: an object with the settings as attributes, such as `get_dataset_args()`.
      eps: added to the template, so that no point of the digit is 0 like the padding.

    Returns:
      The signal and its time axis, (final_seq_length,) each; not standardised.

    Raises:
      UsageError: for an invalid setting, or arrays that are not one-dimensional.

    Examples:
      >>> from mnist1d import get_dataset_args, get_templates
      >>> digits = get_templates()
      >>> signal, t = transform(digits["x"][3], digits["t"], get_dataset_args())
      >>> signal.shape
      (40,)
    """
    _check_settings(args)
    x, y = _as_axis(x, "x"), _as_axis(y, "y")
    length = args.template_len + args.padding[-1]
    x = interpolate(pad(x + eps, args.padding), length)
    x = x * (1 + args.scale_coeff * (np.random.rand() - 0.5))
    x = translate(x, args.max_translation)
    x = np.where(x != 0, x, corr_noise_like(x, args.corr_noise_scale))
    x = x + iid_noise_like(x, args.iid_noise_scale)
    x = interpolate(shear(x, args.shear_scale), args.final_seq_length)
    return x, interpolate(interpolate(y, length), args.final_seq_length)


def _as_axis(values: Any, name: str) -> np.ndarray:
    try:
        axis = np.asarray(values)
    except (TypeError, ValueError):
        axis = np.array(None)
    if axis.dtype.kind not in "fiu" or axis.ndim != 1 or not len(axis):
        raise UsageError(f"{name} must be an array of numbers (length,), got {show(values)}")
    return axis


def _check_settings(args: Any) -> None:
    if missing := [name for name in SETTINGS if not hasattr(args, name)]:
        raise UsageError(
            "args must hold the settings as attributes, as get_dataset_args() does; "
            f"got {show(args)}, without {missing[0]}"
        )
    DataConfig(**{name: getattr(args, name) for name in SETTINGS})
