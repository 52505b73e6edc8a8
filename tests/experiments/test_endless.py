"""The study endless: what it trains on, and its verdicts."""

import numpy as np
import pytest

from mnist1d import UsageError
from mnist1d.experiments import endless
from mnist1d.experiments.claims import FAILS, HOLDS
from mnist1d.experiments.rows import Record, Rows
from mnist1d.runs import flat


def test_a_pass_over_the_stream_is_training_on_its_batches_once():
    jax = pytest.importorskip("jax", reason="training needs JAX")
    from mnist1d import DataConfig
    from mnist1d.learning import MODELS, Settings, Split, make_fit

    model, settings = (
        MODELS["logistic"].make(),
        Settings(num_steps=12, batch_size=20, eval_at=(3, 6, 100)),
    )
    sampler, key = endless.stream(DataConfig(), 20), jax.random.key(4)
    order_key = jax.random.split(key)[1]
    batches = [sampler(jax.random.fold_in(order_key, i)) for i in range(12)]
    x, y = (jax.numpy.concatenate(part) for part in zip(*batches, strict=True))
    assert len(np.unique(x, axis=0)) == 240  # no signal twice
    whole = Split(x, y, x[:50], y[:50])
    streamed = jax.jit(make_fit(model, settings, sampler))(key, whole._replace(x=x[:1], y=y[:1]))
    stored = jax.jit(make_fit(model, settings))(key, whole)
    assert streamed.steps.tolist() == [0, 3, 6, 12]
    for name in ("w", "b"):
        np.testing.assert_allclose(
            streamed.params["dense1"][name], stored.params["dense1"][name], atol=1e-5
        )
    np.testing.assert_allclose(streamed.curves["test_loss"], stored.curves["test_loss"], rtol=1e-4)


def test_seeds_see_streams_of_their_own_and_the_same_test():
    pytest.importorskip("jax", reason="training needs JAX")
    config = endless.Config(model="logistic", num_samples=3000, num_test=200)
    both, one = endless.run(config, [0, 5]), endless.run(config, [5])
    loss = {
        seed: {r.step: r.value for r in both if r.metric == "test_loss" and r.seed == seed}
        for seed in (0, 5)
    }
    alone = {r.step: r.value for r in one if r.metric == "test_loss"}
    assert list(alone) == list(loss[5]) and max(alone) == 3000 and min(alone) == 0
    np.testing.assert_allclose(list(alone.values()), list(loss[5].values()), rtol=1e-4)
    assert loss[0][3000] != loss[5][3000] and loss[0][3000] < loss[0][0]


def test_verdicts_follow_the_rows():
    def verdicts(cnn):
        rows = []
        for model, decay, acc in (
            ("cnn", "cosine", cnn),
            ("cnn", "none", cnn - 0.02),
            ("observer", "cosine", 0.9995),
        ):
            config = endless.Config(model=model, decay=decay)
            rows += [
                Record(repr(config), flat(config), s, "test_acc", 1000, acc + 1e-4 * s)
                for s in range(4)
            ]
        return {c.text: c.verdict for c in endless.claims(Rows(rows))}

    high, low = verdicts(0.998), verdicts(0.93)
    assert set(high.values()) == {HOLDS} and len(high) == 3
    assert low["with endless data the CNN is more accurate than the human"] == FAILS
    assert low["the CNN comes within half a percentage point of the ideal observer"] == FAILS


def test_wrong_settings():
    for bad in ({"model": "svm"}, {"decay": "linear"}, {"num_samples": 10}, {"num_test": 3}):
        with pytest.raises(UsageError):
            endless.Config(**bad)
