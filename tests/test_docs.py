"""The examples of the documentation do what they say: blocks with `>>>` as doctests, blocks marked
`<!-- run -->` as scripts.

The blocks of a page run one after the other in an empty folder. A page whose block needs an
optional package that is not installed is skipped there, with that reason.
"""

import dataclasses
import doctest
import re
from pathlib import Path

import pytest

import mnist1d

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]
BLOCK = re.compile(r"(?P<mark><!-- run -->\n)?```python\n(?P<code>.*?)```", re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


def blocks(page):
    """The blocks of a page that are to run: (line, code, whether it is a doctest)."""
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        code, is_doctest = found["code"], found["code"].lstrip().startswith(">>> ")
        if is_doctest or found["mark"]:
            yield text[: found.start("code")].count("\n") + 1, code, is_doctest


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(blocks(page))], ids=lambda page: page.name
)
def test_examples(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for line, code, is_doctest in blocks(page):
        try:
            if is_doctest:
                example = doctest.DocTestParser().get_doctest(
                    code, names, page.name, str(page), line - 1
                )
                runner, said = Runner(verbose=False, optionflags=FLAGS), []
                runner.run(example, out=said.append, clear_globs=False)
                names |= example.globs
                assert not runner.failures, "".join(said)
            else:
                exec(compile("\n" * (line - 1) + code, str(page), "exec"), names)
        except (ModuleNotFoundError, mnist1d.MissingExtraError) as missing:
            pytest.skip(f"{page.name}, line {line}: {missing}")


class Runner(doctest.DocTestRunner):
    """A runner that lets a missing package through, to skip the page."""

    def report_unexpected_exception(self, out, test, example, exc_info):
        if isinstance(exc_info[1], ModuleNotFoundError | mnist1d.MissingExtraError):
            raise exc_info[1]
        return super().report_unexpected_exception(out, test, example, exc_info)


def test_the_pages_of_the_data_have_examples():
    assert all(len(list(blocks(ROOT / "docs" / name))) >= 5 for name in ("data.md", "migrating.md"))


def test_the_table_of_knobs_is_that_of_the_config():
    rows = re.findall(
        r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|$",
        (ROOT / "docs" / "data.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    fields = dataclasses.fields(mnist1d.DataConfig)
    found = {
        name: (default, effect)
        for name, default, effect in rows
        if name in {f.name for f in fields}
    }
    assert list(found) == [f.name for f in fields]
    for f in fields:
        assert found[f.name][0] == str(f.default)
        assert found[f.name][1].startswith(f.metadata["effect"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [
        target for target in targets if "://" not in target and not (page.parent / target).exists()
    ]
    assert not missing


# ------------------------------------------------------------------ the guide

QUOTE = re.compile(r"<!-- from (?P<path>\S+) -->\n```python\n(?P<code>.*?)```", re.DOTALL)


def test_the_guide_quotes_the_examples_as_they_are():
    text = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
    quotes = list(QUOTE.finditer(text))
    assert len(quotes) >= 5
    for quote in quotes:
        assert quote["code"] in (ROOT / quote["path"]).read_text(encoding="utf-8"), quote["code"]


def test_contributing_names_every_room():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {path.stem for path in (ROOT / "src" / "mnist1d").iterdir()} - {"__init__", "py"}
    assert not [room for room in rooms if f"`{room}`" not in text and f"`{room}/`" not in text]


def test_pages_show_the_settled_results():
    """`python -m docs.generate` would change nothing."""
    pytest.importorskip("matplotlib", reason="the settled documents draw their figures")
    from docs import generate

    found = generate.contents(generate.load_documents())
    stale = [str(p) for p, text in found.items() if not p.is_file() or p.read_text() != text]
    assert len(found) > 5 and not stale


# ------------------------------------------------------------------ the site

TREE = re.compile(r"```\{toctree\}\n(?P<body>.*?)```", re.DOTALL)


def test_every_page_is_in_the_site():
    """Sphinx warns of a page without a place, and its warnings are errors."""
    docs, placed = ROOT / "docs", set()
    for page in PAGES[1:]:
        for tree in TREE.finditer(page.read_text(encoding="utf-8")):
            for line in tree["body"].splitlines():
                if line and not line.startswith(":"):
                    name = re.sub(r".*<(.*)>", r"\1", line)  # TITLE <name>
                    placed |= {found.resolve() for found in page.parent.glob(f"{name}.md")}
    lacking = [p for p in PAGES[1:] if p.resolve() not in placed and p != docs / "index.md"]
    names = [str(page.relative_to(docs)) for page in lacking]
    assert not names, f"name these pages in a toctree: {names}"


def test_every_study_has_a_page():
    from mnist1d.experiments import STUDIES

    lacking = [n for n in STUDIES.own if not (ROOT / "docs" / "studies" / f"{n}.md").is_file()]
    assert not lacking, "python -m docs.generate writes the page of a study"
