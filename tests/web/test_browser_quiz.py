"""The quiz in Chromium: by keyboard to the end, reloads, failing storage, what our server keeps."""

import json

import pytest

from mnist1d.runs import open_store
from mnist1d.runs.quiz import quizzes

ENTER, LEFT, RIGHT, UP, DOWN, BACKSPACE = "\ue007", "\ue012", "\ue014", "\ue013", "\ue015", "\ue003"


def keys(page, text):
    page.find("body").send_keys(text)


def begin(page, name="Start"):
    page.open("quiz")
    page.wait(lambda: page.find_all("#quiz-body button"))
    page.button(name).click()


def answers(page):
    return page.js(
        "return [...document.querySelectorAll('.quiz-card > .quiz-answer')].map((e) => "
        "e.textContent)"
    )


def ladder(page):
    """The accuracies beside the quiz's: {who: as a text}, best first."""
    texts = "[row.cells[0], row.cells[2]].map((cell) => cell.firstChild.data)"
    rows = "[...document.querySelectorAll('#quiz-score .ladder tbody tr')]"
    return dict(page.js(f"return {rows}.map((row) => {texts})"))


def give(page, digits):
    """Answer ten by keys, hand them in."""
    keys(page, "".join(map(str, digits)))
    keys(page, ENTER)


def test_to_the_end_by_keyboard(page, labels):
    begin(page)
    wrong = {3, 14, 15, 99}  # the signals that are answered wrongly
    for ten in range(10):
        truth = labels[10 * ten : 10 * ten + 10]
        given = [(d + 1) % 10 if 10 * ten + i in wrong else d for i, d in enumerate(truth)]
        give(page, given)
        right = sum(10 * ten + i not in wrong for i in range(10))
        assert page.text("#quiz-heading") == f"{right} of 10 correct"
        assert page.js("return document.activeElement.id") == "quiz-heading"
        marks = answers(page)
        assert [mark[0] for mark in marks] == [
            "✗" if 10 * ten + i in wrong else "✓" for i in range(10)
        ]
        assert all(
            f"was {d}" in mark for mark, d in zip(marks, truth, strict=True) if mark[0] == "✗"
        )
        keys(page, ENTER)
    assert page.text("#quiz-heading") == "96 of 100 correct: 96.0%"
    assert "90.2% to 98.4%" in page.text("#quiz-score")  # Wilson
    score = page.text("#quiz-score")
    for label in (labels[i] for i in wrong):
        assert f"{label} classified as {(label + 1) % 10}" in score
    found = ladder(page)
    assert {"ideal observer", "you", "published human", "CNN", "GRU", "MLP", "logistic"} < set(
        found
    )
    values = [float(text.rstrip("%")) for text in found.values()]
    assert values == sorted(values, reverse=True) and list(found)[0] == "ideal observer"
    assert (found["you"], found["published human"]) == ("96.0%", "95.8%")
    page.find("#quiz-file").click()
    result = json.loads(page.saved("mnist1d-quiz.json").read_text())
    assert (
        result["correct"] == 96
        and len(result["answers"]) == 100
        and result["answers"][3]["answer"] == (labels[3] + 1) % 10
    )
    assert result["median_ms"] > 0 and result["shuffled"] is False
    page.find("#quiz-again").click()
    assert page.button("Start") and page.storage("quiz") == "null"


def test_by_click_taking_back_and_stopping(page, labels):
    begin(page)
    for digit in labels[:10]:
        page.find(f'#quiz button[aria-label="Answer {digit}"]').click()
    page.find('.quiz-card[data-slot="4"]').click()
    keys(page, BACKSPACE)
    assert answers(page)[4] == "?" and not page.find("#quiz-check").is_enabled()
    keys(page, ENTER)  # nothing happens while one is open
    assert page.text("#quiz-heading") == "Signals 1 to 10"
    keys(page, str(labels[4]))
    keys(page, LEFT)
    page.find("#quiz-check").click()
    assert page.text("#quiz-heading") == "10 of 10 correct"
    page.find("#quiz-stop").click()
    assert page.text("#quiz-heading") == "10 of 10 correct: 100.0%"
    assert "None." in page.text("#quiz-score")


def chosen(page):
    return page.js(
        "return [...document.querySelectorAll('.quiz-card[aria-pressed=true]')].map((e) => "
        "Number(e.dataset.slot))"
    )


def test_arrows_and_focus_choose(page):
    begin(page)
    assert page.js("return document.activeElement.id") == "quiz-heading"
    for key, slot in (
        (RIGHT, 1),
        (DOWN, 6),
        (DOWN, 6),
        (LEFT, 5),
        (UP, 0),
        (UP, 0),
        (LEFT, 9),
    ):  # two rows of five at this width
        keys(page, key)
        assert chosen(page) == [slot]
    page.js("document.querySelector('.quiz-card[data-slot=\"3\"]').focus()")  # as Tab does
    assert chosen(page) == [3]
    page.driver.switch_to.active_element.send_keys("7")
    assert answers(page)[3] == "7" and chosen(page) == [4]
    assert page.js("return document.activeElement.dataset.slot") == "4"  # the focus goes along
    page.fill("#quiz-layout", "tall")
    assert chosen(page) == [4] and page.js("return document.activeElement.id") == "quiz-layout"


def test_enter_on_a_button_is_the_buttons(page, labels):
    begin(page)
    keys(page, "".join(map(str, labels[:10])))
    assert page.js("return document.activeElement.id") == "quiz-check"  # all ten have an answer
    theme = page.text("#page-theme")
    page.find("#page-theme").send_keys(ENTER)
    assert page.text("#page-theme") != theme and page.text("#quiz-heading") == "Signals 1 to 10"
    page.js("document.getElementById('quiz-check').focus()")
    active = page.driver.switch_to.active_element
    active.send_keys(BACKSPACE)  # the button cannot be used any more, and keys must still be heard
    page.driver.switch_to.active_element.send_keys(str(labels[9]))
    page.driver.switch_to.active_element.send_keys(ENTER)
    assert page.text("#quiz-heading") == "10 of 10 correct"


def test_starting_over_and_stopping_within_a_ten(page, labels):
    begin(page)
    keys(page, "12")
    page.button("Start over").click()
    page.button("Start").click()
    assert answers(page) == ["?"] * 10
    give(page, labels[:10])
    keys(page, ENTER)
    keys(page, "123")
    page.button("Stop and show my score").click()
    assert page.text("#quiz-heading") == "10 of 10 correct: 100.0%"
    page.driver.refresh()
    page.wait(lambda: page.find_all("#quiz-score"))


@pytest.mark.parametrize("width", [390, 820])
def test_the_chosen_signal_is_in_sight(page, width):
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=700,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    begin(page)
    boxes = (
        "['.quiz-card[aria-pressed=true]', '.quiz-answering']"
        ".map((s) => document.querySelector(s).getBoundingClientRect())"
    )
    for digit in "012345678":
        page.find(f'#quiz button[aria-label="Answer {digit}"]').click()
        top, bottom, pad, height = page.js(
            f"const [card, pad] = {boxes}; return [card.top, card.bottom, pad.top, innerHeight]"
        )
        assert 0 <= top and bottom <= min(pad, height) + 1
    assert page.js("return document.documentElement.scrollWidth <= innerWidth")


def test_a_reload_goes_on_where_it_was(page, labels):
    begin(page)
    give(page, labels[:10])
    keys(page, ENTER)
    keys(page, "012")
    page.driver.refresh()
    page.wait(lambda: page.find_all(".quiz-ten"))
    assert page.text("#quiz-heading") == "Signals 11 to 20" and answers(page) == [
        "0",
        "1",
        "2",
        *"???????",
    ]
    keys(page, "3")
    assert answers(page)[3] == "3"


def test_shuffled_and_another_hundred(page, labels):
    page.open("quiz")
    page.wait(lambda: page.find_all("#quiz-first"))
    page.fill("#quiz-first", 300)
    page.button("Start").click()
    plain = page.js(
        "return [...document.querySelectorAll('.quiz-card[data-slot] .signal')].map((p) => "
        "p.getAttribute('d'))"
    )
    give(page, labels[300:310])
    assert page.text("#quiz-heading") == "10 of 10 correct"
    page.find("#quiz-stop").click()
    page.find("#quiz-again").click()
    page.fill("#quiz-first", 300)
    page.button("Start with positions shuffled").click()
    shuffled = page.js(
        "return [...document.querySelectorAll('.quiz-card[data-slot] .signal')].map((p) => "
        "p.getAttribute('d'))"
    )
    assert all(a != b for a, b in zip(plain, shuffled, strict=True))
    give(page, labels[300:310])
    page.find("#quiz-stop").click()
    found = ladder(page)
    assert found["published human, about"] == "30.0%" and found["CNN"] == "56.2%"


def test_the_layout_is_remembered(page):
    begin(page)
    page.fill("#quiz-layout", "tall")
    box = page.js(
        "const b = document.querySelector('.quiz-card .signal').getBBox(); return [b.width, "
        "b.height]"
    )
    assert box[1] > box[0]
    page.driver.refresh()
    page.wait(lambda: page.find_all(".quiz-ten"))
    assert page.find("#quiz-layout").get_attribute("value") == "tall"


@pytest.mark.parametrize(
    "stored",
    [
        "{",
        "7",
        '{"format": "mnist1d-quiz/1"}',
        '{"format": "mnist1d-quiz/1", "shuffled": false, "first": 5, "answers": [], "current": '
        '[], "phase": "answering"}',
    ],
)
def test_a_broken_stored_quiz_is_put_aside(page, stored):
    page.open("explore")
    page.js("localStorage.setItem('mnist1d.quiz', arguments[0])", stored)
    page.open("quiz")
    page.wait(lambda: page.find_all(".warning"))
    assert "kept aside" in page.text(".warning") and page.button("Start")
    assert json.loads(page.storage("quiz-broken")) == stored


@pytest.mark.parametrize(
    "failure",
    [
        "throw new DOMException('full', 'QuotaExceededError')",
        "throw new DOMException('no', 'SecurityError')",
    ],
)
def test_failing_storage_is_reported_once_and_the_quiz_goes_on(page, labels, failure):
    script = page.cdp(
        "Page.addScriptToEvaluateOnNewDocument",
        source=f"Storage.prototype.setItem = () => {{ {failure} }};",
    )
    try:
        begin(page)
        give(page, labels[:10])
        assert page.text("#quiz-heading") == "10 of 10 correct"
        assert len(
            page.find_all(".warning")
        ) == 1 and "you will lose it if you reload" in page.text(".warning")
    finally:
        page.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])


def test_time_counts_while_the_page_is_seen(page):
    begin(page)
    hide = (
        "Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.js("window.now = 1000; performance.now = () => window.now;")
    page.js(hide, True)
    page.js(hide, False)
    page.js("window.now += 700")
    page.js(hide, True)
    page.js("window.now += 60000")
    page.js(hide, False)
    page.js("window.now += 300")
    keys(page, "1")
    page.js("window.now += 450")
    keys(page, "2")
    first, second = json.loads(page.storage("quiz"))["current"][:2]
    assert second["ms"] == 450 and first["ms"] < 30_000 and (first["ms"] - 1000) % 1 == 0


# ------------------------------------------------------------------ with our server


def test_the_result_goes_into_the_store(served, labels):
    page, runs = served
    begin(page)
    give(page, labels[:10])
    page.find("#quiz-stop").click()
    page.wait(lambda: "Saved to" in page.text("#quiz-saved"))
    assert str(runs) in page.text("#quiz-saved")
    page.driver.refresh()  # not saved a second time
    page.wait(lambda: page.find_all("#quiz-saved"))
    assert "Saved to" in page.text("#quiz-saved")
    with open_store(runs, create=False) as store:
        assert [(q["n"], q["accuracy"]) for q in quizzes(store)] == [(10, 1.0)]
    page.open("results")
    page.wait(lambda: page.find_all("#results-quizzes"))
    assert "100.0%" in page.text('#results [aria-labelledby="results-quizzes"]')
    assert page.errors() == []


def test_a_result_that_cannot_be_saved_is_kept(served, labels, monkeypatch):
    page, runs = served
    runs.write_text("a file is in the way")
    begin(page)
    give(page, labels[:10])
    page.find("#quiz-stop").click()
    page.wait(lambda: "Not saved" in page.text("#quiz-saved"))
    assert "cannot create" in page.text("#quiz-saved")
    runs.unlink()
    page.find("#quiz-save").click()
    page.wait(lambda: "Saved to" in page.text("#quiz-saved"))


def test_a_quiz_begun_before_the_last_is_saved_is_not_marked_as_saved(served, labels):
    page, _ = served
    begin(page)
    give(page, labels[:10])
    page.js("window.fetch = () => new Promise((answer) => (window.answer = answer))")
    page.find("#quiz-stop").click()
    page.find("#quiz-again").click()
    page.button("Start").click()
    page.driver.execute_async_script(
        "answer({ok: true, json: async () => ({})}); setTimeout(arguments[0])"
    )
    assert (
        "isSaved" not in page.storage("quiz")
        and json.loads(page.storage("quiz"))["phase"] == "answering"
    )
