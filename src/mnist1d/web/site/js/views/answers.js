/** Class probabilities of one signal by the ideal observer and the trained models: one bar per class. */

import { percent } from "../chart.js";
import { h } from "../dom.js";
import { Newest } from "../observer.js";

const HEADING = "Which digit is it?";
const OBSERVER = "ideal observer";
const EXACT =
  "The ideal observer knows how signals are made and computes the exact probability of each digit: " +
  "no model can do better on average.";

export class Answers {
  constructor(page, id) {
    this.page = page;
    this.told = h("p", { class: "note" }, "Computing the exact probabilities.");
    this.error = h("p", { class: "error", role: "status" });
    this.table = h("table", { class: "answers" });
    const heading = h("h3", { id }, HEADING);
    const box = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Probability of each digit" });
    box.append(this.table);
    const parts = [heading, this.told, box, this.error];
    this.element = h("section", { class: "card answers-card", "aria-labelledby": id }, parts);
    this.newest = new Newest(
      (question) => this.collect(question),
      (question, answer, problem) => this.tell(question, answer, problem),
    );
  }

  /** Ask about a signal of the scene, {label, sample}, under the current settings. */
  follow(label, sample) {
    const { scene, settings, race } = this.page;
    const { config } = settings;
    const lanes = modelsOf(race, config);
    const steps = lanes.map((lane) => lane.step);
    const key = JSON.stringify([config, label, sample, lanes.map(({ name }) => name), steps]);
    if (key === this.key) return;
    this.key = key;
    scene.prepare(config);
    const raw = scene.pipeline.apply(scene.draw(label, sample));
    this.newest.ask({ config, label, raw, lanes });
  }

  /** Columns {name, style, shares}, the observer's first; `problem` if it has no answer. */
  async collect({ config, raw, lanes }) {
    const columns = [];
    let problem = null;
    try {
      const [shares] = await this.page.observer.shares(config, [raw]);
      columns.push({ name: OBSERVER, style: "observer", shares });
    } catch (error) {
      problem = error;
    }
    for (const lane of lanes) {
      const judged = await lane.answer("judge", "judged", { raw });
      if (!judged) continue; // another race has started
      columns.push({ name: lane.label, style: lane.name, shares: judged.probabilities[0] });
    }
    return { columns, problem };
  }

  tell({ label }, { columns, problem }) {
    this.error.textContent = problem ? `${problem.message}.` : "";
    const head = columns.map(({ name, style }) => h("th", { scope: "col", class: style }, name));
    const classes = this.page.scene.numClasses;
    const rows = Array.from({ length: classes }, (_, digit) => {
      const isTrue = digit === label;
      const name = h("th", { scope: "row" }, `${digit}`, isTrue ? " (true)" : "");
      const cells = columns.map((column) => bar(column, digit));
      return h("tr", { class: isTrue ? "true" : false }, name, cells);
    });
    this.table.classList.toggle("many", columns.length > 2); // on a phone, the bars are above the numbers
    const caption = h("caption", { class: "visually-hidden" }, "Probability of each digit");
    this.table.replaceChildren(
      caption,
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "digit"), head)),
      h("tbody", {}, columns.length ? rows : []),
    );
    const isAlone = columns.every(({ style }) => style === "observer");
    const invite = h("a", { href: "#train" }, "Train models on these settings");
    this.told.replaceChildren(EXACT, ...(isAlone ? [" ", invite, " to compare them."] : []));
  }
}

/** The models of a race that were trained with these settings. */
function modelsOf(race, config) {
  if (!race || JSON.stringify(race.config) !== JSON.stringify(config)) return [];
  return race.lanes.filter(({ state, step }) => ["ready", "done"].includes(state) && step > 0);
}

function bar({ shares, style }, digit) {
  const fill = h("span", { class: "bar-fill", "aria-hidden": "true" });
  fill.style.width = `${100 * shares[digit]}%`;
  const text = h("span", { class: "num" }, percent(shares[digit]));
  return h("td", { class: style }, h("span", { class: "bar-box" }, fill), text);
}
