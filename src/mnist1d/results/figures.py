"""Draw a study's figures in the common style, with captions, and write them to files."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnist1d.atomic import atomic_path, hold_interrupts
from mnist1d.errors import Mnist1dError
from mnist1d.experiments import Loaded
from mnist1d.experiments.rows import Rows
from mnist1d.runs.verdicts import overrides_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mnist1d.plots.style import Captioned
    from mnist1d.results.document import Document, Drawing, Found

OnScreen = tuple[bytes, str]  # content and kind: svg or png
KINDS = ("svg", "png", "pdf")
MAX_SVG = 300_000  # bytes; a figure with many points is smaller as png
MAX_NAME = 100  # characters of a file name without its ending; file systems allow 255 bytes
SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
PLAIN = re.compile(r"[a-zA-Z_.]+=-?[a-zA-Z0-9_.]+")  # an override that can be part of a file name


class FigureError(Mnist1dError):
    """A study's `figures` did not return {slug: (figure, caption)}."""


def drawn(study: Loaded, rows: Rows) -> dict[str, Captioned]:
    """Draw a study's figures in the common style: {slug: (figure, caption)}, main figure first.

    Errors: FigureError if the study returns anything else.
    """
    from mnist1d.plots import style

    if not len(rows):
        return {}
    with style.styled():
        found = study.figures(rows)
    rule = f"{study.where}: figures must return {{slug: (figure, caption)}}"
    if not isinstance(found, Mapping):
        raise FigureError(f"{rule}; it returned {type(found).__name__}")
    for slug, value in found.items():
        if not (isinstance(slug, str) and SLUG.fullmatch(slug)):
            raise FigureError(f"{rule}; a slug has lower-case letters, digits and -, got {slug!r}")
        if not (isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], str)):
            raise FigureError(f"{rule}; {slug!r} holds {type(value).__name__}")
    return dict(found)


def file_name(study: str, slug: str, label: str) -> str:
    """Return the name of a figure's files without extension.

    The name includes the overrides in the label, but not its preset. If the name would be too long,
    or if two labels could give the same name, a hash of the label replaces them; the file's
    metadata and caption have the whole label.
    """
    overrides = " ".join(overrides_of(label))
    if not overrides:
        return f"{study}-{slug}"
    name = f"{study}-{slug}-{re.sub('[= ]', '-', overrides)}"
    if len(name) <= MAX_NAME and all(PLAIN.fullmatch(part) for part in overrides.split(" ")):
        return name
    return f"{study}-{slug}-{hashlib.sha256(label.encode()).hexdigest()[:10]}"


def save_all(found: Found, folder: Path | None) -> tuple[Document, dict[str, OnScreen]]:
    """Write a document's figures into a folder as svg, png and pdf; return what a page shows of
    them, by slug, and the document, without figures that cannot be rendered: its `error` has the
    traceback.

    folder: None to write no file. Errors: as for `atomic_path`.
    """
    document, figures = found
    kept, contents, errors = [], {}, [document.error] if document.error else []
    for drawing in document.figures:
        try:
            figure, stem = figures[drawing.slug], folder and folder / drawing.file
            contents[drawing.slug] = _save(figure, stem, drawing)
            kept.append(drawing)
        except Mnist1dError:
            raise
        except Exception:  # for example, text that cannot be typeset
            errors.append(traceback.format_exc())
    return replace(document, figures=kept, error="\n".join(errors) or None), contents


def _save(figure: Figure, stem: Path | None, drawing: Drawing) -> OnScreen:
    from mnist1d.plots import style

    if stem is None:
        with hold_interrupts():
            return for_screen(figure, drawing.title, drawing.caption)
    stem.parent.mkdir(parents=True, exist_ok=True)
    contents = {}
    for kind in KINDS:
        with hold_interrupts():  # in matplotlib's C code, Ctrl-C becomes a ValueError and is lost
            contents[kind] = style.rendered(figure, kind, title=drawing.title, text=drawing.caption)
    for kind, content in contents.items():
        with atomic_path(stem.with_name(f"{stem.name}.{kind}")) as part:
            part.write_bytes(content)
    kind = "svg" if len(contents["svg"]) <= MAX_SVG else "png"
    return contents[kind], kind


def for_screen(figure: Figure, title: str = "", text: str = "") -> OnScreen:
    """Return a figure's content and kind: svg, or png if many points make the svg larger."""
    from mnist1d.plots import style

    content = style.rendered(figure, "svg", title=title, text=text)
    if len(content) <= MAX_SVG:
        return content, "svg"
    return style.rendered(figure, "png", title=title, text=text), "png"
