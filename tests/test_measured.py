"""Every measured number in the README and the pages of docs/ is traceable to a command.

The rule for writers: a measured number (a percentage, seconds, bytes, "times as fast", an interval,
a table of numbers) lies in a block that is generated from the settled results, or its paragraph
names where it comes from: the command that printed it, the page of its study, or the publication. A
table or a list may leave that to the paragraph before or after it. A number that is a definition or
a limit, not a measurement, is listed in DEFINED.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"  # the pages of docs/studies are generated as a whole: test_docs.py
PAGES = {"README.md": ROOT / "README.md"} | {
    str(path.relative_to(DOCS)): path
    for path in (*sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("teaching/*.md")))
}
DEFINED = {  # page: definitions and limits with a unit, and tables of settings
    "data.md": ("13.5%", "| setting | default | effect |"),
    "faults.md": ("more than 25 s", "over 2 s", "2 GB", "3 ms", "0.15 ms"),
    "findings.md": ("92% sparsity",),
    "migrating.md": ("90%",),
    "mnist.md": ("15 MB",),
    "models.md": ("| name | parameters | architecture |",),  # checked by test_recent_models.py
    "teaching/index.md": ("| | notebook (`docs/teaching/`) |", "99% of correct runs"),
    "teaching/plan.md": ("90 minutes",),
    "runs.md": ("1.2 GB", "1 GiB"),
    "web.md": ("64 KiB",),
}
UNIT = (
    r"%|ms\b|s\b|min\b|(?:milli)?seconds?\b|minutes?\b|[KMG]i?B\b|GFLOP/s|standard errors?\b"
    r"|percentage points|times (?:as fast|faster|the)|(?:signals|frames) per second"
)
NUMBER = r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?"
MEASURED = re.compile(rf"{NUMBER}(?: ?(?:{UNIT})|(?=%? \[-?\d))")
CELL = re.compile(rf"\| {NUMBER} (?=\|)")
SOURCE = re.compile(
    r"python (?:-m )?(?:benchmarks|tests)[./]\w+|from mnist1d\.observer\.shifts|mnist1d\.evaluate\("
    r"|mnist1d (?:run|observer|board|generate)\b|nox -s \w+|coverage run|/usr/bin/time"  # a command
    r"|\]\((?:docs/)?studies/[\w-]+\.md\)|arXiv"  # the page of a study, a publication
)
NO_MEASUREMENT = re.compile(
    r"<!-- settled: .*?<!-- end -->|\$\$.*?\$\$|95% (?:CI|confidence|Wilson)", re.DOTALL
)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```$|(?:^(?![ \t]*$|```)[^\n]+\n?)+", re.DOTALL | re.MULTILINE)


def untraced(text, defined=()):
    """Return (line, number) of the measured numbers whose source the text does not name."""
    text = NO_MEASUREMENT.sub(lambda m: "\n" * m[0].count("\n"), text)
    blocks = [(text[: m.start()].count("\n") + 1, m[0]) for m in BLOCK.finditer(text)]
    found = []
    for i, (line, block) in enumerate(blocks):
        around = [block]
        if block.startswith(("|", "* ", "1. ")):
            around += [other for _, other in blocks[max(0, i - 1) : i + 2]]
        elif i + 1 < len(blocks) and blocks[i + 1][1].startswith("    "):
            around.append(blocks[i + 1][1])  # the command below a paragraph
        if any(SOURCE.search(other) for other in around):
            continue
        for words in defined:
            block = "" if words.startswith("|") and words in block else block.replace(words, "")
        bare = CODE.sub("", block)
        found += [(line, m[0]) for pattern in (MEASURED, CELL) for m in pattern.finditer(bare)]
    return found


@pytest.mark.parametrize("name", PAGES)
def test_measured_numbers_name_their_source(name):
    text, defined = PAGES[name].read_text(encoding="utf-8"), DEFINED.get(name, ())
    assert not [words for words in defined if words not in text], "no longer on the page"
    found = untraced(text, defined)
    assert not found, "name the command that made these numbers (line, number), in their paragraph"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The CNN reaches 94.1% on fresh signals.\n", "94.1%"),
        ("It takes 0.3 s per seed.\n\nMade by `mnist1d run endless`.\n", "0.3 s"),
        ("The gain is 5.3 [4.3, 6.4] points.\n", "5.3"),
        ("Twice as fast.\n\n| model | speed |\n|---|---|\n| CNN | 8.1 |\n", "| 8.1 "),
    ],
)
def test_a_number_without_a_source_is_found(text, number):
    assert [found for _, found in untraced(text)] == [number]


def test_numbers_with_a_source_pass():
    assert not untraced("It takes 0.3 s per seed (`python benchmarks/training.py`).\n")
    assert not untraced(
        "From `mnist1d board`:\n\n| model | accuracy |\n|---|---|\n| CNN | 94.1 |\n"
    )
    assert not untraced("<!-- settled: lottery answer -->\n5.3 points [4.3, 6.4]\n<!-- end -->\n")


def test_the_commands_of_the_pages_exist():
    """A command that a page names is a file of this repository, a study, or a session of nox."""
    from mnist1d.experiments import STUDIES

    text = "\n".join(path.read_text(encoding="utf-8") for path in PAGES.values())
    text = text.replace("STUDY", "lottery")
    files = {"/".join(m) + ".py" for m in re.findall(r"python (?:-m )?(benchmarks)[./](\w+)", text)}
    assert len(files) > 5 and not [name for name in files if not (ROOT / name).is_file()]
    runs = set(re.findall(r"mnist1d run ([a-z][a-z-]+)(?=[ `\n])", text))
    examples = {path.stem.replace("_", "-") for path in (ROOT / "examples").glob("*.py")}
    assert len(runs) > 5 and not runs - set(STUDIES.own) - examples
    sessions = set(re.findall(r"nox -s (\w+)", text))
    assert sessions and not sessions - set(
        re.findall(r"def (\w+)\(session", (ROOT / "noxfile.py").read_text(encoding="utf-8"))
    )
