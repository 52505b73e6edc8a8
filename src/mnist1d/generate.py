"""Generating data sets: any settings, the frozen benchmark set, and one signal step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mnist1d.checks import check_name
from mnist1d.config import DataConfig
from mnist1d.dataset import Dataset
from mnist1d.digests import verify
from mnist1d.digits import Templates, as_templates
from mnist1d.draws import (
    BLOCK,
    Draws,
    Order,
    block_size,
    exact_chunks,
    exact_order,
    fast_chunks,
    fast_order,
    legacy_stream,
    samples_per_class,
)
from mnist1d.errors import Mnist1dError, UsageError, warn
from mnist1d.signals import Pipeline, Stage, stages

MODES = ("exact", "fast")
DTYPES = ("float32", "float64")


def make_dataset(
    config: DataConfig | None = None,
    *,
    mode: str = "exact",
    dtype: str | None = None,
    templates: Templates | Mapping[str, Any] | None = None,
    **knobs: Any,
) -> Dataset:
    """Make a data set from a config, from knobs by name, or from a config with some knobs replaced.

    mode "exact": the original's signals to the last bit (float64 unless told); "fast": another
    stream, the same distribution (float32 unless told), signal i reproducible from (seed, i) alone.
    Errors: UsageError for any illegal setting.

    >>> make_dataset(num_samples=1000, seed=7)
    Dataset(x(800, 40), y(800,), x_test(200, 40), y_test(200,), t(40,), float64, mode='exact')
    """
    if config is not None and not isinstance(config, DataConfig):
        raise UsageError(
            f"config must be a DataConfig, got {type(config).__name__}; knobs go by name: make_dataset(num_samples=1000)"
        )
    config = (config or DataConfig()).replace(**knobs) if knobs else config or DataConfig()
    check_name(mode, MODES, "mode")
    dtype = dtype or ("float64" if mode == "exact" else "float32")
    dtype = (
        dtype
        if isinstance(dtype, str)
        else getattr(dtype, "name", None) or getattr(dtype, "__name__", repr(dtype))
    )
    check_name(dtype, DTYPES, "dtype")
    templates = as_templates(templates)
    remainder = config.num_samples % len(templates.y)
    if remainder and config.num_samples > len(templates.y):
        made = config.num_samples - remainder
        warn(
            f"num_samples={config.num_samples} is no multiple of the {len(templates.y)} classes: {made} signals are made"
        )
    return assemble(
        config, templates, legacy_stream(config.seed) if mode == "exact" else None, dtype
    )


def assemble(
    config: DataConfig, templates: Templates, bits: np.random.BitGenerator | None, dtype: str
) -> Dataset:
    """Draw, apply, order, standardise and split; `bits` is the legacy stream of exact mode, None
    for fast mode."""
    num_classes, pipeline = len(templates.y), Pipeline(templates, config)
    n = num_classes * samples_per_class(config, num_classes)
    working = np.float64 if bits else np.float32
    whole = -(-n // block_size(num_classes)) * block_size(
        num_classes
    )  # so that the last signals have the same bits in a longer set
    chunks: Iterator[Draws] = (
        exact_chunks(config, num_classes, bits)
        if bits
        else fast_chunks(config, num_classes, 0, whole)
    )
    x, label = np.empty((n, config.final_seq_length), working), np.empty(n, np.int64)
    start = 0
    for draws in chunks:
        stop = min(start + len(draws.label), n)
        x[start:stop], label[start:stop] = (
            pipeline(draws)[: stop - start],
            draws.label[: stop - start],
        )
        start = stop
    order: Order = exact_order(config, num_classes, bits) if bits else fast_order(config)
    if order.samples is not None:
        x, label = x[order.samples], label[order.samples]
    if order.positions is not None:
        x = x[
            ..., order.positions
        ]  # this very expression: its memory layout decides the last bit of the mean
    mean, std = _moments(x)
    if not (np.isfinite(std) and x.min() < x.max()):
        problem, fix = (
            ("are all equal", "raise a noise scale")
            if np.isfinite(std)
            else ("overflow", "lower the scales")
        )
        raise UsageError(
            f"these settings give signals that {problem}, which cannot be standardised: {fix} or change the templates"
        )
    x -= x.dtype.type(mean)  # in place: the largest array there is
    x /= x.dtype.type(std)
    x = x.astype(dtype, copy=False)
    y, split = templates.y[label], int(n * config.train_split)
    return Dataset(
        x=x[:split],
        y=y[:split],
        x_test=x[split:],
        y_test=y[split:],
        t=(pipeline.time() / std).astype(dtype),
        templates=templates,
        config=config,
        mode="exact" if bits else "fast",
        mean=float(mean),
        std=float(std),
        positions=order.positions,
    )


def _moments(x: np.ndarray) -> tuple[np.float64, np.float64]:
    """Return mean and standard deviation over all values, summed in float64; of float32 without a
    float64 copy of the whole."""
    mean = x.mean(dtype=np.float64)
    if x.dtype == np.float64:
        return mean, x.std()  # the original's own sum
    parts = (
        np.square(np.subtract(x[i : i + BLOCK], mean, dtype=np.float64)).sum()
        for i in range(0, len(x), BLOCK)
    )
    return mean, np.sqrt(sum(parts) / x.size)


def load_dataset(dtype: str = "float32") -> Dataset:
    """Return the frozen benchmark set of the paper: 4,000 training and 1,000 test signals,
    regenerated and verified.

    Needs no network and no file. Errors: Mnist1dError where this machine's arithmetic gives other
    digests.
    """
    data = make_dataset(dtype=dtype)
    report = verify(data)
    if not report:
        raise Mnist1dError(
            f"the frozen set must have the published digests; {report}. Report your platform and NumPy's version"
        )
    return data


def explain(digit: int = 3, seed: int = 0, config: DataConfig | None = None) -> Sequence[Stage]:
    """Return every stage of the pipeline for one signal of the given digit, each with its name,
    values, time axis and a sentence.

    The last stage is the signal before standardisation. Errors: UsageError unless digit is a class
    of the templates.
    """
    config, shapes = config or DataConfig(), as_templates(None)
    if digit not in shapes.y.tolist():
        raise UsageError(f"digit must be one of {shapes.y.tolist()}, got {digit!r}")
    config = config.replace(seed=seed, num_samples=max(config.num_samples, len(shapes.y)))
    draws = next(fast_chunks(config, len(shapes.y), 0, len(shapes.y)))
    one = draws.rows(np.flatnonzero(draws.label == digit)[:1])
    one = one._replace(
        **{
            name: getattr(one, name).astype(np.float64)
            for name in ("factor", "corr_noise", "iid_noise", "slope")
        }
    )
    return stages(shapes, one, config)
