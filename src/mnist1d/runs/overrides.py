"""Overrides: apply `name=value,value` from the command line to any field of a study's config,
converted to the field's type.

A comma separates the values of a grid; a colon the parts of a tuple (`data.padding=36:60`); `none`
is None.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from mnist1d.checks import check_items, check_name
from mnist1d.errors import UsageError

Overrides = dict[str, list[object]]  # field -> the values that it takes


def parse_overrides(config_type: type, texts: Iterable[str]) -> Overrides:
    """Read texts such as "num_steps=500,1000" against the fields of a config class.

    Args:
      config_type: the class.
      texts: the overrides.

    Returns:
      The values by field.

    Raises:
      UsageError: for an unknown field or a wrong value.

    Examples:
      >>> from mnist1d import DataConfig
      >>> parse_overrides(DataConfig, ["seed=1,2"])
      {'seed': [1, 2]}
    """
    kinds, result = dict(_fields(config_type)), {}
    for text in check_items(texts, str, "overrides"):
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not name or not values:
            raise UsageError(
                f"an override must be name=value or name=value,value, like num_steps=500,1000; "
                f"got {text!r}"
            )
        check_name(name, kinds, "field")
        if name in result:
            raise UsageError(
                f"{name} is set twice: combine its values, "
                f"{name}={','.join(map(shown, result[name]))},{values}"
            )
        result[name] = [_value(name, value.strip(), kinds[name]) for value in values.split(",")]
    return result


def apply_overrides(configs: Sequence[object], overrides: Overrides) -> list[object]:
    """Return configs with every combination of the overrides' values, each once.

    Args:
      configs: the configs to change.
      overrides: what `parse_overrides` returned.

    Returns:
      The new configs.

    Raises:
      UsageError: if a config refuses a value.

    Examples:
      >>> from mnist1d import DataConfig
      >>> overrides = parse_overrides(DataConfig, ["seed=1,2"])
      >>> [config.seed for config in apply_overrides([DataConfig()], overrides)]
      [1, 2]
    """
    result = []
    for config in configs:
        for values in itertools.product(*overrides.values()):
            changed = config
            for name, value in zip(overrides, values, strict=True):
                changed = _replaced(changed, name.split("."), value)
            result.append(changed)
    return list(dict.fromkeys(result))


def _fields(config_type: type, prefix: str = "") -> Iterable[tuple[str, object]]:
    """Yield each field's dotted name and its type."""
    hints = typing.get_type_hints(config_type)
    for f in dataclasses.fields(config_type):
        if dataclasses.is_dataclass(hints[f.name]):
            yield from _fields(hints[f.name], f"{prefix}{f.name}.")
        else:
            yield prefix + f.name, hints[f.name]


def _replaced(config: Any, path: Sequence[str], value: object) -> object:
    name, *rest = path
    inner = _replaced(getattr(config, name), rest, value) if rest else value
    try:
        return dataclasses.replace(config, **{name: inner})
    except UsageError:
        raise
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name}={shown(value)} is not possible here: {error}") from None


def _value(name: str, text: str, kind: object) -> object:
    """Return `text` as a value of `kind`: int, float, bool, str, a tuple of them, a literal, or one
    of these or None."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if type(None) in args and text.lower() == "none":
            return None
        return _value(name, text, next(a for a in args if a is not type(None)))
    if origin is typing.Literal:
        check_name(text, [str(a) for a in args], f"value of {name}")
        return next(a for a in args if str(a) == text)
    if origin is tuple:
        parts = text.split(":")
        if Ellipsis not in args and len(parts) != len(args):
            raise UsageError(
                f"{name} takes {len(args)} values joined by colons, "
                f"like {name}={':'.join('1' for _ in args)}; got {text!r}"
            )
        kinds = [args[0]] * len(parts) if Ellipsis in args else args
        return tuple(_value(name, part, k) for part, k in zip(parts, kinds, strict=True))
    if kind is bool:
        known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if text.lower() not in known:
            raise UsageError(f"{name} must be true or false, got {text!r}")
        return known[text.lower()]
    words = {int: "a whole number, like 500", float: "a finite number, like 0.5"}
    if kind not in words:
        return text
    try:
        value = int(text) if kind is int else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{name} must be {words[kind]}; got {text!r}")
    return value


def shown(value: object) -> str:
    """Return a value in the syntax of an override."""
    return ":".join(map(str, value)) if isinstance(value, tuple) else str(value)
