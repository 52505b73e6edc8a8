"""What a model's answers are worth on test signals, alone and against the ideal observer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import rel_entr

from mnist1d.evaluation.answers import PROBABILITY_FLOOR, Answer
from mnist1d.evaluation.testsets import TestSet

IN_DOUBT = 0.99  # the observer doubts a signal whose most probable class is less probable


@dataclass(frozen=True)
class Score:
    """One trained model on one test set. Figures are None where the model gives no probabilities,
    where no exact posterior exists, or where there are no errors."""

    acc: float  # in [0, 1]
    loss_bits: float | None = None  # cross-entropy with the labels, bits per signal
    calibration_error: float | None = None  # expected calibration error, in [0, 1]
    excess_bits: float | None = None  # KL(exact || model), bits per signal
    avoidable: float | None = None  # how far the accuracy lies below the observer's, in expectation
    in_doubt: float | None = None  # share of the errors on signals that the observer doubts
    right: np.ndarray = field(default_factory=lambda: np.empty(0, bool), repr=False)  # (n,)
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64), repr=False)  # (n,)
    confidence: np.ndarray | None = field(default=None, repr=False)  # (n,) of the answers

    def figures(self) -> dict[str, float]:
        """Return the figures that there are, by name."""
        names = ("acc", "loss_bits", "calibration_error", "excess_bits", "avoidable", "in_doubt")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True)
class Ceiling:
    """The ideal observer on a test set: what the best possible model reaches there."""

    acc: float  # right answers among these signals
    expected_acc: float  # mean probability of its answers, which varies less
    loss_bits: float  # cross-entropy with the labels, bits per signal
    entropy_bits: float  # mean entropy of the posterior: the least expected loss
    in_doubt: float  # share of the signals that it doubts
    n: int


def score(answer: Answer, test: TestSet) -> Score:
    """Score a model's answers on a test set."""
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
    """Return the mean over signals of KL(exact || model) in bits: the expected loss above the least
    possible one.

    Both (samples, classes). The model's probabilities are floored, so that an excluded class costs
    much and not infinitely much.
    """
    return float(rel_entr(exact, floored(probabilities)).sum(axis=1).mean() / math.log(2))


def floored(p: np.ndarray) -> np.ndarray:
    """Return probabilities (samples, classes), those below PROBABILITY_FLOOR raised to it, and
    their sums made 1."""
    raised = np.maximum(p, PROBABILITY_FLOOR)
    return raised / raised.sum(axis=1, keepdims=True)


def sampling_error(rights: list[np.ndarray]) -> float:
    """Return the standard error, from the choice of test signals, of the accuracy averaged over
    trainings; `rights`: for each training, which signals it got right, (n,)."""
    share = np.mean(rights, axis=0)  # (n,)
    return float(share.std(ddof=1) / math.sqrt(len(share))) if len(share) > 1 else math.inf
