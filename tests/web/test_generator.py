"""The page's generator in JavaScript against golden vectors that the package writes here: every
stage, ten settings, 1e-9."""

import base64

import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.digits import templates
from mnist1d.draws import draw_exact
from mnist1d.generate import load_dataset, make_dataset
from mnist1d.moments import expected_moments
from mnist1d.signals import Pipeline, resample, stages
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


BENT = [
    DataConfig(),
    DataConfig(seed=7),
    DataConfig(seed=3, shuffle_seq=True),
    DataConfig(corr_noise_scale=0.6, shear_scale=2, scale_coeff=1, iid_noise_scale=0),
    DataConfig(final_seq_length=55, shuffle_seq=True),
]
LONGER = DataConfig(padding=(36, 388), seed=5)


@pytest.fixture(scope="module")
def written(node):
    cases = [{"config": config.to_dict(), "draws": plain(rows_of(config))} for config in CONFIGS]
    document = {
        "site": pages.description(),
        "cases": cases,
        "bent": [config.to_dict() for config in BENT],
        "test": base64.b64encode(pages.test_set()).decode(),
        "longer": LONGER.to_dict(),
    }
    assert np.array_equal(document["site"]["templates"]["x"], templates().x)
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


@pytest.mark.parametrize("i", range(len(BENT)))
def test_explore_shows_pythons_test_signals(written, i):
    found, data = written["shown"][i], make_dataset(BENT[i])
    rows = np.array(found["rows"])
    assert data.y_test[rows].tolist() == found["labels"] == sorted([*range(10)] * 10)
    raw = data.x_test[rows] * data.std + data.mean
    np.testing.assert_allclose(found["x"], raw, rtol=0, atol=1e-9)


def test_noise_beyond_pythons_is_normal(written):
    noise = np.array(written["noise"])
    n = len(noise)
    assert n == 2 * 10 * 328 and len(np.unique(noise)) == n  # none is drawn twice
    assert abs(noise.mean()) < 4 / n**0.5 and abs(noise.std() - 1) < 4 / (2 * n) ** 0.5


def test_where_the_digits_of_the_test_set_are(written):
    config = DataConfig()
    draws, order = draw_exact(config)
    pipeline = Pipeline(templates(), config)
    for row, found in zip((0, 1, 2, 500, 999), written["presence"], strict=True):
        place = order.samples[4000 + row]
        moved = stages(templates(), draws.rows(slice(place, place + 1)), config)[4]
        assert moved.name == "translate"
        mask = resample((moved.x != 0).astype(float), pipeline.last) > 0.5
        assert found[0] == mask.tolist() and 3 < mask.sum() < 20
        assert found[1] == mask[pages.frozen(shuffled=True).positions].tolist()


def test_clean_signals_are_templates(written):
    for label, (plain, shuffled) in enumerate(written["clean"]):
        positions = pages.frozen(shuffled=True).positions
        np.testing.assert_allclose(shuffled, np.array(plain)[positions])
        height = np.ptp(templates().x[label]) / pages.frozen().std
        assert np.ptp(plain) == pytest.approx(height, rel=0.15)  # resampling cuts the peaks


def test_the_quiz_has_the_test_set():
    content, data = pages.test_set(), load_dataset()
    assert content == data.x_test.tobytes() + data.y_test.astype("u1").tobytes()
