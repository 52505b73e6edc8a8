/** What the page shows of a trained model: its first layer, its mistakes, its smallest weights. */

import { RandomState } from "../model/exact.js";

const DENSE_SHOWN = 10; // hidden units, those with the largest weights

/** Rows of first-layer weights: each class's (logistic), of the strongest units (MLP), each
 * kernel's (CNN); null for a GRU, whose weights are not signals. */
export function firstLayer(trainer) {
  const [layer] = trainer.network.layers;
  if (!layer.outputs) return null;
  const { fanIn, outputs, at } = layer;
  const rows = Array.from({ length: outputs }, (_, o) =>
    Float32Array.from({ length: fanIn }, (_, i) => trainer.weights[at + i * outputs + o]),
  );
  const norm = (row) => row.reduce((sum, w) => sum + w * w, 0);
  const isDense = fanIn === trainer.data.points && outputs > DENSE_SHOWN;
  return isDense ? rows.sort((a, b) => norm(b) - norm(a)).slice(0, DENSE_SHOWN) : rows;
}

/** The first `count` test signals that the model gets wrong, and their total number. */
export function mistakes(trainer, count) {
  const { data, numTest } = trainer;
  const { points } = data;
  const found = [];
  let total = 0;
  trainer.probabilities(data.xTest).forEach((shares, index) => {
    const answer = shares.indexOf(Math.max(...shares));
    if (answer === data.yTest[index]) return;
    total += 1;
    if (found.length >= count) return;
    const x = data.xTest.slice(index * points, (index + 1) * points);
    const raw = rawOf(x, data);
    const { [index]: padding } = data.padding;
    const { [index]: shift } = data.shift;
    found.push({ index, label: data.yTest[index], answer, shares, x, raw, padding, shift });
  });
  return { total, of: numTest, found };
}

/** A signal of a data set before standardisation, its positions in order. */
function rawOf(x, { mean, std, positions }) {
  const raw = new Float64Array(x.length);
  x.forEach((value, i) => (raw[positions ? positions[i] : i] = value * std + mean));
  return raw;
}

/** A mask that drops a fraction of every layer's weights: the smallest ones, or the same number at
 * random (how = "random"). */
export function pruningMask(trainer, share, how) {
  const mask = new Uint8Array(trainer.size).fill(1);
  const random = new RandomState(0);
  for (const { at, size } of trainer.network.layers) {
    const score = Array.from({ length: size }, (_, i) =>
      how === "random" ? random.uniform() : Math.abs(trainer.weights[at + i]),
    );
    const order = score.map((_, i) => i).sort((a, b) => score[a] - score[b]);
    for (const i of order.slice(0, Math.floor(share * size))) mask[at + i] = 0;
  }
  return mask;
}
