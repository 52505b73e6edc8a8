"""The verdicts on a study's claims, given its rows and the settings of the run.

A label describes the settings: the preset, the overrides and, with --until-decided, the looks:
"paper until-decided=4,8,16,32".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from mnist1d.experiments.claims import Claim, keep_measured
from mnist1d.experiments.estimates import Estimate
from mnist1d.experiments.judging import judge
from mnist1d.experiments.rows import Rows
from mnist1d.experiments.study import FREE, Loaded
from mnist1d.runs.identity import flat

UNTIL_DECIDED = "until-decided="


def label_with(label: str, looks: tuple[int, ...]) -> str:
    """Return a label that also names the looks."""
    return f"{label} {UNTIL_DECIDED}{','.join(map(str, looks))}"


def overrides_of(label: str) -> list[str]:
    """Return the overrides in a label, as `--set` takes them."""
    return [word for word in label.split()[1:] if not word.startswith(UNTIL_DECIDED)]


def shown_label(label: str) -> str:
    """Return a label without its looks."""
    return " ".join([label.partition(" ")[0], *overrides_of(label)])


def looks_of(label: str) -> tuple[int, ...]:
    """Return the looks in a label; none without --until-decided."""
    for word in label.split():
        if word.startswith(UNTIL_DECIDED):
            return tuple(map(int, word.removeprefix(UNTIL_DECIDED).split(",")))
    return ()


def at_paper_settings(study: Loaded, rows: Rows, label: str = "") -> bool:
    """Return whether every trial belongs to the preset "paper" (overrides change the settings).
    False if the study can no longer be loaded."""
    if study.problem or label.partition(" ")[0] not in ("", "paper"):
        return False
    free = {field.name for field in fields(study.Config) if FREE in field.metadata}

    def fixed(config: Mapping[str, object]) -> frozenset[tuple[str, object]]:
        return frozenset((name, value) for name, value in config.items() if name not in free)

    known = {fixed(flat(config)) for config in study.trials("paper")}
    return all(fixed(trial.config()) in known for trial in rows.trials())


def claims_of(study: Loaded, rows: Rows, label: str = "", seeds: int = 0) -> list[Claim]:
    """Return a study's claims with the verdicts to show. seeds: the number requested."""
    return judge(
        study.claims(rows),
        at_paper_settings=at_paper_settings(study, rows, label),
        command=f"mnist1d run {study.reference} --preset paper",
        seeds=seeds or len(rows.unique("seed")),
        looks=looks_of(label),
    )


def trials_behind(study: Loaded, rows: Rows, claims: Sequence[Claim]) -> set[str]:
    """Return the trials on which some of a study's claims depend: without its rows, one of these
    claims is missing or has another estimate."""
    behind, whole = set(), _estimates(study, rows)
    for trial in rows.unique("trial") if claims else ():
        try:
            rest = _estimates(study, Rows(row for row in rows if row.trial != trial))
        except Exception:  # a study from outside that cannot do without it
            rest = {}
        if any(rest.get(claim.text) != whole[claim.text] for claim in claims):
            behind.add(trial)
    return behind


def _estimates(study: Loaded, rows: Rows) -> dict[str, list[Estimate]]:
    """Return the estimates behind each claim, by its text."""
    return {
        claim.text: [part.estimate for part in claim.parts]
        for claim in keep_measured(study.claims(rows))
    }
