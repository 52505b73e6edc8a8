"""The page's bars: its size, its first paint, script time from slider to redraw, and frames while
three models train.

    python -m benchmarks.page

In headless Chromium. Ten signals, 100 moves over several sliders: the time is that of the handler,
which draws before it returns. Frames are those of the page, while three workers train beside it.
"""

import gzip
import statistics
import tempfile
from pathlib import Path

from mnist1d.web.export import export
from mnist1d.web.pages import files
from tests.web.browser import Page, file_server, start_chromium

MOVES = """
const sliders = [...document.querySelectorAll('#explore .knob input[type="range"]')];
const times = [];
for (let i = 0; i < arguments[0]; i++) {
  const slider = sliders[i % sliders.length];
  const [low, high] = [Number(slider.min), Number(slider.max)];
  slider.value = low + (high - low) * ((i * 0.37) % 1);
  const begin = performance.now();
  slider.dispatchEvent(new Event("input"));
  times.push(performance.now() - begin);
}
return times;
"""


PAINTS = "return performance.getEntriesByType('paint').map((p) => p.startTime)"
FRAMES = """
const done = arguments[1];
document.querySelector('#train-run').click();
let times = [], last = performance.now();
const tick = (now) => {
  times.push(now - last);
  last = now;
  if (times.length < arguments[0]) requestAnimationFrame(tick);
  else done(times.slice(20));
};
requestAnimationFrame(tick);
"""


def compressed(files: dict[str, bytes]) -> int:
    """Return the bytes of the page over the wire, without data."""
    return sum(len(gzip.compress(c)) for name, c in files.items() if not name.startswith("data/"))


def main() -> None:
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
                frames = sorted(driver.execute_async_script(FRAMES, 200))
                print(f"frame while three models train: median {statistics.median(frames):.1f} ms, "
                      f"95th {frames[int(0.95 * len(frames))]:.1f} ms (bar: 16.7)")  # fmt: skip
                page.open()
                for show in ("one", "all"):
                    page.fill("#explore-show", show)
                    page.js(MOVES, 20)
                    times = sorted(page.js(MOVES, 100))
                    print(
                        f"slider to redraw, {show}: median {statistics.median(times):.1f} ms, "
                        f"95th {times[94]:.1f} ms (bar: 16)"
                    )
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
