"""JAX pairs: init(key) -> params, apply(params, x (batch, time)) -> logits (batch, classes)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.errors import UsageError
from mnist1d.evaluation.answers import Answer, answer_of_logits, check_batch
from mnist1d.evaluation.protocol import Protocol
from mnist1d.evaluation.trainers import Task, Trained

if TYPE_CHECKING:
    from mnist1d.learning import Fit, Model, Settings
    from mnist1d.learning.layers import Params

FOLLOWS_PROTOCOL: bool = True


def takes(model: object) -> bool:
    """Return whether it is a tuple of two functions."""
    return isinstance(model, tuple) and len(model) >= 2 and all(map(callable, model[:2]))


def train(model: tuple[Callable, Callable], task: Task) -> Trained:
    """Train the pair from params drawn with the seed's key."""
    import jax

    from mnist1d.learning import Model

    pair = model if isinstance(model, Model) else Model(*model)
    params = _own(model, task) if task.own is not None else _fit(pair, task)
    count = sum(np.size(leaf) for leaf in jax.tree.leaves(pair.split(params)[0]))
    return Trained(lambda x: _answer(pair, params, x, task.classes), count)


def _own(model: tuple[Callable, Callable], task: Task) -> Params:
    assert task.own is not None
    params = task.own(model, task.data.x.copy(), task.data.y.copy(), task.seed)
    if params is None:
        raise UsageError(
            "train must return the trained params for a JAX pair (init, apply), got None"
        )
    return params


def _fit(pair: Model, task: Task) -> Params:
    import jax

    from mnist1d.learning import Split

    data, protocol, key = task.data, task.protocol, jax.random.key(task.seed)
    batch = jax.ShapeDtypeStruct((7, data.x.shape[1]), "float32")
    shape = jax.eval_shape(lambda key, x: pair.apply(pair.init(key), x), key, batch).shape
    check_batch(shape, 7, len(task.classes))
    split = Split.of(data)._replace(y=jax.numpy.asarray(task.targets, "int32"))
    # nothing is evaluated during training: one signal stands in for the test set, which stays
    # unseen
    split = split._replace(x_test=split.x[:1], y_test=split.y[:1])
    decay = {"weight_decay": protocol.weight_decay} if protocol.weight_decay else {}
    fit = _compiled(pair, settings_of(protocol))
    params = fit(key, split, learning_rate=protocol.learning_rate, **decay).params
    # otherwise the time would be taken before the training ends
    return jax.block_until_ready(params)


def settings_of(protocol: Protocol) -> Settings:
    """Return the training loop's settings for a protocol, without the numbers that are passed at
    each call, so that other rates and decays do not recompile."""
    from mnist1d.learning import Settings

    return Settings(
        num_steps=protocol.num_steps,
        batch_size=protocol.batch_size,
        optimizer=protocol.optimizer,
        schedule=protocol.schedule,
        eval_every=protocol.num_steps,
    )


@lru_cache(maxsize=4)
def _compiled(pair: Model, settings: Settings) -> Callable[..., Fit]:
    import jax

    from mnist1d.learning import make_fit

    return jax.jit(make_fit(pair, settings))


def _answer(pair: Model, params: Params, x: np.ndarray, classes: np.ndarray) -> Answer:
    import jax

    from mnist1d.learning.evaluation import apply_in_chunks

    apply = jax.jit(lambda params, x: apply_in_chunks(lambda x: pair.apply(params, x), x))
    return answer_of_logits(np.asarray(apply(params, x.astype(np.float32))), len(x), classes)
