"""Training in the browser: the race, what is inside, workers that die, links that give the same
curves, and the Python that goes on."""

import pytest

RACE = """
const rows = document.querySelectorAll('#train .lanes tbody tr');
return [...rows].map((row) => row.innerText.split(/\\s+/));
"""
CURVES = (
    "return [...document.querySelectorAll('#train .chart .series')].map((p) => p.getAttribute('d'))"
)


def rows(page):
    return {row[0]: row[1:] for row in page.js(RACE)}


def open_ready(page, query):
    page.open("train", query)
    page.wait(lambda: rows(page) and all("paused" in row for row in rows(page).values()))
    return page


def run_to_end(page):
    page.find("#train-run").click()
    page.wait(lambda: all("finished" in row for row in rows(page).values()), 60)


def test_a_race(page):
    open_ready(page, "?steps=120")
    run_to_end(page)
    found = rows(page)
    assert list(found) == ["logistic", "MLP", "CNN"]
    assert {name: row[0] for name, row in found.items()} == dict.fromkeys(found, "120")
    accuracy = {name: float(row[1].rstrip("%")) for name, row in found.items()}
    assert accuracy["logistic"] > 20 and accuracy["MLP"] > 40 and accuracy["CNN"] > 40
    labels = page.js(
        "return [...document.querySelectorAll('#train .label')].map((t) => t.textContent)"
    )
    assert sorted(labels) == sorted(
        ["human", "ideal observer", *(f"{name} {row[1]}" for name, row in found.items())]
    )
    page.wait(lambda: len(page.find_all("#train .inside .row button")) == 3)
    page.button("CNN", within="#train .inside").click()
    assert len(page.find_all("#train .filter")) == 25
    assert len(page.find_all("#train .inside .panel .digit[d^=M]")) == 10
    assert "gets wrong after 120 steps" in page.text("#train .inside")
    page.button("logistic", within="#train .inside").click()
    assert len(page.find_all("#train .filter")) == 10


def test_pause_step_and_restart(page):
    open_ready(page, "?models=mlp&steps=100000")
    page.find("#train-step").click()
    page.wait(lambda: rows(page)["MLP"][0] == "1")
    page.find("#train-run").click()
    page.wait(lambda: rows(page)["MLP"][0] not in ("1", "0"))
    assert page.text("#train-run") == "Pause"
    page.find("#train-run").click()
    page.wait(lambda: "paused" in rows(page)["MLP"])
    step = rows(page)["MLP"][0]
    page.find("#train-step").click()
    after = f"{int(step.replace(',', '')) + 1:,}"
    page.wait(lambda: rows(page)["MLP"][0] == after)
    page.find("#train-restart").click()
    page.wait(lambda: rows(page)["MLP"][0] == "0")


def test_the_chart_tells_its_values(page):
    open_ready(page, "?models=mlp&steps=60&log=1")
    run_to_end(page)
    chart = page.find("#train .chart")
    chart.send_keys("\ue012")  # arrow left: the last point
    assert page.text("#train .readout").startswith("step 60: MLP ")
    chart.send_keys("\ue012")
    assert page.text("#train .readout").startswith("step 50: MLP ")
    page.options()
    page.fill("#train-curve", "train")
    page.wait(lambda: "curve=train" in page.driver.current_url)
    assert "human" not in page.js("return document.querySelector('#train .chart').textContent")


def test_a_link_gives_the_same_picture_and_the_same_curves(page):
    query = "?models=logistic,mlp&steps=60&train_seed=3&shuffle_seq=true&num_samples=1000"
    found = []
    for extra in ("", "&utm_source=course&fbclid=1"):
        open_ready(page, query + extra)
        assert page.find_all(".warning") == []
        run_to_end(page)
        found.append(page.js(CURVES))
    assert found[0] == found[1] and len(found[0]) == 2
    open_ready(page, query.replace("train_seed=3", "train_seed=4"))
    run_to_end(page)
    assert page.js(CURVES) != found[0]


def test_continue_in_python(page):
    """The code on the page trains the same models on the same signals from the same weights."""
    open_ready(page, "?models=logistic,mlp&steps=40&max_translation=1&train_seed=5")
    run_to_end(page)
    names = {}
    exec(page.text("#train-text"), names)  # what a reader does
    assert names["data"].config.max_translation == 1
    for name, label in (("logistic", "logistic"), ("mlp", "MLP")):
        ours = float(rows(page)[label][1].rstrip("%")) / 100
        assert float(names["results"][name].curves["test_acc"][-1]) == pytest.approx(ours, abs=0.01)


def test_a_worker_that_dies_is_reported_and_replaced(page, workers):
    open_ready(page, "?models=logistic,mlp&steps=50")
    page.js("window.workers[1].dispatchEvent(new ErrorEvent('error', {message: 'out of memory'}))")
    page.wait(lambda: page.find_all("#train .lanes .error"))  # drawn in the next frame
    assert "out of memory" in page.text("#train .lanes .error")
    run = page.find("#train-run")
    run.click()
    page.wait(lambda: "finished" in rows(page)["logistic"])
    page.button("Start again", within="#train").click()
    page.wait(lambda: "paused" in rows(page).get("MLP", []))
    run_to_end(page)


@pytest.fixture
def tab(page):
    """The page in a separate tab, since a tab that has slept stays hidden."""
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    yield page
    page.driver.close()
    page.driver.switch_to.window(first)


def test_a_device_that_sleeps_goes_on_where_it_was(tab):
    open_ready(tab, "?models=mlp&steps=100000")
    tab.js("requestAnimationFrame = (act) => setTimeout(act)")  # a page that sleeps is hidden
    tab.find("#train-run").click()
    tab.wait(lambda: rows(tab)["MLP"][0] != "0")
    for state in ("frozen", "active"):
        tab.cdp("Page.setWebLifecycleState", state=state)
    step = rows(tab)["MLP"][0]
    tab.wait(lambda: rows(tab)["MLP"][0] != step)
    assert "Training stopped" not in tab.text("#train .lanes")


def test_a_worker_that_falls_silent_is_given_up(page, workers):
    """Fifteen seconds of the page's own clock, so that a device that slept loses nothing."""
    source = (
        "const real = setInterval; window.ticks = []; window.setInterval = (act, ms) => "
        "(ms === 1000 ? window.ticks.push(act) : real(act, ms));"
    )
    script = page.cdp("Page.addScriptToEvaluateOnNewDocument", source=source)
    try:
        open_ready(page, "?models=mlp&steps=100000")
        page.find("#train-run").click()
        page.wait(lambda: rows(page)["MLP"][0] != "0")
        tick = "for (let i = 0; i < arguments[0]; i++) window.ticks.forEach((act) => act());"
        page.js(tick, 14)
        assert "no response" not in page.text("#train .lanes")
        page.js("window.workers[0].terminate()")
        page.wait(  # a last message may still be on its way, and starts the count again
            lambda: page.js(tick, 15) or "no response for 15 seconds" in page.text("#train .lanes")
        )
    finally:
        page.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])


def test_without_webassembly_it_trains_in_javascript(page):
    """Where a site's rules forbid WebAssembly, as ours would without 'wasm-unsafe-eval'."""
    page.open("train", "?models=mlp&steps=20")
    found = page.driver.execute_async_script(
        "const done = arguments[0];"
        "import('./js/engine/kernels.js').then(async ({fastest}) => {"
        "  const memory = new WebAssembly.Memory({initial: 1});"
        "  const names = [(await fastest(memory)).name];"
        "  WebAssembly.compile = () => Promise.reject(new Error('forbidden'));"
        "  names.push((await fastest(memory)).name);"
        "  done(names);"
        "}, (error) => done(String(error)))"
    )
    assert found == ["WebAssembly SIMD", "JavaScript"]


def test_impossible_settings_of_a_link_are_reported_and_the_rest_is_kept(page):
    query = (
        "?models=mlp,transformer&steps=0&scale_coeff=big&padding=9,3&shuffle_seq=true&theme=pink"
    )
    page.open("train", query)
    told = page.text(".warning")
    for rule in (
        "models must be one of logistic, mlp, cnn, gru, got “transformer”",
        "steps must be a whole number from 1 to 100000, got “0”",
        'scale_coeff must be a number, got "big"',
        "swap them: 3, 9",
        "theme must be one of auto, light, dark, got “pink”",
    ):
        assert rule in told
    assert "positions shuffled" in page.text("#train-told")
    page.button("Dismiss", within="body").click()
    assert page.find_all(".warning") == []


def test_settings_that_change_begin_a_new_race(page):
    open_ready(page, "?models=logistic&steps=30")
    run_to_end(page)
    page.button("Shuffled", within="#train").click()
    page.wait(lambda: "paused" in rows(page).get("logistic", []))
    assert rows(page)["logistic"][0] == "0" and "positions shuffled" in page.text("#train-told")
