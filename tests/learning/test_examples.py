"""The example of a model from outside the package, as its docstring says to use it."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.learning import Settings, Split, make_fit, resolve

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "examples/transformer.py:transformer"


@pytest.fixture
def model(monkeypatch):
    monkeypatch.chdir(ROOT)
    return resolve(EXAMPLE).make()


def test_it_is_short():
    lines = (ROOT / "examples" / "transformer.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 100 and max(map(len, lines)) <= 100


def test_it_learns(model):
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    x = rng.normal(size=(300, 40)) * 0.3
    for label in range(3):
        x[labels == label, 10 * label : 10 * label + 8] += 1.0
    parts = (x[:200].astype("f4"), labels[:200], x[200:].astype("f4"), labels[200:])
    settings = Settings(num_steps=40, eval_every=40, learning_rate=0.003)
    result = jax.jit(make_fit(model, settings))(jax.random.key(0), Split(*map(jnp.asarray, parts)))
    assert result.curves["test_acc"][-1] > 0.9


def test_signals_do_not_see_each_other(model):
    params, x = model.init(jax.random.key(0)), jax.random.normal(jax.random.key(1), (4, 40))
    alone = jnp.concatenate([model.apply(params, row[None]) for row in x])
    np.testing.assert_allclose(model.apply(params, x), alone, rtol=1e-4, atol=1e-5)
