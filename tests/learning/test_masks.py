"""Masks: how many weights they drop, and which; adjacency on masks made by hand."""

import numpy as np
import pytest

from mnist1d.learning.masks import (
    adjacency,
    adjacent_shares,
    full_mask,
    joined,
    lowest_dropped,
    sparsity_of,
    split_off,
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


def test_sparsity_counts_weights_and_biases():
    layer = {"w": np.ones((3, 2)), "b": np.array([1.0, 0.0])}
    assert sparsity_of({"dense1": layer}) == pytest.approx(1 / 8)
    assert sparsity_of(full_mask({"dense1": layer})) == 0
