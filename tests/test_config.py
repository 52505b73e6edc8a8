"""Knobs: every one changes the data, every illegal value is refused with rule, value and fix; JSON
and identity."""

import dataclasses
import json
import math
import tracemalloc
import typing
import warnings

import numpy as np
import pytest
from hypothesis import given

import mnist1d
from mnist1d import DataConfig, SuspiciousValueWarning, UsageError
from mnist1d.config import Knobs
from tests.strategies import configs, examples

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
        with pytest.raises(UsageError, match=f"unknown setting '{wrong}': ({hint})"):
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
    bounds = f"between 0 and {1 if name == 'train_split' else 1000000000}"
    with pytest.raises(UsageError) as error:
        DataConfig(**{name: value})
    assert str(error.value) == f"{name} must be {bounds}, got {value!r}"


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_have_a_lowest(name):
    DataConfig(**{name: LOWEST[name]})
    with pytest.raises(
        UsageError,
        match=f"^{name} must be between {LOWEST[name]} and .*, got {LOWEST[name] - 1}$",
    ):
        DataConfig(**{name: LOWEST[name] - 1})


def test_a_set_has_at_most_a_billion_signals():
    assert DataConfig(num_samples=10**9).num_samples == 10**9
    with pytest.raises(UsageError, match="num_samples must be between 1 and 1000000000, got 1000"):
        DataConfig(num_samples=10**9 + 1)


def test_seeds_reach_to_the_end_of_32_bits():
    assert mnist1d.make_dataset(num_samples=10, seed=2**32 - 1).config.seed == 2**32 - 1
    for seed in (-1, 2**32):
        with pytest.raises(UsageError, match=f"seed must be between 0 and 4294967295, got {seed}"):
            mnist1d.make_dataset(seed=seed)


def test_train_split_is_a_share():
    assert len(mnist1d.make_dataset(num_samples=10, train_split=1).x_test) == 0
    with pytest.raises(UsageError, match="train_split must be between 0 and 1, got 80"):
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


def test_shuffle_seq_may_be_0_or_1():
    assert [DataConfig(shuffle_seq=value).shuffle_seq for value in (0, 1)] == [False, True]


@pytest.mark.parametrize("name", ["template_len", "final_seq_length", "padding"])
def test_lengths_have_a_highest(name):
    value = lambda points: (0, points) if name == "padding" else points  # noqa: E731
    assert DataConfig(**{name: value(10**6)})
    with pytest.raises(UsageError, match="1000000"):
        DataConfig(**{name: value(10**6 + 1)})


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_one_signal_a_class(mode):
    with pytest.raises(
        UsageError,
        match="num_samples must allow one signal for each of the 10 classes: at least 10, got 9",
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


@examples(50)
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
        ("[1]", "a config must be a JSON object of settings, .*got list"),
        ('{"seed": NaN}', "seed must be a whole number, got nan"),
        ('{"seed": 1.0}', "seed must be a whole number, got 1.0"),
        ('{"sed": 1}', "did you mean 'seed'"),
    ],
)
def test_json_that_is_not_a_config(text, message):
    with pytest.raises(UsageError, match=message):
        DataConfig.from_json(text)


def test_make_dataset_takes_settings_by_name_only():
    with pytest.raises(
        UsageError,
        match=(
            r"config must be a DataConfig, got int; pass settings by name: "
            r"make_dataset\(num_samples=1000\)"
        ),
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
    large = {"x": [[1e300, -1e300]], "t": [0, 1], "y": [0]}
    with pytest.raises(UsageError, match="overflow.*lower the scales or change the templates"):
        mnist1d.make_dataset(num_samples=10, templates=large, mode=mode)


# ------------------------------------------------------------------ numbers of any size


def hex_length(value):
    return f"{len(hex(value))} digits"


@pytest.mark.parametrize("value", [2**63, -(2**70), 10**300, 10**5000], ids=hex_length)
@pytest.mark.parametrize("name", DEFAULTS)
def test_huge_whole_numbers_are_one_short_line(name, value):
    for size in (value, (0, value), [value, value]) if name == "padding" else (value,):
        with pytest.raises(UsageError, match=f"^{name}") as error:
            DataConfig(**{name: size})
        assert len(str(error.value)) < 250 and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["scale_coeff", "corr_noise_scale", "iid_noise_scale", "shear_scale"]
)
def test_scales_are_zero_or_of_a_size_to_compute_with(name):
    for tiny in (1e-300, 1e-10, 5e-324):
        with pytest.raises(
            UsageError, match=f"{name} must be 0 or at least 1e-09, got .*: write {name}=0"
        ):
            DataConfig(**{name: tiny})
    for huge in (1e160, 1e10):
        with pytest.raises(UsageError, match=f"{name} must be between 0 and 1000000000, got"):
            DataConfig(**{name: huge})
    assert getattr(DataConfig(**{name: 1e-9}), name) == 1e-9


@pytest.mark.parametrize("name", REAL)
def test_minus_zero_is_zero(name):
    plus, minus = DataConfig(**{name: 0.0}), DataConfig(**{name: -0.0})
    assert plus == minus and plus.id == minus.id and plus.to_json() == minus.to_json()
    assert math.copysign(1, getattr(minus, name)) == 1


@pytest.mark.parametrize(
    ("knobs", "fix"),
    [
        ({"num_samples": 10**9}, "num_samples=1000000000"),
        ({"template_len": 10**6}, "template_len=1000000"),
        ({"padding": (0, 10**6)}, r"padding=\(0, 1000000\)"),
        ({"num_samples": 10**6, "final_seq_length": 10**6}, "final_seq_length=1000000"),
    ],
)
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_what_does_not_fit_in_memory_is_refused_before_it_is_tried(monkeypatch, knobs, fix, mode):
    monkeypatch.setattr(mnist1d.memory, "free_bytes", lambda: 4e9)
    monkeypatch.setattr(mnist1d.generate, "Pipeline", None)  # nothing is begun
    if mode == "exact" and "final_seq_length" not in knobs and "num_samples" not in knobs:
        return  # exact mode takes long signals a few at a time
    with pytest.raises(
        UsageError,
        match=rf"this data set needs about [\d,.]+ GB of memory, and 4.0 GB are free: lower {fix}$",
    ):
        mnist1d.make_dataset(**knobs, mode=mode)


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize(
    "knobs",
    [
        {"num_samples": 30_000},
        {"num_samples": 1000, "final_seq_length": 3000},
        {"num_samples": 100, "template_len": 1500},
        {"num_samples": 2000, "padding": (0, 1000)},
    ],
)
def test_the_estimate_of_memory_is_near_and_above(monkeypatch, knobs, mode):
    told = []
    monkeypatch.setattr(
        mnist1d.generate, "check_memory", lambda num_bytes, *_: told.append(num_bytes)
    )
    tracemalloc.start()
    try:
        mnist1d.make_dataset(**knobs, mode=mode, latents=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < told[0] < 6 * peak, (told[0] / 1e6, peak / 1e6)


def test_free_memory_is_read_from_the_system():
    assert 1e7 < mnist1d.memory.free_bytes()
    mnist1d.memory.check_memory(1e3, "nothing", "anything")
    with pytest.raises(UsageError, match="it needs about 1,000,000,000.0 GB"):
        mnist1d.memory.check_memory(1e18, "it", "this")


# ------------------------------------------------------------------ what an editor and a caller see


def test_knobs_are_typed_for_editors():
    hints = typing.get_type_hints(Knobs)
    assert hints == {
        f.name: typing.get_type_hints(DataConfig)[f.name] for f in dataclasses.fields(DataConfig)
    }
    for function in (mnist1d.make_dataset, DataConfig.replace):
        assert function.__annotations__["knobs"] == "Unpack[Knobs]"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mnist1d.make_dataset({"seed": 3}), "config must be a DataConfig, got dict"),
        (lambda: mnist1d.make_dataset(mode=3), "unknown mode 3: choose one of: exact, fast"),
        (lambda: mnist1d.make_dataset(mode=np.ones(3)), "unknown mode array"),
        (lambda: mnist1d.make_dataset(dtype=3), "unknown dtype 3: choose one of"),
        (lambda: mnist1d.make_dataset(latents="no"), "latents must be True or False, got 'no'"),
        (lambda: mnist1d.load_dataset(dtype=np.ones(2)), "unknown dtype array"),
        (lambda: mnist1d.explain(digit="3"), "digit must be a whole number"),
        (lambda: mnist1d.explain(digit=[3]), "digit must be a whole number"),
        (lambda: mnist1d.explain(config=7), "config must be a DataConfig, got int"),
        (lambda: DataConfig(*range(13)), "a DataConfig has 12 settings, got 13 values"),
        (lambda: DataConfig.from_json(None), "a config must be JSON text"),
        (lambda: DataConfig.from_json('{"seed": 1' + "0" * 5000 + "}"), "a config must be JSON"),
    ],
)
def test_wrong_calls_raise_our_own_errors(call, message):
    with pytest.raises(UsageError, match=message):
        call()
