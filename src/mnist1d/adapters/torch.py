"""PyTorch: `MNIST1D` in torchvision's convention, `MNIST1DStream` without end, and batches that
live on the device.

The fast path is `tensors(device)` with `batches`: slicing tensors that are already there beats a
DataLoader by far on data this small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mnist1d.checks import check_name, check_whole
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digits import Templates, as_templates
from mnist1d.draws import BLOCK, fast_chunks, fast_order
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.generate import load_dataset, make_dataset
from mnist1d.moments import expected_moments
from mnist1d.signals import Pipeline

try:
    import torch
except ImportError:
    raise MissingExtraError("this adapter needs PyTorch: pip install torch") from None

LAYOUTS = ("nl", "ncl", "nlc")
ENDLESS = 2**40  # signals between two iterations of a stream without end: more than anybody draws
MAX_WORKERS = 1024


class MNIST1D(torch.utils.data.Dataset):
    """The training or test signals of a data set, as torchvision would give them.

    Args:
      root: ignored; torchvision's first argument. Nothing is stored. train: the training signals,
      else those of the test set. transform, target_transform: called on one signal, a float32
      tensor (time,), and on its label, an int. download: ignored, nothing needs to be fetched.
      data: a Dataset, a DataConfig to make one from, or None for the frozen benchmark set. layout:
      shape of a signal: "nl" (time,), "ncl" (1, time), "nlc" (time, 1).

    `.data` float32 (n, time), `.targets` int64 (n,), `.classes` the names, `.class_to_idx`. Errors:
    UsageError for a wrong argument.
    """

    def __init__(
        self,
        root: Any = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        *,
        data: Dataset | DataConfig | None = None,
        layout: str = "nl",
    ):
        if isinstance(root, Dataset | DataConfig):
            raise UsageError(
                "the first argument is torchvision's root; pass the data set by name: MNIST1D(data=...)"
            )
        if not isinstance(train, bool | np.bool_):
            raise UsageError(
                f"train must be True for the training signals or False for those of the test set, got {train!r}"
            )
        check_name(layout, LAYOUTS, "layout")
        source = _dataset(data)
        x, y = (source.x, source.y) if train else (source.x_test, source.y_test)
        self.root, self.train, self.layout = root, bool(train), layout
        self.transform, self.target_transform = transform, target_transform
        self.data = torch.tensor(x, dtype=torch.float32)
        self.targets = torch.tensor(y, dtype=torch.int64)
        self.classes = [
            str(label)
            for label in (source.templates.y if len(source.templates.y) else np.unique(source.y))
        ]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        x, y = _laid_out(self.data[index], self.layout), int(self.targets[index])
        return self.transform(x) if self.transform else x, self.target_transform(
            y
        ) if self.target_transform else y

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, Any]]:
        """Return the items of a batch; a DataLoader calls this once a batch in place of one call a
        signal."""
        if self.transform or self.target_transform:
            return [self[i] for i in indices]
        return list(
            zip(
                _laid_out(self.data[indices], self.layout),
                self.targets[indices].tolist(),
                strict=True,
            )
        )

    def tensors(self, device: Any = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return all signals and labels on a device: x (n, *layout) float32, y (n,) int64.
        Transforms are not applied."""
        return _laid_out(self.data, self.layout).to(device), self.targets.to(device)


def batches(
    x: torch.Tensor,
    y: torch.Tensor,
    batch_size: int,
    *,
    shuffle: bool = True,
    generator: torch.Generator | None = None,
    drop_last: bool = False,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield one epoch of batches by slicing tensors where they live; the permutation is drawn on
    the generator's device."""
    batch_size = check_whole(batch_size, 1, "batch_size")
    order = (
        torch.randperm(
            len(x), generator=generator, device=generator.device if generator else x.device
        ).to(x.device)
        if shuffle
        else None
    )
    for start in range(0, len(x) - (batch_size - 1 if drop_last else 0), batch_size):
        rows = (
            slice(start, start + batch_size) if order is None else order[start : start + batch_size]
        )
        yield x[rows], y[rows]


class MNIST1DStream(torch.utils.data.IterableDataset):
    """Fresh signals without end, or `num_samples` an epoch; no signal comes twice over workers,
    ranks and epochs.

    Signal i depends on (config.seed, i) alone, so the stream is the same whatever the number of
    workers, and `start` resumes it anywhere. With `batch_size` the stream yields whole batches, in
    the same order for any number of workers: pass `DataLoader(stream, batch_size=None)`. Without,
    it yields single signals, whose order depends on the number of workers.

    Args:
      config: the knobs; num_samples and train_split are not used. batch_size: signals a batch, x
      (batch, *layout), y (batch,); None: one signal a time. num_samples: signals an epoch, over all
      ranks; None: no end. Each new iteration is the next epoch, and starts where the last
        one ends; `set_epoch` says so by hand, for loaders whose number of workers changes between
        epochs.
      start: the position in the stream of the first signal of epoch 0. rank, world_size: this
      process and their number; from torch.distributed where that is initialised and None is given.
      templates, transform, target_transform, layout: as elsewhere; transforms are called on what
      the stream yields.

    Signals are standardised with the config's expected mean and standard deviation. Errors:
    UsageError for a wrong argument.
    """

    def __init__(
        self,
        config: DataConfig | None = None,
        *,
        batch_size: int | None = None,
        num_samples: int | None = None,
        start: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        templates: Templates | Mapping[str, Any] | None = None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        layout: str = "nl",
    ):
        check_name(layout, LAYOUTS, "layout")
        batch_size = None if batch_size is None else check_whole(batch_size, 1, "batch_size")
        num_samples = None if num_samples is None else check_whole(num_samples, 1, "num_samples")
        start = check_whole(start, 0, "start")
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        self.rank = rank if rank is not None else torch.distributed.get_rank() if distributed else 0
        self.world_size = (
            world_size
            if world_size is not None
            else torch.distributed.get_world_size()
            if distributed
            else 1
        )
        if not 0 <= self.rank < self.world_size:
            raise UsageError(
                f"rank must be in 0 .. world_size - 1, got rank={self.rank}, world_size={self.world_size}"
            )
        self.config = config or DataConfig()
        self.batch_size, self.num_samples, self.start, self.layout = (
            batch_size,
            num_samples,
            start,
            layout,
        )
        self.transform, self.target_transform = transform, target_transform
        self.templates = as_templates(templates)
        self.mean, self.std = expected_moments(self.config, self.templates)
        # Workers are copies of this object; the shared memory lets the k-th iteration of each know
        # that it is the k-th
        self._epochs = torch.zeros(MAX_WORKERS, dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration the given epoch, counted from 0."""
        self._epochs.fill_(epoch)

    def __len__(self) -> int:
        if self.num_samples is None:
            raise TypeError("this stream has no end: give num_samples for epochs of a length")
        return len(
            range(self.rank, -(-self.num_samples // (self.batch_size or 1)), self.world_size)
        )

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        info = torch.utils.data.get_worker_info()
        worker, num_workers = (info.id, info.num_workers) if info else (0, 1)
        epoch = int(self._epochs[worker])
        self._epochs[worker] += 1
        size = self.batch_size or 1
        first = self.start + epoch * (self.num_samples or ENDLESS)
        end = None if self.num_samples is None else first + self.num_samples
        signals = _Signals(self)
        unit = self.rank + self.world_size * worker  # unit u is batch u (or signal u) of the epoch
        while end is None or first + unit * size < end:
            lo = first + unit * size
            x, y = signals(lo, lo + size if end is None else min(lo + size, end))
            if self.batch_size is None:
                x, y = x[0], int(y[0])
            yield (
                self.transform(x) if self.transform else x,
                self.target_transform(y) if self.target_transform else y,
            )
            unit += self.world_size * num_workers


class _Signals:
    """Signals lo .. hi - 1 of the stream as tensors; keeps the last block, which the next call most
    likely needs too."""

    def __init__(self, stream: MNIST1DStream):
        self.stream = stream
        self.pipeline = Pipeline(stream.templates, stream.config)
        self.positions = fast_order(stream.config).positions
        self.num_classes = len(stream.templates.y)
        self.block_size = self.num_classes * max(1, BLOCK // self.num_classes)
        self.block, self.x, self.y = -1, np.empty(0), np.empty(0)

    def __call__(self, lo: int, hi: int) -> tuple[torch.Tensor, torch.Tensor]:
        parts = []
        for block in range(lo // self.block_size, -(-hi // self.block_size)):
            self._make(block)
            rows = slice(max(lo - block * self.block_size, 0), hi - block * self.block_size)
            parts.append((self.x[rows], self.y[rows]))
        x, y = (np.concatenate(column) for column in zip(*parts, strict=True))
        return _laid_out(torch.from_numpy(x), self.stream.layout), torch.from_numpy(y)

    def _make(self, block: int) -> None:
        if block == self.block:
            return
        draws = next(
            fast_chunks(
                self.stream.config,
                self.num_classes,
                block * self.block_size,
                (block + 1) * self.block_size,
            )
        )
        x = self.pipeline(draws)
        if self.positions is not None:
            x = x[:, self.positions]
        self.block, self.x = block, (x - np.float32(self.stream.mean)) / np.float32(self.stream.std)
        self.y = self.stream.templates.y[draws.label].astype(np.int64)


def _dataset(data: Dataset | DataConfig | None) -> Dataset:
    if data is None:
        return load_dataset()
    if isinstance(data, DataConfig):
        return make_dataset(data, dtype="float32")
    if not isinstance(data, Dataset):
        raise UsageError(
            f"data must be a Dataset, a DataConfig or None (the frozen set), got {type(data).__name__}"
        )
    return data


def _laid_out(x: torch.Tensor, layout: str) -> torch.Tensor:
    """Add the channel axis to signals (..., time)."""
    return {"nl": x, "ncl": x.unsqueeze(-2), "nlc": x.unsqueeze(-1)}[layout]
