"""Training in the page against JAX: the same data, the same initial weights, gradients within 1e-5,
the same curves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.dataset import load_dataset, make_dataset
from mnist1d.digits import templates
from mnist1d.experiments import spatial_priors
from mnist1d.experiments.claims import mean_interval
from mnist1d.experiments.rows import Rows
from mnist1d.learning import Settings, Split, fit_seeds, make_fit
from mnist1d.learning.losses import cross_entropy
from mnist1d.learning.models import MODELS

SETS = [
    DataConfig(),
    DataConfig(num_samples=203, shuffle_seq=True, seed=7),
    DataConfig(num_samples=130, max_translation=1, padding=(0, 31), train_split=0.61, seed=3),
    DataConfig(num_samples=60, final_seq_length=23, template_len=20, max_translation=300, seed=2**32 - 1),
    DataConfig(num_samples=400, corr_noise_scale=0, iid_noise_scale=0.3, shear_scale=2, scale_coeff=1.5, seed=0),
]  # fmt: skip
GRADIENTS = [
    {"model": model, "set": 0, "seed": seed, "batch": batch, "first": first, "kernels": kernels}
    for model in MODELS
    for kernels in ("wasm", "js")
    for seed, batch, first in ((0, 100, 0), (5, 37, 3980))
] + [
    {"model": "mlp", "set": 1, "seed": 2, "batch": 33, "first": 0, "kernels": "wasm", "width": 7},
    {"model": "cnn", "set": 3, "seed": 3, "batch": 48, "first": 0, "kernels": "wasm", "width": 3},
    {"model": "gru", "set": 3, "seed": 4, "batch": 5, "first": 1, "kernels": "js", "width": 2},
    {"model": "mlp", "set": 4, "seed": 1, "batch": 100, "first": 0, "kernels": "wasm", "masked": True},
]  # fmt: skip
WIDTHS = {"mlp": "hidden", "cnn": "channels", "gru": "hidden"}


def jax_model(case):
    size = {WIDTHS[case["model"]]: case["width"]} if "width" in case else {}
    points = SETS[case["set"]].final_seq_length
    return MODELS[case["model"]](num_inputs=points, **size)


def flat(params):
    """The parameters in the page's order: layer by layer, each matrix with its bias last."""
    if "w" in params:
        inputs_last = params["w"].reshape(-1, params["w"].shape[-1])
        return np.concatenate([inputs_last, params["b"][None]]).ravel()
    if "w_input" in params:
        biases = [params["b_input"][:, None], params["b_hidden"][:, None]]
        return np.concatenate([params["w_input"], params["w_hidden"], *biases], axis=1).ravel()
    order = [name for name in ("forward", "backward") if name in params]
    order += sorted(name for name in params if name not in order and name != "dense")
    return np.concatenate([flat(params[name]) for name in [*order, *({"dense"} & params.keys())]])


def initial(case):
    return make_fit(jax_model(case), Settings()).init(jax.random.key(case["seed"]))


def mask_of(case):
    size = flat(initial(case)).size
    return (np.random.default_rng(0).random(size) < 0.3).astype(int) if "masked" in case else None


@pytest.fixture(scope="module")
def written(node):
    cases = [
        {**case, "mask": None if (mask := mask_of(case)) is None else mask.tolist()}
        for case in GRADIENTS
    ]
    curves = [
        {"model": "mlp", "set": 0, "seeds": [0, 1], "steps": 150, "every": 50},
        {"model": "cnn", "set": 0, "seeds": [3], "steps": 100, "every": 50},
    ]
    return node(
        "engine.mjs",
        {
            "templates": as_json(),
            "sets": [config.to_dict() for config in SETS],
            "gradients": cases,
            "curves": curves,
        },
    )


def as_json():
    shapes = templates()
    return {name: getattr(shapes, name).tolist() for name in shapes.keys()}


@pytest.mark.parametrize("i", range(len(SETS)))
def test_the_page_draws_the_packages_data_sets(written, i):
    found, wanted = written["sets"][i], make_dataset(SETS[i])
    points = SETS[i].final_seq_length
    for ours, theirs in (("x", wanted.x), ("xTest", wanted.x_test)):
        x = np.array(found[ours], "f4").reshape(-1, points)
        np.testing.assert_allclose(x, theirs, rtol=0, atol=1e-6)
        assert (x == theirs.astype("f4")).mean() > 0.9999  # the logarithm's last bit
    assert found["y"] == wanted.y.tolist() and found["yTest"] == wanted.y_test.tolist()
    np.testing.assert_allclose([found["mean"], found["std"]], [wanted.mean, wanted.std], rtol=1e-12)
    assert found["positions"] == (
        None if wanted.positions is None else wanted.positions.tolist()
    )


def test_the_published_set_to_the_last_bit_of_float32(written):
    data = load_dataset("float32")
    for name, part in (("x", data.x), ("xTest", data.x_test)):
        assert np.array_equal(np.array(written["sets"][0][name], "f4"), part.ravel())


def batch_of(case):
    """The signals and labels of a case's batch; one that passes the end goes on at the start."""
    data = make_dataset(SETS[case["set"]])
    rows = (case["first"] + np.arange(min(case["batch"], len(data.x)))) % len(data.x)
    return data.x[rows].astype("f4").astype("f8"), data.y[rows]


@pytest.mark.parametrize("i", range(len(GRADIENTS)))
def test_gradients_are_jaxs(written, i):
    case, found = GRADIENTS[i], written["golden"][i]
    params, model = initial(case), jax_model(case)
    np.testing.assert_allclose(found["initial"], flat(params), rtol=0, atol=2e-8)
    with jax.enable_x64(True):
        x, y = batch_of(case)
        params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
        loss, gradient = jax.value_and_grad(
            lambda params: cross_entropy(model.apply(params, jnp.asarray(x)), jnp.asarray(y))
        )(params)
    assert found["loss"] == pytest.approx(float(loss), rel=1e-6)
    ours, theirs = np.array(found["gradient"]), flat(gradient)
    at = 0
    for leaf in leaves(gradient):  # relative to the largest of each layer's weights
        n = flat(leaf).size
        scale = np.abs(theirs[at : at + n]).max()
        np.testing.assert_allclose(ours[at : at + n], theirs[at : at + n], rtol=0, atol=1e-5 * scale)
        at += n
    assert at == len(ours)


def leaves(params):
    names = [n for n in ("forward", "backward") if n in params]
    names += sorted(n for n in params if n not in names and n != "dense")
    return [params[name] for name in [*names, *({"dense"} & params.keys())]]


@pytest.mark.parametrize("i", range(len(GRADIENTS)))
def test_steps_of_adam(written, i):
    """Three steps from the first batch: the losses, and where the weights end."""
    case, found = GRADIENTS[i], written["golden"][i]
    model, mask = jax_model(case), mask_of(case)
    split = Split.of(make_dataset(SETS[case["set"]], dtype="float32"))
    batch = min(case["batch"], len(split.x))
    settings = Settings(num_steps=3, batch_size=batch, eval_at=(1, 2))
    tree = None if mask is None else shaped(mask, initial(case))
    fit = make_fit(model, settings)(jax.random.key(case["seed"]), split, mask=tree)
    evaluated = [[e["loss"], e["accuracy"]] for e in found["evaluated"]]
    wanted = [[fit.curves[f"{part}_{m}"][-1] for m in ("loss", "acc")] for part in ("train", "test")]
    np.testing.assert_allclose(evaluated, wanted, rtol=0, atol=2e-3)
    weights = np.array(found["weights"])
    # a gradient near 0 may have either sign, and Adam's first steps have no other size than 0.01
    assert (np.abs(weights - flat(fit.params)) < 1e-4).mean() > 0.99
    if mask is not None:
        assert (weights[mask == 0] == 0).all() and (weights[mask == 1] != 0).all()
    x = make_dataset(SETS[case["set"]]).x_test[:3].astype("f4")
    np.testing.assert_allclose(
        found["probabilities"], jax.nn.softmax(model.apply(fit.params, x)), rtol=0, atol=2e-3
    )


def shaped(mask, params):
    """The mask of the page's order as a tree like the parameters of an MLP."""
    tree, at = {}, 0
    for name, layer in sorted(params.items()):
        inputs, outputs = layer["w"].shape
        part = mask[at : at + (inputs + 1) * outputs].reshape(inputs + 1, outputs)
        tree[name] = {"w": jnp.asarray(part[:-1], "f4"), "b": jnp.asarray(part[-1], "f4")}
        at += part.size
    return tree


@pytest.mark.parametrize(("i", "model", "seeds", "steps"), [(0, "mlp", [0, 1], 150), (1, "cnn", [3], 100)])
def test_curves_begin_as_in_python(written, i, model, seeds, steps):
    fit = make_fit(MODELS[model](), Settings(num_steps=steps, eval_every=50))
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    wanted = fit_seeds(fit, keys, Split.of(load_dataset())).curves["test_acc"]
    found = [[e["accuracy"] for e in run] for run in written["runs"][i]]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0.02)  # rounding grows with the steps


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "cnn"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_curves_of_20_runs_lie_within_the_interval_of_the_study(node_slow, model, shuffled):
    """The benchmark's protocol to its end: at every evaluation, our mean and the study's 95 %
    interval."""
    config = spatial_priors.Config(model=model, data=DataConfig(shuffle_seq=shuffled))
    seeds = list(range(20))
    rows = Rows.of(spatial_priors.run(config, seeds))
    steps, values = rows.curve("test_acc")
    curve = {"model": model, "set": 0, "seeds": [s + 100 for s in seeds], "steps": 6000, "every": 250}
    document = {"templates": as_json(), "sets": [config.data.to_dict()], "gradients": [], "curves": [curve]}
    (runs,) = node_slow("engine.mjs", document)["runs"]
    found = np.array([[e["accuracy"] for e in run] for run in runs])
    inside = 0
    for j in range(len(steps)):
        _, low, high = mean_interval(values[:, j])
        _, our_low, our_high = mean_interval(found[:, j])
        inside += our_low <= high and low <= our_high
    assert inside == len(steps)
