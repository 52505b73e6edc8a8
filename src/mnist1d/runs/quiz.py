"""Quiz results: check them, score them against the published labels, and store them as trials of
"quiz"."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnist1d.checks import Json
from mnist1d.errors import UsageError
from mnist1d.experiments.present import spread
from mnist1d.experiments.rows import Row
from mnist1d.generate import load_dataset
from mnist1d.intervals import wilson
from mnist1d.runs import provenance
from mnist1d.runs.identity import trial_id
from mnist1d.runs.store import Store, open_store

STUDY = "quiz"
FORMAT = "mnist1d-quiz/1"
TEN, LENGTH = 10, 100  # corrections come after each ten; a quiz has a hundred
LAYOUTS = ("line", "tall")
LONGEST = 24 * 3600 * 1000.0  # longest time of an answer, in milliseconds


@dataclass(frozen=True)
class Config:
    """The conditions of a quiz."""

    shuffled: bool = False
    layout: str = "line"


def save(result: object, runs: Path) -> Json:
    """Check a quiz result from the page, score it, and save it in the store of a folder; return the
    score.

    Each quiz is one seed of the trial with its conditions: 0, 1, 2, ... in the order of saving.
    Errors: UsageError for a result that the page cannot have sent; also those of `open_store`.
    """
    config, index, answer, ms = checked(result)
    correct = load_dataset().y_test[index] == answer
    scores = {"acc": correct.mean(), "n": len(index), "median_ms": np.median(ms)}
    origin = {
        **provenance.of_this_process(),
        "quiz": uuid.uuid4().hex,
    }  # the number distinguishes this quiz's call from others
    with open_store(runs) as store:
        while True:
            seed = 1 + max(store.done(trial_id(STUDY, config)), default=-1)
            rows = [Row(seed, name, None, float(value)) for name, value in scores.items()]
            rows += [
                Row(seed, name, None, array)
                for name, array in (("index", index), ("answer", answer), ("ms", ms))
            ]
            trial = store.add(
                STUDY, config, [seed], rows, seconds=ms.sum() / 1000, provenance=origin
            )
            if any(
                call.seeds and call.provenance.get("quiz") == origin["quiz"]
                for call in store.calls(STUDY, trial)
            ):
                break  # otherwise another quiz has just taken this seed
    low, high = wilson(int(correct.sum()), len(index))
    return {
        "saved": True,
        "runs": str(runs.resolve()),
        "seed": seed,
        "accuracy": float(correct.mean()),
        "low": low,
        "high": high,
    }


def checked(result: object) -> tuple[Config, np.ndarray, np.ndarray, np.ndarray]:
    """Return the conditions, and for each answer its index in the test set, the digit and the time
    in milliseconds."""
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise UsageError(
            f"a quiz's result must be a JSON object with the format {FORMAT!r}; send the "
            "page's own result"
        )
    shuffled, layout, answers = (result.get(name) for name in ("shuffled", "layout", "answers"))
    if not isinstance(shuffled, bool):
        raise UsageError(f"shuffled must be true or false, got {shuffled!r:.40}")
    if layout not in LAYOUTS:
        raise UsageError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r:.40}")
    if not isinstance(answers, list) or not (TEN <= len(answers) <= LENGTH) or len(answers) % TEN:
        count = len(answers) if isinstance(answers, list) else "none"
        raise UsageError(f"answers must be a list of {TEN} to {LENGTH}, in whole tens, got {count}")
    index = [_whole(answer, "index", 1000) for answer in answers]
    if len(set(index)) < len(index):
        raise UsageError("answers must be to different signals; one index is repeated")
    return (
        Config(shuffled, layout),
        np.array(index),
        np.array([_whole(a, "answer", 10) for a in answers]),
        np.array([_ms(a) for a in answers]),
    )


def quizzes(store: Store) -> list[Json]:
    """Return every quiz of a store, earliest first: when, shuffled, n, accuracy, its 95% interval,
    milliseconds per answer."""
    found = []
    for call in store.calls(STUDY):
        for seed in call.seeds:
            rows = store.all_rows(STUDY, {call.trial: [seed]})
            n, acc = int(rows.final("n")[0]), float(rows.final("acc")[0])
            low, high = wilson(round(n * acc), n)
            shuffled, median = bool(call.config["shuffled"]), float(rows.final("median_ms")[0])
            found.append(
                {
                    "when": call.started,
                    "shuffled": shuffled,
                    "n": n,
                    "accuracy": acc,
                    "low": low,
                    "high": high,
                    "median_ms": median,
                }
            )
    return found


def lines(header: list[str], found: Sequence[Json]) -> list[list[str]]:
    """Return quizzes as lines of the benchmark table with this header."""
    result = []
    for quiz in found:
        line = [""] * len(header)
        column = "shuffled" if quiz["shuffled"] else "frozen set"
        line[0] = f"human, quiz of {quiz['when'][:16].replace('T', ' ')}"
        at = next(i for i, name in enumerate(header) if name.startswith(column))
        line[at] = spread(quiz["accuracy"], quiz["low"], quiz["high"])
        line[header.index("n")] = f"{quiz['n']} answers"
        result.append(line)
    return result


def _whole(answer: object, name: str, limit: int) -> int:
    value = answer.get(name) if isinstance(answer, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < limit:
        raise UsageError(
            f"{name} of an answer must be a whole number from 0 to {limit - 1}, got {value!r:.40}"
        )
    return value


def _ms(answer: Json) -> float:
    value = answer.get("ms")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
        raise UsageError(
            f"ms of an answer must be a number from 0 to {LONGEST:.0f}, got {value!r:.40}"
        )
    return float(value)
