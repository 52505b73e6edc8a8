"""The ideal observer in the page: its bars, those of trained models beside them, settings without
one, and a worker that dies."""

import numpy as np
import pytest

from mnist1d import load_dataset
from mnist1d.observer import IdealObserver

CELLS = """
return [...document.querySelectorAll(arguments[0] + ' .answers tbody tr')].map((row) =>
  [...row.querySelectorAll('td .num')].map((cell) => parseFloat(cell.textContent)));
"""
HEADER = """
const cells = document.querySelectorAll(arguments[0] + ' .answers thead th');
return [...cells].map((cell) => cell.textContent);
"""


def says(page, selector):
    """The text of an element, "" before it exists."""
    return page.text(selector) if page.find_all(selector) else ""


def shares(page, view):
    """The bars of a view, (classes, columns) in percent, once they exist."""
    page.wait(lambda: page.find_all(f"{view} .answers td"))
    return np.array(page.js(CELLS, view))


def test_bars_beside_those_of_the_models(page):
    """A signal of the published set, with white noise for all ten digits to matter."""
    query = "?iid_noise_scale=0.2&models=logistic&steps=30&ask=3&digit=3"
    page.open("explore", query)
    alone = shares(page, "#explore")
    assert alone.shape == (10, 1) and alone.sum() == pytest.approx(100, abs=0.6)
    assert 1 < alone.max() < 99.9
    assert page.text("#explore .answers .true th") == "3 (true)"
    page.find('#explore .answers-card a[href="#train"]').click()
    page.wait(lambda: "paused" in says(page, "#train .lanes"))
    page.find("#train-run").click()
    page.wait(lambda: "finished" in says(page, "#train .lanes"))
    page.wait(lambda: says(page, "#train .panel .verdict").startswith("Ideal observer: "))
    page.find('nav a[href="#pipeline"]').click()
    both = shares(page, "#pipeline")
    assert page.js(HEADER, "#pipeline") == ["digit", "ideal observer", "logistic"]
    np.testing.assert_array_equal(both[:, :1], alone)
    assert both[:, 1].sum() == pytest.approx(100, abs=0.6) and both[:, 1].max() < 99
    page.find('nav a[href="#explore"]').click()
    page.wait(lambda: shares(page, "#explore").shape == (10, 2))
    np.testing.assert_array_equal(shares(page, "#explore"), both)


def test_the_signal_on_the_screen_is_the_one_that_is_judged(page):
    """The eighth example of a published 5, against the package."""
    page.open("explore", "?ask=5&sample=7&shuffle_seq=true")
    data = load_dataset()
    row = np.flatnonzero(data.y_test == 5)[7]
    wanted = 100 * IdealObserver.of(data).predict_proba(data.x_test[row : row + 1])[0]
    np.testing.assert_allclose(shares(page, "#explore")[:, 0], wanted, rtol=0, atol=0.051)


def test_settings_without_an_observer_and_a_worker_that_dies(page):
    page.open("explore", "?iid_noise_scale=0&ask=1")
    page.wait(lambda: "set White noise" in says(page, "#explore .answers-card .error"))
    page.fill("#explore-iid_noise_scale", 0.1)
    assert shares(page, "#explore").shape == (10, 1)
    page.wait(lambda: says(page, "#explore .answers-card .error") == "")
    script = (
        "const real = window.Worker; window.Worker = class extends real { constructor(...given) {"
    )
    script += " super(...given); window.last = this; } };"
    made = page.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)
    try:
        page.open("explore", "?ask=1")
        shares(page, "#explore")
        page.js(
            "window.last.postMessage = () => "
            "window.last.dispatchEvent(new ErrorEvent('error', {message: 'out of memory'}))"
        )
        page.button("2").click()
        page.wait(lambda: "out of memory" in says(page, "#explore .answers-card .error"))
        page.button("3").click()  # another worker answers
        page.wait(lambda: page.js("return document.querySelector('.answers .true') !== null"))
        assert page.text("#explore .answers .true th") == "3 (true)"
    finally:
        page.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=made["identifier"])
