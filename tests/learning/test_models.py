"""The four models of the benchmark table: initial values, and the same functions as PyTorch's
layers with the same weights. For the others and for sizes see test_recent_models.py."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from benchmarks.training import torch_model
from mnist1d.errors import UsageError
from mnist1d.learning import MODELS
from mnist1d.learning.layers import (
    bidirectional_gru,
    conv1d,
    conv1d_init,
    conv1d_time,
    gru,
    gru_init,
)
from mnist1d.learning.losses import LOSSES, accuracy

TABLE = ("logistic", "mlp", "cnn", "gru")


def test_equal_arguments_give_the_same_model():
    assert MODELS["cnn"].make(channels=7) is MODELS["cnn"].make(channels=7)


def fans(name):
    """The fan-in of each part of a model, by PyTorch's rule; the hidden size for recurrent
    weights."""
    return {
        "logistic": {"dense1": 40},
        "mlp": {"dense1": 40, "dense2": 100, "dense3": 100},
        "cnn": {"conv1": 5, "conv2": 75, "conv3": 75, "dense": 125},
        "gru": {"forward": 6, "backward": 6, "dense": 480},
    }[name]


@pytest.mark.parametrize("name", TABLE)
def test_initial_values_are_uniform_within_one_over_root_fan_in(name):
    params = jax.vmap(MODELS[name].make().init)(
        random.split(random.key(0), 200)
    )  # many draws, so that the extremes come near the bound
    for part, fan in fans(name).items():
        for leaf in jax.tree.leaves(params[part]):
            bound = np.float32(fan**-0.5)
            assert 0.98 * bound < np.abs(leaf).max() <= bound
            assert np.abs(leaf).mean() == pytest.approx(
                bound / 2, rel=0.05
            )  # uniform: a normal cut off there would lie lower
            assert abs(leaf.mean()) < 0.05 * bound


def test_parts_start_from_different_values():
    params = MODELS["gru"].make().init(random.key(0))
    assert not np.allclose(params["forward"]["w_hidden"], params["backward"]["w_hidden"])
    assert not np.allclose(params["forward"]["b_input"], params["forward"]["b_hidden"])


@pytest.mark.parametrize("dilation", [1, 2])
def test_conv1d_is_the_sum_over_the_kernel(dilation):
    params = conv1d_init(random.key(0), 2, 3, 4)
    x = np.asarray(random.normal(random.key(1), (2, 11, 5)))  # (inputs, time, batch)
    padded = np.pad(x, ((0, 0), (2, 2), (0, 0)))
    time = conv1d_time(11, 4, 3, 2, dilation)
    assert time == (4 if dilation == 1 else 3)
    windows = [padded[:, 3 * t : 3 * t + 4 * dilation : dilation] for t in range(time)]
    expected = np.array([np.einsum("kio,ikb->ob", params["w"], w) for w in windows])
    expected = expected.transpose(1, 0, 2)
    expected += np.asarray(params["b"])[:, None, None]
    np.testing.assert_allclose(
        conv1d(params, jnp.asarray(x), stride=3, padding=2, dilation=dilation),
        expected,
        rtol=1e-5,
        atol=1e-6,
    )


def test_bidirectional_gru_is_two_grus():
    forward, backward = gru_init(random.key(0), 2, 4), gru_init(random.key(1), 2, 4)
    x = random.normal(random.key(2), (9, 2, 3))
    expected = jnp.concatenate([gru(forward, x), gru(backward, x[::-1])[::-1]], axis=1)
    np.testing.assert_allclose(
        bidirectional_gru(forward, backward, x), expected, rtol=1e-5, atol=1e-6
    )


def as_torch(name, params):
    """Our parameters (or their gradients) under the names and in the layout of the PyTorch
    model's."""
    if name in ("logistic", "mlp"):
        dense = {part: (leaf["w"].T, leaf["b"]) for part, leaf in params.items()}
        pairs = (
            {"": dense["dense1"]}
            if name == "logistic"
            else {f"{part}.": pair for part, pair in dense.items()}
        )
        return {
            f"{part}{kind}": value
            for part, pair in pairs.items()
            for kind, value in zip(("weight", "bias"), pair, strict=True)
        }
    named = {"dense.weight": params["dense"]["w"].T, "dense.bias": params["dense"]["b"]}
    if name == "cnn":
        for part in ("conv1", "conv2", "conv3"):
            named |= {
                f"{part}.weight": params[part]["w"].transpose(2, 1, 0),
                f"{part}.bias": params[part]["b"],
            }
        return named
    for direction, ending in (("forward", ""), ("backward", "_reverse")):
        for ours, theirs in (
            ("w_input", "weight_ih"),
            ("w_hidden", "weight_hh"),
            ("b_input", "bias_ih"),
            ("b_hidden", "bias_hh"),
        ):
            named[f"gru.{theirs}_l0{ending}"] = params[direction][ours]
    return named


@pytest.mark.parametrize("name", TABLE)
def test_outputs_and_gradients_equal_pytorch(name):
    torch = pytest.importorskip(
        "torch", reason="compares with PyTorch's layers, and torch is not installed"
    )
    model, theirs = MODELS[name].make(), torch_model(name)
    params = model.init(random.key(0))
    theirs.load_state_dict(
        {key: torch.tensor(np.asarray(value)) for key, value in as_torch(name, params).items()}
    )
    x = np.asarray(random.normal(random.key(1), (20, 40)))
    labels = np.arange(20) % 10

    logits = theirs(torch.tensor(x))
    torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()
    np.testing.assert_allclose(model.apply(params, x), logits.detach(), rtol=1e-4, atol=1e-5)
    grads = jax.grad(lambda params: LOSSES["cross_entropy"](model.apply(params, x), labels))(params)
    for key, value in as_torch(name, grads).items():
        np.testing.assert_allclose(
            value, theirs.get_parameter(key).grad, rtol=1e-3, atol=1e-6, err_msg=key
        )


def test_losses_at_chance():
    logits, labels = jnp.zeros((6, 5)), jnp.arange(6) % 5
    assert LOSSES["cross_entropy"](logits, labels) == pytest.approx(np.log(5))
    assert LOSSES["mse"](logits + 1 / 5, labels) == pytest.approx(1 - 1 / 5)


def test_accuracy_counts_the_largest_logit():
    logits = jnp.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 5.0, 1.0]])
    assert accuracy(logits, jnp.array([1, 0, 0, 1])) == 0.75


@pytest.mark.parametrize("name", ["cnn", "gru"])
def test_several_values_a_step_equal_pytorch(name):
    torch = pytest.importorskip(
        "torch", reason="compares with PyTorch's layers, and torch is not installed"
    )
    features, steps = 4, 12
    model = MODELS[name].make(num_inputs=features * steps, num_features=features)
    params = model.init(random.key(0))
    weights = {
        key: torch.tensor(np.asarray(value)) for key, value in as_torch(name, params).items()
    }
    x = torch.tensor(np.asarray(random.normal(random.key(1), (5, features * steps))))
    series = x.reshape(5, steps, features)  # rows of an image, end to end
    if name == "cnn":
        h = series.transpose(1, 2)
        for part, padding in (("conv1", 1), ("conv2", 1), ("conv3", 1)):
            h = torch.nn.functional.conv1d(
                h, weights[f"{part}.weight"], weights[f"{part}.bias"], stride=2, padding=padding
            ).relu()
    else:
        layer = torch.nn.GRU(features, 6, batch_first=True, bidirectional=True)
        layer.load_state_dict(
            {
                key.removeprefix("gru."): value
                for key, value in weights.items()
                if key.startswith("gru.")
            }
        )
        h = layer(series)[0]
    logits = h.flatten(1) @ weights["dense.weight"].T + weights["dense.bias"]
    np.testing.assert_allclose(
        model.apply(params, jnp.asarray(x.numpy())), logits.detach(), rtol=1e-4, atol=1e-5
    )


def test_a_signal_too_short_for_the_convolutions():
    with pytest.raises(UsageError, match=r"kernel of 5 needs at least 3 points here, got 2"):
        MODELS["cnn"].make(num_inputs=2)
    assert MODELS["cnn"].make(num_inputs=3)
