/** Explore: ten panels, live; every knob; the same draws deform. */

import { h } from "../dom.js";
import { number, SettingsError } from "../model/config.js";
import { FROZEN_SEED, SAMPLES } from "../model/draws.js";
import { Panel, roundedLimit } from "../plot.js";
import { knobsForm } from "./knobs.js";

const PRESETS = {
  default: {},
  "no noise": { corr_noise_scale: 0, iid_noise_scale: 0 },
  "no translation": { max_translation: 1 },
  shuffled: { shuffle_seq: true },
  hard: { scale_coeff: 0.8, corr_noise_scale: 0.5, iid_noise_scale: 0.1, shear_scale: 1.5 },
};

export function mount(root, page) {
  const { settings } = page;
  const panels = Array.from({ length: SAMPLES }, () => new Panel());
  const told = h("p", { class: "note", id: "explore-told" });
  const stage = h("div", { class: "stage" }, h("div", { class: "panels" }, panels.map((panel) => panel.element)), told);
  root.append(presets(page), bar(page), stage, knobsForm(settings));

  let isDue = true;
  const draw = () => {
    if (root.hidden) return void (isDue = true);
    isDue = false;
    drawPanels(page, panels);
    told.textContent = tell(settings);
  };
  settings.subscribe(draw);
  return { shown: () => isDue && draw() };
}

function drawPanels({ scene, settings }, panels) {
  const { config, show, sample } = settings;
  const shown = scene.prepare(config).panels(settings);
  const limit = roundedLimit(shown.flat());
  shown.forEach((signals, i) => panels[i].update(signals, { ...titles(show, sample, i), limit, isShuffled: config.shuffle_seq }));
}

function titles(show, sample, i) {
  if (show === "all") return { caption: String(i), title: `Ten signals of digit ${i} over time` };
  if (show === "one") return { caption: String(i), title: `Signal ${sample + 1} of digit ${i} over time` };
  return { caption: `${show} · ${i + 1}`, title: `Signal ${i + 1} of digit ${show} over time` };
}

function tell({ config, isRaw }) {
  const origin = config.seed === FROZEN_SEED ? "Seed 42: the draws of the published test set." : "Draws of the page's own small generator.";
  const digit = config.shuffle_seq ? "Positions permuted, the same way for all." : "Thick: where the digit is.";
  return `${origin} ${digit} Values ${isRaw ? "raw" : "standardised, as models get them"}.`;
}

function presets({ settings, say }) {
  const buttons = Object.entries(PRESETS).map(([name, values]) =>
    h("button", {
      class: "button", type: "button", "aria-pressed": "false",
      onclick: () => {
        settings.replaceConfig({ seed: settings.config.seed, ...values });
        say(`Preset ${name}.`);
      },
    }, name),
  );
  settings.subscribe(({ changed }) => {
    const { seed, ...others } = changed;
    Object.values(PRESETS).forEach((values, i) => buttons[i].setAttribute("aria-pressed", String(isEqual(others, values))));
  });
  return h("div", { class: "row bar", role: "group", "aria-label": "Presets" }, buttons);
}

const isEqual = (a, b) => Object.keys({ ...a, ...b }).every((name) => String(a[name]) === String(b[name]));

function bar({ settings, say }) {
  const show = h("select", { id: "explore-show", onchange: () => settings.update({ show: show.value }) },
    h("option", { value: "one" }, "one of each digit"), h("option", { value: "all" }, "all samples, overlaid"),
    Array.from({ length: 10 }, (_, i) => h("option", { value: i }, `ten of digit ${i}`)));
  const next = h("button", { class: "button", type: "button", onclick: () => settings.update({ sample: (settings.sample + 1) % SAMPLES }) });
  const raw = h("input", { type: "checkbox", onchange: () => settings.update({ isRaw: raw.checked }) });
  const error = h("p", { class: "error", role: "alert", id: "explore-seed-error" });
  const setSeed = (value) => {
    try {
      settings.setKnobs({ seed: value });
    } catch (problem) {
      if (!(problem instanceof SettingsError)) throw problem;
      error.textContent = problem.message;
    }
  };
  const seed = h("input", {
    type: "text", id: "explore-seed", inputmode: "numeric", autocomplete: "off", size: 10, "aria-describedby": "explore-seed-error",
    onchange: () => setSeed(number(seed.value)),
  });
  const anew = () => {
    setSeed(Math.floor(Math.random() * 1e6));
    say(`New draws, seed ${settings.config.seed}.`);
  };
  settings.subscribe(({ config, show: shown, sample, isRaw }) => {
    [show.value, seed.value, raw.checked, error.textContent] = [shown, config.seed, isRaw, ""];
    next.textContent = `Signal ${sample + 1} of ${SAMPLES}, next`;
    next.disabled = shown !== "one";
  });
  return h("div", { class: "bar" },
    h("div", { class: "row" },
      h("label", { class: "row" }, "Show", show), next, h("label", { class: "check" }, raw, "raw values"),
      h("label", { class: "row" }, "Seed", seed),
      h("button", { class: "button primary", type: "button", onclick: anew }, "Draw anew"),
      h("button", { class: "button", type: "button", onclick: () => setSeed(FROZEN_SEED) }, "Published draws")),
    error);
}
