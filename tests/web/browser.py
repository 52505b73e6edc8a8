"""What the tests in a real browser share: Chromium headless, the exported site on a plain file
server, ours with a folder of runs."""

import contextlib
import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

IS_REQUIRED = bool(
    os.environ.get("MNIST1D_BROWSER")
)  # set where a missing browser is a failure, not a reason to skip


def missing(reason):
    """Skip, or fail where the browser is required."""
    (pytest.fail if IS_REQUIRED else pytest.skip)(reason)


def start_chromium(downloads, *flags):
    """Start headless Chromium that reaches this machine only and saves files into a folder."""
    binary = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    driver = shutil.which("chromedriver")
    if not (binary and driver):
        missing("no Chromium with its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "hide-scrollbars",
        "window-size=1440,900",
        "force-device-scale-factor=1",
        *flags,
    ):
        options.add_argument(f"--{flag}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


@contextlib.contextmanager
def file_server(folder):
    """Serve a folder as any static host does; yields its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with in_thread(
        http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
        )
    ) as server:
        yield f"http://127.0.0.1:{server.server_port}/"


@contextlib.contextmanager
def in_thread(server):
    """Run a server until the block ends."""
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class Page:
    """One page in the browser, in the words of its tests."""

    def __init__(self, driver, address, downloads):
        self.driver, self.address, self.downloads = driver, address, downloads

    def open(self, view="explore", query="", wait=True):
        """Load the page with nothing kept from before."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.address}{query}#{view}")
        if wait:
            self.wait(
                lambda: self.js(
                    "return !document.getElementById(arguments[0]).hidden && "
                    "!document.getElementById('page-boot')",
                    view,
                )
            )
            self.wait_drawn(view)
        return self

    def wait_drawn(self, view):
        """Wait until a view holds more than its lines in the HTML."""
        script = (
            "return [...document.getElementById(arguments[0]).children].some("
            "(e) => !e.matches('h2, p.lead, p.next'))"
        )
        self.wait(lambda: self.js(script, view))

    def forget(self):
        """Delete what the browser keeps for the page."""
        self.cdp(
            "Storage.clearDataForOrigin",
            origin="/".join(self.address.split("/")[:3]),
            storageTypes="all",
        )

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def cdp(self, command, **params):
        return self.driver.execute_cdp_cmd(command, params)

    def wait(self, condition, seconds=30):
        return WebDriverWait(self.driver, seconds, poll_frequency=0.03).until(lambda _: condition())

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def button(self, text, within="main"):
        """The visible button that says `text`."""
        found = [
            b
            for b in self.find_all(f"{within} button")
            if b.is_displayed() and b.text.strip() == text
        ]
        assert len(found) == 1, f"{len(found)} visible buttons say {text!r}"
        return found[0]

    def text(self, selector):
        """The text of an element, read in one step, since views may replace it at any time."""
        return self.js("return document.querySelector(arguments[0]).innerText.trim()", selector)

    def fill(self, selector, value):
        """Type a value into a field and leave it."""
        self.js(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))",
            self.find(selector),
            str(value),
        )

    def slide(self, label, value):
        """Move a slider, and wait for the frame that shows it."""
        slider = self.find(f'input[type="range"][aria-label="{label}"]')
        self.driver.execute_async_script(
            "const [slider, value, done] = arguments; slider.value = value; "
            "slider.dispatchEvent(new Event('input')); requestAnimationFrame(() => done())",
            slider,
            value,
        )

    def options(self):
        """Expand everything that is collapsed."""
        self.js("document.querySelectorAll('details').forEach((d) => (d.open = true))")

    def lines(self):
        """The drawn lines of Explore's panels."""
        return self.js(
            "return [...document.querySelectorAll('#explore .whole')].map((p) => "
            "p.getAttribute('d'))"
        )

    def saved(self, name):
        """The file that a click saved, once it is whole."""
        path = Path(self.downloads) / name
        self.wait(lambda: path.exists() and path.stat().st_size)
        return path

    def clipboard(self):
        return self.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")

    def storage(self, key):
        return self.js("return localStorage.getItem('mnist1d.' + arguments[0])", key)

    def errors(self):
        """Errors on the console."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]
