"""Which workers of a Dask cluster can be used: those with one thread and the same versions."""

from __future__ import annotations

from mnist1d.checks import Json
from mnist1d.runs import provenance

EXACT = ("mnist1d-lab", "jax", "jaxlib", "numpy", "scipy", "optax", "scikit-learn", "distributed")


def describe() -> Json:
    """On a worker: return its versions, processor and commit."""
    return provenance.of_this_machine()


def problem_of(address: str, num_threads: int, found: Json | Exception) -> str | None:
    """Return why a worker cannot be used, in one line; None if it can."""
    if type(found) is Exception:  # how Dask sends what was raised while importing
        return (
            f"the worker {address} cannot import this package ({line_of(found)}): install the same "
            "version of it there, with the extras [lab,dask]"
        )
    if isinstance(found, Exception):
        return f"the worker {address} does not answer ({line_of(found)}): restart it"
    if num_threads != 1:
        return (
            f"the worker {address} has {num_threads} threads, but a trial needs a process with "
            "one thread: start workers with --nthreads 1, and more of them with --nworkers"
        )
    here, there = (_versions(place) for place in (provenance.of_this_machine(), found))
    different = [
        f"{name} {there.get(name, 'none')} instead of {here.get(name, 'none')}"
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
        if name != "commit" or (here.get(name) and there.get(name))  # none if installed
    ]
    if different:
        return (
            f"the worker {address} has {', '.join(different)}: install the same versions on it and "
            "here, for example one environment on a shared disk"
        )
    return None


def _versions(found: Json) -> dict[str, str]:
    """Return the versions that driver and workers must share."""
    versions = {name: text for name, text in found["versions"].items() if name in EXACT}
    git = {"commit": found["git"]["commit"][:12]} if found.get("git") else {}
    return {**versions, **git, "Python": ".".join(found["python"].split(".")[:2])}


def line_of(error: BaseException) -> str:
    """Return an error in one short line."""
    text = " ".join(str(error).split())
    return (text if len(text) <= 120 else f"{text[:117]}...") or type(error).__name__
