/** Label noise: redraw training labels, as `Dataset.with_label_noise` does, with a draw of the
 * page's own. */

import { RandomState } from "../model/exact.js";

/** The set with each training label redrawn from all classes with a probability. */
export function addLabelNoise(set, { rate, seed }) {
  const random = new RandomState(seed);
  const classes = Math.max(...set.y) + 1;
  const y = set.y.map((label) => (random.uniform() < rate ? random.integer(classes - 1) : label));
  return { ...set, y };
}
