"""The page's generator in JavaScript against golden vectors that the package writes here: every
stage, ten settings, 1e-9."""

import base64

import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.digits import templates
from mnist1d.draws import draw_exact
from mnist1d.generate import load_dataset
from mnist1d.moments import expected_moments
from mnist1d.signals import Pipeline, stages
from mnist1d.web import pages

CONFIGS = [
    DataConfig(),
    DataConfig(shuffle_seq=True, seed=1),
    DataConfig(padding=(0, 0), template_len=12, final_seq_length=7, seed=2),
    DataConfig(padding=(3, 41), final_seq_length=55, max_translation=53, seed=3),
    DataConfig(max_translation=200, seed=4),  # past the length: unshifted
    DataConfig(
        max_translation=1,
        corr_noise_scale=0.0,
        iid_noise_scale=0.0,
        shear_scale=0.0,
        scale_coeff=0.0,
        seed=5,
    ),
    DataConfig(
        template_len=1, padding=(0, 1), final_seq_length=2, max_translation=3, seed=6
    ),  # two points in all
    DataConfig(corr_noise_scale=1.5, iid_noise_scale=0.3, shear_scale=4.0, scale_coeff=1.9, seed=7),
    DataConfig(
        template_len=31, padding=(60, 60), final_seq_length=91, seed=8
    ),  # as many points as before
    DataConfig(
        padding=(36, 99), final_seq_length=333, max_translation=112, seed=9
    ),  # shift by the length itself
]


def rows_of(config):
    """Some draws of every class, fewest and most padding, largest shift among them."""
    draws, _ = draw_exact(config.replace(num_samples=500))
    wanted = {
        *range(0, 500, 41),
        *(
            int(f(c))
            for f in (np.argmin, np.argmax)
            for c in (draws.padding, draws.shift, draws.slope)
        ),
    }
    return draws.rows(np.array(sorted(wanted)))


def plain(draws):
    names = {"corr_noise": "corrNoise", "iid_noise": "iidNoise"}
    return [
        {names.get(k, k): np.asarray(v).tolist() for k, v in zip(draws._fields, row, strict=True)}
        for row in zip(*draws, strict=True)
    ]


@pytest.fixture(scope="module")
def written(node):
    shapes, site = templates(), pages.description()
    frozen = {**site["frozen"], "draws": base64.b64encode(pages.frozen_draws()).decode()}
    cases = [{"config": config.to_dict(), "draws": plain(rows_of(config))} for config in CONFIGS]
    document = {
        "templates": site["templates"],
        "cases": cases,
        "frozen": frozen,
        "config": DataConfig().to_dict(),
    }
    assert np.array_equal(document["templates"]["x"], shapes.x)
    return node("golden.mjs", document)


@pytest.mark.parametrize("i", range(len(CONFIGS)))
def test_every_stage_of_every_setting(written, i):
    config, draws, found = CONFIGS[i], rows_of(CONFIGS[i]), written["results"][i]
    pipeline = Pipeline(templates(), config)
    for row, got in enumerate(found["stages"]):
        wanted = stages(templates(), draws.rows(slice(row, row + 1)), config)
        assert [s["name"] for s in got] == [s.name for s in wanted]
        for ours, theirs in zip(got, wanted, strict=True):
            np.testing.assert_allclose(
                ours["x"], theirs.x, rtol=0, atol=1e-9, err_msg=f"row {row}, {theirs.name}"
            )
    np.testing.assert_allclose(found["applied"], pipeline(draws), rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["time"], pipeline.time(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("i", range(len(CONFIGS)))
def test_moments_that_standardise(written, i):
    found = written["results"][i]["moments"]
    np.testing.assert_allclose(
        [found["mean"], found["std"]], expected_moments(CONFIGS[i]), rtol=1e-9, atol=1e-12
    )


def test_the_frozen_signals_are_on_the_page(written):
    data = load_dataset("float64")
    rows = pages.shown_rows()
    assert (data.y_test[rows] == np.arange(10)[:, None]).all()
    found = (np.array(written["shown"]) - data.mean) / data.std
    np.testing.assert_allclose(found, data.x_test[rows.ravel()], rtol=0, atol=1e-9)


def test_the_quiz_has_the_test_set():
    content, data = pages.test_set(), load_dataset()
    assert content == data.x_test.tobytes() + data.y_test.astype("u1").tobytes()


def test_fresh_draws_are_of_the_right_kind(written):
    normals, uniforms = np.array(written["normals"]), np.array(written["uniforms"])
    n = len(normals)
    assert (
        n == 20 * 100 * 144
        and abs(normals.mean()) < 5 / n**0.5
        and abs(normals.std() - 1) < 5 / n**0.5
    )
    assert (
        abs((normals**4).mean() - 3) < 5 * (96 / n) ** 0.5 and len(np.unique(normals)) > 0.999 * n
    )
    lagged = (normals[1:] * normals[:-1]).mean()
    assert abs(lagged) < 5 / n**0.5
    low = np.array([0, -0.5, 0, -0.5])
    assert (uniforms > low).all() and (uniforms < low + 1).all()
    np.testing.assert_allclose(
        uniforms.mean(axis=0), low + 0.5, atol=5 * (1 / 12 / len(uniforms)) ** 0.5
    )
