/** Draws: latent numbers that do not depend on the settings, so that the same signals change when a
 * setting changes.
 *
 * A latent is one signal's {label, padding, factor, shift, slope} with padding and shift uniform in
 * [0, 1), factor and slope uniform in ± 0.5, and its two noises, corr and iid, as standard normals.
 * `realise` turns it into the draw that the pipeline takes.
 */

import { workingLength } from "./signals.js";

export const FROZEN_SEED = 42;
export const SAMPLES = 10; // signals of each digit on the page

/** The draw of a latent under these settings; its noise must be long enough for them. */
export function realise(latent, config) {
  const length = workingLength(config);
  const [low, high] = config.padding;
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
