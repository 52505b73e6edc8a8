"""Compute the ideal observer's answers on the frozen and the fresh test of the default settings,
and write them into the package.

    nice python -m benchmarks.answers

Takes about two minutes. Prints one JSON line: signals, bytes and the observer's accuracy by test,
seconds.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

from mnist1d import observer
from mnist1d.atomic import atomic_path
from mnist1d.config import DataConfig
from mnist1d.evaluation.scores import ceiling
from mnist1d.evaluation.testsets import data_of, make_test
from mnist1d.observer import kept
from mnist1d.observer.fresh import NUM_SIGNALS

FOLDER = Path(observer.__file__).parent


def main() -> None:
    """Compute into an empty cache, copy the files into the package, print."""
    begin, data, found = time.perf_counter(), data_of(None)[0], {}
    keys = {"frozen": "own test", "fresh": "fresh"}
    for test, what in keys.items():
        path = FOLDER / f"{test}.npz"
        path.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CACHE_HOME"] = folder
            made = ceiling(make_test(data, test, NUM_SIGNALS))
            assert made is not None
            key = kept.key_of(what, DataConfig(), data.templates)
            content = (kept.cache_folder() / f"{key[:32]}.npz").read_bytes()
            with atomic_path(path) as part:
                part.write_bytes(content)
        found[test] = {"signals": made.n, "bytes": len(content), "acc": made.acc}
    print(json.dumps({**found, "seconds": round(time.perf_counter() - begin, 1)}))


if __name__ == "__main__":
    main()
