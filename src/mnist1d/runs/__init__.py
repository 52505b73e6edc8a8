"""Runs: a store of rows that any program can open, and sweeps that run the missing trials.

>>> with open_store("mnist1d-runs") as store:
...     done = sweep(store, plan("learning-rate", "smoke"))
...     rows = store.rows("learning-rate")
>>> done.failed, len(rows) > 0
([], True)
"""

from mnist1d.runs.identity import flat, trial_id
from mnist1d.runs.overrides import apply_overrides, parse_overrides
from mnist1d.runs.store import Store, open_store
from mnist1d.runs.sweep import Summary, Task, plan, sweep

__all__ = [
    "Store",
    "Summary",
    "Task",
    "apply_overrides",
    "flat",
    "open_store",
    "parse_overrides",
    "plan",
    "sweep",
    "trial_id",
]
