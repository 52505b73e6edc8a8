"""Anybody's model in the benchmark table: trained from several seeds, placed between its
neighbours, drawn among them.

>>> mnist1d.evaluate(RandomForestClassifier())
>>> mnist1d.evaluate(lambda: MyNetwork(channels=25), seeds=8).figure()

The other rows of the table were measured beforehand, by `python -m benchmarks.table`, and ship with
the package (benchmark.json).
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.special import rel_entr

from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.errors import MissingExtraError, Mnist1dError, UsageError, last_words
from mnist1d.experiments.benchmark import (
    aligned,
    cells,
    interval_of,
    mean_of,
    ranked_with,
    reference,
    table_with,
)
from mnist1d.experiments.claims import mean_interval
from mnist1d.experiments.rows import Row
from mnist1d.generate import load_dataset, make_dataset

FLOOR = 1e-4  # of a model's probabilities: who calls a possible class impossible loses much, not infinitely much
NOTE = "Accuracy on the test set after the last step; nothing was selected on the test set."


@dataclass(frozen=True)
class Config:
    """What was measured: whose model, how it was trained, on which data."""

    model: str  # "module:factory", or the name given
    own_training: bool = False  # trained by a function of theirs: the next three say nothing
    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01
    data: DataConfig = DataConfig()


class Run(NamedTuple):
    """One training from one seed: its figures, or the traceback of its failure. bits_lost: None
    without probabilities."""

    seed: int
    shuffled: bool
    acc: float = math.nan
    bits_lost: float | None = None
    num_params: int | None = None
    seconds: float = math.nan
    error: str | None = None

    def figures(self) -> dict[str, float | None]:
        """Return what was measured, by the names of the store's metrics."""
        return {
            "test_acc": self.acc,
            "seconds": self.seconds,
            "num_params": self.num_params,
            "bits_lost": self.bits_lost,
        }


@dataclass(frozen=True, repr=False)
class Evaluation:
    """A model's row in the benchmark table: every run, ok or failed, and what follows from them.
    Printing it shows the table."""

    name: str
    config: Config
    runs: tuple[Run, ...]

    def ok(self, shuffled: bool = False) -> list[Run]:
        """Return the runs that ended well, on the plain signals or on the shuffled ones."""
        return [run for run in self.runs if run.shuffled == shuffled and not run.error]

    @property
    def failed(self) -> list[Run]:
        """Return the runs that failed, their tracebacks in `error`."""
        return [run for run in self.runs if run.error]

    def acc(self, shuffled: bool = False) -> np.ndarray:
        """Return the final test accuracies (seeds,) of the runs that ended well."""
        return np.array([run.acc for run in self.ok(shuffled)])

    @property
    def num_params(self) -> int | None:
        """Return how many numbers the model learns, None where it does not say."""
        return self.ok()[0].num_params

    @property
    def seconds(self) -> float:
        """Return the mean seconds of training and testing from one seed; a seed that compiles has
        that in it."""
        return float(np.mean([run.seconds for run in self.ok()]))

    @property
    def bits_lost(self) -> float | None:
        """Return the mean Kullback-Leibler divergence, in bits a test signal, from the exact class
        probabilities to the model's.

        None where it gives no probabilities. Probabilities below FLOOR count as that.
        """
        found = [run.bits_lost for run in self.ok() if run.bits_lost is not None]
        return float(np.mean(found)) if found else None

    @property
    def neighbours(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Return the rows of the table right below and right above, by mean accuracy; None at an
        end."""
        own = self.acc().mean()
        rows = sorted(reference()["rows"], key=mean_of)
        below, above = (
            [row for row in rows if mean_of(row) <= own],
            [row for row in rows if mean_of(row) > own],
        )
        return (below[-1] if below else None), (above[0] if above else None)

    @property
    def place(self) -> str:
        """Say where in the table the model stands."""
        below, above = (
            row and f"{row['name']} ({100 * mean_of(row):.1f} %)" for row in self.neighbours
        )
        return (
            f"between {below} and {above}"
            if below and above
            else f"above {below}"
            if below
            else f"below {above}"
        )

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the benchmark table with the model in it, best first: header and lines; the
        model's line is marked with *."""
        return table_with(self._row)

    def figure(self) -> Any:
        """Draw the table as a matplotlib Figure: mean and 95 % interval of every row, plain and
        shuffled, the model in colour."""
        from mnist1d.plots.table import draw

        own = self._row
        return draw(
            [
                (row["name"], row is own, interval_of(row), interval_of(row, "shuffled_acc"))
                for row in ranked_with(own)
            ]
        )

    @property
    def _row(self) -> dict[str, Any]:
        found = {
            "num_params": self.num_params,
            "acc": self.acc(),
            "shuffled_acc": self.acc(True),
            "seconds": self.seconds,
        }
        return {"name": self.name, **found}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; what is not finite is None."""
        below, above = self.neighbours
        return {
            "model": self.name,
            **{
                part: _summary(self.acc(shuffled), len(self.runs_of(shuffled)))
                for part, shuffled in (("plain", False), ("shuffled", True))
            },
            "num_params": self.num_params,
            "seconds": self.seconds,
            "bits_lost": self.bits_lost,
            "below": below and below["name"],
            "above": above and above["name"],
            "note": NOTE,
            "failures": [
                {"seed": run.seed, "shuffled": run.shuffled, "traceback": run.error}
                for run in self.failed
            ],
            "runs": [
                {name: _finite(value) for name, value in run._asdict().items() if name != "error"}
                for run in self.runs
            ],
        }

    def runs_of(self, shuffled: bool) -> list[Run]:
        """Return all runs on the plain signals or on the shuffled ones, failed ones too."""
        return [run for run in self.runs if run.shuffled == shuffled]

    def rows(self) -> list[tuple[Config, list[Row], list[Run]]]:
        """Return for the plain and the shuffled signals: the config, the rows of the runs that
        ended well, and the failed runs."""
        parts = []
        for shuffled in (False, True):
            runs = self.runs_of(shuffled)
            if runs:
                config = Config(**{**vars(self.config), "data": DataConfig(shuffle_seq=shuffled)})
                rows = [
                    Row(run.seed, metric, None, float(value))
                    for run in runs
                    if not run.error
                    for metric, value in run.figures().items()
                    if value is not None
                ]
                parts.append((config, rows, [run for run in runs if run.error]))
        return parts

    def __repr__(self) -> str:
        lines = [_sentence(self.name, self.acc(), len(self.runs_of(False)))]
        if self.runs_of(True):
            lines += [_sentence("shuffled positions", self.acc(True), len(self.runs_of(True)))]
        lines += [f"place: {self.place}"]
        if self.bits_lost is not None:
            lines += [f"against the ideal observer it loses {self.bits_lost:.3g} bits a signal"]
        lines += ["", *aligned(*self.table()), "", NOTE]
        for run in self.failed:
            where = f"seed {run.seed}{', shuffled' * run.shuffled}"
            lines += [f"failed: {where}: {last_words(run.error)}"]
        return "\n".join(lines)


def evaluate(
    model: Any,
    seeds: int | Sequence[int] = 5,
    *,
    train: Callable[[Any, np.ndarray, np.ndarray, int], Any] | None = None,
    shuffled: bool = True,
    name: str | None = None,
    num_steps: int = 6000,
    batch_size: int = 100,
    learning_rate: float = 0.01,
    progress: Callable[[Run], None] | None = None,
) -> Evaluation:
    """Measure anybody's model by the benchmark's protocol and place it in the table.

    model: a PyTorch module or, better, a factory of one, x (batch, 40) to logits (batch, 10),
    trained with Adam, cross-entropy and the three settings; a scikit-learn classifier; a JAX pair
    (init(key) -> params, apply(params, x) -> logits). train: a training of your own, `train(model,
    x, y, seed)`, which returns the model (for a pair: its params) and never sees the test set.
    shuffled: measure with permuted positions too. progress: called with each Run. A run that raises
    is a failure in the result, not an end. Errors: Mnist1dError where every run, plain or shuffled,
    failed; the first one's reason is in the message.
    """
    try:
        from mnist1d.evaluation.trainers import Protocol, train_and_test
    except ImportError as error:
        raise MissingExtraError(
            f"evaluate needs the extra [lab], of which {error.name} is not installed"
        ) from None
    seeds = _checked_seeds(seeds)
    protocol = Protocol(num_steps=num_steps, batch_size=batch_size, learning_rate=learning_rate)
    if train is not None and not callable(train):
        raise UsageError(f"train must be a function, train(model, x, y, seed), got {train!r:.60}")
    name = name or _name_of(model)
    runs, first = [], None
    for part in (False, True) if shuffled else (False,):
        data = _data(part)
        for seed in seeds:
            try:
                outcome = train_and_test(model, data, seed, protocol, train)
            except MissingExtraError:
                raise
            except Exception as error:  # whatever their code raises
                first = first or error
                run = Run(seed, part, error="".join(traceback.format_exception(error)))
            else:
                run = _measured(outcome, data, seed, part)
            runs.append(run)
            if progress:
                progress(run)
        if all(run.error for run in runs):
            reason = (
                str(first)
                if isinstance(first, Mnist1dError)
                else f"{type(first).__name__}: {first}"
            )
            raise Mnist1dError(
                f"{name}: none of {len(seeds)} runs ended well; the first: {reason}"
            ) from first
    return Evaluation(
        name, Config(name, train is not None, num_steps, batch_size, learning_rate), tuple(runs)
    )


def bits_lost(exact: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean over signals of KL(exact || model) in bits; both (samples, classes); see
    FLOOR."""
    raised = np.maximum(probabilities, FLOOR)
    model = raised / raised.sum(axis=1, keepdims=True)
    return float((rel_entr(exact, model) / math.log(2)).sum(axis=1).mean())


def _measured(outcome: Any, data: Dataset, seed: int, shuffled: bool) -> Run:
    lost = None
    if outcome.probabilities is not None and not shuffled:
        lost = bits_lost(_exact(), outcome.probabilities)
    return Run(
        seed,
        shuffled,
        float(np.mean(outcome.predictions == data.y_test)),
        lost,
        outcome.num_params,
        outcome.seconds,
    )


@cache
def _data(shuffled: bool) -> Dataset:
    return (
        make_dataset(DataConfig(shuffle_seq=True), dtype="float32") if shuffled else load_dataset()
    )


@cache
def _exact() -> np.ndarray:
    """The exact class probabilities of the frozen test set, (samples, classes)."""
    from mnist1d.observer import IdealObserver

    return IdealObserver.of(_data(False)).predict_proba(_data(False).x_test)


def _checked_seeds(seeds: int | Sequence[int]) -> list[int]:
    whole = (int, np.integer)
    found = (
        list(range(seeds))
        if isinstance(seeds, whole) and not isinstance(seeds, bool)
        else list(seeds)
        if np.iterable(seeds)
        else []
    )
    if (
        not found
        or len(set(found)) < len(found)
        or any(not isinstance(s, whole) or not 0 <= s < 2**32 for s in found)
    ):
        raise UsageError(
            f"seeds must be a number, at least 1, or distinct whole numbers from 0 to 2**32 - 1, got {seeds!r}"
        )
    return [int(seed) for seed in found]


def _name_of(model: Any) -> str:
    if isinstance(model, tuple):
        model = model[-1]
    name = getattr(model, "__qualname__", None) or type(model).__qualname__
    return name.rsplit(".", 1)[-1].replace("<lambda>", "your model")


def _sentence(what: str, acc: np.ndarray, n: int) -> str:
    if not len(acc):
        return f"{what}: all {n} seeds failed"
    mean, interval = cells(mean_interval(acc))
    return f"{what}: test accuracy {mean} %, 95 % interval {interval}, {len(acc)} of {n} seeds ok"


def _summary(acc: np.ndarray, n: int) -> dict[str, Any] | None:
    if not n:
        return None
    mean, low, high = mean_interval(acc) if len(acc) else (math.nan,) * 3
    return {
        "acc": _finite(mean),
        "low": _finite(low),
        "high": _finite(high),
        "ok": len(acc),
        "failed": n - len(acc),
    }


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
