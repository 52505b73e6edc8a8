"""Several devices: calls spread over them give what one device gives, to rounding."""

import json
import os
import subprocess
import sys

import numpy as np

PROGRAM = """
import json, sys
import jax
from mnist1d.experiments import load

rows = []
for name in ("spatial-priors", "learning-rate"):
    study = load(name)
    rows += study.run(study.trials("smoke")[1], (0, 1, 2, 3, 4))
found = [(r.seed, r.metric, r.step, float(r.value)) for r in rows if not hasattr(r.value, "shape")]
print(json.dumps([len(jax.local_devices()), found]))
"""


def rows_on(num_devices):
    flags = f"--xla_force_host_platform_device_count={num_devices}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_rows_are_the_same_on_four_devices():
    (one, wanted), (four, found) = rows_on(1), rows_on(4)
    assert (one, four) == (1, 4)
    assert [row[:3] for row in found] == [row[:3] for row in wanted]
    pairs = [
        (a[3], b[3]) for a, b in zip(wanted, found, strict=True) if not a[1].endswith("seconds")
    ]
    assert len(pairs) > 100
    np.testing.assert_allclose(*zip(*pairs, strict=True), rtol=1e-3, atol=1e-3)
