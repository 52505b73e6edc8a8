"""Entries of the board: complete evaluations only, edited files detected, and the smallest shipped
entry measured again."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import mnist1d
from benchmarks.table import joined
from mnist1d.errors import FileFormatError, UsageError
from mnist1d.evaluation.protocol import Config, Protocol
from mnist1d.evaluation.result import Evaluation, Run
from mnist1d.evaluation.scores import Score
from mnist1d.evaluation.submit import entry_of
from mnist1d.evaluation.table import OURS
from mnist1d.experiments.entries import TESTS, Entry, read_entry, shipped, write_entry
from mnist1d.experiments.estimates import estimate
from mnist1d.experiments.published import Published, agreement
from mnist1d.learning import MODELS
from mnist1d.learning.registry import TABLE_1


def entry(**changes):
    made = Entry(
        name="mine",
        model="my:net",
        how="own",
        seeds=(0, 1, 2, 3),
        acc={test: (0.5, 0.6, 0.55, 0.5) for test in TESTS},
        excess_bits=(1.0, 1.1, 1.2, 1.0),
    )
    return dataclasses.replace(made, **changes)


def evaluation(seeds=range(4), tests=("frozen", "fresh"), fails=(), shuffled=True, **config):
    configs = {
        t: Config("my:net", test=t, num_test=100_000 if t == "fresh" else 0, **config)
        for t in tests
    }
    runs = [
        Run(seed, part, error="Traceback\nValueError: x\n")
        if seed in fails
        else Run(
            seed,
            part,
            {
                t: Score(0.5 + seed / 100 + part / 10, excess_bits=1.0, calibration_error=0.1)
                for t in tests
            },
            7,
            2.0 + seed,
        )
        for part in ((False, True) if shuffled else (False,))
        for seed in seeds
    ]
    return Evaluation("mine", configs, tuple(runs))


def test_an_entry_holds_what_was_measured(tmp_path):
    found = evaluation()
    made = found.submit(tmp_path / "mine.json", by="me", link="https://example.org/x")
    assert read_entry(tmp_path / "mine.json") == made
    assert made.acc["frozen"] == (0.5, 0.51, 0.52, 0.53)
    assert made.acc["fresh_shuffled"] == (0.6, 0.61, 0.62, 0.63)
    assert made.excess_bits == (1.0,) * 4 and made.calibration_error == (0.1,) * 4
    assert (made.how, made.seconds, made.num_params) == ("protocol", 2.0, 7)
    assert made.origin["versions"]["numpy"] == np.__version__


@pytest.mark.parametrize(
    ("config", "how"),
    [
        ({"protocol": Protocol(learning_rate=0.1)}, "own"),
        ({"own_training": True}, "own"),
        ({"tuned_on": 500, "protocol": Protocol(learning_rate=0.1)}, "tuned"),
    ],
)
def test_how_a_model_was_trained_is_labelled(config, how):
    assert entry_of(evaluation(**config)).how == how


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"tests": ("frozen",)}, "an entry needs both tests"),
        ({"shuffled": False}, "an entry needs both tests, plain and with shuffled"),
        ({"seeds": range(3)}, "at least 4 seeds"),
        ({"fails": (2,)}, "needs all seeds to succeed; 2 runs failed"),
        ({"data": mnist1d.DataConfig(seed=3)}, "the default data"),
        ({"data_sha256": "0"}, "the default data"),
    ],
)
def test_an_incomplete_evaluation_is_not_an_entry(options, rule):
    with pytest.raises(UsageError, match=rule):
        entry_of(evaluation(**options))


def test_an_edited_file_is_detected(tmp_path):
    path = tmp_path / "mine.json"
    write_entry(path, entry())
    text = path.read_text()
    for old, new in (("0.55", "0.95"), ("mine", "best"), ('"own"', '"protocol"')):
        path.write_text(text.replace(old, new))
        with pytest.raises(FileFormatError, match="edited after it was written"):
            read_entry(path)
    path.write_text(text.replace("\n", " "))  # another layout of the same content is no edit
    assert read_entry(path) == entry()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is no entry"),
        (b"[]", "schema must be 'mnist1d-entry/1', got 'list'"),
        (b"[" * 100_000, "is no entry"),
        (b'{"schema": "mnist1d-entry/2"}', "schema must be 'mnist1d-entry/1', got"),
        (b"\xff\xfe", "not UTF-8"),
        (b" " * 2_000_000, "over 1000000 bytes"),
    ],
)
def test_files_that_are_not_entries(tmp_path, content, rule):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(FileFormatError, match=rule):
        read_entry(tmp_path / "x.json")
    with pytest.raises(UsageError, match="cannot read"):
        read_entry(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"name": ""}, "name must be a text"),
        ({"name": "x" * 1000}, "name must be a text of at most 200"),
        ({"name": 3}, "name must be a text"),
        ({"link": "javascript:alert(1)"}, "link must begin with https://"),
        ({"how": "well"}, "how must be one of"),
        ({"seeds": (1, 1, 2, 3)}, "4 different seeds"),
        ({"seeds": (1, 2, 3)}, "4 different seeds"),
        ({"seeds": (True, 2, 3, 4)}, "4 different seeds"),
        ({"acc": {"frozen": (1, 1, 1, 1)}}, "acc must hold the accuracies on frozen, "),
        ({"acc": dict.fromkeys(TESTS, (1, 1, 1))}, "one number in .0, 1. per seed"),
        ({"acc": dict.fromkeys(TESTS, (1, 1, 1, 1.1))}, "one number in .0, 1. per seed"),
        ({"acc": dict.fromkeys(TESTS, (1, 1, 1, float("nan")))}, "one number in .0, 1. per seed"),
        ({"excess_bits": (1,)}, "excess_bits must hold"),
        ({"calibration_error": (0.1, 0.1, 0.1, 1.1)}, "calibration_error must hold"),
        ({"num_params": 1.5}, "num_params"),
        ({"seconds": "1"}, "seconds"),
        ({"settings": 3}, "settings must be a JSON object"),
    ],
)
def test_every_field_is_checked(changes, rule):
    with pytest.raises(UsageError, match=rule):
        entry(**changes)


def test_a_file_with_a_right_checksum_and_wrong_fields(tmp_path):
    from mnist1d.experiments.entries import _digest

    path = tmp_path / "mine.json"
    write_entry(path, entry())
    content = json.loads(path.read_text())
    for change in ({"how": "well"}, {"more": 1}, {"acc": 3}):
        wrong = {**content, **change}
        path.write_text(json.dumps({**wrong, "sha256": _digest(wrong)}))
        with pytest.raises(FileFormatError, match=r"how must|must hold the fields|acc must"):
            read_entry(path)


def test_shipped_entries_are_the_registrys_and_agree_with_the_publication():
    for one in shipped():
        suffix = {"protocol": "", "tuned": ", tuned"}[one.how]
        assert one.name == MODELS[one.model].label + suffix and one.by == OURS
        if one.how == "tuned":  # the budget of the search is part of the entry
            assert one.settings["tuned_on"] >= 500 and one.settings["trials"] >= 5
    found = {e.model: e for e in shipped() if e.how == "protocol"}
    assert {"logistic", "mlp", "cnn", "gru"} <= set(found) <= set(MODELS)
    for name, one in found.items():
        for figure in MODELS[name].published:
            if (figure.on, figure.source, figure.in_notebook) == ("", TABLE_1, False):
                theirs = Published(
                    name, figure.percent / 100, TABLE_1, std=figure.std / 100, n=figure.n
                )
                assert agreement(theirs, estimate(one.acc["frozen"])).word == "agrees", name


def test_more_seeds_join_an_entry_that_was_measured_in_the_same_way():
    def measured(first, **changes):
        origin = {"versions": changes.pop("versions", {"jax": "0.10.2"}), "date": str(first)}
        seeds = tuple(range(first, first + 4))
        acc = {test: tuple(seed / 100 for seed in seeds) for test in TESTS}
        return entry(seeds=seeds, acc=acc, origin=origin, seconds=float(first), **changes)

    both = joined(measured(0), measured(4, versions={"jax": "0.10.2", "keras": "3"}))
    assert both.seeds == tuple(range(8)) and both.acc["fresh"] == tuple(s / 100 for s in range(8))
    assert len(both.excess_bits) == 8 and both.calibration_error is None
    assert both.seconds == 4.0 and both.origin["date"] == "4"
    for other, rule in (
        (measured(4, settings={"num_steps": 10}), "its settings was .* measure it --again"),
        (measured(4, num_params=7), "its num_params was None and is 7"),
        (measured(4, versions={"jax": "0.11"}), "jax was 0.10.2 and is 0.11"),
        (measured(3), "different seeds"),
    ):
        with pytest.raises(UsageError, match=rule):
            joined(measured(0), other)


def test_the_smallest_shipped_entry_measured_again():
    entries = [e for e in shipped() if e.how == "protocol"]
    smallest = min(entries, key=lambda e: e.num_params or 10**9)
    seeds = list(smallest.seeds[:2])
    again = mnist1d.evaluate(smallest.model, seeds, test="both")
    for test, tolerance in (("frozen", 0.004), ("fresh", 0.003)):  # other processors round else
        for shuffled, name in ((False, test), (True, f"{test}_shuffled")):
            known = smallest.acc[name][: len(seeds)]
            np.testing.assert_allclose(again.acc(shuffled, test), known, atol=tolerance)
    assert again.num_params == smallest.num_params
    bits = [score.excess_bits for score in again.scores("fresh")]
    np.testing.assert_allclose(bits, smallest.excess_bits[: len(seeds)], rtol=0.02)


def test_the_example_writes_an_entry(tmp_path):
    torch = pytest.importorskip("torch")
    import examples.submit_model as example

    found = mnist1d.evaluate(example.net, 4, test="both", num_steps=40)
    made = found.submit(tmp_path / "my-net.json", name="two convolutions", by="me")
    assert made.how == "own" and made.num_params == 3002  # fewer steps than the protocol's
    assert example.net(20)(torch.zeros(3, 20)).shape == (3, 10)
    text = Path(example.__file__).read_text()
    assert "found.submit(options.output" in text
