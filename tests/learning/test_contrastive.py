"""Views, loss and training without labels."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the studies need JAX")

from mnist1d.experiments import self_supervised as study  # noqa: E402
from mnist1d.generate import make_dataset  # noqa: E402
from mnist1d.learning.contrastive import encoder, info_nce, simclr, view  # noqa: E402

X = np.random.default_rng(0).normal(size=(200, 40)).astype(np.float32)
RAMP = np.arange(40) - 19.5


def without_line(x):
    x = x - x.mean(axis=1, keepdims=True)
    return x - (x @ RAMP / (RAMP @ RAMP))[:, None] * RAMP


def test_a_view_is_the_signal_without_its_line_shifted_on_a_new_line():
    seen, shape = np.asarray(view(jax.random.key(1), X)), without_line(X)
    shifts = []
    for one, plain in zip(seen, shape, strict=True):
        distances = []
        for shift in range(40):
            rest = one - np.roll(plain, shift)
            distances.append(np.abs(rest - np.polyval(np.polyfit(RAMP, rest, 1), RAMP)).max())
        assert min(distances) < 1e-4
        shifts.append((int(np.argmin(distances)) + 20) % 40 - 20)
    assert set(shifts) == set(range(10))  # as the notebook's randint(0, 10)


def test_new_slopes_and_offsets_have_their_spread():
    flat = np.zeros((4000, 40), np.float32)
    seen = np.asarray(view(jax.random.key(2), flat))
    slope, offset = np.polyfit(RAMP, seen.T, 1)
    assert slope.std() == pytest.approx(0.04, rel=0.06) and offset.std() == pytest.approx(
        0.3, rel=0.06
    )


def test_info_nce_equals_numpy():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 7, 5))
    cosine = (a @ b.T) / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)
    logits = cosine / 0.5
    expected = -np.mean(np.diag(logits) - np.log(np.exp(logits).sum(axis=1)))
    assert float(info_nce(a.astype(np.float32), b.astype(np.float32), 0.5)) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize(
    "variant, sizes", [("none", []), ("projector", [125, 16]), ("deep", [125, 125, 125, 16])]
)
def test_layers_of_each_variant(variant, sizes):
    init, layers = encoder(study.PROJECTORS[variant], 40)
    outputs = layers(init(jax.random.key(0)), X[:6])
    assert [h.shape for h in outputs] == [(6, n) for n in (25 * 19, 25 * 10, 25 * 5, *sizes)]
    assert len(outputs) + 1 == len(study.LAYERS[variant]) == len(study.LINEAR[variant])
    assert all(
        (np.asarray(h) >= 0).all() for h in outputs[: 3 + max(len(sizes) - 1, 0)]
    )  # relu everywhere but in the last of a projector


def test_training_lowers_the_loss_without_labels():
    init, layers = encoder([125, 16], 40)
    signals = make_dataset(num_samples=500, dtype="float32").x
    settings = {"batch_size": 50, "learning_rate": 0.01, "temperature": 0.5}
    train, key = simclr(layers, num_epochs=10, **settings), jax.random.key(0)
    _, losses = jax.jit(train)(key, init(key), signals)
    assert losses.shape == (10,) and losses[-1] < losses[0] - 0.5
