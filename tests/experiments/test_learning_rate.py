"""Metalearning a learning rate: the outer loop descends; claims on hand-made rows."""

import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments.learning_rate import Config, claims, figures, run, table
from mnist1d.experiments.rows import Record, Rows


def test_outer_step_descends_the_objective_from_either_side():
    rows = run(Config(initial_rate=0.15, outer_steps=4, num_steps=40, grid_size=3), (3,))
    rates = [row.value for row in rows if row.metric == "rate"]
    losses = [row.value for row in rows if row.metric == "objective"]
    assert (
        rates[0] == pytest.approx(0.15)
        and rates == sorted(rates)
        and losses == sorted(losses, reverse=True)
    )
    rates_of_grid, losses_of_grid = next(row.value for row in rows if row.metric == "grid")
    assert rates_of_grid[0] == pytest.approx(0.15) and losses_of_grid[0] == pytest.approx(
        losses[0], rel=1e-5
    )


def record(start, seed, metric, value):
    return Record(f"from {start}", {"initial_rate": start}, seed, metric, None, value)


def test_claims_on_hand_made_rows():
    values = {1.5: (0.62, 1.716), 0.15: (0.621, 1.716)}
    made = [
        record(start, seed, metric, value + seed * 1e-4)
        for start, (rate, loss) in values.items()
        for seed in (0, 1, 2, 3)
        for metric, value in (("rate", rate), ("objective", loss), ("grid_best_loss", 1.7165))
    ]
    assert [claim.verdict for claim in claims(Rows(made))] == ["holds", "holds"]
    apart = [
        record(
            start := r.config["initial_rate"],
            r.seed,
            r.metric,
            r.value * (start if r.metric == "rate" else 1),
        )
        for r in made
    ]
    assert claims(Rows(apart))[0].verdict == "does not hold"
    assert {claim.verdict for claim in claims(Rows(made).where(seed=0))} == {"too few seeds"}


@pytest.mark.parametrize("far", [np.nan, 1e5])  # out of range, or merely far
def test_a_seed_that_diverges_is_left_out_and_counted(far):
    values = {1.5: (0.62, 1.716), 0.15: (0.621, 1.716)}
    made = []
    for start, (rate, loss) in values.items():
        for seed in range(5):
            lost = start == 1.5 and seed == 1
            found = {
                "rate": far if lost else rate,
                "objective": far if lost else loss,
                "grid_best_rate": 0.6,
                "grid_best_loss": 1.7165,
            }
            for metric, value in found.items():
                step = 50 if metric in ("rate", "objective") else None
                made.append(
                    Record(
                        f"from {start}",
                        {"initial_rate": start},
                        seed,
                        metric,
                        step,
                        value + seed * 1e-4,
                    )
                )
            made.append(
                Record(
                    f"from {start}",
                    {"initial_rate": start},
                    seed,
                    "grid",
                    None,
                    np.array([[0.5, 0.6], [1.8, 1.7165]]),
                )
            )
    meet, grid = claims(Rows(made))
    assert meet.verdict == "holds" and (meet.n, meet.left_out) == (4, 1)
    assert grid.verdict == "holds" and grid.left_out == 1
    assert [line[2:4] for line in table(Rows(made))[1]] == [["4", "1"], ["5", "0"]]
    assert "means over 4 to 5 seeds" in figures(Rows(made))["learning-rate"][1]
    assert [line[1][:5] for line in table(Rows(made))[1]] == ["0.620", "0.621"]
    drawn = figures(Rows(made))["learning-rate"][0].axes
    assert all(
        np.isfinite(np.asarray(line.get_ydata(), float)).all() for ax in drawn for line in ax.lines
    )
    alone = Rows(r for r in made if r.seed == 1)
    assert table(alone)[1][0][1:4] == ["–", "0", "1"]
    assert [claim.n for claim in claims(alone)] == [1]


def test_settings_are_checked():
    with pytest.raises(UsageError, match="initial_rate must be a positive number, got -1"):
        Config(initial_rate=-1)
    with pytest.raises(UsageError, match="outer_steps must be a whole number, at least 1, got 0"):
        Config(outer_steps=0)
