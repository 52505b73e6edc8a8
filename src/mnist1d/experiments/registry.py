"""The studies by name, and how one is found: registered, in a file, or in a module."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import ModuleType

from mnist1d.checks import check_name
from mnist1d.errors import UsageError
from mnist1d.experiments.study import DEFAULTS, Info, Loaded, Reference, assemble, line_of, told

ENTRY_POINTS = "mnist1d.studies"
RESERVED = ("quiz", "evaluate")  # what else the store keeps under a name


class Registry(MutableMapping[str, str]):
    """Studies by name: ours first, in the order given, then those of installed packages (entry
    points of the group `mnist1d.studies`). A value is "module" or "module:object"."""

    def __init__(self, own: Mapping[str, str]):
        self.own = dict(own)

    @cached_property
    def installed(self) -> dict[str, str]:
        """Entry points of other packages, {name: target}; a name that is taken stays ours."""
        found = sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
        return {point.name: point.value for point in found if point.name not in self.own}

    def __getitem__(self, name: str) -> str:
        return self.own[name] if name in self.own else self.installed[name]

    def __setitem__(self, name: str, target: str) -> None:
        self.own[name] = target

    def __delitem__(self, name: str) -> None:
        del self.own[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.own, *self.installed])

    def __len__(self) -> int:
        return len(self.own) + len(self.installed)


BUILT_IN = (  # modules of this package, in the paper's order
    "spatial_priors",
    "lottery",
    "double_descent",
    "thresholds",
    "learning_rate",
    "activation",
    "pooling",
    "self_supervised",
    "tsne",
    "ceiling",
    "endless",
)
STUDIES = Registry({name.replace("_", "-"): f"mnist1d.experiments.{name}" for name in BUILT_IN})


def load(study: str | Reference) -> Loaded:
    """Return a study: by its registered name, as "path/to/file.py", or as "package.module".

    Errors: UsageError in one line, with file, part and rule, for a study that cannot be found or
    imported, lacks a part, or has a name that is taken.
    """
    if isinstance(study, str) and study not in STUDIES:
        study = _outside(study)
    target, folder = (study.target, study.folder) if isinstance(study, Reference) else (study, "")
    if target in STUDIES:
        return _registered(target)
    reference = Reference(target, folder)
    parts, file, sha256 = (
        _module_of_file(target) if reference.is_file else _import(target, folder, target)
    )
    found = assemble(parts, reference, file, sha256)
    name = found.INFO.name
    if name in STUDIES or name in RESERVED:
        raise UsageError(f"{file}: INFO.name {name!r} is taken by mnist1d: choose another name")
    return found


def find(name: str, reference: Reference | None = None) -> Loaded:
    """Return a study whose rows are to be shown: loaded where it can be, else one that shows any
    rows as a plain table, with the reason in `problem`."""
    try:
        found = load(reference or name)
        if found.INFO.name != name:
            raise UsageError(f"{found.where} now holds the study {found.INFO.name!r}")
        return found
    except UsageError as error:
        problem = f"{error}; its rows are shown as they are. Where the study has moved, run it once"
        return placeholder(name, reference or Reference(name), f"{problem} from there")


def placeholder(name: str, reference: Reference, problem: str) -> Loaded:
    """Return what stands in for a study that cannot be loaded: a plain table of its rows."""
    info = Info(name, name, "This study could not be loaded.")
    parts = {"Config": type(None), "grid": lambda preset: [], "run": lambda config, seeds: []}
    return Loaded(info, **parts, **DEFAULTS, doc="", reference=reference, problem=problem)


def _registered(name: str) -> Loaded:
    target = STUDIES[name]
    parts, file, sha256 = _import(target, "", f"{name} ({target})")
    if name in STUDIES.own:
        file, sha256 = "", ""
    found = assemble(parts, Reference(name), file, sha256)
    if found.INFO.name != name:
        raise UsageError(
            f"{file or target}: INFO.name must be {name!r}, under which it is registered; got {found.INFO.name!r}"
        )
    return found


def _outside(text: str) -> Reference:
    """Return the reference of what a person typed: a file, or a module seen from this folder."""
    if text.endswith(".py"):
        path = Path(text)
        if not path.is_file():
            raise UsageError(f"no file {text}: pass the path of a study, like my_study.py")
        return Reference(str(path.resolve()))
    if "." in text or ":" in text:
        return Reference(text, os.getcwd())
    if Path(f"{text}.py").is_file():
        raise UsageError(f"unknown study {text!r}: for the file, write {text}.py")
    check_name(text, STUDIES, "study")
    raise AssertionError(text)


def _import(target: str, folder: str, what: str) -> tuple[object, str, str]:
    """Return the object that "module:object" names, its module's file and that file's digest."""
    name, _, attribute = target.partition(":")
    if folder and folder not in sys.path:
        sys.path.append(folder)
        importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        lacking = getattr(error, "name", None)
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{lacking}."):
            at = f"in {folder} or " if folder else ""
            raise UsageError(
                f"no study {what!r}: there is no module {lacking} {at}installed; pass a name that "
                "`mnist1d list` shows, a file.py, or package.module"
            ) from None
        spec = importlib.util.find_spec(name.partition(".")[0])
        raise UsageError(_import_message(what, (spec and spec.origin) or "", error)) from error
    parts: object = module
    for part in filter(None, attribute.split(".")):
        if not hasattr(parts, part):
            raise UsageError(f"{what}: {name} has no {part!r}; a study is named module:object")
        parts = getattr(parts, part)
    file = getattr(module, "__file__", None) or ""
    return parts, file, _digest(Path(file).read_bytes()) if file else ""


_files: dict[tuple[str, str], ModuleType] = {}  # (path, digest): what that text defined


def _module_of_file(path: str) -> tuple[ModuleType, str, str]:
    """Return a file as a module, executed once for each of its versions, and the version's
    digest. The module is known to Python under a name of its own, so that dataclasses and type
    hints work; the file's folder is on the path, as for a script."""
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    digest = _digest(source)
    if (path, digest) in _files:
        return _files[path, digest], path, digest
    name = f"mnist1d_study_{re.sub(r'[^a-zA-Z0-9]', '_', Path(path).stem)}_{digest[:12]}"
    module = ModuleType(name)
    module.__file__ = path
    if str(Path(path).parent) not in sys.path:
        sys.path.append(str(Path(path).parent))
    sys.modules[name] = module
    try:
        exec(compile(source, path, "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(_import_message(path, path, error)) from error
    _files[path, digest] = module
    return module, path, digest


def _import_message(what: str, file: str, error: BaseException) -> str:
    """Return why a study's text cannot be imported, in one line."""
    if isinstance(error, SyntaxError):
        return f"{error.filename or what}, line {error.lineno}: syntax error: {error.msg}; fix the line"
    line = line_of(error, file)
    return f"{what}: cannot be imported: {told(error)}{line}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
