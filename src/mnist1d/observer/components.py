"""The mixture from which the signals of a config are drawn: one component per class, padding and
shift.

Before standardisation, a finished signal is R (s a + M G e + sigma e' - c r): template a of the
component, amplitude s, mask M where the template is exactly 0, smoothing G, ramp r, last resampling
R, white noise e and e'. Given s and c, the signal is Gaussian. Its covariance depends only on
padding and shift (and on the class, if a custom template has zeros inside).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.ndimage import gaussian_filter1d

from mnist1d.config import DataConfig
from mnist1d.digits import Templates
from mnist1d.errors import UsageError
from mnist1d.moments import shift_distribution
from mnist1d.signals import SMOOTHING_STD, Pipeline, resample

MAX_BYTES = 2e9  # of all whitening matrices together
SINGULAR = (
    1e-13  # ratio of smallest to largest eigenvalue below which a covariance is singular in float64
)


class NoDensityError(UsageError):
    """Settings without an ideal observer: the signals have no density, or the observer needs too
    much memory."""


class Components(NamedTuple):
    """All components; n: observed points, after the reduction `basis` (time, n); g: covariances, m:
    components, in the order class, padding, shift."""

    basis: np.ndarray | None  # (time, n) orthonormal; None: the points themselves
    whitening: np.ndarray  # (g, n, n) inverse Cholesky factors
    log_det: np.ndarray  # (g,) of the covariances
    group: np.ndarray  # (m,) which covariance
    label: np.ndarray  # (m,) row of the templates
    padding: np.ndarray  # (m,)
    shift: np.ndarray  # (m,) circular, 0 to working length - 1
    log_prior: np.ndarray  # (m,)
    means: np.ndarray  # (m, time) finished template, at factor 1 and slope 0
    ramp: np.ndarray  # (time,) finished ramp
    a: np.ndarray  # (m, n) inverse covariance times mean
    r: np.ndarray  # (g, n) inverse covariance times ramp
    aa: np.ndarray  # (m,) squared length of the whitened mean
    ar: np.ndarray  # (m,) its product with the whitened ramp
    rr: np.ndarray  # (g,) squared length of the whitened ramp


def make_components(config: DataConfig, templates: Templates) -> Components:
    """Return the components. Errors: NoDensityError if a covariance is singular, so that no density
    exists, or if the components need too much memory."""
    length, time = config.working_length, config.final_seq_length
    paddings = np.arange(config.padding[0], config.padding[1] + 1)
    shifts, shift_prior = shift_distribution(config)
    num_bytes = 8.0 * len(paddings) * len(shifts) * min(time, length) ** 2
    if num_bytes > MAX_BYTES:
        raise NoDensityError(
            f"the ideal observer keeps a matrix for each padding and shift, {len(paddings)} x "
            f"{len(shifts)} here, {num_bytes / 1e9:.1f} GB of at most {MAX_BYTES / 1e9:.0f}: "
            f"narrow padding={config.padding} or max_translation={config.max_translation}"
        )
    pipeline = Pipeline(templates, config)
    rotation = (np.arange(length) - shifts[:, None]) % length  # (shifts, L)
    last = resample(np.eye(length), pipeline.last).T  # (time, L)
    basis = (
        np.linalg.svd(last, full_matrices=False)[0] if time > length else None
    )  # signals fill L dimensions only
    observed = last if basis is None else basis.T @ last  # (n, L)
    smoothing = gaussian_filter1d(np.eye(length), SMOOTHING_STD, axis=0) * config.corr_noise_scale

    dilated = np.stack([pipeline.dilated(int(p)) for p in paddings])  # (paddings, classes, L)
    masks, which = np.unique((dilated == 0).reshape(-1, length), axis=0, return_inverse=True)
    which = which.reshape(dilated.shape[:2])  # (paddings, classes)
    smooth = (
        observed[None, None] * masks[:, rotation][:, :, None, :]
    ) @ smoothing  # (masks, shifts, n, L)
    covariance = (
        smooth @ smooth.swapaxes(-1, -2) + config.iid_noise_scale**2 * observed @ observed.T
    )
    covariance = covariance.reshape(-1, *covariance.shape[2:])  # (g, n, n), masks then shifts
    _check_density(covariance, config)
    cholesky = np.linalg.cholesky(covariance)
    whitening = np.stack([solve_triangular(c, np.eye(len(c)), lower=True) for c in cholesky])
    log_det = 2 * np.log(np.diagonal(cholesky, axis1=1, axis2=2)).sum(axis=1)

    means = (dilated.swapaxes(0, 1)[:, :, rotation] @ last.T).reshape(
        -1, time
    )  # (m, time): class, padding, shift
    group = (which.T[:, :, None] * len(shifts) + np.arange(len(shifts))).reshape(-1)
    label, padding, shift = (
        v.reshape(-1)
        for v in np.meshgrid(np.arange(len(templates.y)), paddings, shifts, indexing="ij")
    )
    prior = np.broadcast_to(
        shift_prior / len(paddings) / len(templates.y),
        (len(templates.y), len(paddings), len(shifts)),
    )

    ramp = last @ pipeline.ramp
    seen_means, seen_ramp = (means, ramp) if basis is None else (means @ basis, ramp @ basis)
    white_ramp = whitening @ seen_ramp  # (g, n)
    white_means = np.concatenate(
        [np.einsum("mij,mj->mi", whitening[g], v) for g, v in _blocks(group, seen_means)]
    )
    transposed = whitening.swapaxes(-1, -2)
    return Components(
        basis=basis,
        whitening=whitening,
        log_det=log_det,
        group=group,
        label=label,
        padding=padding,
        shift=shift,
        log_prior=np.log(prior).reshape(-1),
        means=means,
        ramp=ramp,
        a=np.concatenate(
            [np.einsum("mij,mj->mi", transposed[g], v) for g, v in _blocks(group, white_means)]
        ),
        r=np.einsum("gij,gj->gi", transposed, white_ramp),
        aa=np.square(white_means).sum(axis=1),
        ar=(white_means * white_ramp[group]).sum(axis=1),
        rr=np.square(white_ramp).sum(axis=1),
    )


def _blocks(group: np.ndarray, values: np.ndarray, size: int = 1000):
    """Yield rows a thousand at a time, because each gathers a matrix."""
    for start in range(0, len(group), size):
        yield group[start : start + size], values[start : start + size]


def _check_density(covariance: np.ndarray, config: DataConfig) -> None:
    eigenvalues = np.linalg.eigvalsh(covariance)  # (g, n) ascending
    if not (eigenvalues[:, 0] > SINGULAR * np.maximum(eigenvalues[:, -1], 1e-300)).all():
        raise NoDensityError(
            "no ideal observer exists, because some points have no noise (the covariance is "
            "singular): iid_noise_scale must be above 0, got "
            f"{config.iid_noise_scale:g} with corr_noise_scale={config.corr_noise_scale:g}; write "
            "iid_noise_scale=1e-3"
        )
