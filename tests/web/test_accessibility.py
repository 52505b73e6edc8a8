"""axe-core, from npm, finds no violation on any view, in both themes, on a phone and on a wide screen."""

import os
from pathlib import Path

import pytest

VIEWS = ("explore", "pipeline", "takeaway", "quiz", "results")


@pytest.fixture(scope="module")
def axe(browser):
    path = os.environ.get("MNIST1D_AXE")
    if not path:
        browser.missing("no axe-core: npm pack axe-core, unpack it, and set MNIST1D_AXE to its axe.min.js")
    return Path(path).read_text(encoding="utf-8")


def violations(page, axe):
    page.js(axe)
    found = page.driver.execute_async_script("axe.run().then(arguments[0])")
    assert found["passes"]
    return [(v["id"], [node["html"][:200] for node in v["nodes"]][:3]) for v in found["violations"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("view", VIEWS)
def test_no_violations(page, axe, view, width, theme):
    page.cdp("Emulation.setDeviceMetricsOverride", width=width, height=850, deviceScaleFactor=1, mobile=width < 500)
    page.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
    page.open(view)
    assert violations(page, axe) == []
