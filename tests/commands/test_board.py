"""`mnist1d board`: the table on stdout, the page, and wrong files."""

import json
import re

import pytest

from mnist1d.cli import main
from mnist1d.experiments.entries import write_entry
from tests.evaluation.test_entries import entry


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.json"
    hostile = "<script>alert(1)</script>"
    write_entry(path, entry(name=f"mine {hostile}", by="[bold]me", link="https://example.org/?a&b"))
    return path


def test_the_board_is_printed(mine, capsys):
    assert main(["board", str(mine)]) == 0
    out = capsys.readouterr().out
    assert "ideal observer" in out and "99.98" in out and "53.8 [46." in out
    assert "[bold]me" in out  # no markup is taken from a file


def test_the_page_escapes_names_and_shows_every_line(mine, tmp_path, capsys):
    pytest.importorskip("jinja2")
    page = tmp_path / "board.html"
    assert main(["board", str(mine), "-o", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    html = page.read_text(encoding="utf-8")
    assert "<script>" not in html and "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert 'href="https://example.org/?a&amp;b"' in html
    for name in ("ideal observer", "human", "CNN", "logistic"):
        assert re.search(rf'<th scope="row">{name}\s*</th>', html), name
    cells = re.findall(r'data-name="seeds">(.*?)</td>', html)
    seeds = {" ".join(re.sub("<.*?>", "", cell).split()) for cell in cells}
    assert {"8", "400 answers"} <= seeds and "built-in" not in html
    assert not re.findall(r'(?:src|href)="(?!data:|https://)', html)  # self-contained
    assert "Best model: " in html


def test_the_board_as_json_and_markdown(mine, tmp_path, capsys):
    assert main(["board", str(mine), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows[0]["model"] == "ideal observer" and rows[-1]["by"] == "[bold]me"
    pytest.importorskip("jinja2")
    assert main(["board", "-o", str(tmp_path / "board.md")]) == 0
    assert "| CNN |" in (tmp_path / "board.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "status", "rule"),
    [
        (["none.json"], 2, "cannot read none.json"),
        (["-o", "board.pdf"], 2, "written as .html or .md"),
        (["-o", "nowhere/board.html"], 2, "cannot write"),
        (["edited.json"], 1, "edited after it was written"),
    ],
)
def test_wrong_files(mine, tmp_path, capsys, monkeypatch, words, status, rule):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edited.json").write_text(mine.read_text().replace("0.55", "0.99"))
    assert main(["board", *words]) == status
    assert rule in capsys.readouterr().err
