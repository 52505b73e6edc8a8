// The page's ideal observer on raw signals: JSON in, JSON out (see test_observer.py).
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [model, input] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${model}/${name}.js`));
const { Observer } = await load("observer");
const { templates, cases } = JSON.parse(readFileSync(input));

const results = cases.map(({ config, signals }) => {
  try {
    const start = performance.now();
    const observer = new Observer(templates, config);
    const made = performance.now();
    const shares = signals.map((raw) => Array.from(observer.probabilities(Float64Array.from(raw))));
    const each = (performance.now() - made) / Math.max(signals.length, 1);
    return { shares, ms: { make: made - start, each } };
  } catch (error) {
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(results));
