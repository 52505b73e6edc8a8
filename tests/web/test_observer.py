"""The page's ideal observer against the package's: the same signals, the same probabilities."""

import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.digits import templates
from mnist1d.observer import IdealObserver
from mnist1d.observer.measure import fresh_signals

DEFAULT = DataConfig()
SMALL = {"padding": (30, 33), "max_translation": 7}  # few components: cheap to integrate
CASES = [
    (DEFAULT, 3),
    (DataConfig(corr_noise_scale=1.0, iid_noise_scale=0.3, **SMALL), 6),
    (DataConfig(final_seq_length=61, template_len=12, **SMALL), 4),  # longer than the pipeline
    (DataConfig(scale_coeff=0, shear_scale=0, corr_noise_scale=0, iid_noise_scale=0.5, **SMALL), 4),
    (DataConfig(padding=(0, 3), max_translation=300, final_seq_length=9, shear_scale=3), 4),
]
WORST = 1e-6  # largest difference of a probability


def raw_signals(config, n, seed=11):
    return fresh_signals(config, n, seed)[0]


def compared(node, cases):
    """Return pairs of (page's, package's) probabilities, (n, classes) each."""
    shapes = templates()
    signals = [raw_signals(config, n) for config, n in cases]
    document = {
        "templates": {name: getattr(shapes, name).tolist() for name in shapes.keys()},
        "cases": [
            {"config": config.to_dict(), "signals": x.tolist()}
            for (config, _), x in zip(cases, signals, strict=True)
        ],
    }
    found = node("observer.mjs", document, timeout=600)
    wanted = [
        IdealObserver(config, mean=0.0, std=1.0).predict_proba(x)
        for (config, _), x in zip(cases, signals, strict=True)
    ]
    return [(np.array(f["shares"]), w) for f, w in zip(found, wanted, strict=True)]


@pytest.fixture(scope="module")
def pairs(node):
    return compared(node, CASES)


@pytest.mark.parametrize("i", range(len(CASES)))
def test_probabilities_are_the_packages(pairs, i):
    ours, theirs = pairs[i]
    np.testing.assert_allclose(ours.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=WORST)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"iid_noise_scale": 0}, "set White noise"),
        ({"final_seq_length": 390, "padding": (0, 300)}, "reduce Padding"),
    ],
)
def test_settings_without_an_observer_say_what_to_change(node, changes, rule):
    shapes = templates()
    document = {
        "templates": {name: getattr(shapes, name).tolist() for name in shapes.keys()},
        "cases": [{"config": DataConfig(**changes).to_dict(), "signals": []}],
    }
    assert rule in node("observer.mjs", document)[0]["error"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "config", [DEFAULT, DataConfig(corr_noise_scale=0.6), DataConfig(max_translation=1)]
)
def test_a_thousand_signals(node, config):
    ((ours, theirs),) = compared(node, [(config, 1000)])
    worst = np.abs(ours - theirs).max()
    print(f"largest difference of a probability: {worst:.1e}")
    assert worst < WORST and (ours.argmax(axis=1) == theirs.argmax(axis=1)).all()
