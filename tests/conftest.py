"""Fixtures that several folders of tests share."""

import importlib.util
import os
import signal
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import settings

from benchmarks import peer as original
from mnist1d.runs.threads import one_thread

# Before JAX starts. Compilation takes most of the time of the tests, so XLA optimises less and
# emits LLVM's code without the detour through MLIR: 23 s in place of 78 for all smoke runs.
QUICK_TO_COMPILE = "--xla_backend_optimization_level=0"
HAS_JAX = importlib.util.find_spec("jax") is not None
if HAS_JAX and tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11):  # unknown later: fatal
    QUICK_TO_COMPILE += " --xla_cpu_use_fusion_emitters=false"
os.environ["XLA_FLAGS"] = f"{QUICK_TO_COMPILE} {os.environ.get('XLA_FLAGS', '')}"
os.environ.update(one_thread())  # the same bits as in a worker

# The same examples on every run; tests/test_search.py looks at many others
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("search" if "MNIST1D_SEARCH" in os.environ else "steady")


def pytest_configure():
    """Shells make background processes ignore Ctrl-C; the commands that tests start must not
    inherit this."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def compiled_programs():
    """Tests and the commands they start share one folder of compiled programs."""
    if HAS_JAX:
        from mnist1d.learning import enable_compilation_cache

        enable_compilation_cache()


@pytest.fixture(scope="session")
def peer():
    """The folder of the original package; skips, with pip's reason, where it cannot be
    installed."""
    try:
        return original.install()
    except original.PeerUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def reference():
    """The folder with the published files: $MNIST1D_REFERENCE, else ../shared/reference; skips
    where there is none."""
    folder = Path(
        os.environ.get(
            "MNIST1D_REFERENCE", Path(__file__).resolve().parents[2] / "shared" / "reference"
        )
    )
    if not (folder / "frozen.npz").is_file():
        pytest.skip(
            f"the published files are not in {folder}; "
            "set MNIST1D_REFERENCE to the folder that holds frozen.npz"
        )
    return folder


@pytest.fixture
def toy(monkeypatch):
    """The toy study, registered for the time of a test."""
    from mnist1d import experiments
    from tests.runs import toy as module

    monkeypatch.setitem(experiments.STUDIES, "toy", module.__name__)
    return module
