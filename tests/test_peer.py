"""Exact mode gives the original package's float64 bits, whatever the settings; the two run in the
same environment."""

import json

import numpy as np
import pytest

import mnist1d
from benchmarks import peer as original
from benchmarks.peer import ROOT

NUM_SETTINGS = 150
PARTS = ("x", "x_test", "y", "y_test", "t")
EDGES = [
    {},
    {"num_samples": 1000, "shuffle_seq": True},
    {"num_samples": 10},
    {"num_samples": 99, "train_split": 0.0},
    {"num_samples": 33, "train_split": 1.0, "seed": 2**32 - 1},
    {"num_samples": 40, "padding": [0, 0], "max_translation": 1},
    {
        "num_samples": 40,
        "padding": [7, 7],
        "max_translation": 300,
    },  # most shifts are past the length
    {"num_samples": 40, "max_translation": 72 + 1},
    {
        "num_samples": 40,
        "scale_coeff": 0,
        "corr_noise_scale": 0,
        "iid_noise_scale": 0,
        "shear_scale": 0,
        "seed": 0,
    },
    {"num_samples": 40, "scale_coeff": 4.5, "shear_scale": 0},  # some factors are negative
    {"num_samples": 40, "corr_noise_scale": 0, "iid_noise_scale": 0},
    {"num_samples": 40, "final_seq_length": 2, "shuffle_seq": True},
    {"num_samples": 40, "final_seq_length": 72},
    {"num_samples": 40, "final_seq_length": 211, "shuffle_seq": True},
    {"num_samples": 40, "template_len": 1, "padding": [0, 1]},  # L = 2, shorter than the template
    {"num_samples": 40, "template_len": 31, "padding": [0, 3]},
    {
        "num_samples": 2010,
        "seed": 7,
        "final_seq_length": 41,
    },  # more than one chunk of draws, and a part of one
]


def random_job(rng):
    """Settings at random, small enough for the original's pace; half with templates of their own,
    half shuffled."""
    template, classes = None, 10
    if rng.random() < 0.5:
        classes, length = int(rng.integers(1, 8)), int(rng.integers(2, 31))
        x = rng.normal(size=(classes, length)) * 10 ** rng.uniform(-3, 3)
        x[rng.random(x.shape) < 0.2] = 0
        x[rng.random(x.shape) < 0.1] = -1e-8  # becomes an exact zero, which looks like padding
        template = {
            "x": x.tolist(),
            "t": rng.normal(size=length).tolist(),
            "y": rng.integers(-5, 300, classes).tolist(),
        }
    low = int(rng.integers(0, 40))
    args = {
        "num_samples": int(rng.integers(2 * classes, 2 * classes + 50)),
        "train_split": float(rng.uniform(0, 1)),
        "template_len": int(rng.integers(2, 30)),
        "padding": [low, low + int(rng.integers(0, 40))],
        "scale_coeff": float(rng.uniform(0, 2)),
        "max_translation": int(rng.integers(1, 120)),
        "corr_noise_scale": float(rng.uniform(0, 2)),
        "iid_noise_scale": float(rng.uniform(0, 1)),
        "shear_scale": float(rng.uniform(0, 5)),
        "shuffle_seq": bool(rng.random() < 0.5),
        "final_seq_length": int(rng.integers(2, 130)),
        "seed": int(rng.integers(0, 2**32)),
    }
    return {"args": args, "template": template}


@pytest.fixture(scope="module")
def jobs():
    rng = np.random.default_rng(20201129)
    defaults = mnist1d.DataConfig().to_dict()
    return [{"args": {**defaults, **edge}, "template": None} for edge in EDGES] + [
        random_job(rng) for _ in range(NUM_SETTINGS)
    ]


@pytest.fixture(scope="module")
def theirs(peer, jobs, tmp_path_factory):
    return made_by(peer, jobs, tmp_path_factory.mktemp("peer"))


@pytest.fixture(scope="module")
def legacy(jobs, tmp_path_factory):
    return made_by(ROOT / "src", jobs, tmp_path_factory.mktemp("ours"))


def made_by(path, jobs, folder):
    (folder / "jobs.json").write_text(json.dumps(jobs))
    original.run(
        ROOT / "tests" / "peer_worker.py",
        str(folder / "jobs.json"),
        str(folder / "made.npz"),
        path=path,
    )
    with np.load(folder / "made.npz") as made:
        arrays = {name: made[name] for name in made.files}
    assert arrays.pop("module").item().startswith(str(path))
    return arrays


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.filterwarnings("ignore::mnist1d.SuspiciousValueWarning")
def test_every_setting_gives_the_originals_bits(jobs, theirs):
    different = []
    for i, job in enumerate(jobs):
        if job["template"] and len(set(job["template"]["y"])) < len(job["template"]["y"]):
            continue  # two templates of one label: by the old names only, below
        data = mnist1d.make_dataset(**job["args"], templates=job["template"])
        if not all(same_bits(np.asarray(data[name]), theirs[f"{i}/{name}"]) for name in PARTS):
            different.append(job["args"])
    assert not different, f"{len(different)} of {len(jobs)} differ, the first: {different[0]}"


def test_the_old_names_give_the_originals_bits_and_leave_its_random_state(jobs, theirs, legacy):
    assert set(theirs) == set(legacy) and len(theirs) == 11 * len(jobs)
    different = [name for name in theirs if not same_bits(theirs[name], legacy[name])]
    assert not different, (
        f"{len(different)} arrays differ, the first: {different[0]}, "
        f"made with {jobs[int(different[0].split('/')[0])]['args']}"
    )


def test_the_settings_cover_what_they_should(jobs):
    assert len(jobs) >= 100
    assert (
        sum(job["args"]["shuffle_seq"] for job in jobs) >= 50
        and sum(job["template"] is not None for job in jobs) >= 50
    )
    assert sum(job["args"]["final_seq_length"] % 2 for job in jobs) >= 50
    assert any(
        job["args"]["max_translation"] > job["args"]["template_len"] + job["args"]["padding"][1] + 1
        for job in jobs
    )
