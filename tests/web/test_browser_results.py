"""Results in Chromium: contents, filters, sorting, curves, downloads, themes, a sweep as it goes
on, and folders that cannot be read."""

import shutil
import threading
from xml.etree import ElementTree

import pytest

from mnist1d import experiments
from mnist1d.errors import Mnist1dError
from mnist1d.results.document import latest
from mnist1d.results.figures import save_all
from mnist1d.runs import open_store, sweep
from mnist1d.runs.store import DATABASE
from mnist1d.runs.sweep import plan
from mnist1d.web import server
from mnist1d.web.live import News
from mnist1d.web.pages import benchmark
from mnist1d.web.results import ResultsOf
from tests.runs import toy as module
from tests.web.client import hold_the_second

PARTS = ("acc", "shuffled_acc")  # positions in order, shuffled
ENTRIES = (
    "return [...document.querySelectorAll('#results .entry')].map((e) => e.textContent.trim())"
)
IMAGE = (
    "const i = document.querySelector('.results-figure img'); return i.complete && i.naturalWidth"
)
CORNER = """
const context = document.createElement('canvas').getContext('2d');
context.drawImage(document.querySelector('.results-figure img'), 0, 0);
return [...context.getImageData(2, 2, 1, 1).data].slice(0, 3);
"""
LINES = "return [...document.querySelectorAll('.curves .series')].map((p) => p.getAttribute('d'))"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with two presets of the toy study, and figures of the last, as `mnist1d run` stores
    them."""
    runs = tmp_path_factory.mktemp("filled") / "runs"
    with pytest.MonkeyPatch.context() as patch, open_store(runs) as store:
        patch.setitem(experiments.STUDIES, "toy", module.__name__)
        for preset in ("smoke", "quick"):
            sweep(store, plan("toy", preset))
        (found,) = latest(store, "toy")
    save_all(found, runs / "figures")
    return runs


@pytest.fixture
def results(served, filled, toy):
    """Results of two presets of the toy study, loaded: the page."""
    page, runs = served
    shutil.copytree(filled, runs)
    page.forget()
    page.open("results")
    # all of them have come: the latest run, and both presets to choose from
    page.wait(lambda: "claim" in page.text("#results-summary"))
    page.wait(lambda: page.js("return document.getElementById('results-preset').length") == 3)
    yield page
    assert page.errors() == []


def choose(page, field, value):
    page.js(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))",
        page.find(f"#results-{field}"),
        value,
    )


def shows(page, preset):
    """Wait for the first study; a section's text is laid out one frame after it is put in place."""
    page.wait(lambda: preset in page.text(".study .note"))


def test_contents_filters_and_links(results):
    page = results
    assert page.text("#results-summary").startswith("1 claim in 1 study: 1 hold")
    assert len(page.js(ENTRIES)) == 1
    shows(page, "Preset quick")
    choose(page, "preset", "smoke")
    shows(page, "Preset smoke")
    choose(page, "verdict", "bad")
    assert page.js(ENTRIES) == [] and "No study matches" in page.text("#results-summary")
    choose(page, "verdict", "all")
    page.js(
        "const f = document.getElementById('results-find'); f.value = 'toy learnt';"
        "f.dispatchEvent(new Event('input'))"
    )
    assert len(page.js(ENTRIES)) == 1
    page.find(".entry").click()
    assert page.js("return document.activeElement.id") == "results-toy.smoke"
    page.wait(lambda: "study=toy.smoke" in page.driver.current_url)
    page.driver.refresh()  # the link shows the same
    page.wait(lambda: page.find_all("#results .study"))
    shows(page, "Preset smoke")
    assert page.find("#results-find").get_attribute("value") == "toy learnt"
    page.open("results", "?study=toy")  # without its preset: the one that was run last
    page.wait(lambda: page.find_all("#results .study"))
    page.wait(
        lambda: page.js("return document.querySelector('.study').getBoundingClientRect().top") < 200
    )


def test_tables_are_sorted_and_saved(results):
    page = results
    page.options()
    head = page.find(".study th:nth-child(2) .sort")
    head.click()
    assert page.find(".study th:nth-child(2)").get_attribute("aria-sort") in (
        "ascending",
        "descending",
    )
    page.find('[aria-label="Save csv: Toy: nothing is learnt here: claims"]').click()
    text = page.saved("toy.quick-claims.csv").read_text()
    assert text.startswith("claim,verdict,published,measured [95% CI]") and "one is above 0" in text


def test_stored_figures_in_both_themes_and_as_files(results):
    page = results
    width, height = (
        float(page.find(".results-figure img").get_attribute(name)) for name in ("width", "height")
    )
    assert width > height > 100  # the room is kept before the figure comes
    page.js("document.querySelector('.results-figure').scrollIntoView()")
    page.wait(lambda: page.js(IMAGE))
    assert "Preset quick; made by mnist1d run toy --preset quick." in page.text("figcaption")
    light = page.find(".results-figure img").get_attribute("src")
    assert light.endswith("data/figures/toy.quick/toy-lines.svg")
    page.js("document.documentElement.dataset.theme = 'dark'")
    page.wait(lambda: page.find(".results-figure img").get_attribute("src").startswith("blob:"))
    page.wait(lambda: page.js(IMAGE))
    assert page.js(CORNER) == [0x1E, 0x21, 0x26]
    for kind, start in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        page.find(f'[aria-label^="Save {kind}: Toy"]').click()
        assert page.saved(f"toy-lines.{kind}").read_bytes().startswith(start)


def test_figures_that_are_not_stored_are_drawn_when_asked_for(results):
    page = results
    choose(page, "preset", "smoke")
    page.button("Draw the figures").click()
    page.wait(lambda: page.find_all(".results-figure"))
    page.js("document.querySelector('.results-figure').scrollIntoView()")
    page.wait(lambda: page.js(IMAGE))


def test_curves_of_several_runs(results):
    page = results
    page.find(".curves summary").click()
    page.wait(lambda: len(page.js(LINES)) == 6)
    plain = page.js(LINES)
    chart = page.find(".curves .chart")
    chart.send_keys("\ue012")  # arrow left: the last point
    assert "step 10: size=1 11.1, size=2 12.1" in page.text(".curves .readout")
    boxes = page.find_all(".curves .runs input")
    boxes[0].click()
    assert len(page.js(LINES)) == 5
    boxes[0].click()
    log, log_values = page.find_all(".curves .check:not(.runs .check) input")
    log_values.click()
    assert page.js(LINES) != plain
    log_values.click()
    log.click()
    log.click()
    assert page.js(LINES) == plain
    page.js(
        "const s = document.querySelector('.smoothing input'); s.value = 0.5;"
        "s.dispatchEvent(new Event('input'))"
    )
    assert page.js(LINES) != plain and page.find_all(".curves .band") == []
    page.find('[aria-label^="Save csv: curves"]').click()
    lines = page.saved("toy.quick-one.csv").read_text().splitlines()
    assert lines[0] == "run,metric,step,mean,low,high,seeds" and len(lines) == 13
    page.find('[aria-label^="Save svg: curves"]').click()
    svg = ElementTree.parse(page.saved("toy.quick-one.svg")).getroot()
    drawn = [path.get("style") for path in svg.iter("{http://www.w3.org/2000/svg}path")]
    assert len(drawn) == 6 and all("stroke: rgb" in style for style in drawn)
    page.find('[aria-label^="Save png: curves"]').click()
    assert page.saved("toy.quick-one.png").read_bytes().startswith(b"\x89PNG")
    page.button("None", within=".curves").click()
    assert page.js(LINES) == []
    page.button("All", within=".curves").click()
    assert len(page.js(LINES)) == 6


def test_studies_are_shown_as_they_come(served, filled, toy, monkeypatch):
    page, runs = served
    shutil.copytree(filled, runs)
    go_on = hold_the_second(monkeypatch)
    try:
        page.open("results", "?study=toy")
        page.wait(lambda: page.find_all("#results .study"))
        shows(page, "Preset quick")
        assert len(page.js(ENTRIES)) == 1
        assert "smoke" not in page.text("#results-preset")
    finally:
        go_on.set()
    page.wait(lambda: "smoke" in page.text("#results-preset"))
    assert page.text("#results-summary").startswith("1 claim in 1 study: 1 hold")


def test_results_that_end_early_are_reported(served, filled, toy, monkeypatch):
    page, runs = served
    shutil.copytree(filled, runs)
    part, made = ResultsOf.part, []

    def fail(self, *rest):
        made.append(rest)
        if len(made) == 2:
            raise Mnist1dError("the disk is gone")
        return part(self, *rest)

    monkeypatch.setattr(ResultsOf, "part", fail)
    page.open("results")
    page.wait(lambda: page.find_all("#results-none"))
    assert "could not be loaded" in page.text("#results-none")
    page.button("Try again").click()
    page.wait(lambda: "claim" in page.text("#results-summary"))


def test_nothing_scrolls_sideways_on_a_phone(results):
    page = results
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=780,
        deviceScaleFactor=1,
        mobile=True,
    )
    page.options()
    page.wait(lambda: page.js(LINES))
    assert page.js("return document.documentElement.scrollWidth") <= 360
    wide = page.js(
        "return [...document.querySelectorAll('#results .study .scroll')]"
        ".filter((box) => box.scrollWidth > box.clientWidth + 1).length"
    )
    assert wide == 0


def test_results_that_do_not_come_are_asked_for_again(served):
    page, runs = served
    runs.mkdir()
    (runs / DATABASE).write_text("no database")
    page.open("results")
    page.wait(lambda: page.find_all("#results-none"))
    assert "could not be loaded" in page.text("#results-none")
    (runs / DATABASE).unlink()
    page.button("Try again").click()
    page.wait(lambda: "no runs in this folder yet" in page.text("#results-studies"))


def test_a_folder_that_changes_and_vanishes_under_the_reader(results, served):
    page, runs = results, served[1]
    with open_store(runs) as store:
        sweep(store, plan("toy", "paper"))
    page.wait(lambda: page.find("#results-reload").is_displayed())
    page.find("#results-reload").click()
    shows(page, "Preset paper")
    for path in runs.glob(f"{DATABASE}*"):
        path.unlink()
    page.find(".curves summary").click()
    page.wait(lambda: "could not be loaded" in page.text(".curves"))
    page.find('nav a[href="#explore"]').click()
    page.find('nav a[href="#results"]').click()
    page.wait(lambda: "no runs in this folder yet" in page.text("#results-studies"))
    page.driver.get_log("browser")  # the refusal is in the console, and expected


@pytest.mark.parametrize("is_late", [False, True], ids=["live", "told when it is over"])
def test_a_sweep_live(served, toy, monkeypatch, is_late):
    page, runs = served
    over, since = threading.Event(), News.since
    if is_late:
        monkeypatch.setattr(News, "since", lambda news: since(news) if over.is_set() else ())
    monkeypatch.setattr(server, "POLL", 0.05)
    page.open("results")
    page.wait(lambda: page.find_all("#results-none"))
    assert f"mnist1d reproduce --runs {runs}" in page.text("#results-none")

    def run():
        with open_store(runs) as store:
            sweep(store, plan("toy", "smoke"))
        over.set()

    thread = threading.Thread(target=run)
    thread.start()
    page.wait(lambda: "6 of 6 seeds done: the sweep is over" in page.text("#results-live-told"))
    thread.join(10)
    page.wait(lambda: len(page.find_all("#results .card .series")) == 3)
    page.wait(lambda: "load them above" in page.text("#results-none"))
    page.options()  # of a sweep that is over, the curves are folded up
    legend = [item.text for item in page.find_all(".results-legend li")]
    assert sorted(text.split(":")[0] for text in legend) == ["size=1", "size=2", "size=3"]
    page.find("#results-reload").click()
    page.wait(lambda: "1 claim" in page.text("#results-summary"))
    assert not page.find("#results-reload").is_displayed()
    assert "✓ as published" in page.text(".chip")
    assert page.errors() == []


def test_results_without_runs(page):
    page.open("results")
    page.wait(lambda: page.find_all("#results-none"))
    assert "mnist1d web --runs" in page.text("#results-none")
    circles = [len(t.find_elements("css selector", "circle")) for t in page.find_all(".ladder")]
    plain, shuffled = (sum(bool(row[part]) for row in benchmark()) for part in PARTS)
    assert circles == [plain + 1, shuffled + 2]  # with the ideal observer; and the human's share
