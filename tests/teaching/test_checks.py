"""Every check accepts the right answer, refuses wrong ones, and says what to pass where the answer
is of the wrong type."""

import numpy as np
import pytest

import mnist1d
from mnist1d import teaching
from mnist1d.errors import MissingDataError, UsageError
from mnist1d.teaching import settled

DATA = mnist1d.load_dataset()
STAGES = {stage.name: stage.x for stage in mnist1d.explain(digit=3, seed=0)}
WEIGHTS = np.array([[3.0, -1.0], [0.5, 2.0], [-4.0, 0.1]])
MASK = np.array([[1, 0], [0, 1], [1, 0]])
SURVIVES = np.array([[1, 1], [1, 0], [0, 1]])
EXACT = np.array([[0.9, 0.1], [0.2, 0.8]])
WIDTHS, ERRORS = (4, 8, 16), (0.4, 0.01, 0.0)
NOISY = DATA.with_label_noise(0.15, seed=1).y


def square(x):
    return x**2


def accuracy(answer):
    return teaching.check_accuracy(answer, "cnn")


def unshuffled_as_shuffled(answer):
    return teaching.check_accuracy(answer, "cnn", shuffled=True)


CASES = {  # a check of one answer: right answers, wrong answers
    "shape": (lambda a: teaching.check_shape(a, (2, 3)), [np.zeros((2, 3))], [np.zeros((3, 2)), 1]),
    "number": (lambda a: teaching.check_number(a, 0.1, 0.01), [0.1, "0.105"][:1], [0.12, 10, -0.1]),
    "array": (lambda a: teaching.check_array(a, EXACT), [EXACT.copy()], [EXACT.T, EXACT[:1]]),
    "accuracy": (accuracy, [0.94, 0.93, np.float32(0.95)], [0.64, 0.91, 0.97, 0.0, 1.0]),
    "shuffled": (unshuffled_as_shuffled, [0.56], [0.94, 0.65]),
    "difference": (lambda a: teaching.check_difference(a, "cnn", "mlp"), [0.3], [0.1, -0.3, 30]),
    "rate": (teaching.check_rate, [0.62, 0.6], [1.5, 0.15, 0.4]),
    "stage": (
        lambda a: teaching.check_stage(a, "translate"),
        [STAGES["translate"]],
        [STAGES["scale"], STAGES["translate"][::-1], STAGES["pad"]],
    ),
    "published": (
        teaching.check_published,
        [DATA, dict(DATA)],
        [DATA.reversed(), mnist1d.make_dataset(seed=41), {"x": DATA.x}],
    ),
    "label noise": (
        lambda a: teaching.check_label_noise(a, DATA.y, 0.15),
        [NOISY],
        [DATA.y, np.where(NOISY == DATA.y, (DATA.y + 1) % 10, DATA.y), NOISY + 20],
    ),
    "mask": (
        lambda a: teaching.check_mask(a, WEIGHTS, 0.5),
        [MASK, MASK.astype(bool)],
        [1 - MASK, np.ones_like(MASK), 2 * MASK, MASK.T],
    ),
    "adjacency": (lambda a: teaching.check_adjacency(a, SURVIVES), [0.25], [0.5, 0.0]),
    "threshold": (
        lambda a: teaching.check_threshold(a, WIDTHS, ERRORS),
        [8],
        [4, 16, 9, None],
    ),
    "no threshold": (
        lambda a: teaching.check_threshold(a, WIDTHS, (0.4, 0.3, 0.2)),
        [None],
        [16, 4],
    ),
    "gradient": (lambda a: teaching.check_gradient(a, square, at=0.5), [1.0], [0.5, -1.0, 0.0]),
    "value": (
        lambda a: teaching.check_value(a, 3, 9.0),
        [square],
        [lambda x: 2 * x, lambda x: None, lambda: 0, lambda x: 1 / 0],
    ),
    "posterior": (
        lambda a: teaching.check_posterior(a, EXACT),
        [EXACT + 1e-5 * np.array([1, -1])],
        [EXACT[::-1], np.log(EXACT), EXACT / 2, EXACT[:1]],
    ),
}


class Foreign:
    """Raises when NumPy asks for its values."""

    def __array__(self, *rest, **given):
        raise KeyError("no values")


STRANGE = ["many", None, ..., {"a": 1}, object(), [1, [2]], float("nan"), b"x", (), [], True]
STRANGE += [10**400, 1j, int, np.array([None, 1]), np.array(["a"]), Foreign()]


@pytest.mark.parametrize("name", CASES)
def test_right_and_wrong_answers(name):
    check, right, wrong = CASES[name]
    for answer in right:
        outcome = check(answer)
        assert outcome and str(outcome).startswith("Correct: "), (answer, outcome)
    for answer in wrong:
        outcome = check(answer)
        assert not outcome and str(outcome).startswith("Not yet: "), (answer, outcome)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_of_the_wrong_type_raises_nothing(name):
    check, right, _ = CASES[name]
    for answer in STRANGE:
        if answer is None and any(one is None for one in right):
            continue
        outcome = check(answer)
        assert not outcome, (answer, outcome)
        assert outcome.message.endswith((".", "?")) or ": " in outcome.message


def test_expected_answers_by_name():
    right = {"signals": DATA.x_test}
    assert teaching.check_answer(DATA.x_test[:100], "select", **right)
    assert not teaching.check_answer(DATA.x_test[:99], "select", **right)
    assert not teaching.check_answer(DATA.x_test[1:101], "select", **right)
    assert teaching.check_answer(6, "peak", widths=[4, 6, 9], errors=[0.9, 0.7, 0.6])
    assert not teaching.check_answer(4, "peak", widths=[4, 6, 9], errors=[0.9, 0.7, 0.6])
    assert not teaching.check_answer(0.15, "wrong-labels")
    told = teaching.check_answer(0.9, "ceiling", posterior=...)
    assert str(told) == "Not yet: first answer the exercise that computes posterior."
    with pytest.raises(UsageError, match="did you mean 'chance'"):
        teaching.check_answer(0.1, "chanc")


def test_what_was_passed_is_named():
    told = {str(teaching.check_number(answer, 1.0)) for answer in (int, np.array([None]))}
    assert any("got the class int." in one for one in told)
    assert any("got an array of dtype object." in one for one in told)


def test_a_tensor_with_a_gradient_is_a_number():
    torch = pytest.importorskip("torch")
    assert teaching.check_number(torch.tensor(0.5, requires_grad=True), 0.5)
    assert teaching.check_shape(torch.ones(2, 3, requires_grad=True), (2, 3))


def test_an_unanswered_exercise_is_told():
    told = "Not yet: replace the ... in the exercise by your answer."
    assert str(teaching.check_number(..., 1.0)) == told == str(teaching.check_answer(..., "chance"))
    assert str(teaching.check_parameters(..., 10)) == told


def test_a_percentage_is_recognised():
    assert "pass 0.935" in str(accuracy(93.5))


def test_parameters():
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(4, 2)
    assert teaching.check_parameters(model, 10) and not teaching.check_parameters(model, 11)
    for answer in [*(a for a in STRANGE if a is not ...), torch.nn.Linear]:
        assert "pass a PyTorch module" in str(teaching.check_parameters(answer, 10))


def test_bands_come_from_the_settled_seeds():
    values = settled.accuracies("cnn", shuffled=False)
    band = teaching.read_band("cnn")
    assert band.n == len(values) >= 8 and band.mean == pytest.approx(values.mean())
    assert band.low < values.min() and values.max() < band.high
    assert settled.predict(np.full(8, 0.5)) == (0.5, 0.49, 0.51, 8)
    wide = settled.predict(np.array([0.4, 0.6]))
    assert (
        wide.high > 1
    )  # two seeds tell little: 99% of a t distribution with one degree of freedom


def test_an_unknown_study_or_model_is_the_authors_mistake():
    with pytest.raises(MissingDataError, match="no settled results"):
        settled.read_rows("no-such-study")
    with pytest.raises(UsageError, match="unknown model"):
        teaching.check_accuracy(0.5, "cn")


def test_sizes(monkeypatch):
    monkeypatch.delenv("MNIST1D_TEACHING", raising=False)
    assert teaching.choose_size(full=3, smoke=1) == 3
    monkeypatch.setenv("MNIST1D_TEACHING", "smoke")
    assert teaching.choose_size(full=3, smoke=1) == 1
    monkeypatch.setenv("MNIST1D_TEACHING", "tiny")
    with pytest.raises(UsageError, match='must be "full" or "smoke"'):
        teaching.choose_size(full=3, smoke=1)
