"""Networks padded with masked units compute what narrow ones do; label noise; threshold, dip and
peak on curves made by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.dataset import make_dataset
from mnist1d.errors import UsageError
from mnist1d.experiments import double_descent as study
from mnist1d.experiments.double_descent import (
    Config,
    claims,
    make_model,
    measured,
    narrowed,
    shape_of,
)
from mnist1d.experiments.rows import Record, Rows
from mnist1d.learning import Settings, Split, make_fit


def sliced(params, model):
    """The leading entries of each array: a narrow network out of a padded one."""
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    return jax.tree.map(lambda a, s: a[tuple(map(slice, s.shape))], params, shapes)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_padded_network_trains_as_the_narrow_one_does(name):
    width, units, rng = 3, 8, np.random.default_rng(0)
    x, y = jnp.asarray(rng.normal(size=(40, 40)), jnp.float32), jnp.asarray(rng.integers(0, 10, 40))
    split, key = Split(x, y, x[:20], y[:20]), jax.random.key(1)
    wide, narrow = make_model(name, units), make_model(name, width)
    settings = Settings(
        num_steps=60,
        batch_size=20,
        learning_rate=0.05,
        optimizer="momentum",
        eval_every=30,
        reshuffle=True,
    )
    params, mask = narrowed(name, units, wide.init(key), width)
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


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_narrowed_network_starts_uniform_over_its_own_fan_in(name):
    width, units = 20, 64
    params, mask = narrowed(name, units, make_model(name, units).init(jax.random.key(0)), width)
    for layer, shapes in jax.eval_shape(make_model(name, width).init, jax.random.key(0)).items():
        fan_in = np.prod(shapes["w"].shape[:-1])
        for part in ("w", "b"):
            values = np.abs(np.asarray(params[layer][part])[np.asarray(mask[layer][part]) == 1])
            assert values.size == np.prod(shapes[part].shape)
            assert values.max() <= fan_in**-0.5 * (1 + 1e-6)
            assert values.size < 200 or values.mean() == pytest.approx(0.5 * fan_in**-0.5, rel=0.1)


def test_widths_are_the_published_ones():
    assert len(study.MLP_WIDTHS) == 19 and study.MLP_WIDTHS[0] == 2 and study.MLP_WIDTHS[-1] == 300
    assert len(study.CNN_WIDTHS) == 29 and study.CNN_WIDTHS[13:16] == (28, 30, 35)
    assert len(study.grid("paper")) == 2 * 19 + 29


def test_training_labels_are_drawn_anew_at_the_rate_and_for_each_seed():
    data = make_dataset(num_samples=4000, dtype="float32")
    noisy = [data.with_label_noise(0.15, seed=seed) for seed in range(4)]
    changed = np.array([(n.y != data.y).mean() for n in noisy])
    assert changed.mean() == pytest.approx(0.15 * 0.9, abs=4 * (0.135 * 0.865 / (4 * 3200)) ** 0.5)
    assert (noisy[0].y != noisy[1].y).any() and all(
        np.array_equal(n.y_test, data.y_test) for n in noisy
    )


def test_a_seed_does_not_hang_on_the_others_and_noise_changes_the_result():
    config = Config("mlp", 4, num_epochs=1, batch_size=50, data=DataConfig(num_samples=200))
    both, alone = study.run(config, (3, 5)), study.run(config, (5,))
    value = {(r.seed, r.metric): r.value for r in both}
    for r in alone:
        if "seconds" not in r.metric:
            np.testing.assert_array_equal(value[5, r.metric], r.value)
    clean = study.run(
        Config("mlp", 4, 0.0, num_epochs=1, batch_size=50, data=DataConfig(num_samples=200)), (5,)
    )
    losses = [next(r.value for r in rows if r.metric == "train_loss") for rows in (alone, clean)]
    assert losses[0] != losses[1]


def test_shape_of_a_curve_made_by_hand():
    widths = np.array([2, 4, 8, 16, 32, 64])
    train = np.array([0.6, 0.4, 0.2, 0.05, 0.01, 0.0])
    test = np.array([0.7, 0.5, 0.52, 0.6, 0.65, 0.4])
    shape = shape_of(widths, train, test)
    assert shape == (32, 4, 32, 0.5, 0.65, 0.4)
    assert np.isnan(shape_of(widths, train + 0.1, test).threshold)


def test_claims_on_rows_made_by_hand():
    test = {2: 0.7, 4: 0.5, 8: 0.52, 16: 0.6, 32: 0.65, 64: 0.4}
    records = [
        Record(
            f"{noise}{w}",
            {"model": "mlp", "width": w, "label_noise": noise},
            seed,
            metric,
            None,
            1 - error - seed * 1e-3,
        )
        for noise in (0.0, 0.15)
        for w in test
        for seed in (0, 1)
        for metric, error in (
            ("test_acc", test[w] - (0.1 if w == 32 and not noise else 0)),
            ("train_acc", 0.0 if w >= 32 else 0.3),
        )
    ]
    assert [c.verdict for c in claims(Rows(records))] == ["holds"] * 3
    assert measured(Rows(records))["MLP with noise, interpolation threshold"].tolist() == [32, 32]
    partial = Rows(r for r in records if r.config["width"] == 2)
    assert (
        claims(partial) == []
        and measured(partial) == {}
        and list(study.figures(partial)) == ["error"]
    )


def test_settings_name_the_rule():
    with pytest.raises(UsageError, match="width must be a whole number, at least 1"):
        Config(width=0)
    with pytest.raises(UsageError, match="unknown model"):
        Config("gru")
