"""Fixtures that several folders of tests share."""

import os
from pathlib import Path

import pytest

from benchmarks import peer as original


@pytest.fixture(scope="session")
def peer():
    """The folder of the original package; skips, with pip's reason, where it cannot be installed."""
    try:
        return original.install()
    except original.PeerUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def reference():
    """The folder with the published files: $MNIST1D_REFERENCE, else ../shared/reference; skips where there is none."""
    folder = Path(os.environ.get("MNIST1D_REFERENCE", Path(__file__).resolve().parents[2] / "shared" / "reference"))
    if not (folder / "frozen.npz").is_file():
        pytest.skip(f"the published files are not in {folder}; set MNIST1D_REFERENCE to the folder that holds frozen.npz")
    return folder
