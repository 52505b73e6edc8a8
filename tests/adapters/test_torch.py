"""PyTorch's adapter: torchvision's convention, and a stream that repeats nothing and loses
nothing."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="PyTorch is optional; its adapter is tested where it is installed"
)

from torch.utils.data import DataLoader  # noqa: E402

import mnist1d  # noqa: E402
from mnist1d.adapters.torch import MNIST1D, MNIST1DStream, batches  # noqa: E402
from mnist1d.errors import UsageError  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:This DataLoader will create:UserWarning"
    ),  # three workers on two cores, on purpose
    pytest.mark.filterwarnings(
        "ignore:.*os.fork:RuntimeWarning"
    ),  # JAX may be loaded; these workers leave it alone
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def signals(loader):
    x, y = zip(*loader, strict=True)
    return torch.cat(x).numpy(), torch.cat(y).numpy()


def as_multiset(x):
    return sorted(row.tobytes() for row in x)


def test_dataset_follows_torchvision():
    frozen = mnist1d.load_dataset()
    train, test = MNIST1D(), MNIST1D("anywhere", False, download=True)
    assert (len(train), len(test)) == (4000, 1000)
    assert train.data.dtype == torch.float32 and train.targets.dtype == torch.int64
    assert train.classes == [str(i) for i in range(10)]
    np.testing.assert_array_equal(test.data.numpy(), frozen.x_test)
    x, y = train[7]
    assert x.shape == (40,) and isinstance(y, int) and y == frozen.y[7]


def test_transforms_and_layouts():
    data = MNIST1D(transform=lambda x: 2 * x, target_transform=lambda y: -y, layout="ncl")
    x, y = data[3]
    assert x.shape == (1, 40) and y == -int(data.targets[3])
    torch.testing.assert_close(x[0], 2 * data.data[3])
    assert MNIST1D(layout="nlc").tensors()[0].shape == (4000, 40, 1)


def test_batched_fetch_equals_single_fetch():
    data = MNIST1D()
    (x, y), *_ = DataLoader(data, batch_size=64)
    assert x.shape == (64, 40)
    torch.testing.assert_close(x, torch.stack([data[i][0] for i in range(64)]))
    assert y.tolist() == [data[i][1] for i in range(64)]


def test_batches_cover_an_epoch_once():
    x, y = MNIST1D().tensors()
    seen = torch.cat(
        [batch for batch, _ in batches(x, y, 300, generator=torch.Generator().manual_seed(0))]
    )
    assert as_multiset(seen.numpy()) == as_multiset(x.numpy())
    assert not torch.equal(seen, x)
    assert len(list(batches(x, y, 300, drop_last=True))) == 13


def test_stream_gives_the_fast_signals_standardised_by_expectation():
    config = mnist1d.DataConfig(num_samples=2000, seed=5)
    data = mnist1d.make_dataset(config, mode="fast")
    stream = MNIST1DStream(config, batch_size=100, num_samples=2000)
    x, y = signals(stream)
    raw = np.concatenate([data.x, data.x_test]) * data.std + data.mean
    np.testing.assert_allclose(x * stream.std + stream.mean, raw, atol=1e-5)
    np.testing.assert_array_equal(y, np.concatenate([data.y, data.y_test]))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_batches_come_in_one_order_whatever_the_number_of_workers(workers):
    alone, y_alone = signals(
        DataLoader(MNIST1DStream(batch_size=70, num_samples=2500), batch_size=None)
    )
    x, y = signals(
        DataLoader(
            MNIST1DStream(batch_size=70, num_samples=2500), batch_size=None, num_workers=workers
        )
    )
    np.testing.assert_array_equal(x, alone)
    np.testing.assert_array_equal(y, y_alone)


def test_single_signals_are_the_same_multiset_over_workers():
    alone, _ = signals(DataLoader(MNIST1DStream(num_samples=1500), batch_size=50))
    x, _ = signals(DataLoader(MNIST1DStream(num_samples=1500), batch_size=50, num_workers=3))
    again, _ = signals(DataLoader(MNIST1DStream(num_samples=1500), batch_size=50, num_workers=3))
    assert as_multiset(x) == as_multiset(alone)
    np.testing.assert_array_equal(x, again)


def test_no_signal_twice_over_ranks_workers_and_epochs():
    seen = []
    for rank in range(2):
        stream = MNIST1DStream(batch_size=50, num_samples=1000, rank=rank, world_size=2)
        loader = DataLoader(stream, batch_size=None, num_workers=2)
        for _ in range(2):
            x, _ = signals(loader)
            assert len(x) == 500
            seen += as_multiset(x)
    assert len(set(seen)) == len(seen) == 2000


def test_resumes_at_a_position():
    whole, _ = signals(MNIST1DStream(batch_size=30, num_samples=600))
    rest, _ = signals(MNIST1DStream(batch_size=30, num_samples=300, start=300))
    np.testing.assert_array_equal(rest, whole[300:])
    stream = MNIST1DStream(batch_size=30, num_samples=300)
    stream.set_epoch(1)
    np.testing.assert_array_equal(signals(stream)[0], whole[300:])


def test_endless_stream_goes_on():
    stream = iter(MNIST1DStream(batch_size=500))
    first = [next(stream)[0] for _ in range(7)]
    assert len({x.numpy().tobytes() for x in first}) == 7
    with pytest.raises(TypeError, match="endless"):
        len(MNIST1DStream())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MNIST1DStream(batch_size=0),
            "batch_size must be a whole number, at least 1, got 0",
        ),
        (lambda: MNIST1DStream(rank=2, world_size=2), "rank must be from 0 to world_size - 1"),
        (lambda: MNIST1D(train="test"), "train must be True for the training signals or False"),
        (lambda: MNIST1D(layout="nlx"), "unknown layout 'nlx'"),
        (lambda: MNIST1D(mnist1d.DataConfig()), "by name"),
        (lambda: MNIST1D(data="set.npz"), "must be a Dataset"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_numpys_whole_numbers_will_do():
    plain, numpys = (
        MNIST1DStream(batch_size=100, num_samples=300),
        MNIST1DStream(batch_size=np.int8(100), num_samples=np.int32(300)),
    )
    for stream in (plain, numpys):
        stream.set_epoch(2**25)  # beyond what their types hold
    for (x, y), (expected, labels) in zip(numpys, plain, strict=True):
        assert (x == expected).all() and (y == labels).all()


def test_a_stream_without_end_never_begins_again():
    stream = MNIST1DStream(batch_size=20)
    first, second = (next(iter(stream))[0] for _ in range(2))
    assert not torch.isclose(first, second).all(dim=1).any()
    stream.set_epoch(0)
    assert torch.equal(next(iter(stream))[0], first)


# ------------------------------------------------------------------ parts, causes, mappings


def test_the_validation_part_of_a_split_set():
    data = mnist1d.make_dataset(num_samples=200).split(30)
    for split, x, y in (("train", data.x, data.y), ("validation", data.x_val, data.y_val)):
        part = MNIST1D(data=data, split=split)
        np.testing.assert_array_equal(part.data.numpy(), x.astype(np.float32))
        np.testing.assert_array_equal(part.targets.numpy(), y)
    np.testing.assert_array_equal(
        MNIST1D(data=data, split="test").targets, MNIST1D(data=data, train=False).targets
    )


def test_the_originals_dict_is_taken():
    old = mnist1d.data.make_dataset(mnist1d.ObjectView({"num_samples": 100}))
    assert len(MNIST1D(data=old)) == 80 and MNIST1D(data=old).classes == [str(i) for i in range(10)]


@pytest.mark.parametrize("shuffle", [False, True])
def test_causes_come_with_the_signals(shuffle):
    config = mnist1d.DataConfig(num_samples=300, seed=4, shuffle_seq=shuffle)
    data = mnist1d.make_dataset(config, mode="fast", latents=True)
    x, y, causes = MNIST1D(data=data, latents=True)[7]
    assert x.shape == (40,) and causes["padding"] == data.latents.padding[7]
    (_, _, batch), *_ = DataLoader(MNIST1D(data=data, latents=True), batch_size=240)
    streamed = next(iter(MNIST1DStream(config, batch_size=240, latents=True)))[2]
    single = next(iter(DataLoader(MNIST1DStream(config, latents=True), batch_size=240)))[2]
    for name in ("padding", "shift", "factor", "slope"):
        for found in (batch, streamed, single):
            np.testing.assert_array_equal(found[name], getattr(data.latents, name), err_msg=name)
    for found in (batch, streamed, single):
        np.testing.assert_array_equal(found["digit_mask"], data.digit_mask)
    assert batch["factor"].dtype == torch.float32 and batch["digit_mask"].dtype == torch.bool
    assert len(next(iter(MNIST1DStream(config, batch_size=5)))) == 2


def test_streams_take_knobs_by_name():
    by_name = MNIST1DStream(batch_size=5, corr_noise_scale=0.5, seed=3)
    config = mnist1d.DataConfig(corr_noise_scale=0.5, seed=3)
    assert by_name.config == config
    both = MNIST1DStream(config, seed=4)
    assert both.config == config.replace(seed=4)
    with pytest.raises(UsageError, match="did you mean 'corr_noise_scale'"):
        MNIST1DStream(corr_noise_scal=0.5)
    with pytest.raises(UsageError, match="config must be a DataConfig, got dict"):
        MNIST1DStream({"seed": 3})


# ------------------------------------------------------------------ equal ranks


@pytest.mark.parametrize(
    ("num_samples", "batch_size", "workers"),
    [(1050, 100, 0), (1050, 100, 2), (1000, 100, 0), (1049, 100, 0), (199, 100, 0), (1, 100, 0)]
    + [(31, None, 0), (31, None, 2), (1, None, 0)],
)
@pytest.mark.parametrize("drop_last", [False, True])
def test_every_rank_has_equal_batches(num_samples, drop_last, batch_size, workers):
    seen, sizes = [], []
    for rank in range(2):
        stream = MNIST1DStream(
            batch_size=batch_size,
            num_samples=num_samples,
            drop_last=drop_last,
            rank=rank,
            world_size=2,
        )
        items = list(DataLoader(stream, batch_size=None, num_workers=workers))
        assert len(items) == len(stream)
        x = [x if batch_size else x[None] for x, _ in items]
        sizes.append([len(part) for part in x])
        seen += [row.numpy().tobytes() for part in x for row in part]
    assert sizes[0] == sizes[1] and len(set(seen)) == len(seen)
    whole = num_samples // (2 * (batch_size or 1)) * (batch_size or 1)
    assert len(seen) == (2 * whole if drop_last else num_samples // 2 * 2)
    assert not drop_last or set(sizes[0]) <= {batch_size or 1}


def test_one_process_gets_every_signal():
    stream = MNIST1DStream(batch_size=100, num_samples=1050)
    assert [len(x) for x, _ in stream] == [100] * 10 + [50] and len(stream) == 11
    stream = MNIST1DStream(batch_size=100, num_samples=1050, drop_last=True)
    assert [len(x) for x, _ in stream] == [100] * 10 and len(stream) == 10


DDP = """
import sys
import torch
import torch.distributed as dist
from mnist1d.adapters.torch import MNIST1DStream

rank, file = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(40, 10))
stream = MNIST1DStream(batch_size=100, num_samples=1050)  # knows its rank
assert (stream.rank, stream.world_size) == (rank, 2)
sizes, first = [], []
for epoch in range(2):
    for x, y in torch.utils.data.DataLoader(stream, batch_size=None):
        torch.nn.functional.cross_entropy(model(x), y).backward()  # waits for the other rank
        sizes.append(len(x)), first.append(float(x[0, 0]))
dist.barrier()
dist.destroy_process_group()
print(sizes, len(set(first)))
"""


def test_distributed_training_never_waits_for_a_batch(tmp_path):
    """Two gloo ranks, 1,050 signals, batches of 100: with unequal ranks the last backward pass of
    one would wait for ever."""
    if not torch.distributed.is_gloo_available():
        pytest.skip("this PyTorch has no gloo")
    (tmp_path / "train.py").write_text(DDP)
    ranks = [
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                str(tmp_path / "train.py"),
                str(rank),
                str(tmp_path / "store"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        outputs = [process.communicate(timeout=120) for process in ranks]
    finally:
        for process in ranks:
            process.kill()
    assert [process.returncode for process in ranks] == [0, 0], outputs
    assert [out.strip() for out, _ in outputs] == [f"{([100] * 5 + [25]) * 2} 12"] * 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MNIST1D(split="validation"), "no validation part: write data.split"),
        (lambda: MNIST1D(split="val"), "unknown split 'val'"),
        (lambda: MNIST1D(train=False, split="train"), "contradict each other"),
        (lambda: MNIST1D(data=mnist1d.load_dataset(), latents=True), "this set has no latents"),
        (lambda: MNIST1D(data={"x": 1}), "'y' is missing"),
        (lambda: MNIST1D(latents="no"), "latents must be True or False"),
        (lambda: MNIST1DStream(start=-1), "start must be a whole number, at least 0"),
        (lambda: MNIST1DStream(rank="0", world_size=2), "rank must be a whole number"),
        (lambda: MNIST1DStream(world_size=0), "world_size must be a whole number, at least 1"),
        (lambda: MNIST1DStream(batch_size=10**300), "batch_size must be a whole number, at most"),
        (lambda: MNIST1DStream(drop_last=1), "drop_last must be True or False, got 1"),
        (lambda: MNIST1DStream().set_epoch(1.5), "epoch must be a whole number"),
    ],
)
def test_more_wrong_arguments(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_a_stream_that_memory_cannot_hold(monkeypatch):
    monkeypatch.setattr("mnist1d.memory.free_bytes", lambda: 4e9)
    with pytest.raises(UsageError, match="a block of these signals needs about .* GB of memory"):
        MNIST1DStream(template_len=10**6)
