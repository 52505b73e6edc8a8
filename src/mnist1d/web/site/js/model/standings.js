/** References for a model's accuracy: the published human, the ideal observer, and the
 * reader.
 */

import { changed } from "./config.js";
import { FROZEN_SEED } from "./draws.js";

/** Whether these settings give the published test set, its positions in order or shuffled. */
export function isPublished(knobs, config) {
  const names = Object.keys(changed(knobs, config));
  return config.seed === FROZEN_SEED && names.every((name) => name === "shuffle_seq");
}

/** Reference lines of a chart of test accuracy: [{name, style, y}], only those valid for the
 * settings.
 *
 * scores: the reader's, {plain, shuffled}, each {n, correct} or missing. ceiling: the ideal
 * observer's accuracy under these settings, null if unknown.
 */
export function referenceLines(site, config, scores, ceiling = null) {
  const lines = [];
  const order = config.shuffle_seq ? "shuffled" : "plain";
  if (isPublished(site.knobs, config)) {
    const { human } = site.reference.published;
    const y = config.shuffle_seq ? human.shuffled_acc : human.acc;
    lines.push({ name: "human", style: "human", y });
    const own = scores?.[order];
    if (own?.n) lines.push({ name: "you", style: "you", y: own.correct / own.n });
    lines.push({ name: "ideal observer", style: "observer", y: site.reference.ideal_observer.acc });
  } else if (ceiling !== null)
    lines.push({ name: "ideal observer", style: "observer", y: ceiling });
  return lines;
}
