"""The integrals over factor and slope, for one component of the mixture: jitted, float64,
elementwise over components.

With y the whitened signal, a the whitened template and r the whitened ramp, a component's density
given factor s and slope c is exp(-Q/2) up to a constant, Q(s, c) = |y - s a + c r|^2, and the prior
is uniform on a rectangle: docs/ideal-observer.md.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import logsumexp
from scipy.special import erfcx

Numbers = Array | np.ndarray
Value = Numbers | float
DROP = 24.0  # nats below the peak at which the integrand counts as zero
TINY = 1e-300
SQRT2 = math.sqrt(2)

# (1 + 2 x) erfcx(x) is smooth on the whole half-line in t = (x - 3.75) / (x + 3.75), so one
# polynomial serves
ERFCX_SCALE = 3.75
ERFCX_POLYNOMIAL = np.polynomial.chebyshev.cheb2poly(
    np.polynomial.chebyshev.chebinterpolate(
        lambda t: (1 + 2 * (x := ERFCX_SCALE * (1 + t) / (1 - t))) * erfcx(x), 20
    )
)


class Rectangle(NamedTuple):
    """The prior: factor uniform in low .. high, slope uniform in ± half. Floats, or a scalar array
    each."""

    low: float
    high: float
    half: float


class Quadratic(NamedTuple):
    """The coefficients of Q(s, c) = yy - 2 s ya + 2 c yr + s^2 aa - 2 s c ar + c^2 rr, arrays that
    broadcast."""

    yy: Numbers
    ya: Numbers
    yr: Numbers
    aa: Numbers
    ar: Numbers
    rr: Numbers

    def __call__(self, s: Value, c: Value) -> Numbers:
        return (
            self.yy
            - 2 * s * self.ya
            + 2 * c * self.yr
            + s * s * self.aa
            - 2 * s * c * self.ar
            + c * c * self.rr
        )

    def best_slope(self, s: Value) -> Numbers:
        """Return the c that minimises Q(s, c)."""
        return (s * self.ar - self.yr) / self.rr

    def best_factor(self, c: Value) -> Numbers:
        """Return the s that minimises Q(s, c)."""
        return (self.ya + c * self.ar) / jnp.maximum(self.aa, TINY)

    @property
    def factor_precision(self) -> Array:
        """Precision of s once c has been minimised (or integrated over the whole line) away."""
        return jnp.maximum(
            self.aa - self.ar**2 / self.rr, 1e-14 * self.aa + TINY
        )  # 0 where the template is a ramp itself

    def free_minimum(self) -> tuple[Numbers, Numbers]:
        """Return the minimising (s, c) without bounds."""
        s = (self.ya - self.yr * self.ar / self.rr) / self.factor_precision
        return s, self.best_slope(s)

    def bounded_minimum(self, box: Rectangle) -> Array:
        """Return the minimum of Q over the rectangle: at the free minimum where that is inside,
        else on an edge."""
        s, c = self.free_minimum()
        inside = (s >= box.low) & (s <= box.high) & (jnp.abs(c) <= box.half)
        least = jnp.where(inside, self(s, c), jnp.inf)
        for s in (box.low, box.high):
            least = jnp.minimum(least, self(s, jnp.clip(self.best_slope(s), -box.half, box.half)))
        for c in (-box.half, box.half):
            least = jnp.minimum(least, self(jnp.clip(self.best_factor(c), box.low, box.high), c))
        return least


def upper_bound(q: Quadratic, box: Rectangle) -> Array:
    """Return an upper bound of log_evidence, tight to a few nats: the peak times the smallest of
    three volumes."""
    free = jnp.stack(
        jnp.broadcast_arrays(
            0.5 * jnp.log(2 * math.pi / jnp.maximum(q.aa, TINY)) - jnp.log(box.high - box.low),
            0.5 * jnp.log(2 * math.pi / q.rr) - jnp.log(2 * box.half),
            jnp.log(2 * math.pi / (box.high - box.low) / (2 * box.half))
            - 0.5 * jnp.log(q.factor_precision * q.rr),
        )
    )
    return -0.5 * q.bounded_minimum(box) + jnp.minimum(jnp.min(free, 0), 0.0)


def factor_range(q: Quadratic, box: Rectangle) -> tuple[Array, Array]:
    """Return the factors between which the integrand lies within DROP nats of its peak: the level
    set {Q <= least + 2 DROP}.

    That set is an ellipse cut by the rectangle. Its leftmost and rightmost points are the ellipse's
    own where their slope is in range, else the ends of the chord at the nearest slope that is (the
    set is convex).
    """
    s, c = q.free_minimum()
    level = q.bounded_minimum(box) + 2 * DROP
    reach = jnp.sqrt(jnp.maximum(level - q(s, c), 0.0) / q.factor_precision)
    ends = []
    for sign in (-1, 1):
        slope = jnp.clip(q.best_slope(s + sign * reach), -box.half, box.half)
        centre = q.best_factor(slope)
        chord = jnp.sqrt(jnp.maximum(level - q(centre, slope), 0.0) / jnp.maximum(q.aa, TINY))
        ends.append(jnp.clip(centre + sign * chord, box.low, box.high))
    return ends[0], ends[1]


def log_normal_mass(a: Numbers, b: Numbers) -> Array:
    """Return log(Phi(b) - Phi(a)) for a < b, to full precision in both tails and for close
    limits."""
    a, b = (
        jnp.where(a + b > 0, -b, a),
        jnp.where(a + b > 0, -a, b),
    )  # the same mass, mostly on the left: a < 0, |b| <= |a|
    middle, width = 0.5 * (a + b), b - a
    close = (
        width * (1 + jnp.abs(middle)) < 1e-4
    )  # then a difference would cancel, but the density is nearly constant
    log_scale = jnp.where(close, -0.5 * middle**2, jnp.where(b < 0, -0.5 * b**2, 0.0))
    far_tail = 0.5 * _erfcx(-a / SQRT2) * jnp.exp(-0.5 * a**2 - jnp.where(b < 0, -0.5 * b**2, 0.0))
    near_tail = 0.5 * _erfcx(jnp.abs(b) / SQRT2)
    mass = jnp.where(b < 0, near_tail - far_tail, 1 - near_tail * jnp.exp(-0.5 * b**2) - far_tail)
    mass = jnp.where(
        close, width * (1 + (middle**2 - 1) * width**2 / 24) / math.sqrt(2 * math.pi), mass
    )
    return log_scale + jnp.log(mass)


def _erfcx(x: Array) -> Array:
    """Return exp(x^2) erfc(x) for x >= 0, to 4e-15: no branches, so much cheaper than log_ndtr."""
    t, value = (x - ERFCX_SCALE) / (x + ERFCX_SCALE), 0.0
    for coefficient in ERFCX_POLYNOMIAL[::-1]:
        value = value * t + coefficient
    return value / (1 + 2 * x)


class Evidence(NamedTuple):
    """For each component: the log of the mean of exp(-Q/2) over the rectangle, and the posterior
    means of factor and slope."""

    log: Numbers
    factor: Numbers
    slope: Numbers


def nodes_needed(aa: np.ndarray, ar: np.ndarray, rr: np.ndarray, box: Rectangle) -> np.ndarray:
    """Return how many nodes the quadrature over the factor needs, a power of two from 16 on: by the
    range of factors that matter, in units of the integrand's finest scale, 1 / sqrt(aa)."""
    precision = np.maximum(aa - ar**2 / rr, 1e-14 * aa)
    span = np.minimum(
        box.high - box.low, 2 * math.sqrt(2 * DROP) / np.sqrt(np.maximum(precision, TINY))
    ) * np.sqrt(aa)
    return np.maximum(16, 2 ** np.ceil(np.log2(1.25 * span + 8))).astype(int)


@partial(jax.jit, static_argnames=("vary_factor", "vary_slope", "nodes"))
def log_evidence(
    q: Quadratic, box: Rectangle, *, vary_factor: bool, vary_slope: bool, nodes: int
) -> Evidence:
    """Integrate over the slope in closed form and over the factor by Gauss-Legendre quadrature;
    coefficients (components,)."""
    q = Quadratic(*(v[:, None] for v in q))  # (components, 1)
    if vary_factor:
        low, high = factor_range(q, box)
        at, weight = np.polynomial.legendre.leggauss(nodes)
        middle, reach = 0.5 * (low + high), 0.5 * (high - low)
        s, mass = middle + reach * at, reach * weight / (box.high - box.low)  # (components, nodes)
    else:
        s, mass = jnp.full_like(q.yy, box.low), jnp.ones_like(q.yy)
    if vary_slope:
        peak, std = q.best_slope(s), q.rr**-0.5
        a, b = (-box.half - peak) / std, (box.half - peak) / std
        log_mass = log_normal_mass(a, b)
        at_slope = (
            -0.5 * q(s, peak) + log_mass + jnp.log(std * math.sqrt(2 * math.pi) / (2 * box.half))
        )
        density_a, density_b = (
            jnp.exp(-0.5 * limit**2 - 0.5 * math.log(2 * math.pi) - log_mass) for limit in (a, b)
        )
        c = jnp.clip(
            peak + std * (density_a - density_b), -box.half, box.half
        )  # mean of the truncated normal
    else:
        at_slope, c = -0.5 * q(s, 0.0), jnp.zeros_like(s)
    log_terms = at_slope + jnp.log(jnp.maximum(mass, TINY))
    log = logsumexp(log_terms, axis=1)
    share = jnp.exp(log_terms - log[:, None])
    return Evidence(log, (share * s).sum(1), (share * c).sum(1))
