"""The training loop: batches, optimizers, masks, evaluation, seeds, and what may be given to it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import random

from benchmarks.training import torch_model
from mnist1d.errors import UsageError
from mnist1d.learning import (
    MODELS,
    Model,
    Settings,
    Split,
    fit_each,
    fit_seeds,
    make_fit,
)
from mnist1d.learning import batches as signals
from mnist1d.learning.evaluation import apply_in_chunks
from mnist1d.learning.losses import accuracy, cross_entropy
from mnist1d.learning.model import augmented, num_params
from mnist1d.learning.optimizers import OPTIMIZERS, schedule
from mnist1d.learning.sweeps import fit_settings
from mnist1d.learning.training import _starts
from tests.learning.test_models import as_torch

KEY = random.key(0)
SLOW_TO_COMPILE = ("mlp", "cnn", "gru", "cnn-shifts")


@pytest.fixture(scope="module")
def split():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 330)
    x = rng.normal(size=(330, 40)) + np.eye(10, 40)[labels] * 2
    return Split(
        *map(jnp.asarray, (x[:230].astype("f4"), labels[:230], x[230:].astype("f4"), labels[230:]))
    )


def trained(split, params=None, mask=None, learning_rate=None, model=None, **settings):
    """The fit of the smallest model, jitted."""
    model = model or MODELS["logistic"].make()
    fit = make_fit(model, Settings(**{"num_steps": 7, "eval_every": 3, **settings}))
    return jax.jit(fit)(KEY, split, params=params, mask=mask, learning_rate=learning_rate)


def rows_ofbatches(n, steps, **settings):
    """Which training rows each step sees, (steps, batch)."""
    x = jnp.arange(n, dtype=jnp.float32)[:, None]
    batch_at = signals.batches(
        KEY, Split(x, jnp.arange(n), x[:1], jnp.arange(1)), Settings(num_steps=steps, **settings)
    )
    batches = [batch_at(i) for i in range(steps)]
    for x, y in batches:
        np.testing.assert_array_equal(x[:, 0], y)  # signals and labels stay together
    return np.array([np.asarray(y) for _, y in batches])


@pytest.mark.parametrize("n", [400, 230, 100])
def test_batch_i_is_rows_100_i_mod_n_onward(n):
    found = rows_ofbatches(n, 12)
    np.testing.assert_array_equal(found, (100 * np.arange(12)[:, None] + np.arange(100)) % n)


def test_reshuffled_epochs_are_permutations_in_new_orders():
    epochs = rows_ofbatches(60, 9, batch_size=20, reshuffle=True).reshape(3, 60)
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(60), (3, 1)))
    orders = [tuple(epoch) for epoch in [*epochs, np.arange(60)]]
    assert len(set(orders)) == 4


def test_reshuffling_leaves_another_remainder_out_each_epoch():
    epochs = rows_ofbatches(50, 6, batch_size=20, reshuffle=True).reshape(3, 40)
    assert all(len(set(epoch)) == 40 for epoch in epochs)
    assert len({tuple(sorted(set(range(50)) - set(epoch))) for epoch in epochs}) == 3


@pytest.mark.parametrize("n", [1, 2, 1000, 4000, 2**16 + 1])
def test_a_permutation_is_that_of_jax(n):
    for key in random.split(KEY, 3):
        np.testing.assert_array_equal(signals.permutation(key, n), random.permutation(key, n))


def test_equal_keys_of_a_permutation_keep_their_order(monkeypatch):
    real = random.bits
    few = 0x00030003  # 16 keys for 1000 positions, which are sorted once
    monkeypatch.setattr(random, "bits", lambda key, shape: real(key, shape) & few)
    keys = np.asarray(random.bits(random.split(KEY)[1], (1000,)))
    expected = np.argsort(keys, kind="stable")
    np.testing.assert_array_equal(signals.permutation(KEY, 1000), expected)


def test_a_batch_larger_than_the_set_is_refused(split):
    with pytest.raises(UsageError, match="batch_size must be at most .* got 231 for 230 signals"):
        trained(split, batch_size=231)


def test_evaluation_at_zero_every_so_often_and_at_the_end(split):
    assert Settings(num_steps=7, eval_every=3).eval_steps.tolist() == [0, 3, 6, 7]
    assert Settings(num_steps=6, eval_every=3).eval_steps.tolist() == [0, 3, 6]
    assert Settings(num_steps=2, eval_every=30).eval_steps.tolist() == [0, 2]
    model, result = MODELS["logistic"].make(), trained(split)
    np.testing.assert_array_equal(result.steps, [0, 3, 6, 7])
    for step, place in ((3, 1), (7, 3)):  # the curve's value is that of a training that ends there
        params = trained(split, num_steps=step).params
        for part, x, y in (("train", split.x, split.y), ("test", split.x_test, split.y_test)):
            logits = model.apply(params, x)
            assert result.curves[f"{part}_acc"][place] == pytest.approx(
                float(accuracy(logits, y)), abs=1e-6
            )
            assert result.curves[f"{part}_loss"][place] == pytest.approx(
                float(cross_entropy(logits, y)), rel=1e-5
            )
    first = model.apply(model.init(random.split(KEY)[0]), split.x_test)
    assert result.curves["test_loss"][0] == pytest.approx(
        float(cross_entropy(first, split.y_test)), rel=1e-5
    )


def test_a_start_that_is_given_is_taken(split):
    start = MODELS["logistic"].make().init(random.key(5))
    still = trained(split, params=start, learning_rate=0.0).params
    jax.tree.map(np.testing.assert_array_equal, still, start)
    moved = trained(split, params=start).params
    assert not np.allclose(moved["dense1"]["w"], start["dense1"]["w"])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_masked_weights_are_zero_exactly_to_the_end(split, optimizer):
    shapes = jax.eval_shape(MODELS["logistic"].make().init, KEY)
    mask = jax.tree.map(
        lambda leaf: (random.uniform(random.key(1), leaf.shape) < 0.3).astype(jnp.float32), shapes
    )
    params = trained(split, mask=mask, optimizer=optimizer, num_steps=20).params
    for leaf, kept in zip(jax.tree.leaves(params), jax.tree.leaves(mask), strict=True):
        assert (np.asarray(leaf)[np.asarray(kept) == 0] == 0).all()
        assert (np.asarray(leaf)[np.asarray(kept) == 1] != 0).all()


def test_learning_rate_as_setting_number_and_schedule_agree(split):
    by_setting = trained(split, learning_rate=None).params
    for given in (0.01, jnp.full(7, 0.01)):
        jax.tree.map(
            np.testing.assert_array_equal, trained(split, learning_rate=given).params, by_setting
        )
    stopped = trained(split, learning_rate=jnp.where(jnp.arange(7) < 3, 0.01, 0.0))
    jax.tree.map(np.testing.assert_array_equal, stopped.params, trained(split, num_steps=3).params)


def test_learning_rate_is_traced_mapped_and_differentiated(split):
    fit = make_fit(MODELS["logistic"].make(), Settings(num_steps=5, eval_every=5, optimizer="sgd"))
    traces = []

    @jax.jit
    def final_loss(rate):
        traces.append(rate)
        return fit(KEY, split, learning_rate=rate).curves["train_loss"][-1]

    rates = [0.0, 0.1, 0.2]
    losses = [float(final_loss(rate)) for rate in rates]
    assert len(traces) == 1 and losses[0] > losses[1] > losses[2]
    np.testing.assert_allclose(jax.vmap(final_loss)(jnp.array(rates)), losses, rtol=1e-4)


def torch_steps(optimizer, rate, decay, network):
    """The optimizer of that name as PyTorch has it."""
    import torch

    matrices = [p for p in network.parameters() if p.ndim == 2]
    rest = [p for p in network.parameters() if p.ndim != 2]
    both, settings = [*network.parameters()], {"lr": rate, "weight_decay": decay}
    return {
        "adam": lambda: [torch.optim.Adam(both, **settings)],
        "adamw": lambda: [torch.optim.AdamW(both, **settings)],
        "sgd": lambda: [torch.optim.SGD(both, **settings)],
        "momentum": lambda: [torch.optim.SGD(both, momentum=0.9, **settings)],
        "nesterov": lambda: [torch.optim.SGD(both, momentum=0.9, nesterov=True, **settings)],
        "rmsprop": lambda: [torch.optim.RMSprop(both, **settings)],
        "muon": lambda: [
            torch.optim.Muon(matrices, adjust_lr_fn="match_rms_adamw", **settings),
            torch.optim.AdamW(rest, **settings),
        ],
    }[optimizer]()


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_equal_those_of_pytorch(split, optimizer, decay):
    torch = pytest.importorskip(
        "torch", reason="compares with PyTorch's optimisers, and torch is not installed"
    )
    model, theirs = MODELS["mlp"].make(), torch_model("mlp")
    params = model.init(random.key(3))
    theirs.load_state_dict(
        {name: torch.tensor(np.asarray(value)) for name, value in as_torch("mlp", params).items()}
    )
    rate = 0.001 if optimizer == "rmsprop" else 0.01  # its first step is ten times the rate
    steppers = torch_steps(optimizer, rate, decay, theirs)
    x, y = torch.tensor(np.asarray(split.x)), torch.tensor(np.asarray(split.y)).long()
    for i in range(6):
        rows = (100 * i + torch.arange(100)) % len(x)
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(theirs(x[rows]), y[rows]).backward()
        for stepper in steppers:
            stepper.step()
    settings = {"model": model, "optimizer": optimizer, "num_steps": 6, "weight_decay": decay}
    ours = trained(split, params, learning_rate=rate, **settings).params
    start = as_torch("mlp", params)
    for name, value in as_torch("mlp", ours).items():
        expected = theirs.get_parameter(name).detach().numpy()
        off, moved = np.linalg.norm(value - expected), np.linalg.norm(start[name] - expected)
        # Of what a weight moved. Adam amplifies rounding where gradients are tiny; PyTorch's Muon
        # rounds to bfloat16, and its momentum starts without bias correction.
        assert off < (0.15 if optimizer == "muon" else 0.01) * moved, (name, off / moved)


def test_muon_turns_matrices_into_nearly_orthogonal_ones():
    muon, shapes = OPTIMIZERS["muon"].direction, {"matrix": (30, 20), "bias": (20,)}
    grads = {name: random.normal(KEY, shape) for name, shape in shapes.items()}
    direction = muon.update(grads, muon.init(grads), grads)[0]
    singular = np.linalg.svd(direction["matrix"], compute_uv=False) / (0.2 * 30**0.5)
    assert 0.6 < singular.min() and singular.max() < 1.3
    np.testing.assert_allclose(direction["bias"], np.sign(grads["bias"]), rtol=1e-4)  # Adam's first
    conv = {"w": grads["matrix"].reshape(3, 10, 20)}
    as_matrix = muon.update(conv, muon.init(conv), conv)[0]["w"].reshape(30, 20)
    np.testing.assert_allclose(as_matrix, direction["matrix"], rtol=1e-4, atol=1e-5)


def test_weight_decay_as_setting_and_as_number_agree(split):
    for optimizer in ("sgd", "adamw"):
        by_setting = trained(split, optimizer=optimizer, weight_decay=0.5).params
        fit = make_fit(
            MODELS["logistic"].make(), Settings(num_steps=7, eval_every=3, optimizer=optimizer)
        )
        given = jax.jit(lambda decay, fit=fit: fit(KEY, split, weight_decay=decay))
        jax.tree.map(
            partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-7), given(0.5).params, by_setting
        )
        without = trained(split, optimizer=optimizer).params
        assert np.abs(by_setting["dense1"]["w"]).sum() < np.abs(without["dense1"]["w"]).sum()


def test_schedules():
    np.testing.assert_allclose(schedule("constant", 4, 0), [1, 1, 1, 1])
    np.testing.assert_allclose(schedule("linear", 4, 0), [1, 0.75, 0.5, 0.25])
    np.testing.assert_allclose(schedule("cosine", 4, 0), [1, 0.853553, 0.5, 0.146447], rtol=1e-5)
    np.testing.assert_allclose(schedule("linear", 6, 2), [1 / 3, 2 / 3, 1, 0.75, 0.5, 0.25])


def test_a_schedule_multiplies_the_learning_rate(split):
    settings = {"schedule": "linear", "warmup_steps": 2, "optimizer": "sgd"}
    rates = 0.2 * schedule("linear", 7, 2)
    expected = trained(split, learning_rate=rates, optimizer="sgd").params
    for found in (
        trained(split, learning_rate=0.2, **settings).params,
        trained(split, learning_rate=jnp.full(7, 0.2), **settings).params,
    ):
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6), found, expected)


# ----------------------------------------------------------------- randomness and state in training


def noisy(logistic):
    """Logistic regression whose training forgets every other input at random: dropout."""

    def train(params, x, key):
        return logistic.apply(params, x * 2 * random.bernoulli(key, 0.5, x.shape))

    return logistic._replace(train=train)


def test_training_with_randomness_is_reproducible_and_new_every_step(split):
    model = noisy(MODELS["logistic"].make())
    first, again = (trained(split, model=model, num_steps=2, optimizer="sgd") for _ in "ab")
    jax.tree.map(np.testing.assert_array_equal, first.params, again.params)
    params, order = model.init(random.split(KEY)[0]), random.split(KEY, 3)[2]
    for i in range(2):  # by hand
        x, y = split.x[100 * i : 100 * (i + 1)], split.y[100 * i : 100 * (i + 1)]
        key = random.fold_in(order, i)
        grads = jax.grad(lambda p, x=x, y=y, key=key: cross_entropy(model.train(p, x, key), y))(
            params
        )
        params = jax.tree.map(lambda p, g: p - 0.01 * g, params, grads)
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-7), first.params, params)
    logits = model.apply(first.params, split.x_test)  # nothing is random in evaluation
    assert first.curves["test_acc"][-1] == pytest.approx(float(accuracy(logits, split.y_test)))


def counting(logistic):
    """Logistic regression of centred signals: its state is the last batch's mean and a count."""

    def init(key):
        return logistic.init(key), {"mean": jnp.zeros(40), "count": jnp.zeros((), jnp.int32)}

    def apply(params, x):
        return logistic.apply(params[0], x - params[1]["mean"])

    def train(params, x, key):
        weights, state = params
        mean = x.mean(axis=0)
        return logistic.apply(weights, x - mean), {"mean": mean, "count": state["count"] + 1}

    return Model(init, apply, train, stateful=True)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "muon"])
def test_a_state_is_carried_and_gets_no_gradient(split, optimizer):
    model = counting(MODELS["logistic"].make())
    assert num_params(model) == 410
    settings = {"num_steps": 2, "optimizer": optimizer, "weight_decay": 0.1}
    result = trained(split, model=model, **settings)
    weights, state = result.params
    assert state["count"] == 2
    np.testing.assert_allclose(state["mean"], split.x[100:200].mean(axis=0), rtol=1e-4, atol=1e-6)
    assert result.curves["test_acc"][-1] == pytest.approx(
        float(accuracy(model.apply(result.params, split.x_test), split.y_test))
    )
    mask = jax.tree.map(jnp.zeros_like, weights)
    masked = trained(split, model=model, mask=mask, **settings).params
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(masked[0])) and masked[1]["count"] == 2


def test_augmentation_changes_training_batches_only(split):
    plain = MODELS["logistic"].make()
    negated = augmented(plain, lambda key, x: -x)
    mirrored = split._replace(x=-split.x)
    expected, found = trained(mirrored, model=plain), trained(split, model=negated)
    jax.tree.map(np.testing.assert_array_equal, found.params, expected.params)
    assert found.curves["train_acc"][-1] < expected.curves["train_acc"][-1]
    twice = augmented(negated, lambda key, x: -x)
    jax.tree.map(
        np.testing.assert_array_equal,
        trained(split, model=twice).params,
        trained(split, model=plain).params,
    )


def test_models_without_randomness_pay_nothing_for_it(split):
    def program(model):
        fit = make_fit(model, Settings(num_steps=7, eval_every=3))
        params = fit.init(KEY)
        return str(jax.make_jaxpr(lambda params: fit(KEY, split, params=params))(params))

    plain = MODELS["logistic"].make()
    assert "random_fold_in" not in program(plain) and "random_fold_in" in program(noisy(plain))


def test_a_seed_is_the_same_whichever_run_along(split):
    fit = make_fit(MODELS["logistic"].make(), Settings(num_steps=7, eval_every=3, reshuffle=True))
    keys = jnp.stack([random.key(seed) for seed in (3, 1, 4)])
    three, one = fit_seeds(fit, keys, split), fit_seeds(fit, keys[1:2], split)
    assert three.curves["test_acc"].shape == (3, 4) and three.steps.shape == (4,)
    jax.tree.map(
        lambda many, single: np.testing.assert_array_equal(many[1], single[0]),
        three.params,
        one.params,
    )
    assert not np.allclose(three.params["dense1"]["w"][0], three.params["dense1"]["w"][1])


@pytest.mark.parametrize(
    "name",
    ["logistic", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW_TO_COMPILE)],
)
def test_all_ways_to_fit_give_the_same(split, name):
    fit = make_fit(MODELS[name].make(), Settings(num_steps=3, eval_every=3))
    keys = random.split(KEY, 2)
    given = {"learning_rate": jnp.array([0.01, 0.005, 0.001])}
    alone = jax.jit(fit)(keys[1], split, **given)
    each = fit_each(fit, keys, [split, split], **given).fit
    for both in (fit_seeds(fit, keys, split, **given), each):
        second = jax.tree.map(lambda array: array[1], (both.params, both.curves))
        jax.tree.map(
            partial(np.testing.assert_allclose, rtol=1e-4, atol=1e-6),
            second,
            (alone.params, alone.curves),
        )


def test_equal_settings_give_one_fit_and_one_compilation(split):
    calls = []

    def apply(params, x):
        calls.append(x.shape)
        return x @ params

    model = Model(lambda key: jnp.zeros((40, 10)), apply)
    keys = jnp.stack([KEY])
    for _ in range(2):
        fit_seeds(make_fit(model, Settings(num_steps=2)), keys, split)
    first = len(calls)
    fit_seeds(make_fit(model, Settings(num_steps=2)), keys, split, learning_rate=0.5)
    fit_seeds(make_fit(model, Settings(num_steps=2)), keys, split, learning_rate=0.7)
    assert first > 0 and len(calls) == 2 * first  # one trace without a rate and one for both rates


def test_chunks_give_what_the_whole_gives():
    x = random.normal(KEY, (23, 4))
    whole = jnp.tanh(x) * 2
    for chunk in (5, 23, 100, 1):
        np.testing.assert_allclose(
            apply_in_chunks(lambda x: jnp.tanh(x) * 2, x, chunk), whole, rtol=1e-6
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_steps": 0}, "num_steps must be a whole number, at least 1, got 0"),
        ({"optimizer": "adan"}, "unknown optimizer 'adan': did you mean 'adam'"),
        ({"schedule": "step"}, "unknown schedule 'step': choose one of: constant"),
        ({"weight_decay": -0.1}, "weight_decay must be a number from 0 to 3e.38, got -0.1"),
        ({"num_steps": 5, "warmup_steps": 5}, r"warmup_steps must be in .* = \[0, 5\), got 5"),
        ({"loss": "nll"}, "unknown loss 'nll': choose one of: cross_entropy, mse"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(UsageError, match=message):
        Settings(**settings)


def test_a_probe_is_measured_at_each_evaluation(split):
    def probe(params, split):
        return {"norm": jnp.linalg.norm(params["dense1"]["w"]), "rows": jnp.float32(len(split.x))}

    model, settings = MODELS["logistic"].make(), Settings(num_steps=7, eval_every=3)
    plain = jax.jit(make_fit(model, settings))(KEY, split)
    probed = jax.jit(make_fit(model, settings, probe=probe))(KEY, split)
    assert probed.curves["norm"].shape == plain.steps.shape == (4,)
    last = jnp.linalg.norm(plain.params["dense1"]["w"])
    np.testing.assert_allclose(probed.curves["norm"][-1], last, rtol=1e-5)
    np.testing.assert_allclose(probed.curves["test_loss"], plain.curves["test_loss"], rtol=1e-5)
    assert probed.curves["rows"].tolist() == [230] * 4 and "norm" not in plain.curves


def test_soft_labels_that_are_certain_train_as_hard_ones(split):
    soft = split._replace(y=jax.nn.one_hot(split.y, 10))
    hard, same = trained(split), trained(soft)
    for name in hard.curves:
        np.testing.assert_allclose(same.curves[name], hard.curves[name], rtol=1e-6)
    halves = jnp.array([[0.5, 0.5, 0.0]])
    logits = jnp.log(jnp.array([[0.2, 0.3, 0.5]]))
    wanted = -0.5 * (np.log(0.2) + np.log(0.3))
    np.testing.assert_allclose(cross_entropy(logits, halves), wanted, rtol=1e-6)


def test_settings_in_one_call_are_those_of_single_calls(split):
    fit = make_fit(MODELS["logistic"].make(), Settings(num_steps=7, eval_every=3))
    keys, rates = random.split(KEY, 3), jnp.array([0.1, 0.01, 0.001])
    found = fit_settings(fit, keys, split, {"learning_rate": rates})
    assert found.steps.shape == (4,)
    for i in range(3):
        one = jax.jit(fit)(keys[i], split, learning_rate=rates[i])
        np.testing.assert_allclose(found.curves["test_loss"][i], one.curves["test_loss"], rtol=1e-5)


def test_initial_params_do_not_depend_on_the_number_of_seeds():
    """XLA unrolls a loop over one key, and rounds differently in it."""
    fit = make_fit(MODELS["gru"].make(), Settings(num_steps=1, eval_every=1))
    keys = random.split(KEY, 3)
    together, alone = (_starts(fit, some)[0] for some in (keys, keys[1:2]))
    for three, one in zip(*map(jax.tree.leaves, (together, alone)), strict=True):
        assert np.array_equal(three[1:2], one)
