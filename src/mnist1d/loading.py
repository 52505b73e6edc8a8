"""Objects and modules from outside the package, by name: `load_object("my_models:transformer")`.

A module is named as Python imports it, or by the path of its file, which ends in .py.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from mnist1d.errors import UsageError

# SHA-256 of each file that `load_module` ran in this process, by the path it was given: provenance
LOADED_FILES: dict[str, str] = {}
_MODULES: dict[tuple[Path, str], ModuleType] = {}  # by file and SHA-256


def load_object(target: str, what: str = "model") -> Any:
    """Return what "module:name" or "file.py:name" names; a name may have dots.

    what: the kind of thing named, for messages. Errors: UsageError for a missing colon, a module
    that cannot be loaded, or a missing name, with the nearest one.
    """
    module_name, path = split_target(target, what)
    found: Any = load_module(module_name)
    for name in path.split("."):
        if not hasattr(found, name):
            raise UsageError(f"{module_name} has no {name!r}: {_near(name, found)}")
        found = getattr(found, name)
    return found


def split_target(target: str, what: str = "model") -> tuple[str, str]:
    """Return module (or file) and name of a target; UsageError unless a colon joins both."""
    module_name, colon, path = target.rpartition(":")  # the last one: a drive may come first
    if not (colon and module_name and path):
        raise UsageError(
            f"a {what} is named module:name or file.py:name, like my_models:transformer; "
            f"got {target!r}"
        )
    return module_name, path


def load_module(name: str) -> ModuleType:
    """Import a module by its name, the current folder first on the path, or run a file *.py.

    A file is run once per process and again once it has changed. Errors: UsageError in one line
    for what is missing or cannot be imported.
    """
    if name.endswith(".py"):
        return _load_file(name)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever their file raises
        missing = isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")
        if missing:
            top = name.split(".")[0]
            raise UsageError(
                f"no module {name!r} in {os.getcwd()} or installed: "
                f"name the file, {top}.py, or change to the folder that holds it"
            ) from None
        raise _broken(name, error) from None


def _load_file(name: str) -> ModuleType:
    path = Path(name).expanduser().resolve()
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from None
    LOADED_FILES[name] = digest
    if (path, digest) not in _MODULES:
        # A name that no import gives: a file beside the package must not shadow a module
        spec = importlib.util.spec_from_file_location(f"{path.stem}@{digest[:12]}", path)
        assert spec is not None and spec.loader is not None  # the name ends in .py
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[spec.name]
            raise _broken(name, error) from None
        _MODULES[path, digest] = module
    return _MODULES[path, digest]


def _broken(name: str, error: BaseException) -> UsageError:
    """Return the error to raise where a module cannot be imported: what happened, and where."""
    if isinstance(error, SyntaxError):
        where = f"{error.filename}, line {error.lineno}"
        return UsageError(f"{name} cannot be imported: {error.msg} ({where})")
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename}, line {last.lineno}"
    return UsageError(f"{name} cannot be imported: {type(error).__name__}: {error} ({where})")


def _near(name: str, found: Any) -> str:
    near = difflib.get_close_matches(name, dir(found), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    public = [known for known in getattr(found, "__dict__", ()) if not known.startswith("_")]
    return f"it has {', '.join(public) or 'no public names'}"
