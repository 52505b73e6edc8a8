"""The identity of a trial: every field of its config, defaults included, so that a changed default
never reuses an old result."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import sys
import types
import typing
from collections.abc import Iterator, Mapping

import numpy as np

from mnist1d.checks import show
from mnist1d.errors import UsageError

T = typing.TypeVar("T")
SCHEMA = (
    "mnist1d-run/1"  # part of the identity: if the meaning of rows changes, every id must change
)
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def trial_id(study: str, config: object) -> str:
    """Return the identity of a trial: a SHA-256 over study, schema version and every field.

    Args:
      study: name of the study.
      config: the trial's config.

    Returns:
      64 hexadecimal digits.

    Examples:
      >>> from mnist1d import DataConfig
      >>> trial_id("my-study", DataConfig()) == trial_id("my-study", DataConfig(seed=42))
      True
    """
    return trial_id_of(study, canonical(nested(config)))


def trial_id_of(study: str, config: str) -> str:
    """Return the id of a trial whose config is given as canonical JSON."""
    names = f'"schema":"{SCHEMA}","study":{canonical(study)}'
    return hashlib.sha256(f'{{"config":{config},{names}}}'.encode()).hexdigest()


def canonical(value: object) -> str:
    """Return JSON with sorted keys and no spaces: equal values, equal text. Errors: UsageError for
    NaN and infinity, and for what JSON cannot hold."""
    try:
        return ENCODER.encode(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"a config holds what JSON can hold, and no NaN: {error}") from None


def nested(config: object) -> dict[str, object]:
    """Return a config as plain JSON values.

    Equal configs give equal text: an integer in a float field is written as a float, so that 1 and
    1.0 are the same trial, and so are 0.0 and -0.0.
    """
    return {name: _plain(getattr(config, name), hint) for name, hint in _fields(type(config))}


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, object], ...]:
    """Return the names and types of a config's fields; cached, because this lookup takes most of
    the time of computing an id."""
    if not dataclasses.is_dataclass(kind):
        raise UsageError(f"a config must be a dataclass, got {show(kind.__name__)}")
    hints = typing.get_type_hints(kind)
    return tuple((f.name, hints[f.name]) for f in dataclasses.fields(kind))


def rebuild(kind: type[T], values: Mapping[str, object]) -> T:
    """Return the config of a class that `nested` wrote; lists become tuples."""
    hints = dict(_fields(kind))
    fields: dict[str, object] = {}
    for name, value in values.items():
        kinds = _kinds(hints[name])
        inner = next(
            (k for k in kinds if isinstance(k, type) and dataclasses.is_dataclass(k)), None
        )
        if inner is not None and isinstance(value, dict):
            fields[name] = rebuild(inner, value)
        else:
            fields[name] = _tuples(value)
    return kind(**fields)


def _kinds(hint: object) -> Iterator[object]:
    """Yield a type, or the members of a union."""
    is_union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    yield from typing.get_args(hint) if is_union else (hint,)


def flat(config: object) -> dict[str, object]:
    """Return a config as a flat dict.

    Args:
      config: a config, or its JSON values.

    Returns:
      {"model": "mlp", "data.seed": 42, ...}; lists become tuples.

    Examples:
      >>> from mnist1d import DataConfig
      >>> flat(DataConfig())["padding"]
      (36, 60)
    """
    leaves: dict[str, object] = {}
    _add_leaves(leaves, config if isinstance(config, dict) else nested(config), "")
    return leaves


def _add_leaves(leaves: dict[str, object], values: Mapping[str, object], prefix: str) -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            _add_leaves(leaves, value, f"{prefix}{key}.")
        else:
            # interned: the names of 100,000 configs are equal
            leaves[sys.intern(prefix + key)] = _tuples(value)


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _plain(value: object, hint: object = None) -> object:
    kind = type(value)
    if kind is str or kind is bool or value is None or (kind is int and hint is int):
        return value  # a fast path for most fields: 100,000 trials have millions of them
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value + 0.0  # -0.0 is 0.0
    if dataclasses.is_dataclass(value):
        return nested(value)
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and (hint is float or float in typing.get_args(hint))
    ):
        return float(value)
    if isinstance(value, (tuple, list)):
        inner = next((h for h in typing.get_args(hint) if h is not Ellipsis), None)
        return [_plain(v, inner) for v in value]
    if isinstance(value, dict):
        return {str(key): _plain(v) for key, v in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise UsageError(
        "a config holds numbers, text, booleans, None, tuples and other configs, got "
        f"{show(value)} ({type(value).__name__})"
    )
