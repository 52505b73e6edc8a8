"""Knobs: every one changes the data, every illegal value is refused with rule, value and fix; JSON
and identity."""

import dataclasses
import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings

import mnist1d
from mnist1d import DataConfig, SuspiciousValueWarning, UsageError
from tests.strategies import configs

DEFAULTS = {  # the original's names and values
    "num_samples": 5000,
    "train_split": 0.8,
    "template_len": 12,
    "padding": (36, 60),
    "scale_coeff": 0.4,
    "max_translation": 48,
    "corr_noise_scale": 0.25,
    "iid_noise_scale": 0.02,
    "shear_scale": 0.75,
    "shuffle_seq": False,
    "final_seq_length": 40,
    "seed": 42,
}
OTHER = {  # another legal value for each
    "num_samples": 50,
    "train_split": 0.5,
    "template_len": 13,
    "padding": (30, 60),
    "scale_coeff": 0.5,
    "max_translation": 47,
    "corr_noise_scale": 0.3,
    "iid_noise_scale": 0.03,
    "shear_scale": 0.8,
    "shuffle_seq": True,
    "final_seq_length": 41,
    "seed": 43,
}
WHOLE = ["num_samples", "template_len", "max_translation", "final_seq_length", "seed"]
REAL = ["train_split", "scale_coeff", "corr_noise_scale", "iid_noise_scale", "shear_scale"]
LOWEST = {
    "num_samples": 1,
    "template_len": 1,
    "max_translation": 1,
    "final_seq_length": 1,
    "seed": 0,
}


def test_names_order_and_defaults_are_the_originals():
    assert list(DataConfig().to_dict().items()) == list(DEFAULTS.items())


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("name", DEFAULTS)
def test_every_knob_changes_the_data(name, mode):
    small = {"num_samples": 100}
    one, other = (
        mnist1d.make_dataset(**knobs, mode=mode) for knobs in (small, small | {name: OTHER[name]})
    )
    assert not (one.x.shape == other.x.shape and np.array_equal(one.x, other.x)), (
        f"{name} is read by nothing"
    )


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_knob_has_an_effect_in_words(name):
    field = next(f for f in dataclasses.fields(DataConfig) if f.name == name)
    assert len(field.metadata["effect"]) > 10 and field.metadata["kind"] in (
        "int",
        "float",
        "bool",
        "range",
    )


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("scale_coef", "did you mean 'scale_coeff'?"),
        ("num_sample", "did you mean 'num_samples'?"),
        ("corr_noise", "did you mean 'corr_noise_scale'?"),
        ("random_state", "did you mean 'train_split'?|choose one of: num_samples, train_split"),
        ("xyz", "choose one of: num_samples, train_split, template_len, padding"),
    ],
)
def test_an_unknown_knob_names_the_nearest(wrong, hint):
    for make in (
        DataConfig,
        mnist1d.make_dataset,
        DataConfig().replace,
        lambda **knobs: DataConfig.from_json(json.dumps(knobs)),
    ):
        with pytest.raises(UsageError, match=f"unknown knob '{wrong}': ({hint})"):
            make(**{wrong: 1})


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [1.5, 40.0, "40", None, True, math.nan, [40]])
def test_whole_numbers_are_whole(name, value):
    with pytest.raises(UsageError) as error:
        DataConfig(**{name: value})
    assert (
        str(error.value) == f"{name} must be a whole number, got {value!r} ({type(value).__name__})"
    )


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("value", ["0.5", None, False, [0.5], 1j])
def test_numbers_are_numbers(name, value):
    with pytest.raises(UsageError, match=f"^{name} must be a number, got "):
        DataConfig(**{name: value})


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, np.float32("nan")])
def test_numbers_are_finite_and_not_negative(name, value):
    bounds = "between 0 and 1" if name == "train_split" else "at least 0"
    with pytest.raises(UsageError) as error:
        DataConfig(**{name: value})
    assert str(error.value) == f"{name} must be finite and {bounds}, got {float(value)!r}"


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_have_a_lowest(name):
    DataConfig(**{name: LOWEST[name]})
    with pytest.raises(
        UsageError,
        match=f"^{name} must be finite and (at least|between) {LOWEST[name]}.*, got {LOWEST[name] - 1}$",
    ):
        DataConfig(**{name: LOWEST[name] - 1})


def test_seeds_reach_to_the_end_of_32_bits():
    assert mnist1d.make_dataset(num_samples=10, seed=2**32 - 1).config.seed == 2**32 - 1
    for seed in (-1, 2**32):
        with pytest.raises(
            UsageError, match=f"seed must be finite and between 0 and 4294967295, got {seed}"
        ):
            mnist1d.make_dataset(seed=seed)


def test_train_split_is_a_share():
    assert len(mnist1d.make_dataset(num_samples=10, train_split=1).x_test) == 0
    with pytest.raises(
        UsageError, match="train_split must be finite and between 0 and 1, got 80.0"
    ):
        DataConfig(train_split=80)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            (60, 36),
            r"padding=(low, high) needs 0 <= low <= high, got (60, 36): write padding=(36, 60)",
        ),
        (
            (-1, 5),
            r"padding=(low, high) needs 0 <= low <= high, got (-1, 5): neither may be negative",
        ),
        (
            (5, -1),
            r"padding=(low, high) needs 0 <= low <= high, got (5, -1): neither may be negative",
        ),
        (36, r"padding must be two whole numbers (low, high), got 36"),
        ((1, 2, 3), r"padding must be two whole numbers (low, high), got (1, 2, 3)"),
        ((1.5, 2), r"padding must be two whole numbers (low, high), got (1.5, 2)"),
        ((1, math.nan), r"padding must be two whole numbers (low, high), got (1, nan)"),
        ("36", r"padding must be two whole numbers (low, high), got '36'"),
        ((True, 2), r"padding must be two whole numbers (low, high), got (True, 2)"),
    ],
)
def test_padding_is_two_numbers_in_order(value, message):
    with pytest.raises(UsageError) as error:
        DataConfig(padding=value)
    assert str(error.value) == message


def test_the_working_length_has_two_points():
    DataConfig(template_len=1, padding=(0, 1))
    with pytest.raises(
        UsageError, match=r"template_len \+ padding\[1\] must be at least 2 points, got 1 \+ 0"
    ):
        DataConfig(template_len=1, padding=(0, 0))


@pytest.mark.parametrize("value", ["yes", 2, None, 1.0, np.ones(2)])
def test_shuffle_seq_is_true_or_false(value):
    with pytest.raises(UsageError, match="shuffle_seq must be True or False, got "):
        DataConfig(shuffle_seq=value)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_one_signal_a_class(mode):
    with pytest.raises(
        UsageError,
        match="num_samples must give each of the 10 classes one signal: at least 10, got 9",
    ):
        mnist1d.make_dataset(num_samples=9, mode=mode)


def test_signals_that_are_all_equal_cannot_be_standardised():
    flat = {"x": np.zeros((2, 5)), "t": np.arange(5.0), "y": np.arange(2)}
    with pytest.raises(UsageError, match="all equal.*raise a noise scale or change the templates"):
        mnist1d.make_dataset(
            num_samples=4,
            corr_noise_scale=0,
            iid_noise_scale=0,
            shear_scale=0,
            scale_coeff=0,
            padding=(0, 0),
            templates=flat,
        )


# ------------------------------------------------------------------ what is legal


def test_suspicious_values_are_warnings_at_the_callers_line():
    message = r"scale_coeff=4 is legal but outside the usual range 0 to 2; the default is 0.4"
    with pytest.warns(SuspiciousValueWarning, match=message) as caught:
        DataConfig(scale_coeff=4)
        mnist1d.make_dataset(num_samples=10, scale_coeff=4)
        DataConfig().replace(scale_coeff=4)
    assert [warning.filename for warning in caught] == [__file__] * 3
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        config = DataConfig(scale_coeff=4)
        mnist1d.make_dataset(config.replace(num_samples=10))
    assert len(again) == 2  # the constructor and replace; making the set says it no third time


@pytest.mark.parametrize(
    "name", ["scale_coeff", "corr_noise_scale", "iid_noise_scale", "shear_scale"]
)
def test_every_amplitude_has_a_usual_range(name):
    DataConfig(**{name: OTHER[name]})
    with pytest.warns(
        SuspiciousValueWarning, match=f"{name}=1e.06 is legal but outside the usual range"
    ):
        DataConfig(**{name: 1e6})


def test_numpy_numbers_become_plain():
    config = DataConfig(
        num_samples=np.int32(20),
        train_split=np.float32(0.5),
        padding=np.array([3, 7]),
        shuffle_seq=np.bool_(True),
        seed=np.uint64(7),
    )
    assert config == DataConfig(
        num_samples=20, train_split=0.5, padding=(3, 7), shuffle_seq=True, seed=7
    )
    assert {type(value) for value in config.to_dict().values()} == {int, float, bool, tuple}
    assert DataConfig(scale_coeff=1).to_json() == DataConfig(scale_coeff=1.0).to_json()


def test_configs_are_frozen_and_replace_makes_another():
    config = DataConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 3
    assert config.replace(seed=3).seed == 3 and config.seed == 42 and config.replace() == config


@settings(max_examples=50, deadline=None, derandomize=True)
@given(configs())
def test_json_round_trip(config):
    again = DataConfig.from_json(config.to_json())
    assert again == config and again.id == config.id and hash(again) == hash(config)


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_knob_is_in_the_identity(name):
    assert DataConfig(**{name: OTHER[name]}).id != DataConfig().id


def test_the_identity_is_the_same_on_every_machine():
    assert DataConfig().id == "c176f859789e78be5a32a37261469424c976114addc70bfceab4a4aba0fe66ae"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a config must be JSON"),
        ("[1]", "a config must be a JSON object of knobs, .*got list"),
        ('{"seed": NaN}', "seed must be a whole number, got nan"),
        ('{"seed": 1.0}', "seed must be a whole number, got 1.0"),
        ('{"sed": 1}', "did you mean 'seed'"),
    ],
)
def test_json_that_is_no_config(text, message):
    with pytest.raises(UsageError, match=message):
        DataConfig.from_json(text)


def test_make_dataset_takes_settings_by_name_only():
    with pytest.raises(
        UsageError,
        match=r"config must be a DataConfig, got int; knobs go by name: make_dataset\(num_samples=1000\)",
    ):
        mnist1d.make_dataset(5000)
    for wrong, near in {"fsat": "fast", "Exact": "exact"}.items():
        with pytest.raises(UsageError, match=f"unknown mode '{wrong}': did you mean '{near}'"):
            mnist1d.make_dataset(num_samples=10, mode=wrong)
    for wrong in ("float", "flaot32", np.float16, int):
        with pytest.raises(
            UsageError,
            match="unknown dtype '.*': (did you mean 'float|choose one of: float32, float64)",
        ):
            mnist1d.make_dataset(num_samples=10, dtype=wrong)
    for right in ("float32", np.float32, np.dtype("float32")):
        assert mnist1d.make_dataset(num_samples=10, dtype=right).x.dtype == np.float32


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::mnist1d.SuspiciousValueWarning")
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_signals_that_overflow_cannot_be_standardised(mode):
    with pytest.raises(UsageError, match="overflow.*lower the scales or change the templates"):
        mnist1d.make_dataset(num_samples=10, iid_noise_scale=1e300, mode=mode)
