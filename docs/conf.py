"""Settings of the documentation site: `sphinx-build -W -b html docs docs/_build/html`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import mnist1d
from mnist1d.web.export import export

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

project = "mnist1d-lab"
author = "The mnist1d-lab maintainers"
copyright = "The mnist1d-lab maintainers, Apache-2.0"
release = version = mnist1d.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
root_doc = "index"
exclude_patterns = ["_build", "README.md", "*.py", "__pycache__"]

# Markdown
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# API reference. Docstrings have Google style sections: Args, Returns, Raises, Examples.
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True}
autodoc_mock_imports = [
    name for name in ("torch", "datasets", "keras") if importlib.util.find_spec(name) is None
]
default_role = "code"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
intersphinx_mapping: dict[str, tuple[str, None]] = {}  # nothing is fetched during a build
linkcheck_timeout = 20
linkcheck_retries = 2

# HTML
html_theme = "furo"
html_title = "mnist1d-lab"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "../src/mnist1d/web/site/icon.svg"
html_extra_path = ["_build/page"]  # the interactive page, below lab/
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#0072b2"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}


def is_described_above(
    app: Sphinx, what: str, name: str, member: object, *_: object
) -> bool | None:
    """Leave out the fields of named tuples: their class describes them, and Python's own words are
    "Alias for field number 0"."""
    text = getattr(member, "__doc__", None) or ""
    return True if text.startswith("Alias for field number") else None


def setup(app: Sphinx) -> None:
    """Write the interactive page beside the site."""
    app.connect("autodoc-skip-member", is_described_above)
    page = HERE / "_build" / "page" / "lab"
    page.parent.mkdir(parents=True, exist_ok=True)
    export(page)
