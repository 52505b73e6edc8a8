"""Checks of answers about the data set and about accuracies. The accepted ranges of accuracies come
from the settled results."""

from __future__ import annotations

import numpy as np

from mnist1d.checks import check_name
from mnist1d.dataset import Dataset
from mnist1d.digests import verify
from mnist1d.errors import UsageError
from mnist1d.generate import explain
from mnist1d.learning.registry import check_model
from mnist1d.teaching.outcomes import (
    Outcome,
    WrongType,
    array,
    check,
    fraction,
    kind_of,
    number,
    percent,
    shaped,
)
from mnist1d.teaching.settled import Band, read_band, read_difference, read_learning_rate


@check
def check_shape(answer: object, shape: tuple[int, ...]) -> Outcome:
    """Check that an array has a shape.

    Args:
      answer: the student's array.
      shape: the expected shape.

    Returns:
      The outcome.

    Examples:
      >>> import numpy as np
      >>> print(check_shape(np.zeros((4, 2)), (4, 2)))
      Correct: the shape is (4, 2).
    """
    found = array(answer, "check_shape(data.x, ...)")
    if found.shape == shape:
        return Outcome(True, f"the shape is {shape}.")
    return Outcome(False, f"the shape is {found.shape}.")


@check
def check_number(answer: object, expected: float, tolerance: float = 0.0) -> Outcome:
    """Check a number; the message does not give the number away.

    Args:
      answer: the student's number.
      expected: the right one.
      tolerance: largest absolute difference that passes.

    Returns:
      The outcome.

    Examples:
      >>> print(check_number(0.2, 0.1, tolerance=0.001))
      Not yet: 0.2 is too large.
    """
    found = number(answer, "check_number(0.5, ...)")
    if abs(found - expected) <= tolerance:
        return Outcome(True, f"{found:g} is right.")
    side = "small" if found < expected else "large"
    return Outcome(False, f"{found:g} is too {side}.")


@check
def check_array(answer: object, expected: object, tolerance: float = 1e-6) -> Outcome:
    """Check an array against the expected one, of the same shape.

    Args:
      answer: the student's array.
      expected: the right one.
      tolerance: largest difference that passes, relative to the largest expected value.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_array([1.0, 2.0], [1.0, 2.5]))
      False
    """
    right = array(expected, "check_array(x, ...)")
    found = shaped(answer, right.shape, "check_array(x, ...)")
    worst = np.abs(found - right)
    if worst.max(initial=0.0) <= tolerance * max(float(np.abs(right).max(initial=0.0)), 1e-12):
        return Outcome(True, "all values are right.")
    place = tuple(int(i) for i in np.unravel_index(worst.argmax(), worst.shape))
    return Outcome(False, f"the shape is right, but the value at {place} is {found[place]:g}.")


@check
def check_accuracy(answer: object, model: str, *, shuffled: bool = False) -> Outcome:
    """Check a model's test accuracy after training by the benchmark's protocol.

    It must lie in the band that contains 99% of correct runs.

    Args:
      answer: the student's accuracy, a fraction.
      model: name of the model, "cnn".
      shuffled: on signals with permuted positions.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_accuracy(0.94, "cnn")), bool(check_accuracy(0.65, "cnn"))
      (True, False)
    """
    check_model(model)
    example = f'check_accuracy(0.5, "{model}")'
    band = read_band(model, shuffled=shuffled)
    return _judge(fraction(answer, example), band, f"{model} test accuracy")


@check
def check_difference(answer: object, better: str, worse: str) -> Outcome:
    """Check the difference of two models' test accuracies.

    Args:
      answer: the student's difference, better minus worse, a fraction.
      better: name of the better model.
      worse: name of the other one.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_difference(-0.3, "cnn", "mlp"))
      False
    """
    for model in (better, worse):
        check_model(model)
    found = number(answer, f'check_difference(0.1, "{better}", "{worse}")')
    return _judge(found, read_difference(better, worse), f"difference {better} - {worse}")


@check
def check_rate(answer: object) -> Outcome:
    """Check the learning rate that metalearning finds, against the settled results.

    Args:
      answer: the student's rate.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_rate(-1.0))
      False
    """
    band = read_learning_rate()
    found = number(answer, "check_rate(0.5)")
    where = f"correct runs end between {band.low:.3f} and {band.high:.3f}."
    return Outcome(band.low <= found <= band.high, f"your learning rate is {found:.3f}; {where}")


def _judge(value: float, band: Band, what: str) -> Outcome:
    found = f"your {what} is {percent(value)}"
    where = f"99% of correct runs are between {percent(band.low)} and {percent(band.high)}"
    passed = band.low <= value <= band.high
    return Outcome(passed, f"{found}; {where} (from {band.n} reference runs).")


@check
def check_stage(answer: object, stage: str, *, digit: int = 3, seed: int = 0) -> Outcome:
    """Check a signal after one stage of the pipeline, against `mnist1d.explain`.

    Args:
      answer: the student's signal (points,).
      stage: name of the stage, "pad".
      digit: class of the signal.
      seed: seed of the signal.

    Returns:
      The outcome.

    Examples:
      >>> from mnist1d import get_templates
      >>> bool(check_stage(get_templates()["x"][3], "template"))
      True
    """
    stages = {step.name: step.x for step in explain(digit=digit, seed=seed)}
    check_name(stage, stages, "stage")
    expected = stages[stage]
    found = shaped(answer, expected.shape, f'check_stage(x, "{stage}")')
    worst = float(np.abs(found - expected).max())
    if worst <= 1e-6 * max(1.0, float(np.abs(expected).max())):
        return Outcome(True, f"this is the signal after {stage}.")
    place = int(np.abs(found - expected).argmax())
    return Outcome(False, f"point {place} is {found[place]:.4f}; it differs by {worst:.4f}.")


@check
def check_published(answer: object) -> Outcome:
    """Check by digests that a data set is the published one.

    Args:
      answer: the student's data set.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_published("data"))
      False
    """
    if not isinstance(answer, Dataset | dict):
        raise WrongType(
            f"pass a data set, for example check_published(data); got {kind_of(answer)}."
        )
    try:
        report = verify(answer)
    except UsageError as error:
        raise WrongType(f"{error}.") from None
    return Outcome(bool(report), f"{report}.")


@check
def check_label_noise(noisy: object, clean: object, rate: float) -> Outcome:
    """Check labels of which a fraction was redrawn from all ten classes.

    A new label equals the old one in a tenth of the cases, so a fraction 0.9 * rate should differ;
    four standard errors of a binomial are allowed.

    Args:
      noisy: the student's labels (samples,).
      clean: the true labels (samples,).
      rate: the fraction.

    Returns:
      The outcome.

    Examples:
      >>> import numpy as np
      >>> clean = np.zeros(1000, int)
      >>> bool(check_label_noise(clean, clean, rate=0.5))
      False
    """
    example = "check_label_noise(y_noisy, y_clean, 0.15)"
    before = array(clean, example)
    after = shaped(noisy, before.shape, example)
    if not np.isin(after, np.arange(10)).all():
        return Outcome(False, "a label is not one of 0 to 9.")
    changed, expected = float((after != before).mean()), 0.9 * rate
    error = np.sqrt(expected * (1 - expected) / before.size)
    told = f"{percent(changed)} of the labels differ"
    if abs(changed - expected) <= 4 * error:
        return Outcome(True, f"{told}, and {percent(expected)} are expected.")
    side = "few" if changed < expected else "many"
    return Outcome(False, f"{told}: too {side}. How often is a new label equal to the old one?")
