"""Dataset: training and test signals with labels, templates and settings, and the methods that
modify them."""

from __future__ import annotations

import copy
import dataclasses
import numbers
import operator
from collections.abc import Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist1d.checks import check_flag, check_real, check_whole, show
from mnist1d.config import DataConfig
from mnist1d.digits import Templates
from mnist1d.errors import UsageError
from mnist1d.parts import COLUMNS, LABELS, PARTS, Columns, check_arrays, check_part, rows_of
from mnist1d.signals import Latents


@dataclass(frozen=True, eq=False)
class Dataset(Mapping[str, Any]):
    """Hold signals and labels, split into training and test signals.

    `data["x"]` reads like `data.x`, and `dict(data)` gives the original package's dict. Fields that
    a set does not have are None.

    Attributes:
      x: training signals (samples, time), standardised.
      y: their labels (samples,) int64.
      x_test: test signals (samples, time).
      y_test: their labels (samples,) int64.
      x_val: validation signals (samples, time), after `split`.
      y_val: their labels (samples,) int64.
      t: time axis (time,).
      templates: the shapes that the signals are made from.
      config: the settings that made the set; None if unknown.
      mode: "exact" or "fast"; None if unknown.
      mean: mean of the raw values: raw = x * std + mean.
      std: standard deviation of the raw values.
      positions: original position of each point (time,); None if they are in order.
      y_clean: true training labels (samples,), after `with_label_noise`.
      noise_mask: marks the redrawn labels (samples,), after `with_label_noise`.
      latents: latent variables, columns (samples,), from `make_dataset(latents=True)`.
      latents_test: those of the test signals.
      latents_val: those of the validation signals.
      digit_mask: True where a point shows the digit (samples, time), with the latents.
      digit_mask_test: that of the test signals.
      digit_mask_val: that of the validation signals.
      y_soft: exact class probabilities (samples, classes), from `observer.soft_labels`.
      y_soft_test: those of the test signals.
      y_soft_val: those of the validation signals.

    Examples:
      >>> from mnist1d import make_dataset
      >>> data = make_dataset(num_samples=100, mode="fast")
      >>> data.x.shape, data["y_test"].shape
      ((80, 40), (20,))
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
    latents: Latents | None = None
    latents_test: Latents | None = None
    latents_val: Latents | None = None
    digit_mask: np.ndarray | None = None
    digit_mask_test: np.ndarray | None = None
    digit_mask_val: np.ndarray | None = None
    y_soft: np.ndarray | None = None
    y_soft_test: np.ndarray | None = None
    y_soft_val: np.ndarray | None = None

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Dataset:
        """Return the original package's dict, or any mapping with these arrays, as a Dataset.

        Args:
          given: a mapping with x, y, x_test, y_test and t; templates, x_val, y_val, y_clean and
            noise_mask are kept too, other entries are not.

        Returns:
          The set, with arrays shared with the mapping.

        Raises:
          UsageError: if an array is missing, or arrays do not fit together.
        """
        if isinstance(given, Dataset):
            return given
        if not isinstance(given, Mapping):
            raise UsageError(
                f"a data set must be a Dataset or a mapping with x, y, x_test, y_test and t, "
                f"got {type(given).__name__}"
            )
        always = ("x", "y", "x_test", "y_test", "t")
        missing = [name for name in always if given.get(name) is None]
        if missing:
            raise UsageError(
                f"a data set needs x, y, x_test, y_test and t; {missing[0]!r} is missing"
            )
        names = (*always, "x_val", "y_val", "y_clean", "noise_mask")
        try:
            arrays: Columns = {
                name: np.asarray(given[name]) for name in names if given.get(name) is not None
            }
        except ValueError as error:
            raise UsageError(f"a data set needs arrays of numbers: {error}") from None
        shapes = given.get("templates")
        shapes = (
            shapes
            if shapes is not None
            else {
                "x": np.empty((0, 0)),
                "t": np.empty(0),
                "y": np.empty(0, int),
            }
        )
        if not isinstance(shapes, Mapping) or not {"x", "t", "y"} <= set(shapes):
            raise UsageError("templates must be a mapping with x, t and y")
        data = cls(
            **arrays,
            templates=Templates(**{name: np.asarray(shapes[name]) for name in ("x", "t", "y")}),
        )
        data.check()
        return data.replace(
            **{n: a.astype(np.int64) for n, a in arrays.items() if n.startswith("y")}
        )

    def check(self) -> None:
        """Check that the arrays fit together.

        Raises:
          UsageError: if an array has the wrong type or shape.
        """
        shapes = {f"templates[{name!r}]": self.templates[name] for name in self.templates.keys()}
        check_arrays({"t": self.t, **shapes})
        for end in PARTS.values():
            check_part(
                {n: getattr(self, n + end) for n in COLUMNS if hasattr(self, n + end)}, self.t, end
            )

    def part(self, end: str) -> Columns:
        """Return the arrays of one part that the set has, by name.

        Args:
          end: "" for the training part, "_val" or "_test".

        Returns:
          A dict from name, without the ending, to array.
        """
        found = {name: getattr(self, name + end, None) for name in COLUMNS}
        return {name: column for name, column in found.items() if column is not None}

    def __getitem__(self, name: str) -> Any:
        if not isinstance(name, str) or name not in self.keys():
            raise KeyError(f"{show(name)}; this data set holds {', '.join(self.keys())}")
        return getattr(self, name)

    def __setitem__(self, name: str, value: object) -> None:
        raise TypeError(
            f"a Dataset cannot be changed in place: write data = data.replace({name}=...), or "
            "dict(data) for a dict"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __eq__(self, other: object) -> bool:
        return self is other  # a Mapping's would compare arrays

    def __hash__(self) -> int:
        return id(self)

    def keys(self) -> KeysView[str]:
        """Return the names of the entries that the set has.

        Returns:
          x, y, x_test, y_test, t, templates, and more after `split`, `with_label_noise` and others.
        """
        always = ["x", "y", "x_test", "y_test", "t", "templates"]
        optional = [f.name for f in dataclasses.fields(self)[11:]]
        present = [name for name in optional if getattr(self, name) is not None]
        return dict.fromkeys(always + present).keys()

    def __repr__(self) -> str:
        shapes = ", ".join(
            f"{name}{getattr(self, name).shape}"
            for name in self.keys()
            if name != "templates" and not name.startswith("latents")
        )
        return f"Dataset({shapes}, {self.x.dtype}, mode={self.mode!r})"

    def copy(self) -> Dataset:
        """Return a copy whose arrays you can write into.

        Returns:
          A set that shares no array with this one.
        """
        return copy.deepcopy(self)

    def replace(self, **fields: object) -> Dataset:
        """Return a copy with other values for some fields.

        Args:
          **fields: new values by name.

        Returns:
          A new set, checked like any other.

        Raises:
          UsageError: if the new arrays do not fit together.
        """
        return dataclasses.replace(self, **fields)

    def with_label_noise(
        self, rate: float, seed: int = 0, *, exact: bool = False, allow_same: bool = True
    ) -> Dataset:
        """Return a copy whose training labels are redrawn with probability `rate`.

        The clean labels stay in `y_clean`, and `noise_mask` marks the redrawn labels. A second
        call starts from the clean labels.

        Args:
          rate: probability in [0, 1] that a training label is redrawn.
          seed: seed of the draws.
          exact: redraw exactly round(rate * samples) labels.
          allow_same: draw from all classes, so that a new label may be the true one; False: never
            the true one.

        Returns:
          The noisy set; its signals and test labels are unchanged.

        Raises:
          UsageError: if rate is not in [0, 1], or for allow_same=False with only one class.

        References:
          Greydanus and Kobak, 2024, section 3.2.
        """
        if isinstance(rate, bool) or not isinstance(rate, numbers.Real) or not 0 <= rate <= 1:
            raise UsageError(
                f"a label noise rate must be a number between 0 and 1, got {show(rate)}"
            )
        exact, allow_same = check_flag(exact, "exact"), check_flag(allow_same, "allow_same")
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
            redrawn = rng.choice(classes, n)
        else:
            redrawn = classes[
                (np.searchsorted(classes, clean) + rng.integers(1, len(classes), n)) % len(classes)
            ]
        return self.replace(y=np.where(mask, redrawn, clean), y_clean=clean, noise_mask=mask)

    def subset(self, classes: Sequence[int], *, relabel: bool = False) -> Dataset:
        """Return the signals of some classes, chosen by their true labels.

        Args:
          classes: the labels to keep.
          relabel: keep only the templates of these classes, and number both 0 to k - 1 in the given
            order.

        Returns:
          The smaller set.

        Raises:
          UsageError: if the list is empty, or a class is missing or named twice.
        """
        known = self._classes()
        try:
            classes = [operator.index(label) for label in classes]
        except TypeError:
            raise UsageError(
                f"subset needs distinct classes out of {known.tolist()}, got {show(classes)}"
            ) from None
        check_flag(relabel, "relabel")
        if (
            not classes
            or len(set(classes)) < len(classes)
            or not set(classes) <= set(known.tolist())
        ):
            raise UsageError(
                f"subset needs distinct classes out of {known.tolist()}, got {show(classes)}"
            )
        kept: Columns = {}
        for end in PARTS.values():
            columns = self.part(end)
            if "y" in columns:
                keep = np.isin(columns.get("y_clean", columns["y"]), classes)
                kept |= {name + end: rows_of(column, keep) for name, column in columns.items()}
        if relabel:
            if "noise_mask" in kept and not np.isin(kept["y"], classes).all():
                raise UsageError(
                    "relabel needs labels of the chosen classes only: take the subset first, "
                    "then add label noise"
                )
            new = {old: i for i, old in enumerate(classes)}
            for name in [name for name in kept if name.startswith(LABELS) and "soft" not in name]:
                kept[name] = np.array([new[label] for label in kept[name].tolist()], dtype=np.int64)
            names = self.templates.y.tolist()
            rows = [
                names.index(label) for label in classes if label in names
            ]  # an old file's templates may be missing
            rows = rows if len(rows) == len(classes) else []
            for name in [name for name in kept if name.startswith("y_soft")]:
                chosen = kept[name][:, rows]  # given that it is one of these classes
                kept[name] = chosen / chosen.sum(axis=1, keepdims=True)
            kept["templates"] = Templates(
                self.templates.x[rows], self.templates.t, np.arange(len(rows))
            )
        return self.replace(**kept)

    def split(self, validation: int | float, seed: int = 0) -> Dataset:
        """Return a copy with some training signals moved to x_val and y_val.

        Args:
          validation: number of signals to move, or a fraction below 1.
          seed: seed that chooses them.

        Returns:
          The set with a validation part; the test part is unchanged.

        Raises:
          UsageError: if nothing would be left to train or validate on, or the set is split already.
        """
        n = len(self.x)
        if self.x_val is not None:
            raise UsageError(
                f"this set has {len(self.x_val)} validation signals already: "
                "split the set it came from"
            )
        whole = isinstance(validation, numbers.Integral) and not isinstance(validation, bool)
        share = isinstance(validation, numbers.Real) and not whole and 0 < validation < 1
        count = int(validation) if whole else round(float(validation) * n) if share else 0
        if not 0 < count < n:
            raise UsageError(
                f"validation must leave signals on both sides: between 1 and {n - 1}, or a "
                f"fraction below 1; got {show(validation)}"
            )
        order = _rng(seed).permutation(n)
        train, val = np.sort(order[count:]), np.sort(order[:count])
        columns = self.part("")
        kept = {name: rows_of(column, train) for name, column in columns.items()}
        columns["y"] = columns.pop("y_clean", columns["y"])
        columns.pop("noise_mask", None)
        return self.replace(
            **kept, **{f"{name}_val": rows_of(column, val) for name, column in columns.items()}
        )

    def standardise(self, mean: float, std: float) -> Dataset:
        """Return a copy standardised with other moments, for example those of another training set.

        Args:
          mean: mean of raw values to subtract.
          std: standard deviation of raw values to divide by, above 0.

        Returns:
          The set with x = (raw - mean) / std, and t divided by std.

        Raises:
          UsageError: if the set does not know its own moments, or std is not above 0.
        """
        if self.mean is None or self.std is None:
            raise UsageError("this set does not say how it was standardised (mean is None)")
        mean = check_real(mean, -1e300, 1e300, "mean")
        std = check_real(std, 1e-300, 1e300, "std")
        kind, scale, offset = self.x.dtype.type, self.std / std, (self.mean - mean) / std
        signals = {
            f"x{end}": getattr(self, f"x{end}") * kind(scale) + kind(offset)
            for end in PARTS.values()
            if getattr(self, f"x{end}") is not None
        }
        return self.replace(**signals, t=self.t * self.t.dtype.type(scale), mean=mean, std=std)

    def shuffled(self, seed: int = 0) -> Dataset:
        """Return a copy with permuted positions, one permutation for all signals.

        Args:
          seed: seed of the permutation.

        Returns:
          The shuffled set; `positions` says which original position each point shows.
        """
        return self._at_positions(_rng(seed).permutation(self.x.shape[1]))

    def reversed(self) -> Dataset:
        """Return a copy with all signals reversed in time.

        Returns:
          The reversed set.
        """
        return self._at_positions(np.arange(self.x.shape[1])[::-1])

    def save(self, path: str | Path) -> None:
        """Write the set to a file, atomically; `mnist1d.read` reads it.

        Args:
          path: the file; its ending, .npz, .csv or .parquet, determines the format.

        Raises:
          UsageError: for an unknown ending, or a folder that is missing or not writable.
          MissingExtraError: for .parquet without PyArrow.
        """
        from mnist1d.files import save

        save(self, path)

    def _at_positions(self, positions: np.ndarray) -> Dataset:
        before = np.arange(self.x.shape[1]) if self.positions is None else self.positions
        signals = {
            name + end: self.part(end)[name][:, positions]
            for end in PARTS.values()
            for name in ("x", "digit_mask")
            if name in self.part(end)
        }
        return self.replace(**signals, positions=before[positions])

    def _classes(self) -> np.ndarray:
        clean = self.y if self.y_clean is None else self.y_clean
        return np.unique(np.concatenate([clean, self.y_test]))


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(check_whole(seed, 0, "seed"))
