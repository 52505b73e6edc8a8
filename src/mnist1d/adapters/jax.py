"""JAX: an endless stream of signals, drawn inside the training loop.

>>> import jax
>>> from mnist1d.adapters.jax import sample
>>> x, y = sample(jax.random.key(0), 100)  # inside jit, scan and vmap as well
>>> x.shape, y.shape
((100, 40), (100,))
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal, Unpack, overload

import numpy as np

from mnist1d.checks import check_flag, check_whole, show
from mnist1d.config import DataConfig, StreamKnobs, as_stream_config
from mnist1d.digits import Templates, as_templates
from mnist1d.draws import Draws, fast_order
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.memory import check_memory
from mnist1d.moments import expected_moments
from mnist1d.signals import Pipeline

try:
    import jax
    import jax.numpy as jnp
    from jax import Array, random
except ImportError:
    raise MissingExtraError("this adapter needs JAX: pip install jax") from None

MAX_SIGNALS = 10**9
CHUNK = 1000  # signals made at once: limits memory and fits in the processor's cache


@overload
def sample(
    key: Array,
    n: int,
    config: DataConfig | None = None,
    templates: Templates | Mapping[str, object] | None = None,
    *,
    latents: Literal[False] = False,
    **knobs: Unpack[StreamKnobs],
) -> tuple[Array, Array]: ...
@overload
def sample(
    key: Array,
    n: int,
    config: DataConfig | None = None,
    templates: Templates | Mapping[str, object] | None = None,
    *,
    latents: Literal[True],
    **knobs: Unpack[StreamKnobs],
) -> tuple[Array, Array, dict[str, Array]]: ...
def sample(
    key: Array,
    n: int,
    config: DataConfig | None = None,
    templates: Templates | Mapping[str, object] | None = None,
    *,
    latents: bool = False,
    **knobs: Unpack[StreamKnobs],
) -> tuple:
    """Draw fresh signals: a pure function of the key, to be jitted and mapped.

    Every signal and its class are drawn independently, so classes are balanced only on average.
    Signals are standardised with the expected mean and standard deviation of the settings. All
    arguments but the key are static: each new value compiles a new program.

    Args:
      key: a JAX random key.
      n: number of signals.
      config: the settings; its num_samples and train_split are not used, its seed only for the
        positions of a shuffled set. Default: `DataConfig()`.
      templates: your own shapes; pass the same object each time.
      latents: also return the latent variables.
      **knobs: settings by name: sample(key, 100, corr_noise_scale=0.5).

    Returns:
      x (n, time) float32 and y (n,) int32; with latents, also a dict of padding, shift, factor,
      slope (n,) and digit_mask (n, time).

    Raises:
      UsageError: for an invalid argument.

    Examples:
      >>> import jax
      >>> x, y = sample(jax.random.key(0), 8)
      >>> x.shape, y.shape
      ((8, 40), (8,))
    """
    config, n = as_stream_config(config, knobs), check_whole(n, 1, "n", MAX_SIGNALS)
    _check_key(key)
    check_memory(4.0 * n * config.final_seq_length, "this sample", "n")
    shapes = None if templates is None else as_templates(templates)
    x, y, causes = _sample(key, n, config, shapes, check_flag(latents, "latents"))
    return (x, y, causes) if latents else (x, y)


def _check_key(key: object) -> None:
    """Raise UsageError unless `key` is one key of JAX, of either kind."""
    if isinstance(key, jax.Array | np.ndarray):
        is_typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
        if (is_typed and key.ndim == 0) or (key.dtype == np.uint32 and key.ndim == 1):
            return
    raise UsageError(f"key must be one key of JAX, like jax.random.key(0), got {show(key)}")


@partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _sample(
    key: Array, n: int, config: DataConfig, templates: Templates | None, latents: bool
) -> tuple[Array, Array, dict[str, Array]]:
    templates = as_templates(templates)
    mean, std = expected_moments(config, templates)
    positions = fast_order(config).positions

    def make(key: Array, size: int) -> tuple[Array, Array, dict[str, Array]]:
        drawn = draw(key, size, config, len(templates.y))
        x = (apply(templates, drawn, config) - np.float32(mean)) / np.float32(std)
        y = jnp.asarray(templates.y, jnp.int32)[drawn.label]
        causes = _causes(templates, drawn, config) if latents else {}
        if positions is not None:
            x = x[:, positions]
            causes = {n: c[:, positions] if n == "digit_mask" else c for n, c in causes.items()}
        return x, y, causes

    if n <= CHUNK:
        return make(key, n)
    made = jax.lax.map(
        partial(make, size=CHUNK), random.split(key, -(-n // CHUNK))
    )  # (chunks, CHUNK, ...)
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:n], made)


def draw(key: Array, n: int, config: DataConfig, num_classes: int = 10) -> Draws:
    """Draw the randomness of signals, without the signals.

    Args:
      key: a JAX random key.
      n: number of signals.
      config: the settings.
      num_classes: number of classes to draw from.

    Returns:
      `Draws`, arrays of n rows, float32 and int32.

    Examples:
      >>> import jax
      >>> from mnist1d import DataConfig
      >>> draw(jax.random.key(0), 8, DataConfig()).label.shape
      (8,)
    """
    keys, length, (low, high) = random.split(key, 3), config.working_length, config.padding
    factor, slope = random.uniform(keys[0], (2, n), jnp.float32, -0.5, 0.5)
    corr_noise, iid_noise = random.normal(keys[1], (2, n, length), jnp.float32)
    whole = random.bits(
        keys[2], (3, n), jnp.uint32
    )  # the remainders below are uniform to 1 part in 2**32 / divisor
    shift = whole[2] % np.uint32(config.max_translation)
    drawn: Any = Draws  # here its fields are JAX arrays
    return drawn(
        label=(whole[0] % np.uint32(num_classes)).astype(jnp.int32),
        padding=low + (whole[1] % np.uint32(high - low + 1)).astype(jnp.int32),
        factor=1 + np.float32(config.scale_coeff) * factor,
        shift=jnp.minimum(shift, np.uint32(length + 1)).astype(
            jnp.int32
        ),  # larger values are all equivalent
        corr_noise=corr_noise,
        iid_noise=iid_noise,
        slope=np.float32(config.shear_scale) * slope,
    )


def apply(templates: Templates, draws: Draws, config: DataConfig) -> Array:
    """Make raw signals from draws: the pipeline of `mnist1d.signals` on JAX, traceable.

    Args:
      templates: the shapes.
      draws: the randomness of n signals.
      config: the settings.

    Returns:
      Signals (n, time) float32, not standardised.

    Examples:
      >>> import jax
      >>> from mnist1d import DataConfig
      >>> from mnist1d.digits import templates
      >>> draws = draw(jax.random.key(0), 8, DataConfig())
      >>> apply(templates(), draws, DataConfig()).shape
      (8, 40)
    """
    pipeline = Pipeline(templates, config)
    product = partial(jnp.matmul, precision="highest")  # otherwise an accelerator rounds to 10 bits
    corr_noise = product(np.float32(config.corr_noise_scale) * draws.corr_noise, pipeline.smoothing)
    x = _digits(pipeline, draws)
    x = jnp.where(x != 0, x, corr_noise) + np.float32(config.iid_noise_scale) * draws.iid_noise
    x = x - jnp.asarray(draws.slope)[:, None] * pipeline.ramp.astype(np.float32)
    return product(x, pipeline.resampling)


def _digits(pipeline: Pipeline, draws: Draws) -> Array:
    """Return the digits alone, stretched, scaled and shifted, 0 elsewhere: (n, L)."""
    length, (low, high) = pipeline.config.working_length, pipeline.config.padding
    table = np.stack([pipeline.dilated(p) for p in range(low, high + 1)]).astype(
        np.float32
    )  # (paddings, classes, L)
    table = np.concatenate([table, table], axis=-1).reshape(
        -1, 2 * length
    )  # a window of a doubled signal is the signal, rotated
    shift = jnp.where(draws.shift > length, 0, draws.shift)
    row = (draws.padding - low) * len(pipeline.templates.y) + draws.label
    x = jnp.asarray(table)[row[:, None], (length - shift)[:, None] + jnp.arange(length)]  # (n, L)
    return jnp.asarray(draws.factor)[:, None] * x


def _causes(templates: Templates, draws: Draws, config: DataConfig) -> dict[str, Array]:
    """Return the latent variables of the signals, like `mnist1d.signals`."""
    pipeline, length = Pipeline(templates, config), config.working_length
    inside, last = _digits(pipeline, draws) != 0, pipeline.last  # (n, L)
    return {
        "padding": jnp.asarray(draws.padding),
        "shift": jnp.where(draws.shift > length, 0, draws.shift) % length,
        "factor": jnp.asarray(draws.factor),
        "slope": jnp.asarray(draws.slope),
        "digit_mask": inside[:, last.left] | (inside[:, last.right] & (last.offset > 0)),
    }
