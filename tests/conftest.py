"""Fixtures that several folders of tests share."""

import pytest

from benchmarks import peer as original


@pytest.fixture(scope="session")
def peer():
    """The folder of the original package; skips, with pip's reason, where it cannot be installed."""
    try:
        return original.install()
    except original.PeerUnavailable as reason:
        pytest.skip(str(reason))
