"""One call of one trial: what a worker does. It computes and returns; only the driver writes."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mnist1d.errors import MissingDataError, MissingExtraError, Mnist1dError
from mnist1d.experiments import load
from mnist1d.experiments.rows import Row
from mnist1d.runs import provenance
from mnist1d.runs.store import now


@dataclass(frozen=True)
class Outcome:
    """How a call went: "done" with its rows, "failed" with a traceback (a message where settings do
    not fit together), or "skipped" with the reason in one line."""

    status: str
    rows: list[Row] = field(default_factory=list)
    error: str | None = None
    started: str = ""
    seconds: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)


def work(study: str, config: Any, seeds: Sequence[int]) -> Outcome:
    """Run a trial for some seeds. An exception of the study becomes an outcome, so that it stops no
    other trial."""
    started, begin = now(), time.perf_counter()
    status, rows, error = "done", [], None
    try:
        _enable_cache()
        rows = checked(load(study).run(config, tuple(seeds)), seeds)
    except (MissingDataError, MissingExtraError) as reason:
        status, error = "skipped", str(reason)
    except Mnist1dError as reason:
        status, error = "failed", str(reason)
    except Exception:
        status, error = "failed", traceback.format_exc()
    return Outcome(
        status, rows, error, started, time.perf_counter() - begin, provenance.of_this_process()
    )


def checked(rows: Sequence[Row], seeds: Sequence[int]) -> list[Row]:
    """Return the rows with plain values; ValueError where a seed has none, or one that was not
    asked for has some."""
    found = {row.seed for row in rows}
    if found != set(seeds):
        raise ValueError(
            f"a study must return rows for exactly the seeds that it was given, {sorted(seeds)}; got rows for {sorted(found)}"
        )
    return [
        row._replace(value=np.asarray(row.value) if np.ndim(row.value) else float(row.value))
        for row in rows
    ]


def _enable_cache() -> None:
    try:
        from mnist1d.learning.compilation import enable_compilation_cache

        enable_compilation_cache()
    except OSError:
        pass  # no home to write in: everything is compiled anew, which is slower and no worse
