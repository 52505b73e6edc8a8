"""axe-core, from npm, finds no violation on any view, in both themes, on a phone and on a wide
screen."""

import os
from pathlib import Path

import pytest

from mnist1d.runs import open_store, sweep
from mnist1d.runs.sweep import plan
from tests.web.test_server import serving

ENTER = "\ue007"
WIDER = (768, 1280)  # the default run looks at a phone's width
VIEWS = ("learn", "explore", "pipeline", "train", "quiz", "results", "takeaway")


@pytest.fixture(scope="module")
def axe(browser):
    path = os.environ.get("MNIST1D_AXE")
    if not path:
        browser.missing(
            "no axe-core: npm pack axe-core, unpack it, and set MNIST1D_AXE to its axe.min.js"
        )
    return Path(path).read_text(encoding="utf-8")


def violations(page, axe):
    page.js(axe)
    found = page.driver.execute_async_script("axe.run().then(arguments[0])")
    assert found["passes"]
    return [(v["id"], [node["html"][:200] for node in v["nodes"]][:3]) for v in found["violations"]]


def themed(page, theme):
    """Switch the theme, without the colour transitions, whose middle has too little contrast."""
    features = [
        {"name": "prefers-color-scheme", "value": theme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    page.cdp("Emulation.setEmulatedMedia", features=features)


@pytest.mark.parametrize("width", [360, *(pytest.param(w, marks=pytest.mark.slow) for w in WIDER)])
@pytest.mark.parametrize("view", [*VIEWS, *(f"learn?step={step}" for step in range(2, 10))])
def test_no_violations(page, axe, view, width):
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=850,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    name, _, query = view.partition("?")
    page.open(name, f"?{query or 'ask=3'}")
    if view in ("explore", "pipeline"):
        page.wait(lambda: page.find_all(f"#{view} .answers td"))
    for theme in ("light", "dark"):
        themed(page, theme)
        assert violations(page, axe) == [], theme


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violations_all_through_the_quiz(page, axe, theme):
    themed(page, theme)
    page.open("quiz")
    page.button("Start").click()
    body = page.find("body")
    body.send_keys("12345")
    assert violations(page, axe) == []
    body.send_keys("67890", ENTER)
    assert page.find_all("#quiz-next") and violations(page, axe) == []
    page.find("#quiz-stop").click()
    page.js("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert page.find_all("#quiz-again") and violations(page, axe) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violations_in_results_warnings_and_errors(
    browser, fresh, downloads, tmp_path, toy, axe, theme
):
    with open_store(tmp_path) as store:
        sweep(store, plan("toy", "smoke"))
    with serving(tmp_path) as port:
        page = browser.Page(fresh, f"http://127.0.0.1:{port}/", downloads)
        themed(page, theme)
        page.open("results", "?scale_coeff=9e9x")
        page.wait(lambda: page.find_all("#results-summary"))
        page.wait(lambda: "seeds done" in page.text("#results-live-told"))
        page.options()
        page.wait(lambda: page.find_all(".curves .series"))
        assert page.find_all(".warning") and violations(page, axe) == []
        page.open("explore")
        page.fill("#explore-scale_coeff", "much")
        assert page.text("#explore-scale_coeff-error") and violations(page, axe) == []
        fresh.get("about:blank")  # ends the news
