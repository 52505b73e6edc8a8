/** What to train, and what the chart shows: the controls of Train. */

import { count } from "../chart.js";
import { h } from "../dom.js";
import { MODELS } from "../engine/models.js";
import { SettingsError } from "../model/config.js";
import { FIELDS, MODEL_NAMES } from "../settings.js";

const STEPS = [500, 1000, 2000, 6000, 20_000];
export const CURVES = { test: "test accuracy", train: "training accuracy" };

/** Models, steps and seed, collapsed behind a line that shows their values. */
export function trainOptions(settings) {
  const summary = h("summary", {});
  const parts = [modelBoxes(settings), stepsField(settings), seedField(settings)];
  settings.subscribe(({ models, steps, train_seed }) => {
    const names = models.map((name) => MODELS[name].label).join(", ");
    summary.textContent = `${names}: ${count(steps)} steps, training seed ${train_seed}`;
  });
  return h("details", { class: "options" }, summary, h("div", { class: "row" }, parts));
}

function modelBoxes(settings) {
  const boxes = MODEL_NAMES.map((name) =>
    h("input", { type: "checkbox", value: name, onchange: () => choose() }),
  );
  const choose = () => {
    const models = boxes.filter((box) => box.checked).map((box) => box.value);
    settings.update(models.length ? { models } : {}); // the last one cannot be removed
  };
  settings.subscribe(({ models }) => {
    for (const box of boxes) box.checked = models.includes(box.value);
  });
  const labels = MODEL_NAMES.map((name, i) =>
    h("label", { class: `check model ${name}` }, boxes[i], MODELS[name].label),
  );
  return h("fieldset", { class: "row" }, h("legend", {}, "Models"), labels);
}

function stepsField(settings) {
  const select = h("select", {
    id: "train-steps",
    onchange: () => settings.update({ steps: Number(select.value) }),
  });
  settings.subscribe(({ steps }) => {
    const values = [...new Set([...STEPS, steps])].sort((a, b) => a - b);
    select.replaceChildren(...values.map((n) => h("option", { value: n }, count(n))));
    select.value = steps;
  });
  return h("label", { class: "row" }, "Steps", select);
}

function seedField(settings) {
  const error = h("p", { class: "error", role: "alert", id: "train-seed-error" });
  const take = () => {
    try {
      settings.update({ train_seed: FIELDS.train_seed.read(input.value) });
      error.textContent = "";
    } catch (problem) {
      if (!(problem instanceof SettingsError)) throw problem;
      error.textContent = `${problem.message}.`;
    }
  };
  const input = h("input", {
    type: "text",
    id: "train-seed",
    inputmode: "numeric",
    size: 6,
    autocomplete: "off",
    "aria-describedby": "train-seed-error",
    onchange: take,
  });
  settings.subscribe(({ train_seed }) => (input.value = train_seed));
  return h("div", {}, h("label", { class: "row" }, "Training seed", input), error);
}

/** Which curve the chart shows, and whether steps are on a logarithmic axis. */
export function chartOptions(settings) {
  const options = Object.entries(CURVES).map(([value, text]) => h("option", { value }, text));
  const change = () => settings.update({ curve: curve.value, log: log.checked });
  const curve = h("select", { id: "train-curve", onchange: change }, options);
  const log = h("input", { type: "checkbox", id: "train-log", onchange: change });
  settings.subscribe((now) => {
    [curve.value, log.checked] = [now.curve, now.log];
  });
  return h(
    "div",
    { class: "row" },
    h("label", { class: "row" }, "Show", curve),
    h("label", { class: "check" }, log, "log steps"),
  );
}
