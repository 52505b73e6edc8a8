"""Named shifts: each changes one knob, more with severity, and knows its ceiling."""

import dataclasses

import numpy as np
import pytest

import mnist1d
from benchmarks.peer import ROOT
from mnist1d import DataConfig, UsageError
from mnist1d.shifts import SEVERITIES, SHIFTS, read_ceiling, shift_config


@pytest.mark.filterwarnings("error")  # none is suspicious
@pytest.mark.parametrize("name", SHIFTS)
def test_a_shift_changes_one_knob_and_no_shape(name):
    seen = [DataConfig()]
    for severity in SEVERITIES:
        config = shift_config(name, severity)
        changed = [
            f.name
            for f in dataclasses.fields(config)
            if getattr(config, f.name) != getattr(DataConfig(), f.name)
        ]
        assert changed == [SHIFTS[name].knob]
        data = mnist1d.make_dataset(config, num_samples=20)
        assert data.x.shape == (16, 40) and config not in seen
        seen.append(config)
    values = [getattr(config, SHIFTS[name].knob) for config in seen]
    assert values == sorted(values) or values == sorted(values, reverse=True)


@pytest.mark.parametrize("name", SHIFTS)
def test_ceilings_come_with_the_package(name):
    found = [read_ceiling(name, severity) for severity in SEVERITIES]
    for ceiling in found:
        assert 0.1 < ceiling.low <= ceiling.acc <= ceiling.high <= 1
        assert ceiling.high - ceiling.low < 0.03 and ceiling.n == 4000
        assert (
            ceiling.unaware < ceiling.acc + 4 * ceiling.unaware_error
        )  # nobody is above the ceiling
    unaware = [ceiling.unaware for ceiling in found]
    assert unaware == sorted(unaware, reverse=True)


def test_shifts_of_other_settings():
    base = DataConfig(corr_noise_scale=0.1, padding=(10, 21), seed=3)
    assert shift_config("noisier", 1, base) == base.replace(corr_noise_scale=0.1 * 1.5)
    assert shift_config("larger", 2, base) == base.replace(padding=(5, 10))
    assert shift_config("farther", 3, base) == base.replace(max_translation=72)
    for zero, name in (("iid_noise_scale", "grainier"), ("shear_scale", "steeper")):
        with pytest.raises(UsageError, match=f"multiplies {zero}, which stays 0.0"):
            shift_config(name, 1, base.replace(**{zero: 0}))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("noisyer",), "unknown shift 'noisyer': did you mean 'noisier'"),
        ((3,), "unknown shift 3"),
        (("noisier", 0), "severity must be a whole number, at least 1, got 0"),
        (("noisier", 4), "severity must be a whole number, at most 3, got 4"),
        (("noisier", "strong"), "severity must be a whole number"),
    ],
)
@pytest.mark.parametrize("function", [shift_config, read_ceiling])
def test_wrong_shifts(function, arguments, message):
    with pytest.raises(UsageError, match=message):
        function(*arguments)
    with pytest.raises(UsageError, match="config must be a DataConfig, got dict"):
        shift_config("noisier", 1, {"seed": 3})


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_set_in_the_standardisation_of_another(mode):
    """A model that was trained on one set sees raw signals of the other as it saw its own."""
    train = mnist1d.make_dataset(num_samples=200, mode=mode)
    test = mnist1d.make_dataset(shift_config("steeper"), num_samples=200, mode=mode).split(20)
    seen = test.standardise(train.mean, train.std)
    assert (seen.mean, seen.std) == (train.mean, train.std) and seen.x.dtype == test.x.dtype
    tolerance = 1e-12 if mode == "exact" else 1e-5
    for name in ("x", "x_test", "x_val"):
        raw = test[name] * test.std + test.mean
        np.testing.assert_allclose(seen[name] * seen.std + seen.mean, raw, atol=tolerance)
    np.testing.assert_allclose(seen.t * seen.std, test.t * test.std, rtol=1e-6)
    assert seen.x.std() > 1.3
    back = seen.standardise(test.mean, test.std)
    np.testing.assert_allclose(back.x, test.x, atol=tolerance)


def test_a_set_that_does_not_know_its_moments():
    old = mnist1d.Dataset.from_dict(dict(mnist1d.make_dataset(num_samples=20)))
    with pytest.raises(UsageError, match="does not say how it was standardised"):
        old.standardise(0, 1)
    data = mnist1d.make_dataset(num_samples=20)
    for mean, std in ((0, 0), (0, -1), (float("nan"), 1), ("0", 1), (0, None)):
        with pytest.raises(UsageError, match="(mean|std) must be a number"):
            data.standardise(mean, std)


def test_the_docs_show_these_ceilings():
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for name, shift in SHIFTS.items():
        found = [read_ceiling(name, severity) for severity in SEVERITIES]
        numbers = [", ".join(f"{100 * value:.1f}" for value in column) for column in (
            [ceiling.acc for ceiling in found], [ceiling.unaware for ceiling in found]
        )]  # fmt: skip
        rows = [
            line for line in page.splitlines() if line.startswith(f"| {name}: {shift.effect} |")
        ]
        assert len(rows) == 1 and rows[0].endswith(f" | {numbers[0]} | {numbers[1]} |")
