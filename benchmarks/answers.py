"""Compute the ideal observer's answers on the fresh test of the default settings, and write them
into the package.

    nice python -m benchmarks.answers

Takes about two minutes. Prints one JSON line: signals, seconds, bytes, the observer's accuracy.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from mnist1d import observer
from mnist1d.atomic import atomic_path
from mnist1d.generate import load_dataset
from mnist1d.observer import fresh

PATH = Path(observer.__file__).with_name(fresh.SHIPPED)


def main() -> None:
    """Compute into an empty cache, copy the file into the package, print."""
    begin, data = time.perf_counter(), load_dataset()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        PATH.unlink(missing_ok=True)
        test = fresh.fresh_test(data)
        (kept,) = fresh.cache_folder().iterdir()
        with atomic_path(PATH) as part:
            part.write_bytes(kept.read_bytes())
    assert test.exact is not None
    found = {
        "signals": len(test.y),
        "seconds": round(time.perf_counter() - begin, 1),
        "bytes": PATH.stat().st_size,
        "acc": float(np.mean(test.exact.argmax(axis=1) == test.y)),
        "expected_acc": float(test.exact.max(axis=1).mean()),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
