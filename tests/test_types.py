"""What an editor and a type checker see of the package."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parent.parent / "src"
MOST = 95  # lines of src with the type Any: only where no better type exists
CALLS = """\
from mnist1d import make_dataset

reveal_type(make_dataset(num_samples=100, iid_noise_scale=0.1))
make_dataset(num_sample=100)
make_dataset(num_samples="100")
"""


def test_any_stays_rare():
    lines = [
        f"{path.relative_to(SRC)}:{at}: {line.strip()}"
        for path in sorted(SRC.rglob("*.py"))
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\bAny\b", line)
    ]
    assert len(lines) <= MOST, "name a type, or `object`, in place of Any:\n" + "\n".join(lines)


def test_an_editor_knows_the_knobs_of_make_dataset(tmp_path):
    pyright = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which(
        "pyright"
    )
    if pyright is None:
        pytest.skip("pyright is not installed; pip install pyright")
    (tmp_path / "calls.py").write_text(CALLS, encoding="utf-8")
    command = [pyright, "--pythonpath", sys.executable, "--outputjson", "calls.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    found = json.loads(ended.stdout)["generalDiagnostics"]
    told = [(one["range"]["start"]["line"], one["severity"], one["message"]) for one in found]
    assert [(line, severity) for line, severity, _ in told] == [
        (2, "information"),
        (3, "error"),
        (4, "error"),
    ]
    assert told[0][2].endswith('is "Dataset"')
    assert 'No parameter named "num_sample"' in told[1][2]
    assert '"num_samples" of type "int"' in told[2][2]
