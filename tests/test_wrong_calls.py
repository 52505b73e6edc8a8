"""Every public function of the data side, with every kind of wrong value for every argument: the
answer is this package's own error, in one line, never another package's exception."""

import warnings

import numpy as np
import pytest

import mnist1d
from mnist1d import DataConfig, Dataset, Mnist1dError, files, shifts
from mnist1d.digests import verify
from mnist1d.draws import draw_fast


class Unprintable:
    """An object whose repr fails, with external code."""

    def __repr__(self):
        raise RuntimeError("repr")


SMALL = mnist1d.make_dataset(num_samples=40, latents=True)
THINGS = [
    None, True, np.bool_(False), 0, -1, 1, 3, 2**63, -(2**64), 10**300, 10**5000, 1.5, -0.0, 1e-300,
    1e160, float("nan"), float("inf"), 1j, "", "x", "no", "0", "a\0b", "\ud800", b"x",
    bytearray(b"x"), [], [1, 2], (1, 2), (1, 2, 3), {}, {"x": 1}, {"seed": 3}, set(),
    frozenset({1}), range(3), np.ones(3), np.ones((2, 2)), np.array(3), np.array("a"),
    np.float32(2), np.int8(3), np.uint64(2**63), np.array([None]), np.ma.masked,
    np.datetime64("2020"), object(), Unprintable(), len, int, np.dtype("f4"), [[1], [2, 3]],
    "nowhere/x.npz", "/", "a" * 300 + ".npz", SMALL, SMALL.templates, SMALL.latents, DataConfig(),
    iter([1]), Ellipsis, NotImplemented, ValueError("x"),
]  # fmt: skip
KNOBS = list(DataConfig.__dataclass_fields__)


def legacy(name, value):
    args = mnist1d.get_dataset_args()
    args.num_samples = 20
    setattr(args, name, value)
    mnist1d.data.make_dataset(args)


def with_template(name, value):
    given = {"x": [[1.0, 2.0]], "t": [0, 1], "y": [0], name: value}
    mnist1d.make_dataset(num_samples=10, templates=given)


def by_name(function, names, **others):
    """Calls of a function with a value for one argument, the others as given."""
    return {
        f"{getattr(function, '__qualname__', function)}({name}=)": lambda v, name=name: function(
            **{**others, name: v}
        )
        for name in names
    }


def sized(**knobs):
    return mnist1d.make_dataset(**{"num_samples": 20, **knobs})


DOORS = {
    **by_name(DataConfig, KNOBS),
    **by_name(DataConfig().replace, KNOBS),
    **by_name(sized, [*KNOBS, "config", "mode", "dtype", "templates", "latents"]),
    **by_name(mnist1d.load_dataset, ["dtype", "latents"]),
    **by_name(mnist1d.explain, ["digit", "seed", "config"]),
    **by_name(
        mnist1d.load_mnist1d, ["split", "return_X_y", "as_frame", "layout", "dtype", "latents"]
    ),
    **by_name(mnist1d.make_mnist1d, ["n_samples", "layout", "mode", "dtype", "random_state"]),
    **by_name(SMALL.with_label_noise, ["rate", "seed", "exact", "allow_same"], **{"rate": 0.1}),
    **by_name(SMALL.subset, ["classes", "relabel"], **{"classes": [1, 2]}),
    **by_name(SMALL.split, ["validation", "seed"], **{"validation": 3}),
    **by_name(SMALL.standardise, ["mean", "std"], **{"mean": 0, "std": 1}),
    **by_name(SMALL.shuffled, ["seed"]),
    **by_name(shifts.shift_config, ["name", "severity", "config"], **{"name": "noisier"}),
    **by_name(shifts.read_ceiling, ["name", "severity"], **{"name": "noisier"}),
    **by_name(draw_fast, ["config", "num_classes", "start", "stop"], config=DataConfig(), stop=5),
    **{f"templates[{n!r}]": lambda v, n=n: with_template(n, v) for n in ("x", "t", "y")},
    **{
        f"from_dict, {name}": lambda v, name=name: Dataset.from_dict({**dict(SMALL), name: v})
        for name in (
            "x",
            "y",
            "x_test",
            "y_test",
            "t",
            "templates",
            "x_val",
            "y_clean",
            "noise_mask",
        )
    },
    **{f"args.{name}": lambda v, name=name: legacy(name, v) for name in KNOBS},
    "args": lambda v: mnist1d.data.make_dataset(v) if v is not None else None,
    "template": lambda v: mnist1d.data.make_dataset(mnist1d.ObjectView({"num_samples": 20}), v),
    "from_dict": Dataset.from_dict,
    "from_json": DataConfig.from_json,
    "verify": lambda v: verify(v) and None,
    "read": mnist1d.read,
    "from_pickle": mnist1d.from_pickle,
    "from_pickle(trusted=)": lambda v: mnist1d.from_pickle("nowhere", trusted=v),
    "save, path": lambda v: SMALL.save(v),
    "save, data": lambda v: files.save(v, "a.npz"),
    "to_pickle": lambda v: mnist1d.to_pickle([1], v),
    "get_dataset(path=)": lambda v: mnist1d.get_dataset(
        mnist1d.ObjectView({"num_samples": 20}), path=v, download=False, verbose=False
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("door", DOORS)
def test_wrong_things_are_answered_in_our_words(tmp_path, monkeypatch, door):
    monkeypatch.chdir(tmp_path)
    wrong = []
    for thing in THINGS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                DOORS[door](thing)
        except Mnist1dError as error:
            if len(str(error)) > 1000 or "\n" in str(error).strip():
                wrong.append((type(thing), "too long an error"))
        except Exception as error:
            wrong.append((type(thing), f"{type(error).__name__}: {error}"))
    assert not wrong, wrong[:5]


def test_a_missing_name_is_a_key_error():
    """As of every mapping."""
    for thing in THINGS:
        for mapping in (SMALL, SMALL.templates):
            if not isinstance(thing, str) or thing not in ("x", "t", "y"):
                with pytest.raises(KeyError):
                    mapping[thing]


def test_there_are_many():
    assert len(DOORS) * len(THINGS) > 5000
