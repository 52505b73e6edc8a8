"""A replacement for a missing `mnist1d/__init__.py`, which Python prefers to this file.

Uninstalling the original package `mnist1d` removes that file, if both were installed into one
folder (see `mnist1d/clash.py`).
"""

raise ImportError(
    "files of mnist1d-lab are missing: uninstalling the original package mnist1d from the same "
    "folder removed them; write: pip install --force-reinstall --no-deps mnist1d-lab"
)
