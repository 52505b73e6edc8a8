/** Steps without weights, and the loss, in arithmetic that all browsers round alike, so that a seed
 * gives the same curves everywhere (Math.exp and similar functions may differ in the last bit). */

import { Field } from "./network.js";

const [LOG2E, LN2_HIGH, LN2_LOW] = [1.4426950408889634, 0.6931471805598903, 5.497923018708371e-14];
const POWERS = Float64Array.from({ length: 256 }, (_, i) => 2 ** (i - 128)); // exact

/** e ** x to a relative error of 1e-9, for x in float32's range; 0 or a very large number beyond.
 */
export function exp(x) {
  if (x < -87) return 0;
  const whole = Math.min(Math.round(x * LOG2E), 127);
  const r = x - whole * LN2_HIGH - whole * LN2_LOW;
  const tail = r * (1 / 720 + r * (1 / 5040 + r * (1 / 40320)));
  const sum = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + tail)))));
  return sum * POWERS[whole + 128];
}

export const sigmoid = (x) => (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)));

export const tanh = (x) => 1 - 2 / (exp(2 * x) + 1);

/** max(x, 0), in place. */
export class Relu {
  constructor(field) {
    this.output = field;
  }

  forward({ numbers }) {
    const { value, size } = this.output;
    for (let i = value / 4; i < value / 4 + size; i++) if (numbers[i] < 0) numbers[i] = 0;
  }

  backward({ numbers }) {
    const { value, gradient, size } = this.output;
    const [from, to] = [value / 4, gradient / 4];
    for (let i = 0; i < size; i++) if (!(numbers[from + i] > 0)) numbers[to + i] = 0;
  }
}

/** The sum of two fields of the same size. */
export class Sum {
  constructor(arena, a, b, columns) {
    Object.assign(this, { a, b, output: new Field(arena, a.channels, a.time, columns) });
  }

  forward({ numbers }) {
    const [a, b, sum] = [this.a.value / 4, this.b.value / 4, this.output.value / 4];
    for (let i = 0; i < this.output.size; i++) numbers[sum + i] = numbers[a + i] + numbers[b + i];
  }

  backward({ numbers }) {
    const [a, b, sum] = [this.a.gradient / 4, this.b.gradient / 4, this.output.gradient / 4];
    for (let i = 0; i < this.output.size; i++) {
      numbers[a + i] += numbers[sum + i];
      numbers[b + i] += numbers[sum + i];
    }
  }
}

/** Mean cross-entropy of logits (classes, columns) over the first `count` columns, which hold the
 * signals from `first` on, and the number of correct answers. If an address is given, the gradient
 * of the mean is written there, with 0 in the other columns. */
export function crossEntropy(
  numbers,
  labels,
  { logits, gradient, classes, columns, count, first },
) {
  const [from, to] = [logits / 4, gradient / 4];
  let [loss, correct] = [0, 0];
  for (let c = 0; c < count; c++) {
    const label = labels[first + c];
    let [best, most] = [0, numbers[from + c]];
    for (let k = 1; k < classes; k++) {
      const logit = numbers[from + k * columns + c];
      if (logit > most) [best, most] = [k, logit];
    }
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += exp(numbers[from + k * columns + c] - most);
    loss += Math.log(sum) + most - numbers[from + label * columns + c];
    correct += Number(best === label);
    for (let k = 0; gradient && k < classes; k++) {
      const share = exp(numbers[from + k * columns + c] - most) / sum;
      numbers[to + k * columns + c] = (share - Number(k === label)) / count;
    }
  }
  for (let k = 0; gradient && k < classes; k++) {
    numbers.fill(0, to + k * columns + count, to + (k + 1) * columns);
  }
  return { loss: loss / count, correct };
}
