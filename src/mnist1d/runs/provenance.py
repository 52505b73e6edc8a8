"""Provenance: the information stored with every result that shows where it came from."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from mnist1d.checks import Json
from mnist1d.experiments import Loaded
from mnist1d.loading import LOADED_FILES

PACKAGES = (
    "mnist1d-lab",
    "numpy",
    "scipy",
    "jax",
    "jaxlib",
    "optax",
    "matplotlib",
    "scikit-learn",
    "openTSNE",
    "torch",
)


def of_this_process() -> Json:
    """Return versions, machine, processor, device and commit of the running process, and the
    SHA-256 of each file from outside the package that it loaded."""
    here = {"device": _device(), "threads": os.environ.get("OMP_NUM_THREADS")}
    return {**of_this_machine(), **here, **({"files": dict(LOADED_FILES)} if LOADED_FILES else {})}


@functools.cache
def of_this_machine() -> Json:
    """Return versions, platform, processor and commit, which do not change while a process runs."""
    return {
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "git": commit(Path(__file__).parents[1]),
    }


def of_study(study: Loaded) -> Json:
    """Return file and SHA-256 of an external study; {} for our own, which version and commit
    identify."""
    return {"study": {"file": study.file, "sha256": study.sha256}} if study.file else {}


def command_line() -> str:
    """Return the command line of this process, with the program's name only."""
    name = Path(sys.argv[0]).name
    return " ".join(["mnist1d" if name == "cli.py" else name, *sys.argv[1:]])


def commit(folder: Path) -> Json | None:
    """Return {"commit": ..., "dirty": ...} of the checkout that tracks `folder`; None if there is
    none (or no git)."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        if not git(
            "ls-files", "--", "."
        ):  # a virtual environment inside another project's checkout
            return None
        return {
            "commit": git("rev-parse", "HEAD"),
            "dirty": bool(git("status", "--porcelain", "--", ".")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def processor() -> str:
    """Return the processor's name, if the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _device() -> str | None:
    jax = sys.modules.get("jax")
    return str(jax.devices()[0].device_kind) if jax else None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
