/** One control for every knob: its name in words and in code, a slider with the default marked, a
 * field for any legal value, and the setting's effect.
 */

import { h, onceAFrame } from "../dom.js";
import { number, SettingsError, suspicion } from "../model/config.js";

// The range of a slider, [low, high, step]; the field beside it accepts more. A setting without a range
// has a field only.
const SLIDERS = {
  template_len: [1, 48, 1],
  padding: [0, 120, 1],
  scale_coeff: [0, 2, 0.01],
  max_translation: [1, 144, 1],
  corr_noise_scale: [0, 1.5, 0.01],
  iid_noise_scale: [0, 0.5, 0.005],
  shear_scale: [0, 5, 0.05],
  final_seq_length: [2, 200, 1],
};
const UNSEEN = ["num_samples", "train_split"]; // these change Train and Export, not the signals here

/** The form of all knobs except the seed, which is above the panels. */
export function knobsForm(settings) {
  const isShown = ({ name }) => name !== "seed" && !UNSEEN.includes(name);
  const shown = settings.knobs.filter(isShown);
  const unseen = settings.knobs.filter(({ name }) => UNSEEN.includes(name));
  const controls = [...shown, ...unseen].map((knob) => control(knob, settings));
  settings.subscribe(({ config }) => controls.forEach((c) => c.update(config[c.knob.name])));
  const props = { class: "knobs", "aria-label": "Settings" };
  const stop = (event) => event.preventDefault();
  return h(
    "form",
    { ...props, onsubmit: stop },
    controls.map((c) => c.element),
  );
}

function control(knob, settings) {
  const make = { bool: checkbox, range: pair }[knob.kind] ?? single;
  const id = `explore-${knob.name}`;
  const error = h("p", { class: "error", role: "alert", id: `${id}-error` });
  const told = h("p", { class: "note", id: `${id}-effect` });
  const set = (value) => {
    try {
      settings.setKnobs({ [knob.name]: value });
      error.textContent = "";
    } catch (problem) {
      if (!(problem instanceof SettingsError)) throw problem;
      error.textContent = problem.message;
    }
  };
  const label = `Reset ${knob.name} to ${words(knob.default)}`;
  const props = { class: "button small reset", type: "button", "aria-label": label };
  const reset = h("button", { ...props, onclick: () => set(knob.default) }, "reset");
  const { fields, sliders, update } = make(knob, set);
  const name = h("label", { class: "name", for: fields.id }, knob.label, h("code", {}, knob.name));
  const head = h("div", { class: "head" }, name, reset, fields.element);
  const element = h("div", { class: "knob" }, head, sliders, told, error);
  let last = null;
  return {
    knob,
    element,
    update(value) {
      if (String(value) === last && !error.textContent) return; // another knob was moved
      last = String(value);
      element.classList.toggle("changed", String(value) !== String(knob.default));
      told.textContent = describe(knob, value);
      update(value);
      error.textContent = "";
    },
  };
}

function describe(knob, value) {
  const odd = Array.isArray(value) ? "" : suspicion(knob, value);
  const where = UNSEEN.includes(knob.name) ? "Used in Train and Export." : "";
  const parts = [sentence(knob.effect), `Default ${words(knob.default)}.`, where];
  return [...parts, odd && sentence(odd)].filter(Boolean).join(" ");
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function words(value) {
  if (Array.isArray(value)) return value.join(" to ");
  if (typeof value === "boolean") return value ? "on" : "off";
  return String(value);
}

function checkbox(knob, set) {
  const id = `explore-${knob.name}`;
  const props = { type: "checkbox", id, "aria-describedby": `${id}-effect` };
  const box = h("input", { ...props, onchange: () => set(box.checked) });
  const element = h("label", { class: "check" }, box); // as large as a finger
  return { fields: { id, element }, sliders: null, update: (value) => (box.checked = value) };
}

function single(knob, set) {
  const id = `explore-${knob.name}`;
  const field = textField(id, knob.label, () => set(number(field.value)));
  const range = slider(knob, knob.label, knob.default, set);
  return {
    fields: { id, element: field },
    sliders: range?.element,
    update(value) {
      field.value = value;
      range?.update(value);
    },
  };
}

/** Two fields and two sliders; a slider that passes the other one moves it too. */
function pair(knob, set) {
  const id = `explore-${knob.name}`;
  const ends = ["least", "most"];
  let now = knob.default;
  const take = () => set(fields.map((f) => number(f.value)));
  const fields = ends.map((end, i) =>
    textField(i ? `${id}-${end}` : id, `${knob.label}, ${end}`, take),
  );
  const moves = [
    (value) => set([value, Math.max(now[1], value)]),
    (value) => set([Math.min(now[0], value), value]),
  ];
  const sliders = ends.map((end, i) =>
    slider(knob, `${knob.label}, ${end}`, knob.default[i], moves[i]),
  );
  fields.forEach((field) => field.setAttribute("aria-describedby", `${id}-effect ${id}-error`));
  return {
    fields: { id, element: h("span", { class: "pair" }, fields) },
    sliders: sliders.map((one) => one.element),
    update(value) {
      now = value;
      value.forEach((v, i) => {
        fields[i].value = v;
        sliders[i].update(v);
      });
    },
  };
}

function textField(id, label, take) {
  return h("input", {
    type: "text",
    id,
    inputmode: "decimal",
    autocomplete: "off",
    "aria-label": label,
    "aria-describedby": `${id}-effect ${id}-error`,
    onchange: take,
  });
}

function slider(knob, label, preset, take) {
  if (!SLIDERS[knob.name]) return null;
  const [low, high, step] = SLIDERS[knob.name];
  const move = onceAFrame(() => take(Number(input.value)));
  const input = h("input", {
    type: "range",
    min: low,
    max: high,
    step,
    "aria-label": `${label}, slider`,
    oninput: move,
  });
  const track = h("div", { class: "track" }, input);
  track.style.setProperty("--at", (preset - low) / (high - low)); // the mark of the default
  return { element: track, update: (value) => (input.value = value) };
}
