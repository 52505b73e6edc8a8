"""Identity: every field of a config changes the id, at every depth; equal configs have equal ids in
every process and version."""

import dataclasses

import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.runs import flat, trial_id
from mnist1d.runs.identity import canonical, nested
from tests.runs.toy import Config


def test_a_known_id_stays():
    """Every stored row depends on this id: change it only together with identity.SCHEMA."""
    assert (
        trial_id("toy", Config())
        == "a884c3a0ce1f5f8ac326b0270670a21750dcfd7c8c483a89e61690a92119b89a"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"action": "fail"},
        {"size": 2},
        {"rate": 0.25},
        {"pair": (1, 3)},
        {"limit": 0},
        {"data": DataConfig(seed=1)},
    ],
)
def test_each_field_changes_the_id(change):
    assert trial_id("toy", dataclasses.replace(Config(), **change)) != trial_id("toy", Config())


def test_the_study_is_part_of_the_id():
    assert trial_id("toy", Config()) != trial_id("tsne", Config())


def test_equal_values_of_another_type_are_one_trial():
    assert trial_id("toy", Config(rate=1)) == trial_id("toy", Config(rate=1.0))
    assert trial_id("toy", Config(size=np.int64(3), rate=np.float64(0.5))) == trial_id(
        "toy", Config(size=3)
    )
    assert trial_id("toy", Config(pair=[1, 2])) == trial_id("toy", Config())


def test_flat_names_with_dots_and_tuples():
    config = flat(Config())
    assert (
        config["data.padding"] == (36, 60) and config["pair"] == (1, 2) and config["limit"] is None
    )
    assert flat(nested(Config())) == config  # from the store's JSON, too


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(UsageError, match="no NaN"):
        canonical({"rate": float("nan")})
    with pytest.raises(UsageError, match="object"):
        trial_id("toy", Config(pair=object()))
