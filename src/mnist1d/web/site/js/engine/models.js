/** The four models of the benchmark table, as in mnist1d/learning/models.py: each is a list of
 * steps. */

import { Relu, Sum } from "./activations.js";
import { Gru } from "./gru.js";
import { Constants, Linear, sliding, whole } from "./network.js";
import { split } from "./threefry.js";

const CLASSES = 10;
const CNN_LAYERS = [
  [5, 2, 1],
  [3, 2, 1],
  [3, 2, 1],
]; // kernel, stride, padding

/** Plan a model in an arena, for Signals of which `columns` are processed at a time.
 *
 * Returns {steps, layers, logits, constants}: steps have forward(context, at) and backward(context,
 * at); layers are the steps with weights, each {size, fanIn, w, dw}; logits is a Field (classes, 1,
 * columns).
 */
export function plan(name, arena, signals, columns, options = {}) {
  const constants = new Constants(arena, columns);
  const dense = (input, outputs, patches = whole(input)) =>
    new Linear(arena, input, outputs, columns, constants, patches);
  const conv = (input, outputs, [kernel, stride, padding]) =>
    dense(input, outputs, sliding(input, constants, { kernel, stride, padding }));
  const steps = MODELS[name].steps({ arena, signals, columns, constants, dense, conv, ...options });
  const layers = steps.flatMap((step) => step.layers ?? (step.size ? [step] : []));
  return { steps, layers, logits: steps.at(-1).output, constants };
}

/** What the page calls each model, and how it is built; `width` is its only size. */
export const MODELS = {
  logistic: {
    label: "logistic",
    inWords: "logistic regression",
    steps: ({ signals, dense }) => [dense(signals, CLASSES)],
  },
  mlp: {
    label: "MLP",
    inWords: "MLP",
    width: 100,
    steps({ arena, signals, columns, dense, width = 100 }) {
      const first = dense(signals, width);
      const second = dense(first.output, width);
      const sum = new Sum(arena, first.output, second.output, columns);
      const last = dense(sum.output, CLASSES);
      return [first, new Relu(first.output), second, new Relu(second.output), sum, last];
    },
  },
  cnn: {
    label: "CNN",
    inWords: "CNN",
    width: 25,
    steps({ signals, dense, conv, width = 25 }) {
      const steps = [];
      let input = signals;
      for (const layer of CNN_LAYERS) {
        const step = conv(input, width, layer);
        steps.push(step, new Relu(step.output));
        input = step.output;
      }
      return [...steps, dense(input, CLASSES)];
    },
  },
  gru: {
    label: "GRU",
    inWords: "GRU",
    width: 6,
    steps({ arena, signals, columns, dense, width = 6 }) {
      const gru = new Gru(arena, signals, width, columns);
      return [gru, dense(gru.output, CLASSES)];
    },
  },
};

/** The key of each layer's initial weights, as the package splits them. */
export const layerKeys = (key, { layers }) =>
  layers.length === 1 ? [key] : split(key, layers.length);
