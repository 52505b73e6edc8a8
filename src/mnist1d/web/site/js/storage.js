/** The page's storage in the browser: JSON under one prefix. */

const PREFIX = "mnist1d.";

/** The stored value; null if there is none, if it is damaged, or if storage is forbidden. */
export function load(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key));
  } catch {
    return null;
  }
}

/** Store a value; false if the storage is full or forbidden. */
export function save(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** The stored text, unparsed. */
export function loadText(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** The reader's own scores: {plain, shuffled}, each {n, correct} of the last ten or more answers.
 */
export const scores = () => load("scores") ?? {};

/** Store a score; a longer one is not replaced by a shorter one. */
export function keepScore(order, { n, correct }) {
  const all = scores();
  if (n >= (all[order]?.n ?? 0)) save("scores", { ...all, [order]: { n, correct } });
}
