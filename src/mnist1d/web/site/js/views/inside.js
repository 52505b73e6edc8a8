/** Inside a model: its first layer, and the test signals that it gets wrong. */

import { count, percent } from "../chart.js";
import { h, s } from "../dom.js";
import { MODELS } from "../engine/models.js";
import { Newest } from "../observer.js";
import { linePath, roundedLimit, SignalPanel } from "../plot.js";

const SHOWN = 10;
const PAUSE = 1500; // milliseconds between two inspections of a training model
const LIMIT = 4; // standard deviations that a signal's panel spans on either side
const WHAT = {
  logistic: "The weights of each class, one per point of a signal.",
  mlp: "The weights of the ten strongest hidden units, one per point of a signal.",
  cnn: "The 25 kernels of the first layer, five points each.",
};

/** The ideal observer's prediction with its exact probability. */
function verdict(shares) {
  const most = Math.max(...shares);
  return `Ideal observer: ${shares.indexOf(most)} (${percent(most)})`;
}

export class Inside {
  constructor(page) {
    this.page = page;
    this.found = new Map();
    this.newest = new Newest(
      ({ config, found }) => page.observer.shares(config, found.map(({ raw }) => raw)),
      ({ notes }, shares) => shares?.forEach((one, i) => (notes[i].textContent = verdict(one))),
    );
    this.choice = h("div", { class: "row", role: "group", "aria-label": "Model to look into" });
    this.weights = h("div", { class: "filters" });
    this.mistakes = h("div", {});
    const parts = [h("h3", {}, "Look inside"), this.choice, this.weights, this.mistakes];
    this.element = h("section", { class: "card inside" }, parts);
    this.element.hidden = true;
  }

  follow(race) {
    this.race = race;
    this.clear();
  }

  clear() {
    this.found.clear();
    this.element.hidden = true;
  }

  /** Inspect a model, unless it was inspected a moment ago. */
  async look(lane) {
    const { race } = this;
    const now = performance.now();
    const isRecent = lane.state === "running" && now - (lane.lookedAt ?? 0) < PAUSE;
    if (
      lane.step === 0 ||
      lane.isAsked ||
      isRecent ||
      this.found.get(lane.name)?.step === lane.step
    )
      return;
    [lane.isAsked, lane.lookedAt] = [true, now];
    const { step } = lane;
    const content = await lane.answer("inspect", "inspected", { count: SHOWN });
    lane.isAsked = false;
    if (!content || race !== this.race || step > lane.step) return; // another race, or the same one from the start
    const isNew = !this.found.has(lane.name);
    this.found.set(lane.name, { ...content, step });
    if (!this.found.has(this.chosen)) this.chosen = lane.name;
    if (isNew) this.drawChoice();
    if (lane.name === this.chosen) this.draw();
  }

  drawChoice() {
    const lanes = this.race.lanes.filter(({ name }) => this.found.has(name));
    const buttons = lanes.map(({ name, label }) => {
      const choose = () => {
        this.chosen = name;
        buttons.forEach((b, i) => b.setAttribute("aria-pressed", `${lanes[i].name === name}`));
        this.draw();
      };
      const props = { class: "button chip-button", type: "button", onclick: choose };
      return h("button", { ...props, "aria-pressed": `${name === this.chosen}` }, label);
    });
    this.choice.replaceChildren(...buttons);
  }

  draw() {
    this.element.hidden = false;
    const { weights, mistakes, step } = this.found.get(this.chosen);
    const name = MODELS[this.chosen].inWords;
    this.weights.replaceChildren(...this.firstLayer(weights, name));
    this.mistakes.replaceChildren(...this.wrong(mistakes, name, step));
  }

  firstLayer(weights, name) {
    if (!weights) return [];
    const limit = roundedLimit(weights.map((x) => ({ x })));
    const figures = weights.map((x, i) => {
      const zero = s("line", { class: "zero", x1: 0, x2: 60, y1: 18, y2: 18 });
      const line = s("path", { class: this.chosen, d: linePath(x, limit, 60, 36) });
      const name = this.chosen === "logistic" ? s("text", { x: 3, y: 9 }, `${i}`) : null; // its class
      const props = { viewBox: "0 0 60 36", "aria-hidden": "true", class: "filter" };
      return s("svg", props, zero, line, name);
    });
    const row = h("div", { class: `filter-row ${this.chosen}` }, figures);
    const note = `${WHAT[this.chosen]} The line across is 0.`;
    return [h("h4", {}, `First layer of the ${name}`), row, h("p", { class: "note" }, note)];
  }

  wrong({ total, of, found }, name, step) {
    const text = `Test signals that the ${name} gets wrong after ${count(step)} steps: ${count(total)} of ${count(of)}`;
    const panels = found.map((mistake) => this.panel(mistake));
    const notes = panels.map((panel) => panel.appendChild(h("p", { class: "note verdict" })));
    this.newest.ask({ config: this.race.config, found, notes });
    const isShuffled = this.race.config.shuffle_seq;
    const where = isShuffled ? "The digit's points are scattered." : "Thick: where the digit is.";
    const note = total
      ? `The first ${found.length}. In brackets: the model's confidence. ${where}`
      : "";
    return [
      h("h4", {}, text),
      h("div", { class: "panels" }, panels),
      h("p", { class: "note" }, note),
    ];
  }

  panel({ label, answer, shares, x, padding, shift }) {
    const { scene } = this.page;
    scene.prepare(this.race.config);
    const presence = scene.permuted(scene.pipeline.presence({ label, padding, shift, factor: 1 }));
    const panel = new SignalPanel();
    panel.update([{ x, presence }], {
      caption: `${label}, classified as ${answer} (${percent(Math.max(...shares))})`,
      title: `A ${label} that the model classifies as ${answer}`,
      limit: LIMIT,
      isShuffled: this.race.config.shuffle_seq,
    });
    return panel.element;
  }
}
