"""Two settings side by side: means, the paired difference, and seeds without a partner."""

import json

import pytest

from mnist1d.cli import main
from mnist1d.errors import UsageError
from mnist1d.results.compare import compare
from mnist1d.runs import open_store, plan, sweep


@pytest.fixture
def runs(toy, tmp_path):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke", 4, ["size=1,2", "rate=0.1,0.2"]))
    return tmp_path


def called(runs, a, b, metric="one", study="toy", preset=None):
    with open_store(runs, create=False) as store:
        return compare(store, a, b, metric, study, preset)


def test_the_difference_is_paired(runs):
    found = called(runs, "size=2,rate=0.1", "size=1,rate=0.1")
    assert (found.pairs, found.left_out, found.by, found.preset) == (
        4,
        0,
        ["seed"],
        "smoke",
    )
    assert found.difference == pytest.approx(1.0) and found.low == pytest.approx(1.0)  # by seed
    assert found.a.mean == pytest.approx(12.15) and found.a.low < 12  # seeds differ by 0.1
    assert "higher with size=2,rate=0.1" in found.words


def test_what_varies_on_both_sides_pairs_too(runs):
    found = called(runs, "size=2", "size=1")
    assert (found.pairs, found.by) == (8, ["seed", "rate"])


def test_the_interval_is_over_seeds(runs):
    both, (slow, fast) = (
        called(runs, "size=2", "size=1"),
        (called(runs, f"size=2,rate={rate}", f"size=1,rate={rate}") for rate in (0.1, 0.2)),
    )
    assert both.seeds == both.a.n == 4
    assert both.a.mean == pytest.approx((slow.a.mean + fast.a.mean) / 2)
    assert both.a.high - both.a.low == pytest.approx(slow.a.high - slow.a.low)  # not narrower


def test_the_study_is_found_by_its_fields(runs):
    assert called(runs, "size=2,rate=0.1", "size=1,rate=0.1", study=None).study == "toy"


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        ("size=2", "size=7", {}, "no rows have size=7; size is one of: 1, 2"),
        ("sise=2", "size=1", {}, "did you mean 'size'"),
        ("size=2", "size=1", {"metric": "won"}, "did you mean 'one'"),
        ("size=2", "size=1", {"study": "tyo"}, "did you mean 'toy'"),
        ("size=2", "size=1", {"preset": "paper"}, "was not run at the preset 'paper'"),
        ("sise=2", "size=1", {"study": None}, "no study here has sise, size: name one"),
        ("size", "size=1", {}, "field=value"),
        ("size=2,rate=0.1", "size=1", {}, "rate varies on one side only"),
    ],
)
def test_what_cannot_be_compared(runs, a, b, options, message):
    with pytest.raises(UsageError, match=message):
        called(runs, a, b, **options)


def test_on_the_command_line(runs, capsys):
    words = ["compare", "size=2", "size=1", "--metric", "one", "--runs", str(runs)]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "size=2" in told and "difference" in told and "8 pairs, 4 seeds" in told
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["difference"] == pytest.approx(1.0)
    assert main(["compare", "size=2", "size=2", "--runs", str(runs)]) == 2
