"""One document per sweep: plain data, valid JSON, and sentences that follow from the verdicts."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from mnist1d.experiments import load
from mnist1d.experiments.claims import FAILS, HOLDS, UNDECIDED, Claim
from mnist1d.experiments.rows import Record, Rows
from mnist1d.results import summary, text
from mnist1d.results.document import Document, command_of, latest, of_rows
from mnist1d.results.forest import strip
from mnist1d.results.origins import merged, origins_of
from mnist1d.runs import flat, open_store, plan, sweep, trial_id


def claim(verdict=HOLDS, estimate=2.0, low=1.0, high=3.0, what="it grows"):
    return Claim(what, "size", estimate, low, high, 4, verdict)


@pytest.fixture
def document(toy, tmp_path):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
        (found,) = latest(store, "toy")
    assert set(found.figures) == {"lines"}
    return found.document


def test_a_document_is_plain_data(document):
    content = json.loads(json.dumps(document.to_dict(), allow_nan=False))
    assert {f.name for f in dataclasses.fields(Document)} == set(content)
    assert content["claims"][0]["shown"]["interval"].startswith("[")
    assert content["measured"][0]["shown"] == {
        "published": "1",
        "mean": "11.1",
        "interval": "[10.4, 11.7]",
        "agreement": "cannot tell: settings shorter than the paper's",
    }
    assert (content["seeds"], content["trials"], content["preset"] if 0 else content["label"]) == (
        [0, 1],
        3,
        "smoke",
    )
    assert ["data", "the published set"] in content["settings"]


def test_numbers_and_intervals_as_people_read_them():
    assert [text.number(v, "%") for v in (0.6436, 1.0, -0.0123)] == ["64.4%", "100.0%", "-1.2%"]
    assert text.number(1234.5, "units") == "1,234 units" and text.number(math.nan) == "–"
    assert text.interval(0.636, 0.652, "%") == "[63.6, 65.2]"
    assert text.interval(1.23, 4.56, "nats") == "[1.23, 4.56]"
    assert text.interval(-math.inf, math.inf) == "one seed" and text.interval(math.nan, 1) == "–"


def test_a_number_has_the_digits_that_its_interval_is_worth():
    assert text.with_interval(0.284123, 0.2271, 0.3412) == "0.28 [0.23, 0.34]"
    assert text.with_interval(9.9e-9, -0.00248, 0.00248) == "0.0000 [-0.0025, 0.0025]"
    assert text.with_interval(2543.2, 2100, 2986, "parameters") == "2,543 parameters [2,100, 2,986]"
    assert text.with_interval(0.644, 0.636, 0.652, "%") == "64.4% [63.6, 65.2]"
    assert text.with_interval(3e-4, 1e-4, 5e-4, "points") == "0.030 points [0.010, 0.050]"
    assert text.with_interval(0.05, 0.05, 0.05, "points") == "5.0 points [5.0, 5.0]"
    assert text.with_interval(2.0, -math.inf, math.inf) == "2 (one seed)"


def test_an_answer_is_the_first_claim_and_a_tally():
    claims = [claim(), claim(HOLDS), claim(FAILS), claim(UNDECIDED), claim(UNDECIDED)]
    assert summary.answer_of(claims) == (
        'The main claim holds: "It grows" (size: 2.0 [1.0, 3.0], n = 4). Of the other 4 claims, '
        "1 holds, 1 does not hold and 2 are undecided."
    )
    assert summary.answer_of(claims[:1]) == (
        'The main claim holds: "It grows" (size: 2.0 [1.0, 3.0], n = 4).'
    )
    assert summary.answer_of([claim(), claim(UNDECIDED)]).endswith("The other claim is undecided.")
    assert summary.answer_of(claims[:1] * 3).endswith("The other 2 claims hold.")
    assert "No claim" in summary.answer_of([])


def test_the_overview_counts_names_and_says_what_decides(document):
    undecided = dataclasses.replace(claim(UNDECIDED), decides="mnist1d run toy --preset paper")
    document = dataclasses.replace(
        document, claims=[claim(), claim(FAILS, what="it shrinks"), undecided]
    )
    good, bad, undecided = summary.overview([document, document])
    assert (good.count, good.heading, good.text) == (2, "hold", "Toy: 1 of 3; Toy: 1 of 3.")
    assert bad.text == "It shrinks (Toy); it shrinks (Toy)."
    assert undecided.text == "It grows (Toy); it grows (Toy)."
    assert undecided.command == "mnist1d run toy --preset paper" and not good.command
    assert (undecided.heading, bad.heading) == ("open", "do not hold")
    words = "--preset paper --until-decided"
    several = [
        dataclasses.replace(document, study=name, claims=[dataclasses.replace(claim(), decides=of)])
        for name, of in (
            ("a", f"mnist1d run a {words}"),
            ("b", f"mnist1d run b {words} --max-seeds 64"),
        )
    ]
    assert summary.decider(several) == f"mnist1d reproduce {words} --max-seeds 64"
    assert summary.decider(several[1:]) == f"mnist1d run b {words} --max-seeds 64"


def test_a_verdict_of_another_word_is_open():
    assert summary.tone("too few seeds") == summary.OPEN
    assert summary.counted([claim("not visible")] * 2) == "2 are not visible"


def test_remarks_beside_a_verdict():
    undecided = dataclasses.replace(claim(UNDECIDED), power=0.021, unit="points", left_out=2)
    assert summary.remarks(undecided) == ["80% power for 2.1 points", "2 left out"]
    fraction = dataclasses.replace(undecided, unit="%", left_out=0)
    assert summary.remarks(fraction) == ["80% power for 2.1 points"]
    taken_back = dataclasses.replace(claim(HOLDS), adjusted=UNDECIDED, power=0.5)
    assert summary.remarks(taken_back) == ["undecided under Holm's correction"]
    assert summary.remarks(claim(HOLDS)) == []
    for confidence, shown in ((0.9556, "95.56% interval"), (0.99991, "99.99% interval")):
        of_looks = dataclasses.replace(claim(), confidence=confidence)
        assert summary.remarks(of_looks) == [shown]
    of_signals = dataclasses.replace(claim(), over="signals")
    assert summary.units(of_signals) == "n = 4 signals"
    assert [summary.sample_size(c) for c in (claim(), of_signals)] == ["4", "4 signals"]


def test_words_of_a_shortened_preset(document):
    claims = [claim("as published"), claim("visible"), claim("opposite"), claim("not visible")]
    good, bad, undecided = summary.overview([dataclasses.replace(document, claims=claims)])
    assert (good.count, good.heading) == (2, "look as published or visible")
    assert (bad.count, bad.heading, undecided.count) == (1, "shows the opposite", 1)
    assert summary.counted(claims[2:3] * 2) == "2 show the opposite"
    assert summary.mark("opposite") != summary.mark(FAILS)  # it rejects nothing


def test_places_in_the_forest_plot():
    place = strip(claim(estimate=2.0, low=1.0, high=4.0))
    assert place.lines == (50,) and 50 < place.low < place.estimate < place.high <= 100
    assert (place.high - 50) == pytest.approx(4 * (place.low - 50), abs=0.05)
    alone = strip(claim(estimate=-3.0, low=-np.inf, high=np.inf))
    assert alone.low is None and alone.high is None and alone.estimate < 50
    assert strip(claim(estimate=math.nan)) is None
    assert strip(claim(estimate=0.0, low=0.0, high=0.0)).estimate == 50


def test_the_command_of_a_label():
    assert command_of("toy", "quick size=2 rate=0.1") == (
        "mnist1d run toy --preset quick --set size=2 --set rate=0.1"
    )


def test_origins_are_reported_once(toy, tmp_path):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
        calls = store.calls("toy")
    (origin,) = origins_of(calls)
    assert origin.studies == ["toy"] and len(origin.commands) == 1
    assert merged([origin, dataclasses.replace(origin, studies=["other"])])[0].studies == [
        "toy",
        "other",
    ]


def test_rows_of_another_version_say_so(toy, tmp_path, monkeypatch):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))

        @dataclasses.dataclass(frozen=True)
        class Config(toy.Config):
            vary: str = "init"

        monkeypatch.setattr(toy, "Config", Config)
        monkeypatch.setattr(toy, "claims", lambda rows: rows.where(vary="init"))
        (found,) = latest(store, "toy")
    assert "another version of this study (different settings: vary)" in found.document.error
    assert "run it again: mnist1d run toy --preset smoke" in found.document.error
    assert "Traceback" not in found.document.error and found.document.figures


def test_the_work_grows_in_proportion_to_the_trials(monkeypatch):
    """The report of 100,000 trials took minutes when each trial was selected among all."""
    study = load(str(Path(__file__).resolve().parents[2] / "benchmarks" / "store.py"))
    configs = study.trials("smoke")
    looked, where = [], Rows.where

    def counted(rows, **given):
        looked.append(len(rows))
        return where(rows, **given)

    def num_looked(num_trials):
        looked.clear()
        many = Rows(
            Record(trial_id(study.INFO.name, config), flat(config), 0, "gain", None, 1.0)
            for config in configs[:num_trials]
        )
        found = of_rows(study, many, "smoke", draw=lambda *_: {})
        assert found.document.trials == num_trials and not found.document.error
        return sum(looked)

    monkeypatch.setattr(Rows, "where", counted)
    assert num_looked(800) < 10 * num_looked(100) + 1000
