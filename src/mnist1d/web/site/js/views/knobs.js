/** One control for every knob: a slider with the default marked, a field that takes any legal value, the effect in words. */

import { h } from "../dom.js";
import { number, SettingsError, suspicion } from "../model/config.js";

// Where a slider ends, [low, high, step]; the field beside it takes more. A knob without a line here has a field only.
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
const UNSEEN = ["num_samples", "train_split"]; // change the code under Take away, not the signals here

/** The form of all knobs but the seed, which has its place above the panels. */
export function knobsForm(settings) {
  const shown = settings.knobs.filter(({ name }) => name !== "seed" && !UNSEEN.includes(name));
  const unseen = settings.knobs.filter(({ name }) => UNSEEN.includes(name));
  const controls = [...shown, ...unseen].map((knob) => control(knob, settings));
  settings.subscribe(({ config }) => controls.forEach((c) => c.update(config[c.knob.name])));
  return h("form", { class: "knobs", "aria-label": "Settings", onsubmit: (event) => event.preventDefault() }, controls.map((c) => c.element));
}

function control(knob, settings) {
  const make = { bool: checkbox, range: pair }[knob.kind] ?? single;
  const error = h("p", { class: "error", role: "alert", id: `explore-${knob.name}-error` });
  const told = h("p", { class: "note", id: `explore-${knob.name}-effect` });
  const set = (value) => {
    try {
      settings.setKnobs({ [knob.name]: value });
      error.textContent = "";
      return true;
    } catch (problem) {
      if (!(problem instanceof SettingsError)) throw problem;
      error.textContent = problem.message;
      return false;
    }
  };
  const reset = h("button", {
    class: "button small reset", type: "button", "aria-label": `Reset ${knob.name} to ${words(knob.default)}`, onclick: () => set(knob.default),
  }, "reset");
  const { fields, sliders, update } = make(knob, set);
  const head = h("div", { class: "head" }, h("label", { class: "name", for: fields.id }, h("code", {}, knob.name)), reset, fields.element);
  const element = h("div", { class: "knob" }, head, sliders, told, error);
  return {
    knob, element,
    update(value) {
      element.classList.toggle("changed", String(value) !== String(knob.default));
      const odd = Array.isArray(value) ? "" : suspicion(knob, value);
      told.textContent = `${sentence(knob.effect)} Default ${words(knob.default)}. ${UNSEEN.includes(knob.name) ? "Shown under Take away only. " : ""}${odd && sentence(odd)}`;
      update(value);
      error.textContent = "";
    },
  };
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const words = (value) => (Array.isArray(value) ? value.join(" to ") : value === true ? "on" : value === false ? "off" : String(value));

function checkbox(knob, set) {
  const id = `explore-${knob.name}`;
  const box = h("input", { type: "checkbox", id, "aria-describedby": `${id}-effect`, onchange: () => set(box.checked) });
  return { fields: { id, element: box }, sliders: null, update: (value) => (box.checked = value) };
}

function single(knob, set) {
  const id = `explore-${knob.name}`;
  const field = textField(id, knob.name, () => set(number(field.value)));
  const range = slider(knob, knob.name, knob.default, (value) => set(value));
  return {
    fields: { id, element: field },
    sliders: range?.element,
    update(value) {
      field.value = value;
      range?.update(value);
    },
  };
}

function pair(knob, set) {
  const id = `explore-${knob.name}`;
  const ends = ["fewest", "most"];
  let now = knob.default;
  const fields = ends.map((end, i) => textField(i ? `${id}-${end}` : id, `${knob.name}, ${end}`, () => set(fields.map((f) => number(f.value)))));
  const sliders = ends.map((end, i) =>
    slider(knob, `${knob.name}, ${end}`, knob.default[i], (value) => set(i ? [Math.min(now[0], value), value] : [value, Math.max(now[1], value)])),
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
  const described = `${id}-effect ${id}-error`;
  return h("input", { type: "text", id, inputmode: "decimal", autocomplete: "off", "aria-label": label, "aria-describedby": described, onchange: take });
}

function slider(knob, label, preset, take) {
  if (!SLIDERS[knob.name]) return null;
  const [low, high, step] = SLIDERS[knob.name];
  const input = h("input", { type: "range", min: low, max: high, step, "aria-label": `${label}, slider`, oninput: () => take(Number(input.value)) });
  const track = h("div", { class: "track" }, input);
  track.style.setProperty("--at", (preset - low) / (high - low)); // the mark of the default
  return { element: track, update: (value) => (input.value = value) };
}
