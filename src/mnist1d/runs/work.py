"""One call of one trial, in a worker. The worker computes and returns; only the driver writes."""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mnist1d.checks import Json
from mnist1d.errors import MissingDataError, MissingExtraError, Mnist1dError, UsageError
from mnist1d.experiments import Loaded, Reference, load
from mnist1d.experiments.rows import Row
from mnist1d.runs import provenance
from mnist1d.runs.identity import rebuild
from mnist1d.runs.store import now
from mnist1d.runs.writing import plain_row


@dataclass(frozen=True)
class Outcome:
    """The result of a call: "done" with rows, "failed" with a traceback (or a message for
    inconsistent settings), or "skipped" with a one-line reason."""

    status: str
    rows: list[Row] = field(default_factory=list)
    error: str | None = None
    started: str = ""
    seconds: float = 0.0
    provenance: Json = field(default_factory=dict)


def work(reference: str | Reference, values: Mapping[str, object], seeds: Sequence[int]) -> Outcome:
    """Run a trial for some seeds. An exception in the study becomes an Outcome, so that other
    trials continue.

    values: the config as plain values from `nested`, because a worker does not know the classes of
    a study's file before importing it.
    """
    started, begin = now(), time.perf_counter()
    status, rows, error, origin = "done", [], None, {}
    try:
        study = load(reference)
        origin = provenance.of_study(study)
        _enable_cache()
        rows = check_rows(study, study.run(rebuild(study.Config, values), tuple(seeds)), seeds)
    except (MissingDataError, MissingExtraError) as reason:
        status, error = "skipped", str(reason)
    except Mnist1dError as reason:
        status, error = "failed", str(reason)
    except Exception:
        status, error = "failed", traceback.format_exc()
    return Outcome(
        status,
        rows,
        error,
        started,
        time.perf_counter() - begin,
        provenance.of_this_process() | origin,
    )


def check_rows(study: Loaded, rows: Sequence[Row], seeds: Sequence[int]) -> list[Row]:
    """Return the rows with plain values. Errors: UsageError for anything but a Row, for a seed
    without rows, for one that was not asked for, or for a row that the store cannot keep."""
    rule = f"{study.where}: run(config, seeds) must return"
    if other := next((row for row in rows or () if not isinstance(row, Row)), None):
        raise UsageError(f"{rule} a list of Row, got {type(other).__name__} in it")
    found = {row.seed for row in rows or ()}
    if found != set(seeds):
        raise UsageError(
            f"{rule} rows for exactly the seeds it was given, {sorted(seeds)}; "
            f"got rows for {sorted(found)}"
        )
    return [plain_row(row) for row in rows]


@functools.cache
def _enable_cache() -> None:
    """Turn on the compilation cache once, because trimming it reads thousands of file entries."""
    try:
        from mnist1d.learning.compilation import enable_compilation_cache

        enable_compilation_cache()
    except OSError:
        pass  # no writable home: programs are compiled again, which is only slower
