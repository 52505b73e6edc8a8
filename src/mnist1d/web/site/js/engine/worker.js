/** A worker that trains one model, so that the page stays responsive; see race.js for its side.
 *
 * Its requests are make, run, pause, step, restart, prune, inspect, judge and stop; it sends
 * made, progress, inspected, judged and failed.
 */

import { makeSet } from "../model/exact.js";
import { addLabelNoise } from "./labelnoise.js";
import { firstLayer, mistakes, pruningMask } from "./inside.js";
import { Trainer } from "./trainer.js";

const SLICE = 24; // milliseconds of training before new requests are read
const TELL = 100; // at least this many milliseconds between reports: each one redraws the page
const TRAIN_EVERY = 5; // test-set evaluations per evaluation on the training set, which is larger

const yielding = new MessageChannel();
const state = { trainer: null, settings: null, isRunning: false, rate: 0, told: 0, points: [] };

const acts = {
  async make({ templates, config, settings }) {
    let set = makeSet(templates, config);
    if (settings.labelNoise) set = addLabelNoise(set, settings.labelNoise);
    state.settings = settings;
    state.trainer = await Trainer.make(set, settings);
    const { trainer } = state;
    const { numTrain, numTest, size } = trainer;
    tell("made", { numTrain, numTest, size, kernels: trainer.context.kernels.name });
    begin();
  },
  run() {
    state.isRunning = true;
    slice();
  },
  pause() {
    state.isRunning = false;
    report();
  },
  step({ count }) {
    state.isRunning = false;
    advance(count);
    report();
  },
  restart({ seed }) {
    state.isRunning = false;
    state.trainer.start(seed ?? state.settings.seed);
    begin();
  },
  prune({ share, how }) {
    state.isRunning = false;
    state.trainer.rewind(pruningMask(state.trainer, share, how));
    begin();
  },
  inspect({ count }) {
    const { trainer } = state;
    tell("inspected", { weights: firstLayer(trainer), mistakes: mistakes(trainer, count) });
  },
  judge({ raw }) {
    const { trainer } = state;
    tell("judged", { probabilities: trainer.probabilities(standardised(raw, trainer.data)) });
  },
};

onmessage = async ({ data: { act, ...given } }) => {
  try {
    await acts[act](given);
  } catch (error) {
    state.isRunning = false;
    tell("failed", { message: error.message });
  }
};

yielding.port1.onmessage = () => slice();

function tell(what, content) {
  postMessage({ what, ...content });
}

/** A raw signal, standardised and permuted like the training set. */
function standardised(raw, { mean, std, positions }) {
  return Float32Array.from(raw, (_, i) => (raw[positions ? positions[i] : i] - mean) / std);
}

function begin() {
  state.points = [evaluated()];
  report();
}

/** Train for a slice, report now and then, and continue after handling new requests. */
function slice() {
  if (!state.isRunning) return;
  const { trainer } = state;
  const [start, first] = [performance.now(), trainer.steps];
  while (performance.now() - start < SLICE && !isDone()) advance(1);
  const rate = (1000 * (trainer.steps - first)) / (performance.now() - start);
  state.rate = state.rate ? 0.9 * state.rate + 0.1 * rate : rate;
  if (isDone()) state.isRunning = false;
  if (isDone() || performance.now() - state.told > TELL) report();
  yielding.port2.postMessage(null);
}

const isDone = () => state.trainer.steps >= state.settings.steps;

/** Take steps, and add points to the curves on the way. */
function advance(count) {
  const { trainer, settings } = state;
  for (let i = 0; i < count && !isDone(); i++) {
    trainer.step();
    const isDue = settings.early.includes(trainer.steps) || trainer.steps % settings.every === 0;
    if (isDue || isDone()) state.points.push(evaluated());
  }
}

/** A point of the curves: always on the test set, and now and then on the training set. */
function evaluated() {
  const { trainer, settings } = state;
  const { steps } = trainer;
  const test = trainer.evaluate("test");
  const isWhole = isDone() || steps % (settings.every * TRAIN_EVERY) === 0;
  const train = isWhole ? trainer.evaluate("train") : null;
  return {
    step: steps,
    test: test.accuracy,
    testLoss: test.loss,
    train: train && train.accuracy,
    trainLoss: train && train.loss,
  };
}

/** Report the points since the last report, and the progress of training. */
function report() {
  const { trainer, isRunning, rate, points } = state;
  [state.told, state.points] = [performance.now(), []];
  tell("progress", { points, step: trainer.steps, isRunning, isDone: isDone(), rate });
}
