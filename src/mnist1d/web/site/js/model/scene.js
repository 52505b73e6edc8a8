/** The signals that the page shows: the first test signals of each class, which Python draws with
 * this seed and otherwise default settings, changed by the settings. */

import { defaults, PAGE_LIMIT } from "./config.js";
import { FROZEN_SEED, realise, SAMPLES } from "./draws.js";
import { drawAll, RandomState, sizes } from "./exact.js";
import { expectedMoments } from "./moments.js";
import { Pipeline } from "./signals.js";
import { agreement } from "./takeaway.js";

const LONGER = 2 ** 31; // seed offset for the noise of longer signals; far from the seeds that people use

export class Scene {
  constructor(site) {
    this.site = site;
    this.plain = defaults(site.knobs);
    this.numClasses = site.templates.x.length;
    this.prepare(this.plain);
  }

  /** Set the config, an immutable object; draws change only with its seed. */
  prepare(config) {
    if (config === this.config) return this;
    this.config = config;
    this.pipeline = new Pipeline(this.site.templates, config);
    this.positions = config.shuffle_seq ? this.order(config) : null;
    this.moments = null;
    return this;
  }

  /** The draws of the config's seed: {latents, rows, random}; latents[class][sample], and their
   * indices in the test set of the default settings. */
  get drawn() {
    const { seed } = this.config;
    if (this.kept?.seed !== seed) {
      const plain = { ...this.plain, seed };
      const { latents, order, random } = drawAll(plain, this.numClasses);
      const test = Array.from(order.subarray(sizes(plain, this.numClasses).numTrain));
      const rows = Array.from({ length: this.numClasses }, (_, label) =>
        test.flatMap((from, row) => (latents[from].label === label ? [row] : [])).slice(0, SAMPLES),
      );
      const shown = rows.map((places) => places.map((row) => latents[test[row]]));
      this.kept = { seed, latents: shown, rows, random };
    }
    return this.kept;
  }

  /** The order of positions: that of the published set, or the one that Python draws after the
   * signals. */
  order({ seed, final_seq_length: n }) {
    const { positions } = this.site.frozen;
    if (seed === FROZEN_SEED && n === positions.length) return positions;
    return Array.from(this.drawn.random.copy().permutation(n));
  }

  /** {mean, std} for standardisation: the published set's own for its signals, otherwise the
   * expected values of the settings. */
  get standard() {
    const isFrozen = agreement(this.site.knobs, this.config) === "equal";
    this.moments ??= isFrozen
      ? this.site.frozen
      : expectedMoments(this.site.templates, this.config);
    return this.moments;
  }

  draw(label, sample) {
    const latent = this.drawn.latents[label][sample];
    if (latent.corr.length < this.pipeline.length) {
      const stream = new RandomState((this.config.seed ^ LONGER) + label * SAMPLES + sample);
      for (const name of ["corr", "iid"]) latent[name] = lengthened(latent[name], stream);
    }
    return realise(latent, this.config);
  }

  /** One signal as shown: {label, sample, x, presence}, with permuted positions if set. */
  signal(label, sample, isRaw) {
    const draw = this.draw(label, sample);
    const { mean, std } = isRaw ? { mean: 0, std: 1 } : this.standard;
    const { raw, presence } = this.pipeline.located(draw);
    const x = raw.map((value) => (value - mean) / (std || 1));
    return { label, sample, x: this.permuted(x), presence: this.permuted(presence) };
  }

  permuted(x) {
    return this.positions ? Float64Array.from(this.positions, (i) => x[i]) : x;
  }

  /** The signals of a view, in the order of its panels: [[signal, …] for each panel]. */
  panels({ show, sample, raw }) {
    const every = Array.from({ length: SAMPLES }, (_, i) => i);
    const labels = Array.from({ length: this.numClasses }, (_, i) => i);
    if (show === "one") return labels.map((label) => [this.signal(label, sample, raw)]);
    if (show === "all") return labels.map((label) => every.map((i) => this.signal(label, i, raw)));
    return every.map((i) => [this.signal(Number(show), i, raw)]);
  }

  /** Indices in the test set of a view's signals, in the order of its panels. */
  rows({ show, sample }) {
    const { rows } = this.drawn;
    if (show === "one") return rows.map((places) => places[sample]);
    return show === "all" ? rows.flat() : rows[Number(show)];
  }

  /** The time axis of what is shown. */
  time(isRaw) {
    const std = isRaw ? 1 : this.standard.std || 1;
    return this.pipeline.time().map((t) => t / std);
  }
}

/** Extend noise to the longest signal that the page allows, with numbers from another stream. */
function lengthened(noise, stream) {
  const out = new Float64Array(PAGE_LIMIT);
  out.set(noise);
  out.set(stream.normals(PAGE_LIMIT - noise.length), noise.length);
  return out;
}
