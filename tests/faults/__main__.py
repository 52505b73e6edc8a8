"""Count faults, and print a table: `python -m tests.faults [--short] [--log FILE] [PART ...]`.

With a log, a run that was interrupted resumes where it was. The exit status is 1 if anything
failed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from mnist1d.runs.threads import one_thread
from tests.faults.counting import run, table

PARTS = {
    "kills": "killing",
    "lines": "lines",
    "calls": "calls",
    "files": "damage",
    "stores": "stores",
    "indices": "indices",
    "serving": "serving",
}


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--short", action="store_true", help="what the default tests run")
    parser.add_argument("--log", type=Path, help="file that remembers the pieces that are done")
    parser.add_argument("--logged", action="store_true", help="run nothing: count what is logged")
    parser.add_argument("--json", action="store_true", help="print one JSON line per piece")
    options = parser.parse_args()
    os.environ.update(one_thread())
    is_failed = False
    results = []
    for part in options.parts or PARTS:
        if part not in PARTS:
            parser.error(f"unknown part {part}: choose from {', '.join(PARTS)}")
        module = importlib.import_module(f"tests.faults.{PARTS[part]}")
        for piece, found in run(module.pieces(not options.short), options.log, options.logged):
            results.append((piece, found))
            is_failed |= bool(found.failures)
            if options.json:
                print(json.dumps({"key": piece.key, **asdict(found)}), flush=True)
    if not options.json:
        for _, found in results:
            for words in found.words:
                print(f"failed: {words}", file=sys.stderr)
        print(table(results))
    return 1 if is_failed else 0


if __name__ == "__main__":
    sys.exit(main())
