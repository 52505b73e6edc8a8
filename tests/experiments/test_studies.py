"""Every study, ours and the examples', through one table of checks, at the preset smoke; one run of
each serves all of them."""

import dataclasses
import json
import math
import re
import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest

from mnist1d.config import DataConfig
from mnist1d.errors import UsageError
from mnist1d.experiments import PRESETS, STUDIES, load
from mnist1d.experiments.claims import TOO_FEW, Claim
from mnist1d.experiments.published import Published
from mnist1d.experiments.rows import Rows
from mnist1d.results.document import of_rows
from mnist1d.results.report import parts_of
from mnist1d.runs import (
    apply_overrides,
    flat,
    open_store,
    parse_overrides,
    plan,
    sweep,
    trial_id,
)

EXAMPLES = [
    str(path)
    for path in sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))
    if "INFO = Info(" in path.read_text(encoding="utf-8")
]
ALL = [*STUDIES.own, *EXAMPLES]


@dataclasses.dataclass
class Smoke:
    """A study, its smoke run, and the folder in which that is stored."""

    study: typing.Any
    folder: typing.Any
    tasks: list
    summary: typing.Any
    rows: Rows


@pytest.fixture(scope="module", params=ALL, ids=lambda name: Path(name).stem)
def smoke(request, tmp_path_factory):
    name, folder = request.param, tmp_path_factory.mktemp("runs")
    tasks = plan(name, "smoke")
    with open_store(folder) as store:
        summary = sweep(store, tasks)
        assert not summary.failed, summary.failed[0][1]
        study = load(name)
        return Smoke(study, folder, tasks, summary, store.rows(study.INFO.name))


def test_constants(smoke):
    study = smoke.study
    info = study.INFO
    assert info.title.count(": ") <= 1 and info.question.endswith("?")
    end = "" if info.title.endswith("?") else "."
    assert study.doc.startswith(f"{info.title}{end}\n\n")
    assert study.description[0] == info.question and len(study.description) > 1
    assert all(isinstance(p, Published) for p in info.published)
    assert set(info.seeds) == set(info.cost) == set(PRESETS)
    assert info.peer_seconds is None or info.peer_seconds > 0
    assert 1 <= info.seeds["smoke"] <= info.seeds["paper"]
    assert info.cost["smoke"] <= info.cost["quick"] <= info.cost["paper"]


def test_what_to_try_can_be_run(smoke):
    study = smoke.study
    if study.INFO.name == "tsne":
        pytest.importorskip("openTSNE", reason="scikit-learn, a variation, is then the default")
    for setting, shown in study.INFO.variations.items():
        configs = apply_overrides(study.grid("quick"), parse_overrides(study.Config, [setting]))
        assert configs != list(study.grid("quick")) and shown


def test_presets_are_distinct_configs_of_one_type(smoke):
    study = smoke.study
    assert dataclasses.fields(study.Config) and study.Config.__dataclass_params__.frozen
    for preset in PRESETS:
        configs = study.grid(preset)
        assert configs and all(type(config) is study.Config for config in configs)
        assert len({trial_id(study.INFO.name, config) for config in configs}) == len(configs)


def test_every_field_changes_the_identity(smoke):
    study = smoke.study
    first = study.grid("smoke")[0]
    names = {field.name for field in dataclasses.fields(first)}
    for name in names:
        other = other_value(getattr(first, name))
        changed = object.__new__(
            study.Config
        )  # past the checks of the values: only the identity is looked at
        for field in names:
            object.__setattr__(changed, field, getattr(first, field) if field != name else other)
        assert trial_id(study.INFO.name, changed) != trial_id(study.INFO.name, first), name


def other_value(value):
    if isinstance(value, DataConfig):
        return value.replace(seed=value.seed + 1)
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, tuple):
        return (*value, "more")
    return f"{value}-more"


def test_rows_are_complete_for_every_seed(smoke):
    ran = [
        task
        for task in smoke.tasks
        if task not in [skipped for skipped, _ in smoke.summary.skipped]
    ]
    assert ran and len(smoke.rows)
    for task in ran:
        rows = smoke.rows.where(trial=task.trial)
        assert sorted(rows.unique("seed")) == list(task.seeds)
        numbers = [  # an array for a figure and the time to compile may be there for one seed only
            r for r in rows if not isinstance(r.value, np.ndarray) and r.metric != "compile_seconds"
        ]
        per_seed = [[(r.metric, r.step) for r in numbers if r.seed == seed] for seed in task.seeds]
        assert all(sorted(one, key=str) == sorted(per_seed[0], key=str) for one in per_seed)
        assert len(set(per_seed[0])) == len(per_seed[0])


def test_rows_are_plain_and_serialisable(smoke):
    for record in smoke.rows:
        assert isinstance(record.value, (float, np.ndarray)) and isinstance(record.metric, str)
        assert record.step is None or isinstance(record.step, int)
    for trial in smoke.rows.unique("trial"):
        config = smoke.rows.where(trial=trial).records[0].config
        assert config == json.loads(
            json.dumps(config), object_hook=lambda d: {k: tuples(v) for k, v in d.items()}
        )
    for record in smoke.rows:
        if record.metric.endswith("_acc") and not isinstance(record.value, np.ndarray):
            assert 0 <= record.value <= 1, record


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def test_stored_configs_are_those_of_the_grid(smoke):
    by_trial = {task.trial: flat(task.config) for task in smoke.tasks}
    for record in smoke.rows:
        assert by_trial[record.trial] == record.config


def test_measured_names_are_published_names(smoke):
    measured = smoke.study.measured(smoke.rows)
    assert set(measured) <= {p.name for p in smoke.study.INFO.published}
    for name, values in measured.items():
        assert (
            np.ndim(values) == 1 and len(values) and np.isfinite(np.asarray(values, float)).any()
        ), name


def test_claims_are_computed(smoke):
    claims = smoke.study.claims(smoke.rows)
    assert all(isinstance(claim, Claim) and claim.text and claim.quantity for claim in claims)
    assert all(
        np.isfinite(claim.estimate) and claim.low <= claim.estimate <= claim.high
        for claim in claims
    )
    assert (
        claims or smoke.summary.skipped or not smoke.study.measured(smoke.rows)
    )  # a smoke run may be too short to find a threshold


def test_one_seed_decides_nothing(smoke):
    for seed in smoke.rows.unique("seed"):
        claims = smoke.study.claims(smoke.rows.where(seed=seed))
        # the ideal observer is not trained: signals alone can set it above people
        assert {c.verdict for c in claims if c.parts[0].estimate.seeds or c.over == "seeds"} <= {
            TOO_FEW
        }


def test_figures_show_something(smoke):
    (part,) = parts_of(smoke.folder, smoke.study.INFO.name, None)
    document = part.document
    assert document.figures and not document.error
    for slug in [drawing.slug for drawing in document.figures]:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", slug)
        for ending in ("png", "pdf", "svg"):
            assert (
                smoke.folder / "figures" / f"{smoke.study.INFO.name}-{slug}.{ending}"
            ).stat().st_size > 1000
        from matplotlib.image import imread

        image = imread(smoke.folder / "figures" / f"{smoke.study.INFO.name}-{slug}.png")[..., :3]
        assert (image.min(axis=-1) < 0.9).mean() > 0.002, f"{slug} is blank"
    for figure, caption in smoke.study.figures(smoke.rows).values():
        assert caption.endswith(".") and len(caption.split()) > 20, "a caption stands alone"
        drawn = [ax for ax in figure.axes if ax.has_data() or ax.texts]
        assert drawn, "a figure without anything in it"


def test_part_of_a_sweep_can_be_looked_at(smoke):
    """As in the middle of a sweep: the first trial only, the last only, one seed, nothing."""
    trials = smoke.rows.unique("trial")
    for rows in (
        smoke.rows.where(trial=trials[0]),
        smoke.rows.where(trial=trials[-1], seed=0),
        Rows([]),
    ):
        document, drawn = of_rows(smoke.study, rows)
        json.dumps(document.to_dict(), allow_nan=False)
        assert document.error is None and set(drawn) == {f.slug for f in document.figures}


def test_table_is_text(smoke):
    header, lines = smoke.study.table(smoke.rows)
    assert lines or not smoke.study.measured(smoke.rows)
    assert all(
        len(line) == len(header) and all(isinstance(cell, str) for cell in line) for line in lines
    )


def test_resuming_does_nothing(smoke):
    with open_store(smoke.folder) as store:
        again = sweep(store, smoke.tasks)
    assert again.done == 0 and again.stored == len(smoke.tasks) - len(smoke.summary.skipped)


NUMBERS = [
    (name, f.name, value)
    for name in ALL
    for f in dataclasses.fields(load(name).Config)
    if isinstance(f.default, int | float) and not isinstance(f.default, bool)
    for value in ((-1, 2.5) if isinstance(f.default, int) else (-1.0, math.nan, math.inf))
]


@pytest.mark.parametrize(("name", "field", "value"), NUMBERS)
def test_a_number_out_of_range(name, field, value):
    with pytest.raises(UsageError, match=rf"{field}.*got {value}|widths need"):
        load(name).Config(**{field: value})


def test_the_example_study_is_short():
    """What the documentation promises: one file, under 100 lines."""
    assert EXAMPLES
    for path in EXAMPLES:
        assert len(Path(path).read_text(encoding="utf-8").splitlines()) < 100, path


def test_every_module_imports_without_jax_and_matplotlib():
    code = (
        "import sys; from mnist1d.experiments import STUDIES, load\n"
        f"for name in {ALL}: load(name).trials('paper')\n"
        "assert not {'jax', 'matplotlib', 'torch', 'sklearn'} & set(sys.modules), set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
