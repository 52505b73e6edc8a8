/** The published test set: its signals, in order or shuffled, their labels, and where the digits
 * are.
 */

import { defaults } from "./config.js";
import { realise } from "./draws.js";
import { drawAll, sizes } from "./exact.js";
import { Pipeline } from "./signals.js";

export class TestSet {
  /** buffer: the file test.bin, signals as float32, then one byte per label. */
  constructor(buffer, site) {
    const n = site.frozen.num_test;
    this.points = (buffer.byteLength / n - 1) / 4;
    this.x = new Float32Array(buffer, 0, n * this.points);
    this.y = new Uint8Array(buffer, 4 * n * this.points);
    this.site = site;
  }

  signal(index, isShuffled) {
    const x = this.x.subarray(index * this.points, (index + 1) * this.points);
    return this.ordered(x, isShuffled);
  }

  /** Whether each point of a signal shows the digit. */
  presence(index, isShuffled) {
    const { pipeline, draws } = this.origins;
    return this.ordered(pipeline.presence(draws[index]), isShuffled).map((share) => share > 0.5);
  }

  /** A clean signal of a digit: no noise, no tilt, the digit in the middle. */
  clean(label, isShuffled) {
    const { padding } = this.config;
    const config = { ...this.config, corr_noise_scale: 0, iid_noise_scale: 0 };
    const pipeline = new Pipeline(this.site.templates, config);
    const zeros = new Float64Array(pipeline.length);
    const draw = {
      label,
      padding: padding[0],
      factor: 1,
      slope: 0,
      corrNoise: zeros,
      iidNoise: zeros,
    };
    const { mean, std } = this.site.frozen;
    const x = pipeline.apply({ ...draw, shift: 18 }).map((value) => (value - mean) / std);
    return this.ordered(x, isShuffled);
  }

  ordered(x, isShuffled) {
    return isShuffled ? Array.from(this.site.frozen.positions, (i) => x[i]) : Array.from(x);
  }

  get config() {
    return defaults(this.site.knobs);
  }

  /** How the test signals were drawn; computed when first needed. */
  get origins() {
    if (!this.kept) {
      const { config } = this;
      const { latents, order } = drawAll(config);
      const test = Array.from(order.subarray(sizes(config).numTrain));
      const draws = test.map((from) => realise(latents[from], config));
      const places = draws.map(({ label, padding, shift }) => ({
        label,
        padding,
        shift,
        factor: 1,
      }));
      this.kept = { pipeline: new Pipeline(this.site.templates, config), draws: places };
    }
    return this.kept;
  }
}
