"""The ten templates: digit-like shapes of twelve heights each (the paper, section 2), and custom
templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mnist1d.checks import show
from mnist1d.errors import UsageError

HEIGHTS = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)


@dataclass(frozen=True, eq=False)
class Templates(Mapping[str, np.ndarray]):
    """Hold the shapes that signals are made from; `templates["x"]` and `templates.x` are the same.

    Attributes:
      x: shapes (classes, length).
      t: time axis (length,).
      y: labels (classes,).

    Examples:
      >>> templates().x.shape
      (10, 12)
    """

    x: np.ndarray
    t: np.ndarray
    y: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        if not isinstance(name, str) or name not in ("x", "t", "y"):
            raise KeyError(f"templates hold x, t and y, not {show(name)}")
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(("x", "t", "y"))

    def __len__(self) -> int:
        return 3

    def __eq__(self, other: object) -> bool:
        return self is other  # a Mapping's would compare arrays

    def __hash__(self) -> int:
        return id(self)

    def copy(self) -> Templates:
        """Return a copy whose arrays you can write into.

        Returns:
          Templates that share no array with these.
        """
        return Templates(self.x.copy(), self.t.copy(), self.y.copy())


def templates() -> Templates:
    """Return the ten digits.

    Returns:
      `Templates` with x (10, 12) and t (12,), both float64, and y = 0 to 9.

    Examples:
      >>> templates().y.tolist()
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    x = np.array(HEIGHTS)
    x -= x.mean(1, keepdims=True)
    x /= x.std(1, keepdims=True)
    x -= x[:, :1]  # every digit starts at 0
    return Templates(x=x / 6.0, t=np.linspace(-5, 5, x.shape[1]) / 6.0, y=np.arange(len(x)))


def as_templates(
    given: Templates | Mapping[str, object] | None, *, distinct: bool = True
) -> Templates:
    """Check the caller's templates; None gives the ten digits.

    Args:
      given: a Templates, a mapping with x (classes, length), t (length,) and y (classes,), or None.
      distinct: refuse two templates with the same label.

    Returns:
      The templates.

    Raises:
      UsageError: if an array is missing, not numeric, not finite or of another length, or a label
        is not a 64-bit whole number.

    Examples:
      >>> as_templates({"x": [[0.0, 1.0], [1.0, 0.0]], "t": [0.0, 1.0], "y": [0, 1]}).x.shape
      (2, 2)
    """
    if given is None:
        return templates()
    try:
        x, t, y = (np.asarray(given[name]) for name in ("x", "t", "y"))
        if x.dtype.kind == "c" or t.dtype.kind == "c":
            raise TypeError("complex numbers are not accepted")
        x, t = x.astype(float), t.astype(float)
    except KeyError as missing:
        raise UsageError(
            f"templates need the arrays x (classes, length), t (length,) and y (classes,); "
            f"{missing} is missing"
        ) from None
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise UsageError(
            f"templates need numeric arrays x (classes, length) with rows of equal length, "
            f"t (length,), y (classes,): {error}"
        ) from None
    if x.ndim != 2 or 0 in x.shape or t.shape != x.shape[1:] or y.shape != x.shape[:1]:
        raise UsageError(
            f"templates need x (classes, length), t (length,), y (classes,); got x {x.shape}, "
            f"t {t.shape}, y {y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(t).all()):
        raise UsageError("templates must be finite, got NaN or infinity in x or t")
    if y.dtype.kind not in "iu" or (y > np.iinfo(np.int64).max).any():
        raise UsageError(
            f"templates need whole numbers as labels y, below 2**63, got {y.dtype.name}: "
            f"write y=numpy.arange({len(y)})"
        )
    if distinct and len(np.unique(y)) < len(y):
        raise UsageError(
            f"templates need distinct labels, got y={y.tolist()}: write y=numpy.arange({len(y)})"
        )
    return Templates(x=x, t=t, y=y)
