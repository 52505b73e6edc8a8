"""The benchmarks of the generator run and print one JSON line each; what they measure is not
tested, since it depends on the machine."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.peer import ROOT


def printed(name, *options):
    process = subprocess.run(
        [sys.executable, f"benchmarks/{name}.py", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    (line,) = process.stdout.splitlines()
    return json.loads(line)


@pytest.mark.slow
def test_generate(peer):
    result = printed("generate", "--rounds", "1", "--exact", "100", "--fast", "1000")
    assert result["same_bits"] is True and result["exact_ratio"] > 0 and result["fast_ratio"] > 0
    assert {"python", "numpy", "scipy", "peer", "mnist1d-lab"} == set(
        result["versions"]
    ) and result["processor"]
    assert (
        result["seconds"].keys() == {"peer", "exact", "fast"}
        and result["fast_memory"]["output_mebibytes"] == 0.2
    )


def test_import_time():
    result = printed("import_time", "--rounds", "1")
    assert (
        isinstance(result["extra_seconds"], float) and result["bar"] == 0.1 and result["processor"]
    )


@pytest.mark.slow
def test_streams(peer):
    pytest.importorskip("jax", reason="one of the streams is JAX's")
    result = printed("streams", "--peer", "100", "--jax", "100000", "--torch", "2000")
    assert result["jax_ratio"] > 0 and result["jax"]["num_samples"] == 100_000
    assert 0 <= result["jax"]["growth_mebibytes"] < 100  # what was drawn is 15 MiB, and is not kept


@pytest.mark.slow
def test_observer():
    pytest.importorskip("jax", reason="the observer needs JAX")
    result = printed("observer", "--signals", "100", "--draws", "200")
    assert (
        result["seconds"]["frozen_test_acc"] > 0.99
        and result["brute_force_errors"]["root_mean_square"] < 3
    )
    assert all(abs(found["standard_errors"]) < 4 for found in result["calibration"].values())


@pytest.mark.slow
def test_store():
    pytest.importorskip("jinja2", reason="the report needs Jinja2")
    result = printed("store", "--trials", "1000")["trials"]["1000"]
    assert all(result[part]["peak_mib"] > 0 for part in result if part != "store")
    polls = [result[f"page, poll {when}"] for when in ("when nothing is new", "after one trial")]
    assert polls[0]["cpu_seconds"] < polls[1]["cpu_seconds"] < result["sweep"]["cpu_seconds"]
    assert 0.1 < result["store"]["mib"] < 10  # 1 GiB for 100,000 trials


def test_the_page_on_speed_has_the_rows_of_the_store_benchmark():
    from benchmarks.store import LABELS, table_of

    part = {"cpu_seconds": 0.25, "peak_mib": 100.0}
    table = table_of({1000: dict.fromkeys(LABELS, part) | {"store": {"mib": 10.2}}})
    text = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8").partition("## Many trials")[2]
    labels = [line.split(" | ")[0] for line in table.splitlines()]
    shown = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("|")]
    assert labels[2:] == shown[2:] and "| 0.25 s, 100 MiB |" in table


@pytest.mark.slow
def test_limit(tmp_path):
    for package in ("jax", "torch"):
        pytest.importorskip(package, reason="both sides are measured")
    result = printed("limit", "--only", "logistic", "--seconds", "0.05")
    (case,) = result["cases"]
    assert case["num_steps"] == 6000 and case["ours"] > 0 and case["peers"] > 0
    assert case["flops"] >= 4 * 100 * 40 * 10  # products of the forward and the backward pass
    assert all(value > 0 for value in result["machine"].values())
    (tmp_path / "limit.json").write_text(json.dumps(result))
    process = [sys.executable, "benchmarks/limit.py", "--table", str(tmp_path / "limit.json")]
    table = subprocess.run(process, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert table.splitlines()[2].startswith("| spatial-priors | logistic | 6,000 |")


@pytest.mark.parametrize("name", ["limit.json", "limit-2.json"])
def test_the_page_on_speed_shows_the_tables_of_its_measurements(name):
    from benchmarks.limit import table

    measured = json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert table(measured) in text
    shown = " ".join(text.split())
    machine = measured["machine"]
    assert f"{machine['gflops']:.0f} GFLOP/s" in shown and f"{machine['gbytes']} GB/s" in shown
    assert f"{machine['mnormals']:.0f} million" in shown


def test_the_page_on_speed_says_what_two_threads_give():
    cases = json.loads((ROOT / "docs" / "limit-2.json").read_text(encoding="utf-8"))["cases"]
    ratios = np.array([case["peers"] / case["ours"] for case in cases]).round(1)
    text = " ".join((ROOT / "docs" / "speed.md").read_text(encoding="utf-8").split())
    sentence = text.partition("With two threads each, ")[2].partition(" The table")[0]
    low, high, wide_low, wide_high = map(float, re.findall(r"\d+\.?\d*(?= to| times)", sentence))
    wide = ratios[ratios <= wide_high]
    assert (wide.min(), wide.max()) == (wide_low, wide_high) and len(wide) == 4
    assert (ratios[ratios > wide_high].min(), ratios.max().round()) == (low, high)


def test_the_first_sentences_on_speed_say_what_the_table_shows():
    cases = json.loads((ROOT / "docs" / "limit.json").read_text(encoding="utf-8"))["cases"]
    limits = np.array([case["flops"] / 1e9 / case["gflops"] for case in cases])
    ours, peers = (np.array([case[side] for case in cases]) for side in ("ours", "peers"))
    text = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    lead = " ".join(text.partition("## Training")[0].split())
    ranges = re.findall(r"([\d.]+) to ([\d.]+) times (?:faster|the limit)", lead)
    small, wide, our_limits, peer_limits = (tuple(map(float, ends)) for ends in ranges)
    ratios = (peers / ours).round(1)
    is_wide = ratios <= wide[1]
    assert len(ratios) >= 14 and small == (ratios[~is_wide].min(), ratios[~is_wide].max().round())
    for found, ends in (
        (ratios, wide),
        (ours / limits, our_limits),
        (peers / limits, peer_limits),
    ):
        assert (found[is_wide].min().round(1), found[is_wide].max().round(1)) == ends
