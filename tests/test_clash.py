"""The original package and this one installed into the same folder, in either order: told at
import, and never a puzzle afterwards."""

import shutil
import subprocess
import sys

import pytest

from benchmarks.peer import ROOT


@pytest.fixture
def site(tmp_path, peer):
    """A folder to install into, and a function for either package that does what pip would."""

    def ours():
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(
            ROOT / "src" / "mnist1d", tmp_path / "mnist1d", dirs_exist_ok=True, ignore=skipped
        )
        shutil.copy(ROOT / "src" / "mnist1d.py", tmp_path)

    def theirs():
        (tmp_path / "mnist1d").mkdir(exist_ok=True)
        for path in (peer / "mnist1d").glob("*.py"):
            shutil.copy(path, tmp_path / "mnist1d")

    def uninstall():
        for path in (peer / "mnist1d").glob("*.py"):
            (tmp_path / "mnist1d" / path.name).unlink()

    return tmp_path, {"ours": ours, "theirs": theirs, "uninstall": uninstall}


def run(site, code, *options):
    """Run a script in a new process, the folder first on the path; return (exit, out, err)."""
    script = site / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, *options, str(script)],
        capture_output=True,
        text=True,
        env={"MPLBACKEND": "Agg"},
    )
    return done.returncode, done.stdout.strip(), done.stderr


USE = """
import mnist1d
args = mnist1d.data.get_dataset_args()
args.num_samples = 20
print(mnist1d.data.make_dataset(args)["x"].shape, hasattr(mnist1d, "load_dataset"))
"""


def test_ours_after_the_original(site):
    folder, pip = site
    pip["theirs"](), pip["ours"]()
    status, out, error = run(folder, USE)
    assert (status, out) == (0, "(16, 40) True")
    assert (
        "script.py:2: InstallationWarning: the original package mnist1d is installed in the same"
        in error
    )
    assert "pip uninstall -y mnist1d mnist1d-lab; pip install mnist1d-lab" in error


def test_the_original_after_ours(site):
    folder, pip = site
    pip["ours"](), pip["theirs"]()
    status, out, error = run(folder, USE)
    assert (status, out) == (0, "(16, 40) False")
    assert (
        "script.py:2: InstallationWarning: the original package mnist1d was installed over" in error
    )


@pytest.mark.parametrize("order", [("ours", "theirs"), ("theirs", "ours")])
def test_the_original_uninstalled(site, order):
    folder, pip = site
    for name in (*order, "uninstall"):
        pip[name]()
    for statement in ("import mnist1d", "from mnist1d.adapters import torch", "import mnist1d.cli"):
        status, _, error = run(folder, statement)
        assert status == 1 and "ImportError: files of mnist1d-lab are missing" in error
        assert "pip install --force-reinstall --no-deps mnist1d-lab" in error
    pip["ours"]()
    assert run(folder, USE, "-W", "error")[:2] == (0, "(16, 40) True")


def test_ours_alone(site):
    folder, pip = site
    pip["ours"]()
    assert run(folder, USE, "-W", "error")[:2] == (0, "(16, 40) True")
