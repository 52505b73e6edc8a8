"""Stilted English does not come back: no page, message, docstring or comment matches a pattern of
STILTED.

A pattern is a turn of phrase that a careful native speaker would not use. Each comes with what to
write instead. Add a pattern when a reader stumbles over a phrase; never delete one to pass.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UNITS = "seed|signal|model|class|trial|row|panel|study|step|worker|image|epoch"
COUNTED = "line|row|dot|bar|panel|point|points|bits|nats|seconds|figure|number|column|curve|lines"
STILTED = {  # in lower case; a pattern that starts with letters is found fastest
    r"unless told": "default: ...",
    rf"(?:{COUNTED}) an? (?:{UNITS})\b": "per: one row per seed, bits per signal",
    r"\d an? (?:seed|signal|model|class)\b": "per: 3 points per class",
    r"anew\b": "again, new",
    r"for want of\b": "because of missing ..., out of ...",
    r"cannot be had\b": "is not available",
    r"what had ended\b": "finished trials",
    r"those that lack\b": "repeat the noun: trials without ...",
    r"one less than it\b": "[0, n), or 0 to n - 1",
    r"hangs on\b": "depends on",
    r"(?:is|are|was|were) told (?:at|now|of|what|how|where|when)\b": "is reported",
    r"surer than\b": "overconfident",
    r"held against\b": "compared with",
    r"hold against\b": "compare with",
    r"what nobody had\b": "new here",
    r"says? so (?:where|on|in|by)\b": "warns, raises an error, prints",
    r"without end\b": "endless",
    r"somebody else": "another process, the user, external",
    r"whoever\b": "name the reader: you, the user",
    r"settings that cannot be(?!\s+\w)": "impossible settings",
    r"as far as (?:is known|the system tells)\b": "if known",
    r"people name\b": "humans classify",
    r"what (?:it|they) (?:is|are) worth\b": "its benefit, its gain",
    r"stands? apart\b": "differ",
    r"\btells? of\b": "describes, reports",
    r"bend the (?:settings|data)\b": "change a setting",
    r"no multiple of\b": "not a multiple of",
    r"last layer pays\b": "loses accuracy",
    r"models? of today\b|today's models?\b": "recent model",
    r"\bblurs? (?:no|the|a|it)\b": "hardly changes, affects",
    r"\b(?:in|by) turns\b": "alternately",
    r"\bmended\b": "fixed, repaired",
    r"\bby lot\b": "at random",
    r"\d %(?=[.,;:)\]]| (?:of|and|to|in|on|for|ci|confidence)\b|\n)": "40%, without a space",
    r"(?<![.\d])\d+ \.\. [\d(a-z]": "0 to 47, or [0, 48)",
}
FOLDERS = {"docs": ("*.md", "*.py"), "src": ("*.py", "*.js", "*.html")}
FOLDERS |= dict.fromkeys(("benchmarks", "examples", "tests"), ("*.py",))
SKIPPED = ("_build", "egg-info", "figures", "test_words")


def files():
    """Yield every file that people read: pages, sources, examples, benchmarks and tests."""
    yield from sorted(ROOT.glob("*.md"))
    for folder, endings in FOLDERS.items():
        for ending in endings:
            for path in sorted((ROOT / folder).rglob(ending)):
                if not any(word in str(path.relative_to(ROOT)) for word in SKIPPED):
                    yield path


TEXTS = {path: path.read_text(encoding="utf-8").lower() for path in files()}


@pytest.mark.parametrize("pattern", STILTED)
def test_plain_english(pattern):
    wanted, stilted = re.compile(pattern), []
    for path, text in TEXTS.items():
        for found in wanted.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            stilted.append(f"{path.relative_to(ROOT)}:{line}: {found[0]!r}")
    assert not stilted, f"write {STILTED[pattern]!r} instead in\n" + "\n".join(stilted)


def test_the_patterns_find_what_they_are_for():
    bad = "one line a seed, 95 % of 0 .. 47, drawn anew; it hangs on the seed, unless told"
    hits = [pattern for pattern in STILTED if re.search(pattern, bad)]
    assert len(hits) == 6
    assert len(TEXTS) > 300
