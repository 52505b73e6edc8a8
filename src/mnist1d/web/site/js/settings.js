/** The settings of all views: the data set's config and how it is shown. Views subscribe; the
 * address holds everything that differs from its default, so that a link shows the same page to
 * others. */

import {
  changed,
  checkConfig,
  defaults,
  number,
  readKnobs,
  SettingsError,
  toQuery,
} from "./model/config.js";

const SEEDS = 2 ** 32;

/** A field of the address: its default, and `read`, which parses the text after the = sign. */
const whole = (name, fallback, low, high) => ({
  fallback,
  read(text) {
    const value = number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new SettingsError(`${name} must be a whole number from ${low} to ${high}, got “${text}”`);
  },
});
const choice = (name, fallback, values) => ({
  fallback,
  read(text) {
    if (values.includes(text)) return text;
    throw new SettingsError(`${name} must be one of ${values.join(", ")}, got “${text}”`);
  },
});
const flag = (name) => ({
  fallback: false,
  read: (text) =>
    choice(name, "", ["1", "0", "true", "false"])
      .read(text)
      .match(/1|true/) !== null,
});
const text = (name) => ({
  fallback: "",
  read(given) {
    if (given.length <= 100) return given;
    throw new SettingsError(`${name} must have at most 100 characters, got ${given.length}`);
  },
});
const list = (name, fallback, values) => ({
  fallback,
  read(text) {
    const given = text.split(",").filter(Boolean);
    for (const one of given) choice(name, "", values).read(one);
    return values.filter((value) => given.includes(value));
  },
});

export const MODEL_NAMES = ["logistic", "mlp", "cnn", "gru"];
export const HIDEABLE = ["header", "footer", "title", "notes", "knobs", "code"];
const DIGITS = Array.from({ length: 10 }, (_, i) => `${i}`);

export const FIELDS = {
  show: choice("show", "one", ["one", "all", ...DIGITS]), // in Explore: one of each digit, or ...
  ask: choice("ask", "none", ["none", ...DIGITS]), // the panel whose answers are shown
  sample: whole("sample", 0, 0, 9), // which of the ten signals of a digit
  raw: flag("raw"), // values before standardisation
  digit: whole("digit", 3, 0, 9), // in Pipeline
  stage: whole("stage", 0, 0, 8),
  step: whole("step", 1, 1, 9), // of the lesson
  models: list("models", ["logistic", "mlp", "cnn"], MODEL_NAMES), // in Train
  steps: whole("steps", 6000, 1, 100_000),
  train_seed: whole("train_seed", 0, 0, SEEDS - 1),
  curve: choice("curve", "test", ["test", "train"]),
  log: flag("log"), // steps on a logarithmic axis
  first: whole("first", 0, 0, 900), // the quiz's first signal of the test set
  layout: choice("layout", "line", ["line", "tall"]), // the quiz's plots
  study: text("study"), // in Results: the document that is scrolled to
  find: text("find"), // words that a study must contain
  preset: text("preset"), // "" shows the latest sweep of each study
  verdict: choice("verdict", "all", ["all", "good", "bad", "open"]),
  sort: choice("sort", "paper", ["paper", "name", "verdict", "newest", "cost"]),
  theme: choice("theme", "auto", ["auto", "light", "dark"]),
  embed: flag("embed"), // the view alone, for a frame in a course
  hide: list("hide", [], HIDEABLE),
  projector: flag("projector"), // large type and thick lines
};

export class Settings {
  constructor(knobs) {
    this.knobs = knobs;
    this.config = defaults(knobs);
    for (const [name, { fallback }] of Object.entries(FIELDS)) this[name] = fallback;
    this.listeners = new Set();
  }

  /** Read the address. An impossible value keeps its default and is returned as a sentence;
   * names that the page does not know are ignored. */
  readAddress(query = location.search) {
    const { config, problems } = readKnobs(this.knobs, query);
    this.config = config;
    for (const [name, text] of new URLSearchParams(query)) {
      try {
        if (Object.hasOwn(FIELDS, name)) this[name] = FIELDS[name].read(text);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        problems.push(error.message);
      }
    }
    this.first -= this.first % 100;
    return problems;
  }

  /** Change some knobs; an impossible value is a SettingsError, and nothing changes. */
  setKnobs(values) {
    this.replaceConfig({ ...this.config, ...values });
  }

  replaceConfig(values) {
    this.update({ config: checkConfig(this.knobs, values) });
  }

  update(values) {
    Object.assign(this, values);
    for (const listener of this.listeners) listener(this);
    clearTimeout(this.timer); // browsers limit how often an address may change
    this.timer = setTimeout(() => this.writeAddress(), 250);
  }

  /** The part of the address after the ?: all settings that are not at their defaults. */
  get query() {
    const own = Object.entries(FIELDS)
      .filter(([name, { fallback }]) => String(this[name]) !== String(fallback))
      .map(([name]) => [name, this[name] === true ? "1" : String(this[name])]);
    const knobs = toQuery(this.knobs, this.config);
    return [knobs, new URLSearchParams(own).toString()]
      .filter(Boolean)
      .join("&")
      .replaceAll("%2C", ",");
  }

  writeAddress() {
    const { query } = this;
    const address = `${location.pathname}${query && `?${query}`}${location.hash}`;
    history.replaceState(history.state, "", address);
  }

  /** Call the listener now and after every change. */
  subscribe(listener) {
    this.listeners.add(listener);
    listener(this);
  }

  get changed() {
    return changed(this.knobs, this.config);
  }
}
