/** The settings of one data set: checked against the knobs that the Python package describes
 * (names, kinds, ranges, defaults).
 */

export const PAGE_LIMIT = 400; // points of a signal, before or after the last resampling: what the page can redraw while you move a slider

/** An error in the settings; the message gives the reader the rule, the value and the fix. */
export class SettingsError extends Error {}

/** All defaults: {knob: value}. */
export const defaults = (knobs) =>
  Object.fromEntries(knobs.map((knob) => [knob.name, copy(knob.default)]));

const copy = (value) => (Array.isArray(value) ? [...value] : value);
const isSame = (a, b) => String(a) === String(b);

/** The knobs that differ from their defaults: {knob: value}. */
export function changed(knobs, config) {
  return Object.fromEntries(
    knobs.filter((k) => !isSame(config[k.name], k.default)).map((k) => [k.name, config[k.name]]),
  );
}

/** Return the value of one knob, checked; SettingsError with rule, value and fix. */
export function checkKnob(knob, value) {
  if (knob.kind === "bool") {
    if (typeof value !== "boolean")
      throw new SettingsError(`${knob.name} must be true or false, got ${show(value)}`);
    return value;
  }
  if (knob.kind === "range") {
    if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isInteger)) {
      throw new SettingsError(
        `${knob.name} must be two whole numbers, low and high, got ${show(value)}`,
      );
    }
    const [low, high] = value;
    if (low < 0 || low > high) {
      const fix =
        low > high && high >= 0 ? `swap them: ${high}, ${low}` : "neither may be negative";
      throw new SettingsError(`${knob.name} needs 0 ≤ low ≤ high, got ${low}, ${high}: ${fix}`);
    }
    return [low, high];
  }
  const isWhole = knob.kind === "int";
  if (
    typeof value !== "number" ||
    !Number.isFinite(value) ||
    (isWhole && !Number.isInteger(value))
  ) {
    throw new SettingsError(
      `${knob.name} must be a ${isWhole ? "whole " : ""}number, got ${show(value)}`,
    );
  }
  if (value < knob.low || (knob.high !== null && value > knob.high)) {
    const bounds =
      knob.high === null ? `at least ${knob.low}` : `between ${knob.low} and ${knob.high}`;
    throw new SettingsError(`${knob.name} must be ${bounds}, got ${value}`);
  }
  return value;
}

/** Return a complete config, checked: missing knobs have their defaults. */
export function checkConfig(knobs, given) {
  const config = defaults(knobs);
  for (const [name, value] of Object.entries(given)) {
    const knob = knobs.find((k) => k.name === name);
    if (!knob)
      throw new SettingsError(
        `unknown setting “${name}”: did you mean ${nearest(
          name,
          knobs.map((k) => k.name),
        )}?`,
      );
    config[name] = checkKnob(knob, value);
  }
  const length = config.template_len + config.padding[1];
  if (length < 2)
    throw new SettingsError(
      `template_len + the high end of padding must be at least 2 points, got ${length}`,
    );
  for (const [what, points] of [
    ["template_len + the high end of padding", length],
    ["final_seq_length", config.final_seq_length],
  ]) {
    if (points > PAGE_LIMIT)
      throw new SettingsError(
        `${what} can be at most ${PAGE_LIMIT} points on this page, got ${points}; Python has no limit`,
      );
  }
  return config;
}

/** Read a config from JSON, as the page and `DataConfig.to_json` write it. */
export function parseConfig(knobs, text) {
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(`settings must be JSON, like {"seed": 7}: ${error.message}`);
  }
  if (given === null || typeof given !== "object" || Array.isArray(given)) {
    throw new SettingsError(
      `settings must be a JSON object of settings, like {"seed": 7}, got ${show(given)}`,
    );
  }
  return checkConfig(knobs, given);
}

/** A warning for a legal value far outside the usual range, else "". */
export function suspicion(knob, value) {
  if (!knob.usual || (value >= knob.usual[0] && value <= knob.usual[1])) return "";
  return `legal, but outside the usual range ${knob.usual[0]} to ${knob.usual[1]}`;
}

/** The part of the page's address after the ?: the changed knobs. */
export function toQuery(knobs, config) {
  return new URLSearchParams(
    Object.entries(changed(knobs, config)).map(([name, value]) => [name, String(value)]),
  ).toString();
}

/** Read the knobs of a query: {config, problems}. A knob with an impossible value keeps its default
 * and adds a sentence to the problems; other names are ignored. */
export function readKnobs(knobs, query) {
  const config = defaults(knobs);
  const problems = [];
  const attempt = (act) => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      problems.push(error.message);
    }
  };
  for (const [name, text] of new URLSearchParams(query)) {
    const knob = knobs.find((k) => k.name === name);
    if (!knob) continue;
    const value =
      {
        bool: () => ({ true: true, false: false })[text] ?? text,
        range: () => text.split(",").map(number),
      }[knob.kind] ?? (() => number(text));
    attempt(() => (config[name] = checkConfig(knobs, { ...config, [name]: value() })[name]));
  }
  return { config, problems };
}

/** The number that a text represents, or the text itself if it is not a number. */
export const number = (text) =>
  text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;

const show = (value) => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};

function nearest(name, known) {
  const distance = (a, b) => {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      const above = row;
      row = [i];
      for (let j = 1; j <= b.length; j++)
        row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] !== b[j - 1]));
    }
    return row[b.length];
  };
  return known.reduce((best, other) =>
    distance(name, other) < distance(name, best) ? other : best,
  );
}
