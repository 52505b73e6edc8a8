"""The docstrings of the public API follow one template, and their examples do what they say."""

import dataclasses
import doctest
import enum
import importlib
import inspect
import re
from pathlib import Path

import pytest

import mnist1d

SRC = Path(mnist1d.__file__).resolve().parent
API = SRC.parent.parent / "docs" / "api"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SLOW = {"mnist1d.evaluation.evaluate", "mnist1d.evaluation.tune"}  # train models
OPTIONAL = {
    "mnist1d.adapters.torch": "torch",
    "mnist1d.adapters.huggingface": "datasets",
    "mnist1d.evaluation.tune": "optuna",
    "mnist1d.experiments.rows": "pandas",
}
DIRECTIVE = re.compile(r"\.\. automodule:: (?P<module>\S+)\n(?P<options>(?:   :.*\n)*)")
SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Warns|Examples|References):$", re.MULTILINE)


def modules():
    """The modules whose source has an example."""
    for path in sorted(SRC.rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(SRC.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [], id=name)


@pytest.mark.parametrize("name", list(modules()))
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name], exc_type=ImportError)
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=FLAGS)
    assert result.attempted and not result.failed


# ------------------------------------------------------------------ the template


def documented():
    """The names that the API reference shows: (module, name), from the directives in docs/api."""
    for page in sorted(API.glob("*.md")):
        for found in DIRECTIVE.finditer(page.read_text(encoding="utf-8")):
            listed = re.search(r":members: (.+)", found["options"])
            if listed:
                names = listed[1].split(", ")
            else:
                names = importlib.import_module(found["module"]).__all__
            yield from ((found["module"], name) for name in names)


def sections(thing):
    """The sections of a docstring by title, "" for the text before the first one."""
    parts = SECTION.split(inspect.getdoc(thing) or "")
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def problems(thing, is_method=False):
    """What the docstring of a function, class or property lacks, in words."""
    found = sections(thing)
    summary = found[""].strip().partition("\n\n")[0]
    if not summary.endswith((".", ":")) or "\n" in summary:
        yield "the first paragraph is one sentence on one line"
    if inspect.isclass(thing):
        if issubclass(thing, Exception):
            return
        fields = field_names(thing)
        described = found.get("Attributes", "") + found.get("Args", "")
        yield from (f"{name} is not described" for name in fields if not names(described, name))
    elif inspect.isroutine(thing):
        signature = inspect.signature(thing)
        for name, parameter in signature.parameters.items():
            star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
            name = star.get(parameter.kind, "") + name
            if name not in ("self", "cls") and not names(found.get("Args", ""), name):
                yield f"Args does not describe {name}"
        if signature.return_annotation not in (None, "None") and "Returns" not in found:
            yield "Returns is missing"
        if re.search(r"^\s+raise \w+Error\(", inspect.getsource(thing), re.MULTILINE):
            if "Raises" not in found:
                yield "Raises is missing"
        if not is_method and ">>> " not in found.get("Examples", ""):
            yield "Examples is missing"


def field_names(thing):
    """The fields of a dataclass or named tuple, which a caller reads."""
    if dataclasses.is_dataclass(thing):
        return [f.name for f in dataclasses.fields(thing) if not f.name.startswith("_")]
    return thing._fields if issubclass(thing, tuple) else ()


def names(text, name):
    """Whether a section describes a name, at the start of a line."""
    return bool(re.search(rf"^  {re.escape(name)}: \S", text, re.MULTILINE))


def methods(thing):
    """The public methods and properties that a class defines itself."""
    for name, value in vars(thing).items():
        if not name.startswith("_") and not isinstance(value, enum.Enum):
            value = getattr(value, "__func__", value)
            value = getattr(value, "fget", None) or getattr(value, "func", value)
            if inspect.isfunction(value):
                is_property = value is not getattr(vars(thing)[name], "__func__", vars(thing)[name])
                yield name, value, is_property


@pytest.mark.parametrize(("module", "name"), sorted(set(documented())))
def test_docstrings_follow_the_template(module, name):
    if module == "mnist1d.adapters.torch":
        pytest.importorskip("torch", reason="the adapter's classes are PyTorch's")
    thing = getattr(importlib.import_module(module), name)
    found = [f"{name}: {what}" for what in problems(thing)]
    if inspect.isclass(thing):
        for method, function, is_property in methods(thing):
            if is_property and (inspect.getdoc(function) or "").strip():
                continue
            found += [f"{name}.{method}: {what}" for what in problems(function, is_method=True)]
    assert not found


def test_every_public_name_is_in_the_reference():
    assert {name for module, name in documented() if module == "mnist1d"} == set(mnist1d.__all__)
