"""The command web."""

from __future__ import annotations

from pathlib import Path


def web(runs: Path | None, export: Path | None, *, port: int, browser: bool, frames: bool) -> int:
    """Serve the page until Ctrl-C, or write it as a static site; return the exit status."""
    if export is None:
        from mnist1d.web.server import serve

        return serve(runs, port=port, open_browser=browser, frames=frames)
    from mnist1d.web.export import export as write

    print(f"{write(export, runs).resolve()}: copy this folder to any web server for static files")
    return 0
