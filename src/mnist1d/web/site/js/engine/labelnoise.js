/** Label noise: redraw training labels as `Dataset.with_label_noise` does, with the page's own
 * random numbers. */

import { RandomState } from "../model/exact.js";

/** The set with each training label redrawn from all classes with the given probability. */
export function addLabelNoise(set, { rate, seed }) {
  const random = new RandomState(seed);
  const classes = Math.max(...set.y) + 1;
  const y = set.y.map((label) => (random.uniform() < rate ? random.integer(classes - 1) : label));
  return { ...set, y };
}
