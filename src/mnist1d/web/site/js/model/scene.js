/** The signals that the page shows: the frozen set's under its seed, its own small generator's under every other. */

import { defaults } from "./config.js";
import { FROZEN_SEED, SAMPLES, frozenLatents, permutation, realise, seededLatents } from "./draws.js";
import { expectedMoments } from "./moments.js";
import { Pipeline } from "./signals.js";
import { agreement } from "./takeaway.js";

export class Scene {
  constructor(site, frozen) {
    this.site = site;
    this.seed = FROZEN_SEED;
    this.frozen = frozenLatents(frozen, site.frozen);
    this.latents = this.frozen;
    this.prepare(defaults(site.knobs));
  }

  /** Take a config, an object that does not change; the draws stay the same unless its seed is another. */
  prepare(config) {
    if (config === this.config) return this;
    this.config = config;
    if (config.seed !== this.seed) {
      this.seed = config.seed;
      this.latents = config.seed === FROZEN_SEED ? this.frozen : seededLatents(config.seed, this.site.frozen.classes);
    }
    this.pipeline = new Pipeline(this.site.templates, config);
    this.positions = config.shuffle_seq ? this.order(config) : null;
    this.moments = null;
    return this;
  }

  order({ seed, final_seq_length: n }) {
    const { positions } = this.site.frozen;
    return seed === FROZEN_SEED && n === positions.length ? positions : permutation(seed, n);
  }

  /** {mean, std} that standardise: the published set's own for its signals, else what the settings give in expectation. */
  get standard() {
    const isFrozen = agreement(this.site.knobs, this.config) === "equal";
    this.moments ??= isFrozen ? this.site.frozen : expectedMoments(this.site.templates, this.config);
    return this.moments;
  }

  draw(label, sample) {
    return realise(this.latents[label][sample], this.config);
  }

  /** One signal as it is shown: {label, sample, x, presence}, positions permuted where that is set. */
  signal(label, sample, isRaw) {
    const draw = this.draw(label, sample);
    const { mean, std } = isRaw ? { mean: 0, std: 1 } : this.standard;
    const x = this.pipeline.apply(draw).map((value) => (value - mean) / (std || 1));
    const presence = this.pipeline.presence(draw);
    return { label, sample, x: this.permuted(x), presence: this.permuted(presence) };
  }

  permuted(x) {
    return this.positions ? Float64Array.from(this.positions, (i) => x[i]) : x;
  }

  /** The signals of a view, in the order of its panels: [[signal, …] for each panel]. */
  panels({ show, sample, isRaw }) {
    const every = Array.from({ length: SAMPLES }, (_, i) => i);
    const labels = Array.from({ length: this.site.frozen.classes }, (_, i) => i);
    if (show === "one") return labels.map((label) => [this.signal(label, sample, isRaw)]);
    if (show === "all") return labels.map((label) => every.map((i) => this.signal(label, i, isRaw)));
    return every.map((i) => [this.signal(Number(show), i, isRaw)]);
  }

  /** Places in the frozen test set of the signals of a view, in the order of its panels. */
  rows({ show, sample }) {
    const { rows } = this.site.frozen;
    if (show === "one") return rows.map((places) => places[sample]);
    return show === "all" ? rows.flat() : rows[Number(show)];
  }

  /** The time axis of what is shown. */
  time(isRaw) {
    const std = isRaw ? 1 : this.standard.std || 1;
    return this.pipeline.time().map((t) => t / std);
  }
}
