"""Objects named on the command line: modules, files, and what goes wrong with either."""

import hashlib
import subprocess
import sys

import pytest

from mnist1d.errors import UsageError
from mnist1d.loading import LOADED_FILES, load_module, load_object


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, empty; what Python imports from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_a_module_of_the_current_folder(folder):
    (folder / "my_loading_models.py").write_text("class Net:\n    size = 3\n")
    assert load_object("my_loading_models:Net.size") == 3


def test_a_file_wherever_it_is(folder):
    (folder / "deep").mkdir()
    path = folder / "deep" / "net.py"
    path.write_text(
        "from dataclasses import dataclass\n@dataclass\nclass Net:\n    size: int = 3\n"
    )
    assert load_object("deep/net.py:Net")().size == 3
    assert load_object(f"{path}:Net") is load_object("deep/net.py:Net")
    assert LOADED_FILES["deep/net.py"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_run_again_once_it_has_changed(folder):
    path = folder / "net.py"
    for size in (3, 4):
        path.write_text(f"size = {size}\n")
        assert load_object("net.py:size") == size


def test_a_file_named_like_a_module_shadows_nothing(folder):
    (folder / "json.py").write_text("size = 3\n")
    assert load_object("json.py:size") == 3
    import json

    assert json.loads("3") == 3


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("mlp", "name a model as module:name or file.py:name, like .* got 'mlp'"),
        (":net", "name a model as module:name"),
        ("net.py:", "name a model as module:name"),
        ("nowhere.py:net", "cannot read nowhere.py: No such file"),
        (
            "no_such_module:net",
            "no module 'no_such_module' in .*: name the file, no_such_module.py",
        ),
        ("syntax.py:net", r"syntax.py cannot be imported: .*syntax.py, line 2\)"),
        ("raising.py:net", r"raising.py cannot be imported: ValueError: no \(.*raising.py, line 1"),
        ("leaving.py:net", "leaving.py cannot be imported: SystemExit: 3"),
        ("good.py:transfomer", "good.py has no 'transfomer': did you mean 'transformer'"),
        ("good.py:zzz", "good.py has no 'zzz': it has transformer"),
        ("missing.py:net", "missing.py cannot be imported: ModuleNotFoundError: No module named"),
    ],
)
def test_what_goes_wrong_is_one_line(folder, target, message):
    (folder / "syntax.py").write_text("x = 1\ndef net(:\n")
    (folder / "raising.py").write_text("raise ValueError('no')\n")
    (folder / "leaving.py").write_text("raise SystemExit(3)\n")
    (folder / "good.py").write_text("def transformer(): pass\n")
    (folder / "missing.py").write_text("import no_such_module\n")
    with pytest.raises(UsageError, match=message) as error:
        load_object(target)
    assert "\n" not in str(error.value)


def test_a_module_that_failed_is_tried_again(folder):
    path = folder / "net.py"
    path.write_text("def net(:\n")
    with pytest.raises(UsageError):
        load_module("net.py")
    path.write_text("size = 3\n")
    assert load_module("net.py").size == 3


def test_names_are_looked_up_without_jax():
    code = "import sys, mnist1d.learning; from mnist1d.learning import resolve; "
    code += "print(resolve('cnn').label, resolve('a.py:b').label, 'jax' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["CNN", "a.py:b", "False"]
