/** The data set that `mnist1d.make_dataset` makes with the same settings, drawn here from the same
 * random numbers: NumPy's legacy stream, which NumPy promises never to change. Equal once cast to
 * float32.
 */

import { realise } from "./draws.js";
import { Pipeline, workingLength } from "./signals.js";

/** numpy.random.RandomState(seed), the part that the generator needs: the Mersenne Twister. */
export class RandomState {
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed;
    for (let i = 1; i < 624; i++) {
      const last = this.state[i - 1] ^ (this.state[i - 1] >>> 30);
      this.state[i] = Math.imul(1812433253, last) + i;
    }
    this.place = 624;
  }

  /** A copy of the stream at the same position. */
  copy() {
    const twin = new RandomState(0);
    twin.state.set(this.state);
    twin.place = this.place;
    return twin;
  }

  /** The next 32 bits. */
  bits() {
    if (this.place === 624) this.refill();
    let y = this.state[this.place++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  refill() {
    const { state } = this;
    for (let i = 0; i < 624; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.place = 0;
  }

  /** random_sample(): 53 bits, in [0, 1). */
  uniform() {
    const high = this.bits() >>> 5;
    return (high * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  /** A whole number from 0 to `last`, as randint and permutation draw it; last = 0 draws nothing.
   */
  integer(last) {
    if (last === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(last);
    for (;;) {
      const value = (this.bits() & mask) >>> 0;
      if (value <= last) return value;
    }
  }

  /** standard_normal(n), n even: the polar method, of each pair the second first. */
  normals(n) {
    const out = new Float64Array(n);
    for (let i = 0; i < n; i += 2) {
      let [a, b, square] = [0, 0, 2];
      while (square >= 1 || square === 0) {
        a = 2 * this.uniform() - 1;
        b = 2 * this.uniform() - 1;
        square = a * a + b * b;
      }
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      out[i] = factor * b;
      out[i + 1] = factor * a;
    }
    return out;
  }

  /** permutation(n). */
  permutation(n) {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/** The latent numbers of the next signal (see draws.js), of class `label`, in the order of Python.
 */
function nextLatent(random, config, label) {
  const length = workingLength(config);
  const [padding, factor] = [random.uniform(), random.uniform() - 0.5];
  const shift = (random.integer(config.max_translation - 1) + 0.5) / config.max_translation;
  const normals = random.normals(2 * length);
  const slope = random.uniform() - 0.5;
  const [corr, iid] = [normals.subarray(0, length), normals.subarray(length)];
  return { label, padding, factor, shift, slope, corr, iid };
}

/** Signals per class, in total, and in the training set. */
export function sizes(config, numClasses = 10) {
  const perClass = Math.floor(config.num_samples / numClasses);
  const n = perClass * numClasses;
  return { perClass, n, numTrain: Math.floor(n * config.train_split) };
}

/** All latents of a data set, class by class, and the order of its signals: {latents, order,
 * random}, random being the stream where Python goes on to draw the positions.
 */
export function drawAll(config, numClasses = 10) {
  const { perClass, n } = sizes(config, numClasses);
  const random = new RandomState(config.seed);
  const latents = Array.from({ length: n }, (_, i) =>
    nextLatent(random, config, Math.floor(i / perClass)),
  );
  return { latents, order: random.permutation(n), random };
}

/** A whole data set: x and xTest (signals * points) float32, standardised; y and yTest labels; of
 * each test signal its padding and shift; mean, std, and positions (null: in order).
 */
export function makeSet(templates, config) {
  const points = config.final_seq_length;
  const { n, numTrain } = sizes(config, templates.x.length);
  const { latents, order, random } = drawAll(config, templates.x.length);
  const positions = config.shuffle_seq ? random.permutation(points) : null;
  const pipeline = new Pipeline(templates, config);
  const raw = new Float64Array(n * points);
  const draws = latents.map((latent) => realise(latent, config));
  draws.forEach((draw, i) => raw.set(pipeline.apply(draw), i * points));
  const { mean, std } = moments(raw);
  const x = new Float32Array(n * points);
  order.forEach((from, i) => {
    for (let j = 0; j < points; j++) {
      x[i * points + j] = (raw[from * points + (positions ? positions[j] : j)] - mean) / std;
    }
  });
  const y = Uint8Array.from(order, (from) => latents[from].label);
  const test = Array.from(order.subarray(numTrain), (from) => draws[from]);
  return {
    x: x.subarray(0, numTrain * points),
    y: y.subarray(0, numTrain),
    xTest: x.subarray(numTrain * points),
    yTest: y.subarray(numTrain),
    padding: test.map(({ padding }) => padding),
    shift: test.map(({ shift }) => shift),
    mean,
    std,
    positions,
    points,
  };
}

function moments(x) {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const square = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return { mean, std: Math.sqrt(square) };
}
