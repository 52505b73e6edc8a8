"""Detect the original package `mnist1d` installed into the same folder as this one.

Each overwrites the other's `__init__.py`. The original's other files, `data.py`, `transform.py` and
`utils.py`, cannot overwrite ours, which are folders, and Python prefers a folder. So some of our
code runs whichever package was installed last, and can report the problem. If the original was
uninstalled together with our `__init__.py`, `src/mnist1d.py` reports it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mnist1d.errors import InstallationWarning, warn

MEND = "write: pip uninstall -y mnist1d mnist1d-lab; pip install mnist1d-lab"


def check_installation() -> None:
    """Warn if files of the original package are among ours, or if its `__init__.py` replaced
    ours."""
    front = sys.modules["mnist1d"]
    if not hasattr(front, "__version__"):  # which the original does not define
        warn(
            "the original package mnist1d was installed over mnist1d-lab: only the original's "
            f"names work, and the rest of mnist1d-lab is hidden; {MEND}",
            InstallationWarning,
        )
    elif Path(__file__).with_name("data.py").exists():
        warn(
            "the original package mnist1d is installed in the same folder as mnist1d-lab, which "
            f"works until you uninstall or upgrade one of them; {MEND}",
            InstallationWarning,
        )
