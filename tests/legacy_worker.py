"""Run by test_legacy.py in a process of its own: cells as users of the original package write them,
on whichever package comes first.

Each cell returns what its user would look at. Arguments: the npz file to write. The working folder
is empty.
"""

import collections
import copy
import importlib.util
import os
import pickle
import random
import stat
import sys
import threading
import tty
import types

import numpy as np

import mnist1d

CELLS = []


def cell(function):
    CELLS.append(function)
    return function


@cell
def generated_where_there_is_no_file():
    args = mnist1d.data.get_dataset_args()
    args.num_samples = 400
    args.train_split = 0.5
    args.corr_noise_scale = 0.3
    data = mnist1d.data.get_dataset(args, path="./first.pkl", download=False, regenerate=False)
    again = mnist1d.data.get_dataset(args, path="./first.pkl", download=False, regenerate=False)
    return [
        data["x"],
        data["y"],
        data["x_test"],
        data["y_test"],
        data["t"],
        again["x"],
        np.array(list(data)),
    ]


@cell
def made_anew_with_random_labels():
    args = mnist1d.get_dataset_args()
    args.num_samples = 300
    args.seed = 1
    data = mnist1d.get_dataset(args, path="./first.pkl", download=False, regenerate=True)
    for i in range(len(data["y"])):  # on the state that the generator leaves behind
        if random.random() < 0.15:
            data["y"][i] = random.randint(0, 9)
    data["x"] -= data["x"].mean(0)
    return [
        data["x"],
        data["y"],
        np.random.permutation(10),
        mnist1d.from_pickle("./first.pkl")["y"],
    ]


@cell
def own_templates_and_settings_from_a_dict():
    settings = mnist1d.data.get_dataset_args(as_dict=True)
    settings.update(num_samples=60, shuffle_seq=True, padding=[5, 9])
    templates = mnist1d.data.get_templates()
    templates["x"] = templates["x"][:, ::-1].copy()
    data = mnist1d.data.make_dataset(mnist1d.utils.ObjectView(settings), template=templates)
    return [
        data["x"],
        data["x_test"],
        data["t"],
        data["templates"]["x"],
        np.array(sorted(settings)),
    ]


@cell
def settings_as_a_class():
    class Settings:
        num_samples, train_split, template_len, padding, scale_coeff = 50, 0.8, 12, [36, 60], 0.4
        max_translation, corr_noise_scale, iid_noise_scale, shear_scale = 48, 0.25, 2e-2, 0.75
        shuffle_seq, final_seq_length, seed, url = False, 20, 3, ""

    return [
        mnist1d.data.make_dataset(Settings)["x"],
        mnist1d.data.make_dataset(Settings())["x_test"],
    ]


@cell
def one_signal_at_a_time():
    templates, args = mnist1d.get_templates(), mnist1d.get_dataset_args()
    mnist1d.set_seed(5)
    signals = [mnist1d.transform(x, templates["t"], args) for x in templates["x"]]
    return [
        np.stack([x for x, _ in signals]),
        np.stack([t for _, t in signals]),
        np.random.rand(2),
        np.array(random.random()),
    ]


@cell
def every_step_alone():
    from mnist1d.transform import (
        corr_noise_like,
        iid_noise_like,
        interpolate,
        pad,
        shear,
        transform,
        translate,
    )

    x, many = mnist1d.data.get_templates()["x"][3], mnist1d.data.get_templates()["x"]
    mnist1d.utils.set_seed(6)
    args = mnist1d.get_dataset_args()
    results = [
        pad(x, (3, 9)),
        pad(x, [4, 4]),
        pad(many, (3, 9)),
        shear(x),
        shear(x, 2),
        shear(x, scale=0.5),
    ]
    results += [translate(x, 12) for _ in range(5)] + [
        translate(x, 1),
        translate(x, 100),
        translate(x, 13),
    ]
    results += [
        corr_noise_like(x, 0.25),
        corr_noise_like(many, 0.25),
        iid_noise_like(x, 0.02),
        iid_noise_like(many, 1),
    ]
    results += [
        interpolate(x, 40),
        interpolate(x, 5),
        interpolate(many.T, 30),
        interpolate(x.tolist(), 7),
        *transform(x, x, args, eps=1e-6),
    ]
    return results


@cell
def copies_and_pickles():
    args = mnist1d.get_dataset_args()
    args.num_samples, args.note = 20, "mine"
    data = mnist1d.data.make_dataset(args)
    deep = copy.deepcopy(data)
    deep["x"][:] = 0
    mnist1d.to_pickle({"data": data, "history": [0.1, 0.2], "args": args}, "./results.pkl")
    results = mnist1d.utils.from_pickle("./results.pkl")
    args.__dict__["extra"] = 1
    return [
        data["x"],
        results["data"]["x"],
        np.array(results["history"]),
        np.array([results["args"].note, str(args.extra), str(vars(args)["seed"])]),
    ]


@cell
def a_row_of_plots():
    data = mnist1d.data.make_dataset(
        mnist1d.ObjectView({**mnist1d.get_dataset_args(as_dict=True), "num_samples": 20})
    )
    templates, args = mnist1d.get_templates(), mnist1d.get_dataset_args()
    mnist1d.set_seed(0)
    figures = [
        mnist1d.plot_signals(
            data["x"], data["t"], labels=data["y"], ratio=2.2, dark_mode=True, zoom=5
        ),
        mnist1d.plot_signals(
            templates["x"], templates["t"], templates["y"], args=args, do_transform=True
        ),
    ]
    lines = [ax.lines[0] for figure in figures for ax in figure.axes]
    texts = np.array([ax.get_title() for figure in figures for ax in figure.axes])
    limits = np.array([ax.get_xlim() + ax.get_ylim() for figure in figures for ax in figure.axes])
    return [
        np.stack([line.get_xdata() for line in lines]),
        np.stack([line.get_ydata() for line in lines]).round(12),
        texts,
        limits,
    ]


def settings(**values):
    args = mnist1d.get_dataset_args()
    args.num_samples = 60
    for name, value in values.items():
        setattr(args, name, value)
    return args


def arrays_of(data):
    return [data[name] for name in ("x", "x_test", "y", "y_test", "t")]


@cell
def files_that_are_links_or_private():
    for name in ("target.pkl", "twin.pkl", "private.pkl"):
        mnist1d.to_pickle([0], name)
    os.symlink("target.pkl", "link.pkl")
    os.symlink("later.pkl", "dangling.pkl")
    os.link("twin.pkl", "other.pkl")
    os.chmod("private.pkl", 0o600)
    for name in ("link.pkl", "twin.pkl", "private.pkl", "dangling.pkl"):
        mnist1d.to_pickle([1, 2], name)
    names = ("target.pkl", "link.pkl", "twin.pkl", "other.pkl", "private.pkl", "later.pkl")
    contents = [mnist1d.from_pickle(name) for name in names]
    kinds = [os.path.islink("link.pkl"), os.path.islink("dangling.pkl")]
    kinds += [os.path.samefile("twin.pkl", "other.pkl"), os.stat("private.pkl").st_mode]
    return [np.array(contents), np.array(kinds)]


@cell
def a_pipe():
    os.mkfifo("pipe")
    received = []
    reader = threading.Thread(target=lambda: received.append(mnist1d.from_pickle("pipe")))
    reader.start()
    mnist1d.to_pickle({"a": list(range(50_000))}, "pipe")
    reader.join()
    return [np.array(received[0]["a"]), np.array(stat.S_ISFIFO(os.stat("pipe").st_mode))]


@cell
def a_device():
    reading, device = os.openpty()
    tty.setraw(device)  # bytes arrive as they were written
    path, before = os.ttyname(device), os.stat(device)
    mnist1d.to_pickle([1, 2, 3], path)
    received = pickle.loads(os.read(reading, 1000))
    after = os.stat(path)
    return [
        np.array(received),
        np.array([stat.S_ISCHR(after.st_mode), after.st_ino == before.st_ino]),
    ]


@cell
def tensors_and_state_dicts():
    if importlib.util.find_spec("torch") is None:
        return []
    import torch

    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    mnist1d.to_pickle([torch.arange(4), torch.eye(2).double(), layer.state_dict()], "tensors.pkl")
    *tensors, state = mnist1d.from_pickle("tensors.pkl")
    layer.load_state_dict(state)
    return [*tensors, *state.values(), np.array([*state, type(state).__name__])]


@cell
def the_download_leaves_the_random_state():
    frozen = pickle.dumps(mnist1d.data.make_dataset())
    if hasattr(mnist1d.data, "requests"):  # the original's network
        answer = types.SimpleNamespace(content=frozen)
        mnist1d.data.requests = types.SimpleNamespace(get=lambda *_, **__: answer)
    mnist1d.set_seed(11)
    np.random.randn(3), random.random()
    data = mnist1d.get_dataset(mnist1d.get_dataset_args(), path="./downloaded.pkl")
    return [*arrays_of(data), np.random.randn(4), np.random.rand(2), np.array(random.random())]


@cell
def pickles_of_many_kinds():
    things = [
        {1, 2}, frozenset({3}), range(3), 1 + 2j, bytearray(b"ab"), b"ab", slice(1, 2), 10**30,
        None, collections.OrderedDict(a=1), collections.defaultdict(list, {"a": [1]}),
        collections.Counter("aab"), collections.deque([1]), np.float32(2), np.array(["a"]),
        np.arange(3) > 1, np.array([None, {1}], dtype=object), len, np.float64, Model(3),
    ]  # fmt: skip
    mnist1d.to_pickle(things, "things.pkl")
    return [
        np.array([type(thing).__name__ + str(thing) for thing in mnist1d.from_pickle("things.pkl")])
    ]


class Model:
    """A class of the notebook's own: cell 42 of the lottery notebook reads such a pickle."""

    def __init__(self, size):
        self.size = size

    def __str__(self):
        return f"of size {self.size}"


@cell
def keywords_that_mean_nothing():
    mnist1d.get_dataset(settings(), path="./some.pkl", download=False)
    data = mnist1d.get_dataset(settings(), path="./some.pkl", force_download=True, path_to_data=".")
    return arrays_of(data)


@cell
def a_fresh_seed():
    one, other = (mnist1d.data.make_dataset(settings(seed=None)) for _ in range(2))
    return [np.array(one["x"].shape), np.array((one["x"] == other["x"]).any()), one["y"][:0]]


@cell
def one_point():
    return arrays_of(mnist1d.data.make_dataset(settings(final_seq_length=1)))


@cell
def train_splits_beyond_the_ends():
    return [
        array
        for split in (1.5, 1, 0, -0.2, np.float32(0.5))
        for array in arrays_of(mnist1d.data.make_dataset(settings(train_split=split)))
    ]


@cell
def whatever_is_true_shuffles():
    return [
        mnist1d.data.make_dataset(settings(shuffle_seq=value))["x"]
        for value in ("yes", 2, 1.0, [0], "", 0, None, [])
    ]


@cell
def functions_that_were_replaced():
    steps, results = sys.modules["mnist1d.transform"], []
    templates = mnist1d.get_templates()
    mine = {"x": templates["x"][:3, ::-1].copy(), "t": templates["t"], "y": np.array([7, 8, 9])}
    places = [
        (mnist1d.data, "get_templates", lambda: mine),
        (
            mnist1d.data,
            "transform",
            lambda x, t, _: (np.resize(x, 40) + np.random.rand(), 2 * np.resize(t, 40)),
        ),
        (mnist1d.data, "set_seed", lambda seed: np.random.seed(seed + 1)),
        (steps, "pad", lambda x, padding: np.concatenate([x, np.zeros(40)])),
        (steps, "translate", lambda x, k: x),
        (steps, "shear", lambda x, scale=10: x * 2),
        (steps, "corr_noise_like", lambda x, scale: np.zeros_like(x)),
        (steps, "iid_noise_like", lambda x, scale: scale * np.random.rand(*x.shape)),
    ]
    for module, name, replacement in places:
        before = getattr(module, name)
        setattr(module, name, replacement)
        for shuffle in (False, True):
            results += arrays_of(mnist1d.data.make_dataset(settings(shuffle_seq=shuffle)))
        setattr(module, name, before)
    return [*results, *arrays_of(mnist1d.data.make_dataset(settings()))]


if __name__ == "__main__":
    arrays = {"module": np.array(mnist1d.__file__)}
    for function in CELLS:
        arrays |= {
            f"{function.__name__}/{i}": np.asarray(result) for i, result in enumerate(function())
        }
    np.savez(sys.argv[1], **arrays)
