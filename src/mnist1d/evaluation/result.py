"""What an evaluation found: every training, its scores, and the model's place in the table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.evaluation import table
from mnist1d.evaluation.protocol import Config
from mnist1d.evaluation.scores import Ceiling, Score, sampling_error
from mnist1d.evaluation.submit import submit
from mnist1d.evaluation.text import NOTE, describe
from mnist1d.experiments.entries import Entry
from mnist1d.experiments.rows import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Run:
    """One training from one seed, plain or with shuffled positions: its score on each test, or the
    traceback of its failure."""

    seed: int
    shuffled: bool
    scores: Mapping[str, Score] = field(default_factory=dict)
    num_params: int | None = None
    seconds: float = math.nan  # of training; the first seed's may include compiling
    error: str | None = None


@dataclass(frozen=True, repr=False)
class Evaluation:
    """A model's row in the table: all of its runs, ok or failed, and what follows from them.
    Printing it shows the table.

    `configs`: what each test measured, by its name. `ceilings`: the ideal observer on the same
    signals. `reasons`: why a test has no ceiling.
    """

    name: str
    configs: Mapping[str, Config]
    runs: tuple[Run, ...]
    ceilings: Mapping[str, Ceiling] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def tests(self) -> list[str]:
        """Return the names of the tests: frozen, fresh or validation."""
        return list(self.configs)

    def runs_of(self, shuffled: bool) -> list[Run]:
        """Return all runs on the plain or on the shuffled signals, failed ones too."""
        return [run for run in self.runs if run.shuffled == shuffled]

    def ok(self, shuffled: bool = False) -> list[Run]:
        """Return the runs that ended well, on the plain or on the shuffled signals."""
        return [run for run in self.runs_of(shuffled) if not run.error]

    @property
    def failed(self) -> list[Run]:
        """Return the runs that failed, their tracebacks in `error`."""
        return [run for run in self.runs if run.error]

    def scores(self, test: str | None = None, shuffled: bool = False) -> list[Score]:
        """Return the scores on a test (default: the first), one per seed that ended well."""
        return [run.scores[test or self.tests[0]] for run in self.ok(shuffled)]

    def acc(self, shuffled: bool = False, test: str | None = None) -> np.ndarray:
        """Return the final accuracies (seeds,) on a test, default the first."""
        return np.array([score.acc for score in self.scores(test, shuffled)])

    def mean(self, figure: str, test: str | None = None, shuffled: bool = False) -> float | None:
        """Return the mean over seeds of a figure of `Score`, None where a seed lacks it."""
        found = [score.figures().get(figure) for score in self.scores(test, shuffled)]
        values = [value for value in found if value is not None]
        return float(np.mean(values)) if values and len(values) == len(found) else None

    def sampling_error(self, test: str | None = None, shuffled: bool = False) -> float:
        """Return the standard error of the mean accuracy that comes from the choice of test
        signals; that from the choice of seeds is in the interval over seeds."""
        return sampling_error([score.right for score in self.scores(test, shuffled)])

    @property
    def num_params(self) -> int | None:
        """Return how many numbers the model learns, None where it does not say."""
        return next((run.num_params for run in self.runs if not run.error), None)

    @property
    def seconds(self) -> float:
        """Return the seconds of training from one seed: those of the fastest, for the first one may
        compile and other programs slow down any."""
        return min(run.seconds for run in self.ok())

    @property
    def excess_bits(self) -> float | None:
        """Return the loss above the exact posterior's on the first test, in bits per signal; None
        without probabilities or posterior."""
        return self.mean("excess_bits")

    @property
    def is_ranked(self) -> bool:
        """Return whether the model may stand in the table: its data have the default settings, and
        it was tested on the frozen or the fresh test."""
        config = self.configs[self.tests[0]]
        default = not config.data_sha256 and config.data == DataConfig()
        return default and config.test != "validation" and len(self.ok()) > 0

    @property
    def place(self) -> str:
        """Say between which rows of the table the model stands. Errors: UsageError unless it is
        ranked."""
        return table.place(self._line, self.tests[0])

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the table with the model in it, best first: header and lines; the model's line is
        marked with *. Errors: UsageError unless it is ranked."""
        return table.with_line(self._line, self.tests[0])

    def figure(self) -> Figure:
        """Draw the table: mean and 95 % CI of every row, plain and shuffled, the model in colour.
        Errors: UsageError unless it is ranked."""
        from mnist1d.plots.table import draw

        own, test = self._line, self.tests[0]
        rows = [
            (line.name, line is own, line.acc[test], line.acc.get(f"{test}_shuffled"))
            for line in table.ranked(own, test)
        ]
        return draw(rows, test)

    @property
    def _line(self) -> table.Line:
        if not self.is_ranked:
            raise UsageError(
                "the table holds models trained on the frozen set: evaluate the model without "
                "data= and validation= to place it there"
            )
        test = self.tests[0]
        acc = {
            f"{test}{'_shuffled' * part}": table.interval_of(self.acc(part, test).tolist())
            for part in (False, True)
            if self.ok(part)
        }
        own = table.Line(self.name, "own", acc, f"{len(self.ok())} seeds")
        return own._replace(num_params=self.num_params, seconds=self.seconds)

    def submit(
        self, path: str | Path, *, name: str | None = None, by: str = "", link: str = ""
    ) -> Entry:
        """Write the model's entry for `mnist1d board` as JSON, and return it.

        by, link: who submits it, and where the code or the paper is. Errors: UsageError unless it
        was measured on both tests with the default data, plain and shuffled, from at least four
        seeds that all ended well.
        """
        return submit(self, Path(path), name=name, by=by, link=link)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; what is not finite is None."""
        return {
            "model": self.name,
            "tests": {test: self._test_dict(test) for test in self.tests},
            "num_params": self.num_params,
            "seconds": _finite(self.seconds),
            "place": self.place if self.is_ranked else None,
            "note": NOTE,
            "failures": [
                {"seed": run.seed, "shuffled": run.shuffled, "traceback": run.error}
                for run in self.failed
            ],
            "runs": [
                {
                    "seed": run.seed,
                    "shuffled": run.shuffled,
                    "num_params": run.num_params,
                    "seconds": _finite(run.seconds),
                    "tests": {test: score.figures() for test, score in run.scores.items()},
                }
                for run in self.runs
            ],
        }

    def _test_dict(self, test: str) -> dict[str, Any]:
        ceiling = self.ceilings.get(test)
        return {
            "settings": asdict(self.configs[test]),
            "plain": self._summary(test, False),
            "shuffled": self._summary(test, True),
            "ceiling": None if ceiling is None else asdict(ceiling),
            "no_ceiling": self.reasons.get(test),
        }

    def _summary(self, test: str, shuffled: bool) -> dict[str, Any] | None:
        runs = self.runs_of(shuffled)
        if not runs:
            return None
        acc = self.acc(shuffled, test)
        mean, low, high = table.interval_of(acc.tolist()) if len(acc) else (math.nan,) * 3
        names = ("loss_bits", "calibration_error", "excess_bits", "avoidable", "in_doubt")
        return {
            "acc": _finite(mean),
            "low": _finite(low),
            "high": _finite(high),
            "sampling_error": _finite(self.sampling_error(test, shuffled)) if len(acc) else None,
            "ok": len(acc),
            "failed": len(runs) - len(acc),
            **{name: self.mean(name, test, shuffled) for name in names},
        }

    def rows(self) -> Iterator[tuple[Config, list[Row], list[Run]]]:
        """Yield for each test, plain and shuffled: the config, the rows of the runs that ended
        well, and the failed runs."""
        for test, config in self.configs.items():
            for shuffled in (False, True):
                runs = self.runs_of(shuffled)
                if runs:
                    rows = [row for run in runs if not run.error for row in _rows(run, test)]
                    yield config.at(shuffled), rows, [run for run in runs if run.error]

    def __repr__(self) -> str:
        return describe(self)


def _rows(run: Run, test: str) -> list[Row]:
    score = run.scores[test]
    figures = {f"test_{k}" if k == "acc" else k: v for k, v in score.figures().items()}
    figures |= {"seconds": run.seconds}
    if run.num_params is not None:
        figures |= {"num_params": run.num_params}
    rows = [Row(run.seed, name, None, float(value)) for name, value in figures.items()]
    # for paired tests and ensembles without another training
    rows.append(Row(run.seed, "answers", None, score.labels.astype(np.int32)))
    if score.confidence is not None:
        rows.append(Row(run.seed, "confidence", None, score.confidence.astype(np.float16)))
    return rows


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
