"""Check how much memory a data set needs before anything is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from mnist1d.config import DataConfig
from mnist1d.errors import UsageError

SMALL = 5e8  # smaller sizes are not checked


def check_memory(num_bytes: float, what: str, fix: str) -> None:
    """Raise UsageError if `what` needs more memory than this machine has free. fix: what to
    lower."""
    if num_bytes <= SMALL:
        return
    free = free_bytes()
    if num_bytes > free:
        raise UsageError(
            f"{what} needs about {num_bytes / 1e9:,.1f} GB of memory, "
            f"and {free / 1e9:,.1f} GB are free: lower {fix}"
        )


def free_bytes() -> float:
    """Return the memory in bytes that is free on this machine and allowed to this process; infinity
    if the system does not say."""
    found = []
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [
            1024.0 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")
        ]
    except OSError:
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            found.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    group = Path("/sys/fs/cgroup")  # of a container
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        cached = int(stat["active_file"]) + int(
            stat["inactive_file"]
        )  # the kernel frees this when needed
        found.append(float(limit - used + cached))
    except (OSError, ValueError, KeyError):  # no container, or no limit
        pass
    return min(found, default=float("inf"))


def dataset_bytes(
    config: DataConfig, num_classes: int, block: int, *, is_exact: bool, latents: bool = False
) -> float:
    """Return an upper bound of the peak memory in bytes for making a set.

    block: signals that go through the pipeline together; fast mode always makes whole blocks.
    """
    n, time, length = config.num_samples, config.final_seq_length, config.working_length
    size = 8 if is_exact else 4
    whole = n * time * size * 2 + n * 32  # the signals, once more while they are ordered or cast
    working = (min(n, block) if is_exact else block) * (length * size * 10 + time * size * 5)
    paddings = min(max(n, block), config.padding[1] - config.padding[0] + 1)
    templates = paddings * num_classes * length * 8 * 2
    matrices = 0 if is_exact else length * (length + time) * 20  # of the two linear filters
    causes = n * (time + 40) * 2 if latents else 0
    return float(whole + working + templates + matrices + causes)
