/** The pipeline: templates and draws to signals, with no randomness of its own.
 *
 * The arithmetic is that of mnist1d/signals.py in float64, step by step; golden vectors written
 * by the package check it. A draw is one signal's {label, padding, factor, shift, corrNoise,
 * iidNoise, slope}: noise as L standard normals.
 */

const EPS = 1e-8; // distinguishes the template's points from padding, which is exactly 0
const SMOOTHING_STD = 2; // of the filter that smooths the noise, in points

/** n numbers from start to stop, as numpy.linspace gives them. */
export function linspace(start, stop, n) {
  const step = n > 1 ? (stop - start) / (n - 1) : 0;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) out[i] = i * step + start;
  if (n > 1) out[n - 1] = stop;
  return out;
}

/** Plan the linear interpolation of m points to n: neighbours, and the offset from the left one in
 * units of the spacing.
 */
export function planResampling(m, n) {
  const old = linspace(0, 1, m);
  const fresh = linspace(0, 1, n);
  const left = new Int32Array(n);
  const right = new Int32Array(n);
  const spacing = new Float64Array(n).fill(1);
  const offset = new Float64Array(n);
  for (let j = 0, i = 0; j < n; j++) {
    while (i + 1 < m && old[i + 1] <= fresh[j]) i++;
    left[j] = i;
    right[j] = Math.min(i + 1, m - 1);
    if (right[j] > i) spacing[j] = old[i + 1] - old[i];
    offset[j] = fresh[j] - old[i];
  }
  return { left, right, spacing, offset };
}

/** Interpolate x by a plan. */
export function resample(x, { left, right, spacing, offset }) {
  const out = new Float64Array(left.length);
  for (let j = 0; j < out.length; j++) {
    const l = left[j];
    out[j] = ((x[right[j]] - x[l]) / spacing[j]) * offset[j] + x[l];
  }
  return out;
}

const WEIGHTS = (() => {
  const radius = 4 * SMOOTHING_STD;
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp((-0.5 / SMOOTHING_STD ** 2) * (i - radius) ** 2),
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
})();

/** The index in 0..n-1 that index j stands for if borders are reflected (d c b a | a b c d | d c b a).
 */
function mirrored(j, n) {
  if (j >= 0 && j < n) return j;
  const place = ((j % (2 * n)) + 2 * n) % (2 * n);
  return place < n ? place : 2 * n - 1 - place;
}

/** Smooth by a Gaussian of deviation 2, cut at four deviations, borders reflected. */
export function smooth(x) {
  const n = x.length;
  const radius = (WEIGHTS.length - 1) / 2;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let k = -radius; k <= radius; k++) sum += WEIGHTS[k + radius] * x[mirrored(i + k, n)];
    out[i] = sum;
  }
  return out;
}

/** Row i of the matrix of `smooth` for n points. */
export function smoothingRow(i, n) {
  const radius = (WEIGHTS.length - 1) / 2;
  const row = new Float64Array(n);
  WEIGHTS.forEach((weight, k) => (row[mirrored(i + k - radius, n)] += weight));
  return row;
}

/** L, the points of a signal between the first resampling and the last. */
export const workingLength = (config) => config.template_len + config.padding[1];

/** Templates and config, prepared. */
export class Pipeline {
  constructor(templates, config) {
    this.templates = templates;
    this.config = config;
    this.length = workingLength(config);
    this.ramp = linspace(-0.5, 0.5, this.length);
    this.last = planResampling(this.length, config.final_seq_length);
    this.plans = new Map(); // of the first resampling, by padding
  }

  /** The plan of the first resampling for this padding. */
  plan(padding) {
    if (!this.plans.has(padding)) {
      const points = this.templates.x[0].length + padding;
      this.plans.set(padding, planResampling(points, this.length));
    }
    return this.plans.get(padding);
  }

  padded(label, padding) {
    const template = this.templates.x[label];
    const out = new Float64Array(template.length + padding);
    template.forEach((value, i) => (out[i] = value + EPS));
    return out;
  }

  dilated(label, padding) {
    return resample(this.padded(label, padding), this.plan(padding));
  }

  translate(x, shift) {
    const n = x.length;
    const k = shift > n ? 0 : shift; // the original does not shift a signal beyond its length
    return x.map((_, i) => x[(i - k + n) % n]);
  }

  addCorrNoise(x, draw) {
    const noise = smooth(draw.corrNoise.map((z) => this.config.corr_noise_scale * z));
    return x.map((value, i) => (value !== 0 ? value : noise[i] + 0));
  }

  addIidNoise(x, draw) {
    return x.map((value, i) => value + this.config.iid_noise_scale * draw.iidNoise[i]);
  }

  shear(x, draw) {
    return x.map((value, i) => value - draw.slope * this.ramp[i]);
  }

  /** Where the digit is in the finished signal: for each point, the fraction (0 to 1) that comes
   * from the template. The noise of the draw is not needed. */
  presence({ label, padding, shift, factor }) {
    const scaled = this.dilated(label, padding).map((value) => value * factor);
    return this.fractionOf(this.translate(scaled, shift));
  }

  fractionOf(translated) {
    return resample(
      translated.map((value) => Number(value !== 0)),
      this.last,
    );
  }

  /** A raw signal and its `presence`. */
  located(draw) {
    const stages = this.stages(draw);
    const translated = stages.find(({ name }) => name === "translate").x;
    return { raw: stages.at(-1).x, presence: this.fractionOf(translated) };
  }

  /** The time axis of a finished signal, before it is divided by the signals' standard deviation.
   */
  time() {
    return resample(
      resample(this.templates.t, planResampling(this.templates.t.length, this.length)),
      this.last,
    );
  }

  /** The raw signal of one draw, not standardised. */
  apply(draw) {
    return this.stages(draw).at(-1).x;
  }

  /** Every stage of one signal, from template to resampled: name and values. */
  stages(draw) {
    const template = Float64Array.from(this.templates.x[draw.label]);
    const dilated = this.dilated(draw.label, draw.padding);
    const scaled = dilated.map((value) => value * draw.factor);
    const translated = this.translate(scaled, draw.shift);
    const correlated = this.addCorrNoise(translated, draw);
    const white = this.addIidNoise(correlated, draw);
    const sheared = this.shear(white, draw);
    return [
      { name: "template", x: template },
      { name: "pad", x: this.padded(draw.label, draw.padding) },
      { name: "dilate", x: dilated },
      { name: "scale", x: scaled },
      { name: "translate", x: translated },
      { name: "correlated noise", x: correlated },
      { name: "white noise", x: white },
      { name: "shear", x: sheared },
      { name: "resample", x: resample(sheared, this.last) },
    ];
  }
}
