"""Group-sequential looks: how much of the 5% error each look at growing data may spend.

Seeds are added in steps, for example up to 4, 8, 16 and 32, and every claim is tested after each
step (a "look"). With a test at 5% each time, a true null hypothesis would be rejected far more
often than 5%. Instead, the looks share the 5%: at a look with a fraction t of the seeds, the error
spent so far is at most

    alpha*(t) = 2 (1 - Phi(Phi^-1(1 - alpha/2) / sqrt(t))),

which spends almost nothing early and nearly all of it at the last look, like the boundaries of
O'Brien and Fleming (Lan and DeMets, Discrete sequential boundaries for clinical trials, Biometrika
70, 1983). A look tests Student's t at the level that its own share of the error leaves. The levels
add up to alpha, so the bound holds however the statistics of the looks depend on one another, and
for few seeds as well as for many.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import special

from mnist1d.errors import UsageError

LOOKS = (4, 8, 16, 32)  # seeds at each look
ALPHA = 0.05


def looks_up_to(max_seeds: int, looks: Sequence[int] = LOOKS) -> tuple[int, ...]:
    """Return the looks of a design that ends at max_seeds: the default looks below it, then doubled
    numbers below it, and max_seeds itself.

    >>> looks_up_to(32), looks_up_to(20), looks_up_to(100)
    ((4, 8, 16, 32), (4, 8, 16, 20), (4, 8, 16, 32, 64, 100))
    """
    if max_seeds < looks[0]:
        raise UsageError(f"max_seeds must be at least {looks[0]}, the first look, got {max_seeds}")
    found = [look for look in looks if look < max_seeds]
    while found and found[-1] >= looks[-1] and 2 * found[-1] < max_seeds:
        found.append(2 * found[-1])
    return (*found, max_seeds)


def spent(time: float, alpha: float = ALPHA) -> float:
    """Return the error that may be spent once a fraction `time` of the seeds is available."""
    return float(2 * special.ndtr(special.ndtri(alpha / 2) / np.sqrt(time)))


@cache
def levels(looks: tuple[int, ...], alpha: float = ALPHA) -> tuple[float, ...]:
    """Return the two-sided level at which each look tests; they add up to alpha.

    >>> [round(level, 5) for level in levels((4, 8, 16, 32))]
    [0.0, 9e-05, 0.00549, 0.04443]
    """
    by_then = [spent(look / looks[-1], alpha) for look in looks]
    return tuple(float(level) for level in np.diff([0.0, *by_then]))


def level_at(seeds: int, looks: tuple[int, ...], alpha: float = ALPHA) -> float:
    """Return the level of the last look that a number of seeds reaches, or of the first look."""
    reached = sum(look <= seeds for look in looks)
    return levels(looks, alpha)[max(reached, 1) - 1]
