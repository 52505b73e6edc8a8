"""Keras 3 models, in a process of their own: its backend is chosen when it is first imported."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mnist1d.evaluation.protocol import OPTIMIZERS

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, keras, numpy as np, random, warnings
import mnist1d
from mnist1d.evaluation import testsets

testsets._exact = lambda data, x: (np.full((len(x), 10), 0.1), "")

def net(head=None, units=10):
    return keras.Sequential([
        keras.Input((40,)), keras.layers.Dense(30, activation="relu"),
        keras.layers.Dense(units, activation=head)])

def run(model, seeds=2, **options):
    return mnist1d.evaluate(model, seeds, shuffled=False, num_steps=40, **options)

logits, state = run(net), random.getstate()
again = run(net, [1])
stream = random.getstate() == state
softmax = run(lambda: net("softmax"), [1])
instance = run(net(), [1])
own = run(net, 1, train=lambda model, x, y, seed: (
    model.compile("adam", "sparse_categorical_crossentropy"), model.fit(x, y, verbose=0))[1])
wrong = ""
try:
    run(lambda: net(units=9), 1)
except mnist1d.Mnist1dError as error:
    wrong = str(error)
from mnist1d.evaluation.protocol import OPTIMIZERS, Protocol
from mnist1d.evaluation.trainers.keras import _optimizer
made = {name: type(_optimizer(Protocol(optimizer=name, schedule="cosine"))).__name__
        for name in OPTIMIZERS}
print(json.dumps({
    "logits": logits.acc().tolist(), "again": again.acc().tolist(), "wrong": wrong,
    "softmax": softmax.acc().tolist(), "instance": instance.acc().tolist(),
    "loss": [logits.scores()[1].loss_bits, softmax.scores()[0].loss_bits],
    "num_params": logits.num_params, "own": own.acc().tolist(), "made": made,
    "stream": stream}))
"""


@pytest.mark.skipif(find_spec("keras") is None, reason="keras is not installed")
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("jax"),
        pytest.param("torch", marks=pytest.mark.slow),
    ],
)
def test_keras_models_are_trained_by_the_protocol(backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment
    )
    assert process.returncode == 0, process.stderr[-2000:]
    found = json.loads(process.stdout.splitlines()[-1])
    assert found["num_params"] == 40 * 30 + 30 + 30 * 10 + 10
    assert found["logits"][0] != found["logits"][1] == found["again"][0]  # by the seed alone
    # the head decides how the loss is taken, not what is learned
    assert found["softmax"] == pytest.approx(found["again"], abs=0.02)
    assert found["loss"][0] == pytest.approx(found["loss"][1], abs=0.05)
    assert min(found["logits"] + found["instance"]) > 0.2
    kinds = "Adam AdamW SGD Muon SGD RMSprop SGD".split()
    assert found["made"] == dict(zip(OPTIMIZERS, kinds, strict=True))
    assert found["own"][0] > 0.02  # a History came back: the model was kept
    assert "must have the shape (batch, classes)" in found["wrong"]
    assert found["stream"]
