"""The page's two bars: script time from slider to redraw, and the size of the exported site.

    python -m benchmarks.page

Ten signals, 100 moves over several sliders, in headless Chromium; the time is that of the handler,
which draws before it returns.
"""

import statistics
import tempfile
from pathlib import Path

from mnist1d.web.export import export
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        export(site)
        sizes = [path.stat().st_size for path in site.rglob("*") if path.is_file()]
        print(f"exported site: {sum(sizes) / 1000:.0f} KB in {len(sizes)} files (bar: 500)")
        driver = start_chromium(Path(folder))
        try:
            with file_server(site) as address:
                page = Page(driver, address, folder).open()
                loaded = page.js("return performance.getEntriesByType('navigation')[0].duration")
                print(f"load event after {loaded:.0f} ms, from this machine")
                for show in ("one", "all"):
                    page.fill("#explore-show", show)
                    page.js(MOVES, 20)
                    times = sorted(page.js(MOVES, 100))
                    print(
                        f"slider to redraw, {show}: median {statistics.median(times):.1f} ms, 95th {times[94]:.1f} ms (bar: 16)"
                    )
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
