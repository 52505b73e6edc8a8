"""The course kit: checks of exercises, and the tools that run and hand out the notebooks of
docs/teaching.

>>> from mnist1d import load_dataset, teaching
>>> data = load_dataset()
>>> print(teaching.check_shape(data.x, (4000, 40)))
Correct: the shape is (4000, 40).
>>> print(teaching.check_shape("x", (4000, 40)))
Not yet: pass an array, for example check_shape(data.x, ...); got str.

A check returns an `Outcome`: true if the answer is right, and a sentence for the student. A wrong
answer, or an answer of the wrong type, is a false outcome, never an exception.
"""

from mnist1d.teaching.answers import check_answer
from mnist1d.teaching.checks import (
    check_accuracy,
    check_array,
    check_difference,
    check_label_noise,
    check_number,
    check_published,
    check_rate,
    check_shape,
    check_stage,
)
from mnist1d.teaching.laboratory import (
    check_adjacency,
    check_gradient,
    check_mask,
    check_parameters,
    check_posterior,
    check_threshold,
    check_value,
)
from mnist1d.teaching.outcomes import Outcome
from mnist1d.teaching.running import choose_size, require
from mnist1d.teaching.settled import Band, read_band

__all__ = [
    "Band",
    "Outcome",
    "check_accuracy",
    "check_adjacency",
    "check_answer",
    "check_array",
    "check_difference",
    "check_gradient",
    "check_label_noise",
    "check_mask",
    "check_number",
    "check_parameters",
    "check_posterior",
    "check_published",
    "check_rate",
    "check_shape",
    "check_stage",
    "check_threshold",
    "check_value",
    "choose_size",
    "read_band",
    "require",
]
