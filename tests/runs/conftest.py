"""The toy study, registered for the time of a test."""

import sys

import pytest

from mnist1d import experiments
from mnist1d.runs import open_store
from tests.runs import toy as module


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(experiments.STUDIES, "toy", "toy")
    monkeypatch.setitem(sys.modules, "mnist1d.experiments.toy", module)
    return module


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "runs") as opened:
        yield opened
