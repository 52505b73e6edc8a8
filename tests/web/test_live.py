"""News for the page: each poll reads only what the store gained."""

import pytest

from mnist1d.errors import FileFormatError
from mnist1d.runs import Task, open_store, plan, sweep
from mnist1d.runs.store import Store
from mnist1d.web.curves import COLORS
from mnist1d.web.live import SHOWN, News


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


def test_many_trials_at_once_are_counted_and_the_last_are_shown(toy, store, monkeypatch):
    monkeypatch.setattr("mnist1d.web.live.MAX_RUNS", SHOWN + 1)
    tasks = [Task("toy", toy.Config(size=size), (0,), "smoke", 1.0) for size in range(1, 16)]
    sweep(store, tasks)
    (_, content), *_ = News(store.folder).since()
    last = [task.trial[:12] for task in tasks]
    assert content["done"] == content["wanted"] == content["total"] == 15
    assert [call["trial"] for call in content["calls"]] == last[-SHOWN:]
    assert [run["id"] for run in content["runs"]] == last[-SHOWN - 1 :]
    colors = [COLORS[place % len(COLORS)] for place in range(15)]  # as in the final curves
    assert [run["color"] for run in content["runs"]] == colors[-SHOWN - 1 :]


def test_names_and_colours_stay_while_trials_finish(toy, store):
    tasks = plan("toy", "smoke", overrides=["rate=0.25"])
    store.record_sweep("toy", tasks[0].label, {t.trial: t.seeds for t in tasks}, "")
    found = []
    for task in tasks:
        store.add("toy", task.config, task.seeds, toy.run(task.config, task.seeds))
        (_, content), *_ = News(store.folder).since()
        found.append({run["id"]: (run["name"], run["color"]) for run in content["runs"]})
    assert [len(runs) for runs in found] == [1, 2, 3]
    assert found[0].items() < found[1].items() < found[2].items()


def test_the_curve_of_a_trial_reads_that_trial_only(toy, store, monkeypatch):
    sweep(store, tasks := plan("toy", "smoke"))
    store.db.execute("UPDATE trials SET config = '{}' WHERE trial = ?", (tasks[0].trial,))
    assert len(store.all_rows("toy", {tasks[1].trial: (0,)}))
    with pytest.raises(FileFormatError, match=tasks[0].trial[:12]):
        store.all_rows("toy", {"missing": (0,)})  # the damaged one could be the one that is missing
