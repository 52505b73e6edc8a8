"""The commands: what each prints and leaves, its exit status, and for every mistake one line
without a traceback."""

import csv
import io
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import mnist1d
from mnist1d import experiments
from mnist1d.cli import main
from mnist1d.runs.executors import cores
from tests.runs import toy as module


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(experiments.STUDIES, "toy", module.__name__)


@pytest.fixture
def runs(toy, tmp_path, capsys):
    folder = tmp_path / "runs"
    assert (
        main(["run", "toy", "--preset", "smoke", "--runs", str(folder), "--executor", "here"]) == 0
    )
    capsys.readouterr()
    return folder


def run(capsys, *words):
    """Run a command: exit status, what it printed, what it said."""
    status = main([str(word) for word in words])
    told = capsys.readouterr()
    assert "Traceback" not in told.err + told.out
    return status, told.out, told.err


def test_generate_and_verify(tmp_path, capsys):
    published, other = tmp_path / "published.npz", tmp_path / "other.csv"
    assert run(capsys, "generate", "-o", published)[0] == 0
    status, out, _ = run(
        capsys,
        "generate",
        "-o",
        other,
        "--num-samples",
        100,
        "--padding",
        30,
        50,
        "--shuffle-seq",
        "--mode",
        "fast",
    )
    assert status == 0 and "80 training and 20 test signals of 40 points, fast, float32" in out
    data = mnist1d.read(other)
    assert (data.config.num_samples, data.config.padding, data.config.shuffle_seq) == (
        100,
        (30, 50),
        True,
    )
    status, out, _ = run(capsys, "verify", published)
    assert status == 0 and "the published set" in out
    status, out, _ = run(capsys, "verify", other, "--json")
    assert status == 1 and json.loads(out)["published_set"] is False
    status, out, _ = run(capsys, "verify", published, "--json")
    assert (
        status == 0
        and json.loads(out)["digests"]["x"]["found"] == json.loads(out)["digests"]["x"]["published"]
    )


def test_every_knob_is_an_option_with_its_effect(capsys):
    status, out, _ = run(capsys, "generate", "--help")
    words = " ".join(out.replace("│", " ").split())
    assert (
        "--scale-coeff FLOAT spread of the amplitude" in words
        and "--padding INT INT range of zero-padding" in words
    )
    assert all(f"--{name.replace('_', '-')}" in words for name in mnist1d.DataConfig().to_dict())


@pytest.mark.parametrize(
    "words", [["templates"], ["samples"], ["stages", "--digit", 7]], ids=lambda words: words[0]
)
def test_show(tmp_path, capsys, words):
    path = tmp_path / "picture.png"
    assert run(capsys, "show", *words, "-o", path)[:2] == (0, f"{path}\n")
    assert path.stat().st_size > 2000


def test_run_prints_table_claims_and_where_the_figures_are(toy, tmp_path, capsys):
    words = ["run", "toy", "--preset", "smoke", "--runs", tmp_path, "--executor", "here"]
    status, out, err = run(capsys, *words)
    assert status == 0 and "one is above 0" in out and "as published" in out
    assert "3 done" in err and str(tmp_path / "figures") in err and "[3/3] toy" in err
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "toy-lines.pdf",
        "toy-lines.png",
        "toy-lines.svg",
    ]
    status, out, err = run(capsys, *words)
    assert status == 0 and "0 done" in err and "3 of 3 trials are already saved" in err


def test_run_json_is_one_document(toy, tmp_path, capsys):
    status, out, _ = run(
        capsys,
        "run",
        "toy",
        "--preset",
        "smoke",
        "--runs",
        tmp_path,
        "--executor",
        "here",
        "--json",
    )
    document = json.loads(out)
    assert status == 0 and document["summary"]["done"] == 3
    (study,) = document["studies"]
    assert study["claims"][0]["verdict"] == "as published" and study["measured"][0]["n"] == 2


def test_set_seeds_and_dry_run(toy, tmp_path, capsys):
    words = [
        "run",
        "toy",
        "--preset",
        "smoke",
        "--runs",
        tmp_path,
        "--set",
        "size=2",
        "--set",
        "rate=0.1,0.2",
        "--seeds",
        3,
    ]
    found = json.loads(run(capsys, *words, "--dry-run", "--json")[1])
    assert found["trials"] and found["core_seconds"] >= 0
    assert all(len(trial["trial"]) == 64 and trial["config"] for trial in found["trials"])
    status, out, err = run(capsys, *words, "--dry-run")
    assert (
        status == 0
        and "2 trials, about" in err
        and out.count("size=2") == 2
        and list(tmp_path.iterdir()) == []
    )
    assert f"on {cores()} core" in run(capsys, *words, "--dry-run", "--workers", 99)[2]
    status, out, _ = run(capsys, *words, "--executor", "here", "--json")
    assert status == 0 and [study["label"] for study in json.loads(out)["studies"]] == [
        f"smoke size=2 rate={rate}" for rate in (0.1, 0.2)
    ]
    assert (tmp_path / "figures" / "toy-lines-size-2-rate-0.1.png").exists()
    assert run(capsys, "report", "--runs", tmp_path)[0] == 0
    assert (tmp_path / "report.html").read_text().count("<img") == 2
    status, out, _ = run(capsys, "results", "--runs", tmp_path, "--format", "json")
    assert {(line["size"], line["rate"], line["seed"]) for line in json.loads(out)} == {
        (2, r, s) for r in (0.1, 0.2) for s in (0, 1, 2)
    }


def test_a_failed_trial(toy, tmp_path, capsys):
    words = [
        "run",
        "toy",
        "--preset",
        "smoke",
        "--runs",
        tmp_path,
        "--set",
        "size=1",
        "--set",
        "action=ok,fail",
        "--executor",
        "here",
    ]
    status = main([str(word) for word in words])
    told = capsys.readouterr()
    assert (
        status == 1
        and "RuntimeError: the toy broke" in told.err
        and "1 done" in told.err
        and "1 failed" in told.err
    )
    again = told.err.partition("to run the failed trials again: ")[2].split()
    assert again[:4] == ["mnist1d", "run", "toy", "--preset"]
    assert {"size=1", "action=ok,fail", "--runs", "--retry-failed"} <= set(again)
    status, _, err = run(capsys, *words)
    assert status == 1 and "failed before and not tried again" in err
    assert run(capsys, "report", "--runs", tmp_path)[0] == 0
    assert "RuntimeError: the toy broke" in (tmp_path / "report.html").read_text()


def test_missing_data_is_one_line(toy, tmp_path, capsys):
    words = [
        "run",
        "toy",
        "--preset",
        "smoke",
        "--runs",
        tmp_path,
        "--set",
        "action=skip",
        "--set",
        "size=1",
        "--executor",
        "here",
    ]
    status, _, err = run(capsys, *words)
    assert (
        status == 0
        and "the toy's data is not here: get it from the shop" in err
        and "1 skipped" in err
    )


def test_list(toy, capsys):
    status, out, _ = run(capsys, "list")
    assert status == 0 and "toy" in out and "3 x 2" in out and "Is anything learnt here?" in out


def test_reproduce(toy, tmp_path, capsys):
    words = ["reproduce", "--study", "toy", "--preset", "smoke", "--executor", "here"]
    status, _, err = run(capsys, *words, "--runs", tmp_path)
    assert status == 0 and f"report: {tmp_path / 'report.html'}" in err
    assert "One is above 0" in (tmp_path / "report.html").read_text()


def test_results(runs, tmp_path, capsys):
    _, text, _ = run(capsys, "results", "--runs", runs, "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == 3 * (2 * 4 - 1) and {line["metric"] for line in lines} == {
        "one",
        "image",
        "nothing",
    }
    assert lines[0]["data.padding"] == "36:60" and {line["preset"] for line in lines} == {"smoke"}
    shapes = {line["shape"] for line in lines if line["metric"] == "image"}
    assert shapes == {"2x1", "2x2", "2x3"}
    _, text, _ = run(capsys, "results", "--runs", runs, "--study", "toy")
    header = "study preset trial seed metric step value array shape size"
    assert text.splitlines()[0].split() == header.split()
    parquet = tmp_path / "rows.parquet"
    assert run(capsys, "results", "--runs", runs, "--format", "parquet", "-o", parquet)[0] == 0
    table = pytest.importorskip("pyarrow.parquet").read_table(parquet).to_pydict()
    assert table["metric"] == [line["metric"] for line in lines] and table["size"][0] == 1
    assert np.isclose(table["value"][0], float(lines[0]["value"]))


MISTAKES = [
    ("frobnicate", 2, "Unknown command"),
    ("run", 2, "STUDY requires an argument"),
    ("run tyo", 2, "unknown study 'tyo': did you mean 'toy'?"),
    ("run toy --preset qick", 2, "unknown preset 'qick': did you mean 'quick'?"),
    ("run toy --sets a=1", 2, "Did you mean --set?"),
    ("run toy --seeds few", 2, "--seeds"),
    ("run toy --seeds 0", 2, "seeds must be a whole number, at least 1, got 0"),
    ("run toy --dry-run --seeds 100000000", 2, "seeds must be a whole number, at most 100000"),
    ("run toy --workers 0", 2, "workers must be a whole number, at least 1, got 0"),
    ("run toy --set sise=3", 2, "unknown field 'sise': did you mean 'size'?"),
    ("run toy --set size=big", 2, "size must be a whole number"),
    ("run lottery --set hidden=0", 2, "hidden must be a whole number, at least 1, got 0"),
    ("run toy --set size=0", 2, "size must be at least 1"),
    ("run toy --set data.padding=60:36", 2, "write padding=(36, 60)"),
    ("run toy --mnist {tmp}/no.npz", 2, "--mnist must be an existing file or folder"),
    ("run toy --runs {tmp}/text.npz", 2, "cannot create the folder"),
    ("run toy --runs {tmp}/foreign --executor here", 1, "is not a database"),
    ("report --runs {tmp}/nowhere", 2, "no runs in"),
    ("report --runs {tmp}/foreign", 1, "is not a database"),
    ("results --runs {tmp}/nowhere", 2, "no runs in"),
    (
        "results --runs {tmp}/runs --format xml",
        2,
        "unknown format 'xml': choose one of: table, csv, json, parquet",
    ),
    ("results --runs {tmp}/runs --format parquet", 2, "name a file, -o rows.parquet"),
    ("results --runs {tmp}/runs --study tyo", 2, "did you mean 'toy'?"),
    (
        "results --runs {tmp}/runs --format csv -o {tmp}/nowhere/rows.csv",
        2,
        "cannot write in the folder",
    ),
    ("generate", 2, "--output requires an argument"),
    ("generate -o {tmp}/a.txt", 2, "extension"),
    ("generate -o {tmp}/nowhere/a.npz", 2, "cannot write in the folder"),
    ("generate -o {tmp}/a.npz --num-sample 10", 2, "Did you mean --num-samples?"),
    ("generate -o {tmp}/a.npz --num-samples 3", 2, "num_samples"),
    ("generate -o {tmp}/a.npz --seed -1", 2, "seed must be"),
    ("generate -o {tmp}/a.npz --scale-coeff nan", 2, "scale_coeff must be between"),
    ("generate -o {tmp}/a.npz --padding 60 36", 2, "write padding=(36, 60)"),
    ("generate -o {tmp}/a.npz --max-translation 0", 2, "max_translation must be"),
    ("generate -o {tmp}/a.npz --mode exakt", 2, "did you mean 'exact'?"),
    ("generate -o {tmp}/a.npz --dtype float16", 2, "unknown dtype 'float16'"),
    ("verify {tmp}/none.npz", 2, "no such file"),
    ("verify {tmp}/text.npz", 1, "is not a data set written by mnist1d"),
    ("verify {tmp}/text.doc", 2, "extension"),
    ("show sample -o {tmp}/a.png", 2, "did you mean 'samples'?"),
    ("show samples -o {tmp}/a.bmp", 2, ".png, .pdf, .svg"),
    ("show stages -o {tmp}/a.png --digit 11", 2, "digit must be one of"),
    ("web --no-browser --runs {tmp}/text.npz", 2, "must name a folder"),
    ("web --no-browser --runs {tmp}/foreign", 1, "is not a database"),
    (
        "web --no-browser --port 70000",
        2,
        "port must be between 0 and 65535, got 70000",
    ),
    ("web --no-browsers", 2, "Did you mean --no-browser?"),
    ("web --export {tmp}/text.npz", 2, "is a file: name a folder"),
    ("report --runs {tmp}/runs -o {tmp}/runs/rows.sqlite", 2, "a report is HTML"),
    ("results --runs {tmp}/runs -o {tmp}/runs/rows.sqlite", 2, "is a database"),
    ("results --runs {tmp}/runs --format csv -o {tmp}/a.json", 2, "has the ending of json"),
    ("report --runs {tmp}/runs --preset huge", 2, "unknown preset 'huge'"),
    ("report --runs {tmp}/runs --preset paper", 2, "has no runs at the preset 'paper'"),
    ("report --settled --runs {tmp}/runs", 2, "leave out --runs"),
    ("report --settled --preset smoke", 2, "leave out --preset smoke"),
    ("list nope", 2, "unknown study 'nope'"),
    ("merge {tmp}/runs {tmp}/none --runs {tmp}/all", 2, "none"),
    ("run endless --preset paper --until-decided --max-seeds 0 --dry-run", 2, "at least 4"),
    ("web --export {tmp}/text.npz/site", 2, "cannot write the page into"),
    ("web --export {tmp}/foreign", 2, "contains other files (rows.sqlite)"),
    ("web --export {tmp}/site --runs {tmp}/nowhere", 2, "no runs in"),
]


@pytest.mark.parametrize(
    ("line", "expected", "message"), MISTAKES, ids=[line for line, *_ in MISTAKES]
)
def test_mistakes(toy, tmp_path, capsys, line, expected, message):
    if "{tmp}/runs" in line:
        assert (
            main(
                [
                    "run",
                    "toy",
                    "--preset",
                    "smoke",
                    "--runs",
                    str(tmp_path / "runs"),
                    "--executor",
                    "here",
                    "--seeds",
                    "1",
                ]
            )
            == 0
        )
        capsys.readouterr()
    (tmp_path / "text.npz").write_text("no arrays at all")
    (tmp_path / "text.doc").write_text("a letter")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "rows.sqlite").write_text("a letter to my aunt\n" * 100)
    before = sorted(tmp_path.iterdir())
    status, out, err = run(capsys, *line.replace("{tmp}", str(tmp_path)).split())
    assert status == expected and out == ""
    assert message in " ".join(err.split()) and err.startswith("error: ")
    assert sorted(tmp_path.iterdir()) == before  # nothing half-written


def test_a_suspicious_value_is_a_warning(tmp_path, capsys):
    status, _, err = run(
        capsys, "generate", "-o", tmp_path / "a.npz", "--num-samples", 100, "--scale-coeff", 4
    )
    assert status == 0 and err.startswith(
        "warning: scale_coeff=4 is legal but outside the usual range 0 to 2"
    )


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_help_needs_nothing_heavy():
    told = python(
        "import sys; from mnist1d.cli import main; assert main(['--help']) == 0; main(['run', "
        "'--help'])\nassert not {'jax', 'matplotlib', 'sklearn', 'torch', "
        "'sqlite3'} & set(sys.modules)"
    )
    assert told.returncode == 0, told.stderr
    assert all(
        word in told.stdout
        for word in (
            "generate",
            "verify",
            "show",
            "list",
            "run",
            "reproduce",
            "report",
            "results",
            "web",
        )
    )


def test_generate_and_verify_need_numpy_and_scipy_only(tmp_path):
    path = str(tmp_path / "a.npz")
    told = python(
        "import sys; from mnist1d.cli import main\n"
        f"assert main(['generate', '-o', {path!r}]) == 0; assert main(['verify', {path!r}]) == 0\n"
        "assert not {'jax', 'matplotlib', 'sklearn', 'torch', 'sqlite3'} & set(sys.modules)"
    )
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("missing", ["cyclopts", "matplotlib"])
def test_a_missing_extra_is_one_line(tmp_path, missing):
    told = python(
        f"import sys; sys.modules[{missing!r}] = None; from mnist1d.cli import main\n"
        f"sys.exit(main(['show', 'templates', '-o', {str(tmp_path / 'a.png')!r}]))"
    )
    assert (
        told.returncode == 1
        and told.stderr.count("\n") == 1
        and missing in told.stderr
        and "Traceback" not in told.stderr
    )


def test_a_study_that_cannot_show_its_rows_takes_nothing_from_the_others(
    toy, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(module, "figures", lambda rows: 1 / 0)
    status = main(
        ["run", "toy", "--preset", "smoke", "--runs", str(tmp_path), "--executor", "here"]
    )
    assert status == 1 and "results are saved but could not be displayed" in capsys.readouterr().err
    status = main(["report", "--runs", str(tmp_path)])
    assert status == 1 and "ZeroDivisionError" in capsys.readouterr().err
    assert "ZeroDivisionError" in (tmp_path / "report.html").read_text()


def test_an_option_goes_before_the_file_even_at_its_default(tmp_path, capsys):
    pytest.importorskip("jax", reason="the observer needs JAX")
    (tmp_path / "noisy.json").write_text('{"iid_noise_scale": 0.1}')
    words = ("observer", "--num-signals", 20, "--json", "--config", tmp_path / "noisy.json")
    for more, expected in (((), 0.1), (("--iid-noise-scale", 0.02), 0.02)):
        status, out, _ = run(capsys, *words, *more)
        assert status == 0 and json.loads(out)["config"]["iid_noise_scale"] == expected


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"seed": 1' + b"0" * 6000 + b"}",
        b'{"scale_coeff": 1' + b"0" * 400 + b"}",
    ],
)
def test_config_files_that_cannot_be_read(tmp_path, capsys, content):
    (tmp_path / "c.json").write_bytes(content)
    status, _, err = run(capsys, "observer", "--config", tmp_path / "c.json")
    assert status == 2 and err.count("\n") == 1


@pytest.mark.parametrize("words", [("generate", "-o"), ("verify",), ("show", "samples", "-o")])
def test_a_name_that_is_too_long(tmp_path, capsys, words):
    status, _, err = run(
        capsys,
        *words,
        tmp_path / f"{'a' * 300}.npz" if words[0] != "show" else tmp_path / f"{'a' * 300}.png",
    )
    assert status == 2 and "too long" in err and err.count("\n") == 1


def test_more_than_the_memory_holds(tmp_path, capsys):
    status, _, err = run(capsys, "generate", "--num-samples", 10**15, "-o", tmp_path / "a.npz")
    assert status == 2 and "num_samples must be between 1 and 1000000000" in err
    many = ("--num-samples", 10**9, "--final-seq-length", 10**4)
    status, _, err = run(capsys, "generate", *many, "-o", tmp_path / "a.npz")
    assert status == 2 and "this data set needs about" in err and "lower num_samples=" in err


@pytest.mark.parametrize(("command", "goes_on"), [("run", True), ("generate", False)])
def test_the_ctrl_c_message_is_true(capsys, monkeypatch, command, goes_on):
    monkeypatch.setattr(
        "mnist1d.commands.app.app", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    status, _, err = run(capsys, command)
    assert status == 130 and ("to resume" in err) == goes_on and "Interrupted" in err


def test_evaluate_reports_what_cannot_be_saved_before_it_trains(tmp_path, capsys, monkeypatch):
    pytest.importorskip("jax", reason="evaluate needs the extra [lab]")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "early_model.py").write_text("def make():\n    raise AssertionError('trained')\n")
    (tmp_path / "early_quits.py").write_text("raise SystemExit(0)\n")
    for words, rule in (
        (("early_model:make", "-o", "x.foo"), ".foo"),
        (("early_model:make", "-o", "none/x.png"), "cannot write in the folder none"),
        (("early_model:make", "--runs", "early_model.py"), "early_model.py"),
        (
            ("early_model:make", "--num-steps", 0),
            "num_steps must be a whole number, at least 1, got 0",
        ),
        (
            ("early_model:make", "--learning-rate", "nan"),
            "learning_rate must be a positive number, got nan",
        ),
        (("early_quits:make",), "SystemExit"),
    ):
        status, out, err = run(capsys, "evaluate", *words)
        assert status == 2 and rule in err and "trained" not in err + out


def test_ctrl_c_during_the_first_imports_is_one_line():
    code = """
import sys
class Interrupting:
    def find_spec(name, path, target=None):
        if name == "mnist1d":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting)
from mnist1d_command import main
sys.exit(main())
"""
    told = python(code)
    assert (told.returncode, told.stderr, told.stdout) == (130, "\nInterrupted.\n", "")


def test_ctrl_c_while_the_app_is_imported_is_one_line(capsys, monkeypatch):
    class Interrupting:
        def find_spec(self, path, target=None):
            if self == "mnist1d.commands.app":
                raise KeyboardInterrupt

    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])
    for name in [name for name in sys.modules if name.startswith("mnist1d.commands")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("mnist1d.commands", raising=False)
    assert run(capsys, "list") == (130, "", "\nInterrupted.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    ("redirected", "status", "told"),
    [
        ("<&- >&-", 0, ""),
        (">/dev/full", 2, "error: cannot write the output: No space left on device\n"),
    ],
)
def test_output_that_goes_nowhere(redirected, status, told):
    shown = subprocess.run(
        ["sh", "-c", f'"$0" -m mnist1d.cli list {redirected}', sys.executable],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (shown.returncode, shown.stderr) == (status, told)


def test_the_script_and_the_module_are_the_same_command():
    root = Path(__file__).parents[1]
    scripts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = scripts["scripts"]["mnist1d"].partition(":")
    told = python(
        f"import sys; sys.argv = ['mnist1d', '--version']; import {module}; "
        f"sys.exit({module}.{name}())"
    )
    assert (told.returncode, told.stdout.splitlines()[0]) == (0, mnist1d.__version__)
    command = [sys.executable, "-m", "mnist1d.cli", "--version"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == told.stdout
