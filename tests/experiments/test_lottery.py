"""Masks: how many weights they drop, which, and that what is dropped stays dropped; adjacency on
masks made by hand."""

import jax
import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments import lottery
from mnist1d.experiments.lottery import (
    Config,
    adjacency,
    adjacent_shares,
    joined,
    lowest_dropped,
    peaks,
    rounds,
    split_off,
)
from mnist1d.experiments.rows import Record, Rows
from mnist1d.learning import Settings, Split, make_fit
from mnist1d.learning.models import mlp

MODEL = mlp(hidden=12, num_inputs=6)
FIT = jax.jit(
    make_fit(
        MODEL,
        Settings(num_steps=15, batch_size=20, learning_rate=0.02, eval_every=15, snapshot_at=15),
    )
)


def data():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 6)), rng.integers(0, 10, 60)
    return Split(
        *map(jax.numpy.asarray, (x.astype("float32"), y, x[:20].astype("float32"), y[:20]))
    )


@pytest.mark.parametrize("sparsity", [0, 0.1, 0.5, 0.919, 1])
def test_drops_the_int_of_sparsity_times_size_lowest_scores(sparsity):
    scores = np.random.default_rng(1).random((41, 500)).astype("float32")
    mask = lowest_dropped(scores, sparsity)
    assert mask.shape == scores.shape and mask.dtype == np.float32
    assert (mask == 0).sum() == int(sparsity * scores.size)
    if 0 < sparsity < 1:
        assert scores[mask == 0].max() < scores[mask == 1].min()


def test_joined_holds_weights_and_biases_and_split_off_undoes_it():
    layer = {"w": np.arange(6.0).reshape(2, 3), "b": np.array([6.0, 7.0, 8.0])}
    assert np.array_equal(joined(layer), np.arange(9.0).reshape(3, 3))
    assert all(np.array_equal(split_off(joined(layer))[name], layer[name]) for name in layer)


@pytest.mark.parametrize("selection", lottery.SELECTIONS)
def test_rounds_start_from_the_initial_values_with_exact_density_and_keep_zeros(selection):
    config, split = Config(selection, num_rounds=6, ticket_sparsity=0.6), data()
    initial, calls = jax.device_get(MODEL.init(jax.random.key(0))), []

    def train(params, mask):
        result = FIT(jax.random.key(0), split, params=params, mask=mask)
        calls.append((params, mask, jax.device_get(result.params)))
        return result

    found, chosen = rounds(config, 0, initial, train)
    assert len(calls) == 6 and chosen is calls[3][1]
    for (params, mask, after), sparsity in zip(calls, np.linspace(0, 1, 6), strict=True):
        for layer in initial:
            assert np.array_equal(params[layer]["w"], initial[layer]["w"])
            m, size = joined(mask[layer]), joined(mask[layer]).size
            assert (m == 0).sum() == int(
                sparsity * size
            )  # each layer by itself, weights and biases together
            assert (joined(after[layer])[m == 0] == 0).all()
            assert (
                joined(after[layer])[m == 1] != joined(initial[layer])[m == 1]
            ).any() or sparsity == 1
    dropped = sum(int(0.6 * joined(p).size) for p in initial.values()) / sum(
        joined(p).size for p in initial.values()
    )
    assert found["sparsity"][3] == pytest.approx(dropped) and found["sparsity"][
        [0, 5]
    ].tolist() == [0, 1]


def test_magnitude_drops_what_training_made_small_and_never_revives_it():
    config, initial = (
        Config("magnitude", num_rounds=4),
        {"layer": {"w": np.ones((2, 2)), "b": np.ones(2)}},
    )
    trained = {"layer": {"w": np.array([[0.1, -5.0], [3.0, -0.2]]), "b": np.array([4.0, 0.3])}}
    masks = []

    def train(params, mask):
        masks.append(joined(mask["layer"]))
        params = {
            "layer": {name: trained["layer"][name] * mask["layer"][name] for name in ("w", "b")}
        }
        return type(
            "Fit",
            (),
            {
                "snapshot": params,
                "curves": dict.fromkeys(
                    ("train_acc", "test_acc", "train_loss", "test_loss"), [0.0]
                ),
            },
        )

    rounds(config, 0, initial, train)
    assert masks[1].tolist() == [[0, 1], [1, 0], [1, 1]]  # 2 of 6: 0.1 and -0.2
    assert masks[2].tolist() == [[0, 1], [0, 0], [1, 0]]  # 4 of 6: 0.3 and 3 too, 4 and -5 stay
    assert all((later <= earlier).all() for earlier, later in zip(masks, masks[1:], strict=False))


def test_adjacency_of_a_mask_made_by_hand():
    mask = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 1], [0, 0, 0], [1, 0, 1]])  # 5 inputs, 3 units
    assert adjacent_shares(mask > 0, 2).tolist() == [2 / 4, 0, 0]
    assert adjacent_shares(mask > 0, 3).tolist() == [1 / 3, 0, 0]
    found = adjacency(mask)
    assert found["adjacent 2"] == pytest.approx(1 / 6)
    assert found["adjacent 2 se"] == pytest.approx(np.std([0.5, 0, 0], ddof=1) / 3**0.5)
    assert found["adjacent 2 by chance"] == pytest.approx((4 * 3 / 20 + 0 + 3 * 2 / 20) / 3)
    assert found["adjacent 4 by chance"] == pytest.approx(4 * 3 * 2 * 1 / (5 * 4 * 3 * 2) / 3)


def test_chance_is_what_shuffled_masks_have():
    rng, counts = np.random.default_rng(0), np.array([3, 7, 12, 20])
    shares = []
    for _ in range(3000):
        mask = np.stack([rng.permutation(np.arange(40) < count) for count in counts], axis=1)
        shares.append(adjacent_shares(mask, 2).mean())
    assert np.mean(shares) == pytest.approx(
        adjacency(mask)["adjacent 2 by chance"], abs=4 * np.std(shares) / 3000**0.5
    )


def test_the_peak_is_that_of_a_running_mean():
    acc = np.full(50, 0.5)
    acc[10], acc[29:32] = 0.9, 0.8  # one lucky value, and a true hump
    records = [
        Record("t", {"selection": "magnitude"}, 0, name, i, value)
        for name, values in (("test_acc", acc), ("sparsity", np.linspace(0, 1, 50)))
        for i, value in enumerate(values)
    ]
    at, height = peaks(Rows(records), "magnitude")
    assert at[0] == pytest.approx(30 / 49, abs=1.1 / 49) and height[0] == pytest.approx(
        (3 * 0.8 + 2 * 0.5) / 5
    )


def test_settings_name_the_rule():
    assert Config().ticket_round == 91
    with pytest.raises(UsageError, match="num_rounds must be a whole number, at least 2"):
        Config(num_rounds=1)
    with pytest.raises(UsageError, match="did you mean 'magnitude'"):
        Config("magnitud")
    with pytest.raises(UsageError, match="ticket_sparsity must be"):
        Config(ticket_sparsity=1.0)
