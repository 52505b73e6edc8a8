"""The original package, `mnist1d` 0.0.2.post1, to compare with: installed once into a folder of its
own in the checkout.

Its import name is ours, so it runs in a process of its own, with that folder first on the path.
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
    """Whether the original package is installed."""
    return (FOLDER / f"mnist1d-{VERSION}.dist-info").is_dir()


def install() -> Path:
    """Return the folder that holds the original package, installing it first where it is not
    there."""
    if not is_whole():
        wanted = [f"mnist1d=={VERSION}"]
        wanted += [
            name for name in ("requests", "matplotlib") if importlib.util.find_spec(name) is None
        ]  # it imports both
        FOLDER.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=FOLDER.parent
        ) as new:  # a broken-off installation leaves nothing behind
            for name in wanted:
                alone = (
                    ["--no-deps"] if name.startswith("mnist1d") else []
                )  # its NumPy and SciPy are those of this environment
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
            except OSError as error:  # another process may have been faster
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
    """Run a Python script in a process of its own, with `path` first on its module path; return
    what it printed."""
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
