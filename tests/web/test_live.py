"""News for the page: each poll reads only what the store gained."""

import pytest

from mnist1d.runs import open_store, plan, sweep
from mnist1d.runs.store import Store
from mnist1d.web.live import News


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "runs") as opened:
        yield opened


def test_a_poll_reads_only_new_calls(toy, store, monkeypatch):
    read, calls = [], Store.calls
    monkeypatch.setattr(
        Store, "calls", lambda self, **given: read.append(given) or calls(self, **given)
    )
    news = News(store.folder)
    sweep(store, plan("toy", "smoke", seeds=1))
    read.clear()
    (name, content), *_ = news.since()
    assert name == "calls" and content["done"] == content["total"] == 3
    assert list(news.since()) == []
    sweep(store, plan("toy", "smoke", seeds=2))
    (_, content), *_ = news.since()
    assert (content["total"], len(content["calls"])) == (6, 3)
    after = [given["after"] for given in read if "after" in given]
    assert after == [0, 3, 3]


def test_another_store_in_the_same_folder_is_read_from_the_start(toy, store):
    news = News(store.folder)
    sweep(store, plan("toy", "quick"))
    assert next(news.since())[1]["total"] == 6
    store.path.unlink()
    for ending in ("-wal", "-shm"):
        store.path.with_name(store.path.name + ending).unlink(missing_ok=True)
    with open_store(store.folder) as other:
        sweep(other, plan("toy", "smoke"))
    assert next(news.since())[1]["total"] == 3
