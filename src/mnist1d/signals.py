"""The pipeline: templates and draws to signals, with no randomness of its own (spec: the paper,
figure 2 and appendix A).

Every step works on all signals at once. In float64, each step gives the same bits as the original;
in float32, the two linear filters become matrix products, which are faster and differ only in
rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from mnist1d.config import DataConfig
from mnist1d.digits import Templates
from mnist1d.draws import Draws

EPS = 1e-8  # added to the template to distinguish its points from padding, which is exactly 0
SMOOTHING_STD = 2  # of the filter that correlates the noise, in points


class Resampling(NamedTuple):
    """Linear interpolation from m points to n, planned once; `resample` applies it with the
    arithmetic of numpy.interp."""

    left: np.ndarray  # (n,) index of the neighbour before
    right: np.ndarray  # (n,) and of the one after
    spacing: np.ndarray  # (n,) between the two
    offset: np.ndarray  # (n,) from the one before


def plan_resampling(m: int, n: int) -> Resampling:
    """Plan the interpolation from `linspace(0, 1, m)` to `linspace(0, 1, n)`."""
    old, new = np.linspace(0, 1, m), np.linspace(0, 1, n)
    left = np.searchsorted(old, new, side="right") - 1
    right = np.minimum(left + 1, m - 1)
    spacing = np.where(
        right > left, old[right] - old[left], 1.0
    )  # at the last point the slope is 0 / 1
    return Resampling(left, right, spacing, new - old[left])


def resample(x: np.ndarray, plan: Resampling) -> np.ndarray:
    """Interpolate x (..., m) to (..., n)."""
    before = x.take(plan.left, axis=-1)
    slope = x.take(plan.right, axis=-1)
    slope -= before  # in place: these are the largest arrays
    slope /= plan.spacing
    slope *= plan.offset
    slope += before
    return slope


class Latents(NamedTuple):
    """The latent variables of n signals, in the units of raw signals (before standardisation)."""

    padding: np.ndarray  # (n,) number of zeros appended: more zeros make the digit smaller
    shift: np.ndarray  # (n,) circular, to the right, in points of the working length
    factor: np.ndarray  # (n,) amplitude of the digit
    slope: np.ndarray  # (n,) of the ramp that is subtracted

    def rows(self, index: slice | np.ndarray) -> Latents:
        """Return the latent variables of the signals selected by `index`."""
        return Latents(*(column[index] for column in self))


class Pipeline:
    """The pipeline of a config and templates; `pipeline(draws)` returns the raw signals (n,
    final_seq_length)."""

    def __init__(self, templates: Templates, config: DataConfig):
        self.templates, self.config = templates, config
        length = config.working_length
        self.ramp = np.linspace(-0.5, 0.5, length)
        self.last = plan_resampling(length, config.final_seq_length)
        self._dilated: dict[
            int, np.ndarray
        ] = {}  # by padding: the templates, padded and dilated, (classes, L)

    @cached_property
    def smoothing(self) -> np.ndarray:
        """The filter that correlates the noise, as a float32 matrix (L, L)."""
        return gaussian_filter1d(np.eye(len(self.ramp)), SMOOTHING_STD, axis=0).T.astype(np.float32)

    @cached_property
    def resampling(self) -> np.ndarray:
        """The last resampling as a float32 matrix (L, final_seq_length)."""
        return resample(np.eye(len(self.ramp)), self.last).astype(np.float32)

    def __call__(self, draws: Draws) -> np.ndarray:
        """Return the signals of the draws, before standardisation, in the draws' dtype."""
        x = self.scale(self.dilate(draws), draws)
        x = self.translate(x, draws)
        x = self.add_corr_noise(x, draws)
        x = self.add_iid_noise(x, draws)
        x = self.shear(x, draws)
        return self.resample(x)

    def padded(self, padding: int) -> np.ndarray:
        """Append `padding` zeros to every template: (classes, length + padding)."""
        x = self.templates.x + EPS
        return np.concatenate([x, np.zeros((len(x), padding))], axis=1)

    def dilated(self, padding: int) -> np.ndarray:
        """Stretch the padded templates to the working length: (classes, L)."""
        if padding not in self._dilated:
            x = self.padded(padding)
            self._dilated[padding] = resample(
                x, plan_resampling(x.shape[1], self.config.working_length)
            )
        return self._dilated[padding]

    def dilate(self, draws: Draws) -> np.ndarray:
        """Return each signal's template, padded and stretched to the working length: (n, L)."""
        paddings, index = np.unique(draws.padding, return_inverse=True)
        table = np.stack([self.dilated(int(p)) for p in paddings])  # (paddings, classes, L)
        return table[index, draws.label].astype(draws.factor.dtype, copy=False)

    def scale(self, x: np.ndarray, draws: Draws) -> np.ndarray:
        """Multiply by the amplitude factors."""
        return x * draws.factor[:, None]

    def translate(self, x: np.ndarray, draws: Draws) -> np.ndarray:
        """Shift circularly to the right."""
        length = x.shape[1]
        shift = np.where(
            draws.shift > length, 0, draws.shift
        )  # the original leaves a signal unshifted past its length
        windows = np.lib.stride_tricks.sliding_window_view(
            np.concatenate([x, x], axis=1), length, axis=1
        )
        return windows[
            np.arange(len(x)), length - shift
        ]  # a window of the doubled signal is the rotated signal

    def digit_mask(self, draws: Draws) -> np.ndarray:
        """Return where the digit contributes to a finished point: (n, final_seq_length), bool."""
        inside = self.translate(self.scale(self.dilate(draws), draws), draws) != 0  # (n, L)
        return inside[:, self.last.left] | (inside[:, self.last.right] & (self.last.offset > 0))

    def causes(self, draws: Draws) -> Latents:
        """Return the latent variables of each signal; the shift is the effective one, 0 to L -
        1."""
        length = self.config.working_length
        shift = np.where(draws.shift > length, 0, draws.shift) % length
        return Latents(draws.padding, shift, draws.factor, draws.slope)

    def corr_noise(self, draws: Draws) -> np.ndarray:
        """Return the smooth noise, scaled."""
        noise = self._scale("corr_noise_scale", draws) * draws.corr_noise
        if noise.dtype == np.float32:
            return noise @ self.smoothing
        return gaussian_filter1d(noise, SMOOTHING_STD, axis=1)

    def add_corr_noise(self, x: np.ndarray, draws: Draws) -> np.ndarray:
        """Put smooth noise where the signal is exactly zero."""
        return np.where(
            x != 0, x, self.corr_noise(draws) + 0.0
        )  # + 0.0: the original never leaves a -0.0 here

    def add_iid_noise(self, x: np.ndarray, draws: Draws) -> np.ndarray:
        """Add white noise."""
        return x + self._scale("iid_noise_scale", draws) * draws.iid_noise

    def shear(self, x: np.ndarray, draws: Draws) -> np.ndarray:
        """Subtract the ramps."""
        return x - draws.slope[:, None] * self.ramp.astype(x.dtype, copy=False)

    def resample(self, x: np.ndarray) -> np.ndarray:
        """Resample to final_seq_length."""
        return x @ self.resampling if x.dtype == np.float32 else resample(x, self.last)

    def time(self) -> np.ndarray:
        """Return the time axis (final_seq_length,), before it is divided by the signals' standard
        deviation."""
        return resample(
            resample(
                self.templates.t, plan_resampling(len(self.templates.t), self.config.working_length)
            ),
            self.last,
        )

    def _scale(self, knob: str, draws: Draws) -> np.floating:
        return draws.factor.dtype.type(getattr(self.config, knob))


def apply(templates: Templates, draws: Draws, config: DataConfig) -> np.ndarray:
    """Return the raw signals of the draws, (n, final_seq_length), not standardised, in the draws'
    dtype."""
    return Pipeline(templates, config)(draws)


class Stage(NamedTuple):
    """One signal after one step: its values `x` over the time axis `t`, and a sentence about the
    step."""

    name: str
    x: np.ndarray
    t: np.ndarray
    text: str


def stages(templates: Templates, draws: Draws, config: DataConfig) -> Sequence[Stage]:
    """Return every stage of one signal, from template to resampled; `draws` holds one row."""
    pipeline = Pipeline(templates, config)
    label, padding = int(draws.label[0]), int(draws.padding[0])
    result = [
        Stage(
            "template",
            templates.x[label],
            templates.t,
            f"The template of class {templates.y[label]}.",
        )
    ]

    def add(name: str, x: np.ndarray, text: str) -> np.ndarray:
        # the original stretches the time axis with the signal: it covers the same span at every
        # stage
        t = resample(templates.t, plan_resampling(len(templates.t), x.shape[-1]))
        result.append(Stage(name, x.reshape(-1), t, text))
        return x

    add("pad", pipeline.padded(padding)[label], f"{padding} zeros are appended.")
    x = add(
        "dilate",
        pipeline.dilate(draws),
        f"Stretched to {config.working_length} points by linear interpolation.",
    )
    x = add("scale", pipeline.scale(x, draws), f"Multiplied by {draws.factor[0]:.3f}.")
    x = add(
        "translate",
        pipeline.translate(x, draws),
        f"Shifted circularly to the right by {draws.shift[0]} points.",
    )
    x = add(
        "correlated noise",
        pipeline.add_corr_noise(x, draws),
        "Smooth noise replaces the zeros around the digit.",
    )
    x = add("white noise", pipeline.add_iid_noise(x, draws), "White noise is added everywhere.")
    x = add("shear", pipeline.shear(x, draws), f"A ramp of slope {-draws.slope[0]:.3f} is added.")
    add(
        "resample", pipeline.resample(x), f"Resampled linearly to {config.final_seq_length} points."
    )
    return result
