"""The original's names: notebook cells give the same results as with the original, and its traps
give a warning."""

import argparse
import os
import pickle
import socket
import warnings

import numpy as np
import pytest

import mnist1d
from benchmarks import peer as original
from benchmarks.peer import ROOT
from mnist1d import FileFormatError, SuspiciousValueWarning, UsageError
from mnist1d.data import get_dataset, get_dataset_args, get_templates, make_dataset
from mnist1d.utils import ObjectView, to_pickle


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a connexion was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def small_args(**values):
    args = get_dataset_args()
    args.num_samples = 100
    for name, value in values.items():
        setattr(args, name, value)
    return args


# ------------------------------------------------------------------ the same as the original


def cells(path, tmp_path, monkeypatch, name):
    pytest.importorskip("matplotlib", reason="one of the cells plots")
    (tmp_path / name).mkdir()
    result = tmp_path / f"{name}.npz"
    monkeypatch.chdir(tmp_path / name)  # the process begins here
    original.run(
        ROOT / "tests" / "legacy_worker.py", str(result), path=path, PYTHONWARNINGS="ignore"
    )
    with np.load(result) as made:
        arrays = {key: made[key] for key in made.files}
    assert str(arrays.pop("module")).startswith(str(path))
    return arrays


def test_cells_of_users_run_unchanged_and_give_the_same(peer, tmp_path, monkeypatch):
    theirs, ours = (
        cells(path, tmp_path, monkeypatch, name)
        for name, path in {"peer": peer, "ours": ROOT / "src"}.items()
    )
    assert list(theirs) == list(ours) and len(theirs) > 40
    different = [
        name
        for name in theirs
        if theirs[name].dtype != ours[name].dtype or not np.array_equal(theirs[name], ours[name])
    ]
    assert not different


def test_cells_of_users_run(tmp_path, monkeypatch):
    assert len(cells(ROOT / "src", tmp_path, monkeypatch, "ours")) > 40


MAKE = """
import pickle, sys
from mnist1d.data import get_dataset_args, make_dataset
args = get_dataset_args()
args.num_samples = 100
with open(sys.argv[1], "wb") as file:
    pickle.dump(make_dataset(args), file)
"""


def test_the_originals_own_dict_is_a_data_set(peer, tmp_path):
    script, path = tmp_path / "make.py", tmp_path / "old.pkl"
    script.write_text(MAKE)
    original.run(script, str(path), path=peer)
    with path.open("rb") as file:
        old = pickle.load(file)
    data = mnist1d.Dataset.from_dict(old)
    for mapping in (data, data.copy(), mnist1d.make_dataset(num_samples=100)):
        assert set(mapping) == set(old) and len(mapping) == len(old)
        for name in ("x", "x_test", "y", "y_test", "t"):
            assert mapping.get(name).tobytes() == old[name].tobytes()
        templates = dict(mapping.items())["templates"].copy()
        assert all(np.array_equal(templates[name], old["templates"][name]) for name in "xty")
    pytest.importorskip("torch")
    from mnist1d.adapters.torch import MNIST1D

    assert MNIST1D(data=old).targets.tolist() == old["y"].tolist()


def test_the_names_are_there():
    for name in (
        "get_dataset",
        "get_dataset_args",
        "get_templates",
        "to_pickle",
        "from_pickle",
        "ObjectView",
        "set_seed",
        "plot_signals",
        "transform",
    ):
        assert callable(getattr(mnist1d, name))
    for name in (
        "get_dataset",
        "get_dataset_args",
        "get_templates",
        "make_dataset",
        "transform",
        "ObjectView",
        "from_pickle",
        "to_pickle",
        "set_seed",
    ):
        assert callable(getattr(mnist1d.data, name))
    for name in (
        "pad",
        "shear",
        "translate",
        "corr_noise_like",
        "iid_noise_like",
        "interpolate",
        "transform",
    ):
        assert callable(getattr(__import__("mnist1d.transform", fromlist=[name]), name))
    for name in ("set_seed", "to_pickle", "from_pickle", "ObjectView", "plot_signals"):
        assert callable(getattr(mnist1d.utils, name))


def test_default_arguments():
    args = get_dataset_args()
    assert (
        args.padding == [36, 60]
        and isinstance(args.padding, list)
        and args.url.startswith("https://")
    )
    assert get_dataset_args(as_dict=True) == vars(args)
    args.seed = 7
    assert get_dataset_args().seed == 42


# ------------------------------------------------------------------ the file


def test_the_frozen_set_without_a_network(capsys):
    data = get_dataset(args=get_dataset_args())
    assert mnist1d.verify(data) and os.listdir() == ["mnist1d_data.pkl"]
    assert "the frozen data set" in capsys.readouterr().out
    assert (
        mnist1d.verify(get_dataset(args=get_dataset_args(), verbose=False))
        and capsys.readouterr().out == ""
    )
    with open("mnist1d_data.pkl", "rb") as file:
        assert mnist1d.verify(pickle.load(file))  # the original reads it


def test_a_missing_file_is_made_from_the_settings(capsys):
    data = get_dataset(small_args(), path="./mine.pkl", download=False, regenerate=False)
    assert (
        data["x"].shape == (80, 40)
        and os.listdir() == ["mine.pkl"]
        and "Made a data set" in capsys.readouterr().out
    )
    again = get_dataset(small_args(), path="./mine.pkl", download=False)
    np.testing.assert_array_equal(again["x"], data["x"])
    assert "Successfully loaded data from ./mine.pkl" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changed",
    [
        {"num_samples": 200}, {"train_split": 0.5}, {"shuffle_seq": True}, {"scale_coeff": 0.5},
        {"max_translation": 10}, {"seed": 1}, {"padding": [30, 60]}, {"corr_noise_scale": 0.1},
        {"iid_noise_scale": 0.1}, {"shear_scale": 0.1}, {"final_seq_length": 20},
    ],
)  # fmt: skip
def test_a_file_with_other_settings_wins_with_a_warning(changed):
    first = get_dataset(small_args(), download=False, verbose=False)
    with pytest.warns(
        SuspiciousValueWarning,
        match="does not match the settings, because the file ./mnist1d_data.pkl holds another set",
    ) as caught:
        data = get_dataset(small_args(**changed), download=False, verbose=False)
    np.testing.assert_array_equal(data["x"], first["x"])
    assert (
        "pass download=False and regenerate=True to make it" in str(caught[0].message)
        and caught[0].filename == __file__
    )
    fresh = get_dataset(small_args(**changed), download=False, regenerate=True, verbose=False)
    assert not np.array_equal(fresh["x"], first["x"]) or len(fresh["x_test"]) != len(
        first["x_test"]
    )
    get_dataset(small_args(**changed), download=False, verbose=False)  # no warning now


def test_download_gives_the_frozen_set_with_a_warning():
    with pytest.warns(
        SuspiciousValueWarning,
        match=r"does not match the settings, because download=True gives the frozen set",
    ):
        data = get_dataset(small_args(), verbose=False)
    assert mnist1d.verify(data)


def test_own_templates_are_part_of_what_is_asked_for():
    mine = {"x": np.eye(4, 12), "t": np.arange(12.0), "y": np.arange(4)}
    get_dataset(small_args(), download=False, verbose=False, template=mine)
    get_dataset(small_args(), download=False, verbose=False, template=mine)
    with pytest.warns(SuspiciousValueWarning, match="holds another set"):
        get_dataset(small_args(), download=False, verbose=False)


def test_unknown_keywords_give_a_warning():
    with pytest.warns(SuspiciousValueWarning) as caught:
        get_dataset(small_args(), download=False, verbose=False, force_download=True, pth=".")
    assert [str(w.message) for w in caught] == [
        "get_dataset has no argument 'force_download'; it is ignored",
        "get_dataset has no argument 'pth'; it is ignored",
    ]
    assert {w.filename for w in caught} == {__file__}


def test_a_fresh_seed_is_asked_for_by_any_file():
    get_dataset(small_args(seed=None), download=False, verbose=False)
    get_dataset(small_args(seed=None), download=False, verbose=False)  # no warning


@pytest.mark.parametrize(
    ("split", "sizes"), [(1.5, (100, 0)), (1, (100, 0)), (-0.2, (80, 20)), (-3, (0, 100))]
)
def test_a_split_beyond_the_ends_works_with_a_warning(split, sizes):
    warned = [] if split == 1 else [True]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = make_dataset(small_args(train_split=split))
    assert (len(data["x"]), len(data["x_test"])) == (len(data["y"]), len(data["y_test"])) == sizes
    assert len(caught) == len(warned)


@pytest.mark.parametrize("split", [float("nan"), "0.8", None, True, [1]])
def test_a_split_that_is_not_a_number(split):
    with pytest.raises(UsageError, match="train_split must be a number"):
        make_dataset(small_args(train_split=split))


def test_looking_at_the_file_leaves_the_random_state_alone():
    get_dataset(small_args(), download=False, verbose=False)
    mnist1d.set_seed(9)
    expected = np.random.rand()
    mnist1d.set_seed(9)
    get_dataset(small_args(), download=False, verbose=False)
    assert np.random.rand() == expected


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"\x80\x03}q\x00X", b"cos\nsystem\n(S'touch mark'\ntR."]
)
def test_a_bad_file_is_an_error_and_stays(content):
    with open("mnist1d_data.pkl", "wb") as file:
        file.write(content)
    for download in (False, True):
        with pytest.raises(FileFormatError):
            get_dataset(small_args(), download=download)
    assert os.listdir() == ["mnist1d_data.pkl"]
    with open("mnist1d_data.pkl", "rb") as file:
        assert file.read() == content


def test_a_file_of_something_else_comes_back_with_a_warning():
    to_pickle([1, 2, 3], "mnist1d_data.pkl")
    with pytest.warns(SuspiciousValueWarning, match="holds another set"):
        assert get_dataset(small_args(), download=False, verbose=False) == [1, 2, 3]


def test_download_and_regenerate_exclude_each_other():
    with pytest.raises(AssertionError, match="exclude each other"):
        get_dataset(small_args(), regenerate=True)


# ------------------------------------------------------------------ settings


def test_settings_may_come_in_any_form():
    expected = make_dataset(small_args())["x"]
    as_dict = vars(small_args())
    for args in (
        as_dict,
        argparse.Namespace(**as_dict),
        type("Settings", (), as_dict),
        ObjectView({"num_samples": 100}),
    ):
        np.testing.assert_array_equal(make_dataset(args)["x"], expected)
    assert make_dataset()["x"].shape == (4000, 40)
    with pytest.raises(UsageError, match="args must have the settings as attributes"):
        make_dataset(3)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("num_sample", "num_samples"),
        ("scale_coef", "scale_coeff"),
        ("shuffle_sequence", "shuffle_seq"),
    ],
)
def test_a_misspelled_setting_gives_a_warning(wrong, near):
    with pytest.warns(
        SuspiciousValueWarning, match=f"the setting '{wrong}' is not used: did you mean '{near}'?"
    ) as caught:
        make_dataset(small_args(**{wrong: 1}))
    assert caught[0].filename == __file__


def test_other_attributes_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_dataset(
            small_args(
                learning_rate=1e-2, batch_size=100, device="cpu", total_steps=6000, hidden_size=256
            )
        )


def test_a_suspicious_or_illegal_setting():
    with pytest.warns(
        SuspiciousValueWarning,
        match="scale_coeff=4 is legal but outside the usual range 0 to 2; the default is 0.4",
    ):
        make_dataset(small_args(scale_coeff=4))
    with pytest.raises(UsageError, match=r"write padding=\(36, 60\)"):
        make_dataset(small_args(padding=[60, 36]))
    with pytest.raises(UsageError, match="rows of equal length"):
        make_dataset(small_args(), template={"x": [[1], [1, 2]], "t": [1], "y": [1, 2]})


def test_the_old_make_dataset_gives_the_new_ones_signals():
    old, new = make_dataset(small_args(seed=3)), mnist1d.make_dataset(num_samples=100, seed=3)
    assert isinstance(old, dict) and list(old) == ["x", "x_test", "y", "y_test", "t", "templates"]
    for name in ("x", "x_test", "y", "y_test", "t"):
        np.testing.assert_array_equal(old[name], new[name])
    assert isinstance(get_templates(), dict) and list(get_templates()) == ["x", "t", "y"]


def test_plot_signals_needs_settings_to_transform():
    pytest.importorskip("matplotlib", reason="plots need matplotlib, which is optional")
    with pytest.raises(AssertionError, match="do_transform needs the settings"):
        mnist1d.plot_signals([], [], do_transform=True)
