"""Dataset: signals and labels, split, with the templates and settings that they come from, and what
can be done with them."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.checks import check_whole
from mnist1d.config import DataConfig
from mnist1d.digits import Templates
from mnist1d.errors import UsageError


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


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(check_whole(seed, 0, "seed"))
