"""Rounds of pruning: what is dropped stays dropped, density is exact; peaks of a running mean."""

import jax
import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments import lottery
from mnist1d.experiments.lottery import Config, peaks
from mnist1d.experiments.rows import Record, Rows
from mnist1d.learning import Settings, Split, make_fit
from mnist1d.learning.masks import joined
from mnist1d.learning.models import mlp
from mnist1d.learning.pruning import prune

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


@pytest.mark.parametrize("selection", lottery.PRUNED)
def test_rounds_start_from_the_initial_values_with_exact_density_and_keep_zeros(selection):
    config, split = Config(selection, num_rounds=6, ticket_sparsity=0.6), data()
    initial, calls = jax.device_get(MODEL.init(jax.random.key(0))), []

    def train(params, mask):
        result = FIT(jax.random.key(0), split, params=params, mask=mask)
        calls.append((params, mask, jax.device_get(result.params)))
        return result

    rng = np.random.default_rng(0) if selection == "random" else None
    found, chosen = prune(train, initial, config.sparsities, config.ticket_round, rng)
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

    prune(train, initial, config.sparsities, config.ticket_round)
    assert masks[1].tolist() == [[0, 1], [1, 0], [1, 1]]  # 2 of 6: 0.1 and -0.2
    assert masks[2].tolist() == [[0, 1], [0, 0], [1, 0]]  # 4 of 6: 0.3 and 3 too, 4 and -5 stay
    assert all((later <= earlier).all() for earlier, later in zip(masks, masks[1:], strict=False))


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
