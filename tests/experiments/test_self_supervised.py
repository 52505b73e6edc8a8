"""Views, loss and probes of the self-supervised study."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the studies need JAX")

from mnist1d.experiments import self_supervised as study  # noqa: E402
from mnist1d.generate import make_dataset  # noqa: E402

X = np.random.default_rng(0).normal(size=(200, 40)).astype(np.float32)
RAMP = np.arange(40) - 19.5


def without_line(x):
    x = x - x.mean(axis=1, keepdims=True)
    return x - (x @ RAMP / (RAMP @ RAMP))[:, None] * RAMP


def test_a_view_is_the_signal_without_its_line_shifted_on_a_new_line():
    view, shape = np.asarray(study.view(jax.random.key(1), X)), without_line(X)
    shifts = []
    for seen, plain in zip(view, shape, strict=True):
        distances = []
        for shift in range(40):
            rest = seen - np.roll(plain, shift)
            distances.append(np.abs(rest - np.polyval(np.polyfit(RAMP, rest, 1), RAMP)).max())
        assert min(distances) < 1e-4
        shifts.append((int(np.argmin(distances)) + 20) % 40 - 20)
    assert set(shifts) == set(range(10))  # as the notebook's randint(0, 10)


def test_new_slopes_and_offsets_have_their_spread():
    flat = np.zeros((4000, 40), np.float32)
    view = np.asarray(study.view(jax.random.key(2), flat))
    slope, offset = np.polyfit(RAMP, view.T, 1)
    assert slope.std() == pytest.approx(0.04, rel=0.06) and offset.std() == pytest.approx(
        0.3, rel=0.06
    )


def test_info_nce_equals_numpy():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 7, 5))
    cosine = (a @ b.T) / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)
    logits = cosine / 0.5
    expected = -np.mean(np.diag(logits) - np.log(np.exp(logits).sum(axis=1)))
    assert float(study.info_nce(a.astype(np.float32), b.astype(np.float32), 0.5)) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize(
    "variant, sizes", [("none", []), ("projector", [125, 16]), ("deep", [125, 125, 125, 16])]
)
def test_layers_of_each_variant(variant, sizes):
    init, layers = study.network(variant, 40)
    outputs = layers(init(jax.random.key(0)), X[:6])
    assert [h.shape for h in outputs] == [(6, n) for n in (25 * 19, 25 * 10, 25 * 5, *sizes)]
    assert len(outputs) + 1 == len(study.LAYERS[variant]) == len(study.LINEAR[variant])
    assert all(
        (np.asarray(h) >= 0).all() for h in outputs[: 3 + max(len(sizes) - 1, 0)]
    )  # relu everywhere but in the last of a projector


def test_training_lowers_the_loss_without_labels():
    config = study.Config(num_epochs=10, batch_size=50)
    init, layers = study.network("projector", 40)
    signals = make_dataset(num_samples=500, dtype="float32").x
    key = jax.random.key(0)
    _, losses = jax.jit(study.simclr(config, layers))(key, init(key), signals)
    assert losses.shape == (10,) and losses[-1] < losses[0] - 0.5


def test_probes_read_what_is_there():
    y = (X[:, 0] > 0).astype(int)
    marked = np.concatenate([X[:, :3], 5 * (2 * y[:, None] - 1)], axis=1)
    for name, least in (("linear", 1), ("knn", 0.95)):
        p = study.PROBES[name](marked[:150], y[:150], marked[150:], study.Config(), depth=1)
        assert p.shape == (50, 2) and (p.argmax(axis=1) == y[150:]).mean() >= least
