"""The data core in the browser: NumPy and SciPy under Pyodide, in node.

`python -m tests.pyodide FOLDER` installs Pyodide; MNIST1D_PYODIDE=FOLDER runs this test.
"""

import json
import os
import runpy
import subprocess
from pathlib import Path

import numpy as np
import pytest

import mnist1d

HERE = Path(__file__).resolve().parent / "pyodide"
SRC = Path(mnist1d.__file__).resolve().parent.parent
FOLDER = os.environ.get("MNIST1D_PYODIDE", "")


@pytest.mark.skipif(not FOLDER, reason="MNIST1D_PYODIDE does not name a folder with Pyodide")
def test_the_published_set_is_the_same_in_the_browser():
    command = ["node", str(HERE / "run.mjs"), FOLDER, str(SRC)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert not done.returncode, done.stderr[-2000:]
    there = json.loads(done.stdout.splitlines()[-1])
    here = runpy.run_path(str(HERE / "core.py"))["found"]
    assert there["platform"] == "emscripten"
    assert there["published"] == here["published"]
    assert here["published"].startswith("the published set")
    assert there["read"] and there["labels"] == here["labels"]
    # the documented tolerance of float64: docs/data.md, "Other platforms"
    np.testing.assert_allclose(there["float64"], here["float64"], rtol=0, atol=1e-14)
    assert there["probe"] == pytest.approx(here["probe"], abs=1e-6)
