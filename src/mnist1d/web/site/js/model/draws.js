/** Draws: latent numbers that do not depend on the settings, so that the same draws deform as a knob turns.
 *
 * A latent is one signal's {label, padding, factor, shift, slope} with padding and shift uniform in [0, 1), factor and slope
 * uniform in ± 0.5, and its two noises as standard normals of any length. `realise` turns it into the draw that the pipeline takes.
 */

import { workingLength } from "./signals.js";

export const FROZEN_SEED = 42;
export const SAMPLES = 10; // signals of each digit on the page
const [PLACE, CORR, IID, ORDER] = [0, 1, 2, 3]; // streams of one signal

/** A small generator of 32 random bits a call (sfc32: add, rotate, shift, with a counter), one stream for each key. */
function generator(seed, index, stream) {
  let [a, b, c, counter] = [seed | 0, index | 0, stream | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next(); // until the key has mixed
  return () => (next() + 0.5) / 2 ** 32; // never 0 nor 1
}

/** The first n standard normals of a stream (Box and Muller's pairs): a longer call begins as a shorter one. */
function normals(seed, index, stream, n) {
  const uniform = generator(seed, index, stream);
  const out = new Float64Array(n + (n % 2));
  for (let i = 0; i < n; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
  return out.subarray(0, n);
}

/** Latents of a seed: SAMPLES of each class, latents[class][sample]. */
export function seededLatents(seed, numClasses = 10) {
  return Array.from({ length: numClasses }, (_, label) =>
    Array.from({ length: SAMPLES }, (_, sample) => {
      const index = sample * numClasses + label;
      const uniform = generator(seed, index, PLACE);
      const [padding, factor, shift, slope] = [uniform(), uniform() - 0.5, uniform(), uniform() - 0.5];
      return { label, padding, factor, shift, slope, corr: new Float64Array(0), iid: new Float64Array(0), seed, index };
    }),
  );
}

/** Latents of the frozen set from the package's file: for each signal four latent numbers, then its two noises. */
export function frozenLatents(buffer, { length, classes, samples }) {
  const values = new Float64Array(buffer);
  const width = 4 + 2 * length;
  return Array.from({ length: classes }, (_, label) =>
    Array.from({ length: samples }, (_, sample) => {
      const index = label * samples + sample;
      const row = values.subarray(index * width, (index + 1) * width);
      const [padding, factor, shift, slope] = row;
      const [corr, iid] = [row.subarray(4, 4 + length), row.subarray(4 + length)];
      return { label, padding, factor, shift, slope, corr, iid, seed: FROZEN_SEED, index };
    }),
  );
}

/** The draw that a latent gives under these settings. */
export function realise(latent, config) {
  const length = workingLength(config);
  const [low, high] = config.padding;
  extend(latent, length);
  return {
    label: latent.label,
    padding: low + Math.floor(latent.padding * (high - low + 1)),
    factor: 1 + config.scale_coeff * latent.factor,
    shift: Math.floor(latent.shift * config.max_translation),
    slope: config.shear_scale * latent.slope,
    corrNoise: latent.corr.subarray(0, length),
    iidNoise: latent.iid.subarray(0, length),
  };
}

function extend(latent, length) {
  for (const [name, stream] of [["corr", CORR], ["iid", IID]]) {
    if (latent[name].length < length) {
      const longer = normals(latent.seed, latent.index, stream, 2 * length);
      longer.set(latent[name]); // what is there stays: the frozen set's noise, or the same stream's beginning
      latent[name] = longer;
    }
  }
}

/** A permutation of 0 .. n - 1 of a seed: the order of positions where shuffle_seq is on. */
export function permutation(seed, n) {
  const uniform = generator(seed, n, ORDER);
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
