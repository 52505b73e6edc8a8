"""Several devices: calls spread over them give what one device gives, to rounding."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

from mnist1d.learning import compilation

PROGRAM = """
import json, sys
import jax
import jax.numpy as jnp
from mnist1d.experiments import load
from mnist1d.learning.compilation import timed_each

def prepare(device):
    program = jax.jit(lambda x: 2 * x).lower(jnp.zeros(3)).compile()
    return lambda item: (int(program(jnp.full(3, item, "f4"))[0]), device.id)

each = timed_each(prepare, range(10))
rows = []
for text in sys.argv[1:]:
    name, trial = text.split()
    study = load(name)
    rows += study.run(study.trials("smoke")[int(trial)], (0, 1, 2))
found = [(r.seed, r.metric, r.step, float(r.value)) for r in rows if not hasattr(r.value, "shape")]
print(json.dumps([len(jax.local_devices()), each.results, len(each.seconds), found]))
"""


def run_on(num_devices, studies):
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={num_devices}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *studies],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "studies",
    [
        ("learning-rate 1",),
        pytest.param(("spatial-priors 1",), marks=pytest.mark.slow),
        pytest.param(("double-descent 4", "self-supervised 0"), marks=pytest.mark.slow),
        pytest.param(("lottery 1",), marks=pytest.mark.slow),
        pytest.param(("activation 0",), marks=pytest.mark.slow),
    ],
)
def test_rows_are_the_same_on_two_devices(studies):
    (one, *_, wanted), (two, each, num_times, found) = run_on(1, studies), run_on(2, studies)
    assert (one, two, num_times) == (1, 2, 10)
    assert [double for double, _ in each] == list(range(0, 20, 2))
    assert {device for _, device in each} <= {0, 1}
    assert [row[:3] for row in found] == [row[:3] for row in wanted]
    pairs = [
        (a[3], b[3]) for a, b in zip(wanted, found, strict=True) if not a[1].endswith("seconds")
    ]
    assert len(pairs) >= 10
    np.testing.assert_allclose(*zip(*pairs, strict=True), rtol=1e-3, atol=1e-3)


def test_an_error_on_one_device_stops_the_others(monkeypatch):
    done, stopping, (device,) = [], threading.Event(), jax.local_devices()[:1]

    class Pool(ThreadPoolExecutor):
        def shutdown(self, *args, **kwargs):  # when the error has come through
            stopping.set()
            super().shutdown(*args, **kwargs)

    def work(item):
        done.append(item)
        if item == 0:
            raise ValueError("item 0")
        assert stopping.wait(60)

    monkeypatch.setattr(compilation, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(jax, "local_devices", lambda: [device] * 2)
    with pytest.raises(ValueError, match="item 0"):
        compilation.timed_each(lambda _: work, range(100))
    assert set(done) <= {0, 1}
