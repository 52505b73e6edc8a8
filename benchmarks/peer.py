"""The original package, `mnist1d` 0.0.2.post1, for comparisons. It is installed once, into a
separate folder of the checkout.

Its import name is the same as ours, so it runs in a separate process, with that folder first on the
path.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "0.0.2.post1"
ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".peer" / VERSION


class PeerUnavailable(RuntimeError):
    """The original package could not be installed, for the reason given."""


def is_whole() -> bool:
    """Return whether the original package is installed."""
    return (FOLDER / f"mnist1d-{VERSION}.dist-info").is_dir()


def install() -> Path:
    """Return the folder of the original package; install the package first if it is missing."""
    if not is_whole():
        wanted = [f"mnist1d=={VERSION}"]
        wanted += [
            name for name in ("requests", "matplotlib") if importlib.util.find_spec(name) is None
        ]  # it imports both
        FOLDER.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=FOLDER.parent
        ) as new:  # an interrupted installation leaves nothing behind
            for name in wanted:
                alone = (
                    ["--no-deps"] if name.startswith("mnist1d") else []
                )  # it uses the NumPy and SciPy of this environment
                command = [
                    sys.executable,
                    "-m",
                    "pip",
                    "install",
                    "-q",
                    "--disable-pip-version-check",
                    *alone,
                    "--target",
                    new,
                    name,
                ]
                pip = subprocess.run(command, capture_output=True, text=True)
                if pip.returncode:
                    raise PeerUnavailable(
                        f"pip could not install {name}: {pip.stderr.strip()[-300:]}"
                    )
            try:
                Path(new).rename(FOLDER)
                Path(new).mkdir()  # for the context manager to remove
            except OSError as error:  # another process may have installed it first
                if not is_whole():
                    raise PeerUnavailable(
                        f"{FOLDER} cannot be made: {error.strerror}; delete it"
                    ) from None
    return FOLDER


def run(
    script: Path,
    *arguments: str,
    path: Path | None = None,
    timeout: float = 300,
    **environment: str,
) -> str:
    """Run a Python script in a separate process, with `path` first on its module path; return its
    output."""
    variables = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "PYTHONPATH": str(path) if path else "",
        **environment,
    }
    process = subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=variables,
    )
    if process.returncode:
        raise RuntimeError(f"{script.name} failed: {process.stderr.strip()[-2000:]}")
    return process.stdout
