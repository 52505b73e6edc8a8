"""The suite that counts faults: a short form of each part here; the long form by
`python -m tests.faults`, or `pytest -m slow tests/faults`."""

import json
import subprocess
import sys

import pytest

from benchmarks.peer import ROOT


def count(*arguments):
    """Run parts in a separate process; return what each piece found, by its key."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--json", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.stdout, process.stderr
    found = {(line := json.loads(text))["key"]: line for text in process.stdout.splitlines()}
    failed = [word for line in found.values() for word in line["words"]]
    assert process.returncode == 0 and not failed, failed[:3] or process.stderr[-3000:]
    return found


def test_kills():
    found = count("--short", "kills")
    cut = {key: line["notes"]["cut off"] for key, line in found.items()}
    assert cut["kills/sweep, SIGKILL/0/4"] == 4 and cut["kills/save, SIGKILL/0/8"] == 8, cut


def test_command_lines():
    found = count("--short", "lines")["lines/any command/0/80"]
    assert found["cases"] >= 80 and found["notes"]["exit 0"] > 5 < found["notes"]["exit 2"]


def test_wrong_calls():
    found = count("--short", "calls")
    for key, least in (("calls/data/0/300", 200), ("calls/runs/0/200", 130)):
        assert found[key]["notes"]["own error"] > least, found[key]


def test_damaged_files():
    found = count("--short", "files")
    assert len(found) == 6 and sum(line["cases"] for line in found.values()) == 222
    assert found["files/damaged .npz/0/40"]["notes"]["refused"] > 30


def test_stores_indices_and_the_server():
    found = count("--short", "stores", "indices", "serving")
    assert sum(line["cases"] for key, line in found.items() if key.startswith("stores")) == 9
    assert found["serving/slow clients, with readers/0/20"]["cases"] == 35


@pytest.mark.slow
def test_the_long_form(tmp_path):
    assert len(count("--log", str(tmp_path / "log.jsonl"))) > 100
