// Runs the page's generator on draws that the Python package wrote: JSON in, JSON out (see test_generator.py).
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [model, input] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${model}/${name}.js`));
const { Pipeline } = await load("signals");
const { expectedMoments } = await load("moments");
const { Scene } = await load("scene");
const { TestSet } = await load("testset");
const { site, cases, bent, test, longer } = JSON.parse(readFileSync(input));
const { templates } = site;

const plain = (stage) => ({ name: stage.name, x: Array.from(stage.x) });
const results = cases.map(({ config, draws }) => {
  const pipeline = new Pipeline(templates, config);
  return {
    stages: draws.map((draw) => pipeline.stages(draw).map(plain)),
    applied: draws.map((draw) => Array.from(pipeline.apply(draw))),
    time: Array.from(pipeline.time()),
    moments: expectedMoments(templates, config),
  };
});

// what Explore shows, before standardisation, and where these signals lie in Python's test set
const scene = new Scene(site);
const every = { show: "all", sample: 0, raw: true };
const shown = bent.map((config) => {
  const panels = scene.prepare(config).panels(every);
  return {
    x: panels.flat().map(({ x }) => Array.from(x)),
    labels: panels.flat().map(({ label }) => label),
    rows: scene.rows(every),
  };
});

// the noise of signals that are longer than Python's by default
scene.prepare(longer);
const noise = Array.from({ length: 10 }, (_, label) => scene.draw(label, 0)).flatMap(
  ({ corrNoise, iidNoise }) => [...corrNoise.slice(72), ...iidNoise.slice(72)],
);

// the published test set: where its digits are, and a signal of each without noise
const bytes = Uint8Array.from(Buffer.from(test, "base64"));
const set = new TestSet(bytes.buffer, site);
const presence = [0, 1, 2, 500, 999].map((row) => [false, true].map((isShuffled) => set.presence(row, isShuffled)));
const clean = Array.from({ length: 10 }, (_, label) => [false, true].map((isShuffled) => set.clean(label, isShuffled)));

process.stdout.write(JSON.stringify({ results, shown, noise, presence, clean }));
