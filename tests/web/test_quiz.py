"""The quiz's model in node: its states, its score against NumPy and SciPy, its result against what
the store takes."""

import numpy as np
import pytest
from scipy import stats

from mnist1d.runs.quiz import checked

RNG = np.random.default_rng(0)


def answers(first, n, **other):
    return [{"index": first + i, "answer": i % 10, "ms": 1000 + i, **other} for i in range(n)]


def state(first=0, given=10, phase="answering", current=None, **other):
    """A stored quiz as the browser keeps it, complete and consistent by default."""
    start = first + given - (0 if phase == "answering" else 10)
    ten = answers(start, 10) if phase != "answering" else answers(start, 10, answer=None, ms=None)
    whole = {
        "format": "mnist1d-quiz/1",
        "shuffled": False,
        "first": first,
        "answers": answers(first, given),
        "phase": phase,
    }
    return whole | {"current": ten if current is None else current} | other


TAKEN = {
    "fresh": state(given=0),
    "in the last ten of the set": state(first=900, given=90),
    "corrections": state(given=10, phase="corrections"),
    "corrections of the last ten": state(first=300, given=100, phase="corrections"),
    "done": state(given=100, phase="done"),
    "done and saved": state(given=20, phase="done", isSaved=True),
    "an answer taken back": state(current=answers(10, 10, answer=None, ms=40)),
    "some given": state(current=[*answers(10, 4), *answers(14, 6, answer=None, ms=None)]),
}
REFUSED = {
    "nothing": None,
    "a number": 7,
    "a list": [],
    "another format": state(format="mnist1d-quiz/2"),
    "no format": {k: v for k, v in state().items() if k != "format"},
    "shuffled as text": state(shuffled="no"),
    "another phase": state(phase="thinking"),
    "not a hundred": state(first=50),
    "past the set": state(first=1000),
    "below the set": state(first=-100),
    "a first of text": state(first=0) | {"first": "0"},
    "answers missing": {k: v for k, v in state().items() if k != "answers"},
    "answers as an object": state(answers={"length": 10}),
    "an answer of null": state(answers=[None, *answers(1, 9)]),
    "not a whole ten": state(given=5),
    "more than a hundred": state(given=110, phase="done"),
    "a hundred and still asking": state(given=100),
    "corrections of nothing": state(given=0, phase="corrections"),
    "done with nothing": state(given=0, phase="done"),
    "an index twice": state(answers=[*answers(0, 9), *answers(8, 1)]),
    "a digit of 10": state(answers=answers(0, 10, answer=10)),
    "half a digit": state(answers=answers(0, 10, answer=1.5)),
    "an open answer handed in": state(answers=answers(0, 10, answer=None)),
    "a time of text": state(answers=answers(0, 10, ms="40")),
    "a negative time": state(answers=answers(0, 10, ms=-1)),
    "no time": state(answers=answers(0, 10, ms=None)),
    "no ten": state(current=[]),
    "eleven on the screen": state(current=answers(10, 11)),
    "another ten on the screen": state(current=answers(20, 10)),
    "the ten is no list": state(current={"length": 10}),
    "a digit without a time": state(current=answers(10, 10, ms=None)),
    "corrections of open answers": state(
        phase="corrections", current=answers(0, 10, answer=None, ms=None)
    ),
}
PROPORTIONS = [(0, 10), (10, 10), (1, 10), (5, 10), (96, 100), (383, 400), (100, 100)]
STORED = [*TAKEN.values(), *REFUSED.values()]


@pytest.fixture(
    scope="module",
    params=[(0, False, 10), (300, True, 3), (900, False, 1)],
    ids=["whole", "three tens", "one ten"],
)
def taken(request, node, labels):
    """A quiz answered in node: (document given, JSON returned)."""
    first, shuffled, tens = request.param
    right = labels[first : first + 100]
    given = np.where(RNG.random(100) < 0.3, RNG.integers(0, 10, 100), right)
    document = {
        "labels": labels.tolist(), "given": given.tolist(),
        "ms": RNG.integers(300, 9000, 100).tolist(), "first": first, "shuffled": shuffled,
        "tens": tens, "proportions": PROPORTIONS, "stored": STORED,
    }  # fmt: skip
    return document, node("quiz.mjs", document)


def test_every_state_is_taken_up_as_it_was(taken):
    document, found = taken
    assert all(step["isSame"] for step in found["kept"])
    assert found["kept"][-1] == {"phase": "done", "given": 10 * document["tens"], "isSame": True}
    assert [step["phase"] for step in found["kept"]].count("corrections") == document["tens"]
    assert found["refused"]  # nothing to hand in, to go on from or to score yet
    assert (
        found["finishedMidway"]["phase"] == "done" and len(found["finishedMidway"]["answers"]) == 10
    )


@pytest.mark.parametrize("name", [*TAKEN, *REFUSED])
def test_stored_states(taken, name):
    assert taken[1]["taken"][[*TAKEN, *REFUSED].index(name)] == (name in TAKEN)


def test_answers_change_and_times_add_up(taken):
    changed = taken[1]["changed"]["current"]
    assert changed[3] == {"index": 3, "answer": 8, "ms": 150} and changed[0] == {
        "index": 0,
        "answer": None,
        "ms": 15,
    }
    assert taken[1]["open"] == [4, 9]


def test_score(taken, labels):
    document, found = taken
    n = 10 * document["tens"]
    given, ms = (np.array(document[name][:n]) for name in ("given", "ms"))
    right = labels[document["first"] : document["first"] + n]
    score = found["score"]
    assert (score["n"], score["correct"], score["accuracy"]) == (
        n,
        (given == right).sum(),
        pytest.approx((given == right).mean()),
    )
    assert score["medianMs"] == np.median(ms)
    assert [(c["n"], c["errors"]) for c in score["byClass"]] == [
        ((right == d).sum(), ((right == d) & (given != d)).sum()) for d in range(10)
    ]
    table = np.zeros((10, 10), int)
    np.add.at(table, (right, given), 1)
    pairs = [(-table[a, b], a, b) for a in range(10) for b in range(10) if a != b and table[a, b]]
    assert [(-p["count"], p["label"], p["answer"]) for p in score["pairs"]] == sorted(pairs)


def test_intervals_are_wilsons(taken):
    for (correct, n), found in zip(PROPORTIONS, taken[1]["intervals"], strict=True):
        np.testing.assert_allclose(
            found, stats.binomtest(correct, n).proportion_ci(method="wilson"), rtol=0, atol=1e-12
        )


def test_the_store_takes_the_result(taken, labels):
    document, found = taken
    result, n = found["result"], 10 * document["tens"]
    config, index, answer, ms = checked(result)
    assert (config.shuffled, config.layout) == (document["shuffled"], "tall")
    assert index.tolist() == list(range(document["first"], document["first"] + n))
    assert answer.tolist() == document["given"][:n] and ms.tolist() == document["ms"][:n]
    assert (
        result["correct"] == (labels[index] == answer).sum()
        and [a["label"] for a in result["answers"]] == labels[index].tolist()
    )
