/** Take away: what Explore shows, as Python, command, settings, csv and picture; and settings taken in. */

import { copy, download, h } from "../dom.js";
import { parseConfig, SettingsError } from "../model/config.js";
import { agreement, AGREEMENT_TEXT, toCommand, toCsv, toJson, toPython } from "../model/takeaway.js";
import { picture, roundedLimit, toPng } from "../plot.js";

export function mount(root, page) {
  const { settings, site } = page;
  const summary = h("p", { id: "takeaway-summary" });
  const texts = [
    textCard("python", "Python", () => toPython(site.knobs, settings.config, page.scene.rows(settings), settings.isRaw), page),
    textCard("command", "Command", () => toCommand(site.knobs, settings.config) + "\n", page),
    textCard("json", "Settings", () => toJson(site.knobs, settings.config), page),
  ];
  root.append(summary, h("div", { class: "cards" }, texts.map((card) => card.element), files(page), taking(page)));
  const update = () => {
    if (root.hidden) return;
    page.scene.prepare(settings.config);
    const names = Object.keys(settings.changed);
    const what = names.length ? `Changed from the defaults: ${names.join(", ")}.` : "The default settings: the published set.";
    summary.textContent = `${what} ${AGREEMENT_TEXT[agreement(site.knobs, settings.config)]}`;
    texts.forEach((card) => card.update());
  };
  settings.subscribe(update);
  return { shown: update };
}

function textCard(name, title, make, page) {
  const code = h("code", { id: `takeaway-${name}-text` });
  const act = async () => {
    const isDone = await copy(code.textContent);
    button.textContent = isDone ? "Copied" : "Select and copy by hand";
    page.say(isDone ? `${title} copied.` : "The browser does not let the page copy.");
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  const button = h("button", { class: "button", type: "button", id: `takeaway-${name}-copy`, "aria-label": `Copy ${title}`, onclick: act }, "Copy");
  const text = h("pre", { tabindex: 0, role: "region", "aria-label": title }, code);
  const element = h("div", { class: { python: "card wide", json: "card tall" }[name] ?? "card" }, h("h3", {}, title), text, button);
  return { element, update: () => (code.textContent = make()) };
}

/** The signals on the page as csv; the csv that `mnist1d.read` takes. */
function asCsv({ site, scene, settings }) {
  const { config, isRaw } = settings;
  scene.prepare(config);
  const { mean, std } = scene.standard;
  return toCsv(site, config, scene.panels(settings).flat(), { isRaw, mean, std, t: scene.time(isRaw), positions: scene.positions });
}

function asPicture({ scene, settings }) {
  const { config, show, isRaw } = settings;
  const shown = scene.prepare(config).panels(settings);
  const caption = (i) => (show === "one" || show === "all" ? `${i}` : `${show} · ${i + 1}`);
  const names = Object.entries(settings.changed).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join("–") : value}`);
  const heading = `MNIST-1D, ${names.length ? names.join(", ") : "default settings"}${isRaw ? ", raw" : ""}`;
  const panels = shown.map((signals, i) => ({ caption: caption(i), signals }));
  return picture(panels, { heading, limit: roundedLimit(shown.flat()), isShuffled: config.shuffle_seq });
}

function files(page) {
  const act = (name, make) => async () => {
    try {
      download(name, await make(), name.endsWith(".csv") ? "text/csv" : "image/svg+xml");
      page.say(`${name} saved.`);
    } catch (error) {
      page.warn(`${name} could not be made: ${error.message}`);
    }
  };
  const button = (kind, label, make) =>
    h("button", { class: "button", type: "button", id: `takeaway-${kind}`, onclick: act(`mnist1d.${kind}`, make) }, label);
  return h("div", { class: "card" }, h("h3", {}, "Data and picture"),
    h("p", { class: "note" }, "The csv holds the signals on the page, every digit of them; mnist1d.read takes it, and .save turns it into npz."),
    h("div", { class: "row" }, button("csv", "Signals as csv", () => asCsv(page)), button("svg", "Picture as svg", () => asPicture(page)),
      button("png", "Picture as png", () => toPng(asPicture(page)))));
}

function taking(page) {
  const error = h("p", { class: "error", role: "alert", id: "takeaway-import-error" });
  const area = h("textarea", { id: "takeaway-import", rows: 3, spellcheck: "false", placeholder: '{"seed": 7}', "aria-describedby": "takeaway-import-error" });
  const take = (text) => {
    try {
      page.settings.update({ config: parseConfig(page.settings.knobs, text) });
      error.textContent = "";
      page.say("Settings taken.");
    } catch (problem) {
      if (!(problem instanceof SettingsError)) throw problem;
      error.textContent = `Nothing was changed: ${problem.message}`;
    }
  };
  const file = h("input", {
    type: "file", id: "takeaway-file", accept: ".json,application/json",
    onchange: async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      if (chosen.size > 100_000) error.textContent = `Nothing was changed: settings are at most 100 KB, ${chosen.name} has ${Math.ceil(chosen.size / 1000)}`;
      else take(await chosen.text());
      file.value = "";
    },
  });
  return h("div", { class: "card wide" }, h("h3", {}, "Take settings in"),
    h("label", { for: "takeaway-import" }, "Settings as JSON, from this page or from DataConfig.to_json"), area,
    h("div", { class: "row" }, h("button", { class: "button", type: "button", id: "takeaway-take", onclick: () => take(area.value) }, "Use these settings"),
      h("label", { class: "row" }, "or a file", file)),
    error);
}
