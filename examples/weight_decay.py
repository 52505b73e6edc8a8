"""Weight decay.

The MLP fits its 4,000 training signals, yet it classifies one test signal in three wrong. If that
is overfitting, weight decay should help. AdamW trains the MLP and the CNN with decays from 0 to 1.
Seed i draws data set i and the initial weights, so every setting sees the same data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist1d import DataConfig
from mnist1d.checks import check_numbers
from mnist1d.experiments.claims import Claim, above
from mnist1d.experiments.datasets import datasets_for
from mnist1d.experiments.fits import fit_rows
from mnist1d.experiments.rows import Row, Rows, paired
from mnist1d.experiments.study import Info
from mnist1d.learning import check_model, resolve

INFO = Info(
    name="weight-decay",
    title="Weight decay",
    question="Does weight decay close the gap between the MLP and the CNN?",
    source="Loshchilov and Hutter, Decoupled Weight Decay Regularization (arXiv 1711.05101)",
    seeds={"smoke": 2, "quick": 4, "paper": 8},
    cost={"smoke": 5.0, "quick": 60.0, "paper": 200.0},
)


@dataclass(frozen=True)
class Config:
    """One model with one weight decay."""

    model: str = "mlp"
    weight_decay: float = 0.0
    num_steps: int = 6000
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_model(self.model)
        check_numbers(self, weight_decay=0)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: both models with every weight decay."""
    decays = (0.0, 0.1) if preset == "smoke" else (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
    num_steps = {"smoke": 20, "quick": 2000, "paper": 6000}[preset]
    return [Config(model, decay, num_steps) for model in ("mlp", "cnn") for decay in decays]


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Train one model on each seed's data set."""
    from mnist1d.learning import Settings

    model = resolve(config.model).make(num_inputs=config.data.final_seq_length)
    settings = Settings(config.num_steps, optimizer="adamw")
    sets = datasets_for(config.data, seeds)
    decay = np.float32(config.weight_decay)  # traced: all decays share one compiled program
    return fit_rows(config.model, model, settings, seeds, sets, weight_decay=decay)


def claims(rows: Rows) -> list[Claim]:
    """Test what decay does to the MLP; both sides of a difference have the same data sets."""
    cnn, mlp, decayed = (
        rows.where(model=model, weight_decay=decay)
        for model, decay in (("cnn", 0.0), ("mlp", 0.0), ("mlp", 0.1))
    )
    less = paired(mlp, decayed, "test_loss").difference
    lead = paired(cnn, decayed, "test_acc").difference
    text = "weight decay 0.1 lowers the MLP's test loss"
    result = [above(text, "none - decay 0.1, nats", less)] if len(less) else []
    text = "the CNN without decay stays 20 points above the MLP with decay"
    return result + ([above(text, "CNN - MLP, test acc", lead, 0.2)] if len(lead) else [])


def figures(rows: Rows) -> dict:
    """Draw test accuracy and test loss against weight decay."""
    from mnist1d.plots import style

    figure, axes = style.figure(1, 2)
    panels = (("test_acc", "Test accuracy"), ("test_loss", "Test loss"))
    for ax, (metric, title) in zip(axes, panels, strict=True):
        for name in rows.unique("model"):
            decays, values = rows.where(model=name).across("weight_decay", metric)
            style.band(ax, decays, values, resolve(name).label, resolve(name).color, marker="o")
        ax.set(title=title, xlabel="weight decay")
        ax.set_xscale("symlog", linthresh=0.01)
    style.legend(axes[0])
    style.percent_axis(axes[0])
    caption = "Test accuracy and test loss (nats) against AdamW's weight decay; 0 is plain Adam. "
    return {"decay": (figure, caption + style.band_words(len(rows.unique("seed"))))}
