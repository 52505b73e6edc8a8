"""The ceiling: models against the ideal observer.

The generative process is known, so Bayes' rule gives the exact class probabilities of every signal
(the ideal observer). No classifier is right more often on fresh signals. Beside it stand models
trained by the benchmark's protocol: their accuracy; the mean Kullback-Leibler divergence from the
exact probabilities to theirs, in nats; their calibration. Then one knob of the generator is turned
at a time, and the observer, the CNN and the MLP (trained and tested at that setting) show what a
model misses and what is not there.

Each seed draws a data set, initial weights and batch order, and all that is compared sees the same
data set; seed 0 sees the published one.

Rows, on the test signals: test_acc, test_loss, kl (nats), confidence (mean probability of the
answer) and the array calibration (per bin of confidence: mean confidence, share right, signals). Of
the observer: expected_acc and open_bits on fresh signals drawn with the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.experiments import human
from mnist1d.experiments.claims import Claim, above, all_of, below, keep_measured
from mnist1d.experiments.datasets import check_varied, config_for, datasets_for
from mnist1d.experiments.estimates import POINTS, SHARE
from mnist1d.experiments.predictions import prediction_rows, predictions_of, right_by_signal
from mnist1d.experiments.present import (
    CI,
    OBSERVER,
    color,
    label,
    last_cell,
    mean_cell,
    models_in,
)
from mnist1d.experiments.rows import Row, Rows, scalar_rows, values_of
from mnist1d.experiments.study import Info
from mnist1d.experiments.values import Values, stack
from mnist1d.generate import make_dataset
from mnist1d.learning.registry import check_model, models_of, resolve

if TYPE_CHECKING:
    from mnist1d.plots.style import Captioned

KNOBS = {  # values beside the default, from which the sweep starts
    "corr_noise_scale": (0.0, 0.1, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0),
    "iid_noise_scale": (0.005, 0.01, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5),
    "scale_coeff": (0.0, 0.2, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0),
    "shear_scale": (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0),
    "max_translation": (1, 4, 8, 12, 16, 24, 32, 40, 56, 72),
    "padding": (
        (0, 24),
        (12, 36),
        (24, 48),
        (48, 72),
        (60, 84),
        (72, 96),
        (84, 108),
        (96, 120),
        (120, 144),
        (144, 168),
    ),
    "final_seq_length": (10, 14, 20, 26, 32, 50, 60, 72, 90, 120),
}
QUICK = {
    "corr_noise_scale": (0.0, 1.0),
    "iid_noise_scale": (0.06, 0.15),
    "scale_coeff": (1.4,),
    "shear_scale": (4.0,),
    "max_translation": (1,),
    "padding": ((12, 36), (84, 108)),
    "final_seq_length": (20,),
}
INFO = Info(
    name="ceiling",
    title="The ceiling: models against the ideal observer",
    question=(
        "How good can any model be on these signals, and how far below it do models and "
        "people stay?"
    ),
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 6.0, "quick": 40.0, "paper": 2800.0},
    variations={
        "what=observer,resnet": "a model of today against the exact probabilities",
        "num_steps=1000": "less training: is a model still overconfident?",
    },
)
NUM_HARDEST = 8


@dataclass(frozen=True)
class Config:
    """The observer or one model on one setting; `knob` says which field of `data` is being turned,
    "" for none."""

    what: str = "observer"
    knob: str = ""
    num_signals: int = (
        1000  # test signals, and as many fresh ones, whose exact probabilities are computed
    )
    num_steps: int = 6000
    batch_size: int = 100
    learning_rate: float = 0.01
    vary: str = "data"  # what a seed draws besides weights: "data", or nothing: "frozen"
    data: DataConfig = DataConfig()

    def __post_init__(self) -> None:
        check_varied(self.vary)
        check_model(self.what, also=("observer",))
        if self.knob:
            check_name(self.knob, KNOBS, "knob of the sweep")
        check_numbers(self, num_signals=2)


def grid(preset: str) -> list[Config]:
    """Return the trials of a preset: all classifiers on the frozen set, then observer, CNN and MLP
    on every value of every knob."""
    rest = {
        "smoke": {"num_steps": 20, "num_signals": 40},
        "quick": {"num_steps": 1000},
        "paper": {},
    }[preset]
    values = {"smoke": {"corr_noise_scale": (1.0,)}, "quick": QUICK, "paper": KNOBS}[preset]
    trials = [
        Config(what=what, **rest)
        for what in ("observer", *(("mlp",) if preset == "smoke" else models_of(preset)))
    ]
    turned = ("observer", "mlp") if preset == "smoke" else ("observer", "mlp", "cnn")
    few = {"num_signals": {"smoke": 40, "quick": 100, "paper": 500}[preset]}
    return trials + [
        Config(**{"what": what, "knob": knob, **rest, **few, "data": DataConfig(**{knob: value})})
        for knob, choices in values.items()
        for value in choices
        for what in turned
    ]


def weight(config: Config) -> float:
    """Return a trial's cost relative to the others of its preset."""
    noisy = config.data.iid_noise_scale > 0.1 and config.what == "observer"
    cost = 1.0 if config.what == "observer" else resolve(config.what).cost
    return cost * (3 if noisy else 1)


def run(config: Config, seeds: Sequence[int]) -> list[Row]:
    """Measure the observer, or train one model from every seed and hold its probabilities against
    the exact ones."""
    return _observe(config, seeds) if config.what == "observer" else _train(config, seeds)


def _observe(config: Config, seeds: Sequence[int]) -> list[Row]:
    from mnist1d.observer import measure_ceiling

    fresh = [
        measure_ceiling(config.data, config.num_signals, seed=1_000_000 + seed) for seed in seeds
    ]
    rows = scalar_rows(
        seeds, {"expected_acc": [f["acc"] for f in fresh], "open_bits": [f["bits"] for f in fresh]}
    )
    if config.knob:
        return rows
    for seed in seeds:
        data, seen = _seen(config_for(config.data, seed, config.vary), config.num_signals)
        x, label = data.x_test[: config.num_signals], data.y_test[: config.num_signals]
        rows += compared(seed, seen.classes, seen.classes, label)
        known = seen.classes[np.arange(len(label)), label]
        hardest = np.argsort(known, kind="stable")[:NUM_HARDEST]
        arrays = {
            "signal": x[hardest],
            "clean": seen.clean[hardest],
            "classes": seen.classes[hardest],
            "label": label[hardest],
            "t": data.t,
        }
        rows += [
            Row(seed, f"hardest_{name}", None, np.asarray(value, np.float64))
            for name, value in arrays.items()
        ]
    return rows


def _train(config: Config, seeds: Sequence[int]) -> list[Row]:
    import jax

    from mnist1d.learning import Settings, Split, fit_each, make_fit, num_params
    from mnist1d.learning.model import check_finite

    splits = [Split.of(data) for data in datasets_for(config.data, seeds, config.vary)]
    model = resolve(config.what).make(num_inputs=splits[0].x.shape[1])
    settings = Settings(
        config.num_steps, config.batch_size, config.learning_rate, eval_every=config.num_steps
    )
    keys = jax.numpy.stack([jax.random.key(seed) for seed in seeds])
    fit, _, _ = fit_each(make_fit(model, settings), keys, splits)
    check_finite(config.what, seeds, fit.curves["test_loss"])
    rows = scalar_rows(seeds, {"num_params": [num_params(model)] * len(seeds)})
    if config.knob:
        rows += scalar_rows(seeds, {"test_acc": fit.curves["test_acc"][:, -1]})
        return rows + prediction_rows(seeds, fit.predictions)
    for i, seed in enumerate(seeds):
        params = jax.tree.map(lambda leaf, i=i: leaf[i], fit.params)
        data, seen = _seen(config_for(config.data, seed, config.vary), config.num_signals)
        logits = model.apply(params, splits[i].x_test[: config.num_signals])  # (signals, classes)
        p = np.asarray(jax.nn.softmax(logits.astype("float32")), np.float64)
        rows += compared(seed, seen.classes, p, data.y_test[: config.num_signals])
    return rows


@lru_cache(maxsize=16)
def _seen(data: DataConfig, num_signals: int) -> tuple[Dataset, Any]:
    """Return the data set of these settings, and the exact posterior of its first test signals."""
    from mnist1d.observer import IdealObserver

    made = make_dataset(data, dtype="float32")
    return made, IdealObserver.of(made).posterior(made.x_test[:num_signals])


def compared(seed: int, exact: np.ndarray, p: np.ndarray, label: np.ndarray) -> list[Row]:
    """Return the rows of probabilities p (samples, classes) held against the exact ones."""
    from mnist1d.observer.comparison import against_exact, calibration_curve

    numbers = {name: [value] for name, value in against_exact(exact, p, label).items()}
    return [
        *scalar_rows([seed], numbers),
        Row(seed, "calibration", None, calibration_curve(p, label)),
        *prediction_rows([seed], [predictions_of(p, label)]),
    ]


def measured(rows: Rows) -> dict[str, np.ndarray]:
    """Nothing was published."""
    return {}


def base(rows: Rows, what: str) -> Rows:
    """Return the rows of one classifier on the frozen set."""
    return rows.where(what=what, knob="")


def table(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return observer and models on their test signals, and the human on the frozen set's."""
    header = ["classifier", f"test acc, {CI}", "fresh signals, %", "loss, nats", "divergence, nats"]
    lines = []
    for what in (OBSERVER, *models_in(rows, "what")):
        trial = base(rows, what)
        if not len(trial):
            continue
        cells = [last_cell(trial), mean_cell(trial, "expected_acc", ".2f")]
        cells += [mean_cell(trial, name, ".3g", 1) for name in ("test_loss", "kl")]
        lines.append([label(what), *cells, mean_cell(trial, "confidence")])
    if lines:
        lines.insert(1, ["human", human.CELL, "", "", "", ""])
    return [*header, "confidence, %"], lines


def figures(rows: Rows) -> dict[str, Captioned]:
    """Draw accuracy against every knob, the calibration curves, and the hardest signals of the test
    set."""
    drawn = {
        "knobs": _knobs_figure(rows),
        "calibration": _calibration_figure(rows),
        "hardest": _hardest_figure(rows),
    }
    return {slug: found for slug, found in drawn.items() if found is not None}


def turned(rows: Rows, what: str, knob: str) -> dict[float, Values]:
    """Return the accuracy by seed at each value of a knob, ascending, a range by its middle, the
    default included."""
    metric, found = "expected_acc" if what == "observer" else "test_acc", {}
    for part in (base(rows, what), rows.where(what=what, knob=knob)):
        for trial in part.trials():
            found[float(np.mean(trial.config()[f"data.{knob}"]))] = trial.by_seed(metric)
    return {value: found[value] for value in sorted(found)}


KNOB_LABELS = {
    "corr_noise_scale": "correlated noise",
    "iid_noise_scale": "white noise",
    "scale_coeff": "scale range",
    "shear_scale": "shear range",
    "max_translation": "largest shift (points)",
    "padding": "padding (points, middle of range)",
    "final_seq_length": "signal length (points)",
}


def _knobs_figure(rows: Rows) -> Captioned | None:
    from mnist1d.plots import style

    knobs = [knob for knob in KNOBS if len(rows.where(knob=knob))]
    if not knobs:
        return None
    columns = min(4, len(knobs))
    lines = -(-len(knobs) // columns)
    size = (2.5 * columns, 2.3 * lines + 0.5)
    fig, axes = style.figure(lines, columns, size=size, squeeze=False, sharey=True)
    for knob, ax in zip(knobs, axes.flat, strict=False):
        ax.axvline(
            float(np.mean(getattr(DataConfig(), knob))), color=style.PALE, linewidth=5, zorder=0
        )
        dotted = {"color": style.GREY, "linestyle": ":", "linewidth": 1.2}
        ax.axhline(human.ACC, label="human, default setting", **dotted)
        for what in ("observer", "cnn", "mlp"):
            points = turned(rows, what, knob)
            values, acc = list(points), stack(list(points.values()))[1].T  # (seeds, values)
            if acc.size:
                dot = {"marker": "o", "markersize": 3, "unit": "%"}
                style.band(ax, values, acc, label(what), color(what), **dot)
        ax.set(xlabel=KNOB_LABELS.get(knob, knob), ylim=(0, 1.03))
        style.percent_axis(ax)
    for ax in axes[:, 0]:
        ax.set_ylabel("accuracy")
    for ax in axes.flat[len(knobs) :]:
        ax.set_visible(False)
    handles = axes[0, 0].get_legend_handles_labels()
    style.legend(fig, handles=handles[0], labels=handles[1], loc="outside lower center", ncols=4)
    caption = (
        "Test accuracy of the ideal observer and of two models as one setting of the generator "
        "changes; the grey stripe is its default. "
        f"{style.band_words(len(rows.unique('seed')))} Dotted: people, at the defaults. Look how far "
        "the models stay below the observer, and which settings lower the observer itself."
    )
    return fig, caption


def _calibration_figure(rows: Rows) -> Captioned | None:
    from mnist1d.plots import style

    shown = ("observer", *models_in(rows, "what"))
    if not any(len(base(rows, what)) for what in shown):
        return None
    fig, ax = style.figure(size=(4.8, 4.2))
    ax.plot([0, 1], [0, 1], color=style.GREY, linestyle=":", linewidth=1.2)
    for what in shown:
        trial = base(rows, what)
        if len(trial):
            curves = np.array(
                [trial.array("calibration", seed) for seed in sorted(trial.unique("seed"))]
            )  # (seeds, 3, bins)
            count = curves[:, 2].sum(axis=0)
            some = count >= 5  # fewer tell nothing
            confidence, right = (
                np.nansum(curves[:, i] * curves[:, 2], axis=0)[some] / count[some] for i in (0, 1)
            )
            ax.plot(confidence, right, "o-", color=color(what), label=label(what), markersize=4)
    ax.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.02))
    style.percent_axis(ax)
    style.percent_axis(ax, "x")
    style.legend(ax, loc="upper left")
    caption = (
        "Calibration on the frozen test set: accuracy of the answers given with each confidence, in "
        f"ten bins over all {len(rows.unique('seed'))} seeds (bins with fewer than 5 answers "
        "are left out). On the dotted line a classifier is as accurate as it is confident. Below it, "
        "the classifier is overconfident."
    )
    return fig, caption


def _hardest_figure(rows: Rows) -> Captioned | None:
    from mnist1d.plots import style
    from mnist1d.plots.observer import draw_seen

    trial = base(rows, "observer")
    if not len(trial):
        return None
    signal, clean, classes, label, t = (
        trial.array(f"hardest_{name}") for name in ("signal", "clean", "classes", "label", "t")
    )
    shown = max(int((classes.max(axis=1) < CERTAIN).sum()), 1)
    columns = min(4, shown)
    lines = -(-shown // columns)
    size = (2.6 * columns, 2.0 * lines + 0.6)
    fig, axes = style.figure(lines, columns, size=size, sharex=True, sharey=True, squeeze=False)
    for i, ax in enumerate(axes.flat):
        ax.set_visible(i < shown)
        if i < shown:
            draw_seen(ax, t, signal[i], clean[i], classes[i], int(label[i]))
            ax.set_xlabel("time")
    handles = axes[0, 0].get_legend_handles_labels()
    style.legend(fig, handles=handles[0], labels=handles[1], loc="outside lower center", ncols=2)
    caption = (
        "The signals of the test set that leave the ideal observer in doubt: it gives its first "
        f"choice a probability below {100 * CERTAIN:g}%. Titles: the true class, then the observer's "
        "probabilities. Dots: the signal. Line: the clean signal that the observer expects. Try to "
        "name the class from the dots."
    )
    return fig, caption


CERTAIN = 0.95  # probability of the first choice: a signal below leaves the observer in doubt


def _observer_above_human(observer: Rows) -> Values:
    """Return by how much the observer is right and the human is not, by answered signal of the
    frozen set, which seed 0 sees."""
    first = observer.where(seed=0) if len(observer) else observer
    if not len(first.where(metric="predictions")):
        return Values((), ())
    return right_by_signal(first)[0] - human.correct()


def _fall(rows: Rows, model: str, knob: str) -> tuple[str, Values, Values]:
    """Return from where to where a knob is turned (its default, its largest value), and what that
    takes from the observer and from a model, by seed."""
    start, none = DataConfig().to_dict()[knob], Values((), ())
    ideal, found = (turned(rows, what, knob) for what in ("observer", model))
    shared = [value for value in ideal if value in found]
    if start not in shared or shared[-1] == start:
        return "", none, none
    ends = f"from {start:g} to {shared[-1]:g}"
    lost, missed = (of[start] - of[shared[-1]] for of in (ideal, found))
    return ends, lost, missed


def claims(rows: Rows) -> list[Claim]:
    """Test how far people and models stay below the ceiling, and what the noises take from either.
    Observer and models are paired by seed, which fixes the data set; observer and human by signal,
    on the answered ones."""
    points = partial(above, unit=POINTS)
    observer = base(rows, "observer")
    models = [what for what in models_in(rows, "what") if len(base(rows, what))]
    ideal = values_of(observer, "test_acc")
    short = [
        points("", f"observer - {label(m)}, test acc", ideal - values_of(base(rows, m), "test_acc"))
        for m in models
    ]
    too_sure = [
        points(
            "",
            f"{label(m)}: confidence - test acc",
            values_of(base(rows, m), "confidence") - values_of(base(rows, m), "test_acc"),
        )
        for m in models
    ]
    found = [
        above(
            "the signals tell their class: the ideal observer is right on 99% and more",
            "expected acc",
            values_of(observer, "expected_acc"),
            0.99,
            unit=SHARE,
        ),
        points(
            "people stay below the ceiling",
            "observer - human, by signal",
            _observer_above_human(observer),
            published="human 95.8",
            over="signals",
        ),
        *([all_of("every model stays below the ceiling", short)] if short else []),
        *([all_of("every model is overconfident", too_sure)] if too_sure else []),
    ]
    model = "cnn" if "cnn" in models else "mlp"
    for knob, noise in (("corr_noise_scale", "correlated"), ("iid_noise_scale", "white")):
        ends, lost, missed = _fall(rows, model, knob)
        if noise == "correlated":
            text = f"{noise} noise takes more from the {label(model)} than from the signals"
            quantity = f"fall of {label(model)} - fall of observer, {ends}"
            found.append(points(text, quantity, missed - lost))
        else:
            text = f"{noise} noise lowers the ceiling itself"
            quantity = f"change of the observer's acc, {ends}"
            found.append(below(text, quantity, -lost, unit=POINTS))
    return keep_measured(found)
