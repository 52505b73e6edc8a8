"""The exported site: complete, small, relative, and never over the user's files."""

import json
import os
import posixpath
import re

import pytest

from mnist1d.cli import main
from mnist1d.errors import UsageError
from mnist1d.runs import open_store, sweep
from mnist1d.runs.sweep import plan
from mnist1d.web import pages
from mnist1d.web.export import export
from tests.web.conftest import SITE


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_writes_every_file_and_is_small(tmp_path):
    found = content(export(tmp_path / "new" / "site"))
    assert found == pages.files() and json.loads(found["data/site.json"])["results"] is False
    code = sum(len(text) for name, text in found.items() if not name.startswith("data/"))
    data = sum(len(text) for name, text in found.items() if name.startswith("data/"))
    assert code < 400_000 and data < 200_000  # even without compression


def test_every_link_is_relative_and_leads_to_a_file():
    files = pages.files()
    for name in (name for name in files if name.endswith((".html", ".js", ".css"))):
        text = files[name].decode()
        for address in re.findall(r"https?://[^\s\"'`)<]+", text):
            assert address in ("http://www.w3.org/2000/svg", "https://arxiv.org/abs/2011.14439"), (
                f"{name}: {address}"
            )
        folder = name.rpartition("/")[0]
        for target in (
            re.findall(r"(?:from|import\()\s*[\"'](\.[^\"']+)[\"']", text)
            if name.endswith(".js")
            else []
        ):
            assert os.path.normpath(f"{folder}/{target}") in files, f"{name} imports {target}"
        for target in (
            re.findall(r"(?:href|src)=\"([^\"#][^\"]*)\"", text) if name.endswith(".html") else []
        ):
            assert target in files or target.startswith("https://arxiv.org/"), (
                f"{name} links {target}"
            )


def test_over_an_earlier_export_and_not_over_others(tmp_path):
    export(tmp_path)
    (tmp_path / "index.html").write_text("old")
    assert content(export(tmp_path)) == pages.files()
    (tmp_path / "thesis.txt").write_text("mine")
    before = content(tmp_path)
    with pytest.raises(
        UsageError, match=r"contains other files \(thesis.txt\): choose a new or empty folder"
    ):
        export(tmp_path)
    assert content(tmp_path) == before
    with pytest.raises(UsageError, match="is a file: name a folder"):
        export(tmp_path / "thesis.txt")


@pytest.mark.parametrize(
    "theirs",
    [
        {"index.html": "my home page"},
        {"data/figures/thesis.png": "mine"},
        {"data/site.json": "[]", "index.html": "mine"},
        {"data/site.json": '{"file_format": "other/1"}'},
        {"data/results.json": '{"studies": [{"figures": [{"src": "a.svg"}]}]}', "a.svg": "mine"},
    ],
)
def test_files_that_only_have_our_names_are_not_ours(tmp_path, theirs):
    for name, text in theirs.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="contains other files"):
        export(tmp_path)
    assert content(tmp_path) == {name: text.encode() for name, text in theirs.items()}


def test_a_figure_of_theirs_beside_ours_is_kept(tmp_path):
    export(tmp_path)
    (tmp_path / "data" / "figures").mkdir()
    (tmp_path / "data" / "figures" / "thesis.png").write_text("mine")
    with pytest.raises(UsageError, match=r"contains other files \(data/figures/thesis.png\)"):
        export(tmp_path)
    assert (tmp_path / "data" / "figures" / "thesis.png").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="cannot write the page into"):
        export(tmp_path / "site")


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(
        UsageError, match="cannot write the page into .*Not a directory; choose another folder"
    ):
        export(tmp_path / "file" / "site")


def test_with_runs_the_results_go_along(tmp_path, toy):
    runs, site = tmp_path / "runs", tmp_path / "site"
    with pytest.raises(UsageError, match="no runs in"):
        export(site, runs)
    assert not site.exists()
    with open_store(runs) as store:
        sweep(store, plan("toy", "smoke"))
    found = content(export(site, runs))
    document = json.loads(found["data/results.json"])
    assert json.loads(found["data/site.json"])["results"] is True
    assert document["runs"] is None and [s["study"] for s in document["studies"]] == ["toy"]
    (study,) = document["studies"]
    assert b"<svg" in found[study["figures"][0]["src"]]
    assert len(json.loads(found[f"data/curves/{study['id']}.json"])["runs"]) == 3
    assert content(export(site)) == pages.files()  # without them again


def test_the_command(tmp_path, capsys):
    assert main(["web", "--export", str(tmp_path / "site")]) == 0
    assert (
        str(tmp_path / "site") in capsys.readouterr().out
        and (tmp_path / "site" / "index.html").is_file()
    )
    (tmp_path / "site" / "other").write_text("")
    for arguments, rule in (
        (["--export", str(tmp_path / "site")], "contains other files (other)"),
        (["--runs", str(tmp_path / "site" / "other")], "must name a folder"),
        (["--export", str(tmp_path / "new"), "--runs", str(tmp_path / "none")], "no runs in"),
        (["--port", "99999"], "port must be between 0 and 65535"),
        (["--port", "many"], "many"),
    ):
        assert main(["web", *arguments, "--no-browser"]) == 2
        error = capsys.readouterr().err
        assert rule in error and "Traceback" not in error and error.count("\n") <= 2


def test_the_first_view_preloads_its_modules_side_by_side():
    """The list in index.html: all that main.js imports, then all that the first view imports.
    Without the list the browser would find modules one level after the other."""
    page = (SITE / "index.html").read_text(encoding="utf-8")
    listed = re.findall('<link rel="modulepreload" href="(.*?)">', page)
    first = re.search(r'const VIEWS = \["(.*?)"', (SITE / "js/main.js").read_text()).group(1)
    own = imported("js/main.js") - {"js/main.js"}
    assert listed == sorted(own) + sorted(imported(f"js/views/{first}.js") - own)


def imported(module):
    """A module and what it imports at once, by path from the page."""
    found, waiting = set(), [module]
    while waiting:
        path = waiting.pop()
        found.add(path)
        text = (SITE / path).read_text(encoding="utf-8")
        names = re.findall(r'^(?:import|export)\b[^;]*?\bfrom\s+"(\..*?)"', text, re.MULTILINE)
        places = [posixpath.normpath(f"{posixpath.dirname(path)}/{name}") for name in names]
        waiting += [place for place in places if place not in found]
    return found
