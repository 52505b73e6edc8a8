"""The verdicts that are shown for a study's claims.

* settings other than the paper's: "as published", "opposite" or "not visible"; these words describe
  the effect and decide nothing;
* a run that adds seeds step by step (each test is a "look"): the interval at the look where it
  stopped;
* for each verdict, also the verdict under Holm's correction over all claims of the study;
* the effect that this many seeds detect with 80% power, and the command that decides the claim:
  with twice as many seeds, once the last look has run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mnist1d.experiments.claims import (
    AS_PUBLISHED,
    NOT_VISIBLE,
    OPPOSITE,
    TOO_FEW,
    UNDECIDED,
    VISIBLE,
    Claim,
    at_level,
)
from mnist1d.experiments.sequential import ALPHA, level_at


def judge(
    claims: Sequence[Claim],
    *,
    at_paper_settings: bool = True,
    command: str = "",
    seeds: int = 0,
    looks: tuple[int, ...] = (),
) -> list[Claim]:
    """Return a study's claims with the verdicts to show.

    command: the command that runs the study at the paper's settings. looks: the numbers of seeds of
    a run that added seeds look by look; `seeds` is the number that the last look asked for.
    """
    if not at_paper_settings:
        return [_shown_shape(claim, command) for claim in claims]
    judged = [at_level(claim, _level(claim, seeds, looks)) for claim in claims]
    tested = sorted(
        (i for i, claim in enumerate(judged) if claim.verdict != TOO_FEW),
        key=lambda i: judged[i].level,
    )
    adjusted, survives = {}, True
    for rank, i in enumerate(tested):  # Holm: the smallest level is compared with alpha / m, ...
        level = _level(judged[i], seeds, looks, ALPHA / (len(tested) - rank))
        survives = survives and judged[i].decided and judged[i].level <= level
        adjusted[i] = judged[i].verdict if survives else UNDECIDED
    more = f"{command} --until-decided" if command else ""
    if more and looks and seeds >= looks[-1]:  # the last look has run
        more = f"{more} --max-seeds {2 * looks[-1]}"
    verdicts = [adjusted.get(i, claim.verdict) for i, claim in enumerate(judged)]
    return [
        replace(claim, adjusted=verdict, decides="" if claim.decided else more)
        for claim, verdict in zip(judged, verdicts, strict=True)
    ]


def _level(claim: Claim, seeds: int, looks: tuple[int, ...], alpha: float = ALPHA) -> float:
    """Return the level at which a claim is tested. All signals are available at the first look, so
    a claim over signals is tested once."""
    return level_at(seeds, looks, alpha) if looks and claim.over == "seeds" else alpha


def _shown_shape(claim: Claim, command: str) -> Claim:
    """Return the claim of a shortened run, which describes the effect and decides nothing."""
    shapes = {part.shape for part in claim.parts}
    word = NOT_VISIBLE
    if shapes == {AS_PUBLISHED}:
        word = AS_PUBLISHED if claim.published else VISIBLE
    elif OPPOSITE in shapes:
        word = OPPOSITE
    elif NOT_VISIBLE not in shapes:
        word = TOO_FEW
    return replace(claim, verdict=word, adjusted=word, decides=command)
