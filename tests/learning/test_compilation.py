"""Compiled programs: their timing, and the cache: its place, its owner, its size."""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mnist1d.learning import compilation
from mnist1d.learning.cache import processor_hash
from mnist1d.learning.compilation import enable_compilation_cache, timed, trim


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A separate home for the cache; JAX's settings are restored afterwards."""
    from jax.experimental.compilation_cache import compilation_cache

    names = (
        "jax_compilation_cache_dir",
        "jax_persistent_cache_min_entry_size_bytes",
        "jax_persistent_cache_min_compile_time_secs",
    )
    before = {name: getattr(jax.config, name) for name in names}
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compilation_cache.reset_cache()
    yield tmp_path / "mnist1d" / "jax"
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def test_the_cache_writes_files_that_only_the_user_reads(cache):
    cache.mkdir(parents=True)
    (cache / f"cpu-{processor_hash()}").mkdir(mode=0o755)
    folder = enable_compilation_cache()
    assert folder.parent == cache and folder.stat().st_mode & 0o077 == 0
    jax.jit(lambda x: x * 3 - 1)(2.0)
    assert list(folder.iterdir())


def test_the_cache_lies_where_one_says(cache, tmp_path, monkeypatch):
    assert enable_compilation_cache(tmp_path / "told").parent == tmp_path / "told"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "variable"))
    assert enable_compilation_cache().parent == tmp_path / "variable"


def test_processors_of_other_kinds_have_folders_of_their_own(monkeypatch):
    here, text = processor_hash(), Path("/proc/cpuinfo").read_text
    processor_hash.cache_clear()
    try:
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: "flags\t\t: fpu avx512f\n")
        assert processor_hash() != here
        processor_hash.cache_clear()
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: "flags\t\t: fpu avx512f\n" * 64)
        many = processor_hash()
        processor_hash.cache_clear()
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: "flags\t\t: fpu avx512f\n")
        assert processor_hash() == many  # the number of cores does not matter
    finally:
        monkeypatch.undo()
        processor_hash.cache_clear()
    assert text and processor_hash() == here


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users here")
def test_the_folder_of_another_user_is_refused(cache, monkeypatch):
    uid = os.getuid()
    monkeypatch.setattr(compilation.os, "getuid", lambda: uid + 1)
    with pytest.raises(PermissionError, match="belongs to another user"):
        enable_compilation_cache()


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    for age in range(10):
        file = tmp_path / f"program-{age}"
        file.write_bytes(b"x" * 100)
        os.utime(file, (1e9 - age, 1e9 - age))
    trim(tmp_path, max_bytes=1000)
    assert len(list(tmp_path.iterdir())) == 10
    trim(tmp_path, max_bytes=999)
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"program-{i}" for i in range(7)]


def test_each_call_is_timed_apart_from_compiling():
    calls = [(jnp.float32(1), jnp.arange(3.0)), (jnp.float32(2), jnp.arange(3.0))]
    traced = []

    def scaled(a, x):
        traced.append(a)
        return {"product": a * x}

    found = timed(scaled, calls)
    assert [result["product"].tolist() for result in found.results] == [[0, 1, 2], [0, 2, 4]]
    assert isinstance(found.results[0]["product"], np.ndarray) and len(traced) == 1
    assert len(found.seconds) == 2 and all(s > 0 for s in (*found.seconds, found.compile_seconds))
