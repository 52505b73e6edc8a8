"""The expected mean and standard deviation of a config's signals, which standardise the endless
streams."""

from __future__ import annotations

import functools

import numpy as np
from scipy.ndimage import gaussian_filter1d

from mnist1d.config import DataConfig
from mnist1d.digits import Templates, as_templates
from mnist1d.signals import SMOOTHING_STD, Pipeline, resample


def expected_moments(config: DataConfig, templates: Templates | None = None) -> tuple[float, float]:
    """Return (mean, std) over all points of all signals: sums over class, padding and shift, closed
    forms for the rest.

    A raw point is factor * a + slope * ramp + noise, with a the dilated and shifted template: the
    mean is that of a, and the second moment adds up, since factor (mean 1), slope (mean 0) and
    noise (mean 0) are independent.
    """
    return _moments(
        config.replace(num_samples=1_000_000, train_split=0.5, seed=0, shuffle_seq=False),
        _Key(as_templates(templates)),
    )


def shift_distribution(config: DataConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return the circular shifts (shifts,), 0 to working length - 1, and their probabilities. A
    shift beyond the length leaves the signal unchanged."""
    length = config.working_length
    count = np.bincount(np.arange(min(config.max_translation, length + 1)) % length).astype(float)
    count[0] += max(0, config.max_translation - length - 1)
    return np.arange(len(count)), count / count.sum()


@functools.lru_cache(maxsize=64)
def _moments(config: DataConfig, key: _Key) -> tuple[float, float]:
    pipeline, length = Pipeline(key.templates, config), config.working_length
    shifts, shift_weight = shift_distribution(config)
    rotation = (np.arange(length) - shifts[:, None]) % length  # (shifts, L)
    kernel = gaussian_filter1d(np.eye(length), SMOOTHING_STD, axis=0)
    covariance = kernel @ kernel.T * config.corr_noise_scale**2  # of the smooth noise, (L, L)

    left, right, last = pipeline.last.left, pipeline.last.right, pipeline.last
    weight = (
        last.offset / last.spacing
    )  # a finished point is (1 - weight) * before + weight * after
    mean, second, low_high = 0.0, 0.0, range(config.padding[0], config.padding[1] + 1)
    for padding in low_high:
        a = pipeline.dilated(padding)[:, rotation]  # (classes, shifts, L)
        empty = a == 0
        finished = resample(a, last)
        noise = (
            empty[..., left] * (1 - weight) ** 2 * covariance[left, left]
            + empty[..., right] * weight**2 * covariance[right, right]
            + 2
            * (empty[..., left] & empty[..., right])
            * (1 - weight)
            * weight
            * covariance[left, right]
        )
        mean += shift_weight @ finished.mean(axis=(0, 2)) / len(low_high)
        second += (
            shift_weight
            @ ((1 + config.scale_coeff**2 / 12) * finished**2 + noise).mean(axis=(0, 2))
            / len(low_high)
        )
    second += config.shear_scale**2 / 12 * (resample(pipeline.ramp, last) ** 2).mean()
    second += config.iid_noise_scale**2 * ((1 - weight) ** 2 + weight**2).mean()
    return float(mean), float(np.sqrt(second - mean**2))


class _Key:
    """Templates as a cache key: equal if their arrays are equal."""

    def __init__(self, templates: Templates):
        self.templates = templates
        self.bytes = (templates.x.tobytes(), templates.x.shape)

    def __hash__(self) -> int:
        return hash(self.bytes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.bytes == other.bytes
