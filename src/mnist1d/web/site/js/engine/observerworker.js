/** A worker that runs the ideal observer, so that the page stays responsive; see observer.js for
 * its side.
 *
 * Its requests are shares (of raw signals) and ceiling (of a number of fresh signals), each with a
 * config and a request number, which the answer repeats.
 */

import { makeSet } from "../model/exact.js";
import { Observer } from "../model/observer.js";

const state = { templates: null, key: null, observer: null };

/** The observer of a config; the most recent one is cached. */
function observerOf(config) {
  const key = JSON.stringify(config);
  if (state.key !== key) {
    state.key = null;
    state.observer = new Observer(state.templates, config);
    state.key = key;
  }
  return state.observer;
}

const acts = {
  shares({ config, signals }) {
    const observer = observerOf(config);
    return { shares: signals.map((raw) => observer.probabilities(raw)) };
  },
  /** The expected accuracy of the best possible classifier: its mean confidence on fresh signals. */
  ceiling({ config, count, seed }) {
    const fresh = { ...config, num_samples: count, train_split: 0, shuffle_seq: false, seed };
    const { xTest, mean, std, points } = makeSet(state.templates, fresh);
    const observer = observerOf(config);
    let sum = 0;
    for (let at = 0; at < xTest.length; at += points) {
      const raw = Float64Array.from(xTest.subarray(at, at + points), (x) => x * std + mean);
      sum += Math.max(...observer.probabilities(raw));
    }
    return { accuracy: (sum * points) / xTest.length };
  },
};

onmessage = ({ data: { act, number, templates, ...given } }) => {
  if (templates) state.templates = templates;
  try {
    postMessage({ number, ...acts[act](given) });
  } catch (error) {
    postMessage({ number, error: error.message });
  }
};
