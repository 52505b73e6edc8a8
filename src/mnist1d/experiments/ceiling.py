"""The ceiling: models against the ideal observer.

The generative process is known, so Bayes' rule gives the exact class probabilities of every signal.
A classifier that uses them, the ideal observer, has the highest possible accuracy on fresh signals.
We compare it with models trained by the benchmark's protocol: their accuracy, the mean
Kullback-Leibler divergence from the exact probabilities to theirs in nats, and their calibration.
Then we change one setting of the generator at a time. The drop in the observer's accuracy shows
how much information the signals no longer contain; the larger drops of the CNN and the MLP (trained
and tested at that setting) show how much more a model misses.

Each seed draws a data set and initial weights; batches keep the order of the set. All classifiers
use the seed's data set. Seed 0 uses the published data set.

Rows, on the test signals: test_acc, test_loss, kl (nats), confidence (mean probability of the
answer) and the array calibration (per bin of confidence: mean confidence, accuracy, signals). For
the observer: expected_acc and open_bits on fresh signals drawn with the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from mnist1d.checks import check_name, check_numbers
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.experiments import human
from mnist1d.experiments.claims import POINTS, SHARE, Claim, above, all_of, below, keep_measured
from mnist1d.experiments.datasets import check_varied, config_for, datasets_for
from mnist1d.experiments.fits import fit_model
from mnist1d.experiments.predictions import prediction_rows, predictions_of, right_by_signal
from mnist1d.experiments.present import (
    CI,
    OBSERVER,
    color,
    label,
    last_cell,
    mean_cell,
    models_in,
    seed_range,
)
from mnist1d.experiments.rows import Row, Rows, scalar_rows, values_of
from mnist1d.experiments.study import Figures, Info, TextTable
from mnist1d.experiments.values import NONE, Values, stack
from mnist1d.generate import make_dataset
from mnist1d.learning.registry import check_model, models_of, resolve

if TYPE_CHECKING:
    from mnist1d.observer.ideal import Posterior
    from mnist1d.plots.style import Captioned

PADDINGS = tuple((low, low + 24) for low in (0, 12, 24, 48, 60, 72, 84, 96, 120, 144))
KNOBS = {  # values beside the default, at which the sweep starts
    "corr_noise_scale": (0.0, 0.1, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0),
    "iid_noise_scale": (0.005, 0.01, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5),
    "scale_coeff": (0.0, 0.2, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0),
    "shear_scale": (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0),
    "max_translation": (1, 4, 8, 12, 16, 24, 32, 40, 56, 72),
    "padding": PADDINGS,
    "final_seq_length": (10, 14, 20, 26, 32, 50, 60, 72, 90, 120),
}
QUICK = {"corr_noise_scale": (0.0, 1.0), "iid_noise_scale": (0.06, 0.15), "scale_coeff": (1.4,)}
QUICK |= {"max_translation": (1,)}
INFO = Info(
    name="ceiling",
    title="The ceiling: models against the ideal observer",
    question="What is the highest possible accuracy, and how far below it are models and humans?",
    seeds={"smoke": 2, "quick": 2, "paper": 8},
    cost={"smoke": 6.0, "quick": 24.0, "paper": 2800.0},
    variations={
        "what=observer,resnet": "a recent model against the exact probabilities",
        "num_steps=300": "less training: is a model still overconfident?",
    },
)
NUM_HARDEST = 8
CERTAIN = 0.95  # below this probability of its first choice, the observer is in doubt


@dataclass(frozen=True)
class Config:
    """The observer or one model; `knob` names the field of `data` that changes, or is empty."""

    what: str = "observer"
    knob: str = ""
    num_signals: int = 1000  # test signals with exact probabilities, and as many fresh signals
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
    """Return the trials of a preset: all classifiers at the defaults, then three at every knob."""
    rest, few, values = {
        "smoke": ({"num_steps": 20, "num_signals": 40}, 40, {"corr_noise_scale": (1.0,)}),
        # steps as in spatial-priors: its compiled programs serve here too
        "quick": ({"num_steps": 1000}, 100, QUICK),
        "paper": ({}, 500, KNOBS),
    }[preset]
    models = ("mlp",) if preset == "smoke" else models_of(preset)
    turned = ("observer", "mlp") if preset == "smoke" else ("observer", "mlp", "cnn")
    at_defaults = [Config(what, **rest) for what in ("observer", *models)]
    rest = rest | {"num_signals": few}
    return at_defaults + [
        Config(what, knob, data=DataConfig(**{knob: value}), **rest)
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
    """Measure the observer, or train one model from every seed and compare their probabilities."""
    return _observe(config, seeds) if config.what == "observer" else _train(config, seeds)


def _observe(config: Config, seeds: Sequence[int]) -> list[Row]:
    from mnist1d.observer import measure_ceiling

    fresh = [measure_ceiling(config.data, config.num_signals, seed=1_000_000 + s) for s in seeds]
    scalars = {"expected_acc": [f["acc"] for f in fresh], "open_bits": [f["bits"] for f in fresh]}
    rows = scalar_rows(seeds, scalars)
    if config.knob:
        return rows
    for seed in seeds:
        data, seen = _seen(config_for(config.data, seed, config.vary), config.num_signals)
        x, labels = data.x_test[: config.num_signals], data.y_test[: config.num_signals]
        rows += compared(seed, seen.classes, seen.classes, labels)
        known = seen.classes[np.arange(len(labels)), labels]
        hardest = np.argsort(known, kind="stable")[:NUM_HARDEST]
        arrays = {"signal": x, "clean": seen.clean, "classes": seen.classes, "label": labels}
        arrays = {name: array[hardest] for name, array in arrays.items()} | {"t": data.t}
        for name, array in arrays.items():
            rows.append(Row(seed, f"hardest_{name}", None, np.asarray(array, np.float64)))
    return rows


def _train(config: Config, seeds: Sequence[int]) -> list[Row]:
    import jax

    from mnist1d.learning import Settings, Split, num_params

    splits = [Split.of(data) for data in datasets_for(config.data, seeds, config.vary)]
    model = resolve(config.what).make(num_inputs=splits[0].x.shape[1])
    sizes = config.num_steps, config.batch_size, config.learning_rate
    settings = Settings(*sizes)
    fit = fit_model(config.what, model, settings, seeds, splits).fit
    rows = scalar_rows(seeds, {"num_params": num_params(model)})
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
def _seen(data: DataConfig, num_signals: int) -> tuple[Dataset, Posterior]:
    """Return the data set of these settings, and the exact posterior of its first test signals."""
    from mnist1d.observer import IdealObserver

    made = make_dataset(data, dtype="float32")
    return made, IdealObserver.of(made).posterior(made.x_test[:num_signals])


def compared(seed: int, exact: np.ndarray, p: np.ndarray, labels: np.ndarray) -> list[Row]:
    """Return the rows that compare probabilities p (signals, classes) with the exact ones."""
    from mnist1d.observer.comparison import against_exact, calibration_curve

    return [
        *scalar_rows([seed], against_exact(exact, p, labels)),
        Row(seed, "calibration", None, calibration_curve(p, labels)),
        *prediction_rows([seed], [predictions_of(p, labels)]),
    ]


def base(rows: Rows, what: str) -> Rows:
    """Return the rows of one classifier at the default settings."""
    return rows.where(what=what, knob="")


def turned(rows: Rows, what: str, knob: str) -> dict[float, Values]:
    """Return accuracy by seed at each value of a setting, ascending (ranges: at the midpoint)."""
    metric = "expected_acc" if what == "observer" else "test_acc"
    trials = [*base(rows, what).trials(), *rows.where(what=what, knob=knob).trials()]
    found = {float(np.mean(of.config()[f"data.{knob}"])): of.by_seed(metric) for of in trials}
    return dict(sorted(found.items()))


def table(rows: Rows) -> TextTable:
    """Return observer and models on their test signals, and the human on the frozen set."""
    header = ["classifier", f"test accuracy, {CI}", "fresh signals, %", "loss, nats", "KL, nats"]
    everyone, lines = (OBSERVER, *models_in(rows, "what")), []
    for what, trial in rows.where(knob="").split("what", everyone).items():
        cells = [last_cell(trial), mean_cell(trial, "expected_acc", ".2f")]
        cells += [mean_cell(trial, name, ".3g", 1) for name in ("test_loss", "kl")]
        lines.append([label(what), *cells, mean_cell(trial, "confidence")])
    if lines:
        lines.insert(1, ["human", human.CELL, "", "", "", ""])
    return [*header, "confidence, %"], lines


def claims(rows: Rows) -> list[Claim]:
    """Test how far the human and the models stay below the ceiling, and how much accuracy noise
    costs each of them. Models are paired with the observer by seed, which fixes the data set; the
    human is paired by signal."""
    points, observer = partial(above, unit=POINTS), base(rows, OBSERVER)
    models = [what for what in models_in(rows, "what") if len(base(rows, what))]
    ideal, short, too_sure = values_of(observer, "test_acc"), [], []
    for what in models:
        acc, confidence = (values_of(base(rows, what), m) for m in ("test_acc", "confidence"))
        short.append(points("", f"observer - {label(what)}, test accuracy", ideal - acc))
        too_sure.append(points("", f"confidence - test accuracy, {label(what)}", confidence - acc))
    text = "the ideal observer classifies at least 99% of the signals correctly"
    expected = values_of(observer, "expected_acc")
    first = observer.where(seed=0, metric="predictions")  # on the frozen set, which people saw
    gap = right_by_signal(first)[0] - human.correct() if len(first) else NONE
    people, quantity = "the human stays below the ceiling", "observer - human, by signal"
    found = [
        above(text, "expected accuracy", expected, 0.99, unit=SHARE),
        points(people, quantity, gap, published="human 95.8", over="signals"),
        all_of("every model stays below the ceiling", short),
        all_of("every model is overconfident", too_sure),
    ]
    model = "cnn" if "cnn" in models else "mlp"
    ends, lost, missed = _fall(rows, model, "corr_noise_scale")
    text = f"correlated noise costs the {label(model)} more accuracy than the observer"
    found.append(points(text, f"fall of {label(model)} - fall of observer, {ends}", missed - lost))
    ends, lost, _ = _fall(rows, model, "iid_noise_scale")
    quantity = f"change in the observer's accuracy, {ends}"
    found.append(below("white noise lowers the ceiling itself", quantity, -lost, unit=POINTS))
    return keep_measured(found)


def _fall(rows: Rows, model: str, knob: str) -> tuple[str, Values, Values]:
    """Return the two ends of a knob (its default and its largest value), and the loss in accuracy
    between them of the observer and of a model, by seed."""
    start = getattr(DataConfig(), knob)
    ideal, found = (turned(rows, what, knob) for what in ("observer", model))
    shared = [value for value in ideal if value in found]
    if start not in shared or shared[-1] == start:
        return "", NONE, NONE
    ends = f"from {start:g} to {shared[-1]:g}"
    lost, missed = (of[start] - of[shared[-1]] for of in (ideal, found))
    return ends, lost, missed


def figures(rows: Rows) -> Figures:
    """Draw accuracy against every knob, the calibration curves, and the hardest signals."""
    from mnist1d.plots.observer import calibration_figure, doubt_figure

    found: Figures = {}
    if rows.split("knob", KNOBS):
        found["knobs"] = _knobs_figure(rows)
    everyone = (OBSERVER, *models_in(rows, "what"))
    if trials := rows.where(knob="").split("what", everyone):
        curves = [(of.arrays("calibration"), label(w), color(w)) for w, of in trials.items()]
        caption = (
            "Calibration on the test signals: the accuracy of answers given with each confidence, "
            f"in ten bins over all {len(rows.seeds)} seeds (bins with fewer than 5 answers are "
            "left out; the larger the dot, the more answers). On the dotted line a classifier is "
            "as accurate as it is confident. Below the line, it is overconfident."
        )
        found["calibration"] = calibration_figure(curves), caption
    if OBSERVER in trials:
        names = ("signal", "clean", "classes", "label", "t")
        *arrays, t = (trials[OBSERVER].array(f"hardest_{name}") for name in names)
        shown = max(int((arrays[2].max(axis=1) < CERTAIN).sum()), 1)
        caption = (
            "The test signals whose class is uncertain even to the ideal observer: its first "
            f"choice has a probability below {100 * CERTAIN:g}%. Titles: the true class, then the "
            "observer's probabilities. Dots: the signal. Line: the clean signal that the observer "
            "expects. Try to name the class from the dots."
        )
        found["hardest"] = doubt_figure(t, *(array[:shown] for array in arrays)), caption
    return found


def _knobs_figure(rows: Rows) -> Captioned:
    from mnist1d.plots import style
    from mnist1d.plots.observer import Knob, knobs_figure

    knobs = []
    for name in rows.split("knob", KNOBS):
        curves = {what: turned(rows, what, name) for what in (OBSERVER, "cnn", "mlp")}
        lines = [
            (list(points), stack(list(points.values()))[1].T, label(what), color(what))
            for what, points in curves.items()
        ]  # accuracies (seeds, values)
        default = float(np.mean(getattr(DataConfig(), name)))
        knobs.append(Knob(name, default, [line for line in lines if line[1].size]))
    caption = (
        "Test accuracy of the ideal observer and of two models as one setting of the generator "
        f"changes; the grey stripe is its default. {style.band_words(*seed_range(rows))} Dotted: "
        "the human, at the defaults. See how far the models stay below the observer, and which "
        "settings lower the observer itself."
    )
    return knobs_figure(knobs, human.ACC), caption
