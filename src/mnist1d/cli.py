"""The `mnist1d` command; also `python -m mnist1d.cli`. The commands live in `commands/`.

Exit status: 0; 1 a trial failed or a check said no; 2 the command line or a file named there is
wrong; 130 Ctrl-C.
"""

from __future__ import annotations

import os
import sys


def main(tokens: list[str] | None = None) -> int:
    """Run a command (default: this process's arguments) and return its exit status. An expected
    error is one line on stderr."""
    _replace_closed_streams()
    try:
        from mnist1d.commands.app import run
    except ModuleNotFoundError as error:
        if error.name not in ("cyclopts", "rich"):
            raise
        if (sys.argv[1:] if tokens is None else tokens) == ["--version"]:
            from mnist1d.commands.version import version_lines

            print(*version_lines(), sep="\n")
            return 0
        needs = f"the mnist1d command needs {error.name}, which the `lab` extra installs"
        print(f"error: {needs}: pip install 'mnist1d-lab[lab]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return run(tokens)


def _replace_closed_streams() -> None:
    """Connect a closed stdin, stdout or stderr (`>&-`) to the null device, so that no file opened
    later, such as the store, takes its number and receives what is printed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
