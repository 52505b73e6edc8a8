"""The exported page in Chromium, from a plain file server: every control of Explore, Pipeline and
Export."""

import json
import re

import numpy as np
import pytest

import mnist1d
from mnist1d.cli import main
from mnist1d.config import DataConfig
from mnist1d.web.export import export

VIEWS = ("learn", "explore", "pipeline", "train", "quiz", "results", "takeaway")
SLIDERS = {
    "Template length": 30, "Padding, least": 5, "Padding, most": 100, "Amplitude spread": 1.5,
    "Translation": 10, "Correlated noise": 0.9, "White noise": 0.3, "Slope": 3, "Signal length": 90,
}  # fmt: skip


# ------------------------------------------------------------------ the page as a whole


def test_every_view_opens_and_asks_nothing_of_others(page, address):
    for view in VIEWS:
        page.open(view)
        assert page.find(f'nav a[href="#{view}"]').get_attribute("aria-current") == "page"
        assert [name for name in VIEWS if page.find(f"#{name}").is_displayed()] == [view]
    asked = page.js("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert asked and all(name.startswith(address) for name in asked)


@pytest.mark.parametrize("width", [360, 640, 820, 1440])
def test_nothing_overflows_sideways(page, width):
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=850,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    for view in VIEWS:
        page.open(view)
        assert page.js("return document.documentElement.scrollWidth") <= width, view


@pytest.mark.parametrize(
    "view", ["learn", "explore", "pipeline", "train", "quiz", "results", "takeaway"]
)
def test_touch_targets_are_large_enough(page, view):
    """44 pixels high, at least; links within sentences may be smaller."""
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=740,
        deviceScaleFactor=1,
        mobile=True,
    )
    page.open(view)
    page.options()
    found = page.js(
        "const wanted = 'button, select, summary, header a, input:not([type=file])';"
        "return [...document.querySelectorAll(wanted)]"
        ".map((e) => (e.matches('[type=checkbox]') ? e.closest('label') ?? e : e))"
        ".filter((e) => e.offsetParent && e.getBoundingClientRect().height < 43.5)"
        ".map((e) => e.outerHTML.slice(0, 120))"
    )
    assert found == []


def test_themes(page):
    def ground():
        return page.js("return getComputedStyle(document.body).backgroundColor")

    page.cdp(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}]
    )
    page.open()
    light = ground()
    page.cdp(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}]
    )
    dark = ground()
    assert light != dark
    page.find("#page-theme").click()
    assert page.text("#page-theme") == "Theme: light" and ground() == light
    page.open()
    assert ground() == light  # remembered
    page.find("#page-theme").click()
    assert page.text("#page-theme") == "Theme: dark"
    page.cdp(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}]
    )
    assert ground() == dark
    page.cdp("Emulation.setEmulatedMedia", features=[])


def test_from_the_keyboard(page):
    page.open("explore")
    seen = []
    for _ in range(60):
        page.cdp(
            "Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9
        )
        page.cdp(
            "Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9
        )
        seen.append(
            page.js(
                "const e = document.activeElement; return e.id || e.getAttribute('aria-label') || "
                "e.textContent"
            )
        )
    wanted = [
        "Skip to the content",
        "Quiz",
        "page-theme",
        "Hard",
        "Ten signals",
        "explore-scale_coeff",
        "Amplitude spread, slider",
    ]
    assert [name for name in wanted if name not in seen] == []


def test_offline_once_loaded(browser, fresh, downloads, tmp_path, labels):
    export(tmp_path / "site")
    with browser.file_server(tmp_path / "site") as address:
        page = browser.Page(fresh, address, downloads).open()
        for view in VIEWS:
            page.find(f'nav a[href="#{view}"]').click()
            page.wait_drawn(view)
    page.find('nav a[href="#explore"]').click()  # the server is gone
    before = page.lines()
    page.button("Hard").click()
    page.options()
    page.button("New random signals").click()
    assert page.lines() != before
    page.find('nav a[href="#pipeline"]').click()
    page.button("Next").click()
    assert told(page) == "1. pad"
    page.find('nav a[href="#takeaway"]').click()
    page.find("#takeaway-csv").click()
    assert len(mnist1d.read(page.saved("mnist1d.csv")).x_test) == 10
    page.find('nav a[href="#quiz"]').click()
    page.button("Start").click()
    page.find("body").send_keys("".join(map(str, labels[:10])), "\ue007")
    assert page.text("#quiz-heading") == "10 of 10 correct" and page.errors() == []


# ------------------------------------------------------------------ Explore


@pytest.mark.parametrize("label", SLIDERS)
def test_a_slider_changes_the_same_signals(page, label):
    page.open()
    before = page.lines()
    page.slide(f"{label}, slider", SLIDERS[label])
    bent = page.lines()
    assert len(bent) == 10 and all(a != b for a, b in zip(before, bent, strict=True))
    name = page.js(
        "const s = [...document.querySelectorAll('input[type=range]')];"
        "return s.find((e) => e.ariaLabel === "
        "arguments[0]).closest('.knob').querySelector('code').textContent",
        f"{label}, slider",
    )
    number = page.find(
        f"#explore-{name}-most" if label.endswith("most") else f"#explore-{name}"
    ).get_attribute("value")
    assert float(number) == SLIDERS[label]
    page.find(f'button[aria-label^="Reset {name} "]').click()
    assert page.lines() == before


def test_moves_within_a_frame_are_drawn_once_and_touch_no_other_knob(page):
    page.open()
    seen = page.driver.execute_async_script(
        "const done = arguments[0], changed = [];"
        "const watch = new MutationObserver((all) => changed.push(...all));"
        "const what = { attributes: true, characterData: true, childList: true, subtree: true };"
        "watch.observe(document.querySelector('#explore'), what);"
        "const slider = document.querySelector('[aria-label=\"Slope, slider\"]');"
        "for (const value of [1, 2, 3]) {"
        "  slider.value = value;"
        "  slider.dispatchEvent(new Event('input'));"
        "}"
        "requestAnimationFrame(() => setTimeout(() => {"
        "  const lines = changed.filter(({ target }) => target.matches?.('.whole'));"
        "  const knobs = changed.map(({ target }) => target.closest?.('.knob')).filter(Boolean);"
        "  const names = new Set(knobs.map((k) => k.querySelector('code').textContent));"
        "  done([lines.length, [...names], document.querySelector('#explore-shear_scale').value]);"
        "}));"
    )
    assert seen == [10, ["shear_scale"], "3"]


def test_fields_take_what_sliders_do_not_reach(page):
    page.open()
    before = page.lines()
    page.fill("#explore-padding", 10)
    page.fill("#explore-padding-most", 200)
    page.fill("#explore-corr_noise_scale", 2.5)
    page.find("#explore-shuffle_seq").click()
    assert page.lines() != before
    page.wait(lambda: "shuffle_seq=true" in page.driver.current_url)
    page.find('nav a[href="#takeaway"]').click()
    page.wait(lambda: page.find_all("#takeaway-json-text"))
    config = DataConfig.from_json(page.text("#takeaway-json-text"))
    assert config == DataConfig(padding=(10, 200), corr_noise_scale=2.5, shuffle_seq=True)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("scale_coeff", "much", 'scale_coeff must be a number, got "much"'),
        ("scale_coeff", "-1", "scale_coeff must be between 0 and 1000000000, got -1"),
        ("scale_coeff", "", "scale_coeff must be a number"),
        ("template_len", "1.5", "template_len must be a whole number"),
        ("padding", "80", "swap them: 60, 80"),
        ("final_seq_length", "0", "final_seq_length must be between 1 and 1000000, got 0"),
        ("final_seq_length", "5000", "at most 400 points on this page"),
        ("max_translation", "0", "max_translation must be between 1 and"),
        ("train_split", "2", "train_split must be between 0 and 1"),
        ("num_samples", "0", "num_samples must be between 1 and 1000000000"),
        ("seed", "-3", "seed must be between 0 and"),
        ("seed", "1e99", "seed must be between 0 and"),
    ],
)
def test_a_bad_value_is_reported_and_changes_nothing(page, field, value, rule):
    page.open()
    before = page.lines()
    page.fill(f"#explore-{field}", value)
    error = page.find(f"#explore-{field}-error")
    assert rule in error.text and error.get_attribute("role") == "alert"
    assert page.lines() == before
    page.slide("Slope, slider", 2)  # the next good value clears it
    assert page.text(f"#explore-{field}-error") == ""


def test_an_unusual_value_is_legal_with_a_warning(page):
    page.open()
    page.fill("#explore-scale_coeff", 4)  # a slip that users of the original made, for .4
    assert "outside the usual range 0 to 2" in page.text("#explore-scale_coeff-effect")


def test_presets_seed_and_views(page):
    page.open()
    default = page.lines()
    drawn = {}
    for preset in ("No noise", "No translation", "Shuffled", "Hard", "Default"):
        page.button(preset).click()
        assert page.button(preset).get_attribute("aria-pressed") == "true"
        drawn[preset] = tuple(page.lines())
    assert len(set(drawn.values())) == 5 and list(drawn["Default"]) == default
    page.options()
    page.button("New random signals").click()
    fresh, seed = page.lines(), page.find("#explore-seed").get_attribute("value")
    assert fresh != default and seed != "42"
    page.button("Published signals").click()
    assert page.lines() == default
    page.fill("#explore-seed", seed)
    assert page.lines() == fresh  # a seed gives its signals again
    page.button("Published signals").click()
    page.find("#explore-next").click()
    assert page.text("#explore-next") == "Next example (2 of 10)" and page.lines() != default
    page.fill("#explore-show", "all")
    assert all(line.count("M") == 10 for line in page.lines())
    page.fill("#explore-show", "3")
    captions = [c.text for c in page.find_all("#explore figcaption")]
    assert captions == [f"3, example {i}" for i in range(1, 11)]
    assert default[3] in page.lines()[0] or len(set(page.lines())) == 10


def test_the_page_says_which_signals_it_shows(page):
    page.open()
    assert "Signals of the published test set. Thick" in page.text("#explore-told")
    page.slide("Slope, slider", 2)
    assert "the published test set. Thick" in page.text("#explore-told")
    page.slide("Translation, slider", 9)
    assert "Python would draw other signals" in page.text("#explore-told")
    page.find("#explore-shuffle_seq").click()
    assert "Positions are shuffled" in page.text("#explore-told")


def test_raw_values(page):
    page.open()
    page.options()
    page.find("#explore-raw").click()
    assert "before standardisation" in page.text("#explore-told")


def test_the_address_keeps_the_settings(page):
    page.open()
    page.slide("Amplitude spread, slider", 1.5)
    page.wait(lambda: "scale_coeff=1.5" in page.driver.current_url)
    page.driver.refresh()
    page.wait(lambda: page.find_all("#explore-scale_coeff"))
    assert page.find("#explore-scale_coeff").get_attribute("value") == "1.5"


# ------------------------------------------------------------------ Pipeline


def told(page):
    return page.text("#pipeline .telling strong")


def test_pipeline_by_steps(page):
    page.open("pipeline")
    names = [stage.name for stage in mnist1d.explain(digit=3, seed=0)]
    seen = []
    while True:
        seen.append(told(page).split(". ")[1])
        assert len(page.text("#pipeline .telling p + p")) > 20
        if not page.button("Next").is_enabled():
            break
        page.button("Next").click()
    assert seen == names
    assert len(page.find_all("#pipeline .dots circle")) == 40
    assert page.find("#pipeline .digit").get_attribute("d").startswith("M")
    page.button("Back").click()
    assert told(page) == "7. shear"
    page.slide("Position in the pipeline", 4.5)
    assert told(page) == "5. correlated noise"
    page.find("#pipeline ol li:nth-child(3) button").click()
    assert told(page) == "2. dilate"


def test_pipeline_plays_and_pauses(page):
    page.open("pipeline")
    # paused by the page itself, in the first frame that moves: a stage moves for a second only
    page.js(
        "const scrub = document.getElementById('pipeline-scrub'); const look = () => scrub.value "
        "% 1 ? document.querySelector('#pipeline .primary').click() : requestAnimationFrame(look); "
        "look();"
    )
    page.button("Play").click()
    page.wait(lambda: told(page) == "1. pad")
    page.wait(lambda: page.text("#pipeline .primary") == "Play")
    place = page.find("#pipeline-scrub").get_attribute("value")
    page.driver.execute_async_script(
        "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
    )
    assert page.find("#pipeline-scrub").get_attribute("value") == place
    page.find("body").send_keys(" ")
    assert page.button("Pause")
    page.find("body").send_keys(" ")
    page.find("body").send_keys("\ue014")  # arrow right
    assert float(page.find("#pipeline-scrub").get_attribute("value")).is_integer()


def test_pipeline_without_motion(page):
    page.cdp(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-reduced-motion", "value": "reduce"}],
    )
    page.open("pipeline")
    page.js("window.seen = new Set(); const scrub = document.getElementById('pipeline-scrub');"
            "const look = () => { window.seen.add(scrub.value); requestAnimationFrame(look); }; "
            "look();")  # fmt: skip
    page.button("Play").click()
    page.wait(lambda: told(page) == "2. dilate")
    assert page.js("return [...window.seen].every((v) => v % 1 === 0)")
    page.cdp("Emulation.setEmulatedMedia", features=[])


def test_pipeline_takes_digit_signal_and_settings(page):
    page.open("pipeline", "?corr_noise_scale=0.9")
    assert "changed: corr_noise_scale" in page.text("#pipeline .bar .note")
    page.fill("#pipeline-digit", 7)
    assert "digit 7" in page.text("#pipeline .telling p + p")
    before = page.js(
        "return document.querySelector('#pipeline ol li:last-child path').getAttribute('d')"
    )
    page.find("#pipeline-next").click()
    assert (
        page.js(
            "return document.querySelector('#pipeline ol li:last-child path').getAttribute('d')"
        )
        != before
    )


# ------------------------------------------------------------------ Export


def copied(page, name):
    page.cdp(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    page.find(f"#takeaway-{name}-copy").click()
    page.wait(lambda: page.text(f"#takeaway-{name}-copy") == "Copied")
    return page.clipboard()


def values(lines):
    """Heights of drawn lines, (lines, points)."""
    return np.array(
        [[-float(y) for y in re.findall(r"[ML][\d.-]+ ([\d.-]+)", line)] for line in lines]
    )


@pytest.mark.parametrize(
    ("query", "is_raw"),
    [
        ("", False),
        ("?shuffle_seq=true", False),
        ("", True),
        ("?corr_noise_scale=0.6&shear_scale=2", True),
        ("?final_seq_length=55", True),
        ("?seed=7", True),
    ],
)
def test_copied_python_gives_the_signals_on_the_screen(page, query, is_raw):
    page.open("explore", query)
    if is_raw:
        page.options()
        page.find("#explore-raw").click()
    drawn = values(page.lines())
    page.find('nav a[href="#takeaway"]').click()
    page.wait(lambda: page.find_all("#takeaway-python-text"))
    names = {}
    exec(copied(page, "python"), names)  # what a reader does
    assert names["y"].tolist() == list(range(10))
    page.find("#takeaway-csv").click()
    saved = mnist1d.read(page.saved("mnist1d.csv"))
    np.testing.assert_allclose(saved.x_test, names["x"], rtol=0, atol=1e-9)
    # one scale for all panels takes Python's values to the drawn heights, to the hundredth that a
    # path keeps
    scale = (drawn + 36).ravel() @ names["x"].ravel() / (names["x"].ravel() @ names["x"].ravel())
    assert scale > 1
    np.testing.assert_allclose(drawn + 36, scale * names["x"], rtol=0, atol=0.01)


def test_copied_command_and_settings(page, tmp_path):
    query = "?num_samples=50&padding=30,40&shuffle_seq=true&seed=7&scale_coeff=0.2"
    page.open("takeaway", query)
    config = DataConfig(num_samples=50, padding=(30, 40), shuffle_seq=True, seed=7, scale_coeff=0.2)
    assert DataConfig.from_json(copied(page, "json")) == config
    command = copied(page, "command").split()
    path = tmp_path / "set.npz"
    assert command[:4] == ["mnist1d", "generate", "-o", "mnist1d.npz"]
    assert main(["generate", "-o", str(path), *command[4:]]) == 0
    assert mnist1d.read(path).config == config
    names = {}
    exec(copied(page, "python"), names)
    assert names["data"].config == config
    assert "other random draws" in page.text("#takeaway-summary")


def test_pictures_and_csv_of_what_is_shown(page):
    page.open("explore", "?corr_noise_scale=0.6")
    page.fill("#explore-show", "all")
    page.find('nav a[href="#takeaway"]').click()
    page.wait(lambda: page.find_all("#takeaway-svg"))
    page.find("#takeaway-svg").click()
    svg = page.saved("mnist1d.svg").read_text()
    assert svg.count("<path") == 30 and "corr_noise_scale 0.6" in svg
    page.find("#takeaway-png").click()
    png = page.saved("mnist1d.png").read_bytes()
    assert png.startswith(b"\x89PNG") and len(png) > 20_000
    page.find("#takeaway-csv").click()
    saved = mnist1d.read(page.saved("mnist1d.csv"))
    assert len(saved.x_test) == 100 and saved.config == DataConfig(corr_noise_scale=0.6)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "settings must be JSON"),
        ("[1]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('{"sed": 1}', "did you mean seed?"),
        ('{"seed": "x"}', "seed must be a whole number"),
        ('{"padding": [9, 3]}', "swap them: 3, 9"),
        ('{"shuffle_seq": "yes"}', "shuffle_seq must be true or false"),
    ],
)
def test_foreign_settings_are_refused(page, text, rule):
    page.open("takeaway", "?seed=5")
    page.fill("#takeaway-import", text)
    page.find("#takeaway-take").click()
    error = page.text("#takeaway-import-error")
    assert rule in error and "Nothing was changed" in error
    assert json.loads(page.text("#takeaway-json-text"))["seed"] == 5


def test_settings_come_in_by_text_and_by_file(page, tmp_path):
    page.open("takeaway")
    config = DataConfig(scale_coeff=1.25, padding=(3, 9), seed=11)
    page.fill("#takeaway-import", config.to_json())
    page.find("#takeaway-take").click()
    assert DataConfig.from_json(page.text("#takeaway-json-text")) == config
    other = tmp_path / "settings.json"
    other.write_text(config.replace(seed=12).to_json())
    page.find("#takeaway-file").send_keys(str(other))
    page.wait(lambda: DataConfig.from_json(page.text("#takeaway-json-text")).seed == 12)
    large = tmp_path / "large.json"
    large.write_text(" " * 200_000)
    page.find("#takeaway-file").send_keys(str(large))
    page.wait(lambda: "at most 100 KB" in page.text("#takeaway-import-error"))
