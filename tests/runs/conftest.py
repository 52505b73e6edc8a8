"""A store for the time of a test."""

import pytest

from mnist1d.runs import open_store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "runs") as opened:
        yield opened
