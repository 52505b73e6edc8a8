"""The set itself: the frozen one by digest and by golden values, and what can be done with a set
afterwards."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import mnist1d
from mnist1d import SuspiciousValueWarning, UsageError, generate
from mnist1d.digests import FROZEN_SHA256, is_close
from mnist1d.digits import templates
from mnist1d.draws import Draws, draw_exact, draw_fast
from mnist1d.signals import apply
from tests import oracle
from tests.strategies import configs, examples, own_templates

PUBLISHED = {
    "x": "0b2b548d14a498bf71ce4d5e7df61d47851b3e5dd7e7f581a1011383cb03467c",
    "y": "4f5f4160c519e3c47f9d3e196c161336fcd32126a9efffe4153d6e7c8b73f963",
    "t": "0352efd10cd28e71a0f722fade89db2c326ee004a7dcf8c9704a5adaf0bad6c8",
}


@pytest.fixture(scope="module")
def frozen():
    return mnist1d.load_dataset()


@pytest.fixture(scope="module")
def small():
    return mnist1d.make_dataset(num_samples=500, seed=1)


# ------------------------------------------------------------------ the frozen set


def test_the_frozen_set_has_the_published_digests(frozen):
    columns = {
        "x": np.concatenate([frozen.x, frozen.x_test]).astype("<f4"),
        "y": np.concatenate([frozen.y, frozen.y_test]).astype("u1"),
        "t": frozen.t.astype("<f4"),
    }
    assert (
        {name: hashlib.sha256(column.tobytes()).hexdigest() for name, column in columns.items()}
        == PUBLISHED
        == FROZEN_SHA256
    )


def test_the_frozen_set_has_these_shapes_and_types(frozen):
    assert (
        frozen.x.shape == (4000, 40)
        and frozen.x_test.shape == (1000, 40)
        and frozen.t.shape == (40,)
    )
    assert frozen.x.dtype == frozen.x_test.dtype == frozen.t.dtype == np.float32
    assert frozen.y.dtype == frozen.y_test.dtype == np.int64
    assert mnist1d.load_dataset(dtype="float64").x.dtype == np.float64
    assert (
        frozen.templates.x.shape == (10, 12)
        and frozen.config == mnist1d.DataConfig()
        and frozen.mode == "exact"
    )


def test_golden_values(frozen):
    """Numbers to compare with from another language, as float32."""
    assert frozen.y[:10].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1]
    np.testing.assert_array_equal(
        frozen.x[0, :5],
        np.array([-0.33200568, -0.47191036, -0.7786971, -1.0097408, -0.8823526], np.float32),
    )
    np.testing.assert_array_equal(
        frozen.x_test[-1, -3:], np.array([0.65987563, 0.87773436, 1.1931518], np.float32)
    )
    np.testing.assert_array_equal(
        frozen.t[[0, 1, -1]], np.array([-5.387535, -5.1112514, 5.387535], np.float32)
    )
    np.testing.assert_allclose(
        [frozen.mean, frozen.std], [-0.0055075064312771795, 0.15467803420593054], rtol=1e-12
    )


@pytest.mark.parametrize(
    ("knobs", "digest"),
    [
        ({"seed": 0}, "8de7cc9827b1cfbc54d55032432433715daf045a9e902d3bdb51271d4b180f58"),
        ({"shuffle_seq": True}, "dc7a8fd19ab89405df3c18ccbd391f6946f60517069e441f8bd2f54023fdaf42"),
        (
            {
                "num_samples": 770,
                "final_seq_length": 77,
                "padding": (5, 90),
                "max_translation": 120,
                "seed": 2**32 - 1,
            },
            "7d6fc889325c88bda842b149139448781baf2016e668c48cb7ab11da3b3baa70",
        ),
    ],
)
def test_golden_digests_of_other_settings(knobs, digest):
    data = mnist1d.make_dataset(**{"num_samples": 1000, **knobs}, dtype="float32")
    assert hashlib.sha256(np.concatenate([data.x, data.x_test]).tobytes()).hexdigest() == digest


def test_the_reference_file_is_the_frozen_set(reference):
    data = mnist1d.load_dataset(dtype="float64")
    with np.load(reference / "frozen.npz") as file:
        for name in ("y", "y_test"):
            np.testing.assert_array_equal(data[name], file[name])
        for name in ("x", "x_test", "t"):
            np.testing.assert_allclose(data[name], file[name], rtol=0, atol=1e-12)
            np.testing.assert_array_equal(
                data[name].astype(np.float32), file[name].astype(np.float32)
            )
        for name in ("x", "t", "y"):
            np.testing.assert_allclose(
                data.templates[name], file[f"templates_{name}"], rtol=0, atol=1e-15
            )
    assert mnist1d.verify(mnist1d.read(reference / "frozen.npz"))


def test_exact_mode_leaves_the_global_random_state_alone():
    before = np.random.get_state()[1].copy()
    mnist1d.make_dataset(num_samples=20), mnist1d.make_dataset(num_samples=20, mode="fast")
    np.testing.assert_array_equal(np.random.get_state()[1], before)


# ------------------------------------------------------------------ verify


def test_verify_says_yes(frozen):
    report = mnist1d.verify(frozen)
    assert report and str(report) == "the published set: x, y and t have the published digests"
    assert {name: pair for name, pair in report.digests.items()} == {
        name: (digest, digest) for name, digest in PUBLISHED.items()
    }
    assert mnist1d.verify(mnist1d.load_dataset(dtype="float64"))
    assert mnist1d.verify(
        {name: frozen[name].tolist() for name in ("x", "y", "x_test", "y_test", "t")}
    )


@pytest.mark.parametrize(
    ("bend", "different"),
    [
        (lambda d: d.shuffled(), "x differs; y, t are as published"),
        (lambda d: d.reversed(), "x differs; y, t are as published"),
        (lambda d: d.with_label_noise(0.15), "y differs; x, t are as published"),
        (lambda d: d.replace(t=d.t + 1), "t differs; x, y are as published"),
        (lambda d: d.split(500), "x, y differ; t is as published"),
        (lambda d: d.subset(range(9)), "x, y differ; t is as published"),
        (lambda d: mnist1d.make_dataset(seed=43), "x, y, t differ"),
    ],
)
def test_verify_says_no_and_what_differs(frozen, bend, different):
    report = mnist1d.verify(bend(frozen))
    assert not report and str(report) == f"not the published set: {different}"
    changed = {name for name, (found, published) in report.digests.items() if found != published}
    assert changed == set(different.partition(" differ")[0].split(", "))


@pytest.mark.parametrize(
    "thing",
    [
        None,
        5,
        {},
        {"x": 1},
        [1, 2],
        "text",
        {name: "abc" for name in ("x", "y", "x_test", "y_test", "t")},
        {"x": [[1], [2, 3]]},
    ],
)
def test_verify_never_raises(thing):
    report = mnist1d.verify(thing)
    assert (
        not report
        and "not the published set: it lacks x, y, x_test, y_test or t as arrays" in str(report)
    )


@pytest.mark.parametrize(
    ("bend", "problem"),
    [
        (lambda a: {**a, "x": a["x"][:, None]}, "it lacks"),
        (lambda a: {**a, "t": a["t"][None]}, "t has the shape (1, 40), not (40,)"),
        (
            lambda a: {name: a[name].ravel() for name in ("x", "y", "x_test", "y_test", "t")},
            "x has the shape (160000,), not (4000, 40)",
        ),
        (lambda a: {**a, "x": a["x"] + 1j}, "x must hold real numbers, got complex"),
        (
            lambda a: {**a, "y": a["y"][:10], "y_test": np.append(a["y"][10:], a["y_test"])},
            "y has the shape (10,), not (4000,)",
        ),
    ],
)
def test_the_published_numbers_in_other_shapes_are_not_the_set(frozen, bend, problem):
    arrays = {name: frozen[name] for name in ("x", "y", "x_test", "y_test", "t")}
    assert mnist1d.verify(arrays)
    report = mnist1d.verify(bend(arrays))
    assert not report and problem in str(report)


@pytest.mark.parametrize("split", [0.7, 1.0])
def test_another_split_of_the_published_signals_is_not_the_set(split):
    report = mnist1d.verify(mnist1d.make_dataset(train_split=split))
    assert not report and "x has the shape" in str(report)


class Broken(dict):
    def __getitem__(self, name):
        raise RuntimeError("a damaged file")


def test_a_mapping_that_fails_is_not_the_set():
    assert "(a damaged file)" in str(mnist1d.verify(Broken()))


def test_verify_of_odd_labels_and_values(frozen):
    assert "its labels are not whole numbers from 0 to 255" in str(
        mnist1d.verify(frozen.replace(y=frozen.y - 1))
    )
    assert "its labels are not whole numbers from 0 to 255" in str(
        mnist1d.verify(frozen.replace(y=frozen.y + 0.5))
    )
    assert "its labels are not whole numbers from 0 to 255" in str(
        mnist1d.verify(frozen.replace(y=frozen.y + 256))
    )
    assert "x differs" in str(mnist1d.verify(frozen.replace(x=np.full((4000, 40), 1e300))))


def test_a_platform_with_other_digests_is_an_error(monkeypatch):
    """The words say what is the same, whether the rest is rounding, and how to go on."""
    monkeypatch.setitem(FROZEN_SHA256, "t", "0" * 64)
    with pytest.raises(mnist1d.Mnist1dError) as caught:
        mnist1d.load_dataset()
    assert "t differs; x, y are as published. Up to rounding its signals are the p" in str(
        caught.value
    )
    assert "make_dataset(dtype='float32')" in str(caught.value)


def test_a_platform_with_other_signals_is_an_error(monkeypatch):
    made = generate.make_dataset
    monkeypatch.setattr(generate, "make_dataset", lambda **given: made(seed=43, **given))
    with pytest.raises(mnist1d.Mnist1dError, match="Up to rounding its signals are not the publ"):
        mnist1d.load_dataset()


def test_one_changed_value_is_more_than_rounding(frozen):
    x = np.concatenate([frozen.x, frozen.x_test])
    assert is_close(x) and is_close(np.nextafter(x, np.float32(9)))
    x[17, 3] += 0.01
    assert not is_close(x)


# ------------------------------------------------------------------ making sets


@examples(40)
@given(configs(), own_templates(), st.sampled_from(["exact", "fast"]))
def test_any_settings(config, shapes, mode):
    data = mnist1d.make_dataset(config, templates=shapes, mode=mode)
    x, y = np.concatenate([data.x, data.x_test]), np.concatenate([data.y, data.y_test])
    assert x.shape == (config.num_samples, config.final_seq_length) and data.t.shape == (
        config.final_seq_length,
    )
    assert len(data.x) == int(config.num_samples * config.train_split)
    assert x.dtype == (np.float64 if mode == "exact" else np.float32) and np.isfinite(x).all()
    np.testing.assert_allclose([x.mean(dtype=float), x.std(dtype=float)], [0, 1], atol=1e-4)
    assert [(y == label).sum() for label in shapes.y] == [
        config.num_samples // len(shapes.y)
    ] * len(shapes.y)
    if config.shuffle_seq:
        assert sorted(data.positions.tolist()) == list(range(config.final_seq_length))
    again = mnist1d.make_dataset(config, templates=shapes, mode=mode)
    np.testing.assert_array_equal(np.concatenate([again.x, again.x_test]), x)


def test_a_remainder_is_dropped_with_a_warning():
    with pytest.warns(
        SuspiciousValueWarning,
        match="num_samples=1005 is not a multiple of 10 classes; generating 1000 signals",
    ) as caught:
        data = mnist1d.make_dataset(num_samples=1005)
    assert len(data.x) + len(data.x_test) == 1000 and caught[0].filename == __file__


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_mean_and_std_undo_the_standardisation(mode):
    data, config = (
        mnist1d.make_dataset(num_samples=100, mode=mode, seed=3),
        mnist1d.DataConfig(num_samples=100, seed=3),
    )
    draws, order = draw_exact(config) if mode == "exact" else (draw_fast(config), None)
    raw = apply(data.templates, draws, config)
    raw = raw if order is None else raw[order.samples]
    np.testing.assert_allclose(
        np.concatenate([data.x, data.x_test]) * data.std + data.mean,
        raw,
        atol=1e-14 if order else 1e-6,
    )
    np.testing.assert_allclose([data.mean, data.std], [raw.mean(), raw.std()], rtol=1e-4)
    np.testing.assert_allclose(data.t[[0, -1]] * data.std, [-5 / 6, 5 / 6], rtol=1e-6)


def test_shuffled_sets_say_where_each_position_came_from():
    plain, shuffled = (
        mnist1d.make_dataset(num_samples=100, shuffle_seq=shuffle) for shuffle in (False, True)
    )
    assert plain.positions is None
    np.testing.assert_allclose(shuffled.x, plain.x[:, shuffled.positions], atol=1e-12)
    np.testing.assert_array_equal(shuffled.t, plain.t)


BAD_TEMPLATES = [
    ({"x": [[1, 2], [3]], "t": [0, 1], "y": [0, 1]}, "rows of equal length"),
    ({"x": [[1, 2], [3, 4]], "t": [0, 1, 2], "y": [0, 1]}, r"got x \(2, 2\), t \(3,\), y \(2,\)"),
    ({"x": [[1, 2], [3, 4]], "t": [0, 1], "y": [0]}, r"got x \(2, 2\), t \(2,\), y \(1,\)"),
    ({"x": [1, 2], "t": [0, 1], "y": [0]}, r"got x \(2,\)"),
    ({"x": [], "t": [], "y": []}, r"got x \(0,\)"),
    ({"x": [[1, 2]], "y": [0]}, "'t' is missing"),
    ({"x": [["a", "b"]], "t": [0, 1], "y": [0]}, "numeric arrays"),
    ({"x": [[1, float("nan")]], "t": [0, 1], "y": [0]}, "must be finite"),
    ({"x": [[1, 2]], "t": [0, float("inf")], "y": [0]}, "must be finite"),
    (
        {"x": [[1, 2]], "t": [0, 1], "y": ["zero"]},
        r"whole numbers as labels y, .* write y=numpy.arange\(1\)",
    ),
    ({"x": [[1j, 2]], "t": [0, 1], "y": [0]}, "complex numbers are not accepted"),
    (
        {"x": [[1, 2], [3, 4]], "t": [0, 1], "y": [5, 5]},
        r"distinct labels, got y=\[5, 5\]",
    ),
    ({"x": [[1, 2]], "t": [0, 1], "y": np.array([2**63], np.uint64)}, "below 2..63, got uint64"),
    ("digits", "numeric arrays|need"),
    (5, "need"),
]


@pytest.mark.parametrize(("templates", "message"), BAD_TEMPLATES)
def test_templates_that_do_not_fit(templates, message):
    with pytest.raises(UsageError, match=f"templates .*{message}"):
        mnist1d.make_dataset(num_samples=10, templates=templates)


def test_a_dataset_reads_like_the_originals_dict(small):
    names = ["x", "y", "x_test", "y_test", "t", "templates"]
    assert list(small) == names and small.keys() == dict(small).keys() and len(small) == 6
    assert (
        small["x"] is small.x
        and small["templates"]["y"] is small.templates.y
        and dict(small)["t"] is small.t
        and small.get("x") is small.x
        and small.get("z", 3) == 3
        and "x" in small
        and "z" not in small
        and [value is small[name] for name, value in small.items()] == [True] * 6
        and list(small.values())[1] is small.y
        and small == small
        and small != small.replace()
        and len({small, small.templates}) == 2
    )
    with pytest.raises(KeyError, match="this data set holds x, y, x_test"):
        small["z"]
    with pytest.raises(KeyError, match="templates hold x, t and y"):
        small.templates["z"]
    with pytest.raises(TypeError, match=r"write data = data.replace\(y=...\), or dict\(data\)"):
        small["y"] = small.y
    assert (
        repr(small)
        == "Dataset(x(400, 40), y(400,), x_test(100, 40), y_test(100,), t(40,), float64, "
        "mode='exact')"
    )


def test_a_copy_has_arrays_of_its_own(small):
    data = mnist1d.make_dataset(num_samples=20, latents=True)
    for original in (small, data):
        copy = original.copy()
        before = [a.copy() for a in original.values() if isinstance(a, np.ndarray)]
        for array in copy.values():
            for part in array.values() if isinstance(array, mnist1d.Templates) else [array]:
                for column in part if isinstance(part, tuple) else [part]:
                    column[:] = 0
        after = [a for a in original.values() if isinstance(a, np.ndarray)]
        assert all(map(np.array_equal, before, after)) and original.templates.x.any()
    assert data.latents.padding.any() and not copy.latents.padding.any()


def test_from_a_dict(small):
    """What the original's functions return, and what users make of it."""
    old = mnist1d.data.make_dataset(mnist1d.ObjectView({"num_samples": 500, "seed": 1}))
    data = mnist1d.Dataset.from_dict(old | {"epochs": 3})
    for name in ("x", "y", "x_test", "y_test", "t"):
        np.testing.assert_array_equal(data[name], small[name])
    np.testing.assert_array_equal(data.templates.x, small.templates.x)
    bare = mnist1d.Dataset.from_dict({n: old[n] for n in ("x", "y", "x_test", "y_test", "t")})
    assert [bare.templates[name].shape for name in ("x", "t", "y")] == [(0, 0), (0,), (0,)]
    assert data.config is None and data.y.dtype == np.int64
    assert mnist1d.Dataset.from_dict(small) is small
    noisy = small.with_label_noise(0.2).split(50)
    again = mnist1d.Dataset.from_dict(dict(noisy))
    assert again.keys() == noisy.keys() == dict(noisy).keys()
    plain = {name: small[name].tolist() for name in ("x", "y", "x_test", "y_test", "t")}
    listed = mnist1d.Dataset.from_dict(plain)
    np.testing.assert_array_equal(listed.x, small.x)
    assert len(listed.templates.y) == 0 and listed.subset([1, 2]).y.max() == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": None}, "'x' is missing"),
        ({"x": [[1.0], [1.0, 2.0]]}, "a data set needs arrays of numbers: "),
        ({"x": np.zeros((5, 39))}, r"x \(5, 39\), y \(400,\) and t \(40,\) do not fit together"),
        ({"y": np.zeros(400)}, "y whole numbers, got float64 and float64"),
        (
            {"x_val": np.zeros((3, 40))},
            "x_val and y_val are needed together; one of them is missing",
        ),
        (
            {"noise_mask": np.zeros(3, bool)},
            r"noise_mask must have one row for each of 400 signals; its shape is \(3,\)",
        ),
        ({"templates": 3}, "templates must be a mapping with x, t and y"),
    ],
)
def test_a_dict_that_is_not_a_data_set(small, change, message):
    given = {name: value for name, value in (dict(small) | change).items() if value is not None}
    with pytest.raises(UsageError, match=message):
        mnist1d.Dataset.from_dict(given)


@pytest.mark.parametrize("wrong", [None, 3, [1, 2], "set.npz"])
def test_arguments_that_are_not_mappings(wrong):
    with pytest.raises(UsageError, match="must be a Dataset or a mapping with x, y, x_test"):
        mnist1d.Dataset.from_dict(wrong)


# ------------------------------------------------------------------ causes


def one_by_one(config):
    """Causes and masks of every signal in order, by the oracle: where a signal without noise is not
    what it would be without its digit."""
    draws, order, positions = oracle.draw_one_by_one(config, 10)
    shapes, found = templates(), []
    length = config.template_len + config.padding[1]
    for i in order:
        inside = [
            value != 0 for value in oracle.signal(shapes.x[draws[i]["label"]], draws[i], config)[4]
        ]
        parts = [
            oracle.interpolate([float(j == k) for k in range(length)], config.final_seq_length)
            for j in range(length)
        ]
        touched = [
            any(inside[j] and parts[j][k] > 0 for j in range(length))
            for k in range(config.final_seq_length)
        ]
        if positions is not None:
            touched = [touched[j] for j in positions]
        shift = draws[i]["shift"]
        found.append((draws[i] | {"shift": 0 if shift > length else shift % length}, touched))
    return found


@pytest.mark.parametrize(
    "knobs", [{}, {"shuffle_seq": True}, {"max_translation": 200, "padding": (0, 5)}]
)
def test_latents_are_the_causes_of_the_signals(knobs):
    config = mnist1d.DataConfig(num_samples=60, train_split=0.7, seed=3, **knobs)
    plain, data = (mnist1d.make_dataset(config, latents=latents) for latents in (False, True))
    assert plain.latents is None and plain.digit_mask is None and "latents" not in plain.keys()
    for name in plain.keys():
        if name != "templates":
            np.testing.assert_array_equal(plain[name], data[name])
    expected = one_by_one(config)
    for name in ("padding", "shift", "factor", "slope"):
        found = np.concatenate([getattr(data.latents, name), getattr(data.latents_test, name)])
        np.testing.assert_array_equal(found, [draw[name] for draw, _ in expected])
    mask = np.concatenate([data.digit_mask, data.digit_mask_test])
    np.testing.assert_array_equal(mask, [touched for _, touched in expected])
    assert 0.1 < mask.mean() < 0.9 and mask.dtype == bool
    assert data.latents.padding.dtype == np.int64 and data.latents.slope.dtype == np.float64
    assert list(data)[6:] == ["latents", "latents_test", "digit_mask", "digit_mask_test"]


def test_signals_can_be_rebuilt_from_their_causes():
    """Without noise, the causes and the class say everything."""
    quiet = {"corr_noise_scale": 0.0, "iid_noise_scale": 0.0}
    for mode in ("exact", "fast"):
        data = mnist1d.make_dataset(num_samples=200, latents=True, mode=mode, **quiet)
        zeros = np.zeros((160, data.config.working_length))
        causes = data.latents
        draws = Draws(
            data.y, causes.padding, causes.factor, causes.shift, zeros, zeros, causes.slope
        )
        raw = apply(data.templates, draws, data.config)
        np.testing.assert_allclose(data.x * data.std + data.mean, raw, atol=1e-6)


def test_causes_follow_their_signals():
    data = mnist1d.make_dataset(num_samples=100, latents=True)
    rows = {row.tobytes(): i for i, row in enumerate(data.x)}
    for bent in (
        data.split(30, seed=1),
        data.subset([3, 5]).split(4),
        data.with_label_noise(0.5).subset([1, 2], relabel=False),
    ):
        for end in ("", "_val") if bent.x_val is not None else ("",):
            index = [rows[row.tobytes()] for row in bent[f"x{end}"]]
            np.testing.assert_array_equal(bent[f"digit_mask{end}"], data.digit_mask[index])
            for one, other in zip(bent[f"latents{end}"], data.latents, strict=True):
                np.testing.assert_array_equal(one, other[index])
    backward = data.reversed()
    np.testing.assert_array_equal(backward.digit_mask_test, data.digit_mask_test[:, ::-1])
    assert backward.latents is data.latents


# ------------------------------------------------------------------ label noise


def test_label_noise_keeps_clean_labels_and_mask(frozen):
    noisy = frozen.with_label_noise(0.15, seed=3)
    np.testing.assert_array_equal(noisy.y_clean, frozen.y)
    np.testing.assert_array_equal(noisy.y[~noisy.noise_mask], frozen.y[~noisy.noise_mask])
    assert 540 <= noisy.noise_mask.sum() <= 660  # 600, give or take 2.7 standard deviations
    same = (noisy.y == frozen.y)[noisy.noise_mask].mean()
    assert 0.06 < same < 0.14  # a label redrawn is the true one in a tenth of the cases
    for untouched in ("x", "x_test", "y_test", "t"):
        assert noisy[untouched] is frozen[untouched]
    assert frozen.y_clean is None and frozen.noise_mask is None and "noise_mask" in noisy.keys()
    assert (
        np.bincount(noisy.y[noisy.noise_mask], minlength=10).min() > 35
    )  # drawn from all classes alike


@examples(30)
@given(st.floats(0, 1), st.integers(0, 2**32), st.booleans(), st.booleans())
@example(0.999, 0, True, True)  # 399.6 labels: rounded, not cut
def test_label_noise_whatever_the_rate(small, rate, seed, exact, allow_same):
    noisy, again = (
        small.with_label_noise(rate, seed, exact=exact, allow_same=allow_same) for _ in range(2)
    )
    np.testing.assert_array_equal(noisy.y, again.y)
    np.testing.assert_array_equal(noisy.noise_mask, again.noise_mask)
    if exact:
        assert noisy.noise_mask.sum() == round(400 * rate)
    if not allow_same:
        np.testing.assert_array_equal(noisy.y != noisy.y_clean, noisy.noise_mask)
    assert set(noisy.y.tolist()) <= set(range(10)) and noisy.y.dtype == np.int64


def test_label_noise_at_the_ends_and_twice(small):
    np.testing.assert_array_equal(small.with_label_noise(0).y, small.y)
    np.testing.assert_array_equal(small.with_label_noise(0.5).y, small.with_label_noise(0.5, 0).y)
    assert small.with_label_noise(1).noise_mask.all()
    twice = small.with_label_noise(1, seed=1).with_label_noise(0.2, seed=2)
    np.testing.assert_array_equal(twice.y, small.with_label_noise(0.2, seed=2).y)
    np.testing.assert_array_equal(twice.y_clean, small.y)
    assert not np.array_equal(twice.y, small.with_label_noise(0.2, seed=3).y)


def test_wrong_labels_are_wrong_alike(frozen):
    noisy = frozen.with_label_noise(1, allow_same=False)
    offsets = np.bincount((noisy.y - frozen.y) % 10, minlength=10)
    assert offsets[0] == 0 and offsets[1:].min() > 360 and offsets[1:].max() < 530  # 444 each


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), "0.1", None, True, 15])
def test_a_rate_is_a_share(small, rate):
    with pytest.raises(
        UsageError, match="a label noise rate must be a number between 0 and 1, got "
    ):
        small.with_label_noise(rate)


def test_a_wrong_label_needs_a_second_class(small):
    with pytest.raises(
        UsageError, match=r"allow_same=False needs a second class to draw from, got only \[3\]"
    ):
        small.subset([3]).with_label_noise(0.5, allow_same=False)


@pytest.mark.parametrize(
    "bend",
    [
        lambda d, s: d.with_label_noise(0.1, s),
        lambda d, s: d.split(10, s),
        lambda d, s: d.shuffled(s),
    ],
)
@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_a_seed_is_a_whole_number(small, bend, seed):
    with pytest.raises(UsageError, match="seed must be a whole number, at least 0, got "):
        bend(small, seed)


# ------------------------------------------------------------------ subsets, splits, positions


def test_subset_keeps_the_chosen_classes_everywhere(small):
    two = small.split(100).with_label_noise(0.5, seed=1).subset([7, 2])
    for x, y in (("x", "y_clean"), ("x_test", "y_test"), ("x_val", "y_val")):
        assert set(two[y].tolist()) == {2, 7} and len(two[x]) == len(two[y])
    np.testing.assert_array_equal(two.x_test, small.x_test[np.isin(small.y_test, [2, 7])])
    assert len(two.y) == len(two.noise_mask) == len(two.x)


def test_subset_relabels_in_the_given_order(small):
    plain, new = small.subset([7, 2]), small.subset([7, 2], relabel=True)
    np.testing.assert_array_equal(new.y, np.where(plain.y == 7, 0, 1))
    np.testing.assert_array_equal(new.y_test, np.where(plain.y_test == 7, 0, 1))
    np.testing.assert_array_equal(new.templates.x, small.templates.x[[7, 2]])
    assert new.templates.y.tolist() == [0, 1]
    noisy = new.with_label_noise(1, allow_same=False)
    np.testing.assert_array_equal(noisy.y, 1 - new.y)
    with pytest.raises(UsageError, match="take the subset first, then add label noise"):
        small.with_label_noise(0.5).subset([7, 2], relabel=True)


@pytest.mark.parametrize("classes", [[], [1, 1], [10], [-1], [0, 3.5], ["1"]])
def test_subset_of_what_is_not_there(small, classes):
    with pytest.raises(
        UsageError,
        match=r"subset needs distinct classes out of \[0, 1, 2, 3, 4, 5, 6, 7, 8, 9\], got ",
    ):
        small.subset(classes)


def test_soft_labels_of_a_subset_sum_to_1(small):
    soft, classes = np.random.default_rng(0).dirichlet(np.ones(10), 400), [1, 3, 7]
    part = small.replace(y_soft=soft).subset(classes, relabel=True)
    chosen = soft[np.isin(small.y, classes)][:, classes]
    np.testing.assert_allclose(part.y_soft, chosen / chosen.sum(axis=1, keepdims=True))


def test_split_moves_training_signals(small):
    split = small.split(validation=100, seed=5)
    assert (len(split.x), len(split.x_val)) == (300, 100) and split.x_test is small.x_test
    rows = {row.tobytes(): label for row, label in zip(small.x, small.y, strict=True)}
    parts = [(split.x, split.y), (split.x_val, split.y_val)]
    found = {row.tobytes(): label for x, y in parts for row, label in zip(x, y, strict=True)}
    assert found == rows and len(rows) == 400
    share = small.split(0.25, seed=5)
    np.testing.assert_array_equal(share.x_val, split.x_val)
    assert not np.array_equal(small.split(100, seed=6).x_val, split.x_val)
    np.testing.assert_array_equal(small.split(100).x_val, small.split(100, seed=0).x_val)
    assert list(split)[-2:] == ["x_val", "y_val"]


def test_split_validates_on_clean_labels(small):
    noisy = small.with_label_noise(1, allow_same=False, seed=1)
    split = noisy.split(100, seed=5)
    np.testing.assert_array_equal(split.y_val, small.split(100, seed=5).y_val)
    assert len(split.y_clean) == len(split.noise_mask) == 300 and (split.y != split.y_clean).all()


@pytest.mark.parametrize("validation", [1, 399])
def test_one_signal_on_a_side_is_enough(small, validation):
    split = small.split(validation)
    assert (len(split.x_val), len(split.x)) == (validation, 400 - validation)


@pytest.mark.parametrize(
    "validation", [0, -1, 400, 401, 0.0, 1.0, 1.5, 500.0, float("nan"), "100", None, True, 1e-9]
)
def test_split_leaves_something_on_both_sides(small, validation):
    with pytest.raises(
        UsageError,
        match=(
            "validation must leave signals on both sides: between 1 and 399, or a fraction "
            "below 1; got "
        ),
    ):
        small.split(validation)


def test_a_split_set_is_not_split_again(small):
    with pytest.raises(
        UsageError, match="has 100 validation signals already: split the set it came from"
    ):
        small.split(100).split(100)


def test_positions_follow_every_permutation(small):
    split = small.split(50)
    for bent in (
        split.shuffled(seed=1),
        split.reversed(),
        split.shuffled(2).reversed().shuffled(3),
    ):
        for name in ("x", "x_test", "x_val"):
            np.testing.assert_array_equal(bent[name], split[name][:, bent.positions])
        for name in ("y", "y_test", "t"):
            assert bent[name] is split[name]
    np.testing.assert_array_equal(split.reversed().x, split.x[:, ::-1])
    np.testing.assert_array_equal(split.reversed().reversed().x, split.x)
    assert not np.array_equal(split.shuffled(1).positions, split.shuffled(2).positions)
    made = mnist1d.make_dataset(num_samples=20, shuffle_seq=True)
    np.testing.assert_array_equal(made.reversed().positions, made.positions[::-1])


# ------------------------------------------------------------------ explain


def test_explain_takes_other_settings():
    config = mnist1d.DataConfig(
        padding=(3, 3), template_len=9, final_seq_length=7, num_samples=10, iid_noise_scale=0
    )
    stages = mnist1d.explain(digit=0, seed=1, config=config)
    assert [len(stage.x) for stage in stages] == [12, 15, 12, 12, 12, 12, 12, 12, 7]
    np.testing.assert_array_equal(stages[5].x, stages[6].x)  # no white noise
    assert stages[1].text == "3 zeros are appended." and json.dumps(stages[0].t.tolist())
    with pytest.raises(UsageError, match="seed must be"):
        mnist1d.explain(seed=-1)


def test_a_subset_whose_noise_changed_no_label_is_relabelled():
    noisy = mnist1d.make_dataset(num_samples=200).with_label_noise(0.0)
    assert set(noisy.subset([3, 7], relabel=True).y) == {0, 1}
