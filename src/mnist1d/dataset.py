"""Dataset: making it, loading the frozen benchmark set, checking that a set is that one, and
bending it afterwards."""

from __future__ import annotations

import dataclasses
import hashlib
import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.checks import check_name, check_whole
from mnist1d.config import DataConfig
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

FROZEN_SHA256 = {  # of the little-endian C-order bytes, training signals then test signals
    "x": "0b2b548d14a498bf71ce4d5e7df61d47851b3e5dd7e7f581a1011383cb03467c",  # as float32
    "y": "4f5f4160c519e3c47f9d3e196c161336fcd32126a9efffe4153d6e7c8b73f963",  # as uint8
    "t": "0352efd10cd28e71a0f722fade89db2c326ee004a7dcf8c9704a5adaf0bad6c8",  # as float32
}
MODES = ("exact", "fast")
DTYPES = ("float32", "float64")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Signals and labels, split; `data["x"]` reads like `data.x`.

    x (n, time), y (n,) int64; likewise x_test, y_test and, after `split`, x_val, y_val; t (time,),
    templates. `mean` and `std` undo the standardisation: raw = x * std + mean. `positions` (time,)
    says which original position each one shows, None where they are in order. After
    `with_label_noise`, y_clean (n,) holds the true training labels and noise_mask (n,) marks those
    drawn anew. `config` and `mode` say how the set was made (None: unknown, read from a file).
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    t: np.ndarray
    templates: Templates
    config: DataConfig | None = None
    mode: str | None = None
    mean: float | None = None
    std: float | None = None
    positions: np.ndarray | None = None
    x_val: np.ndarray | None = None
    y_val: np.ndarray | None = None
    y_clean: np.ndarray | None = None
    noise_mask: np.ndarray | None = None

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(f"{name!r}; this data set holds {', '.join(self.keys())}")
        return getattr(self, name)

    def keys(self) -> list[str]:
        """Return the names of what is there: x, y, x_test, y_test, t, templates, and more after
        split or with_label_noise."""
        optional = ["x_val", "y_val", "y_clean", "noise_mask"]
        return ["x", "y", "x_test", "y_test", "t", "templates"] + [
            name for name in optional if getattr(self, name) is not None
        ]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __repr__(self) -> str:
        shapes = ", ".join(
            f"{name}{getattr(self, name).shape}" for name in self.keys() if name != "templates"
        )
        return f"Dataset({shapes}, {self.x.dtype}, mode={self.mode!r})"

    def replace(self, **fields: Any) -> Dataset:
        """Return a copy with other values for the given fields."""
        return dataclasses.replace(self, **fields)

    def with_label_noise(
        self, rate: float, seed: int = 0, *, exact: bool = False, allow_same: bool = True
    ) -> Dataset:
        """Return a copy whose training labels are drawn anew with probability `rate` (the paper,
        section 3.2).

        exact: redraw exactly round(rate * n) labels instead of each with that probability.
        allow_same: draw from all classes, so that a redrawn label may be the true one; False:
        always a wrong one. The clean labels stay in `y_clean`, the labels drawn anew are marked in
        `noise_mask`; a second call starts from the clean labels. Errors: UsageError unless 0 <=
        rate <= 1, and for allow_same=False where there is but one class.
        """
        if isinstance(rate, bool) or not isinstance(rate, numbers.Real) or not 0 <= rate <= 1:
            raise UsageError(f"a label noise rate must be a number between 0 and 1, got {rate!r}")
        rng, clean = _rng(seed), self.y if self.y_clean is None else self.y_clean
        classes, n = self._classes(), len(clean)
        if not allow_same and len(classes) < 2:
            raise UsageError(
                f"allow_same=False needs a second class to draw from, got only {classes.tolist()}"
            )
        if exact:
            mask = np.zeros(n, dtype=bool)
            mask[rng.choice(n, round(rate * n), replace=False)] = True
        else:
            mask = rng.random(n) < rate
        if allow_same:
            anew = rng.choice(classes, n)
        else:
            anew = classes[
                (np.searchsorted(classes, clean) + rng.integers(1, len(classes), n)) % len(classes)
            ]
        return self.replace(y=np.where(mask, anew, clean), y_clean=clean, noise_mask=mask)

    def subset(self, classes: Sequence[int], *, relabel: bool = False) -> Dataset:
        """Return the signals of the given classes, by their true labels.

        relabel: leave only these classes' templates, and number both 0 .. k - 1 in the given order.

        Errors: UsageError for an empty list, a class that is not there, or one named twice.
        """
        classes, known = list(classes), self._classes()
        if (
            not classes
            or len(set(classes)) < len(classes)
            or not set(classes) <= set(known.tolist())
        ):
            raise UsageError(
                f"subset needs distinct classes out of {known.tolist()}, got {classes}"
            )
        kept: dict[str, Any] = {}
        for part, columns in {
            "": ["x", "y", "y_clean", "noise_mask"],
            "_test": ["x_test", "y_test"],
            "_val": ["x_val", "y_val"],
        }.items():
            truth = (
                self.y_clean
                if part == "" and self.y_clean is not None
                else getattr(self, f"y{part}")
            )
            if truth is not None:
                keep = np.isin(truth, classes)
                kept |= {
                    name: getattr(self, name)[keep]
                    for name in columns
                    if getattr(self, name) is not None
                }
        if relabel:
            if "noise_mask" in kept and not np.isin(kept["y"], classes).all():
                raise UsageError(
                    "relabel needs labels of the chosen classes only: take the subset first, then add label noise"
                )
            new = {old: i for i, old in enumerate(classes)}
            for name in [name for name in kept if name.startswith("y")]:
                kept[name] = np.array([new[label] for label in kept[name].tolist()], dtype=np.int64)
            names = self.templates.y.tolist()
            rows = [
                names.index(label) for label in classes if label in names
            ]  # an old file's templates may be missing
            rows = rows if len(rows) == len(classes) else []
            kept["templates"] = Templates(
                self.templates.x[rows], self.templates.t, np.arange(len(rows))
            )
        return self.replace(**kept)

    def split(self, validation: int | float, seed: int = 0) -> Dataset:
        """Return a copy with `validation` training signals (a number, or a share below 1) moved to
        x_val, y_val.

        The official test set stays as it is. Errors: UsageError where nothing would be left to
        train or validate on, or for a set that is split already.
        """
        n = len(self.x)
        if self.x_val is not None:
            raise UsageError(
                f"this set has {len(self.x_val)} validation signals already: split the set it came from"
            )
        whole = isinstance(validation, numbers.Integral) and not isinstance(validation, bool)
        share = isinstance(validation, numbers.Real) and not whole and 0 < validation < 1
        count = int(validation) if whole else round(float(validation) * n) if share else 0
        if not 0 < count < n:
            raise UsageError(
                f"validation must leave signals on both sides: between 1 and {n - 1}, or a share below 1; got {validation!r}"
            )
        order = _rng(seed).permutation(n)
        train, val = np.sort(order[count:]), np.sort(order[:count])
        kept = {
            name: getattr(self, name)[train]
            for name in ("x", "y", "y_clean", "noise_mask")
            if getattr(self, name) is not None
        }
        true_val = self.y if self.y_clean is None else self.y_clean
        return self.replace(**kept, x_val=self.x[val], y_val=true_val[val])

    def shuffled(self, seed: int = 0) -> Dataset:
        """Return a copy with the positions of all signals permuted, one permutation for the whole
        set."""
        return self._at_positions(_rng(seed).permutation(self.x.shape[1]))

    def reversed(self) -> Dataset:
        """Return a copy with all signals running backward in time."""
        return self._at_positions(np.arange(self.x.shape[1])[::-1])

    def save(self, path: str | Path) -> None:
        """Write to a file, format by ending: .npz, .csv or .parquet. Atomic; errors as in
        `mnist1d.files`."""
        from mnist1d.files import save

        save(self, path)

    def _at_positions(self, positions: np.ndarray) -> Dataset:
        before = np.arange(self.x.shape[1]) if self.positions is None else self.positions
        signals = {
            name: getattr(self, name)[:, positions]
            for name in ("x", "x_test", "x_val")
            if getattr(self, name) is not None
        }
        return self.replace(**signals, positions=before[positions])

    def _classes(self) -> np.ndarray:
        clean = self.y if self.y_clean is None else self.y_clean
        return np.unique(np.concatenate([clean, self.y_test]))


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


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(check_whole(seed, 0, "seed"))


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


@dataclass(frozen=True)
class Verification:
    """Whether a data set is the published one; true in a condition. `digests` maps x, y, t to
    (found, published)."""

    digests: Mapping[str, tuple[str, str]]
    problem: str = ""

    def __bool__(self) -> bool:
        return not self.problem and all(
            found == published for found, published in self.digests.values()
        )

    def __str__(self) -> str:
        if self:
            return "the published set: x, y and t have the published digests"
        different = [
            name for name, (found, published) in self.digests.items() if found != published
        ]
        return "not the published set: " + (
            self.problem or f"{', '.join(different)} differ{'s' * (len(different) == 1)}"
        )


def verify(data: Dataset | Mapping[str, Any]) -> Verification:
    """Compare a data set with the published one by digest; never raises for "no"."""
    try:
        with np.errstate(all="ignore"):  # whatever does not fit float32 gives another digest
            arrays = {
                "x": np.concatenate([data["x"], data["x_test"]]).astype("<f4"),
                "y": np.concatenate([data["y"], data["y_test"]]),
                "t": np.asarray(data["t"]).astype("<f4"),
            }
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return Verification({}, problem=f"it lacks x, y, x_test, y_test or t as arrays ({error})")
    if arrays["y"].dtype.kind not in "iu" or (arrays["y"] < 0).any() or (arrays["y"] > 255).any():
        return Verification({}, problem="its labels are not whole numbers in 0 .. 255")
    arrays["y"] = arrays["y"].astype("u1")
    return Verification({name: (sha256(a), FROZEN_SHA256[name]) for name, a in arrays.items()})


def sha256(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


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
