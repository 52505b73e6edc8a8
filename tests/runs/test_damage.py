"""Damage is reported with the trial and the command that repairs it, repaired by the doctor, and
never read as good rows."""

import random
import shutil
import sqlite3

import numpy as np
import pytest

from mnist1d.errors import FileFormatError, Mnist1dError, UsageError
from mnist1d.experiments.rows import Row
from mnist1d.experiments.study import Reference
from mnist1d.runs import open_store, trial_id
from mnist1d.runs.doctor import examine
from mnist1d.runs.store import DATABASE
from tests.runs.toy import Config

TRIALS = [trial_id("toy", Config(size=size)) for size in (1, 2, 3)]


def rows_of(size):
    rows = [Row(seed, "acc", step, size + seed / 10) for seed in (0, 1) for step in (0, 10)]
    return rows + [Row(seed, "mask", None, np.arange(6.0) * size) for seed in (0, 1)]


@pytest.fixture
def runs(tmp_path):
    """A folder of runs with three trials of two seeds, a failed call, and a sweep."""
    folder = tmp_path / "runs"
    with open_store(folder) as store:
        for size in (1, 2, 3):
            store.add("toy", Config(size=size), [0, 1], rows_of(size), provenance={"python": "3"})
        store.add("toy", Config(size=3), [2], status="failed", error="Traceback: it broke")
        reference = Reference("toy.py")
        wanted = {trial: [0, 1] for trial in TRIALS}
        store.record_sweep("toy", "smoke", wanted, "mnist1d run toy", reference=reference)
    return folder


def change(runs, statement):
    db = sqlite3.connect(runs / DATABASE)
    assert db.execute(statement).rowcount == 1
    db.commit()
    db.close()


def everything(folder):
    """Everything that can be read from a store."""
    with open_store(folder, create=False) as store:
        rows = [
            (r.trial, r.config["size"], r.seed, r.metric, r.step, np.asarray(r.value).tolist())
            for r in (*store.all_rows(), *store.rows("toy"))
        ]
        calls = [
            (c.trial, c.seeds, c.status, c.started, c.seconds, c.error, dict(c.provenance))
            for c in store.calls()
        ]
        sweeps = [(s.study, s.label, dict(s.wanted), s.command) for s in store.sweeps()]
        standing = store.standing()
        names = store.studies(), store.reference("toy"), standing.done, standing.failed
    return rows, calls, sweeps, names


CHANGES = {
    "a value": "UPDATE measurements SET value = 1.5 WHERE trial_id = 2 AND seed = 1 AND place = 0",
    "a step": "UPDATE measurements SET step = 7 WHERE trial_id = 2 AND seed = 1 AND place = 0",
    "a metric": "UPDATE measurements SET metric = 'a'"
    " WHERE trial_id = 2 AND seed = 1 AND place = 0",
    "an array": "UPDATE measurements SET array = X'00'"
    " WHERE trial_id = 2 AND seed = 1 AND place = 2",
    "a row gone": "DELETE FROM measurements WHERE trial_id = 2 AND seed = 1 AND place = 0",
    "another's row": "UPDATE measurements SET seed = 9"
    " WHERE trial_id = 2 AND seed = 1 AND place = 1",
    "the seed": "UPDATE seeds SET seed = 9 WHERE trial_id = 2 AND seed = 1",
    "the seed gone": "DELETE FROM seeds WHERE trial_id = 2 AND seed = 1",
}


@pytest.mark.parametrize("what", CHANGES)
def test_changed_rows_are_reported_and_repaired(runs, what):
    good = everything(runs)
    change(runs, CHANGES[what])
    told = f"{TRIALS[1][:12]}.*, seed [19].*Run mnist1d doctor --runs .*runs"
    with open_store(runs, create=False) as store:
        with pytest.raises(FileFormatError, match=told):
            store.rows("toy")
        with pytest.raises(FileFormatError, match=told):
            store.all_rows("toy", {TRIALS[1]: [0]})
        assert len(store.all_rows("toy", {TRIALS[0]: [0]})) == 3
    found = examine(runs, mend=False)
    assert not found.is_mended and any(TRIALS[1][:12] in line for line in found.problems)
    repaired = examine(runs)
    assert repaired.is_mended and repaired.seeds == 5 and repaired.kept.exists()
    assert examine(runs).problems == []
    with open_store(runs) as store:
        assert store.done(TRIALS[1]) == {0}
        assert [c.status for c in store.calls(trial=TRIALS[1])] == ["lost", "done"]
        store.add("toy", Config(size=2), [1], rows_of(2))
        rows = [(r.trial, r.seed, r.metric) for r in store.rows("toy")]
    assert rows == [row[:1] + row[2:4] for row in good[0][: len(rows)]]


LINES = {
    "config": "UPDATE trials SET config = replace(config, '\"size\":2', '\"size\":4') WHERE id = 2",
    "study": "UPDATE trials SET study = 'tox' WHERE id = 2",
    "call": "UPDATE attempts SET seconds = 9 WHERE call = 2",
    "error": "UPDATE attempts SET error = 'Traceback: it bloke' WHERE call = 4",
    "sweep": "UPDATE sweeps SET wanted = replace(wanted, '1]', '3]')",
    "place": "UPDATE meta SET value = replace(value, 'toy.py', 'toz.py')",
}


@pytest.mark.parametrize("what", LINES)
def test_changed_records_are_reported_and_repaired(runs, what):
    change(runs, LINES[what])
    with pytest.raises(FileFormatError, match="changed since it was written. Run mnist1d doctor"):
        everything(runs)
    found = examine(runs)
    assert found.is_mended and found.seeds == (4 if what in ("config", "study", "call") else 6)
    assert examine(runs).problems == []
    everything(runs)


def test_a_damaged_provenance_costs_no_rows(runs):
    change(runs, "UPDATE provenances SET content = '{}' WHERE id = 1")
    with pytest.raises(FileFormatError, match="call 1, of trial"):
        everything(runs)
    assert examine(runs).seeds == 6
    with open_store(runs, create=False) as store:
        assert "damaged" in store.calls()[0].provenance["lost"] and len(store.rows("toy")) == 18


def test_a_sound_store_is_left_alone(runs):
    before = (runs / DATABASE).read_bytes()
    (runs / "figures").mkdir()
    (runs / "figures" / ".toy-0123abcd.part.png").write_bytes(b"half")
    found = examine(runs)
    assert (found.problems, found.trials, found.seeds, found.rows) == ([], 3, 6, 18)
    assert found.leftovers == 1 and (runs / DATABASE).read_bytes() == before
    assert (
        sorted(p.name for p in runs.iterdir() if "damaged" in p.name or "mending" in p.name) == []
    )


def test_overwritten_pages(runs, tmp_path):
    """Other pages of the database are kept."""
    with open_store(runs) as store:
        for size in range(4, 60):
            store.add("toy", Config(size=size), [0, 1], rows_of(size))
    content, size, kept = (runs / DATABASE).read_bytes(), 4096, []
    noise = random.Random(0).randbytes(size)
    for page in range(1, len(content) // size, 6):  # the first holds the header and the schema
        folder = tmp_path / f"page-{page}"
        folder.mkdir()
        place = page * size
        changed = content[:place] + noise + content[place + size :]
        (folder / DATABASE).write_bytes(changed)
        found = examine(folder)
        assert found.problems
        if found.is_mended:
            kept.append(found.seeds)
            assert examine(folder).problems == []
            everything(folder)
    assert len(kept) >= 3 and max(kept) == 118 and 60 < sorted(kept)[len(kept) // 2]


def test_nothing_to_examine(tmp_path):
    with pytest.raises(UsageError, match="no runs in"):
        examine(tmp_path)
    (tmp_path / DATABASE).write_text("a letter to my aunt\n" * 200)
    with pytest.raises(FileFormatError, match="is not a database"):
        examine(tmp_path)


def flip(runs, folder, generator):
    """Copy a store and flip a bit in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    content = bytearray((runs / DATABASE).read_bytes())
    written = [place for place, byte in enumerate(content) if byte]
    content[generator.choice(written)] ^= 1 << generator.randrange(8)
    (folder / DATABASE).write_bytes(content)


def flips(runs, folder, seeds):
    """Flip bits; count the outcomes: read as before, reported, or silently different."""
    good, counts = everything(runs), {"as before": 0, "told": 0}
    for seed in seeds:
        flip(runs, folder, random.Random(seed))
        try:
            found = everything(folder)
        except Mnist1dError:
            counts["told"] += 1
        else:
            assert found == good, f"flip {seed} is silent"
            counts["as before"] += 1
    return counts


def test_flipped_bits_are_never_silent(runs, tmp_path):
    counts = flips(runs, tmp_path / "flipped", range(300))
    assert counts["told"] > 30 and counts["as before"] > 3  # for example in an index


def test_the_doctor_survives_flipped_bits(runs, tmp_path):
    folder = tmp_path / "flipped"
    for seed in range(1000, 1040):
        flip(runs, folder, random.Random(seed))
        try:
            found = examine(folder)
        except Mnist1dError:  # the header: no longer one of our databases
            continue
        if found.is_mended:
            assert examine(folder).problems == []
            everything(folder)
