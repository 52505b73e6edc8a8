"""`mnist1d --version`: a few lines that a bug report needs."""

import platform
import sys
from importlib import metadata

import mnist1d
from mnist1d.cli import main
from mnist1d.commands.version import cpu_features, package, version_lines
from mnist1d.learning.cache import cache_folder


def test_what_a_bug_report_needs(capsys):
    assert main(["--version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == version_lines() and len(lines) == 5
    assert lines[0] == mnist1d.__version__
    assert f"Python {platform.python_version()}" in lines[1]
    assert f"numpy {metadata.version('numpy')}" in lines[1]
    assert platform.system() in lines[2] or platform.platform() in lines[2]
    assert lines[4] == f"compilation cache: {cache_folder()}"


def test_it_needs_no_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    for name in [name for name in sys.modules if name.startswith("mnist1d.commands.app")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines() == version_lines()
    assert main(["list"]) == 1
    assert "pip install 'mnist1d-lab[lab]'" in capsys.readouterr().err


def test_no_jax_is_imported():
    import subprocess

    code = (
        "import sys; from mnist1d.commands.version import version_lines; version_lines(); "
        "print('jax' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert process.stdout == "False\n", process.stderr


def test_a_package_that_is_not_there():
    assert package("no-such-package") == "no no-such-package"


def test_processor_features(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("model name\t: X\nflags\t\t: fpu avx2 fma\nprocessor : 1\nflags : avx2\n")
    assert cpu_features(file) == ["avx2", "fma"]
    file.write_text("Features\t: fp asimd sve\n")
    assert cpu_features(file) == ["asimd", "sve"]
    assert cpu_features(tmp_path / "none") == []


def test_the_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))
    assert cache_folder().parent == tmp_path
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().parent == tmp_path / "mnist1d" / "jax"
