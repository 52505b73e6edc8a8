"""scikit-learn's conventions: `load_mnist1d` for the frozen set, `make_mnist1d` for any number of
signals. scikit-learn itself is not needed.

One rule for types, here and in `load_dataset` and `make_dataset`: load_* returns float32; make_*
returns float64 in exact mode and float32 in fast mode; dtype= overrides both; labels are int64.

`layout` chooses the shape of X: "nl" (samples, time), "ncl" (samples, 1, time), "nlc" (samples,
time, 1).
"""

from __future__ import annotations

import numbers
from typing import Any, Unpack

import numpy as np

from mnist1d.checks import check_flag, check_name, check_whole
from mnist1d.config import DataConfig, Knobs
from mnist1d.errors import MissingExtraError, UsageError
from mnist1d.generate import load_dataset, make_dataset
from mnist1d.signals import Latents

LAYOUTS = ("nl", "ncl", "nlc")
SPLITS = ("all", "train", "test")
DESCRIPTION = """MNIST-1D: 40-point signals of ten digit-like classes, procedurally generated
(4,000 to train on, 1,000 to test on).

S. Greydanus and D. Kobak, Scaling Down Deep Learning with MNIST-1D, ICML 2024, arXiv 2011.14439.
"""


class Bunch(dict):
    """A dict whose keys are also attributes, like scikit-learn's Bunch."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{name!r}; this bunch holds {', '.join(self)}") from None

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value

    def __dir__(self) -> list[str]:
        return list(self)


def load_mnist1d(
    *,
    split: str = "all",
    return_X_y: bool = False,
    as_frame: bool = False,
    layout: str = "nl",
    dtype: str = "float32",
    latents: bool = False,
) -> Any:
    """Return the frozen benchmark set in scikit-learn's convention.

    Args:
      split: "all" (the 4,000 training signals, then the 1,000 test signals), "train" or "test".
      return_X_y: return (X, y) in place of a Bunch.
      as_frame: add a pandas data frame; needs pandas.
      layout: shape of X: "nl" (samples, time), "ncl" (samples, 1, time), "nlc" (samples, time, 1).
      dtype: "float32" or "float64".
      latents: the Bunch also holds latents (samples, 4), latent_names and digit_mask
        (samples, time).

    Returns:
      A Bunch with data, target int64, feature_names, target_names, t, DESCR and frame; or (X, y).

    Raises:
      UsageError: for an unknown split or layout, or as_frame with a layout other than "nl".
      MissingExtraError: for as_frame without pandas.

    Examples:
      >>> X, y = load_mnist1d(split="test", return_X_y=True)
      >>> X.shape, y.shape
      ((1000, 40), (1000,))
    """
    check_name(split, SPLITS, "split")
    check_name(layout, LAYOUTS, "layout")
    check_flag(return_X_y, "return_X_y")
    check_flag(as_frame, "as_frame")
    data = load_dataset(dtype, latents=latents)
    ends = {"train": [""], "test": ["_test"], "all": ["", "_test"]}[split]
    x, y = (np.concatenate([data[name + end] for end in ends]) for name in ("x", "y"))
    names = [f"x{i}" for i in range(x.shape[1])]
    frame = None
    X, target = _lay_out(x, layout), y
    if as_frame:
        frame = _frame(x, y, names, layout)
        X, target = frame[names], frame["target"]
    if return_X_y:
        return X, target
    bunch = Bunch(
        data=X,
        target=target,
        frame=frame,
        feature_names=names,
        target_names=[str(label) for label in data.templates.y],
        t=data.t,
        DESCR=DESCRIPTION,
    )
    if latents:
        causes = [np.stack(data[f"latents{end}"], axis=1) for end in ends]  # (samples, 4)
        bunch |= {"latents": np.concatenate(causes), "latent_names": list(Latents._fields)}
        bunch["digit_mask"] = np.concatenate([data[f"digit_mask{end}"] for end in ends])
    return bunch


def make_mnist1d(
    n_samples: int = 1000,
    *,
    layout: str = "nl",
    mode: str = "exact",
    dtype: str | None = None,
    random_state: int | np.random.RandomState | np.random.Generator | None = None,
    **knobs: Unpack[Knobs],
) -> tuple[np.ndarray, np.ndarray]:
    """Make signals in the convention of scikit-learn's `make_classification`.

    Args:
      n_samples: number of signals; classes are balanced, a remainder goes to classes at random.
      layout: shape of X: "nl" (samples, time), "ncl" (samples, 1, time), "nlc" (samples, time, 1).
      mode: "exact" or "fast", as for `make_dataset`.
      dtype: "float32" or "float64"; default: float64 in exact mode, float32 in fast mode.
      random_state: a seed; or a RandomState or Generator, which is advanced; None: fresh entropy.
      **knobs: settings by name, as for `make_dataset`.

    Returns:
      (X, y) in random order, standardised; y (samples,) int64.

    Raises:
      UsageError: for an invalid setting.

    Examples:
      >>> X, y = make_mnist1d(n_samples=20, random_state=0)
      >>> X.shape, sorted(y.tolist())[:4]
      ((20, 40), [0, 0, 1, 1])
    """
    check_name(layout, LAYOUTS, "layout")
    n_samples = check_whole(n_samples, 1, "n_samples")
    for name in ("num_samples", "train_split", "seed"):
        if name in knobs:
            raise UsageError(
                f"make_mnist1d takes {'n_samples' if name == 'num_samples' else 'random_state'} "
                f"in place of {name}"
            )
    full = -(-n_samples // 10) * 10
    config = DataConfig(**knobs).replace(
        num_samples=full, train_split=1.0, seed=_seed(random_state)
    )
    data = make_dataset(config, mode=mode, dtype=dtype)
    return _lay_out(data.x[:n_samples], layout), data.y[:n_samples]


def _seed(random_state: object) -> int:
    if random_state is None:
        return int(np.random.default_rng().integers(2**32))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(0, 2**32, dtype=np.uint32))
    if isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool):
        return check_whole(random_state, 0, "random_state", 2**32 - 1)
    raise UsageError(
        f"random_state must be None, a whole number, a RandomState or a Generator, "
        f"got {type(random_state).__name__}"
    )


def _lay_out(x: np.ndarray, layout: str) -> np.ndarray:
    return {"nl": x, "ncl": x[:, None, :], "nlc": x[:, :, None]}[layout]


def _frame(x: np.ndarray, y: np.ndarray, names: list[str], layout: str) -> Any:
    if layout != "nl":
        raise UsageError(f"as_frame needs the layout 'nl', one column per point, got {layout!r}")
    try:
        import pandas
    except ImportError:
        raise MissingExtraError("as_frame needs pandas: pip install pandas") from None
    return pandas.DataFrame(x, columns=names).assign(target=y)
