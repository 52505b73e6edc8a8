"""The printed text of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnist1d.errors import last_words
from mnist1d.evaluation import table

if TYPE_CHECKING:
    from mnist1d.evaluation.result import Evaluation

NOTE = "Accuracy after the last step; no step was selected on the test signals."


def describe(found: Evaluation) -> str:
    """Return the accuracy on each test with the ceiling, the model's place, the table, and the
    failed seeds."""
    lines = [found.name]
    for test in found.tests:
        lines += [_accuracy(found, test, part) for part in (False, True) if found.runs_of(part)]
        lines += _ceiling(found, test)
    if found.is_ranked:
        lines += [f"place: {found.place}", "", *table.aligned(*found.table())]
    lines += ["", NOTE]
    for run in found.failed:
        where = f"seed {run.seed}{', shuffled' * run.shuffled}"
        lines.append(f"failed: {where}: {last_words(run.error or '')}")
    return "\n".join(lines)


def _accuracy(found: Evaluation, test: str, shuffled: bool) -> str:
    what = test + ", positions shuffled" * shuffled
    scores, num_seeds = found.scores(test, shuffled), len(found.runs_of(shuffled))
    if not scores:
        return f"{what}: all {num_seeds} seeds failed"
    acc = table.spread(table.interval_of([score.acc for score in scores]))
    sampling = 196 * found.sampling_error(test, shuffled)
    return (
        f"{what}, {len(scores[0].right):,} signals: test accuracy in %: {acc} "
        f"(95% CI over {len(scores)} of {num_seeds} seeds); "
        f"the choice of test signals adds ± {sampling:.2f} points"
    )


def _ceiling(found: Evaluation, test: str) -> list[str]:
    ceiling = found.ceilings.get(test)
    if ceiling is None:
        return (
            [f"no ceiling, accuracy only: {found.reasons[test]}"] if test in found.reasons else []
        )
    lines = [
        f"ideal observer on the same signals: accuracy {100 * ceiling.acc:.2f}%, "
        f"loss {ceiling.loss_bits:.2g} bits per signal"
    ]
    excess, error = found.mean("excess_bits", test), found.mean("calibration_error", test)
    if excess is not None and error is not None:
        lines.append(
            f"excess loss over the exact posterior: {excess:.3g} bits per signal; "
            f"calibration error: {100 * error:.1f} points"
        )
    avoidable, doubt = found.mean("avoidable", test), found.mean("in_doubt", test)
    if avoidable is not None and doubt is not None:
        lines.append(
            f"avoidable errors: {100 * avoidable:.1f}% of the signals; {100 * doubt:.1f}% of "
            "the errors are on signals where the observer is in doubt "
            f"({100 * ceiling.in_doubt:.1f}% of "
            "all)"
        )
    return lines
