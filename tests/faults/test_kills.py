"""Killed at many points: every committed row whole, none twice, nothing left over after the next
start. The long form counts 800 points of sweeps and 800 of migrations; its command is
`pytest -m slow -s tests/faults`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SIGNALS = ("SIGKILL", "SIGINT", "SIGTERM", "SIGHUP")
PROGRAM = Path(__file__).with_name("killing.py")


def kill(what, name, count, seed=0):
    """Kill at `count` points; return the program's counts."""
    command = [sys.executable, str(PROGRAM), what, name, str(count), str(seed)]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout)
    assert found["points"] == count and not found["problems"], found["problems"][:3]
    return found


@pytest.mark.parametrize(
    ("what", "name", "count"),
    [
        ("sweep", "SIGKILL", 6),
        ("sweep", "SIGINT", 6),
        ("sweep", "SIGHUP", 2),
        ("migration", "SIGKILL", 5),
        ("migration", "SIGTERM", 3),
        ("slow", "SIGTERM", 4),
    ],
)
def test_some_points(what, name, count):
    assert kill(what, name, count)["cut"] > (0 if what == "slow" else count // 2)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["sweep", "migration", "slow"])
@pytest.mark.parametrize("name", SIGNALS)
def test_two_hundred_points(what, name):
    found = kill(what, name, 200, seed=1)
    print(f"| {what} | {name} | {found['points']} | {found['cut']} | {len(found['problems'])} |")
