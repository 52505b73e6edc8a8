"""The expected answers of exercises, by name, so that the check in a handout does not show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mnist1d.checks import check_name
from mnist1d.teaching.checks import check_array, check_number
from mnist1d.teaching.outcomes import Outcome, check


def _peak(widths: list[int], errors: list[float]) -> int:
    return widths[1 + int(np.argmax(errors[1:]))]


# exercise -> the answer, computed from what the notebook passes
EXPECTED: Mapping[str, Callable[..., object]] = {
    "select": lambda signals: signals[:100],
    "chance": lambda: 0.1,
    "shuffle": lambda signals, order: signals[:, order],
    "survivors": lambda sizes: sum(size - int(0.8 * size) for size in sizes),
    "by-chance": lambda: 0.2**2,
    "wrong-labels": lambda: 0.15 * 0.9,
    "peak": _peak,
    "covariance": lambda noise, matrix: noise**2 * matrix @ matrix.T,
    "ceiling": lambda posterior: float(np.max(posterior, axis=1).mean()),
}


@check
def check_answer(answer: object, exercise: str, **inputs: object) -> Outcome:
    """Check the answer of an exercise whose expected value the package knows.

    Args:
      answer: the student's number or array.
      exercise: name of the exercise, "chance".
      **inputs: what the expected value depends on.

    Returns:
      The outcome.

    Raises:
      UsageError: for an unknown exercise.

    Examples:
      >>> print(check_answer(0.5, "chance"))
      Not yet: 0.5 is too large.
    """
    check_name(exercise, EXPECTED, "exercise")
    unanswered = [name for name, value in inputs.items() if value is None or value is Ellipsis]
    if unanswered:
        return Outcome(False, f"first answer the exercise that computes {unanswered[0]}.")
    expected = EXPECTED[exercise](**inputs)
    if isinstance(expected, int | float):
        return check_number(answer, expected, tolerance=1e-6)
    return check_array(answer, expected)
