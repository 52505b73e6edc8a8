"""The board as one self-contained page, in the report's style."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnist1d.atomic import atomic_path
from mnist1d.evaluation.board import CAPTION, best_for, bits, by_section, rank
from mnist1d.evaluation.table import Line, spread
from mnist1d.results.figures import for_screen
from mnist1d.results.report import address, environment, markup, resource
from mnist1d.runs.store import now

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = {
    "frozen": "frozen test",
    "frozen_shuffled": "frozen, shuffled",
    "fresh": "fresh test",
    "fresh_shuffled": "fresh, shuffled",
}


def write_board(lines: Sequence[Line], path: Path) -> Path:
    """Write the page and return its path. Errors: as for `atomic_path`."""
    # first, so that a folder that cannot be written is reported at once
    with atomic_path(path) as part:
        part.write_text(page(lines), encoding="utf-8")
    return path


def page(lines: Sequence[Line]) -> str:
    """Return the whole page."""
    models = [line for line in lines if line.kind not in ("ceiling", "people")]
    best = max(models, key=rank, default=None)
    ceiling = next(line for line in lines if line.kind == "ceiling")
    return (
        environment()
        .get_template("board.html")
        .render(
            style=markup(resource("report.css")),
            sections=by_section(lines),
            caption=CAPTION,
            columns=COLUMNS,
            spread=spread,
            bits=bits,
            best_for=lambda line: ", ".join(best_for(line, lines)),
            best=best,
            ceiling=ceiling,
            forest=address(*for_screen(draw_forest(lines))),
            costs=address(*for_screen(draw_costs(lines))),
            made=now().replace("T", " ").replace("+00:00", " UTC"),
        )
    )


def draw_forest(lines: Sequence[Line]) -> Figure:
    """Draw the accuracy of every line on fresh signals, best first; of people, on the frozen
    test."""
    from mnist1d.plots.table import draw

    return draw(
        [
            (
                line.name if "fresh" in line.acc else f"{line.name}, frozen test",
                not line.is_ours,
                line.acc.get("fresh", line.acc["frozen"]),
                line.acc.get("fresh_shuffled"),
            )
            for line in sorted(lines, key=rank)
        ],
        "fresh",
    )


def draw_costs(lines: Sequence[Line]) -> Figure:
    """Draw the error on fresh signals against parameters and seconds."""
    from mnist1d.plots.board import Point, draw

    points, least, human = [], 0.0, 0.0
    for line in lines:
        found = line.acc.get("fresh")
        if line.kind == "people":
            human = 1 - line.acc["frozen"][0]
        elif found and line.kind == "ceiling":
            least = 1 - found[0]
        elif found:
            mean, low, high = found
            error = (1 - mean, 1 - high, 1 - low)
            points.append(Point(line.name, error, line.num_params, line.seconds, line.is_ours))
    return draw(points, least, human)
