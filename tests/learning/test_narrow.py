"""A narrow network inside a wide one: the mask keeps it narrow, and it starts and trains as the
narrow one does."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.learning import Settings, Split, make_fit, num_params
from mnist1d.learning.models import cnn
from mnist1d.learning.narrow import (
    groups_of,
    narrow_groups,
    narrowed,
    plain_mlp,
    widths_at_once,
)

MAKERS = {
    "mlp": plain_mlp,
    "mlp, 20 positions, 3 classes": partial(plain_mlp, num_inputs=20, num_outputs=3),
    "cnn": lambda channels: cnn(channels=channels),
}


def sliced(params, model):
    """The leading entries of each array: a narrow network out of a padded one."""
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    return jax.tree.map(lambda a, s: a[tuple(map(slice, s.shape))], params, shapes)


@pytest.mark.parametrize("name", MAKERS)
def test_a_padded_network_trains_as_the_narrow_one_does(name):
    width, units, rng = 3, 8, np.random.default_rng(0)
    num_inputs, num_outputs = (20, 3) if "20" in name else (40, 10)
    x = jnp.asarray(rng.normal(size=(40, num_inputs)), jnp.float32)
    y = jnp.asarray(rng.integers(0, num_outputs, 40))
    split, key = Split(x, y, x[:20], y[:20]), jax.random.key(1)
    wide, narrow = MAKERS[name](units), MAKERS[name](width)
    settings = Settings(60, 20, 0.05, optimizer="momentum", eval_every=30, reshuffle=True)
    params, mask = narrowed(MAKERS[name], units, wide.init(key), width)
    padded = jax.jit(make_fit(wide, settings))(key, split, params=params, mask=mask)
    alone = jax.jit(make_fit(narrow, settings))(key, split, params=sliced(params, narrow))
    for metric in alone.curves:
        np.testing.assert_allclose(padded.curves[metric], alone.curves[metric], rtol=1e-4)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5),
        sliced(padded.params, narrow),
        alone.params,
    )
    jax.tree.map(
        lambda a, m: np.testing.assert_array_equal(np.asarray(a)[np.asarray(m) == 0], 0),
        padded.params,
        mask,
    )
    assert alone.curves["train_loss"][-1] < alone.curves["train_loss"][0]
    assert sum(int(m.sum()) for m in jax.tree.leaves(mask)) == num_params(narrow)


@pytest.mark.parametrize("name", MAKERS)
def test_a_narrowed_network_starts_uniform_over_its_own_fan_in(name):
    width, units = 20, 64
    wide = MAKERS[name](units).init(jax.random.key(0))
    start = jax.jit(lambda width: narrowed(MAKERS[name], units, wide, width))  # a traced width
    params, mask = start(jnp.float32(width))
    for layer, shapes in jax.eval_shape(MAKERS[name](width).init, jax.random.key(0)).items():
        fan_in = np.prod(shapes["w"].shape[:-1])
        for part in ("w", "b"):
            values = np.abs(np.asarray(params[layer][part])[np.asarray(mask[layer][part]) == 1])
            assert values.size == np.prod(shapes[part].shape)
            assert values.max() <= fan_in**-0.5 * (1 + 1e-6)
            assert values.size < 200 or values.mean() == pytest.approx(0.5 * fan_in**-0.5, rel=0.1)


@pytest.mark.slow
def test_widths_in_groups_train_as_all_of_them_padded_to_the_widest():
    widths, rng = np.array([2, 9, 20, 33, 40]), np.random.default_rng(0)
    assert {units: of.tolist() for units, of in groups_of(widths).items()} == {
        20: [2, 9, 20],
        40: [33, 40],
    }
    assert list(groups_of(np.array([2, 32]))) == [32]
    x, y = jnp.asarray(rng.normal(size=(60, 40)), jnp.float32), jnp.arange(60) % 10
    split, key, model = Split(x, y, x[:20], y[:20]), jax.random.key(1), plain_mlp(40)
    settings = Settings(30, 20, eval_every=30, loss="mse", reshuffle=True)
    rates, params = np.linspace(0.01, 0, 30), model.init(key)
    train = partial(widths_at_once, make_fit(model, settings), rates, key, split)
    in_groups = jax.jit(train)(narrow_groups(plain_mlp, widths, params))
    whole = jax.vmap(lambda width: narrowed(plain_mlp, 40, params, width))(widths)
    together = jax.jit(train)([whole])
    assert in_groups[1].shape == (5, 3, 20)
    for metric, values in together[0].items():
        np.testing.assert_allclose(in_groups[0][metric], values, rtol=1e-4)
    assert len(set(np.asarray(together[0]["train_loss"]).tolist())) == 5
