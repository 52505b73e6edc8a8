"""Claims: verdicts by the interval, what is said of too few seeds, short settings, looks and many
claims."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist1d.experiments.claims import (
    AS_PUBLISHED,
    FAILS,
    HOLDS,
    NOT_VISIBLE,
    OPPOSITE,
    TOO_FEW,
    UNDECIDED,
    VISIBLE,
    above,
    all_of,
    below,
    keep_measured,
    within,
)
from mnist1d.experiments.estimates import POINTS, SHARE
from mnist1d.experiments.judging import judge
from mnist1d.experiments.sequential import LOOKS, levels
from mnist1d.experiments.values import Values

CLEAR, VAGUE = [0.1, 0.11, 0.12, 0.1, 0.09], [0.1, -0.2, 0.12, 0.3, -0.25]


def one(values, **given):
    return above("it grows", "size", values, **given)


def test_verdicts_follow_the_interval():
    assert [one(v).verdict for v in (CLEAR, -np.array(CLEAR), VAGUE)] == [HOLDS, FAILS, UNDECIDED]
    assert one(CLEAR, line=0.2).verdict == FAILS and one(CLEAR, line=0.05).verdict == HOLDS
    assert below("", "", CLEAR, 0.2).verdict == HOLDS and below("", "", CLEAR).verdict == FAILS
    limits = {(0.05, 0.15): HOLDS, (0.2, 0.3): FAILS, (-0.1, 0.05): FAILS, (0.1, 0.2): UNDECIDED}
    for (low, high), verdict in limits.items():
        assert within("", "", CLEAR, low, high).verdict == verdict


def test_an_interval_that_ends_on_the_line_does_not_hold():
    half = [0.5] * 4
    assert one(half, line=0.5).verdict == below("", "", half, 0.5).verdict == FAILS
    assert within("", "", half, 0.5, 1).verdict == within("", "", half, 0, 0.5).verdict == FAILS
    assert not one(half, line=0.5).parts[0].inside
    assert not below("", "", half, 0.5).parts[0].inside


def test_claims_are_not_changed_afterwards():
    claim = one(CLEAR)
    for changed, name in ((claim, "verdict"), (claim.parts[0], "least")):
        with pytest.raises(FrozenInstanceError):
            setattr(changed, name, HOLDS)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=9), st.floats(-0.5, 0.5))
def test_a_claim_and_its_mirror_image_agree(values, line):
    mirrored = below("", "", -np.array(values), -line)
    assert mirrored.verdict == above("", "", values, line).verdict


def test_fewer_than_four_seeds_decide_nothing():
    for n in (1, 2, 3):
        assert one([5.0 + i / 1e6 for i in range(n)]).verdict == TOO_FEW
    assert all_of("", [one(CLEAR), one([1.0, 1.01])]).verdict == TOO_FEW
    by_signal = one([1.0] * 200 + [0.9] * 200, over="signals", seeds=2)
    assert by_signal.verdict == TOO_FEW and by_signal.n == 400
    assert one([1.0] * 200 + [0.9] * 200, over="signals", seeds=4).verdict == HOLDS


def test_all_parts_must_hold_and_the_weakest_is_shown():
    strong, weak = one([0.5, 0.51, 0.52, 0.5]), above("", "weak", CLEAR)
    both = all_of("both", [strong, weak])
    assert both.verdict == HOLDS and both.quantity == "weakest comparison: weak"
    assert both.estimate == weak.estimate and len(both.parts) == 2
    assert all_of("", [strong, one(VAGUE)]).verdict == UNDECIDED
    assert all_of("", [strong, one(VAGUE), one(-np.array(CLEAR))]).verdict == FAILS
    above_line, below_line = one(VAGUE), above("", "other side", np.array(VAGUE) - 0.15)
    assert below_line.verdict == UNDECIDED and below_line.estimate < 0 < above_line.estimate
    shown = all_of("", [above_line, below_line])  # further from its line, on the wrong side
    assert shown.quantity == "weakest comparison: other side"


def test_more_parts_do_not_make_a_claim_fail_more_often():
    """A part that fails alone at 5% fails a conjunction of ten only at 0.5%."""
    values = np.array([-0.3, -0.9, -0.2, -1.4, -0.1, -0.6, -0.4, 0.1])
    alone = one(values)
    assert alone.verdict == FAILS and 0.005 < alone.level < 0.05
    assert all_of("", [alone, *[one(CLEAR)] * 9]).verdict == UNDECIDED


def test_what_was_not_measured_makes_no_claim():
    nothing = one(Values((), ()))
    assert keep_measured([nothing, one(CLEAR), all_of("", [one(CLEAR), nothing])]) == [one(CLEAR)]


def test_limits_units_and_left_out_pairs_are_reported():
    pairs = Values([0, 1, 2, 3, 4], CLEAR) - Values([0, 1, 2, 3, 9], [0.0] * 5)
    claim = one(pairs, line=0.02, unit=POINTS, published="7 > 5", published_value=0.02)
    assert (claim.n, claim.left_out, claim.line, claim.unit) == (4, 2, 0.02, "points")
    assert within("", "", CLEAR, -1, 1).line == (-1, 1) and claim.published_value == 0.02
    assert claim.low >= -1 and claim.high <= 1
    assert 0 < one([0.99, 0.98, 1.0, 1.0], unit=SHARE).high <= 1


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([0.1, 0.101], AS_PUBLISHED),
        ([0.1, 0.2], TOO_FEW),  # both seeds agree, but the interval contains 0
        ([0.1, 0.12, 0.14], AS_PUBLISHED),
        ([-0.1, -0.12, -0.14], OPPOSITE),
        ([-0.1, -0.2, -0.3], TOO_FEW),
        ([0.1, 0.2, 0.4, 0.01], NOT_VISIBLE),  # enough seeds for an interval clear of 0
        ([0.1, -0.2, 0.3], NOT_VISIBLE),
        ([0.4], TOO_FEW),
        ([-0.1] * 20 + [-0.11] * 20, OPPOSITE),  # however sure: shortened settings reject nothing
    ],
)
def test_shortened_settings_show_the_effect_and_reject_nothing(values, word):
    claim = one(values, published="> 0")
    (shown,) = judge([claim], at_paper_settings=False, command="mnist1d run toy --preset paper")
    assert shown.verdict == shown.adjusted == word and not shown.decided
    assert shown.decides == "mnist1d run toy --preset paper"
    assert (shown.low, shown.high) == (claim.low, claim.high)


def test_without_a_published_sentence_an_effect_is_visible():
    assert judge([one([0.1, 0.101])], at_paper_settings=False)[0].verdict == VISIBLE
    few = all_of("", [one([0.1, 0.101]), one([0.1, 0.2])])
    assert judge([few], at_paper_settings=False)[0].verdict == TOO_FEW
    parts = all_of("", [one([0.1, 0.101]), one([0.1, 0.2]), one([0.1, -0.2])])
    assert judge([parts], at_paper_settings=False)[0].verdict == NOT_VISIBLE


def test_what_is_open_names_the_command_that_decides():
    held, open_ = judge([one(CLEAR), one(VAGUE)], command="mnist1d run toy --preset paper")
    assert held.decides == "" and held.power > 0
    assert open_.decides == "mnist1d run toy --preset paper --until-decided"
    looks = {"command": "mnist1d run toy --preset paper", "looks": (4, 8, 16)}
    for seeds, words in ((8, ""), (16, " --max-seeds 32")):
        (more,) = judge([one(VAGUE)], seeds=seeds, **looks)
        assert more.decides == f"mnist1d run toy --preset paper --until-decided{words}"
    assert open_.power > abs(open_.estimate)  # what five seeds could have shown


def test_holm_corrects_over_the_claims_of_a_study():
    rng = np.random.default_rng(0)
    borderline = rng.normal(size=12)
    borderline += 0.75 * borderline.std() - borderline.mean()
    alone = one(borderline)
    assert alone.verdict == HOLDS and 0.01 < alone.level < 0.05
    (single,) = judge([alone])
    assert single.adjusted == HOLDS and single.survives
    two = judge([one(CLEAR), alone])  # the second is compared with alpha / 1
    assert [claim.adjusted for claim in two] == [HOLDS, HOLDS]
    many = judge([alone, one(CLEAR), *[one(VAGUE)] * 8])
    assert many[0].verdict == HOLDS and many[0].adjusted == UNDECIDED and not many[0].survives
    assert many[1].adjusted == HOLDS and many[2].survives
    few = judge([alone, *[one([0.1, 0.2])] * 9])  # what is not tested costs nothing
    assert few[0].adjusted == HOLDS and few[1].adjusted == TOO_FEW


def test_a_look_widens_the_interval_and_the_last_look_hardly():
    values = np.linspace(0.05, 0.15, 8)
    fixed = judge([one(values)])[0]
    early = judge([one(values)], seeds=8, looks=LOOKS)[0]
    late = judge([one(np.tile(values, 4))], seeds=32, looks=LOOKS)[0]
    assert fixed.confidence == pytest.approx(0.95)
    assert early.confidence == pytest.approx(1 - levels(LOOKS)[1])
    assert early.low < fixed.low < fixed.high < early.high
    assert late.confidence == pytest.approx(0.9556, abs=1e-3)


def test_signals_are_all_there_at_every_look():
    values = np.r_[np.ones(60), np.zeros(340)] - np.r_[np.zeros(370), np.ones(30)]
    claim = one(values, over="signals", seeds=8)
    assert judge([claim], seeds=8, looks=LOOKS)[0].confidence == pytest.approx(0.95)


def test_a_claim_is_plain_data():
    import dataclasses

    content = dataclasses.asdict(judge([one(CLEAR)])[0])
    assert content["parts"][0]["estimate"]["n"] == 5 and math.isinf(content["parts"][0]["most"])


@pytest.mark.parametrize("claim", [above, below])
def test_a_misspelled_option_is_refused(claim):
    with pytest.raises(TypeError, match="'units'"):
        claim("A is better.", "A - B", [0.1, 0.2, 0.3, 0.4], units="points")


def test_the_level_of_several_parts_is_that_of_the_one_that_fails():
    holds, fails = above("", "", [5.0, 5.1, 4.9, 5.0]), above("", "", [-1.0, -0.8, -0.9, -0.7])
    both = all_of("", [holds, fails])
    assert both.verdict == FAILS and holds.level < fails.level / 10
    assert both.level == pytest.approx(2 * fails.level)
