"""The outcome of a check, and the conversion of answers before they are checked."""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

import numpy as np

P = ParamSpec("P")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check; true if the answer passed.

    Attributes:
      passed: whether the answer passed.
      message: a sentence that says why.

    Examples:
      >>> bool(Outcome(False, "the mean is too large."))
      False
    """

    passed: bool
    message: str

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return f"{'Correct' if self.passed else 'Not yet'}: {self.message}"

    __repr__ = __str__


class WrongType(Exception):
    """An answer of the wrong type; the message says what to pass."""


def check(function: Callable[P, Outcome]) -> Callable[P, Outcome]:
    """Turn a WrongType inside a check into a false outcome, and an unanswered exercise too."""

    @functools.wraps(function)
    def safe(*args: P.args, **kwargs: P.kwargs) -> Outcome:
        if args and args[0] is Ellipsis:
            return Outcome(False, "replace the ... in the exercise by your answer.")
        try:
            return function(*args, **kwargs)
        except WrongType as error:
            return Outcome(False, str(error))

    return safe


def number(answer: object, example: str) -> float:
    """Return an answer as a finite number. Errors: WrongType, with an example of the call."""
    value = answer
    if not isinstance(value, numbers.Real):
        found = array(answer, example, what="a number")
        if found.size != 1:
            raise WrongType(
                f"pass a number, for example {example}; got an array of {found.size} values."
            )
        value = found.item()
    if isinstance(value, bool | np.bool_):
        raise WrongType(f"pass a number, for example {example}; got {value}.")
    try:
        result = float(value)
    except OverflowError:
        result = float("inf")
    if not np.isfinite(result):
        raise WrongType(f"pass a finite number, for example {example}; got {result}.")
    return result


def fraction(answer: object, example: str) -> float:
    """Return an answer as a fraction in [0, 1]. Errors: WrongType; it says so if the answer looks
    like a percentage."""
    value = number(answer, example)
    if not 0 <= value <= 1:
        hint = f" If it is a percentage, pass {value / 100:g}." if 1 < value <= 100 else ""
        raise WrongType(
            f"pass a fraction between 0 and 1, for example {example}; got {value:g}.{hint}"
        )
    return value


def array(answer: object, example: str, what: str = "an array") -> np.ndarray:
    """Return an answer as an array of finite numbers. Errors: WrongType, with an example."""
    wrong = WrongType(f"pass {what}, for example {example}; got {kind_of(answer)}.")
    if answer is None or answer is Ellipsis or isinstance(answer, str | bytes | dict | set):
        raise wrong
    detach = getattr(answer, "detach", None)  # a PyTorch tensor with a gradient is an array too
    try:
        result = np.asarray(detach() if callable(detach) else answer)
    except Exception:  # what a foreign type raises when NumPy asks for its values
        raise wrong from None
    if result.dtype.kind not in "buif":
        raise wrong
    if not np.isfinite(result).all():
        raise WrongType(
            f"pass {what} of finite values, for example {example}; it holds NaN or inf."
        )
    return result


def kind_of(answer: object) -> str:
    """Return what an answer is, in a few words: its type; for an array, its dtype; or a class."""
    if isinstance(answer, np.ndarray):
        return f"an array of dtype {answer.dtype}"
    return f"the class {answer.__name__}" if isinstance(answer, type) else type(answer).__name__


def shaped(answer: object, shape: tuple[int, ...], example: str) -> np.ndarray:
    """Return an answer as an array of a given shape. Errors: WrongType, with both shapes."""
    result = array(answer, example)
    if result.shape != shape:
        raise WrongType(f"the shape must be {shape}; got {result.shape}.")
    return result


def percent(value: float) -> str:
    """Return a fraction in percent with one decimal."""
    return f"{100 * value:.1f}%"
