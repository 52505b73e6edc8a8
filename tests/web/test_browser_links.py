"""Every state is a link: what a view shows comes back from its address; frames and projectors."""

import pytest

from tests.web.client import ask, serving


def query(page):
    return page.js("return location.search")


@pytest.mark.parametrize(
    ("view", "link", "is_shown"),
    [
        ("explore", "?show=3&raw=1", "Showing ten signals of digit 3, seed 42, raw values"),
        ("explore", "?sample=4&seed=9", "Showing example 5 of each digit, seed 9"),
        ("pipeline", "?digit=8&stage=4&sample=2", "4. translate"),
        ("pipeline", "?stage=8", "8. resample"),
        (
            "train",
            "?models=cnn,gru&steps=777&train_seed=12",
            "CNN, GRU: 777 steps, training seed 12",
        ),
        ("learn", "?step=5", "Shuffle the points"),
        ("quiz", "?first=300", "signals 300 to 399"),
        ("takeaway", "?padding=30,50", "Changed settings: padding."),
    ],
)
def test_a_link_shows_what_it_says_and_foreign_keys_do_not_matter(page, view, link, is_shown):
    page.open(view, f"{link}&utm_source=mail&fbclid=x&scale_coef=1")
    page.wait(lambda: is_shown in page.text(f"#{view}"))
    assert page.find_all(".warning") == []


def test_the_address_follows_every_action(page):
    page.open("pipeline")
    page.fill("#pipeline-digit", 6)
    page.button("Next").click()
    page.button("Next").click()
    page.wait(lambda: query(page) == "?digit=6&stage=2")
    page.find('nav a[href="#explore"]').click()
    page.wait(lambda: page.find_all("#explore-show"))
    page.options()
    page.fill("#explore-show", "all")
    page.button("Shuffled").click()
    page.wait(lambda: query(page) == "?shuffle_seq=true&show=all&digit=6&stage=2")
    page.find('nav a[href="#quiz"]').click()
    page.wait(lambda: page.find_all("#quiz-first"))
    page.fill("#quiz-first", 200)
    page.wait(lambda: query(page).endswith("&first=200"))


@pytest.mark.parametrize(
    ("link", "rule"),
    [
        ("?scale_coeff=big", 'scale_coeff must be a number, got "big"'),
        ("?padding=9,3", "swap them: 3, 9"),
        ("?final_seq_length=5000", "at most 400 points on this page"),
        ("?digit=12", "digit must be a whole number from 0 to 9, got “12”"),
        ("?hide=nav", "hide must be one of header, footer"),
        ("?log=maybe", "log must be one of 1, 0, true, false"),
    ],
)
def test_impossible_values_are_reported_and_the_rest_is_kept(page, link, rule):
    page.open("explore", f"{link}&corr_noise_scale=0.5")
    assert rule in page.text(".warning") and "keeps the rest of the link" in page.text(".warning")
    assert page.find("#explore-corr_noise_scale").get_attribute("value") == "0.5"
    assert page.find("#explore-scale_coeff").get_attribute("value") == "0.4"


def test_embedded(page):
    page.open("train", "?embed=1&hide=title,code&models=mlp")
    for hidden in ("header", "footer", "#train-h", "#train .python"):
        assert not page.find(hidden).is_displayed()
    assert page.find("#train-run").is_displayed()


def test_on_a_projector(page):
    def size():
        return page.js("return parseFloat(getComputedStyle(document.querySelector('h2')).fontSize)")

    page.open("explore")
    usual = size()
    page.open("explore", "?projector=1")
    assert size() > 1.3 * usual
    for view in ("explore", "learn", "train"):
        page.open(view, "?projector=1")
        assert page.js("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("frames", "is_allowed"), [(False, False), (True, True)])
def test_frames_of_other_sites(frames, is_allowed):
    with serving(frames=frames) as port:
        policy = ask(port, "GET", "/")[1]["Content-Security-Policy"]
    assert ("frame-ancestors *" in policy) == is_allowed
    assert ("frame-ancestors 'none'" in policy) != is_allowed


def test_models_train_under_the_servers_policy(browser, fresh, downloads):
    with serving() as port:
        page = browser.Page(fresh, f"http://127.0.0.1:{port}/", downloads)
        page.open("train", "?models=mlp&steps=30")
        page.wait(lambda: "paused" in page.text("#train .lanes"))
        page.find("#train-run").click()
        page.wait(lambda: "finished" in page.text("#train .lanes"))
        script = (
            "const done = arguments[0];"
            "import('./js/engine/kernels.js').then((m) => m.fastest(new "
            "WebAssembly.Memory({initial: 1}))).then((kernels) => done(kernels.name))"
        )
        assert page.driver.execute_async_script(script) == "WebAssembly SIMD"
        assert page.errors() == []
