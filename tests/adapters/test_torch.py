"""PyTorch's adapter: torchvision's convention, and a stream that repeats nothing and loses
nothing."""

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
    with pytest.raises(TypeError, match="no end"):
        len(MNIST1DStream())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MNIST1DStream(batch_size=0),
            "batch_size must be a whole number, at least 1, got 0",
        ),
        (lambda: MNIST1DStream(rank=2, world_size=2), "rank must be in 0 .. world_size - 1"),
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
