"""Expected mean and standard deviation against the average over very many signals, class by class
and knob by knob."""

import numpy as np
import pytest
from hypothesis import given

from mnist1d import DataConfig
from mnist1d.digits import templates
from mnist1d.draws import draw_fast
from mnist1d.moments import expected_moments
from mnist1d.signals import apply
from tests.strategies import configs, examples, own_templates

QUIET = {"corr_noise_scale": 0.0, "iid_noise_scale": 0.0, "shear_scale": 0.0, "scale_coeff": 0.0}


def measured(config, shapes, n):
    """Mean and second moment over n signals, each with its standard error."""
    x = apply(shapes, draw_fast(config, len(shapes.y), 0, n), config).astype(float)
    return [(part.mean(), part.std() / np.sqrt(n)) for part in (x.mean(1), (x**2).mean(1))]


@examples(25)
@given(configs(), own_templates())
def test_any_settings(config, shapes):
    mean, std = expected_moments(config, shapes)
    (first, error), (second, error_2) = measured(config, shapes, 12_000)
    assert abs(first - mean) < 5 * error + 1e-6
    assert abs(second - (std**2 + mean**2)) < 5 * error_2 + 1e-6


@pytest.mark.parametrize("knob", QUIET)
def test_each_source_of_spread_alone(knob):
    config = DataConfig(**{**QUIET, knob: 1.0})
    mean, std = expected_moments(config)
    (first, error), (second, error_2) = measured(config, templates(), 40_000)
    assert abs(first - mean) < 5 * error and abs(second - (std**2 + mean**2)) < 5 * error_2
    assert std > expected_moments(DataConfig(**QUIET))[1]


def test_a_case_done_by_hand():
    """No padding, no shift: the signal is the template; its points are 1 and 3, and the ramp adds
    1/12 of the slope's variance."""
    shapes = type(templates())(x=np.array([[1.0, 3.0]]), t=np.arange(2.0), y=np.arange(1))
    config = DataConfig(
        **QUIET, template_len=2, padding=(0, 0), max_translation=1, final_seq_length=2
    )
    np.testing.assert_allclose(expected_moments(config, shapes), (2, 1), rtol=1e-6)
    np.testing.assert_allclose(
        expected_moments(config.replace(iid_noise_scale=0.5), shapes), (2, np.sqrt(1.25)), rtol=1e-6
    )
    np.testing.assert_allclose(
        expected_moments(config.replace(shear_scale=0.6), shapes),
        (2, np.sqrt(1 + 0.36 / 12 / 4)),
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        expected_moments(config.replace(scale_coeff=0.6), shapes),
        (2, np.sqrt(1 + 0.36 / 12 * 5)),
        rtol=1e-6,
    )


def test_size_seed_split_and_order_do_not_matter_and_templates_do():
    one = expected_moments(DataConfig())
    assert one == expected_moments(
        DataConfig(num_samples=70, seed=3, train_split=0.1, shuffle_seq=True)
    )
    shapes = templates()
    assert one == expected_moments(DataConfig(), shapes)
    assert one != expected_moments(
        DataConfig(), type(shapes)(x=2 * shapes.x, t=shapes.t, y=shapes.y)
    )
