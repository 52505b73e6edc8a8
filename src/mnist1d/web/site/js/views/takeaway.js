/** Export: what Explore shows, as Python, command, settings, csv and picture; and import of
 * settings. */

import { download, h } from "../dom.js";
import { parseConfig, SettingsError } from "../model/config.js";
import { toCsv } from "../model/csv.js";
import { agreement, AGREEMENT_TEXT, toCommand, toJson, toPython } from "../model/takeaway.js";
import { picture, roundedLimit, toPng } from "../plot.js";
import { codeBox } from "./codebox.js";

const MAX_FILE = 100_000; // bytes

export function mount(root, page) {
  const { settings, site } = page;
  const summary = h("p", { id: "takeaway-summary" });
  const texts = {
    python: () => toPython(site.knobs, settings.config, page.scene.rows(settings), settings.raw),
    command: () => `${toCommand(site.knobs, settings.config)}\n`,
    json: () => toJson(site.knobs, settings.config),
  };
  const titles = { python: "Python", command: "Command", json: "Settings" };
  const styles = { python: "card wide", command: "card", json: "card tall" };
  const boxes = Object.keys(texts).map((name) => {
    const box = codeBox(`takeaway-${name}`, titles[name], page.say);
    const element = h("div", { class: styles[name] }, h("h3", {}, titles[name]), box.element);
    return { element, update: () => box.update(texts[name]()) };
  });
  const cards = boxes.map(({ element }) => element);
  root.append(summary, h("div", { class: "cards" }, cards, files(page), taking(page)));
  const update = () => {
    if (root.hidden) return;
    page.scene.prepare(settings.config);
    summary.textContent = summarise(settings);
    boxes.forEach((box) => box.update());
  };
  settings.subscribe(update);
  return { shown: update };
}

/** What is exported, and whether Python gives the same signals. */
function summarise({ knobs, config, changed }) {
  const names = Object.keys(changed);
  const what = names.length ? `Changed settings: ${names.join(", ")}.` : "Default settings.";
  return `${what} Python gives: ${lower(AGREEMENT_TEXT[agreement(knobs, config)])}`;
}

const lower = (text) => `${text[0].toLowerCase()}${text.slice(1)}`;

/** The signals on the page as csv, for `mnist1d.read`. */
function asCsv({ site, scene, settings }) {
  const { config, raw } = settings;
  scene.prepare(config);
  const { mean, std } = scene.standard;
  const about = { raw, mean, std, t: scene.time(raw), positions: scene.positions };
  return toCsv(site, config, scene.panels(settings).flat(), about);
}

function asPicture({ scene, settings }) {
  const { config, show, raw } = settings;
  const shown = scene.prepare(config).panels(settings);
  const caption = (i) => (show === "one" || show === "all" ? `${i}` : `${show}, example ${i + 1}`);
  const text = (value) => (Array.isArray(value) ? value.join(" to ") : value);
  const names = Object.entries(settings.changed).map(([name, value]) => `${name} ${text(value)}`);
  const what = names.length ? names.join(", ") : "default settings";
  const heading = `MNIST-1D, ${what}${raw ? ", raw values" : ""}`;
  const panels = shown.map((signals, i) => ({ caption: caption(i), signals }));
  const limit = roundedLimit(shown.flat());
  return picture(panels, { heading, limit, isShuffled: config.shuffle_seq });
}

function files(page) {
  const act = (name, make) => async () => {
    try {
      download(name, await make(), name.endsWith(".csv") ? "text/csv" : "image/svg+xml");
      page.say(`${name} saved.`);
    } catch (error) {
      page.warn(`${name} could not be created: ${error.message}`);
    }
  };
  const button = (kind, label, make) => {
    const props = { class: "button", type: "button", id: `takeaway-${kind}` };
    return h("button", { ...props, onclick: act(`mnist1d.${kind}`, make) }, label);
  };
  const note =
    "The csv contains the signals on the page. Read it with mnist1d.read; .save converts it to npz.";
  return h(
    "div",
    { class: "card" },
    h("h3", {}, "Data and picture"),
    h("p", { class: "note" }, note),
    h(
      "div",
      { class: "row" },
      button("csv", "Signals as csv", () => asCsv(page)),
      button("svg", "Picture as svg", () => asPicture(page)),
      button("png", "Picture as png", () => toPng(asPicture(page))),
    ),
  );
}

function taking(page) {
  const error = h("p", { class: "error", role: "alert", id: "takeaway-import-error" });
  const area = h("textarea", {
    id: "takeaway-import",
    rows: 3,
    spellcheck: "false",
    placeholder: '{"seed": 7}',
    "aria-describedby": "takeaway-import-error",
  });
  const take = (text) => {
    try {
      page.settings.update({ config: parseConfig(page.settings.knobs, text) });
      error.textContent = "";
      page.say("Settings loaded.");
    } catch (problem) {
      if (!(problem instanceof SettingsError)) throw problem;
      error.textContent = `Nothing was changed: ${problem.message}`;
    }
  };
  const read = async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const size = Math.ceil(chosen.size / 1000);
    if (chosen.size <= MAX_FILE) take(await chosen.text());
    else
      error.textContent = `Nothing was changed: a settings file is at most 100 KB, ${chosen.name} has ${size} KB`;
    file.value = "";
  };
  const accept = ".json,application/json";
  const file = h("input", { type: "file", id: "takeaway-file", accept, onchange: read });
  const use = {
    class: "button",
    type: "button",
    id: "takeaway-take",
    onclick: () => take(area.value),
  };
  return h(
    "div",
    { class: "card wide" },
    h("h3", {}, "Load settings"),
    h(
      "label",
      { for: "takeaway-import" },
      "Settings as JSON, from this page or DataConfig.to_json",
    ),
    area,
    h(
      "div",
      { class: "row" },
      h("button", use, "Use these settings"),
      h("label", { class: "row file" }, "or a file", file),
    ),
    error,
  );
}
