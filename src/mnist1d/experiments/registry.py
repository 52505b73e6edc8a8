"""Find a study by its registered name, by its file or by its module."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from mnist1d.checks import check_name, show
from mnist1d.errors import UsageError
from mnist1d.experiments.study import DEFAULTS, Info, Loaded, Reference, assemble
from mnist1d.loading import digest_of, load_module

ENTRY_POINTS = "mnist1d.studies"
RESERVED = ("quiz", "evaluate")  # other names that the store uses


class Registry(MutableMapping[str, str]):
    """Studies by name: ours first, in the order given, then those of installed packages (entry
    points of the group `mnist1d.studies`). A value is "module" or "module:object"."""

    def __init__(self, own: Mapping[str, str]):
        self.own = dict(own)

    @cached_property
    def installed(self) -> dict[str, str]:
        """Entry points of other packages, {name: target}; a name that we use stays ours."""
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


PAPERS = (  # modules of this package: the studies of the paper, in its order
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
LATER = (  # claims of later publications, tested on these signals
    "deep_bootstrap",
    "distillation",
    "scaling",
    "optimizers",
    "test_reuse",
    "connectivity",
    "epochs",
)
BUILT_IN = (*PAPERS, *LATER)
STUDIES = Registry({name.replace("_", "-"): f"mnist1d.experiments.{name}" for name in BUILT_IN})


def reproduced(every: bool) -> list[str]:
    """Return the names of the studies that `mnist1d reproduce` runs: those of the paper and of
    installed packages, or every one."""
    later = {name.replace("_", "-") for name in LATER}
    return [name for name in STUDIES if every or name not in later]


def load(study: str | Reference) -> Loaded:
    """Return a study.

    Args:
      study: a registered name, "path/to/file.py", "package.module", or a Reference.

    Returns:
      The study, checked.

    Raises:
      UsageError: if the study cannot be found or imported, lacks a part, or has a name that is
        taken; in one line, with file, part and rule.

    Examples:
      >>> load("spatial-priors").INFO.title
      'Spatial priors: the benchmark table'
    """
    if not isinstance(study, str | Reference):
        raise UsageError(f"study must be a name or a Reference, got {show(study)}")
    if isinstance(study, str) and study not in STUDIES:
        study = _outside(study)
    target, folder = (study.target, study.folder) if isinstance(study, Reference) else (study, "")
    if target in STUDIES:
        return _registered(target)
    found = _load(Reference(target, folder), target, folder)
    name = found.INFO.name
    if name in STUDIES or name in RESERVED:
        taken = f"INFO.name {name!r} is taken by mnist1d"
        raise UsageError(f"{found.where}: {taken}: choose another name")
    return found


def find(name: str, reference: Reference | None = None) -> Loaded:
    """Return a study to show its rows: the study itself if it can be loaded, else a placeholder
    that shows the rows as a plain table, with the reason in `problem`."""
    try:
        found = load(reference or name)
        if found.INFO.name != name:
            raise UsageError(f"{found.where} now holds the study {found.INFO.name!r}")
        return found
    except UsageError as error:
        problem = f"{error}; its rows are shown as a plain table. If the study has moved, "
        return placeholder(name, reference or Reference(name), f"{problem}run it once from there")


def placeholder(name: str, reference: Reference, problem: str) -> Loaded:
    """Return a placeholder for a study that cannot be loaded: a plain table of its rows."""
    info = Info(name, name, "This study could not be loaded.")
    runs_nothing = {"grid": lambda preset: [], "run": lambda config, seeds: []}
    parts: dict[str, Any] = {"Config": type(None), **runs_nothing, **DEFAULTS}
    return Loaded(info, **parts, doc="", reference=reference, problem=problem)


def _registered(name: str) -> Loaded:
    target = STUDIES[name]
    found = _load(Reference(target), name, None)
    if found.INFO.name != name:
        rule = f"INFO.name must be {name!r}, under which it is registered"
        raise UsageError(f"{found.file or target}: {rule}; got {found.INFO.name!r}")
    found = replace(found, reference=Reference(name))
    return replace(found, file="", sha256="") if name in STUDIES.own else found


def _outside(text: str) -> Reference:
    """Return the reference of a name from the command line: a file, or a module in this folder."""
    module, colon, name = _split(text)
    if module.endswith(".py"):
        return Reference(f"{Path(module).expanduser().resolve()}{colon}{name}")
    if "." in module or colon:
        return Reference(text, os.getcwd())
    if Path(f"{text}.py").is_file():
        raise UsageError(f"unknown study {text!r}: for the file, write {text}.py")
    check_name(text, STUDIES, "study")
    raise AssertionError(text)


def _load(reference: Reference, what: str, folder: str | None) -> Loaded:
    """Return the study that "module", "module:object" or "file.py" names."""
    module_name, _, name = _split(reference.target)
    module = load_module(module_name, folder)
    parts: object = module
    for part in filter(None, name.split(".")):
        if not hasattr(parts, part):
            raise UsageError(f"{what}: {module_name} has no {part!r}; name it as module:object")
        parts = getattr(parts, part)
    file = getattr(module, "__file__", None) or ""
    return assemble(parts, reference, file, digest_of(file) if file else "")


def _split(target: str) -> tuple[str, str, str]:
    """Return module, colon and object of a target; ignore the colon of a Windows drive."""
    module, colon, name = target.rpartition(":")
    is_whole = target.endswith(".py") or not colon
    return (target, "", "") if is_whole else (module, colon, name)
