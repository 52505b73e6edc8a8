"""The commands and their options, one module per group. Each command passes its options on to
`mnist1d.commands` and returns the exit status: no logic here."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable
from typing import cast

from cyclopts import App, CycloptsError, Parameter
from rich.markup import escape

from mnist1d.commands.app import data, models, page, rows, stores, studies
from mnist1d.errors import Mnist1dError, SuspiciousValueWarning, UsageError

GROUPS = (data, studies, rows, stores, models, page)


def _print_version() -> int:
    """Print the version and other information for a bug report."""
    from mnist1d.commands.version import version_lines

    print("\n".join(version_lines()))
    return 0


def make_app(groups: Iterable[object] = GROUPS) -> App:
    """Return the command-line app with the COMMANDS of each group: {name: function}."""
    app = App(
        "mnist1d",
        help="Make, check and draw MNIST-1D data, and rerun studies of deep learning on it.",
        version_flags=(),
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(
            negative=(), show_default=lambda value: None if value is False else value
        ),
    )
    app.command(_print_version, name="--version")
    app.register_install_completion_command(
        help="Install completion for bash, zsh or fish; then open a new shell."
    )
    for group in groups:
        for name, command in vars(group)["COMMANDS"].items():
            app.command(command, name=name)
    return app


app = make_app()


def run(tokens: list[str] | None = None) -> int:
    """Run a command (default: this process's arguments) and return its exit status."""
    for stream in (sys.stdout, sys.stderr):  # a stream that is not UTF-8 must not stop a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    with warnings.catch_warnings():
        warnings.simplefilter("default", SuspiciousValueWarning)
        warnings.showwarning = _print_warning
        return _status(tokens)


def _print_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)


def _status(tokens: list[str] | None) -> int:
    try:
        status = app(
            tokens,
            result_action="return_value",
            exit_on_error=False,
            error_formatter=lambda error: escape(f"error: {error}"),  # printed as Rich's markup
        )
        return cast(int, status) or 0  # --help and --version return None
    except CycloptsError:  # the app has printed it
        return 2
    except Mnist1dError as error:
        return _fail(str(error), 2 if isinstance(error, UsageError) else 1)
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        is_sweep = (sys.argv[1:] if tokens is None else tokens)[:1] in (["run"], ["reproduce"])
        saved = " Finished trials are saved; run the same command again to resume."
        print(f"\nInterrupted.{saved if is_sweep else ''}", file=sys.stderr)
        return 130
    except MemoryError:
        return _fail("not enough memory: use fewer or shorter signals", 2)
    except (
        OSError
    ) as error:  # a path that cannot be opened: too long, or in a folder without access
        where = error.filename or "cannot write the output"
        return _fail(f"{where}: {error.strerror or error}", 2)


def _fail(message: str, status: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return status
