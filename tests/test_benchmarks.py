"""The benchmarks of the generator run and print one JSON line each; what they measure is not tested, since it depends on the machine."""

import json
import subprocess
import sys

from benchmarks.peer import ROOT


def printed(name, *options):
    process = subprocess.run([sys.executable, f"benchmarks/{name}.py", *options], cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    (line,) = process.stdout.splitlines()
    return json.loads(line)


def test_generate(peer):
    result = printed("generate", "--rounds", "1", "--exact", "100", "--fast", "1000")
    assert result["same_bits"] is True and result["exact_ratio"] > 0 and result["fast_ratio"] > 0
    assert {"python", "numpy", "scipy", "peer", "mnist1d-lab"} == set(result["versions"]) and result["processor"]
    assert result["seconds"].keys() == {"peer", "exact", "fast"} and result["fast_memory"]["output_mebibytes"] == 0.2


def test_import_time():
    result = printed("import_time", "--rounds", "1")
    assert isinstance(result["extra_seconds"], float) and result["bar"] == 0.1 and result["processor"]
