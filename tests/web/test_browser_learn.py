"""The lesson: a first visit on a phone from opening to the collapse, then the last step and the
exercises."""

import re

import pytest

WORDS_PER_SECOND = 4  # of a reader whose second language is English
SECONDS_PER_TAP = 1.5
SECONDS_PER_SIGNAL = 3  # to look at one and choose a digit
SECONDS_PER_STEP = 0.012  # the CNN's bar; the other two train beside it


@pytest.fixture
def phone(page):
    page.cdp(
        "Emulation.setDeviceMetricsOverride",
        width=360,
        height=740,
        deviceScaleFactor=1,
        mobile=True,
    )
    return page


def heading(page):
    return page.text("#learn-step")


def choose(page, text):
    page.button(text, within="#learn .question").click()


def feedback(page):
    return page.text("#learn .feedback")


def answered(page):
    page.wait(lambda: page.find_all("#learn .moral:not([hidden])"), 120)
    assert page.find("#learn-next").get_attribute("class") == "button primary"


def go_on(page):
    step = heading(page)
    page.find("#learn-next").click()
    page.wait(lambda: heading(page) != step)


class Clock:
    """The time of a first visit: words at reading speed, taps, and races at the bar of the slowest
    model, so that a busy machine does not count."""

    def __init__(self, page):
        self.page, self.seconds = page, 0.0

    def read(self):
        words = len(re.findall(r"[a-zA-Z]+", self.page.text("#learn .step")))
        self.seconds += words / WORDS_PER_SECOND

    def tap(self, count=1, each=SECONDS_PER_TAP):
        self.seconds += count * each

    def race(self):
        ticks = self.page.find_all("#learn .chart .tick + text")
        self.seconds += int(ticks[-1].text.replace(",", "")) * SECONDS_PER_STEP


def test_a_first_visit_on_a_phone_to_the_collapse(phone, labels):
    """Every step predicts before it reveals; under three minutes, with nothing else read."""
    page = phone
    page.driver.get("about:blank")
    clock = Clock(page)
    page.driver.get(page.address)  # no view, no query: what a link to the page opens
    page.wait(lambda: page.find_all("#learn .digits path"))
    assert heading(page) == "These are digits" and not page.find_all("#learn .feedback:not(:empty)")
    page.slide("Turn the digits", 90)
    assert page.find("#learn .digits path").get_attribute("transform").startswith("rotate(-90")
    choose(page, "7")
    assert feedback(page).startswith("✓ Right") and "7" in feedback(page)
    color = "return getComputedStyle(document.querySelector('.option[data-right=yes]')).color"
    assert page.js(color) == "rgb(10, 107, 61)"  # readable, with the mouse still on it
    answered(page)
    clock.read(), clock.tap(3)
    go_on(page)

    for stage in range(1, 9):
        page.slide("Stage", stage)
    assert page.text("#learn .stage-told").startswith("9 of 9")
    page.wait(lambda: page.find_all("#learn .quiz-plot.wide .signal[d^=M]"))
    choose(page, "middle third")
    page.wait(lambda: feedback(page).startswith("✓ Right"))
    assert page.find("#learn .quiz-plot.wide .digit").get_attribute("d").startswith("M")
    clock.read(), clock.tap(4)
    go_on(page)

    page.wait(lambda: page.find_all("#learn .quiz-digits"))
    clock.read()
    for i, label in enumerate(labels[20:30]):
        answer = label if i else (label + 1) % 10  # one wrong
        page.find(f'#learn [aria-label="Answer {answer}"]').click()
    assert page.text("#learn .score") == "You classified 9 of 10 correctly."
    clock.tap(10, SECONDS_PER_SIGNAL), clock.tap()
    go_on(page)

    clock.read()
    choose(page, "MLP")
    answered(page)
    clock.tap(2), clock.race()
    plain = accuracies(feedback(page))
    assert feedback(page).startswith("✗ Not as you predicted. CNN")
    assert plain["CNN"][0] > plain["MLP"][0] + 15 > plain["logistic regression"][0] + 30
    assert "you 9/10" in page.js("return document.querySelector('#learn .chart').textContent")
    go_on(page)

    clock.read()
    choose(page, "CNN")
    page.find("#learn-shuffle").click()
    page.wait(lambda: page.find_all("#learn .quiz-digits"))
    answered(page)
    clock.tap(3), clock.race()
    found = accuracies(feedback(page))
    assert feedback(page).startswith("✓ As you predicted")
    (before, after), mlp = found["CNN"], found["MLP"]
    assert before == plain["CNN"][0] and before - after > 20 and abs(mlp[0] - mlp[1]) < 5
    assert clock.seconds < 180, f"{clock.seconds:.0f} seconds"

    for digit in "01234":  # as bad a reader as most
        page.find(f'#learn [aria-label="Answer {digit}"]').click()
    assert "of 5 shuffled, after 9 of 10 in order" in page.text("#learn .yours")
    assert page.js("return document.documentElement.scrollWidth") <= 360


def accuracies(text):
    """{model: [percent, ...]} of a sentence."""
    numbers = r"(logistic regression|MLP|CNN) ([\d.]+)%(?: → ([\d.]+)%)?"
    return {name: [float(n) for n in found if n] for name, *found in re.findall(numbers, text)}


def test_a_worker_that_dies_in_a_race_is_reported_and_replaced(page, workers):
    page.open("learn", "?step=4")
    choose(page, "CNN")
    page.js("window.workers[2].dispatchEvent(new ErrorEvent('error', {message: 'out of memory'}))")
    page.wait(lambda: "The CNN stopped: out of memory" in page.text("#learn .contest"))
    assert not page.find_all("#learn .feedback[data-right]")  # no answer without a race
    page.button("Start again", within="#learn").click()
    page.wait(lambda: "stopped" not in page.text("#learn .contest"))
    assert page.js("return window.workers.length") == 4


def test_without_translation_the_mlp_catches_up(page):
    page.open("learn", "?step=6")
    train = page.find("#learn-train")
    assert not train.is_enabled()  # predict first
    choose(page, "it nearly closes")
    assert not train.is_enabled()
    page.slide("Translation", 1)
    page.wait(train.is_enabled)
    train.click()
    answered(page)
    assert feedback(page).startswith("✓ As you predicted")
    found = accuracies(feedback(page))
    assert found["MLP"][0] > 97 and found["CNN"][0] > 97 and "percentage points" in feedback(page)


def test_the_lesson_is_skippable_and_a_link_opens_any_step(page):
    page.open("learn", "?step=4")
    assert heading(page) == "Who wins?" and page.text("#learn-place") == "Step 4 of 6"
    page.find("#learn-back").click()
    assert heading(page) == "Your turn: ten signals"
    page.wait(lambda: "step=3" in page.driver.current_url)
    page.find(".step-marks li:nth-child(2) button").click()
    assert heading(page) == "From digit to signal"
    page.find('#learn a[href="#explore"]').click()
    page.wait(lambda: page.find("#explore").is_displayed())
    page.open("learn", "?step=99")
    assert "step must be a whole number from 1 to" in page.text(".warning")
    assert heading(page) == "These are digits"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "answer", "told"),
    [
        (
            7,
            "the one that just fits all labels",
            r"Test loss peaks at [\d.]+ with \d+ hidden units",
        ),
        (8, "about the same", r"Full network [\d.]+%, pruned [\d.]+%"),
        (9, "0.1", r"falls below 90% first at 0.1: from 100.0% at 0.02 to [\d.]+% at 0.3"),
    ],
)
def test_exercises(page, step, answer, told):
    page.open("learn", f"?step={step}")
    assert not page.find("#learn .experiment").is_enabled()  # predict first
    choose(page, answer)
    page.find("#learn .experiment").click()
    page.wait(lambda: page.find_all("#learn .moral:not([hidden])"), 300)
    assert feedback(page).startswith("✓ As you predicted") and re.search(told, feedback(page))
