// Trains in node on data that the page draws itself: JSON in, JSON out (see test_engine.py).
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [model, input] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${model}/../${path}.js`));
const { makeSet } = await load("model/exact");
const { Trainer } = await load("engine/trainer");
const KERNELS = {
  wasm: (await load("engine/wasmkernels")).wasmKernels,
  js: (await load("engine/jskernels")).jsKernels,
};
const { templates, sets, gradients, curves } = JSON.parse(readFileSync(input));

const plain = (list) => Array.from(list);
const made = sets.map((config) => makeSet(templates, config));
const described = made.map((set) => ({
  x: plain(set.x), xTest: plain(set.xTest), y: plain(set.y), yTest: plain(set.yTest),
  mean: set.mean, std: set.std, positions: set.positions && plain(set.positions),
}));

const golden = [];
for (const { set, first, kernels, mask, ...settings } of gradients) {
  const trainer = await Trainer.make(made[set], { ...settings, kernels: KERNELS[kernels] });
  const initial = plain(trainer.weights);
  const loss = trainer.gradient(first);
  const gradient = plain(trainer.gradients);
  if (mask) trainer.rewind(Uint8Array.from(mask));
  const steps = Array.from({ length: 3 }, () => trainer.step());
  golden.push({
    initial, loss, gradient, steps, weights: plain(trainer.weights),
    evaluated: [trainer.evaluate("train"), trainer.evaluate("test")],
    probabilities: trainer.probabilities(made[set].xTest.subarray(0, 3 * made[set].points)),
  });
}

const runs = [];
for (const { set, steps, every, seeds, ...settings } of curves) {
  const trainer = await Trainer.make(made[set], settings);
  runs.push(seeds.map((seed) => {
    trainer.start(seed);
    const found = [trainer.evaluate("test")];
    while (trainer.steps < steps) {
      trainer.step();
      if (trainer.steps % every === 0) found.push(trainer.evaluate("test"));
    }
    return found;
  }));
}
process.stdout.write(JSON.stringify({ sets: described, golden, runs }));
