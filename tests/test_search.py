"""The property tests once more, on far more random examples than the default run draws."""

import os
import subprocess
import sys

import pytest

from benchmarks.peer import ROOT

TIMES = 25  # as many examples as in the default run


@pytest.mark.slow
def test_property_tests_hold_for_many_more_examples():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "hypothesis",
            "-p",
            "no:cacheprovider",
            "tests",
        ],
        cwd=ROOT,
        env={**os.environ, "MNIST1D_SEARCH": str(TIMES)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]


def test_the_default_run_draws_the_same_examples_each_time():
    """A property test that fails at random values would fail now and then."""
    code = """
from hypothesis import given, strategies as st
import tests.conftest
from tests.strategies import examples
seen = []
@examples(30)
@given(st.integers())
def draw(n): seen.append(n)
draw()
print(seen)
"""
    variables = {name: v for name, v in os.environ.items() if name != "MNIST1D_SEARCH"}
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(outputs) == 1 and len(outputs.pop()) > 60
