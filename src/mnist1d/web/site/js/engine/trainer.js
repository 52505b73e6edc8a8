/** One model, its data and its optimizer: the benchmark's protocol, one step at a time. */

import { crossEntropy, exp } from "./activations.js";
import { fastest, LANES } from "./kernels.js";
import { layerKeys, plan } from "./models.js";
import { Arena, Signals } from "./network.js";
import { key, split, uniform } from "./threefry.js";

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8]; // Adam's constants, the defaults of PyTorch and optax

/** A model that learns.
 *
 * data: {x, y, xTest, yTest, points}, signals (n * points) float32 and labels, as `makeSet` returns
 * them. settings: {model, seed, batch, learningRate, width, kernels}, all but the model with
 * defaults. Seed s starts from the weights that `mnist1d run spatial-priors` gives its seed s.
 */
export class Trainer {
  static async make(data, settings) {
    const trainer = new Trainer(data, settings);
    const kernels = await (settings.kernels ?? fastest)(trainer.memory);
    trainer.context = { kernels, numbers: trainer.numbers };
    return trainer;
  }

  constructor(data, { model, seed = 0, batch = 100, learningRate = 0.01, width }) {
    this.data = data;
    [this.numTrain, this.numTest] = [data.y.length, data.yTest.length];
    this.batch = Math.min(batch, this.numTrain);
    this.learningRate = learningRate;
    this.columns = LANES * Math.ceil(this.batch / LANES); // signals processed at a time
    // training signals, the first ones again, test signals, and space for one more batch
    this.testStart = this.numTrain + this.columns;
    this.spare = this.testStart + this.numTest;
    const arena = new Arena();
    this.signals = new Signals(arena, data.points, this.spare + this.columns);
    this.network = plan(model, arena, this.signals, this.columns, width ? { width } : {});
    this.planWeights(arena);
    this.memory = arena.build();
    this.numbers = new Float32Array(this.memory.buffer);
    this.weights = this.numbers.subarray(this.w / 4, this.w / 4 + this.size);
    this.gradients = this.numbers.subarray(this.dw / 4, this.dw / 4 + this.size);
    for (const { ones, columns } of [this.signals, this.network.constants]) {
      this.numbers.fill(1, ones / 4, ones / 4 + columns);
    }
    this.write(data.x, this.numTrain + this.columns, 0);
    this.write(data.xTest, this.numTest, this.testStart);
    const again = Array.from({ length: this.columns }, (_, i) => data.y[i % this.numTrain]);
    this.labels = Uint8Array.from([...data.y, ...again, ...data.yTest]);
    this.start(seed);
  }

  planWeights(arena) {
    const { layers } = this.network;
    this.size = layers.reduce((sum, { size }) => sum + size, 0);
    [this.w, this.dw] = [arena.numbers(this.size), arena.numbers(this.size)];
    let at = 0;
    for (const layer of layers) {
      [layer.w, layer.dw, layer.at] = [this.w + 4 * at, this.dw + 4 * at, at];
      at += layer.size;
    }
  }

  /** Write `count` signals of x to the columns from `start` on; after the last signal, start again
   * with the first. */
  write(x, count, start) {
    const { points } = this.data;
    const n = x.length / points;
    for (let t = 0; t < points; t++) {
      const row = this.signals.row("value", 0, t) / 4 + start;
      for (let i = 0; i < count; i++) this.numbers[row + i] = x[(i % n) * points + t];
    }
  }

  /** Return to step 0, with a seed's initial weights. */
  start(seed) {
    const [initial] = split(key(seed));
    layerKeys(initial, this.network).forEach((each, i) => {
      const { at, size, fanIn } = this.network.layers[i];
      this.weights.set(uniform(each, size, fanIn ** -0.5), at);
    });
    this.first = this.weights.slice();
    this.rewind();
  }

  /** Return to step 0 and the initial weights; with a mask (size,) of 0 and 1, weights at 0 stay 0.
   */
  rewind(mask = null) {
    this.mask = mask;
    this.weights.set(mask ? this.first.map((value, i) => value * mask[i]) : this.first);
    [this.mean, this.square] = [new Float32Array(this.size), new Float32Array(this.size)];
    [this.decay1, this.decay2] = [1, 1];
    this.steps = 0;
  }

  /** One step of Adam on the next batch; returns the batch's loss before the step. */
  step() {
    const loss = this.gradient((this.steps * this.batch) % this.numTrain);
    this.adam();
    this.steps += 1;
    return loss;
  }

  /** The mean loss of the batch that starts at a signal; its gradient is in `gradients` afterwards.
   */
  gradient(first) {
    const { context, network, numbers } = this;
    this.gradients.fill(0);
    for (const { output } of network.steps) {
      numbers.fill(0, output.gradient / 4, output.gradient / 4 + output.size);
    }
    this.forward(first);
    const { loss } = this.loss(first, this.batch, network.logits.gradient);
    for (const step of network.steps.toReversed()) step.backward(context, 4 * first);
    return loss;
  }

  forward(first) {
    for (const step of this.network.steps) step.forward(this.context, 4 * first);
  }

  loss(first, count, gradient = 0) {
    const { logits } = this.network;
    const [classes, columns] = [logits.channels, this.columns];
    const { numbers, labels } = this;
    const where = { logits: logits.value, gradient, classes, columns, count, first };
    return crossEntropy(numbers, labels, where);
  }

  adam() {
    const { weights, gradients, mean, square, learningRate, mask } = this;
    this.decay1 *= BETA1;
    this.decay2 *= BETA2;
    const [unbias1, unbias2] = [1 / (1 - this.decay1), 1 / (1 - this.decay2)];
    for (let i = 0; i < this.size; i++) {
      const g = mask ? mask[i] * gradients[i] : gradients[i];
      mean[i] = BETA1 * mean[i] + (1 - BETA1) * g;
      square[i] = BETA2 * square[i] + (1 - BETA2) * g * g;
      weights[i] -= (learningRate * mean[i] * unbias1) / (Math.sqrt(square[i] * unbias2) + EPSILON);
    }
  }

  /** Mean loss and accuracy over a part of the data, "train" or "test". */
  evaluate(part) {
    const [start, n] = part === "test" ? [this.testStart, this.numTest] : [0, this.numTrain];
    let [loss, correct] = [0, 0];
    for (let i = 0; i < n; i += this.columns) {
      const count = Math.min(this.columns, n - i);
      this.forward(start + i);
      const found = this.loss(start + i, count);
      loss += found.loss * count;
      correct += found.correct;
    }
    return { loss: loss / n, accuracy: correct / n };
  }

  /** Class probabilities of signals x (n * points): n lists. */
  probabilities(x) {
    const { points } = this.data;
    const n = x.length / points;
    const out = [];
    for (let i = 0; i < n; i += this.columns) {
      const count = Math.min(this.columns, n - i);
      this.write(x.subarray(i * points, (i + count) * points), count, this.spare);
      this.forward(this.spare);
      for (let c = 0; c < count; c++) out.push(this.softmax(c));
    }
    return out;
  }

  softmax(column) {
    const { value, channels } = this.network.logits;
    const at = (k) => this.numbers[value / 4 + k * this.columns + column];
    const logits = Array.from({ length: channels }, (_, k) => at(k));
    const most = Math.max(...logits);
    const weights = logits.map((logit) => exp(logit - most));
    const sum = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / sum);
  }
}
