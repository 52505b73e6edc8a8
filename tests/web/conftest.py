"""What the tests of the page share: node and the folder of the page's modules; Chromium and the
exported site."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import mnist1d.web
from mnist1d.generate import load_dataset
from mnist1d.web.export import export
from tests.web.client import serving

SITE = Path(mnist1d.web.__file__).parent / "site"
HERE = Path(__file__).parent
WORKERS = """
window.workers = [];
const Original = window.Worker;
window.Worker = class extends Original {
  constructor(...given) {
    super(...given);
    window.workers.push(this);
  }
};
"""


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """Run a module of tests/web in node on a JSON document and return the JSON that it prints;
    skips without node."""
    if shutil.which("node") is None:
        pytest.skip("the page's modules run in node, which is not installed")

    def run(module, document, timeout=60):
        path = tmp_path_factory.mktemp("node") / "in.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        command = ["node", str(HERE / module), str(SITE / "js" / "model"), str(path)]
        process = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return run


@pytest.fixture(scope="session")
def browser():
    """tests/web/browser.py; skips without Selenium."""
    return pytest.importorskip(
        "tests.web.browser",
        reason="the page's tests in a browser need Selenium: pip install selenium",
    )


@pytest.fixture(scope="session")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def driver(browser, downloads):
    driver = browser.start_chromium(downloads)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def address(browser, tmp_path_factory):
    """The exported site on a plain file server, below a folder."""
    folder = tmp_path_factory.mktemp("host")
    export(folder / "below" / "mnist1d")
    with browser.file_server(folder) as root:
        yield root + "below/mnist1d/"


@pytest.fixture
def fresh(driver, downloads):
    """Chromium as if just started: nothing kept, no emulation, no downloads."""
    for file in downloads.iterdir():
        file.unlink()
    driver.get("about:blank")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    driver.get_log("browser")
    return driver


@pytest.fixture
def page(browser, fresh, address, downloads):
    """The exported page; at the end of a test its console must be without errors."""
    page = browser.Page(fresh, address, downloads)
    page.forget()
    yield page
    assert page.errors() == []


@pytest.fixture
def workers(page):
    """Workers that the page makes are kept in window.workers."""
    script = page.cdp("Page.addScriptToEvaluateOnNewDocument", source=WORKERS)
    yield
    page.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])


@pytest.fixture
def served(browser, fresh, downloads, tmp_path):
    """The page from our server with a folder of runs: (page, folder)."""
    with serving(tmp_path / "runs") as port:
        page = browser.Page(fresh, f"http://127.0.0.1:{port}/", downloads)
        yield page, tmp_path / "runs"
        fresh.get("about:blank")  # ends the news


@pytest.fixture(scope="session")
def labels():
    """The labels of the published test signals, (1000,)."""
    return load_dataset().y_test
