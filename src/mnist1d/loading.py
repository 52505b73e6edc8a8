"""Load objects and modules from outside the package by name:
`load_object("my_models:transformer")`.

A module is named as Python imports it, or by the path of its file, which ends in .py.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

from mnist1d.errors import UsageError

# SHA-256 of each file that `load_module` ran in this process, by the given path: provenance
LOADED_FILES: dict[str, str] = {}
_MODULES: dict[tuple[Path, str], ModuleType] = {}  # by file and SHA-256


def load_object(target: str, what: str = "model") -> object:
    """Return what "module:name" or "file.py:name" names; a name may have dots.

    what: the kind of object, for messages. Errors: UsageError for a missing colon, a module that
    cannot be loaded, or a missing name; it suggests the nearest name.
    """
    module_name, path = split_target(target, what)
    found: object = load_module(module_name)
    for name in path.split("."):
        if not hasattr(found, name):
            raise UsageError(f"{module_name} has no {name!r}: {_near(name, found)}")
        found = getattr(found, name)
    return found


def split_target(target: str, what: str = "model") -> tuple[str, str]:
    """Return module (or file) and name of a target. Errors: UsageError for a missing colon."""
    module_name, colon, path = target.rpartition(
        ":"
    )  # the last colon: a Windows drive may contain the first
    if not (colon and module_name and path):
        raise UsageError(
            f"name a {what} as module:name or file.py:name, like my_models:transformer; got "
            f"{target!r}"
        )
    return module_name, path


def load_module(name: str, folder: str | None = "") -> ModuleType:
    """Import a module by its name, or run a file *.py.

    folder: where to look for a module besides the installed ones (default: the current folder;
    None: nowhere else). A file runs once per process, and again after it has changed. It can import
    modules beside it, as a script can. Errors: UsageError in one line for a module that is missing
    or cannot be imported.
    """
    if name.endswith(".py"):
        return _load_file(name)
    folder = os.getcwd() if folder == "" else folder
    if folder and folder not in sys.path:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # the user's file may raise anything
        missing = isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")
        if missing:
            top = name.split(".")[0]
            where, fix = f"in {folder} or installed", f"name the file, {top}.py, or change to the"
            if folder is None:
                raise UsageError(f"no module {name!r} is installed: install it again") from None
            raise UsageError(f"no module {name!r} {where}: {fix} folder that holds it") from None
        raise _broken(name, error) from None


def _load_file(name: str) -> ModuleType:
    path = Path(name).expanduser().resolve()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from None
    LOADED_FILES[name] = digest = hashlib.sha256(source).hexdigest()
    if (path, digest) not in _MODULES:
        # A name that no import uses: a file beside the package must not shadow a module
        module = ModuleType(f"{path.stem}@{digest[:12]}")
        module.__file__ = str(path)
        if str(path.parent) not in sys.path:
            sys.path.append(
                str(path.parent)
            )  # last in the path: nothing beside the file shadows a package
        sys.modules[module.__name__] = module  # dataclasses look their module up
        try:  # compile the same bytes as in the digest: an import might use an older compiled file
            exec(compile(source, str(path), "exec"), vars(module))
        except (Exception, SystemExit) as error:
            del sys.modules[module.__name__]
            raise _broken(name, error) from None
        _MODULES[path, digest] = module
    return _MODULES[path, digest]


def digest_of(file: str) -> str:
    """Return the SHA-256 of a file: of the version that ran in this process, if it did."""
    known = LOADED_FILES.get(file)
    return known or hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _broken(name: str, error: BaseException) -> UsageError:
    """Return the error for a module that cannot be imported: what happened, and where."""
    if isinstance(error, SyntaxError):
        where = f"{error.filename}, line {error.lineno}"
        return UsageError(f"{name} cannot be imported: {error.msg} ({where})")
    frames = traceback.extract_tb(error.__traceback__)
    path = str(Path(name).expanduser().resolve())
    last = ([frame for frame in frames if frame.filename == path] or frames)[-1]
    where = f"{last.filename}, line {last.lineno}"
    return UsageError(f"{name} cannot be imported: {type(error).__name__}: {error} ({where})")


def _near(name: str, found: object) -> str:
    near = difflib.get_close_matches(name, dir(found), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    public = [known for known in getattr(found, "__dict__", ()) if not known.startswith("_")]
    return f"it has {', '.join(public) or 'no public names'}"
