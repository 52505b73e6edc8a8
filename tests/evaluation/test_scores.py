"""Scores: each figure against its formula, the divergence against a second implementation."""

import math

import numpy as np
import pytest

from mnist1d.evaluation.answers import PROBABILITY_FLOOR, Answer, answer_of_logits
from mnist1d.evaluation.answers import check_probabilities as check
from mnist1d.evaluation.scores import ceiling, excess_bits, sampling_error, score
from mnist1d.evaluation.testsets import TestSet, make_test
from mnist1d.generate import load_dataset

TWO = np.array([4, 9])  # labels


def toy(exact, y):
    return TestSet("fresh", np.zeros((len(y), 3)), np.array(y), TWO, np.array(exact))


def test_figures_of_four_answers():
    test = toy([[1, 0], [1, 0], [0.6, 0.4], [0, 1]], [4, 4, 9, 9])
    p = np.array([[0.8, 0.2], [0.4, 0.6], [0.5, 0.5], [0.1, 0.9]])
    found = score(Answer(TWO[p.argmax(axis=1)], p), test)
    assert found.acc == 0.5 and found.right.tolist() == [True, False, False, True]
    assert found.loss_bits == pytest.approx(-np.log2([0.8, 0.4, 0.5, 0.9]).mean())
    third = 0.6 * math.log2(0.6 / 0.5) + 0.4 * math.log2(0.4 / 0.5)
    by_hand = [-math.log2(0.8), -math.log2(0.4), third, -math.log2(0.9)]
    assert found.excess_bits == pytest.approx(np.mean(by_hand), abs=1e-6)
    assert found.avoidable == pytest.approx((0 + 1 + 0 + 0) / 4)
    assert found.in_doubt == 0.5  # of the two errors one lies where the observer is unsure
    np.testing.assert_allclose(found.confidence, [0.8, 0.6, 0.5, 0.9])
    bins = abs(1 - 0.8) + abs(0 - 0.6) + abs(0 - 0.5) + abs(1 - 0.9)
    assert found.calibration_error == pytest.approx(bins / 4)


def test_the_ceiling_is_the_observer_on_the_same_signals():
    found = ceiling(toy([[1, 0], [1, 0], [0.6, 0.4], [0, 1]], [4, 4, 9, 9]))
    assert (found.acc, found.in_doubt, found.n) == (0.75, 0.25, 4)
    assert found.expected_acc == pytest.approx(3.6 / 4)
    entropy = -(0.6 * math.log2(0.6) + 0.4 * math.log2(0.4))
    assert found.entropy_bits == pytest.approx(entropy / 4)
    assert found.loss_bits == pytest.approx(-math.log2(0.4) / 4, abs=1e-6)
    assert ceiling(toy([[1, 0]], [4])._replace(exact=None)) is None


def test_without_probabilities_or_posterior_what_is_left():
    test = toy([[1, 0], [0.6, 0.4]], [4, 9])
    bare = score(Answer(np.array([4, 4]), None), test)
    assert bare.figures() == {"acc": 0.5, "avoidable": 0.0, "in_doubt": 1.0}
    p = np.array([[0.8, 0.2], [0.4, 0.6]])
    found = score(Answer(np.array([4, 9]), p), test._replace(exact=None))
    assert set(found.figures()) == {"acc", "loss_bits", "calibration_error"}


def test_divergence_of_the_exact_is_0_and_of_an_excluded_class_finite():
    exact = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert excess_bits(exact, exact) == pytest.approx(0, abs=1e-6)
    assert excess_bits(exact, np.full((2, 2), 0.5)) == pytest.approx(0.5)
    worst = excess_bits(exact[:1], np.array([[0.0, 1.0]]))
    assert worst == pytest.approx(-math.log2(PROBABILITY_FLOOR), rel=1e-6)


def test_divergence_against_a_second_implementation_on_1000_fresh_signals():
    """PyTorch's kl_div, from logits and with the posterior computed here, not read from a file."""
    torch = pytest.importorskip("torch")
    from mnist1d.draws import block_size, reserved_blocks
    from mnist1d.observer import IdealObserver
    from mnist1d.signals import apply

    data = load_dataset()
    test = make_test(data, "fresh", 1000)
    logits = test.x @ np.random.default_rng(0).normal(size=(40, 10)) * 2
    ours = score(answer_of_logits(logits, 1000, test.classes), test).excess_bits

    (draws,) = reserved_blocks(data.config, 10, 0, 1)
    assert block_size(10) == 1000
    raw = apply(data.templates, draws, data.config).astype(float)
    exact = torch.tensor(IdealObserver(mean=0.0, std=1.0).predict_proba(raw))
    log_p = torch.log_softmax(torch.tensor(logits), dim=1).clamp(min=math.log(PROBABILITY_FLOOR))
    log_p = log_p - torch.logsumexp(log_p, dim=1, keepdim=True)
    theirs = torch.nn.functional.kl_div(log_p, exact, reduction="batchmean") / math.log(2)
    assert ours == pytest.approx(float(theirs), rel=1e-6)
    half_width = 1.96 * 3 / math.sqrt(1000)  # of a mean over signals: the bar is far inside
    assert abs(ours - float(theirs)) < 1e-3 * half_width


def test_divergence_is_the_loss_above_the_observers():
    """In expectation over labels drawn from the posterior, loss = entropy + divergence."""
    rng = np.random.default_rng(0)
    exact, p = (rng.dirichlet(np.ones(2), 200_000) for _ in range(2))
    y = TWO[(rng.random(len(exact)) > exact[:, 0]).astype(int)]
    test = toy(exact, y)
    found, best = score(Answer(TWO[p.argmax(axis=1)], p), test), ceiling(test)
    assert found.loss_bits - best.loss_bits == pytest.approx(found.excess_bits, abs=0.02)


def test_sampling_error_is_the_standard_error_over_signals():
    rng = np.random.default_rng(0)
    rights = rng.random((2000, 400)) < 0.9
    predicted = sampling_error([rights[0]])
    assert predicted == pytest.approx(rights.mean(axis=1).std(), rel=0.15)
    assert sampling_error([rights[0], rights[0]]) == predicted  # equal trainings add nothing
    assert sampling_error([np.array([True])]) == math.inf


def test_probabilities_are_made_to_sum_to_one():
    given = np.full((4, 10), 0.10001)
    np.testing.assert_allclose(check(given, 4, 10).sum(axis=1), 1, rtol=1e-12)
