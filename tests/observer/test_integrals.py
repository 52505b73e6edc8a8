"""The integrals over factor and slope against adaptive quadrature."""

import numpy as np
import pytest
from scipy import integrate, special

jax = pytest.importorskip("jax", reason="the observer needs JAX")
from mnist1d.observer import ideal  # noqa: E402
from mnist1d.observer.integrals import (  # noqa: E402
    Quadratic,
    Rectangle,
    log_evidence,
    log_normal_mass,
    nodes_needed,
    upper_bound,
)

BOX = Rectangle(0.8, 1.2, 0.375)


def evidence(q, box=BOX, vary_factor=True, vary_slope=True):
    """The observer's integrals with its own choice of nodes, one component at a time."""
    nodes = nodes_needed(q.aa, q.ar, q.rr, box) if vary_factor else np.ones(len(q.aa), int)
    with ideal._float64():
        parts = [
            log_evidence(
                Quadratic(*(v[i : i + 1] for v in q)),
                box,
                vary_factor=vary_factor,
                vary_slope=vary_slope,
                nodes=int(n),
            )
            for i, n in enumerate(nodes)
        ]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def random_quadratics(n=24, seed=0):
    """Whitened signals of 8 points, near the template or far, with templates from weak to sharp."""
    rng = np.random.default_rng(seed)
    scale = 10 ** rng.uniform(-1, 2, (n, 1))
    a, r = (
        rng.normal(size=(n, 8)) * scale,
        rng.normal(size=(n, 8)) * 10 ** rng.uniform(-1, 2, (n, 1)),
    )
    s, c = rng.uniform(0.5, 1.5, (n, 1)), rng.uniform(-0.6, 0.6, (n, 1))
    y = s * a - c * r + rng.normal(size=(n, 8))
    products = (y * y, y * a, y * r, a * a, a * r, r * r)
    return Quadratic(*(p.sum(axis=1) for p in products))


def by_quadrature(q, i):
    """Log of the mean of exp(-Q/2) over the rectangle, and the mean factor and slope: the peak
    divided out, bounds at the mass."""
    one = [float(v[i]) for v in q]

    def value(s, c):
        yy, ya, yr, aa, ar, rr = one
        return yy - 2 * s * ya + 2 * c * yr + s * s * aa - 2 * s * c * ar + c * c * rr

    grid = (
        np.linspace(BOX.low, BOX.high, 1501)[:, None],
        np.linspace(-BOX.half, BOX.half, 1501)[None],
    )
    logs = -0.5 * value(*grid)
    peak = logs.max()
    weights = np.exp(logs - peak)
    inside = [weights.max(axis=1) > 1e-18, weights.max(axis=0) > 1e-18]
    (s0, s1), (c0, c1) = (
        (v.ravel()[m][0], v.ravel()[m][-1]) for v, m in zip(grid, inside, strict=True)
    )
    step = (grid[0][1, 0] - grid[0][0, 0], grid[1][0, 1] - grid[1][0, 0])
    s0, s1, c0, c1 = (
        max(BOX.low, s0 - step[0]),
        min(BOX.high, s1 + step[0]),
        max(-BOX.half, c0 - step[1]),
        min(BOX.half, c1 + step[1]),
    )
    nodes, w = np.polynomial.legendre.leggauss(300)
    s, c = (s0 + s1) / 2 + (s1 - s0) / 2 * nodes, (c0 + c1) / 2 + (c1 - c0) / 2 * nodes
    density = (
        np.exp(-0.5 * value(s[:, None], c[None]) - peak)
        * w[:, None]
        * w[None]
        * (s1 - s0)
        * (c1 - c0)
        / 4
    )
    total = density.sum()
    mean = total / (BOX.high - BOX.low) / (2 * BOX.half)
    return (
        peak + np.log(mean),
        (density * s[:, None]).sum() / total,
        (density * c[None]).sum() / total,
    )


def test_evidence_and_means_equal_quadrature():
    q = random_quadratics()
    found = evidence(q)
    expected = np.array([by_quadrature(q, i) for i in range(len(q.yy))]).T
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-6)
    np.testing.assert_allclose(found[2], expected[2], atol=1e-6)


def test_one_variable_at_a_time():
    q = random_quadratics(6)
    for vary_factor, vary_slope in ((True, False), (False, True), (False, False)):
        box = Rectangle(
            0.8 if vary_factor else 1.0, 1.2 if vary_factor else 1.0, 0.375 if vary_slope else 0.0
        )
        found = evidence(q, box, vary_factor, vary_slope)[0]
        for i in range(6):
            one = Quadratic(*(float(v[i]) for v in q))

            if not (vary_factor or vary_slope):
                expected = -0.5 * one(1.0, 0.0)
            else:
                low, high = (0.8, 1.2) if vary_factor else (-0.375, 0.375)
                at = np.linspace(low, high, 20001)
                values = one(at, 0.0) if vary_factor else one(1.0, at)
                peak, best = values.min(), at[values.argmin()]

                def density(t, one=one, vary_factor=vary_factor, peak=peak):
                    return np.exp(-0.5 * ((one(t, 0.0) if vary_factor else one(1.0, t)) - peak))

                expected = (
                    np.log(
                        integrate.quad(density, low, high, points=[best], limit=400)[0]
                        / (high - low)
                    )
                    - 0.5 * peak
                )
            assert float(found[i]) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_upper_bound_is_one():
    q = random_quadratics(200, seed=1)
    with ideal._float64():
        q = Quadratic(*map(jax.numpy.asarray, q))
        bound, exact = (
            upper_bound(q, BOX),
            log_evidence(q, BOX, vary_factor=True, vary_slope=True, nodes=256).log,
        )
        assert (np.asarray(bound) >= np.asarray(exact) - 1e-9).all()
        assert np.median(np.asarray(bound) - np.asarray(exact)) < 10  # and of use


def test_normal_mass_in_the_tails_and_for_close_limits():
    a = np.array([-40.0, -5, -1, 0, 3, 30, 1, -8, 2])
    b = np.array([-39.0, -4, 1, 1e-6, 3.0001, 31, 40, 8, 2 + 1e-9])
    with ideal._float64():
        found = np.asarray(log_normal_mass(jax.numpy.asarray(a), jax.numpy.asarray(b)))
    left, right = np.where(a + b > 0, -b, a), np.where(a + b > 0, -a, b)
    expected = special.log_ndtr(right) + np.log1p(
        -np.exp(special.log_ndtr(left) - special.log_ndtr(right))
    )
    np.testing.assert_allclose(found[:8], expected[:8], rtol=1e-9, atol=1e-8)
    assert found[8] == pytest.approx(-2 - 0.5 * np.log(2 * np.pi) + np.log(1e-9), abs=1e-6)
