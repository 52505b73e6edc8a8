"""Load MNIST itself, which cannot be generated, from a local file, or from OpenML on request.
Nothing else in the package uses the network."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist1d.errors import FileFormatError, MissingDataError, MissingExtraError

# A path or "openml"; an environment variable, so that worker processes inherit it
VARIABLE = "MNIST1D_MNIST"
OPENML = "openml"
HOW = (
    "MNIST not found: pass --mnist FILE (an .npz, or a folder with the four idx files), or "
    "--mnist openml to download 15 MB through scikit-learn"
)
IDX_FILES = {
    "x": "train-images-idx3-ubyte",
    "y": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
NPZ_NAMES = {"x": "x_train", "y": "y_train", "x_test": "x_test", "y_test": "y_test"}
TEST_SHARE = 1 / 7  # of images that come without a split: 10,000 of 70,000


class Images(NamedTuple):
    """The images of MNIST.

    Attributes:
      x: training images (samples, 784) float32 in [0, 1], the rows of an image one after another.
      y: their labels (samples,) int64.
      x_test: test images (samples, 784).
      y_test: their labels (samples,).
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_mnist(source: str | Path | None = None) -> Images:
    """Read MNIST, which this package does not contain.

    Args:
      source: an .npz file, an idx file or a folder of them (gzipped or not), or "openml". Default:
        what the environment variable MNIST1D_MNIST names. An .npz file holds x_train, y_train,
        x_test and y_test; or images and labels, of which a fixed seventh is the test set.

    Returns:
      `Images`, pixels in [0, 1].

    Raises:
      MissingDataError: if no source is named, or it does not exist.
      FileFormatError: if the file is truncated or in an unknown format.

    Examples:
      >>> import numpy as np
      >>> blank = np.zeros((70, 28, 28), np.uint8)
      >>> np.savez("mnist.npz", images=blank, labels=np.arange(70) % 10)
      >>> load_mnist("mnist.npz").x.shape
      (60, 784)
    """
    source = source or os.environ.get(VARIABLE)
    if not source:
        raise MissingDataError(HOW)
    if str(source) == OPENML:
        return _from_openml()
    path = Path(source).expanduser()
    if not path.exists():
        raise MissingDataError(f"{path} does not exist. {HOW}")
    arrays = (
        _read_npz(path)
        if path.suffix == ".npz"
        else _read_idx_folder(path if path.is_dir() else path.parent)
    )
    return Images(
        *(
            _images(arrays[n], path)
            if n.startswith("x")
            else _labels(arrays[n], arrays[f"x{n[1:]}"], path)
            for n in Images._fields
        )
    )


def _from_openml() -> Images:
    try:
        from sklearn.datasets import fetch_openml
    except ImportError:
        raise MissingExtraError(
            "--mnist openml needs scikit-learn: pip install scikit-learn"
        ) from None
    try:
        images, labels = fetch_openml(
            "mnist_784", version=1, return_X_y=True, as_frame=False, parser="liac-arff"
        )
    except Exception as error:  # the network stack may raise anything
        raise MissingDataError(
            f"OpenML could not be reached ({type(error).__name__}: {error}). {HOW}"
        ) from None
    x, y = _images(images, OPENML), labels.astype(np.int64)
    return Images(x[:60_000], y[:60_000], x[60_000:], y[60_000:])


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with (
            path.open("rb") as handle,
            np.load(handle, allow_pickle=False) as file,
        ):  # np.load alone leaks a broken file
            content = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError(
            f"{path} cannot be read as an .npz of plain arrays: {error}"
        ) from None
    if set(NPZ_NAMES.values()) <= set(content):
        return {ours: content[theirs] for ours, theirs in NPZ_NAMES.items()}
    if {"images", "labels"} <= set(content):
        images, labels = content["images"], content["labels"]
        if len(images) != len(labels):
            raise FileFormatError(
                f"{path} holds {len(images)} images and {len(labels)} labels: the numbers must be "
                "equal"
            )
        order = np.random.default_rng(0).permutation(len(labels))
        test = round(TEST_SHARE * len(labels))
        return {
            "x": images[order[test:]],
            "y": labels[order[test:]],
            "x_test": images[order[:test]],
            "y_test": labels[order[:test]],
        }
    raise FileFormatError(
        f"{path} must hold {', '.join(NPZ_NAMES.values())}, or images and labels; "
        f"found {', '.join(content) or None}"
    )


def _read_idx_folder(folder: Path) -> dict[str, np.ndarray]:
    return {name: _read_idx(_find(folder, file)) for name, file in IDX_FILES.items()}


def _find(folder: Path, file: str) -> Path:
    spellings = [file, file.replace("-idx", ".idx")]  # both are in use
    for path in [folder / f"{name}{ending}" for name in spellings for ending in ("", ".gz")]:
        if path.is_file():
            return path
    raise MissingDataError(f"{folder} holds no {file} (nor {file}.gz). {HOW}")


def _read_idx(path: Path) -> np.ndarray:
    """Return the array of an idx file: two zeros, a type (8: unsigned bytes), the number of axes,
    their sizes, the bytes."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise FileFormatError(f"{path} cannot be read: {error}") from None
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise FileFormatError(
            f"{path} is not an idx file of bytes: it must start with 00 00 08, "
            f"found {content[:3].hex(' ') or 'nothing'}"
        )
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start]) if len(content) >= start else ()
    if len(content) != start + int(np.prod(shape, dtype=np.int64)):
        raise FileFormatError(
            f"{path} is truncated: its header says {shape}, "
            f"it holds {max(len(content) - start, 0)} bytes"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _images(x: np.ndarray, path: object) -> np.ndarray:
    """Return images as (n, 784) in [0, 1]; whole numbers are bytes from 0 to 255."""
    if x.ndim < 2 or np.prod(x.shape[1:]) != 784 or x.dtype.kind not in "uif":
        raise FileFormatError(
            f"{path}: images must be numbers of shape (n, 28, 28) or (n, 784), "
            f"got {x.dtype} {x.shape}"
        )
    scale = 255 if x.dtype.kind in "ui" or x.max(initial=0) > 1 else 1
    return (x.reshape(len(x), 784) / scale).astype(np.float32)


def _labels(y: np.ndarray, x: np.ndarray, path: object) -> np.ndarray:
    if (
        y.shape != (len(x),)
        or y.dtype.kind not in "ui"
        or (len(y) and not 0 <= y.min() <= y.max() <= 9)
    ):
        raise FileFormatError(
            f"{path}: labels must be {len(x)} whole numbers from 0 to 9, one per image, got "
            f"{y.dtype} {y.shape}"
        )
    return y.astype(np.int64)
