/** Explore: ten live panels and a control for every setting; the same ten signals change. */

import { h, write } from "../dom.js";
import { number, SettingsError } from "../model/config.js";
import { FROZEN_SEED, SAMPLES } from "../model/draws.js";
import { agreement } from "../model/takeaway.js";
import { roundedLimit, SignalPanel } from "../plot.js";
import { Answers } from "./answers.js";
import { knobsForm } from "./knobs.js";
import { presetRow } from "./presets.js";

export function mount(root, page) {
  const { settings } = page;
  const panels = Array.from({ length: SAMPLES }, () => new SignalPanel());
  const told = h("p", { class: "note", id: "explore-told" });
  const grid = h(
    "div",
    { class: "panels", tabindex: 0, role: "region", "aria-label": "Ten signals" },
    panels.map((panel) => panel.element),
  );
  const asking = askRow(page, panels);
  root.append(
    presetRow(page),
    options(page),
    h("div", { class: "stage" }, grid, told),
    asking.row,
    asking.answers.element,
    knobsForm(settings),
  );

  let isDue = true;
  const draw = () => {
    if (root.hidden) return void (isDue = true);
    isDue = false;
    drawPanels(page, panels);
    write(told, tell(settings));
    asking.follow();
  };
  settings.subscribe(draw);
  const shown = () => (isDue ? draw() : asking.follow()); // models may have learned meanwhile
  return { shown };
}

/** Buttons that choose one of the panels; the answers about its signal are shown below them. */
function askRow(page, panels) {
  const { settings } = page;
  const answers = new Answers(page, "explore-answers");
  const choose = (i) => settings.update({ ask: settings.ask === `${i}` ? "none" : `${i}` });
  const buttons = panels.map((_, i) => {
    const props = { class: "button chip-button", type: "button", onclick: () => choose(i) };
    return h("button", props);
  });
  const follow = () => {
    const { ask, show, sample } = settings;
    buttons.forEach((button, i) => {
      write(button, titles(show, sample, i).caption);
      button.setAttribute("aria-pressed", String(ask === `${i}`));
    });
    answers.element.hidden = ask === "none";
    if (ask === "none") return;
    const isOneDigit = show !== "one" && show !== "all";
    if (isOneDigit) answers.follow(Number(show), Number(ask));
    else answers.follow(Number(ask), sample);
  };
  const name = h("span", { id: "explore-ask" }, "Ask the ideal observer about signal");
  const props = { class: "row ask", role: "group", "aria-labelledby": "explore-ask" };
  return { row: h("div", props, name, buttons), answers, follow };
}

function drawPanels({ scene, settings }, panels) {
  const { config, show, sample } = settings;
  const shown = scene.prepare(config).panels(settings);
  const limit = roundedLimit(shown.flat());
  const isShuffled = config.shuffle_seq;
  shown.forEach((signals, i) =>
    panels[i].update(signals, { ...titles(show, sample, i), limit, isShuffled }),
  );
}

function titles(show, sample, i) {
  if (show === "all") return { caption: `${i}`, title: `Ten signals of digit ${i}` };
  if (show === "one") return { caption: `${i}`, title: `Signal ${sample + 1} of digit ${i}` };
  return { caption: `${show}, example ${i + 1}`, title: `Signal ${i + 1} of digit ${show}` };
}

/** Where the signals come from, and how they are drawn. */
function tell({ knobs, config, raw }) {
  const { seed } = config;
  const set = seed === FROZEN_SEED ? "the published test set" : `the test set of seed ${seed}`;
  const isOther = agreement(knobs, config) === "other";
  const bent = isOther ? ", changed by your settings (Python would draw other signals; see Export)" : "";
  const digit = config.shuffle_seq
    ? "Positions are shuffled, the same way for all signals."
    : "Thick: where the digit is.";
  const values = raw
    ? "Values are shown before standardisation."
    : "Values are standardised, as models see them.";
  return `Signals of ${set}${bent}. ${digit} ${values}`;
}

/** The choice of signals, collapsed, because the knobs come first. */
function options(page) {
  const { settings } = page;
  const summary = h("summary", {});
  settings.subscribe(({ show, sample, config, raw }) => {
    const digit = show === "all" ? "all signals" : `ten signals of digit ${show}`;
    const what = show === "one" ? `example ${sample + 1} of each digit` : digit;
    write(summary, `Showing ${what}, seed ${config.seed}${raw ? ", raw values" : ""}`);
  });
  const error = h("p", { class: "error", role: "alert", id: "explore-seed-error" });
  const fields = [showField(settings), nextButton(settings), rawBox(settings)];
  const row = h("div", { class: "row" }, fields, seedFields(page, error));
  return h("div", {}, h("details", { class: "options" }, summary, row), error);
}

function showField(settings) {
  const select = h(
    "select",
    { id: "explore-show", onchange: () => settings.update({ show: select.value }) },
    h("option", { value: "one" }, "one of each digit"),
    h("option", { value: "all" }, "ten of each digit, overlaid"),
    Array.from({ length: 10 }, (_, i) => h("option", { value: i }, `ten of digit ${i}`)),
  );
  settings.subscribe(({ show }) => (select.value = show));
  return h("label", { class: "row" }, "Show", select);
}

function nextButton(settings) {
  const next = () => settings.update({ sample: (settings.sample + 1) % SAMPLES });
  const button = h("button", {
    class: "button",
    type: "button",
    id: "explore-next",
    onclick: next,
  });
  settings.subscribe(({ show, sample }) => {
    write(button, `Next example (${sample + 1} of ${SAMPLES})`);
    button.disabled = show !== "one";
  });
  return button;
}

function rawBox(settings) {
  const change = () => settings.update({ raw: box.checked });
  const box = h("input", { type: "checkbox", id: "explore-raw", onchange: change });
  settings.subscribe(({ raw }) => (box.checked = raw));
  return h("label", { class: "check" }, box, "raw values");
}

function seedFields({ settings, say }, error) {
  const set = (value) => {
    try {
      settings.setKnobs({ seed: value });
    } catch (problem) {
      if (!(problem instanceof SettingsError)) throw problem;
      error.textContent = problem.message;
    }
  };
  const input = h("input", {
    type: "text",
    id: "explore-seed",
    inputmode: "numeric",
    autocomplete: "off",
    size: 10,
    "aria-describedby": "explore-seed-error",
    onchange: () => set(number(input.value)),
  });
  const fresh = () => {
    set(Math.floor(Math.random() * 1e6));
    say(`New random signals, seed ${settings.config.seed}.`);
  };
  const button = (text, act, style = "button") =>
    h("button", { class: style, type: "button", onclick: act }, text);
  settings.subscribe(({ config }) => {
    input.value = config.seed;
    error.textContent = "";
  });
  return [
    h("label", { class: "row" }, "Seed", input),
    button("New random signals", fresh, "button primary"),
    button("Published signals", () => set(FROZEN_SEED)),
  ];
}
