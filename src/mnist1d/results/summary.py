"""Verdicts in sentences: a study's answer, and what holds over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist1d.experiments.claims import (
    AS_PUBLISHED,
    FAILS,
    HOLDS,
    TOO_FEW,
    UNDECIDED,
    VISIBLE,
    Claim,
)
from mnist1d.results.text import listing, plural, sentence, with_interval

if TYPE_CHECKING:
    from mnist1d.results.document import Document

GOOD, BAD, OPEN = "good", "bad", "open"  # tones, after which a page colours a verdict
TONES = {HOLDS: GOOD, AS_PUBLISHED: GOOD, VISIBLE: GOOD, FAILS: BAD, UNDECIDED: OPEN}
MARKS = {GOOD: "✓", BAD: "✗", OPEN: "?"}
MANY = {HOLDS: "hold", FAILS: "do not hold"}  # verdicts of several claims; others: "are ..."
MAX_NAMED = 4  # claims quoted in one sentence


def tone(verdict: str) -> str:
    """Return the tone of a verdict; a word that decides nothing is open."""
    return TONES.get(verdict, OPEN)


def mark(verdict: str) -> str:
    """Return the sign of a verdict."""
    return MARKS[tone(verdict)]


def tally(claims: Sequence[Claim]) -> list[tuple[str, int]]:
    """Return each verdict and how many claims have it: good ones first, open ones last."""
    count = Counter(claim.verdict for claim in claims)
    return sorted(count.items(), key=lambda item: list(MARKS).index(tone(item[0])))


def counted(claims: Sequence[Claim]) -> str:
    """Return the tally in words: 5 hold, 1 does not hold and 3 are undecided."""
    words = []
    for verdict, count in tally(claims):
        one = verdict if verdict in MANY else f"{'has' if verdict == TOO_FEW else 'is'} {verdict}"
        many = MANY.get(verdict, f"{'have' if verdict == TOO_FEW else 'are'} {verdict}")
        words.append(f"{count} {one if count == 1 else many}")
    return listing(words)


def unit_of(claim: Claim) -> str:
    """Return the unit of a claim's estimate."""
    return getattr(claim, "unit", "")


def effect(claim: Claim) -> str:
    """Return a claim's estimate with its interval, in the claim's own unit."""
    return with_interval(claim.estimate, claim.low, claim.high, unit_of(claim))


def answer_of(claims: Sequence[Claim]) -> str:
    """Return what came out of a study, in a sentence: its first claim, and how the others fare."""
    if not claims:
        return "No claim is tested on these rows."
    first, *others = claims
    text = f"{first.text}: {first.verdict} ({first.quantity}: {effect(first)}, n = {first.n})"
    if others:
        of = "Of the other" if len(others) > 1 else "The other:"
        claims_are = f"{plural(len(others), 'claim')}, " if len(others) > 1 else ""
        return f"{sentence(text)} {of} {claims_are}{counted(others)}."
    return sentence(text)


@dataclass(frozen=True)
class Overview:
    """One line of the first screen: how many claims, which ones in a sentence, and the command that
    decides them where they are open."""

    tone: str
    heading: str
    count: int
    text: str
    command: str


def overview(documents: Sequence[Document]) -> list[Overview]:
    """Return what holds, what does not and what is open, a sentence each."""
    lines = []
    headings = {
        GOOD: ("holds", "hold"),
        BAD: ("does not hold", "do not hold"),
        OPEN: ("is open", "are open"),
    }
    for which, (one, many) in headings.items():
        groups = [(d, [c for c in d.claims if tone(c.verdict) == which]) for d in documents]
        groups = [(d, some) for d, some in groups if some]
        count = sum(len(some) for _, some in groups)
        words = {claim.verdict for _, some in groups for claim in some}
        heading = one if count == 1 else many
        if words and words <= {AS_PUBLISHED, VISIBLE}:  # shortened settings: no verdicts
            heading = "looks as published" if count == 1 else "look as published"
        if not count:
            lines.append(Overview(which, heading, 0, "", ""))
            continue
        named = [f"{claim.text} ({d.study})" for d, some in groups for claim in some]
        if which == BAD and count <= MAX_NAMED:
            text = "; ".join(named)
        else:
            text = f"{', '.join(_part(d, some) for d, some in groups)}"
        command = decider([d for d, _ in groups]) if which == OPEN else ""
        lines.append(Overview(which, heading, count, sentence(text), command))
    return lines


def _part(document: Document, some: Sequence[Claim]) -> str:
    """Return a study and how many of its claims: lottery (3 of 8), pooling (all 4)."""
    total = len(document.claims)
    of = f"all {total}" if len(some) == total else f"{len(some)} of {total}"
    return f"{document.study} ({of})"


def decider(documents: Sequence[Document]) -> str:
    """Return the command that decides the open claims of some documents: the paper's settings, or
    more seeds where those have run."""
    names = list(dict.fromkeys(document.study for document in documents))
    run = f"mnist1d run {names[0]}" if len(names) == 1 else "mnist1d reproduce"
    return f"{run} --preset paper"
