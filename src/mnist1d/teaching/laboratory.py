"""Checks of students' results in the studies: masks, thresholds, gradients, probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnist1d.teaching.outcomes import Outcome, WrongType, array, check, kind_of, number, shaped


@check
def check_mask(answer: object, weights: object, sparsity: float) -> Outcome:
    """Check a pruning mask: 0 at the int(sparsity * size) smallest weights, 1 elsewhere.

    Args:
      answer: the student's mask.
      weights: the weights.
      sparsity: fraction to prune.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_mask([1, 0, 1], [3.0, -0.5, 2.0], sparsity=0.4))
      True
    """
    example = "check_mask(mask, weights, 0.9)"
    size = np.abs(array(weights, example))
    mask = shaped(answer, size.shape, example).astype(float)
    if not np.isin(mask, (0, 1)).all():
        return Outcome(False, "a mask holds only 0 and 1.")
    dropped, wanted = int((mask == 0).sum()), int(sparsity * size.size)
    if dropped != wanted:
        return Outcome(False, f"the mask prunes {dropped} weights; it should prune {wanted}.")
    if dropped and (mask == 1).any() and size[mask == 0].max() > size[mask == 1].min():
        return Outcome(False, "a pruned weight is larger than a kept weight.")
    return Outcome(True, f"the mask prunes the {dropped} smallest weights of {size.size}.")


@check
def check_adjacency(answer: object, mask: object) -> Outcome:
    """Check the fraction of neighbouring input pairs of which both weights survive.

    Args:
      answer: the student's fraction, over all hidden units.
      mask: the mask (inputs, units).

    Returns:
      The outcome.

    Examples:
      >>> import numpy as np
      >>> bool(check_adjacency(1.0, np.ones((40, 5))))
      True
    """
    example = "check_adjacency(0.1, mask)"
    kept = array(mask, example) > 0
    if kept.ndim != 2 or len(kept) < 2:
        raise WrongType(f"the mask needs the shape (inputs, units); got {kept.shape}.")
    expected = float((kept[1:] & kept[:-1]).mean())
    found = number(answer, example)
    if abs(found - expected) <= 1e-6:
        return Outcome(True, f"both weights are kept in {100 * found:.1f}% of the pairs.")
    pairs = kept.shape[1] * (len(kept) - 1)
    return Outcome(False, f"{found:.4f} is not right: there are {pairs} neighbouring pairs.")


@check
def check_threshold(
    answer: object, widths: Sequence[int], errors: Sequence[float], limit: float = 0.02
) -> Outcome:
    """Check the interpolation threshold: the smallest width that fits the training set.

    Args:
      answer: the student's width; None if no width does.
      widths: the widths.
      errors: their training errors, fractions.
      limit: largest training error that counts as a fit.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_threshold(8, [4, 8, 16], [0.3, 0.01, 0.0]))
      True
    """
    fitting = [w for w, e in zip(widths, errors, strict=True) if e <= limit]
    if answer is None:
        told = "some width fits: which is the smallest?" if fitting else "no width fits."
        return Outcome(not fitting, told)
    found = number(answer, "check_threshold(40, widths, errors)")
    if not fitting:
        return Outcome(False, "no width fits the training set: the answer is None.")
    if found == min(fitting):
        return Outcome(True, f"{found:g} is the smallest width that fits the training set.")
    if found not in widths:
        return Outcome(False, f"{found:g} is not one of the widths.")
    return Outcome(False, f"{found:g} is too {'small' if found < min(fitting) else 'large'}.")


@check
def check_value(answer: object, at: float, expected: float, tolerance: float = 1e-3) -> Outcome:
    """Check what a function returns at one place.

    Args:
      answer: the student's function.
      at: the place.
      expected: the right value.
      tolerance: largest relative difference that passes.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_value(abs, -2.0, 2.0))
      True
    """
    found = number(_call(answer, at), "check_value(f, 0.5, ...)")
    if abs(found - expected) <= tolerance * max(abs(expected), 1e-12):
        return Outcome(True, f"your function returns {found:.4g} at {at:g}.")
    return Outcome(False, f"your function returns {found:.4g} at {at:g}; that is not right.")


@check
def check_parameters(answer: object, expected: int) -> Outcome:
    """Check the number of parameters of a PyTorch module.

    Args:
      answer: the student's module.
      expected: the right number.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_parameters("CNN", 5210))
      False
    """
    parameters = getattr(answer, "parameters", None)
    if not callable(parameters) or isinstance(answer, type):
        raise WrongType(
            "pass a PyTorch module, for example check_parameters(model, ...); "
            f"got {kind_of(answer)}."
        )
    sizes: list[int] = [p.numel() for p in parameters()]  # type: ignore[attr-defined]
    found = sum(sizes)
    if found == expected:
        return Outcome(True, f"the model has {found:,} parameters.")
    return Outcome(False, f"the model has {found:,} parameters; {expected:,} are expected.")


def _call(function: object, at: float) -> object:
    """Call a student's function. Errors: WrongType if it cannot be called, or raises."""
    if not callable(function):
        raise WrongType(f"pass a function of one number; got {kind_of(function)}.")
    try:
        return function(at)
    except Exception as error:
        raise WrongType(f"your function raises {type(error).__name__}: {error}") from None


@check
def check_gradient(answer: object, function: object, at: float, tolerance: float = 0.02) -> Outcome:
    """Check a derivative against a central difference of the function.

    Args:
      answer: the student's derivative at one place.
      function: the function.
      at: the place.
      tolerance: relative error allowed, for functions in float32.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_gradient(4.0, lambda x: x**2, 2.0))
      True
    """
    found = number(answer, "check_gradient(0.1, f, at=0.5)")
    step = 1e-2 * max(abs(at), 1.0)
    after, before = (
        number(_call(function, at + move), "check_gradient(0.1, f, at=0.5)")
        for move in (step, -step)
    )
    slope = (after - before) / (2 * step)
    if abs(found - slope) <= tolerance * max(abs(slope), 1e-3):
        return Outcome(True, f"{found:.4g} agrees with the slope between two nearby points.")
    return Outcome(False, f"{found:.4g} does not: the slope between two points is {slope:.4g}.")


@check
def check_posterior(answer: object, expected: object, tolerance: float = 1e-3) -> Outcome:
    """Check class probabilities against the exact ones.

    Args:
      answer: the student's probabilities (signals, classes).
      expected: the exact ones.
      tolerance: largest difference that passes.

    Returns:
      The outcome.

    Examples:
      >>> bool(check_posterior([[0.5, 0.5]], [[0.5, 0.5]]))
      True
    """
    example = "check_posterior(p, observer.predict_proba(x))"
    exact = array(expected, example)
    found = shaped(answer, exact.shape, example)
    if found.min() < 0 or np.abs(found.sum(axis=-1) - 1).max() > 1e-4:
        return Outcome(False, "each row must hold probabilities that sum to 1.")
    worst = float(np.abs(found - exact).max())
    if worst <= tolerance:
        return Outcome(True, "these are the exact probabilities.")
    signal = int(np.abs(found - exact).max(axis=-1).argmax())
    return Outcome(False, f"signal {signal} is off by {worst:.3f} in one class.")
