"""Studies from outside the package: found, run, shown, and refused with file, part and rule."""

import dataclasses
import hashlib
import json
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from mnist1d.cli import main
from mnist1d.errors import UsageError
from mnist1d.experiments import BUILT_IN, STUDIES, Info, load
from mnist1d.experiments.registry import LATER, PAPERS, RESERVED, find, reproduced
from mnist1d.experiments.study import PRESETS
from mnist1d.results.document import latest, studies_in
from mnist1d.results.report import write_report
from mnist1d.runs import open_store, plan, sweep
from mnist1d.runs.identity import flat, nested, rebuild
from mnist1d.runs.work import work
from mnist1d.web.results import ResultsOf

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MINE = '''
"""Mine.

What it is about.
"""

from dataclasses import dataclass

from mnist1d.experiments.rows import Row
from mnist1d.experiments.study import Info

INFO = Info(name="mine", title="Mine", question="Is it mine?")


@dataclass(frozen=True)
class Inner:
    sizes: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Config:
    rate: float = 0.5
    inner: Inner = Inner()
    limit: int | None = None


def grid(preset):
    return [Config(rate) for rate in (0.1, 0.5)]


def run(config, seeds):
    assert isinstance(config.inner, Inner) and config.inner.sizes == (1, 2)
    acc = {step: config.rate + step / 10 for step in (1, 2)}
    return [Row(seed, "test_acc", step, acc[step]) for seed in seeds for step in acc]
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder; what a test imports from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def write(path, text=MINE, **changes):
    for old, new in changes.items():
        text = text.replace(old, new)
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def call(capsys, *words):
    """Run a command: exit status, what it printed, what it said."""
    status = main([str(word) for word in words])
    told = capsys.readouterr()
    assert "Traceback" not in told.err + told.out
    return status, told.out, told.err


# ------------------------------------------------------------------ found


def test_a_file_is_a_study(folder):
    path = write(folder / "mine.py")
    study = load("mine.py")
    assert study.INFO.name == "mine" and study.where == str(path)
    assert study.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert study.description == ["Is it mine?", "What it is about."]
    assert study.weight(study.Config()) == 1 and study.measured(None) == {}
    assert load(study.reference).Config is study.Config  # one version, one module


def test_a_file_imports_what_lies_beside_it(folder):
    write(folder / "deep" / "beside.py", "NAME = 'mine'\n")
    text = MINE.replace('name="mine"', "name=beside.NAME").replace(
        "from dataclasses", "import beside\nfrom dataclasses"
    )
    write(folder / "deep" / "mine.py", text)
    assert load("deep/mine.py").INFO.name == "mine"


@pytest.mark.parametrize("target", ["labs.mine", "labs.mine:STUDY", "labs/mine.py:STUDY"])
def test_a_module_or_an_object_in_it_is_a_study(folder, target):
    write(folder / "labs" / "mine.py", f"{MINE}\n\nimport sys\nSTUDY = sys.modules[__name__]\n")
    assert load(target).INFO.name == "mine"


def test_an_entry_point_is_a_study_like_ours(folder, monkeypatch, capsys):
    write(folder / "labs_mine.py")
    write(folder / "labs_broken.py", "1 / 0\n")
    monkeypatch.syspath_prepend(folder)
    write(
        folder / "labs-1.0.dist-info" / "METADATA",
        "Metadata-Version: 2.1\nName: labs\nVersion: 1.0\n",
    )
    points = "[mnist1d.studies]\nmine = labs_mine\nbroken = labs_broken\nlottery = labs_mine\n"
    write(folder / "labs-1.0.dist-info" / "entry_points.txt", points)  # the last: ours stays
    monkeypatch.delitem(vars(STUDIES), "installed", raising=False)
    try:
        assert list(STUDIES)[-2:] == ["broken", "mine"]
        assert load("mine").file and not load("lottery").file
        status, out, _ = call(capsys, "list")
        assert status == 0 and "Is it mine?" in out and "ZeroDivisionError" in out
        with open_store(folder / "runs") as store:
            assert sweep(store, plan("mine", "smoke")).ok
            assert studies_in(store) == ["mine"] and not latest(store, "mine")[0].document.notice
    finally:
        del STUDIES.installed


def test_reproduce_runs_the_papers_studies_and_all_of_them_where_asked():
    short, every = reproduced(False), reproduced(True)
    assert every == list(STUDIES) and short[: len(PAPERS)] == every[: len(PAPERS)]
    assert set(every) - set(short) == {name.replace("_", "-") for name in LATER} != set()


def test_names_of_ours():
    for name, module in zip(STUDIES.own, BUILT_IN, strict=False):
        assert load(name).INFO.name == name == module.replace("_", "-") and not load(name).file
    from mnist1d.commands import evaluate
    from mnist1d.runs import quiz

    assert {quiz.STUDY, evaluate.STUDY} == set(RESERVED)


# ------------------------------------------------------------------ run and shown


@pytest.mark.parametrize("executor", ["here", "processes"])
def test_a_file_is_run_and_shown_like_ours(folder, capsys, executor):
    path = write(folder / "mine.py")
    words = ("run", "mine.py", "--preset", "smoke", "--runs", "runs", "--executor", executor)
    status, out, err = call(capsys, *words)
    assert status == 0 and "Mine (smoke)" in out and "2 done" in err
    assert (folder / "runs" / "figures" / "mine-metrics.png").is_file()
    with open_store("runs", create=False) as store:
        calls = store.calls("mine")
        study = {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        assert [c.provenance["study"] for c in calls] == [study] * 2
        assert (
            store.rows("mine").where(rate=0.1).final("test_acc").tolist()
            == [0.30000000000000004] * 2
        )
    status, _, err = call(capsys, "reproduce", "--study", "mine.py", *words[2:])
    assert status == 0 and "2 of 2 trials are already saved" in err
    report = (folder / "runs" / "report.html").read_text()
    assert "Is it mine?" in report and "What it is about." in report
    (document,) = json.loads(b"".join(ResultsOf(folder / "runs").lines()))["studies"]
    assert document["question"] == "Is it mine?" and document["figures"]
    status, out, _ = call(capsys, "list", "mine.py")
    assert status == 0 and "Is it mine?" in out.splitlines()[-1]
    assert "mine" in call(capsys, "results", "--runs", "runs", "--study", "mine")[1]


def test_a_name_that_the_folder_knows_runs_the_same_file(folder, capsys, monkeypatch):
    path = write(folder / "mine.py")
    options = ("--preset", "smoke", "--runs", str(folder / "runs"), "--executor", "here")
    status, _, err = call(capsys, "run", "mine", *options)
    assert status == 2 and "unknown study 'mine'" in err and not (folder / "runs").exists()
    assert call(capsys, "run", "mine.py", *options)[0] == 0
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    status, out, err = call(capsys, "run", "mine", *options, "--seeds", "3")
    assert status == 0 and "Mine (smoke)" in out and "2 done" in err
    assert call(capsys, "reproduce", "--study", "mine", *options)[0] == 0
    path.unlink()
    status, _, err = call(capsys, "run", "mine", *options)
    assert status == 2 and str(path) in err


def test_a_module_is_run_by_workers(folder, capsys):
    write(
        folder / "labs" / "mine.py",
        MINE.replace(
            "from mnist1d.experiments.rows",
            "from labs.beside import x\nfrom mnist1d.experiments.rows",
        ),
    )
    write(folder / "labs" / "beside.py", "x = 1\n")
    words = ("run", "labs.mine", "--preset", "smoke", "--runs", "runs", "--executor", "processes")
    assert call(capsys, *words)[0] == 0
    with open_store("runs", create=False) as store:
        assert store.reference("mine").folder == str(folder)


def test_a_changed_file_is_reported_when_its_rows_are_reused(folder, capsys):
    path = write(folder / "mine.py")
    words = ("run", "mine.py", "--preset", "smoke", "--runs", "runs", "--executor", "here")
    assert "earlier version" not in call(capsys, *words)[2]
    path.write_text(path.read_text() + "\n# changed\n")
    (line,) = [line for line in call(capsys, *words)[2].splitlines() if "earlier version" in line]
    assert line.startswith("mine: 2 of 2 trials") and "--runs" in line
    assert "earlier version" not in call(capsys, *words, "--seeds", "2", "--set", "limit=3")[2]


def test_a_study_whose_file_is_gone_still_shows_its_rows(folder, capsys):
    path = write(folder / "mine.py")
    words = ("--preset", "smoke", "--runs", "runs", "--executor", "here")
    call(capsys, "run", "mine.py", *words)
    path.rename(folder / "moved.py")
    write_report(folder / "runs", folder / "report.html")
    report = (folder / "report.html").read_text()
    assert f"cannot read {path}: No such file" in report and ">30.0</td>" in report
    assert "test_acc" in call(capsys, "results", "--runs", "runs")[1]
    (part,) = json.loads(b"".join(ResultsOf(folder / "runs").lines()))["studies"]
    assert "cannot read" in part["notice"] and part["table"]["lines"]
    assert "2 of 2 trials are already saved" in call(capsys, "run", "moved.py", *words)[2]
    write_report(folder / "runs", folder / "report.html")
    assert "Is it mine?" in (folder / "report.html").read_text()


def test_a_loaded_study_travels_as_its_reference(folder):
    import pickle

    path = write(folder / "mine.py")
    study = load("mine.py")
    assert pickle.loads(pickle.dumps(study)).Config is study.Config
    data = pickle.dumps(study)
    path.unlink()
    assert "cannot read" in pickle.loads(data).problem


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_config_is_rebuilt_from_plain_values(name):
    study = load(name.replace("_", "-"))
    for config in {preset: study.trials(preset)[-1] for preset in PRESETS}.values():
        assert rebuild(study.Config, nested(config)) == config


def test_the_example_model_has_a_place_in_the_table_and_the_figure(tmp_path):
    """What the guide promises of examples/transformer.py: no other file is touched."""
    target = f"{EXAMPLES / 'transformer.py'}:transformer"
    settings = [f"model=logistic,{target}", "dataset=mnist1d", "num_steps=20", "vary=frozen"]
    with open_store(tmp_path) as store:
        assert sweep(store, plan("spatial-priors", "smoke", 2, settings)).ok
        (found,) = latest(store, "spatial-priors")
    names = [line[0] for line in found.document.table.lines]
    assert any("transformer" in name for name in names[:2]) and names[-1] == "human"


# ------------------------------------------------------------------ refused

IMPORTS = "from dataclasses import dataclass\nfrom mnist1d.experiments import Info\n"
BAD = {
    "syntax": ("x = 1\ndef grid(:\n", r"cannot be imported: .*line 2\)"),
    "raises": ("x = 1\n1 / 0\n", r"cannot be imported: ZeroDivisionError: .*bad.py, line 2\)"),
    "info": ("x = 1\n", r"bad.py: the study has no INFO; add INFO = Info\(name="),
    "config": (
        MINE.replace("class Config", "class Other"),
        r"the study has no Config; add a frozen",
    ),
    "grid": (
        MINE.replace("def grid", "def other"),
        r"has no grid; add a function: def grid\(preset\)",
    ),
    "run": (
        MINE.replace("def run", "def other"),
        r"has no run; add a function: def run\(config, seeds\)",
    ),
    "kind": ("INFO = 'mine'\nConfig = grid = run = None\n", r"bad.py: INFO must be INFO = Info\("),
    "frozen": (
        MINE.replace("@dataclass(frozen=True)\nclass Config", "@dataclass\nclass Config"),
        r"bad.py: Config must be a frozen dataclass",
    ),
    "arguments": (
        MINE.replace("def run(config, seeds)", "def run(config)"),
        r"run must be a function",
    ),
    "optional": (f"{MINE}\nclaims = 3\n", r"bad.py: claims must be a function: def claims\(rows\)"),
    "name": (
        MINE.replace('name="mine"', 'name="My study"'),
        r"name must be lower-case .* 'My study'",
    ),
    "taken": (
        MINE.replace('name="mine"', 'name="lottery"'),
        r"INFO.name 'lottery' is taken by mnist1d",
    ),
    "reserved": (
        MINE.replace('name="mine"', 'name="quiz"'),
        r"INFO.name 'quiz' is taken by mnist1d",
    ),
    "in grid": (
        MINE.replace("return [Config(rate)", "1 / 0\n    return [Config(rate)"),
        r"bad.py: grid\('smoke'\) raised ZeroDivisionError: .* \(line \d+\); it must be a function",
    ),
    "exit in grid": (
        MINE.replace("return [Config(rate)", "raise SystemExit(3)\n    return [Config(rate)"),
        r"bad.py: grid\('smoke'\) raised SystemExit: 3 \(line \d+\); it must be a function",
    ),
    "no trials": (
        MINE.replace("return [Config(rate) for rate in (0.1, 0.5)]", "return []"),
        r"grid\('smoke'\) must return .*; got an empty list",
    ),
    "other trials": (
        MINE.replace("return [Config(rate) for", "return [rate for"),
        r"grid\('smoke'\) must return .*; got a list of float",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_study_is_one_line_with_file_part_and_rule(folder, capsys, case):
    text, message = BAD[case]
    path = write(folder / "bad.py", text)
    with pytest.raises(UsageError, match=message):
        load("bad.py").trials("smoke")
    status, _, err = call(capsys, "run", "bad.py", "--preset", "smoke", "--runs", "runs")
    assert status == 2 and len(err.splitlines()) == 1 and str(path) in err
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[1, 2]", "write a list as a tuple (unhashable type: 'list')"),
        ("{1: 2}", "write a list as a tuple (unhashable type: 'dict')"),
        ("len", "a config holds numbers, text, booleans"),
        ("float('nan')", "and no NaN"),
    ],
)
def test_a_config_without_an_identity_is_one_line(folder, capsys, value, message):
    text = MINE.replace("[Config(rate) for rate", f"[Config({value}) for _")
    path = write(folder / "bad.py", text)
    status, _, err = call(capsys, "run", "bad.py", "--preset", "smoke", "--runs", "runs")
    assert status == 2 and len(err.splitlines()) == 1 and message in err
    assert err.startswith(f"error: {path}: grid('smoke'): ")
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise SystemExit(3)", "weight(config) raised SystemExit: 3 (line "),
        ("return 'much'", "weight(config) must return a number above 0, got 'much'"),
        ("return 0", "weight(config) must return a number above 0, got 0"),
    ],
)
def test_a_weight_that_is_no_number_is_one_line(folder, capsys, body, message):
    path = write(folder / "bad.py", MINE + f"\n\ndef weight(config):\n    {body}\n")
    status, _, err = call(capsys, "run", "bad.py", "--preset", "smoke", "--runs", "runs")
    assert status == 2 and len(err.splitlines()) == 1 and f"error: {path}: {message}" in err


@pytest.mark.parametrize("lines", ["[['a', 1]]", "[['a']]"])
def test_a_table_of_other_things_than_text_leaves_the_report_to_the_other_parts(folder, lines):
    path = write(
        folder / "mine.py", MINE + f"\n\ndef table(rows):\n    return ['x', 'y'], {lines}\n"
    )
    tasks = plan("mine.py", "smoke", 1)
    with open_store("runs") as store:
        sweep(store, tasks, "here")
        found = latest(store, "mine")[0].document
        assert f"{path}: table must return 2 texts in every line" in found.error
        assert found.table is None and found.figures
    write_report(folder / "runs", folder / "report.html")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [Row(seed + 1, 'a', None, 1.0) for seed in seeds]",
         "rows for exactly the seeds it was given, [0, 1]; got rows for [1, 2]"),
        ("return [Row(0, 'a', None, 1.0)]", "got rows for [0]"),
        ("return [(seed, 'a', None, 1.0) for seed in seeds]",
         "must return a list of Row, got tuple in it"),
        ("return None", "rows for exactly the seeds"),
        ("raise RuntimeError('broken')", "RuntimeError: broken"),
    ],
)  # fmt: skip
def test_a_run_that_returns_the_wrong_rows_fails_alone(folder, capsys, body, message):
    text = MINE.replace(
        "    assert isinstance(config.inner",
        f"    if config.rate == 0.5:\n        {body}\n    assert isinstance(config.inner",
    )
    path = write(folder / "mine.py", text)
    words = ("run", "mine.py", "--preset", "smoke", "--runs", "runs", "--executor", "here")
    main(list(words))
    told = capsys.readouterr().err
    assert message in told and str(path) in told
    with open_store("runs", create=False) as store:
        done, failed = (
            next(c for c in store.calls("mine") if c.status == s) for s in ("done", "failed")
        )
        assert done.config["rate"] == 0.1 and message in failed.error
        assert ("Traceback" in failed.error) == ("raise" in body)
        assert len(store.rows("mine")) == 4  # nothing stored is lost


def test_info_is_checked():
    with pytest.raises(UsageError, match="seeds must have a value for each of smoke, quick, paper"):
        Info("a", "A", "?", seeds={"smoke": 1})
    with pytest.raises(UsageError, match="cost must have a value for each"):
        Info("a", "A", "?", cost={"smoke": 1.0})
    published = load("pooling").INFO.published
    with pytest.raises(UsageError, match="different names; 'max, 1000 signals' is repeated"):
        Info("a", "A", "?", published=(*published, published[0]))


def test_two_studies_of_one_name(folder, capsys):
    write(folder / "mine.py")
    words = ("--preset", "smoke", "--runs", "runs", "--executor", "here")
    assert call(capsys, "run", "mine.py", *words)[0] == 0
    shutil.copy("mine.py", "copy.py")
    assert call(capsys, "run", "copy.py", *words)[0] == 0  # the same study, elsewhere
    write(folder / "other.py", MINE + "\n# another\n")
    status, _, err = call(capsys, "run", "other.py", *words)
    assert status == 2 and "the name 'mine' belongs to" in err and "copy.py" in err
    status, _, err = call(capsys, "reproduce", "--study", "mine.py", "--study", "other.py", *words)
    assert status == 2 and "both have the name 'mine'" in err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lotery", "unknown study 'lotery': did you mean 'lottery'"),
        ("mine", "unknown study 'mine': for the file, write mine.py"),
        ("nowhere.py", "cannot read .*nowhere.py: No such file"),
        ("no.such", "no module 'no.such' in .* or installed"),
        ("json:dumps", "the study has no INFO"),
        ("json:zzz", "json:zzz: json has no 'zzz'"),
    ],
)
def test_a_study_that_is_not_there(folder, name, message):
    write(folder / "mine.py")
    with pytest.raises(UsageError, match=message):
        load(name)


def test_a_file_that_holds_another_study_now(folder):
    write(folder / "mine.py")
    reference = load("mine.py").reference
    write(folder / "mine.py", MINE.replace('name="mine"', 'name="yours"'))
    assert "now holds the study 'yours'" in find("mine", reference).problem


def test_a_worker_that_cannot_find_the_study_says_so(folder):
    write(folder / "mine.py")
    study = load("mine.py")
    (folder / "mine.py").unlink()
    outcome = work(study.reference, nested(study.Config()), (0,))
    assert outcome.status == "failed" and "cannot read" in outcome.error
    assert flat(dataclasses.replace(study.Config(), limit=3))["limit"] == 3
