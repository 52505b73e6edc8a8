"""The entry point of the `mnist1d` script: Ctrl-C is one line from the first import on.

It stands outside the package because importing anything from the package loads NumPy and SciPy.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command of this process's arguments and return its exit status."""
    try:
        from mnist1d.cli import main
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return main()
