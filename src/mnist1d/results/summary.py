"""Verdicts in sentences: a study's answer, and an overview of all studies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist1d.experiments.claims import (
    AS_PUBLISHED,
    FAILS,
    HOLDS,
    OPPOSITE,
    TOO_FEW,
    VISIBLE,
    Claim,
)
from mnist1d.experiments.estimates import CONFIDENCE
from mnist1d.intervals import unit_of_difference
from mnist1d.results.text import listing, number, sentence, with_interval

if TYPE_CHECKING:
    from mnist1d.results.document import Document

GOOD, BAD, OPEN = "good", "bad", "open"  # tones, which set the colour of a verdict
TONES = {HOLDS: GOOD, AS_PUBLISHED: GOOD, VISIBLE: GOOD, FAILS: BAD, OPPOSITE: BAD}
MARKS = {HOLDS: "✓", AS_PUBLISHED: "✓", VISIBLE: "✓", FAILS: "✗", OPPOSITE: "↔"}
ONE = {
    HOLDS: HOLDS,
    FAILS: FAILS,
    TOO_FEW: f"has {TOO_FEW}",
    AS_PUBLISHED: f"looks {AS_PUBLISHED}",
    OPPOSITE: f"shows the {OPPOSITE}",
}
MANY = {
    HOLDS: "hold",
    FAILS: "do not hold",
    TOO_FEW: f"have {TOO_FEW}",
    AS_PUBLISHED: f"look {AS_PUBLISHED}",
    OPPOSITE: f"show the {OPPOSITE}",
}  # for several claims; for any other verdict, a claim "is" and claims "are"
MAX_NAMED = 8  # claims that do not hold, or are open, quoted on the first screen


def tone(verdict: str) -> str:
    """Return the tone of a verdict; an undecided word is open."""
    return TONES.get(verdict, OPEN)


def mark(verdict: str) -> str:
    """Return the symbol of a verdict."""
    return MARKS.get(verdict, "?")


def tally(claims: Sequence[Claim]) -> list[tuple[str, int]]:
    """Return each verdict and how many claims have it: good ones first, open ones last."""
    count = Counter(claim.verdict for claim in claims)
    return sorted(count.items(), key=lambda item: (GOOD, BAD, OPEN).index(tone(item[0])))


def counted(claims: Sequence[Claim]) -> str:
    """Return the tally in words: 5 hold, 1 does not hold and 3 are undecided."""
    return listing([f"{count} {_verb(verdict, count)}" for verdict, count in tally(claims)])


def _verb(verdict: str, count: int) -> str:
    return ONE.get(verdict, f"is {verdict}") if count == 1 else MANY.get(verdict, f"are {verdict}")


def effect(claim: Claim) -> str:
    """Return a claim's estimate with its interval, in the claim's own unit."""
    return with_interval(claim.estimate, claim.low, claim.high, claim.unit)


def sample_size(claim: Claim) -> str:
    """Return the number of units of a claim: 8 (seeds), or 400 signals."""
    return str(claim.n) if claim.over == "seeds" else f"{claim.n} {claim.over}"


def units(claim: Claim) -> str:
    """Return the number of units of a claim in a sentence: n = 8, or n = 400 signals."""
    return f"n = {sample_size(claim)}"


def remarks(claim: Claim) -> list[str]:
    """Return notes on a verdict: the interval's confidence where it is not 95%, the power of an
    undecided claim, a verdict that does not survive Holm's correction, units that were left out."""
    found = []
    if not math.isclose(claim.confidence, CONFIDENCE):
        found.append(f"{100 * claim.confidence:.4g}% interval")
    if tone(claim.verdict) == OPEN and math.isfinite(claim.power):
        detectable = number(claim.power, unit_of_difference(claim.unit))
        found.append(f"80% power for {detectable}")
    if not claim.survives:
        found.append(f"{claim.adjusted} under Holm's correction")
    if claim.left_out:
        found.append(f"{claim.left_out} left out")
    return found


def answer_of(claims: Sequence[Claim]) -> str:
    """Return the answer of a study in a few sentences: its first claim, and a tally of the
    others."""
    if not claims:
        return "No claim is tested on these rows."
    first, *others = claims
    measured = f"{first.quantity}: {effect(first)}, {units(first)}"
    claimed = sentence(first.text).removesuffix(".")  # quoted: it may not hold
    parts = [f'The main claim {_verb(first.verdict, 1)}: "{claimed}" ({measured}).']
    verdicts = list({claim.verdict for claim in others})
    if len(others) == 1:
        parts.append(f"The other claim {_verb(verdicts[0], 1)}.")
    elif len(verdicts) == 1:
        parts.append(f"The other {len(others)} claims {_verb(verdicts[0], len(others))}.")
    elif others:
        parts.append(f"Of the other {len(others)} claims, {counted(others)}.")
    return " ".join(parts)


@dataclass(frozen=True)
class Overview:
    """One line of the first screen: the number of claims, the claims in a sentence, and the command
    that decides them if they are open."""

    tone: str
    heading: str
    count: int
    text: str
    command: str


def overview(documents: Sequence[Document]) -> list[Overview]:
    """Return the claims that hold, that do not hold, and that are open, one sentence each."""
    lines = []
    for which, usual in ((GOOD, HOLDS), (BAD, FAILS), (OPEN, "open")):
        groups = [(d, [c for c in d.claims if tone(c.verdict) == which]) for d in documents]
        groups = [(d, some) for d, some in groups if some]
        claims = [claim for _, some in groups for claim in some]
        words = [verdict for verdict, _ in tally(claims)] if which != OPEN else [usual]
        count = len(claims)
        names = ONE if count == 1 else MANY
        heading = listing([names.get(word, word) for word in words or [usual]], "or")
        if not count:
            lines.append(Overview(which, heading, 0, "", ""))
            continue
        named = [f"{claim.text} ({d.short_title})" for d, some in groups for claim in some]
        if which != GOOD and count <= MAX_NAMED:
            text = "; ".join(named)
        else:
            text = "; ".join(_part(d, some) for d, some in groups)
        command = decider([d for d, _ in groups]) if which == OPEN else ""
        lines.append(Overview(which, heading, count, sentence(text), command))
    return lines


def _part(document: Document, some: Sequence[Claim]) -> str:
    """Return a study and its number of claims: Lottery tickets: 3 of 8."""
    return f"{document.short_title}: {len(some)} of {len(document.claims)}"


def decider(documents: Sequence[Document]) -> str:
    """Return the command that decides the open claims: the study's own if there is one study,
    otherwise that for all studies, with as many seeds as any of them needs."""
    names = dict.fromkeys(document.study for document in documents)
    own = [claim.decides for d in documents for claim in d.claims if claim.decides]
    if len(names) == 1 and own:
        return own[0]
    options = max((command.partition("--until-decided")[2] for command in own), key=len, default="")
    return f"mnist1d reproduce --preset paper --until-decided{options}"
