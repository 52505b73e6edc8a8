"""The command that shows the page: web."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def web(
    *,
    runs: Annotated[
        Path | None,
        Parameter(
            help="folder of runs: show its results, follow its sweeps, and save quizzes in it"
        ),
    ] = None,
    export: Annotated[
        Path | None,
        Parameter(help="write the page into this folder as a static site; start no server"),
    ] = None,
    port: Annotated[
        int, Parameter(show_default=False, help="port to listen on (default: a free one)")
    ] = 0,
    browser: Annotated[
        bool, Parameter(negative="--no-browser", show_default=False, help="open the browser")
    ] = True,
    frames: Annotated[
        bool, Parameter(help="allow other sites, such as a course, to show the page in a frame")
    ] = False,
) -> int:
    """Open the interactive page: change the data, follow the pipeline, take the quiz.

    Press Ctrl-C to stop the server. With --export, write a static site and start no server.
    """
    from mnist1d.commands import page

    return page.web(runs, export, port=port, browser=browser, frames=frames)


COMMANDS = {"web": web}
