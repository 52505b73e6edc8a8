"""Many settings in one call: what a search over learning rates, weight decays or starts trains."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
from jax import Array, lax

from mnist1d.learning.training import Fit, FitFunction, Split


@partial(jax.jit, static_argnums=0)
def fit_settings(fit: FitFunction, keys: Array, split: Split, numbers: dict[str, Any]) -> Fit:
    """Run a `fit` of make_fit once per setting on one split, in one compiled program.

    keys: (settings,). numbers: what `fit` takes by name (params, mask, learning_rate,
    weight_decay), each with a leading settings axis. Every field of the result but `steps` gains
    that axis.
    """
    found = lax.map(lambda one: fit(one[0], split, **one[1]), (keys, numbers))
    return found._replace(steps=found.steps[0])
