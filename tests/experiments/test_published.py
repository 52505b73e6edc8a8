"""Published figures: each equal to its source, and agreement as a comparison of two uncertain
numbers."""

import csv
import math
from collections import defaultdict

import numpy as np
import pytest

from mnist1d.errors import UsageError
from mnist1d.experiments import STUDIES, double_descent, load
from mnist1d.experiments.estimates import SHARE, estimate
from mnist1d.experiments.published import (
    AGREES,
    CANNOT_TELL,
    DIFFERS,
    NOTEBOOK,
    PAPER,
    Published,
    agreement,
    find,
)

FIGURES = [(name, figure) for name in STUDIES for figure in load(name).INFO.published]
IN_PAPER = {  # percent, unless a unit is given; table 1 and the text of arXiv 2011.14439
    "spatial-priors": {
        "logistic": 32,
        "mlp": 68,
        "cnn": 94,
        "gru": 91,
        "human": 95.8,
        "logistic shuffled": 32,
        "mlp shuffled": 68,
        "cnn shuffled": 56,
        "gru shuffled": 57,
        "logistic on MNIST": 94,
        "mlp on MNIST": 99.5,  # "99+"
        "cnn on MNIST": 99.5,
        "gru on MNIST": 99.5,
        "resnet": 98.6,  # arXiv 2602.13348
        "tcn": 98.8,
        "dilated-cnn": 97.3,
    },
    "lottery": {
        "dense": 64,
        "ticket": 71,
        "ticket permuted": 63,
        "ticket redrawn": 67,
        "random": 58,
        "ticket, peak over sparsity": 74,  # 73 to 75
        "random, peak over sparsity": 69,  # 68 to 70
    },
    "learning-rate": {
        "rate from 1.5": (0.62, ""),
        "rate from 0.15": (0.62, ""),
        "mean inner loss from 1.5": (1.716, "nats"),
        "mean inner loss from 0.15": (1.716, "nats"),
    },
    "activation": {
        "learned": 67,  # 65 to 69
        "relu": 59.5,
        "swish": 57.7,
        "elu": 50.7,
        "tanh": 50.7,
        "softplus": 44,
        "sigmoid": 35,
        "objective at the start": (1.35, "nats"),
        "objective at the end": (0.90, "nats"),
    },
}


@pytest.fixture(scope="module")
def printed(reference):
    """What the notebooks print: values of all trials, by (study, variant, axis, x, metric)."""
    found = defaultdict(list)
    with open(reference / "notebook_outputs.csv", newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            key = (line["study"], line["variant"], line["axis"], line["x"], line["metric"])
            found[key].append(float(line["value"]))
    return found


def shown(figure):
    """A figure in the unit in which it was printed."""
    return 100 * figure.value if figure.unit == SHARE else figure.value


@pytest.mark.parametrize(("study", "figure"), FIGURES, ids=lambda v: getattr(v, "name", v))
def test_every_figure_equals_its_source(study, figure, request):
    assert figure.source and figure.origin in (PAPER, NOTEBOOK)
    if figure.origin == PAPER:
        known = IN_PAPER[study][figure.name]
        value, unit = known if isinstance(known, tuple) else (known, SHARE)
        assert figure.unit == unit and shown(figure) == pytest.approx(value)
        return
    printed = request.getfixturevalue("printed")
    if figure.key is None:
        assert study == "double-descent" and figure.unit in ("units", "channels")
        return
    runs = printed[(study, *figure.key)]
    assert len(runs) == figure.n and shown(figure) == pytest.approx(np.mean(runs))
    if figure.std is not None:
        assert 100 * figure.std == pytest.approx(np.std(runs, ddof=1))


def test_every_figure_of_the_paper_is_there():
    for study, figures in IN_PAPER.items():
        ours = {p.name for p in load(study).INFO.published if p.origin == PAPER}
        assert ours == set(figures), study


def test_widths_of_double_descent_are_read_off_as_ours_are(printed):
    for curve, (_, _, variant) in double_descent.CURVES.items():
        widths = sorted(
            {int(x) for s, v, _, x, _ in printed if (s, v) == ("double-descent", variant)}
        )
        errors = [
            np.array([printed["double-descent", variant, "width", str(w), m][0] for w in widths])
            for m in ("train_error", "test_error")
        ]
        shape = double_descent.shape_of(np.array(widths), *(e / 100 for e in errors))
        for name, column in double_descent.MEASURED.items():
            figure = find(double_descent.PUBLISHED, f"{curve}, {name}")
            assert figure is None or figure.value == pytest.approx(getattr(shape, column)), name


def test_all_sizes_of_pooling_and_all_layers_are_there():
    names = {p.name for p in load("pooling").INFO.published}
    assert len(names) == 30 and "l2, 50000 signals" in names
    layers = [p for p in load("self-supervised").INFO.published if p.name.startswith("linear")]
    assert len(layers) == 6 + 4 + 8
    both = [p.origin for p in load("spatial-priors").INFO.published if p.name == "mlp"]
    assert sorted(both) == [NOTEBOOK, PAPER]


def figure(value, **given):
    return Published("acc", value, "table 1", **given)


def ours(mean, std, n, seed=0):
    draws = np.random.default_rng(seed).normal(size=n)
    return estimate(mean + std * (draws - draws.mean()) / draws.std(ddof=1), SHARE)


def test_one_run_scatters_as_ours_do():
    runs = ours(0.65, 0.01, 8)
    assert agreement(figure(0.665, n=1), runs).word == AGREES  # 1.5 standard deviations away
    far = agreement(figure(0.70, n=1), runs)
    assert far.word == DIFFERS and far.difference == pytest.approx(-0.05)
    assert far.low < far.difference < far.high < 0
    # more seeds of ours do not make their one run surer
    assert agreement(figure(0.665, n=1), ours(0.65, 0.01, 1000)).word == AGREES


def test_a_stated_standard_deviation_counts():
    runs = ours(0.65, 0.01, 8)
    assert agreement(figure(0.68, std=0.02, n=3), runs).word == AGREES
    assert agreement(figure(0.68, std=0.002, n=3), runs).word == DIFFERS


def test_agreement_is_wrong_one_time_in_twenty():
    rng = np.random.default_rng(2)
    wrong = [
        agreement(figure(rng.normal(0.9, 0.01), n=1), estimate(rng.normal(0.9, 0.01, 8), SHARE))
        for _ in range(2000)
    ]
    assert np.mean([a.word == DIFFERS for a in wrong]) == pytest.approx(0.05, abs=0.015)


def test_the_last_printed_digit_is_uncertain():
    runs = ours(0.6213, 0.0001, 8)
    assert agreement(figure(0.62), runs).word == DIFFERS
    assert agreement(figure(0.62, rounding=0.005), runs).word == AGREES


def test_too_few_seeds_and_other_settings_tell_nothing():
    few = agreement(figure(0.7), ours(0.65, 0.01, 3))
    assert few.word == CANNOT_TELL and few.reason == "fewer than 4 seeds"
    short = agreement(figure(0.7), ours(0.65, 0.01, 8), same_settings=False)
    assert short.word == CANNOT_TELL and "shorter" in short.reason
    assert agreement(figure(0.7), None).reason == "not measured here"
    assert math.isinf(agreement(figure(0.7), estimate([0.6], SHARE)).low)


def test_an_origin_is_one_of_two():
    with pytest.raises(UsageError, match="origin must be 'paper' or 'notebook', got 'blog'"):
        Published("acc", 0.5, "", origin="blog")
