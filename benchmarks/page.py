"""Measurements of the page: its size, its first paint, the time of a slider's move, frame times
while three models train and while the ideal observer answers, and loading the results of a folder.

    python -m benchmarks.page --runs mnist1d-runs

Runs headless Chromium. A slider's move: 100 moves of several sliders with ten and with a hundred
signals, one per frame; the time is the main thread's own. Frames are those of the page while three
workers train.
"""

import argparse
import gzip
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from mnist1d.web.export import export
from mnist1d.web.pages import files
from tests.web.browser import Page, file_server, start_chromium

MOVES = """
const [count, done] = arguments;
const sliders = [...document.querySelectorAll('#explore .knob input[type="range"]')];
let i = 0;
const move = () => {
  if (i === count) return done();
  const slider = sliders[i % sliders.length];
  const [low, high] = [Number(slider.min), Number(slider.max)];
  slider.value = low + (high - low) * ((i++ * 0.37) % 1);
  slider.dispatchEvent(new Event("input"));
  requestAnimationFrame(move);
};
requestAnimationFrame(move);
"""
PAINTS = "return performance.getEntriesByType('paint').map((p) => p.startTime)"
FRAMES = """
const [count, isBending, done] = arguments;
const slider = document.querySelector('#explore [aria-label="White noise"]');
let times = [], last = performance.now();
const tick = (now) => {
  times.push(now - last);
  last = now;
  if (isBending) {
    slider.value = 0.02 + 0.1 * ((times.length % 50) / 50);
    slider.dispatchEvent(new Event("input"));
  }
  if (times.length < count) requestAnimationFrame(tick);
  else done(times.slice(20));
};
requestAnimationFrame(tick);
"""
OPENED = """
window.opened = [];
new MutationObserver(() => {
  const count = document.querySelectorAll('#results .study').length;
  const isWhole = document.getElementById('results-summary')?.textContent.includes('claim');
  const when = performance.timeOrigin + performance.now();
  if (count) window.opened.push([count, Boolean(isWhole), when / 1000]);
}).observe(document, { subtree: true, childList: true });
"""


def compressed(files: dict[str, bytes]) -> int:
    """Return the bytes of the page over the wire, without data."""
    return sum(len(gzip.compress(c)) for name, c in files.items() if not name.startswith("data/"))


def frames(driver, what: str, is_bending: bool) -> None:
    times = sorted(driver.execute_async_script(FRAMES, 320, is_bending))
    print(
        f"frame {what}: median {statistics.median(times):.1f} ms, "
        f"95th {times[int(0.95 * len(times))]:.1f} ms (bar: 16.7)"
    )


def moves(page: Page, show: str, count: int) -> None:
    page.cdp("Performance.enable", timeDomain="threadTicks")
    before = metrics(page)
    page.driver.execute_async_script(MOVES, count)
    after = metrics(page)
    page.cdp("Performance.disable")
    script, task = (
        1000 * (after[name] - before[name]) / count for name in ("ScriptDuration", "TaskDuration")
    )
    print(
        f"a slider's move, {show}: {script:.1f} ms of script, {task:.1f} ms of the main thread "
        "(bar: 8)"
    )


def metrics(page: Page) -> dict[str, float]:
    return {m["name"]: m["value"] for m in page.cdp("Performance.getMetrics")["metrics"]}


def opening(page: Page, runs: Path) -> None:
    """Time the results of a folder, from the start of `mnist1d web` to the first studies and to
    all of them in the page; then once more on the same server."""
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=OPENED)
    start = time.time()
    command = ["mnist1d", "web", "--runs", str(runs), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        page.address = server.stdout.readline().split()[0]
        for which in ("first", "second"):
            page.driver.get(f"{page.address}#results")
            page.wait(lambda: page.js("return window.opened.some(([, isWhole]) => isWhole)"))
            seen = page.js("return window.opened")
            (some, _, first), (count, _, last) = seen[0], next(one for one in seen if one[1])
            print(
                f"results, {which} opening: {some} studies after {first - start:.2f} s, "
                f"all {count} after {last - start:.2f} s (bar: 2)"
            )
            page.driver.get("about:blank")  # closes the stream of updates
            start = time.time()
        server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, help="a folder of runs whose results are opened")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        export(site)
        sizes = [path.stat().st_size for path in site.rglob("*") if path.is_file()]
        print(f"exported site: {sum(sizes) / 1000:.0f} KB in {len(sizes)} files")
        print(f"page without data, gzip: {compressed(files()) / 1000:.0f} KB (bar: 400)")
        driver = start_chromium(Path(folder))
        try:
            with file_server(site) as address:
                page = Page(driver, address, folder).open()
                page.open("learn")
                paints = page.wait(lambda: page.js(PAINTS))
                print(f"first paint after {paints[0]:.0f} ms (bar: 1000)")
                page.open("train")
                page.wait(lambda: "paused" in page.text("#train .lanes"))
                page.find("#train-run").click()
                frames(driver, "while three models train", False)
                page.wait(lambda: "Ideal observer" in page.text("#train .inside"))
                frames(driver, "while they train and the observer judges their mistakes", False)
                page.open("explore", "?ask=3")
                page.wait(lambda: page.find_all("#explore .answers td"))
                frames(driver, "while a slider moves and the observer answers", True)
                page.open()
                for show in ("one", "all"):
                    page.fill("#explore-show", show)
                    driver.execute_async_script(MOVES, 20)
                    moves(page, show, 100)
            if args.runs:
                opening(page, args.runs)
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
