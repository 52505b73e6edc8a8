"""The fresh test: reserved signals that no stream reaches, and answers that are the observer's."""

import ast
import stat
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import mnist1d
from mnist1d import DataConfig, UsageError
from mnist1d.draws import TEST_BLOCK, block_size, draw_fast, fast_chunks, reserved_blocks
from mnist1d.errors import FileFormatError
from mnist1d.evaluation import testsets
from mnist1d.observer import IdealObserver, answers, fresh, kept
from mnist1d.observer.fresh import fresh_test

SMALL = DataConfig(padding=(36, 38), max_translation=4, num_samples=100)  # few components: fast


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fresh._signals.cache_clear()
    return tmp_path / "cache"


# ------------------------------------------------------------------ no model trains on them


@pytest.mark.parametrize("num_classes", [2, 3, 10, 1500])
def test_no_range_of_the_stream_reaches_the_reserved_signals(num_classes):
    first = TEST_BLOCK * block_size(num_classes)
    last = next(fast_chunks(DataConfig(), num_classes, first - 1, first))
    assert len(last.label) == 1  # the last signal that training may use
    for start, stop in ((first - 1, first + 1), (first, first + 1), (0, 2**63 - 1)):
        with pytest.raises(UsageError, match="reserved for testing"):
            next(fast_chunks(DataConfig(), num_classes, start, stop))
        with pytest.raises(UsageError, match="reserved for testing"):
            draw_fast(DataConfig(), num_classes, start, stop)
    (block,) = reserved_blocks(DataConfig(), num_classes, 0, 1)
    assert not np.array_equal(block.corr_noise[:1], last.corr_noise)


def test_a_stream_that_starts_just_before_ends_there():
    torch_adapter = pytest.importorskip("mnist1d.adapters.torch", exc_type=ImportError)
    first = TEST_BLOCK * block_size(10)
    stream = iter(torch_adapter.MNIST1DStream(start=first - 2000, batch_size=1000))
    assert len(next(stream)[0]) == len(next(stream)[0]) == 1000
    with pytest.raises(UsageError, match="reserved for testing"):
        next(stream)


def test_nothing_but_the_fresh_test_reads_reserved_blocks():
    source = Path(mnist1d.__file__).parent
    users = set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "id", getattr(node, "attr", None))
            if name in ("reserved_blocks", "_fast_block", "TEST_BLOCK"):
                users.add((path.relative_to(source).as_posix(), name))
    assert {file for file, _ in users} == {"draws.py", "observer/fresh.py"}
    assert ("observer/fresh.py", "_fast_block") not in users


def test_signals_are_the_same_for_every_seed_and_size_of_the_training_data():
    plain = fresh_test(mnist1d.load_dataset(), 50)
    other = mnist1d.make_dataset(num_samples=100, seed=7, dtype="float32")
    again = fresh_test(other, 30)
    np.testing.assert_array_equal(plain.y[:30], again.y)
    raw = plain.x[:30] * np.float32(mnist1d.load_dataset().std)
    np.testing.assert_allclose(
        raw + np.float32(mnist1d.load_dataset().mean), again.x * other.std + other.mean, atol=1e-5
    )


def test_they_are_standardised_and_permuted_as_the_training_signals():
    data = mnist1d.make_dataset(SMALL, dtype="float32")
    plain, shuffled = fresh_test(data, 40), fresh_test(data.shuffled(3), 40)
    np.testing.assert_array_equal(plain.x[:, data.shuffled(3).positions], shuffled.x)
    np.testing.assert_array_equal(plain.exact, shuffled.exact)
    known = IdealObserver.of(data.shuffled(3)).predict_proba(shuffled.x)
    np.testing.assert_allclose(known, plain.exact, atol=1e-5)


# ------------------------------------------------------------------ the answers


def test_the_answers_that_ship_are_the_observers_on_a_sample():
    test = fresh_test(mnist1d.load_dataset())
    assert len(test.y) == 100_000
    observer = IdealObserver.of(mnist1d.load_dataset())
    doubtful = np.argsort(test.exact.max(axis=1))[:60]  # where the observer is not certain
    sample = np.concatenate([doubtful, np.random.default_rng(1).choice(100_000, 140)])
    known = observer.predict_proba(test.x[sample])
    np.testing.assert_allclose(test.exact[sample], known, atol=2e-4)  # x is float32
    np.testing.assert_allclose(test.exact.sum(axis=1), 1)
    assert np.mean(test.exact.argmax(axis=1) == test.y) == pytest.approx(0.9998, abs=1e-4)
    files = [resources.files("mnist1d.observer").joinpath(f"{t}.npz") for t in ("frozen", "fresh")]
    assert sum(len(file.read_bytes()) for file in files) < 500_000


def test_the_frozen_test_has_shipped_answers_too():
    data = mnist1d.load_dataset()
    exact = testsets._of_own_test(DataConfig())
    assert not kept.cache_folder().exists()  # nothing was computed
    known = IdealObserver.of(data).predict_proba(data.x_test[:100])
    np.testing.assert_allclose(exact[:100], known, atol=1e-6)
    shuffled = testsets.shuffled_data_of(None)
    np.testing.assert_array_equal(testsets.make_test(shuffled, "frozen", 1).exact, exact)
    first = IdealObserver.of(shuffled).predict_proba(shuffled.x_test[:20])
    np.testing.assert_allclose(exact[:20], first, atol=1e-5)


def test_answers_are_computed_once_and_kept_for_the_user_alone(own_cache, monkeypatch):
    data, told = mnist1d.make_dataset(SMALL, dtype="float32"), []
    first = fresh_test(data, 30, tell=told.append)
    (file,) = kept.cache_folder().iterdir()
    assert stat.S_IMODE(kept.cache_folder().stat().st_mode) == 0o700 and own_cache in file.parents
    monkeypatch.setattr(IdealObserver, "predict_proba", None)  # the model is not called again
    np.testing.assert_array_equal(fresh_test(data, 30).exact, first.exact)
    np.testing.assert_array_equal(fresh_test(data, 10).exact, first.exact[:10])


def test_more_signals_continue_what_is_kept():
    data = mnist1d.make_dataset(SMALL, dtype="float32")
    whole = fresh_test(data, 70).exact
    next(kept.cache_folder().iterdir()).unlink()
    fresh_test(data, 30)
    np.testing.assert_allclose(fresh_test(data, 70).exact, whole, atol=1e-12)


def test_what_was_ready_when_interrupted_is_kept(monkeypatch):
    data, real, calls = mnist1d.make_dataset(SMALL), IdealObserver.predict_proba, []

    def interrupted(self, x):
        calls.append(len(x))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, x)

    monkeypatch.setattr(kept, "BLOCK", 20)
    monkeypatch.setattr(IdealObserver, "predict_proba", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fresh_test(data, 40)
    fresh_test(data, 40)
    assert calls == [20, 20, 20]  # not called again for the first twenty


@pytest.mark.parametrize("damage", ["truncate", "flip", "other"])
def test_a_damaged_file_is_reported_and_computed_again(damage):
    data, told = mnist1d.make_dataset(SMALL), []
    exact = fresh_test(data, 20).exact
    (file,) = kept.cache_folder().iterdir()
    content = bytearray(file.read_bytes())
    if damage == "truncate":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[content.index(b"probability.npy") + 60] ^= 1  # inside the numbers
    else:
        other = answers.without_one_hot(np.full((20, 10), 0.1), np.zeros(20, int))
        answers.write(file, other, "another key")
        content = bytearray(file.read_bytes())
    file.write_bytes(content)
    np.testing.assert_array_equal(fresh_test(data, 20, tell=told.append).exact, exact)
    assert any("computing the posteriors again" in line for line in told)


def test_a_changed_probability_is_found(tmp_path):
    doubtful = answers.without_one_hot(np.array([[0.7, 0.3]]), np.array([0]))
    answers.write(tmp_path / "a.npz", doubtful, "key")
    assert answers.read(tmp_path / "a.npz", "key").dense(np.array([0]), 2).tolist() == [
        pytest.approx([0.7, 0.3])
    ]
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    arrays["probability"] = arrays["probability"][::-1]
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    with pytest.raises(FileFormatError, match="changed since it was written"):
        answers.read(tmp_path / "a.npz", "key")


def test_cached_answers_are_within_the_documented_error():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(10, 0.02), 2000)  # mostly nearly one-hot
    label = p.argmax(axis=1)
    label[:100] = rng.integers(0, 10, 100)
    back = answers.without_one_hot(p, label).dense(label, 10)
    assert np.abs(back - p).max() < 10 * answers.SMALLEST + 1.2e-7
    one_hot = np.eye(10)[label]
    assert len(answers.without_one_hot(one_hot, label).signal) == 0
    np.testing.assert_array_equal(answers.without_one_hot(one_hot, label).dense(label, 10), one_hot)
    wrong = np.eye(10)[(label + 1) % 10]  # certain of another label
    np.testing.assert_array_equal(answers.without_one_hot(wrong, label).dense(label, 10), wrong)


def test_a_cache_that_cannot_be_written_is_reported(own_cache):
    own_cache.write_text("a file where the folder should be")
    told = []
    assert fresh_test(mnist1d.make_dataset(SMALL), 10, tell=told.append).exact is not None
    assert any("could not be stored" in line for line in told)


def test_settings_without_a_density_give_signals_and_the_reason():
    found = fresh_test(mnist1d.make_dataset(num_samples=50, iid_noise_scale=0.0), 20)
    assert (
        found.x.shape == (20, 40)
        and found.exact is None
        and "no ideal observer exists" in found.reason
    )
