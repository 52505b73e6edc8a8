"""Shards: every trial is in exactly one of them, and merged they equal one run."""

import sqlite3
from contextlib import closing

import pytest

from mnist1d.cli import main
from mnist1d.errors import UsageError
from mnist1d.runs import open_store, plan, sweep
from mnist1d.runs.merge import merge
from mnist1d.runs.shards import Shard, parse_shard, tasks_of
from mnist1d.runs.tasks import Task
from tests.runs.toy import Config


def keys(tasks):
    return sorted((task.trial, seed) for task in tasks for seed in task.seeds)


def content(folder):
    """Everything that a store shows, in the order of the study's grid."""
    with open_store(folder, create=False) as store:
        return [
            (r.trial, r.seed, r.metric, r.step, repr(r.value), list(r.config.items()))
            for r in store.rows("toy")
        ]


@pytest.mark.parametrize("text", ["0/4", "5/4", "1.5/4", "4", "", "1/0", "-1/4", "1/4/2", "a/b"])
def test_values_that_are_not_shards(text):
    with pytest.raises(UsageError, match=r"i/n with whole numbers 1 <= i <= n.*--shard 1/4; got"):
        parse_shard(text)


def test_a_shard_on_the_command_line(toy, tmp_path, capsys):
    words = ["run", "toy", "--runs", str(tmp_path), "--shard"]
    assert main([*words, "5/4"]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not list(tmp_path.iterdir())
    assert main([*words, "1/4", "--preset", "paper", "--until-decided"]) == 2
    assert "leave out --until-decided or --shard" in capsys.readouterr().err
    assert main([*words, "3/4", "--executor", "here"]) == 0
    told = capsys.readouterr()
    assert "shard 3/4: 1 trial of 6" in told.err and "mnist1d merge" in told.err
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("count", [1, 2, 4, 7, 50])
@pytest.mark.parametrize("num_trials", [1, 3, 40])
def test_every_seed_is_in_one_shard(count, num_trials):
    tasks = [
        Task("toy", Config(size=size), (0, 1, 2), "quick", float(size % 5))
        for size in range(1, num_trials + 1)
    ]
    shards = [tasks_of(Shard(index, count), tasks) for index in range(1, count + 1)]
    assert keys(task for shard in shards for task in shard) == keys(tasks)
    if num_trials >= count:
        assert all(task.seeds == (0, 1, 2) for shard in shards for task in shard)
        assert max(map(len, shards)) <= 2 * num_trials / count + 2


def test_work_is_spread_evenly():
    tasks = [Task("toy", Config(size=s), (0,), "quick", float(s)) for s in range(1, 41)]
    loads = [sum(t.estimate for t in tasks_of(Shard(i, 4), tasks)) for i in range(1, 5)]
    assert max(loads) <= 1.05 * min(loads)


def test_four_shards_merged_are_one_run(toy, tmp_path):
    folders = [tmp_path / f"shard{index}" for index in range(1, 5)]
    for index, folder in enumerate(folders, start=1):
        words = ["run", "toy", "--runs", str(folder), "--executor", "here"]
        assert main([*words, "--shard", f"{index}/4"]) == 0
    assert main(["merge", *map(str, reversed(folders)), "--runs", str(tmp_path / "all")]) == 0
    with open_store(tmp_path / "one") as store:
        sweep(store, plan("toy", "quick"))
    assert content(tmp_path / "all") == content(tmp_path / "one")
    with closing(sqlite3.connect(tmp_path / "all" / "rows.sqlite")) as db:
        doubles = "SELECT 1 FROM rows GROUP BY trial, seed, metric, step HAVING count(*) > 1"
        assert not db.execute(doubles).fetchall()
    with open_store(tmp_path / "all") as store:
        again = sweep(store, plan("toy", "quick"))
        assert (again.done, again.stored) == (0, 6)
        assert len(store.sweeps()) == 1
    assert merge(folders, tmp_path / "all").copied == 0


def test_a_missing_shard_is_named_until_it_is_merged(toy, tmp_path, capsys):
    for index in (1, 2):
        words = ["run", "toy", "--runs", str(tmp_path / f"{index}"), "--executor", "here"]
        assert main([*words, "--shard", f"{index}/2"]) == 0
    capsys.readouterr()
    all_runs = str(tmp_path / "all")
    assert main(["merge", str(tmp_path / "1"), "--runs", all_runs]) == 0
    _, told = capsys.readouterr().out.splitlines()
    assert told.startswith("warning: 3 of 6 trials of toy have not run") and all_runs in told
    assert main(["merge", str(tmp_path / "2"), "--runs", all_runs]) == 0
    assert "warning" not in capsys.readouterr().out


def test_a_real_study_in_two_shards(tmp_path):
    tasks = plan("learning-rate", "smoke")
    for name, part in (("one", tasks), ("a", tasks_of(Shard(1, 2), tasks)), ("b", None)):
        with open_store(tmp_path / name) as store:
            sweep(store, part or tasks_of(Shard(2, 2), tasks), whole=tasks)
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    found = {}
    for name in ("one", "all"):
        with open_store(tmp_path / name) as store:
            rows = [row for row in store.rows("learning-rate") if "seconds" not in row.metric]
            found[name] = [(row.trial, row.seed, row.metric, row.step) for row in rows]
            found[name, "values"] = [repr(row.value) for row in rows]
    assert found["one"] == found["all"] and found["one", "values"] == found["all", "values"]
