"""Generate data sets: any settings, the frozen benchmark set, or one signal step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from mnist1d.checks import check_flag, check_name, check_whole
from mnist1d.config import DataConfig, Knobs, as_config
from mnist1d.dataset import Dataset
from mnist1d.digests import is_close, verify
from mnist1d.digits import Templates, as_templates
from mnist1d.draws import (
    BLOCK,
    Draws,
    Order,
    block_size,
    exact_block,
    exact_chunks,
    exact_order,
    fast_chunks,
    fast_order,
    legacy_stream,
    samples_per_class,
)
from mnist1d.errors import Mnist1dError, UsageError, warn
from mnist1d.memory import check_memory, dataset_bytes
from mnist1d.signals import Latents, Pipeline, Stage, stages

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

MODES = ("exact", "fast")
DTYPES = ("float32", "float64")


def make_dataset(
    config: DataConfig | None = None,
    *,
    mode: str = "exact",
    dtype: str | None = None,
    templates: Templates | Mapping[str, object] | None = None,
    latents: bool = False,
    **knobs: Unpack[Knobs],
) -> Dataset:
    """Make a data set from a config, from settings by name, or from both.

    Args:
      config: the settings; default: `DataConfig()`.
      mode: "exact" gives the original package's signals, bit for bit. "fast" draws other signals
        from the same distribution; signal i depends only on the seed and on i.
      dtype: "float32" or "float64"; default: float64 in exact mode, float32 in fast mode.
      templates: your own shapes: a `Templates`, or a mapping with x, t and y; default: the ten
        digits.
      latents: keep the latent variables of every signal, in `data.latents` and `data.digit_mask`.
      **knobs: settings by name, which replace those of `config`.

    Returns:
      A `Dataset` of (samples, time) signals, standardised over all signals.

    Raises:
      UsageError: for an unknown setting, mode or dtype, or a value out of its range.

    Examples:
      >>> make_dataset(num_samples=1000, seed=7)
      Dataset(x(800, 40), y(800,), x_test(200, 40), y_test(200,), t(40,), float64, mode='exact')

    References:
      Greydanus and Kobak, *Scaling Down Deep Learning with MNIST-1D*, 2024, appendix A.
    """
    config = as_config(config, knobs)
    check_name(mode, MODES, "mode")
    default = "float64" if mode == "exact" else "float32"
    dtype = default if dtype is None else _check_dtype(dtype)
    templates = as_templates(templates)
    check_flag(latents, "latents")
    remainder = config.num_samples % len(templates.y)
    if remainder and config.num_samples > len(templates.y):
        made = config.num_samples - remainder
        warn(
            f"num_samples={config.num_samples} is not a multiple of {len(templates.y)} classes; "
            f"generating {made} signals"
        )
    bits = legacy_stream(config.seed) if mode == "exact" else None
    return assemble(config, templates, bits, dtype, latents)


def assemble(
    config: DataConfig,
    templates: Templates,
    bits: np.random.BitGenerator | None,
    dtype: str,
    latents: bool = False,
) -> Dataset:
    """Draw, apply, order, standardise and split. bits: the legacy stream for exact mode, None for
    fast mode."""
    num_classes = len(templates.y)
    n = num_classes * samples_per_class(config, num_classes)
    block = exact_block(config) if bits else block_size(num_classes)
    num_bytes = dataset_bytes(config, num_classes, block, is_exact=bool(bits), latents=latents)
    check_memory(num_bytes, "this data set", _largest(config))
    pipeline = Pipeline(templates, config)
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
    causes, mask = _empty_latents(n, dtype), np.empty(x.shape if latents else (0, 0), bool)
    start = 0
    for draws in chunks:
        stop = min(start + len(draws.label), n)
        x[start:stop], label[start:stop] = (
            pipeline(draws)[: stop - start],
            draws.label[: stop - start],
        )
        if latents:
            draws = draws.rows(slice(stop - start))
            mask[start:stop] = pipeline.digit_mask(draws)
            for column, values in zip(causes, pipeline.causes(draws), strict=True):
                column[start:stop] = values
        start = stop
    order: Order = exact_order(config, num_classes, bits) if bits else fast_order(config)
    if order.samples is not None:
        x, label = x[order.samples], label[order.samples]
    if order.positions is not None:
        x = x[
            ..., order.positions
        ]  # keep this expression: its memory layout determines the last bit of the mean
    mean, std = _moments(x)
    largest = max(abs(x.min()), abs(x.max()))
    if not std > 16 * np.finfo(x.dtype).eps * largest or not np.isfinite(
        std
    ):  # except for rounding
        problem, fix = (
            ("are all equal", "raise a noise scale")
            if np.isfinite(std)
            else ("overflow", "lower the scales")
        )
        raise UsageError(
            f"these settings give signals that {problem}, which cannot be standardised: "
            f"{fix} or change the templates"
        )
    x -= x.dtype.type(mean)  # in place: this is the largest array
    x /= x.dtype.type(std)
    x = x.astype(dtype, copy=False)
    y, split = templates.y[label], int(n * config.train_split)
    data = Dataset(
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
    if not latents:
        return data
    if order.samples is not None:
        causes, mask = causes.rows(order.samples), mask[order.samples]
    if order.positions is not None:
        mask = mask[:, order.positions]
    return data.replace(
        latents=causes.rows(slice(split)),
        latents_test=causes.rows(slice(split, None)),
        digit_mask=mask[:split],
        digit_mask_test=mask[split:],
    )


def _largest(config: DataConfig) -> str:
    """Return the setting that is farthest above its default, which is most likely the one to
    lower."""
    plain = DataConfig()
    sizes = {
        "num_samples": config.num_samples / plain.num_samples,
        "final_seq_length": config.final_seq_length / plain.final_seq_length,
        "template_len": config.template_len / plain.template_len,
        "padding": config.padding[1] / plain.padding[1],
    }
    name = max(sizes, key=sizes.__getitem__)
    return f"{name}={getattr(config, name)}"


def _empty_latents(n: int, dtype: str) -> Latents:
    whole, real = np.dtype(np.int64), np.dtype(dtype)
    return Latents(*(np.empty(n, kind) for kind in (whole, whole, real, real)))


def _check_dtype(dtype: DTypeLike) -> str:
    """Return the name of a dtype, given as text, a NumPy type or a dtype."""
    named: object = dtype
    if not isinstance(dtype, str):
        named = getattr(dtype, "name", None) or getattr(dtype, "__name__", dtype)
    return check_name(named, DTYPES, "dtype")


def _moments(x: np.ndarray) -> tuple[np.float64, np.float64]:
    """Return mean and standard deviation over all values, summed in float64; of float32 without a
    float64 copy of the whole."""
    mean = x.mean(dtype=np.float64)
    if x.dtype == np.float64:
        return mean, x.std()  # the same sum as in the original
    parts = (
        np.square(np.subtract(x[i : i + BLOCK], mean, dtype=np.float64)).sum()
        for i in range(0, len(x), BLOCK)
    )
    return mean, np.sqrt(sum(parts) / x.size)


def load_dataset(dtype: str = "float32", *, latents: bool = False) -> Dataset:
    """Return the frozen benchmark set of the paper: 4,000 training and 1,000 test signals.

    The set is generated on this machine and compared with the published digests. Nothing is
    downloaded.

    Args:
      dtype: "float32", as published, or "float64".
      latents: keep the latent variables of every signal, in `data.latents` and `data.digit_mask`.

    Returns:
      A `Dataset` with x (4000, 40) and x_test (1000, 40).

    Raises:
      Mnist1dError: if this machine's arithmetic gives other digests; the message says which arrays
        are as published and what to do.

    Examples:
      >>> load_dataset()
      Dataset(x(4000, 40), y(4000,), x_test(1000, 40), y_test(1000,), t(40,), float32, mode='exact')
    """
    data = make_dataset(dtype=dtype, latents=latents)
    report = verify(data)
    if not report:
        close = is_close(np.concatenate([data.x, data.x_test]))
        how = "" if close else "not "
        raise Mnist1dError(
            "load_dataset() must return the published set bit for bit, but this machine gives "
            f"{report}. Up to rounding its signals are {how}the published ones. "
            "To go on with this machine's set: make_dataset(dtype='float32'). "
            "Report your platform and the output of mnist1d --version"
        )
    return data


def explain(digit: int = 3, seed: int = 0, config: DataConfig | None = None) -> Sequence[Stage]:
    """Return every stage of the pipeline for one signal.

    Args:
      digit: class of the signal, a label of the templates.
      seed: seed of the signal's draws.
      config: the settings; default: `DataConfig()`.

    Returns:
      Stages in order, each with `name`, `x` (points,), `t` (points,) and `text`, a sentence. The
      last one is the signal before standardisation.

    Raises:
      UsageError: if digit is not a class of the templates.

    Examples:
      >>> [stage.name for stage in explain(digit=3)][:3]
      ['template', 'pad', 'dilate']
    """
    config, shapes = as_config(config, {}), as_templates(None)
    digit = check_whole(digit, 0, "digit")
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
