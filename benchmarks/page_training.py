"""Training in a browser, three ways: milliseconds per step at batch 100; one JSON line.

    npm pack @jax-js/jax && tar xzf jax-js-jax-*.tgz
    python -m benchmarks.page_training --jax-js package

The ways: the page's kernels in WebAssembly with SIMD, the same kernels in plain JavaScript, and
(with --jax-js) the npm package @jax-js/jax, on WebAssembly and, if Chromium supports it, on WebGPU.
All run in headless Chromium, one after the other, in one process. On a machine without a GPU,
WebGPU runs on Chromium's software adapter.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import tempfile
from pathlib import Path

from mnist1d.web.export import export
from tests.web.browser import file_server, start_chromium

STEPS = {"wasmKernels": 300, "jsKernels": 100, "wasm": 60, "webgpu": 60}
MODELS = ("logistic", "mlp", "cnn", "gru")
BARS = {"mlp": 4, "cnn": 12}  # milliseconds
WEBGPU = ("enable-unsafe-webgpu", "use-webgpu-adapter=swiftshader", "enable-features=Vulkan")
CALL = """
const [name, ...rest] = arguments;
const done = rest.pop();
import("./page_training.js").then((m) => m[name](...rest)).then(done, (e) => done(String(e)));
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jax-js", type=Path, help="the unpacked npm package @jax-js/jax")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many is printed")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export(folder / "site")
        shutil.copy(Path(__file__).with_suffix(".js"), folder)
        (folder / "index.html").write_text("<!doctype html><title>steps</title>")
        if args.jax_js:
            shutil.copytree(args.jax_js / "dist", folder / "jax")
        driver = start_chromium(folder, *WEBGPU)
        try:
            driver.set_script_timeout(600)
            with file_server(folder) as address:
                driver.get(address)
                found = measure(driver, args.rounds, bool(args.jax_js))
                version = driver.capabilities["browserVersion"]
        finally:
            driver.quit()
    print(json.dumps({"milliseconds": found, "bars": BARS, "chromium": version,
                      "processor": platform.processor() or platform.machine()}))  # fmt: skip


def measure(driver, rounds: int, has_jax_js: bool) -> dict[str, dict[str, float | str | None]]:
    """Return the time of a step in the fastest round, {way: {model: milliseconds}}."""
    ways = [("ours", "wasmKernels", MODELS), ("ours", "jsKernels", MODELS)]
    if has_jax_js:
        ways += [("jaxJs", device, ("mlp", "cnn")) for device in ("wasm", "webgpu")]
    found: dict[str, dict[str, float | str | None]] = {}
    for function, kind, models in ways:
        for model in models:
            times = []
            for _ in range(rounds):
                driver.refresh()  # a new engine, with nothing compiled
                times.append(driver.execute_async_script(CALL, function, model, kind, STEPS[kind]))
            numbers = [t for t in times if isinstance(t, int | float)]
            best = (
                round(min(numbers), 2) if numbers else times[0]
            )  # a message, or null if not available
            found.setdefault(f"{function} {kind}", {})[model] = best
    return found


if __name__ == "__main__":
    main()
