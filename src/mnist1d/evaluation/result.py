"""The result of an evaluation: every run, its scores, and the model's place in the table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

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
    """One training run with one seed, plain or with shuffled positions: its score on each test, or
    its traceback if it failed."""

    seed: int
    shuffled: bool
    scores: Mapping[str, Score] = field(default_factory=dict)
    num_params: int | None = None
    seconds: float = math.nan  # of training; for the first seed this may include compiling
    error: str | None = None


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The results of one model; printing it shows the table with the model in it.

    Attributes:
      name: the model's name.
      configs: what each test measured, by the test's name.
      runs: every run, ok or failed.
      ceilings: accuracy of the ideal observer on the same signals, by test.
      reasons: why a test has no ceiling.
    """

    name: str
    configs: Mapping[str, Config]
    runs: tuple[Run, ...]
    ceilings: Mapping[str, Ceiling] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def tests(self) -> list[str]:
        """Names of the tests: frozen, fresh or validation."""
        return list(self.configs)

    def runs_of(self, shuffled: bool) -> list[Run]:
        """Return all runs on the plain or the shuffled signals, failed ones too.

        Args:
          shuffled: those with permuted positions.

        Returns:
          The runs.
        """
        return [run for run in self.runs if run.shuffled == shuffled]

    def ok(self, shuffled: bool = False) -> list[Run]:
        """Return the runs that did not fail.

        Args:
          shuffled: those with permuted positions.

        Returns:
          The runs.
        """
        return [run for run in self.runs_of(shuffled) if not run.error]

    @property
    def failed(self) -> list[Run]:
        """The runs that failed; `error` holds the traceback."""
        return [run for run in self.runs if run.error]

    def scores(self, test: str | None = None, shuffled: bool = False) -> list[Score]:
        """Return the scores on a test, one per seed that did not fail.

        Args:
          test: name of the test; default: the first.
          shuffled: those with permuted positions.

        Returns:
          The scores.
        """
        return [run.scores[test or self.tests[0]] for run in self.ok(shuffled)]

    def acc(self, shuffled: bool = False, test: str | None = None) -> np.ndarray:
        """Return the final test accuracies.

        Args:
          shuffled: those with permuted positions.
          test: name of the test; default: the first.

        Returns:
          Fractions (seeds,).
        """
        return np.array([score.acc for score in self.scores(test, shuffled)])

    def mean(self, figure: str, test: str | None = None, shuffled: bool = False) -> float | None:
        """Return the mean over seeds of one field of `Score`.

        Args:
          figure: name of the field.
          test: name of the test; default: the first.
          shuffled: those with permuted positions.

        Returns:
          The mean; None if a seed has no value.
        """
        found = [score.figures().get(figure) for score in self.scores(test, shuffled)]
        values = [value for value in found if value is not None]
        return float(np.mean(values)) if values and len(values) == len(found) else None

    def sampling_error(self, test: str | None = None, shuffled: bool = False) -> float:
        """Return the standard error of the mean accuracy due to the choice of test signals.

        Args:
          test: name of the test; default: the first.
          shuffled: those with permuted positions.

        Returns:
          A fraction. The error from the choice of seeds is in the interval over seeds.
        """
        return sampling_error([score.right for score in self.scores(test, shuffled)])

    @property
    def num_params(self) -> int | None:
        """Number of trainable parameters; None if the model does not say."""
        return next((run.num_params for run in self.runs if not run.error), None)

    @property
    def seconds(self) -> float:
        """Training time in seconds of the fastest seed: the first one may include compilation."""
        return min(run.seconds for run in self.ok())

    @property
    def excess_bits(self) -> float | None:
        """Loss above the exact posterior's on the first test, in bits per signal, or None."""
        return self.mean("excess_bits")

    @property
    def is_ranked(self) -> bool:
        """Whether the model may be in the table: default data, frozen or fresh test."""
        config = self.configs[self.tests[0]]
        default = not config.data_sha256 and config.data == DataConfig()
        return default and config.test != "validation" and len(self.ok()) > 0

    @property
    def place(self) -> str:
        """The rows of the table between which the model ranks; UsageError unless it is ranked."""
        return table.place(self._line, self.tests[0])

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the table with the model in it, best first.

        Returns:
          Header and lines; the model's line is marked with a star.

        Raises:
          UsageError: unless the model is ranked.
        """
        return table.with_line(self._line, self.tests[0])

    def figure(self) -> Figure:
        """Draw the table: mean and 95% interval of every row, plain and shuffled.

        Returns:
          A Matplotlib figure with the model in colour.

        Raises:
          UsageError: unless the model is ranked.
        """
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
        """Write the model's entry for `mnist1d board` as JSON.

        Args:
          path: the file.
          name: the model's name on the board; default: its name here.
          by: who submits it.
          link: where the code or the paper is.

        Returns:
          The entry.

        Raises:
          UsageError: unless the model was measured on both tests with the default data, plain and
            shuffled, from at least four seeds of which none failed.
        """
        return submit(self, Path(path), name=name, by=by, link=link)

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON.

        Returns:
          A dict; values that are not finite are None.
        """
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

    def _test_dict(self, test: str) -> dict[str, object]:
        ceiling = self.ceilings.get(test)
        return {
            "settings": asdict(self.configs[test]),
            "plain": self._summary(test, False),
            "shuffled": self._summary(test, True),
            "ceiling": None if ceiling is None else asdict(ceiling),
            "no_ceiling": self.reasons.get(test),
        }

    def _summary(self, test: str, shuffled: bool) -> dict[str, object] | None:
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
        """Yield what the store keeps, for each test, plain and shuffled.

        Returns:
          An iterator of (config, rows of the runs that did not fail, failed runs).
        """
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
    # for paired tests and ensembles without training again
    rows.append(Row(run.seed, "answers", None, score.labels.astype(np.int32)))
    if score.confidence is not None:
        rows.append(Row(run.seed, "confidence", None, score.confidence.astype(np.float16)))
    return rows


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
