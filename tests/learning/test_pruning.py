"""Pruned training is the full network's training: same curves, same weights, at the size of what
the mask leaves."""

import jax
import numpy as np
import pytest

from mnist1d.learning import Settings, Split, make_fit
from mnist1d.learning.models import mlp
from mnist1d.learning.pruning import PrunedTraining, ordered_units, slim, used_units

HIDDEN = 30
MODEL = mlp(hidden=HIDDEN, num_inputs=6)
SETTINGS = Settings(num_steps=25, batch_size=20, learning_rate=0.02, eval_every=5)
FULL = jax.jit(make_fit(MODEL, SETTINGS))


@pytest.fixture(scope="module")
def split():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 6)).astype("float32"), rng.integers(0, 10, 60)
    return Split(*map(jax.numpy.asarray, (x, y, x[:20], y[:20])))


@pytest.fixture(scope="module")
def params():
    return jax.device_get(MODEL.init(jax.random.key(0)))


def kept(params, share, seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda a: (rng.random(a.shape) < share).astype("float32"), params)


def with_dead_units(params):
    """Units 0..4 have no first layer, 3..9 no second, 8..14 are not read at the end, 20.. neither
    there nor by the second layer."""
    mask = jax.tree.map(lambda a: np.ones(a.shape, "float32"), params)
    mask["dense1"]["w"][:, :5] = mask["dense1"]["b"][:5] = 0
    mask["dense2"]["w"][:, 3:10] = mask["dense2"]["b"][3:10] = 0
    mask["dense3"]["w"][8:15] = mask["dense3"]["w"][20:] = 0
    mask["dense2"]["w"][20:] = 0
    return mask


MASKS = {
    "dense": lambda p: kept(p, 1.1),
    "half": lambda p: kept(p, 0.5),
    "few": lambda p: kept(p, 0.04),
    "none": lambda p: kept(p, -1.0),
    "dead": with_dead_units,
}


@pytest.mark.parametrize("name", MASKS)
def test_the_full_networks_result(split, params, name):
    mask = MASKS[name](params)
    full = jax.device_get(FULL(jax.random.key(3), split, params=params, mask=mask))
    found = PrunedTraining(SETTINGS)(3, split, params, mask)
    assert found.steps.tolist() == full.steps.tolist()
    for metric in full.curves:
        np.testing.assert_allclose(
            found.curves[metric], full.curves[metric], rtol=1e-4, atol=1e-6, err_msg=metric
        )
    for layer in params:
        for part in ("w", "b"):
            np.testing.assert_allclose(
                found.params[layer][part],
                full.params[layer][part],
                rtol=1e-3,
                atol=2e-5,
                err_msg=f"{layer} {part}",
            )
            assert (found.params[layer][part][mask[layer][part] == 0] == 0).all()


def test_which_units_count(params):
    used, second = used_units(with_dead_units(params))
    assert np.flatnonzero(second).tolist() == [0, 1, 2, 15, 16, 17, 18, 19]
    # 3, 4: neither layer; 5..7 are read at the end; 8..14 are read by the second layer; 20.. by
    # nothing
    assert np.flatnonzero(used).tolist() == [0, 1, 2, *range(5, 20)]


def test_sizes_are_what_is_left_rounded_up(params):
    order, second = ordered_units(with_dead_units(params))
    assert len(order) == 18 and second == 9
    assert sorted(order.tolist()) == [0, 1, 2, *range(5, 20)] and set(order[:8].tolist()) == {
        0,
        1,
        2,
        15,
        16,
        17,
        18,
        19,
    }
    part = slim(params, order, second)
    assert part["dense2"]["w"].shape == (18, 9) and np.array_equal(
        part["dense1"]["w"], params["dense1"]["w"][:, order]
    )


def test_few_programs_serve_all_masks(split, params):
    training = PrunedTraining(SETTINGS)
    for seed in range(6):
        training(0, split, params, kept(params, 0.04, seed))
    assert 1 <= len(training.programs) <= 3 and training.compile_seconds > 0


def test_one_program_where_that_is_asked(split, params):
    training = PrunedTraining(SETTINGS, parts=1)
    for name in MASKS:
        training(0, split, params, MASKS[name](params))
    assert list(training.programs) == [(HIDDEN, HIDDEN)]
