"""The MNIST loader, on small files made by hand."""

import gzip
import struct

import numpy as np
import pytest

from mnist1d.errors import FileFormatError, MissingDataError
from mnist1d.mnist import IDX_FILES, VARIABLE, load_mnist

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 256, (21, 28, 28), dtype=np.uint8), RNG.integers(0, 10, 21).astype(np.uint8)


def idx(array):
    return (
        b"\0\0\x08"
        + bytes([array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


def write_idx(folder, ending="", pack=lambda b: b, rename=lambda n: n):
    for name, file in IDX_FILES.items():
        array = (
            (X if name[0] == "x" else Y)[:14]
            if "test" not in name
            else (X if name[0] == "x" else Y)[14:]
        )
        (folder / f"{rename(file)}{ending}").write_bytes(pack(idx(array)))


def check(images):
    np.testing.assert_array_equal(
        images.x, X[:14].reshape(14, 784).astype(np.float32) / np.float32(255)
    )
    np.testing.assert_array_equal(images.y_test, Y[14:])
    assert (
        images.x.dtype == np.float32
        and images.y.dtype == np.int64
        and images.x_test.shape == (7, 784)
    )


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"ending": ".gz", "pack": gzip.compress},
        {"rename": lambda name: name.replace("-idx", ".idx")},
    ],
    ids=["plain", "gz", "dot"],
)
def test_idx_files(tmp_path, style):
    write_idx(tmp_path, **style)
    check(load_mnist(tmp_path))
    check(load_mnist(next(tmp_path.iterdir())))  # any one of the four


def test_npz_with_and_without_a_split(tmp_path):
    np.savez(tmp_path / "split.npz", x_train=X[:14], y_train=Y[:14], x_test=X[14:], y_test=Y[14:])
    check(load_mnist(tmp_path / "split.npz"))
    np.savez(tmp_path / "one.npz", images=X.reshape(21, 784) / 255, labels=Y)
    images = load_mnist(tmp_path / "one.npz")
    assert len(images.x) == 18 and len(images.x_test) == 3
    both = np.concatenate([images.x, images.x_test])
    np.testing.assert_allclose(
        np.sort(both.sum(1)), np.sort((X / 255).sum((1, 2))), rtol=1e-5
    )  # every image once
    np.testing.assert_array_equal(images.x, load_mnist(tmp_path / "one.npz").x)


def test_named_by_the_environment(tmp_path, monkeypatch):
    write_idx(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    check(load_mnist())


@pytest.mark.parametrize("source", [None, "absent.npz", "."])
def test_absent_data_says_how_to_get_it(tmp_path, monkeypatch, source):
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(MissingDataError, match="--mnist FILE"):
        load_mnist(source and tmp_path / source)


def damaged(tmp_path, name, content):
    write_idx(tmp_path)
    (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    "name, content, says",
    [
        (IDX_FILES["x"], idx(X[:14])[:-1], "truncated"),
        (IDX_FILES["x"], b"\0\0\x08\x03\0", "truncated"),
        (IDX_FILES["y"], b"hello", "not an idx file"),
        (IDX_FILES["y"], idx(Y[:5]), "14 whole numbers"),
        (IDX_FILES["y_test"], idx(Y[14:] + 10), "0 to 9"),
        (IDX_FILES["x"], idx(X[:14, :27]), "28, 28"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path, name, content, says):
    with pytest.raises(FileFormatError, match=says):
        load_mnist(damaged(tmp_path, name, content))


def test_damaged_gzip_and_npz_are_refused(tmp_path):
    write_idx(tmp_path, ".gz", lambda b: gzip.compress(b)[:-10])
    with pytest.raises(FileFormatError, match="cannot be read"):
        load_mnist(tmp_path)
    np.savez(tmp_path / "whole.npz", images=X, labels=Y)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:3000])
    np.savez(tmp_path / "pickled.npz", images=np.array([{}], dtype=object), labels=Y)
    np.savez(tmp_path / "foreign.npz", a=X)
    np.savez(tmp_path / "uneven.npz", images=X, labels=Y[:-1])
    for name in ("cut", "pickled", "foreign", "uneven"):
        with pytest.raises(FileFormatError):
            load_mnist(tmp_path / f"{name}.npz")
