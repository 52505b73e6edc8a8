"""PyTorch: `MNIST1D` with torchvision's conventions, the endless `MNIST1DStream`, and batches on
the device.

The fast path is `tensors(device)` with `batches`: on data this small, slicing tensors on the device
is much faster than a DataLoader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Unpack

import numpy as np

from mnist1d.checks import check_flag, check_name, check_whole, show
from mnist1d.config import DataConfig, StreamKnobs, as_stream_config
from mnist1d.dataset import Dataset
from mnist1d.digits import Templates, as_templates
from mnist1d.draws import block_size, fast_chunks, fast_order
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.generate import load_dataset, make_dataset
from mnist1d.memory import check_memory, dataset_bytes
from mnist1d.moments import expected_moments
from mnist1d.parts import PARTS
from mnist1d.signals import Latents, Pipeline

try:
    import torch
except ImportError:
    raise MissingExtraError("this adapter needs PyTorch: pip install torch") from None

LAYOUTS = ("nl", "ncl", "nlc")
SPLITS = ("train", "validation", "test")
ENDLESS = 2**40  # signals between two iterations of an endless stream: more than anyone draws
MAX_WORKERS = 1024

Causes = dict[str, torch.Tensor]  # padding, shift, factor, slope (n,), digit_mask (n, time)


class MNIST1D(torch.utils.data.Dataset):
    """A PyTorch data set of training, validation or test signals, in torchvision's convention.

    Args:
      root: ignored; torchvision's first argument. Nothing is stored.
      train: the training signals; False: the test signals.
      transform: called on one signal, a float32 tensor (time,).
      target_transform: called on its label, an int.
      download: ignored; nothing needs to be fetched.
      data: a Dataset, a mapping like the original package's dict, a DataConfig to make a set from,
        or None for the frozen set.
      split: "train", "validation" (of a set that was split) or "test", in place of `train`.
      layout: shape of a signal: "nl" (time,), "ncl" (1, time), "nlc" (time, 1).
      latents: items are (x, y, causes); causes holds padding, shift, factor, slope and digit_mask.

    Attributes:
      data: all signals (samples, time) float32.
      targets: all labels (samples,) int64.
      classes: names of the classes.
      class_to_idx: their numbers by name.
      causes: tensors of one row per signal; empty without latents.

    Raises:
      UsageError: for a wrong argument, or if the set has no such part or no causes.

    Examples:
      >>> train = MNIST1D(layout="ncl")
      >>> x, y = train[0]
      >>> x.shape
      torch.Size([1, 40])
    """

    def __init__(
        self,
        root: object = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        *,
        data: Dataset | DataConfig | Mapping[str, object] | None = None,
        split: str | None = None,
        layout: str = "nl",
        latents: bool = False,
    ):
        if isinstance(root, DataConfig | Mapping):
            raise UsageError(
                "the first argument is torchvision's root; pass the data set by name: "
                "MNIST1D(data=...)"
            )
        if not isinstance(train, bool | np.bool_):
            raise UsageError(
                "train must be True for the training signals or False for the test signals, got "
                f"{show(train)}"
            )
        check_name(layout, LAYOUTS, "layout")
        check_flag(latents, "latents")
        split = ("train" if train else "test") if split is None else split
        check_name(split, SPLITS, "split")
        if split == "train" and not train:
            raise UsageError(
                "train=False and split='train' contradict each other: remove one of them"
            )
        source = _dataset(data, latents)
        part = source.part(PARTS[split])
        if "y" not in part:
            raise UsageError("this set has no validation part: write data.split(validation=500)")
        if latents and "latents" not in part:
            raise UsageError("this set has no latents: write make_dataset(..., latents=True)")
        self.root, self.train, self.split, self.layout = root, bool(train), split, layout
        self.transform, self.target_transform = transform, target_transform
        self.data = torch.tensor(part["x"], dtype=torch.float32)
        self.targets = torch.tensor(part["y"], dtype=torch.int64)
        self.causes = _causes(part["latents"], part["digit_mask"]) if latents else {}
        self.classes = [
            str(label)
            for label in (source.templates.y if len(source.templates.y) else np.unique(source.y))
        ]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[object, ...]:
        x, y = _lay_out(self.data[index], self.layout), int(self.targets[index])
        x = self.transform(x) if self.transform else x
        y = self.target_transform(y) if self.target_transform else y
        if not self.causes:
            return x, y
        return x, y, {name: column[index] for name, column in self.causes.items()}

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[object, ...]]:
        """Return the items of a batch; a DataLoader calls this once per batch, not once per
        signal."""
        if self.transform or self.target_transform or self.causes:
            return [self[i] for i in indices]
        return list(
            zip(
                _lay_out(self.data[indices], self.layout),
                self.targets[indices].tolist(),
                strict=True,
            )
        )

    def tensors(
        self, device: torch.device | str | int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return all signals and labels on a device; transforms are not applied.

        Args:
          device: a PyTorch device; default: the CPU.

        Returns:
          x float32 in the set's layout and y (samples,) int64.
        """
        return _lay_out(self.data, self.layout).to(device), self.targets.to(device)


def batches(
    x: torch.Tensor,
    y: torch.Tensor,
    batch_size: int,
    *,
    shuffle: bool = True,
    generator: torch.Generator | None = None,
    drop_last: bool = False,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield one epoch of batches by slicing tensors on the device where they are.

    Args:
      x: signals (samples, ...).
      y: labels (samples,).
      batch_size: signals per batch.
      shuffle: permute the signals.
      generator: source of the permutation, on any device.
      drop_last: leave out a last, smaller batch.

    Returns:
      An iterator of (x, y) batches.

    Raises:
      UsageError: for a wrong batch size, or x and y of unequal length.

    Examples:
      >>> x, y = MNIST1D().tensors()
      >>> sum(len(labels) for _, labels in batches(x, y, batch_size=100))
      4000
    """
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
    """An endless PyTorch data set of fresh signals; none repeats across workers, ranks or epochs.

    Signal i depends only on config.seed and i, so the stream is the same for any number of workers.
    With `batch_size` it yields whole batches: pass `DataLoader(stream, batch_size=None)`. Without,
    it yields single signals, whose order depends on the number of workers. Every rank gets the same
    number of batches of equal sizes, so that no process waits for another. Signals are standardised
    with the expected mean and standard deviation of the settings.

    Args:
      config: the settings; num_samples and train_split are not used.
      batch_size: signals per batch; None: single signals.
      num_samples: signals per epoch over all ranks; None: endless. Each iteration is a new epoch.
      drop_last: leave out a last, smaller batch.
      start: position in the stream of the first signal of epoch 0.
      rank: number of this process; default: from torch.distributed if that is initialised.
      world_size: number of processes; default: likewise.
      templates: your own shapes.
      transform: called on the signals that the stream yields.
      target_transform: called on the labels that the stream yields.
      layout: shape of a signal: "nl" (time,), "ncl" (1, time), "nlc" (time, 1).
      latents: yield (x, y, causes); causes holds padding, shift, factor, slope and digit_mask.
      **knobs: settings by name: MNIST1DStream(corr_noise_scale=0.5).

    Raises:
      UsageError: for a wrong argument.

    Examples:
      >>> from torch.utils.data import DataLoader
      >>> stream = MNIST1DStream(batch_size=100)
      >>> x, y = next(iter(DataLoader(stream, batch_size=None)))
      >>> x.shape
      torch.Size([100, 40])
    """

    def __init__(
        self,
        config: DataConfig | None = None,
        *,
        batch_size: int | None = None,
        num_samples: int | None = None,
        drop_last: bool = False,
        start: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
        templates: Templates | Mapping[str, object] | None = None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        layout: str = "nl",
        latents: bool = False,
        **knobs: Unpack[StreamKnobs],
    ):
        check_name(layout, LAYOUTS, "layout")
        batch_size = None if batch_size is None else check_whole(batch_size, 1, "batch_size")
        num_samples = None if num_samples is None else check_whole(num_samples, 1, "num_samples")
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        if rank is None:
            rank = torch.distributed.get_rank() if distributed else 0
        if world_size is None:
            world_size = torch.distributed.get_world_size() if distributed else 1
        self.world_size = check_whole(world_size, 1, "world_size")
        self.rank = check_whole(rank, 0, "rank")
        if self.rank >= self.world_size:
            raise UsageError(
                f"rank must be from 0 to world_size - 1, got rank={self.rank}, "
                f"world_size={self.world_size}"
            )
        self.config = as_stream_config(config, knobs)
        self.batch_size, self.num_samples, self.layout = batch_size, num_samples, layout
        self.start = check_whole(start, 0, "start")
        self.drop_last = check_flag(drop_last, "drop_last")
        self.latents = check_flag(latents, "latents")
        self.transform, self.target_transform = transform, target_transform
        self.templates = as_templates(templates)
        block = block_size(len(self.templates.y))
        num_bytes = dataset_bytes(self.config.replace(num_samples=block), 10, block, is_exact=False)
        check_memory(num_bytes, "a block of these signals", "template_len or padding")
        self.mean, self.std = expected_moments(self.config, self.templates)
        # Workers are copies of this object; the shared memory counts the iterations of each worker
        self._epochs = torch.zeros(MAX_WORKERS, dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration the given epoch.

        Args:
          epoch: its number, from 0.

        Raises:
          UsageError: for a number below 0.
        """
        self._epochs.fill_(check_whole(epoch, 0, "epoch"))

    def __len__(self) -> int:
        if self.num_samples is None:
            raise TypeError("this stream is endless: pass num_samples to have epochs")
        whole, last = self._rounds(self.num_samples)
        return whole + (last > 0)

    def _rounds(self, num_samples: int) -> tuple[int, int]:
        """Return how many full batches each rank gets, and the size of its last, smaller one (0:
        none)."""
        whole, left = divmod(num_samples, self.world_size * (self.batch_size or 1))
        return whole, 0 if self.drop_last else left // self.world_size

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        info = torch.utils.data.get_worker_info()
        worker, num_workers = (info.id, info.num_workers) if info else (0, 1)
        epoch = int(self._epochs[worker])
        self._epochs[worker] += 1
        size, first = self.batch_size or 1, self.start + epoch * (self.num_samples or ENDLESS)
        whole, last = (ENDLESS, 0) if self.num_samples is None else self._rounds(self.num_samples)
        signals = _Signals(self)
        for turn in range(worker, whole + (last > 0), num_workers):
            count = size if turn < whole else last
            lo = first + turn * size * self.world_size + self.rank * count
            x, y, causes = signals(lo, lo + count)
            if self.batch_size is None:
                x, y, causes = x[0], int(y[0]), {name: c[0] for name, c in causes.items()}
            x = self.transform(x) if self.transform else x
            y = self.target_transform(y) if self.target_transform else y
            yield (x, y, causes) if self.latents else (x, y)


class _Signals:
    """Signals lo to hi - 1 of the stream as tensors; caches the last block, which the next call
    most likely needs."""

    def __init__(self, stream: MNIST1DStream):
        self.stream = stream
        self.pipeline = Pipeline(stream.templates, stream.config)
        self.positions = fast_order(stream.config).positions
        self.block_size = block_size(len(stream.templates.y))
        self.block, self.columns = -1, dict[str, np.ndarray]()

    def __call__(self, lo: int, hi: int) -> tuple[torch.Tensor, torch.Tensor, Causes]:
        parts = []
        for block in range(lo // self.block_size, -(-hi // self.block_size)):
            self._make(block)
            rows = slice(max(lo - block * self.block_size, 0), hi - block * self.block_size)
            parts.append({name: column[rows] for name, column in self.columns.items()})
        found = {
            name: torch.from_numpy(np.concatenate([part[name] for part in parts]))
            for name in self.columns
        }
        x, y = found.pop("x"), found.pop("y")
        return _lay_out(x, self.stream.layout), y, found

    def _make(self, block: int) -> None:
        if block == self.block:
            return
        stream, first = self.stream, block * self.block_size
        num_classes = len(stream.templates.y)
        draws = next(fast_chunks(stream.config, num_classes, first, first + self.block_size))
        x = self.pipeline(draws)
        if self.positions is not None:
            x = x[:, self.positions]
        x = (x - np.float32(stream.mean)) / np.float32(stream.std)
        self.block = block
        self.columns = {"x": x, "y": stream.templates.y[draws.label].astype(np.int64)}
        if stream.latents:
            mask = self.pipeline.digit_mask(draws)
            mask = mask if self.positions is None else mask[:, self.positions]
            self.columns |= self.pipeline.causes(draws)._asdict() | {"digit_mask": mask}


def _dataset(data: object, latents: bool) -> Dataset:
    if data is None:
        return load_dataset(latents=latents)
    if isinstance(data, DataConfig):
        return make_dataset(data, dtype="float32", latents=latents)
    if not isinstance(data, Mapping):
        raise UsageError(
            f"data must be a Dataset, a mapping like the original's dict, "
            f"a DataConfig or None (the frozen set), got {type(data).__name__}"
        )
    return Dataset.from_dict(data)


def _causes(latents: Latents, mask: np.ndarray) -> Causes:
    causes = {name: torch.from_numpy(column) for name, column in latents._asdict().items()}
    causes = {n: c.float() if c.is_floating_point() else c for n, c in causes.items()}
    return causes | {"digit_mask": torch.from_numpy(mask)}


def _lay_out(x: torch.Tensor, layout: str) -> torch.Tensor:
    """Add the channel axis to signals (..., time)."""
    return {"nl": x, "ncl": x.unsqueeze(-2), "nlc": x.unsqueeze(-1)}[layout]
