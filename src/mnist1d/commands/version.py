"""The output of `mnist1d --version`: the information for a bug report."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from mnist1d import __version__
from mnist1d.learning.cache import cache_folder
from mnist1d.runs.provenance import processor

PACKAGES = ("numpy", "scipy", "jax", "jaxlib", "optax", "torch")
FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve")


def version_lines(cpuinfo: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Return the version of the package first, then versions, platform, processor and the folder of
    compiled programs, one per line."""
    features = cpu_features(cpuinfo)
    return [
        __version__,
        f"Python {platform.python_version()}, {', '.join(map(package, PACKAGES))}",
        f"{platform.platform()}, {os.cpu_count()} cores",
        f"{processor()}{': ' if features else ''}{' '.join(features)}",
        f"compilation cache: {cache_folder()}",
    ]


def package(name: str) -> str:
    """Return a package's name and version, or "no NAME" if it is not installed."""
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return f"no {name}"


def cpu_features(path: Path, wanted: Sequence[str] = FEATURES) -> list[str]:
    """Return which of the wanted processor features a file like /proc/cpuinfo lists; none if there
    is no such file, as on macOS and Windows."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    listed: set[str] = set()
    for line in lines:
        name, _, values = line.partition(":")
        if name.strip() in ("flags", "Features"):
            listed |= set(values.split())
    return [feature for feature in wanted if feature in listed]
