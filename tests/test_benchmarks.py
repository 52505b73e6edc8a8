"""The benchmarks of the generator run and print one JSON line each; what they measure is not
tested, since it depends on the machine."""

import json
import subprocess
import sys

import pytest

from benchmarks.peer import ROOT


def printed(name, *options):
    process = subprocess.run(
        [sys.executable, f"benchmarks/{name}.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    (line,) = process.stdout.splitlines()
    return json.loads(line)


def test_generate(peer):
    result = printed("generate", "--rounds", "1", "--exact", "100", "--fast", "1000")
    assert result["same_bits"] is True and result["exact_ratio"] > 0 and result["fast_ratio"] > 0
    assert {"python", "numpy", "scipy", "peer", "mnist1d-lab"} == set(
        result["versions"]
    ) and result["processor"]
    assert (
        result["seconds"].keys() == {"peer", "exact", "fast"}
        and result["fast_memory"]["output_mebibytes"] == 0.2
    )


def test_import_time():
    result = printed("import_time", "--rounds", "1")
    assert (
        isinstance(result["extra_seconds"], float) and result["bar"] == 0.1 and result["processor"]
    )


def test_streams(peer):
    pytest.importorskip("jax", reason="one of the streams is JAX's")
    result = printed("streams", "--peer", "100", "--jax", "100000", "--torch", "2000")
    assert result["jax_ratio"] > 0 and result["jax"]["num_samples"] == 100_000
    assert 0 <= result["jax"]["growth_mebibytes"] < 100  # what was drawn is 15 MiB, and is not kept


def test_observer():
    pytest.importorskip("jax", reason="the observer needs JAX")
    result = printed("observer", "--signals", "200", "--draws", "500")
    assert (
        result["seconds"]["frozen_test_acc"] > 0.99
        and result["brute_force_errors"]["root_mean_square"] < 3
    )
    assert all(abs(found["standard_errors"]) < 4 for found in result["calibration"].values())
