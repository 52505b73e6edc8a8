"""Recent models: their sizes, the same functions and gradients as in plain PyTorch, and parallel
scans that equal sequential ones."""

import re
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax, random
from scipy.interpolate import BSpline

from mnist1d.learning import MODELS, Settings, Split, make_fit, num_params
from mnist1d.learning.losses import cross_entropy
from mnist1d.learning.models.attention import attention
from mnist1d.learning.models.augmented import shift_circularly
from mnist1d.learning.models.convolutional import resnet, tcn
from mnist1d.learning.models.kan import splines
from mnist1d.learning.models.recurrent import linear_recurrence, ssm, ssm_discrete, ssm_init
from mnist1d.learning.normalization import dropout, random_words

PARAMETERS = {
    "logistic": 410,
    "mlp": 15_210,
    "cnn": 5_210,
    "gru": 5_134,
    "resnet": 26_250,  # these three: arXiv 2602.13348
    "tcn": 104_406,
    "dilated-cnn": 25_610,
    "cnn-shifts": 5_210,
    "transformer": 18_314,
    "mixer": 14_804,
    "s4d": 6_922,
    "mingru": 7_546,
    "kan": 14_400,
}
SERIES = [name for name in PARAMETERS if name not in ("logistic", "mlp", "kan", "cnn-shifts")]
PEERS = list(PARAMETERS)[4:]


@pytest.mark.parametrize("name", MODELS)
def test_parameter_counts(name):
    assert num_params(MODELS[name].make()) == PARAMETERS[name]


def test_the_page_lists_every_model_with_its_size():
    page = Path(__file__).resolve().parents[2] / "docs" / "models.md"
    rows = re.findall(r"^\| `(.+?)` \| ([\d,]+) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: int(size.replace(",", "")) for name, size in rows} == PARAMETERS


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize(("num_inputs", "num_outputs"), [(40, 10), (23, 3)])
def test_sizes_follow_the_arguments(name, num_inputs, num_outputs):
    model = MODELS[name].make(num_inputs=num_inputs, num_outputs=num_outputs)
    params = jax.eval_shape(model.init, random.key(0))
    x = jax.ShapeDtypeStruct((5, num_inputs), "float32")
    assert jax.eval_shape(model.apply, params, x).shape == (5, num_outputs)


@pytest.mark.parametrize("name", SERIES)
def test_several_values_per_step(name):
    model = MODELS[name].make(num_inputs=28 * 28, num_features=28)
    params = jax.eval_shape(model.init, random.key(0))
    x = jax.ShapeDtypeStruct((5, 784), "float32")
    assert jax.eval_shape(model.apply, params, x).shape == (5, 10)


def test_equal_arguments_give_the_same_model():
    for name in PARAMETERS:
        assert MODELS[name].make(num_inputs=30) is MODELS[name].make(num_inputs=30)


# ------------------------------------------------------------------ against PyTorch


def peer(name, weights):
    """The same network in PyTorch, with the same weights."""
    pytest.importorskip("torch", reason="compares with PyTorch, and torch is not installed")
    from benchmarks.torch_models import TORCH_MODELS, state_dict_of

    network = TORCH_MODELS[name]()
    missing, unexpected = network.load_state_dict(state_dict_of(weights), strict=False)
    assert not unexpected and all("running_" in key or "num_batches" in key for key in missing)
    return network


@pytest.mark.parametrize("name", PEERS)
def test_outputs_and_gradients_equal_pytorch(name):
    model = MODELS[name].make()
    params = model.init(random.key(0))
    weights, state = model.split(params)
    network = peer(name, weights).eval()
    import torch

    from benchmarks.torch_models import state_dict_of

    x, labels = random.normal(random.key(1), (20, 40)), np.arange(20) % 10
    logits = network(torch.tensor(np.asarray(x)))
    torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()

    @jax.jit
    def ours(weights):
        def loss(weights):
            found = model.apply(model.join(weights, state), x)
            return cross_entropy(found, labels), found

        return jax.grad(loss, has_aux=True)(weights)

    grads, found = ours(weights)
    np.testing.assert_allclose(found, logits.detach(), rtol=1e-4, atol=1e-5)
    for key, value in state_dict_of(grads).items():
        expected = network.get_parameter(key).grad
        atol = 1e-7 + 1e-4 * float(expected.abs().max())
        np.testing.assert_allclose(value, expected, rtol=1e-3, atol=atol, err_msg=key)


@pytest.mark.parametrize("name", ["resnet", "tcn"])
def test_batch_statistics_equal_pytorch(name):
    torch = pytest.importorskip("torch", reason="compares with PyTorch, and torch is not installed")
    model = resnet(channels=6) if name == "resnet" else tcn(channels=(6, 6, 4), dropout_rate=0.0)
    weights, state = model.init(random.key(0))
    from benchmarks.torch_models import TCN, ResNet, state_dict_of

    network = ResNet(6) if name == "resnet" else TCN((6, 6, 4), dropout=0.0)
    network.load_state_dict(state_dict_of(weights), strict=False)
    for seed in range(2):
        x = 1 + 2 * random.normal(random.key(seed), (20, 40))
        logits, state = jax.jit(model.train)((weights, state), x, random.key(9))
        expected = network(torch.tensor(np.asarray(x)))
        np.testing.assert_allclose(logits, expected.detach(), rtol=1e-3, atol=1e-4)
    for key, statistics in state.items():
        norm = network.get_submodule(key)
        np.testing.assert_allclose(statistics.mean, norm.running_mean, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(statistics.var, norm.running_var, rtol=1e-4, atol=1e-5)
    later = network.eval()(torch.tensor(np.asarray(x))).detach()
    found = jax.jit(model.apply)((weights, state), x)
    np.testing.assert_allclose(found, later, rtol=1e-3, atol=1e-4)


# ------------------------------------------------------------------ parallel equals sequential


def test_linear_recurrence_equals_its_loop():
    decay, inputs = (f(random.key(i), (3, 13, 2)) for i, f in enumerate((random.uniform,) * 2))

    def loop(decay, inputs):
        def step(state, now):
            state = now[0] * state + now[1]
            return state, state

        start = jnp.zeros_like(inputs[:, 0])
        return lax.scan(step, start, (decay.swapaxes(0, 1), inputs.swapaxes(0, 1)))[1].swapaxes(
            0, 1
        )

    def turned(decay, inputs):
        return loop(decay[:, ::-1], inputs[:, ::-1])[:, ::-1]

    weights = random.normal(random.key(5), inputs.shape)
    for reverse, expected in ((False, loop), (True, turned)):
        parallel = jax.jit(partial(linear_recurrence, reverse=reverse))
        found = parallel(decay, inputs)
        np.testing.assert_allclose(found, expected(decay, inputs), rtol=1e-5, atol=1e-6)
        ours, theirs = (
            jax.jit(jax.grad(lambda d, i, f=f: (weights * f(d, i)).sum(), (0, 1)))(decay, inputs)
            for f in (parallel, expected)
        )
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def stepwise_ssm(params, x):
    """The state-space models, step by step: s = pole * s + x, y = 2 Re(output * s) + skip * x."""
    poles, outputs = ssm_discrete(params)

    def step(state, now):  # (features, states, batch), (features, batch)
        state = poles[..., None] * state + now[:, None]
        return state, 2 * (outputs[..., None] * state).real.sum(axis=1)

    start = jnp.zeros((*poles.shape, x.shape[2]), jnp.complex64)
    states = lax.scan(step, start, x.swapaxes(0, 1))[1].swapaxes(0, 1)
    return states + params["skip"][:, None, None] * x


@pytest.mark.parametrize("time", [1, 2, pytest.param(13, marks=pytest.mark.slow), 40])
def test_state_space_models_equal_their_loop(time):
    params = ssm_init(random.key(0), 3, 4)
    x = random.normal(random.key(1), (3, time, 2))
    np.testing.assert_allclose(ssm(params, x), stepwise_ssm(params, x), rtol=1e-4, atol=1e-5)
    if time == 13:
        weights = random.normal(random.key(5), x.shape)
        ours, theirs = (
            jax.grad(lambda p, f=f: (weights * f(p, x)).sum())(params) for f in (ssm, stepwise_ssm)
        )
        for name in params:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=2e-3, atol=1e-4, err_msg=name)


def test_state_space_models_are_causal():
    params, x = ssm_init(random.key(0), 3, 4), random.normal(random.key(1), (3, 20, 2))
    changed = ssm(params, x.at[:, 12:].add(1.0)) - ssm(params, x)
    assert np.abs(changed[:, :12]).max() < 1e-6 < np.abs(changed[:, 12]).max()


# ------------------------------------------------------------------ parts


def test_splines_are_scipys():
    low, high, intervals = -3.0, 2.0, 4
    x = np.linspace(low, high, 101)[:-1].astype("f4")
    found = splines(jnp.asarray(x)[None], low, high, intervals)[0]  # (splines, points)
    knots = low + (high - low) / intervals * np.arange(-3, intervals + 4)
    for i, row in enumerate(found):
        one = BSpline(knots, np.eye(intervals + 3)[i], 3, extrapolate=False)
        np.testing.assert_allclose(row, one(x), atol=2e-6)
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-5)
    beyond = splines(jnp.array([[-20.0, 20.0]]), low, high, intervals)
    assert (beyond == 0).all()


def test_attention_moves_with_its_steps():
    params = {
        name: {"w": random.normal(random.key(i), (8, n)) / 3, "b": jnp.zeros(n)}
        for i, (name, n) in enumerate((("qkv", 24), ("out", 8)))
    }
    x, order = random.normal(random.key(3), (8, 6, 2)), np.array([3, 1, 5, 0, 4, 2])
    np.testing.assert_allclose(
        attention(params, x[:, order], 2), attention(params, x, 2)[:, order], rtol=1e-4, atol=1e-5
    )
    other = attention(params, x.at[:, :, 1].add(1.0), 2)  # signals do not see each other
    np.testing.assert_array_equal(other[:, :, 0], attention(params, x, 2)[:, :, 0])


def test_dropout_keeps_its_rate_and_the_mean():
    x = jnp.ones((50, 40, 50))
    for rate in (0.01, 0.3):
        kept = dropout(random.key(0), x, rate)
        assert set(np.unique(kept).round(5)) == {0, np.float32(1 / (1 - rate)).round(5)}
        assert np.mean(kept == 0) == pytest.approx(rate, abs=0.004)
        assert not np.array_equal(kept, dropout(random.key(1), x, rate))
    assert dropout(random.key(0), x, 0.0) is x


def test_random_words_look_random():
    words = np.stack([random_words(random.key(i), (64, 64)) for i in range(16)])
    bits = np.unpackbits(words.view(np.uint8)).reshape(16, 64, 64, 32).astype(float) - 0.5
    count = bits.size / 32
    assert np.abs(bits.mean(axis=(0, 1, 2))).max() < 2.5 / count**0.5  # five standard errors
    neighbours = [
        (bits[:-1] * bits[1:]).mean(),  # keys
        (bits[:, :-1] * bits[:, 1:]).mean(),
        (bits[:, :, :-1] * bits[:, :, 1:]).mean(),
    ]
    assert np.abs(neighbours).max() < 5 / 4 / (bits.size / 2) ** 0.5


def test_shifts_are_circular_and_uniform():
    x = jnp.broadcast_to(jnp.arange(10.0), (3000, 10))
    shifted = np.asarray(shift_circularly(random.key(0), x))
    shifts = -shifted[:, 0].astype(int) % 10
    expected = np.stack([np.roll(np.arange(10), shift) for shift in shifts])
    np.testing.assert_array_equal(shifted, expected)
    assert np.abs(np.bincount(shifts, minlength=10) - 300).max() < 5 * 300**0.5


def test_a_shifted_signal_is_what_the_augmented_cnn_learns():
    model, plain = MODELS["cnn-shifts"].make(), MODELS["cnn"].make()
    params, x = model.init(random.key(0)), random.normal(random.key(1), (6, 40))
    np.testing.assert_array_equal(model.apply(params, x), plain.apply(params, x))
    assert not np.allclose(model.train(params, x, random.key(2)), plain.apply(params, x))


def test_a_network_with_state_and_dropout_learns():
    model = tcn(channels=(8, 8), dropout_rate=0.1)
    x = np.zeros((200, 40), "f4")
    labels = np.arange(200) % 2
    x[labels == 1, 10:14] = 1.0
    x += np.random.default_rng(0).normal(size=x.shape).astype("f4") * 0.1
    split = Split(*map(jnp.asarray, (x[:100], labels[:100], x[100:], labels[100:])))
    settings = Settings(num_steps=60, batch_size=50, eval_every=60)
    result = jax.jit(make_fit(model, settings))(random.key(0), split)
    assert result.curves["test_acc"][-1] > 0.9 > result.curves["test_acc"][0]
