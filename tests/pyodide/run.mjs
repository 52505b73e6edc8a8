// node run.mjs FOLDER SRC: run core.py, beside this file, under the Pyodide in FOLDER
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, source] = process.argv.slice(2);
const home = resolve(folder, "node_modules/pyodide");
const { loadPyodide } = await import(pathToFileURL(resolve(home, "pyodide.mjs")));
const py = await loadPyodide({ indexURL: home });
await py.loadPackage(["numpy", "scipy"], { messageCallback: () => {} });
py.FS.mkdir("/src");
py.mountNodeFS("/src", source);
try {
  console.log(py.runPython(readFileSync(new URL("core.py", import.meta.url), "utf8")));
} catch (error) {
  console.error(error.message); // node itself would print the whole of Pyodide's source
  process.exit(1);
}
