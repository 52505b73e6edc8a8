"""What pyproject.toml promises: the files of a wheel and the oldest versions that CI tests.

`python -m benchmarks.package` builds both distributions twice and compares them; a slow test runs
it.
"""

import fnmatch
import importlib.util
import json
import re
import subprocess
import sys
import tomllib

import pytest

from benchmarks.peer import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOX = (ROOT / "noxfile.py").read_text(encoding="utf-8")
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
needs_git = pytest.mark.skipif(TRACKED.returncode != 0, reason="not a git checkout")


@needs_git
def test_every_data_file_of_the_package_is_in_the_wheel():
    globs = PROJECT["tool"]["setuptools"]["package-data"]["mnist1d"]
    globs = [glob.replace("**/", "") for glob in globs]  # a * of fnmatch takes slashes too
    files = [path for path in TRACKED.stdout.split() if path.startswith("src/mnist1d/")]
    data = [path.removeprefix("src/mnist1d/") for path in files if not path.endswith(".py")]
    assert len(data) > 20 and "py.typed" in data
    assert not [path for path in data if not any(fnmatch.fnmatch(path, glob) for glob in globs)]


@needs_git
def test_every_folder_of_the_package_is_a_package():
    folders = {path.rpartition("/")[0] for path in TRACKED.stdout.split() if path.endswith(".py")}
    ours = [ROOT / folder for folder in folders if folder.startswith("src/mnist1d")]
    assert len(ours) > 10 and not [f for f in ours if not (f / "__init__.py").is_file()]


def test_ci_tests_the_oldest_versions_that_are_allowed():
    pins = dict(re.findall(r'^    "([\w.-]+)==([\d.]+)",', NOX, re.MULTILINE))
    extras = PROJECT["project"]["optional-dependencies"]
    bounds = dict(
        re.fullmatch(r"([\w.-]+)>=([\d.]+)", line).groups()
        for line in PROJECT["project"]["dependencies"] + extras["lab"] + extras["parquet"]
    )
    assert set(bounds) <= set(pins)
    for name, bound in bounds.items():
        assert f"{pins[name]}.".startswith(f"{bound}."), f"{name}: {bound} allowed, {pins[name]}"


def test_ci_runs_every_python_of_the_classifiers():
    found = re.findall(r":: Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    nox = re.search(r"^PYTHONS = \[(.*)\]", NOX, re.MULTILINE)[1]
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    matrix = re.search(r"python: \[(.*)\]", workflow)[1]
    assert re.findall(r"3\.\d+", nox) == re.findall(r"3\.\d+", matrix) == found
    assert PROJECT["project"]["requires-python"] == f">={found[0]}"


@needs_git
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("build") is None, reason="needs build")
def test_two_builds_are_equal_and_whole(tmp_path):
    command = [sys.executable, "-m", "benchmarks.package", "-o", str(tmp_path)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    found = json.loads(process.stdout)
    assert found["reproducible"] and not found["missing"]
    assert len(list(tmp_path.iterdir())) == 2
