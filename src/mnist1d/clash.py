"""Two packages of one name: the original `mnist1d` and this one, installed into the same folder.

Each overwrites the other's `__init__.py`. What else the original brings, `data.py`, `transform.py`
and `utils.py`, cannot overwrite ours, which are folders, and Python prefers a folder. So some code
of ours runs whichever came last, and says what is wrong. Where the original was uninstalled, and
our `__init__.py` with it, `src/mnist1d.py` says so.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mnist1d.errors import InstallationWarning, warn

MEND = "write: pip uninstall -y mnist1d mnist1d-lab; pip install mnist1d-lab"


def check_installation() -> None:
    """Warn where files of the original package lie among ours, or its front door hides ours."""
    front = sys.modules["mnist1d"]
    if not hasattr(front, "__version__"):  # which the original lacks
        warn(
            "the original package mnist1d was installed over mnist1d-lab: the original's names "
            f"work, everything else of mnist1d-lab is hidden; {MEND}",
            InstallationWarning,
        )
    elif Path(__file__).with_name("data.py").exists():
        warn(
            "the original package mnist1d is installed in the same folder as mnist1d-lab, which "
            f"works as long as neither is uninstalled or upgraded; {MEND}",
            InstallationWarning,
        )
