"""Choose the kind of device that JAX uses, before JAX starts."""

from __future__ import annotations

import os

from mnist1d.checks import check_name
from mnist1d.errors import UsageError

DEVICES = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}  # our name: JAX's
VARIABLE = "JAX_PLATFORMS"  # environment: JAX reads it in this process and its child processes


def choose_device(name: str) -> None:
    """Let JAX compute on a kind of device, in this process and its child processes. Errors:
    UsageError for an unknown name."""
    os.environ[VARIABLE] = DEVICES[check_name(name, DEVICES, "device")]


def check_device(name: str) -> str:
    """Start JAX and return its devices, such as "2 x NVIDIA H100". Errors: UsageError if this
    process has no such device."""
    import jax

    jax.config.update("jax_platforms", DEVICES[name])  # JAX may be imported already
    try:
        found = jax.local_devices()
    except (RuntimeError, AssertionError) as error:  # JAX asserts that a GPU is visible
        reason = str(error).partition("\n")[0] or "none is visible"
        raise UsageError(_missing(name, reason)) from None
    if found[0].platform != name:
        raise UsageError(_missing(name, f"JAX has already started on {found[0].platform}"))
    return f"{len(found)} x {found[0].device_kind}"


def _missing(name: str, reason: str) -> str:
    extra = {"gpu": "cuda12"}.get(name, name)
    return (
        f"--device {name}: JAX cannot use such a device here ({reason}). Install JAX for this "
        f"device, pip install 'jax[{extra}]', or use --device cpu"
    )
