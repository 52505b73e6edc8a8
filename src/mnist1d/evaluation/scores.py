"""Score a model's predictions on test signals, alone and against the ideal observer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import rel_entr

from mnist1d.evaluation.answers import PROBABILITY_FLOOR, Answer
from mnist1d.evaluation.testsets import TestSet

IN_DOUBT = 0.99  # the observer is in doubt if the highest class probability is below this


@dataclass(frozen=True)
class Score:
    """One trained model on one test set. Fields are None if the model returns no probabilities, if
    no exact posterior exists, or if there are no errors."""

    acc: float  # in [0, 1]
    loss_bits: float | None = None  # cross-entropy with the labels, bits per signal
    calibration_error: float | None = None  # expected calibration error, in [0, 1]
    excess_bits: float | None = None  # KL(exact || model), bits per signal
    avoidable: float | None = None  # expected accuracy of the observer minus that of the model
    # fraction of the errors on signals where the observer is in doubt
    in_doubt: float | None = None
    right: np.ndarray = field(default_factory=lambda: np.empty(0, bool), repr=False)  # (n,)
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64), repr=False)  # (n,)
    confidence: np.ndarray | None = field(default=None, repr=False)  # (n,) of the answers

    def figures(self) -> dict[str, float]:
        """Return the fields that are not None, by name."""
        names = ("acc", "loss_bits", "calibration_error", "excess_bits", "avoidable", "in_doubt")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True)
class Ceiling:
    """The ideal observer on a test set: the result of the best possible model."""

    acc: float  # fraction of these signals classified correctly
    expected_acc: float  # mean probability of its predictions, which varies less
    loss_bits: float  # cross-entropy with the labels, bits per signal
    entropy_bits: float  # mean entropy of the posterior: the lowest possible expected loss
    in_doubt: float  # fraction of the signals where it is in doubt
    n: int


def score(answer: Answer, test: TestSet) -> Score:
    """Score a model's predictions on a test set."""
    from mnist1d.observer.measure import calibration_error

    right = answer.labels == test.y
    p, at = answer.probabilities, np.arange(len(right))
    found = Score(float(right.mean()), right=right, labels=answer.labels)
    if test.exact is not None:
        best = test.exact.max(axis=1)
        given = test.exact[at, test.rows_of(answer.labels)]
        doubted = (best < IN_DOUBT)[~right]
        found = replace(
            found,
            avoidable=float((best - given).mean()),
            in_doubt=float(doubted.mean()) if len(doubted) else None,
            excess_bits=None if p is None else excess_bits(test.exact, p),
        )
    if p is None:
        return found
    confidence = p[at, test.rows_of(answer.labels)]
    return replace(
        found,
        loss_bits=float(-np.log2(floored(p)[at, test.rows_of(test.y)]).mean()),
        calibration_error=calibration_error(confidence, right)[0],
        confidence=confidence,
    )


def ceiling(test: TestSet) -> Ceiling | None:
    """Return the ideal observer's score on a test set; None without an exact posterior."""
    if test.exact is None:
        return None
    exact, place = test.exact, test.rows_of(test.y)
    best = exact.max(axis=1)
    return Ceiling(
        acc=float((exact.argmax(axis=1) == place).mean()),
        expected_acc=float(best.mean()),
        loss_bits=float(-np.log2(floored(exact)[np.arange(len(exact)), place]).mean()),
        entropy_bits=float(-rel_entr(exact, 1).sum(axis=1).mean() / math.log(2)) + 0.0,
        in_doubt=float((best < IN_DOUBT).mean()),
        n=len(exact),
    )


def excess_bits(exact: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over signals of KL(exact || model) in bits: the expected excess loss over the
    lowest possible loss.

    Both (samples, classes). The model's probabilities are floored, so that the cost of a ruled-out
    class stays finite.
    """
    return float(rel_entr(exact, floored(probabilities)).sum(axis=1).mean() / math.log(2))


def floored(p: np.ndarray) -> np.ndarray:
    """Return probabilities (samples, classes) with values below PROBABILITY_FLOOR raised to it,
    rescaled to sum to 1."""
    raised = np.maximum(p, PROBABILITY_FLOOR)
    return raised / raised.sum(axis=1, keepdims=True)


def sampling_error(rights: list[np.ndarray]) -> float:
    """Return the standard error, due to the choice of test signals, of the accuracy averaged over
    runs. rights: for each run, which signals it classified correctly, (n,)."""
    share = np.mean(rights, axis=0)  # (n,)
    return float(share.std(ddof=1) / math.sqrt(len(share))) if len(share) > 1 else math.inf
