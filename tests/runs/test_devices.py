"""A chosen device: present, absent or unknown."""

import os
import subprocess
import sys

import pytest

from mnist1d.errors import UsageError
from mnist1d.runs import devices


def test_the_processor_is_a_device(monkeypatch):
    monkeypatch.setenv(devices.VARIABLE, "")
    devices.choose_device("cpu")
    assert devices.check_device("cpu").endswith(" x cpu")


def test_another_device_than_the_one_that_runs(monkeypatch):
    devices.check_device("cpu")
    with pytest.raises(UsageError, match="--device tpu: .*already started on cpu.*--device cpu"):
        devices.check_device("tpu")


def test_an_unknown_device():
    with pytest.raises(UsageError, match="unknown device 'gpus': did you mean 'gpu'"):
        devices.choose_device("gpus")


@pytest.mark.parametrize("device", ["gpu", "tpu"])
def test_a_device_that_is_not_there_is_one_line(tmp_path, device):
    if device == "gpu" and os.path.exists("/dev/nvidiactl"):
        pytest.skip("this machine has such a device")
    words = ["run", "learning-rate", "--preset", "smoke", "--device", device, "--runs", tmp_path]
    done = subprocess.run(
        [sys.executable, "-m", "mnist1d.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    *_, last = done.stderr.strip().splitlines()
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert last.startswith(f"error: --device {device}: JAX cannot use such a device here")
